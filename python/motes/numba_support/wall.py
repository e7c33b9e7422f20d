"""What is checked when numba compiles a call, and how a refusal becomes an exception."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numba import njit, types
from numba.core.errors import TypingError
from numba.extending import intrinsic, register_jitable

from motes.numba_support import c

REALS = (types.float32, types.float64)
SERIAL: Any = np.zeros(1, c.motes_run)
SERIAL["struct_size"], SERIAL["threads"] = c.motes_run.itemsize, 1  # the calling one


def only_compiled(name: str, python: str) -> NoReturn:
    """A kernel of this module was called by the interpreter."""
    raise TypeError(f"numba_support.{name}: call it inside a function that numba compiles; Python calls {python}")


def require(value: Any, name: str, dtypes: Any, ndim: int, *, optional: bool = False, output: bool = False) -> Any:
    """The dtype of an argument that is a C-contiguous array of one of `dtypes`; a TypingError for any other."""
    if optional and (value is None or isinstance(value, types.NoneType | types.Omitted)):
        return None
    dtypes = dtypes if isinstance(dtypes, tuple) else (dtypes,)
    if isinstance(value, types.Array) and value.dtype in dtypes and value.ndim == ndim and value.layout == "C":
        if output and not value.mutable:
            raise TypingError(f"{name}: the array is read-only")
        return value.dtype
    expected = " or ".join(str(dtype) for dtype in dtypes)
    raise TypingError(f"{name}: expected a C-contiguous array of {ndim} dimensions and dtype {expected}, got {value}")


def of_dtype(name: str, dtype: Any) -> Any:
    """The function of the C ABI for numbers of this dtype."""
    return getattr(c, f"{name}_{'f32' if dtype == types.float32 else 'f64'}")


@intrinsic
def address(typing_context: Any, array: Any) -> Any:
    """Where an array's numbers are; `array.ctypes.data` counts references on its way."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.ptrtoint(data, context.get_value_type(types.intp))

    return types.intp(array), generate


def checked(function: Any) -> Any:
    """A function of the C ABI that takes all but its last argument, the error, as one tuple and raises what it refuses.

    The error has room of its own only once there is one: no call that goes well pays for it.
    """

    @register_jitable
    def call(arguments: Any) -> None:
        if function(*arguments, 0) != 0:
            error = _new_error()
            function(*arguments, address(error))
            _refuse(error)

    return call


@njit(cache=True)
def check_shape(name: str, shape: Any, expected: Any) -> None:
    """Refuse an array of another shape than the others ask for: one that is turned over holds as many values."""
    if shape != expected:
        raise ValueError(name + ": expected shape " + _shape_text(expected) + ", got " + _shape_text(shape))


@njit(cache=True)
def _shape_text(shape: Any) -> str:
    text = ""
    for extent in shape:
        text += (", " if text else "(") + str(extent)
    return text + (",)" if len(shape) == 1 else ")")


@njit(cache=True)
def keep(arrays: Any) -> None:
    """Used after a call that has their addresses alone: numba frees an array after its last use."""


@njit(cache=True)
def _new_error() -> Any:
    """Room for what the library has to say."""
    return np.zeros(1, c.motes_error)


@njit(cache=True)
def _refuse(error: Any) -> None:
    """Raise what the library said."""
    text = ""
    for character in error[0].text:
        if character == 0:
            break
        text += chr(character)
    raise ValueError(text)
