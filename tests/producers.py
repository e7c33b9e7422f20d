"""Arrays of other libraries, as they hand them over: on a GPU that need not be there."""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar

CPU, CUDA = 1, 2
INT, UNSIGNED, FLOAT = 0, 1, 2
READ_ONLY = 1
ADDRESS = 0x7F00_0000_0100

_TENSOR = [
    ("data", ctypes.c_void_p), ("device", ctypes.c_int32 * 2), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8),
    ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
    ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64),
]  # fmt: skip
_DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Tensor(ctypes.Structure):
    """`DLTensor` and, with what follows, `DLManagedTensor`: https://dmlc.github.io/dlpack/latest/c_api.html."""

    _fields_ = [*_TENSOR, ("context", ctypes.c_void_p), ("deleter", _DELETER)]


class Versioned(ctypes.Structure):
    """`DLManagedTensorVersioned`."""

    _fields_ = [
        ("version", ctypes.c_uint32 * 2), ("context", ctypes.c_void_p), ("deleter", _DELETER),
        ("flags", ctypes.c_uint64), *_TENSOR,
    ]  # fmt: skip


new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype, new_capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


class Producer:
    """A library with DLPack 0; with `version`, one that hands that over to those who ask for 1 or later."""

    _lent: ClassVar[list[Producer]] = []

    def __init__(
        self, shape=(5, 2), *, place=CUDA, index=0, code=FLOAT, bits=32, strides=None, offset=0, address=ADDRESS,
        version=None, flags=0,
    ) -> None:  # fmt: skip
        self.let_go, self.stream, self.place, self.index = 0, None, place, index
        self.shape = (ctypes.c_int64 * len(shape))(*shape)
        self.strides = None if strides is None else (ctypes.c_int64 * len(strides))(*strides)
        self.deleter = _DELETER(self._let_go)
        numbers = (address, (place, index), len(shape), code, bits, 1, self.shape, self.strides, offset)
        self.tensor: Tensor | Versioned
        if version is None:
            self.tensor = Tensor(*numbers, None, self.deleter)
        else:
            self.tensor = Versioned(version, None, self.deleter, flags, *numbers)

    def _let_go(self, _: int) -> None:
        self.let_go += 1

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.place, self.index

    def __dlpack__(self, **asked: Any) -> Any:
        if isinstance(self.tensor, Tensor) and set(asked) != {"stream"}:
            raise TypeError("unexpected argument")
        self.stream = asked["stream"]
        self._lent.append(self)  # for good: what a capsule points to has to outlive it
        name = b"dltensor" if isinstance(self.tensor, Tensor) else b"dltensor_versioned"
        return new_capsule(ctypes.addressof(self.tensor), name, None)


class Interface:
    """A library with `__cuda_array_interface__` alone."""

    def __init__(self, address: int, *, shape=(5, 2), typestr="<f4", read_only=False, **more: Any) -> None:
        self.__cuda_array_interface__ = {
            "shape": shape, "typestr": typestr, "data": (address, read_only), "version": 3, **more
        }  # fmt: skip
