"""Opening files and reading arrays off them, with nothing allocated that the file can not fill."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader, FileIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.io.raw import Array

# Deflate shrinks zeros 1032 times, but photons less than 200 times: in one byte a pixel, with one pixel in a thousand
# lit. A file that shrank more, all in all, is taken for a bomb where it would hurt.
BOMB_BYTES = 2**28
BOMB_RATIO = 200
READ_BYTES = 2**20  # per call: a compressed member is inflated piece by piece, not into a second copy


class _Bounded(BufferedReader):
    """A file of which no more is asked than it has left: Python makes room for all that `read` asks before it reads.

    Libraries that decode images and archives ask for what a damaged file tells them to, 2 GB of a PNG of 2 KB.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, os.fstat(self.fileno()).st_size - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left))


@contextmanager
def open_file(path: str | os.PathLike[str]) -> Iterator[tuple[BufferedIOBase, int]]:
    """Open a regular file for reading.

    Yields
    ------
    file : binary file
    size : int
        Its bytes.

    Raises
    ------
    FormatError
        If it is empty, a directory or a device (reading one may never end).
    OSError
        If the system does not let it be opened; `FileNotFoundError` if there is none.
    """
    mode = Path(path).stat().st_mode
    if stat.S_ISDIR(mode):
        raise FormatError(f"{os.fspath(path)}: is a directory, expected a file")
    if not stat.S_ISREG(mode):
        raise FormatError(f"{os.fspath(path)}: is a device or a pipe, expected a regular file")
    with _Bounded(FileIO(os.fspath(path))) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise FormatError(f"{os.fspath(path)}: is empty")
        yield file, size


def refuse_bomb(inflated: int, size: int, place: str, kind: str) -> None:
    """Refuse what a compressed file of `size` bytes would become, before memory is asked for.

    Examples
    --------
    >>> refuse_bomb(2**30, 9, "a", "zip")
    Traceback (most recent call last):
    ...
    motes.errors.FormatError: a: a zip bomb: 9 bytes that would become 1073741824, expected at most 200 times as many
    """
    if inflated > max(BOMB_BYTES, BOMB_RATIO * size):
        raise FormatError(
            f"{place}: a {kind} bomb: {size} bytes that would become {inflated}, "
            f"expected at most {BOMB_RATIO} times as many"
        )


def read_array(stream: BufferedIOBase, dtype: npt.DTypeLike, count: int, place: str) -> Array:
    """Read the next `count` numbers, (count,), in the byte order of this machine.

    The caller has compared `count` with what the file can hold.

    Raises
    ------
    FormatError
        If the stream ends early.
    """
    array = np.empty(count, dtype)
    buffer = array.view(np.uint8).data
    done = 0
    while done < array.nbytes:
        n = stream.readinto(buffer[done : done + READ_BYTES])
        if n == 0:
            raise FormatError(f"{place}: ends after {done} of {array.nbytes} bytes")
        done += n
    return array.astype(array.dtype.newbyteorder("="), copy=False)
