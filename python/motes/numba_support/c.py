"""The functions and structs of `motes.h`, as compiled code takes them: pointers are integers (`array.ctypes.data`).

Addresses and declarations come from the extension, whose compiler read them in `motes.h`. Functions are attributes of
this module under their C names; structs are NumPy dtypes, one record of which is passed by its address. What passes a
struct by value is not here: `motes_largest`, `motes_integers`, and `motes_coo`, which holds such.

>>> motes_sums.names
('struct_size', 'planes', 'weights', 'log_likelihood', 'n_impossible', 'quantum')
>>> declaration("motes_expand")
'int32_t motes_expand(const double*, const int32_t*, int64_t, int64_t, double*, motes_error*)'
"""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING, Any

import llvmlite.binding
import numpy as np
from numba import types

from motes import _core

SCALARS: dict[str, Any] = {
    "void": types.void, "int32_t": types.int32, "uint32_t": types.uint32, "int64_t": types.int64,
    "uint64_t": types.uint64, "float": types.float32, "double": types.float64,
}  # fmt: skip
FORMATS = {"char": "u1", "int32_t": "i4", "uint32_t": "u4", "int64_t": "i8", "uint64_t": "u8", "double": "f8"}

_name = ctypes.pythonapi.PyCapsule_GetName
_name.restype, _name.argtypes = ctypes.c_char_p, [ctypes.py_object]
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...


def declaration(name: str) -> str:
    """The declaration of a function of `motes.h`."""
    return str(_name(_core.c_functions[name]).decode())


def _type(spelling: str) -> Any:
    return types.intp if spelling.endswith("*") else SCALARS[spelling]


def _function(name: str) -> Any:
    """The function for numba: a symbol that its linker knows, so that compiled code can be cached."""
    result, arguments = re.fullmatch(rf"(\w+) {name}\((.*)\)", declaration(name)).groups()  # type: ignore[union-attr]
    capsule = _core.c_functions[name]
    llvmlite.binding.add_symbol(name, _pointer(capsule, _name(capsule)))
    return types.ExternalFunction(name, _type(result)(*map(_type, arguments.split(", "))))


def _struct(name: str) -> np.dtype[Any]:
    size, members = _core.c_structs[name]
    formats = ["i8" if kind.endswith("*") else FORMATS[kind] for _, _, kind, _ in members]
    return np.dtype(
        {
            "names": [member for member, _, _, _ in members],
            "formats": [(kind, (n,)) if n > 1 else kind for kind, (_, _, _, n) in zip(formats, members, strict=True)],
            "offsets": [offset for _, offset, _, _ in members],
            "itemsize": size,
        }
    )


_OF_STRUCTS = ("motes_integers", "motes_coo")

globals().update({name: _struct(name) for name in _core.c_structs if name not in _OF_STRUCTS})
globals().update({name: _function(name) for name in _core.c_functions if "(motes_integers" not in declaration(name)})
