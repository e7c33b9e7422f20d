"""Arrays of other libraries, seen as NumPy's without a copy; a copy that can not be helped is told.

NumPy's protocols (`__array__`, `__array_interface__`, the buffer protocol) come first, DLPack second.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.devices import CPU, held_by
from motes.errors import CopyWarning, kind_of

TOLD_FROM = 1 << 20  # bytes: a smaller copy costs less than reading about it


def array_of(name: str, value: Any) -> npt.NDArray[Any]:
    """`value` as a NumPy array that shares its memory wherever that is possible; lists become arrays.

    Raises
    ------
    TypeError
        If it lies on a GPU, needs a gradient or masks values; the message names the argument.

    Examples
    --------
    >>> array_of("counts", memoryview(b"photon"))[:3]
    array([112, 104, 111], dtype=uint8)
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{name}: a masked array with masked values; fill or drop these first")
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    if (place := held_by(value)) != CPU:
        raise TypeError(f"{name}: expected an array in the host's memory, got one on {place}")
    try:
        return _shared(value)
    except (TypeError, ValueError, RuntimeError, BufferError, AttributeError):
        pass  # not to be had without a copy, or not at all
    try:
        made = np.asarray(value)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise TypeError(f"{name}: no array that NumPy can read, {kind_of(value)}: {error}") from None
    if not isinstance(value, (list, tuple)):
        tell_of_copy(name, made, f"{kind_of(value)} can not be read in place")
    return made


def reals_of(name: str, value: Any) -> npt.NDArray[np.floating[Any]]:
    """The same of float32 or float64; a list is refused, since it does not say which.

    Examples
    --------
    >>> reals_of("radii", [7.0])
    Traceback (most recent call last):
    ...
    TypeError: radii: expected an array of float32 or float64, got list
    """
    array = None if isinstance(value, (list, tuple)) else array_of(name, value)
    if array is None or array.dtype == object:
        raise TypeError(f"{name}: expected an array of float32 or float64, got {kind_of(value)}")
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: expected dtype float32 or float64, got {array.dtype}")
    return array


def in_place(name: str, value: Any) -> npt.NDArray[Any]:
    """`value` as a NumPy array of the same memory, to write to; never a copy.

    Raises
    ------
    TypeError, ValueError
        If it is no array, is to be had by a copy only, or is read-only.

    Examples
    --------
    >>> memory = bytearray(4)
    >>> in_place("out", memory)[:] = 7
    >>> memory[0]
    7
    """
    if isinstance(value, np.ndarray):
        return value
    try:
        array = _shared(value)
    except (TypeError, ValueError, RuntimeError, BufferError, AttributeError):
        raise TypeError(f"{name}: expected an array to write to, got {kind_of(value)}") from None
    if not array.flags.writeable:
        raise ValueError(f"{name}: the array is read-only")
    return array


def native(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Contiguous and of this machine's byte order: the array itself, or a copy that is told.

    Examples
    --------
    >>> native("rows", np.array([1, 2], ">i4")).dtype.isnative
    True
    """
    wanted = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    if not np.may_share_memory(wanted, array):
        why = "its values are not side by side" if array.dtype.isnative else "its byte order is another"
        tell_of_copy(name, wanted, why)
    return wanted


def tell_of_copy(name: str, made: npt.NDArray[Any], why: str) -> None:
    """Warn of a copy, unless it is a small one."""
    if made.nbytes > TOLD_FROM:
        text = f"{name}: {made.nbytes / 2**20:.1f} MiB had to be copied: {why}"
        warnings.warn(text, CopyWarning, stacklevel=2 + _depth_in_package())


def _depth_in_package() -> int:
    """Frames of this package above the function that asks, so that a warning points at the user's line."""
    frame, depth = sys._getframe(1), -1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("motes."):
        frame, depth = frame.f_back, depth + 1
    return depth


def _shared(value: Any) -> npt.NDArray[Any]:
    """The memory of `value` as an array; an exception where there is none to share."""
    if isinstance(value, (list, tuple, int, float)):
        raise TypeError("no memory to share")
    if hasattr(value, "__array__"):
        try:
            return np.asarray(value.__array__(copy=False))
        except TypeError as error:
            if "copy" not in str(error):
                raise
        if hasattr(value, "__dlpack__"):  # `__array__` does not say whether it copies
            return np.from_dlpack(value)
        raise TypeError("no memory to share")
    if hasattr(value, "__array_interface__") or hasattr(value, "__array_struct__"):
        return np.asarray(value)
    if hasattr(value, "__dlpack__"):
        return np.from_dlpack(value)
    return np.asarray(memoryview(value))
