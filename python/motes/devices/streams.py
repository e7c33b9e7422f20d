"""CUDA streams as callers have them: a handle, or an object of CuPy, torch, numba or cuda.core."""

from __future__ import annotations

import operator
from typing import NamedTuple

from motes.errors import kind_of


class Stream(NamedTuple):
    """A stream as `motes._cuda` takes it, which keeps its owner for as long as work or memory is in the stream's order.

    Attributes
    ----------
    handle : int
        0 for CUDA's default stream.
    owner : object
        What destroys the stream when it is let go of; None where a bare handle came: then the caller keeps the stream.
    """

    handle: int
    owner: object


def stream_of(stream: object) -> Stream:
    """A stream as a user may give it; CUDA's default one for None.

    Raises
    ------
    TypeError, ValueError
        If it is no stream.

    Examples
    --------
    >>> stream_of(None), stream_of(94561)
    (Stream(handle=0, owner=None), Stream(handle=94561, owner=None))
    """
    handle = _handle(stream)
    return Stream(handle, None if isinstance(stream, int) else stream)


def _handle(stream: object) -> int:
    if stream is None:
        return 0
    if hasattr(stream, "__cuda_stream__"):
        handle = stream.__cuda_stream__()[1]
    else:
        names = ("cuda_stream", "ptr", "handle")  # torch, CuPy, numba
        handle = next((getattr(stream, name) for name in names if hasattr(stream, name)), stream)
    handle = getattr(handle, "value", handle)  # numba's is a ctypes pointer, which is None for the default stream
    if handle is None:
        return 0
    if isinstance(handle, bool) or not hasattr(handle, "__index__"):
        raise TypeError(f"stream: expected a CUDA stream or its handle, got {kind_of(stream)}")
    handle = operator.index(handle)
    if not 0 <= handle < 2**64:
        raise ValueError(f"stream: expected a CUDA stream or its handle, got {handle}")
    return handle
