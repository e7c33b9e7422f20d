"""Device arrays from and to other libraries: what is read and told, without a GPU, of memory that nobody looks into."""

from __future__ import annotations

import ctypes
import gc
import re

import numpy as np
import pytest

from motes.devices import extension
from motes.errors import DeviceError

CPU, CUDA = 1, 2
INT, UNSIGNED, FLOAT = 0, 1, 2
ADDRESS = 0x7F00_0000_0100


class Tensor(ctypes.Structure):
    """`DLTensor` and, with what follows, `DLManagedTensor`: https://dmlc.github.io/dlpack/latest/c_api.html."""

    _fields_ = [
        ("data", ctypes.c_void_p), ("device", ctypes.c_int32 * 2), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64), ("context", ctypes.c_void_p),
        ("deleter", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
    ]  # fmt: skip


new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype, new_capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


class Producer:
    """Another library's array, on a GPU that need not be there."""

    def __init__(self, shape=(5, 2), *, place=CUDA, index=0, code=FLOAT, bits=32, strides=None, offset=0) -> None:
        self.let_go, self.stream = 0, None
        self.place, self.index = place, index
        self.shape = (ctypes.c_int64 * len(shape))(*shape)
        self.strides = None if strides is None else (ctypes.c_int64 * len(strides))(*strides)
        self.deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._let_go)
        self.tensor = Tensor(
            ADDRESS, (place, index), len(shape), code, bits, 1, self.shape, self.strides, offset, None, self.deleter
        )

    def _let_go(self, _) -> None:
        self.let_go += 1

    def __dlpack_device__(self):
        return self.place, self.index

    def __dlpack__(self, *, stream=None):
        self.stream = stream
        return new_capsule(ctypes.addressof(self.tensor), b"dltensor", None)


@pytest.fixture(scope="module")
def cuda():
    try:
        return extension.cuda_extension()
    except DeviceError as error:
        pytest.skip(str(error))


def view(cuda, producer, **change):
    return cuda.view(producer, **({"dtype": np.float32, "shape": (5, 2), "device": 0} | change))


@pytest.mark.parametrize(("stream", "asked"), [(0, 1), (77, 77)])
def test_a_view_asks_for_its_stream_and_lets_go(stream, asked, cuda):
    producer = Producer()
    array = view(cuda, producer, stream=stream)
    assert producer.stream == asked  # 1 is how DLPack calls the default stream
    assert (array.shape, array.dtype, array.device, array.nbytes, len(array)) == ((5, 2), np.float32, "cuda:0", 40, 5)
    assert repr(array) == "DeviceArray((5, 2) of float32 on cuda:0)"
    told = array.__cuda_array_interface__
    assert told == {
        "shape": (5, 2), "typestr": "<f4", "data": (ADDRESS, False), "strides": None, "version": 3, "stream": asked,
    }  # fmt: skip
    assert producer.let_go == 0
    del array
    gc.collect()
    assert producer.let_go == 1


@pytest.mark.parametrize(("code", "bits", "dtype"), [(FLOAT, 64, "f8"), (INT, 32, "i4"), (UNSIGNED, 16, "u2")])
def test_a_view_goes_out_as_it_came_in(code, bits, dtype, cuda):
    producer = Producer((3, 1, 4), code=code, bits=bits, strides=(4, 99, 1), offset=256, index=0)
    array = view(cuda, producer, dtype=dtype, shape=(3, 1, 4))
    assert array.__dlpack_device__() == (CUDA, 0)
    capsule = array.__dlpack__(stream=-1)
    tensor = Tensor.from_address(pointer_of(capsule, b"dltensor"))
    assert (tensor.data, tuple(tensor.device), tensor.ndim) == (ADDRESS + 256, (CUDA, 0), 3)
    assert (tensor.code, tensor.bits, tensor.lanes, tensor.byte_offset) == (code, bits, 1, 0)
    assert tensor.shape[:3] == [3, 1, 4]
    assert not tensor.strides
    del array
    gc.collect()
    assert producer.let_go == 0  # the capsule holds it
    del capsule
    gc.collect()
    assert producer.let_go == 1


@pytest.mark.parametrize(
    ("producer", "change", "error", "message"),
    [
        ({"bits": 64}, {}, TypeError, "array: expected dtype float32, got float64"),
        ({"code": 4}, {}, TypeError, "array: a dtype that NumPy does not have"),
        ({"shape": (5,)}, {}, ValueError, "array: expected shape (5, 2), got (5,)"),
        ({"strides": (1, 5)}, {}, ValueError, "array: expected a C-contiguous device array"),
        ({"strides": (4, 1)}, {}, ValueError, "array: expected a C-contiguous device array"),
        ({"index": 1}, {}, ValueError, "array: expected an array on cuda:0, got one on cuda:1"),
        ({"place": CPU}, {}, ValueError, "array: expected an array on cuda:0, got one in the host's memory"),
    ],
)
def test_a_view_refuses_and_lets_go(producer, change, error, message, cuda):
    producer = Producer(**producer)
    with pytest.raises(error, match=re.escape(message)):
        view(cuda, producer, **change)
    gc.collect()
    assert producer.let_go == (producer.stream is not None)  # as often as it was taken


@pytest.mark.parametrize("stream", [0, -2])
def test_dlpack_refuses_a_stream(stream, cuda):
    with pytest.raises(ValueError, match=f"stream: expected a CUDA stream, 1, 2 or -1, got {stream}"):
        view(cuda, Producer()).__dlpack__(stream=stream)


def test_dlpack_makes_no_copy(cuda):
    with pytest.raises(BufferError, match="no copies are made here"):
        view(cuda, Producer()).__dlpack__(stream=-1, copy=True)
