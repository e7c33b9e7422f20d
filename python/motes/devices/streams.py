"""CUDA streams as callers have them: a handle, or an object of CuPy, torch, numba or cuda.core."""

from __future__ import annotations

import operator

from motes.errors import kind_of


def stream_handle(stream: object) -> int:
    """The handle of a stream; 0, CUDA's default one, for None.

    Raises
    ------
    TypeError, ValueError
        If it is no stream.

    Examples
    --------
    >>> stream_handle(None), stream_handle(94561)
    (0, 94561)
    """
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
