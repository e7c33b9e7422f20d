"""Room for sections, used again: fresh memory costs the system more than filling it from the page cache does."""

from __future__ import annotations

import mmap
import threading
import weakref

import numpy as np
import numpy.typing as npt

STEP = 2**21  # bytes of a large page: room is taken in multiples, so that sections of nearly one size share it
KEPT = 3  # rooms: of the section that is worked on, the one before that its variable still names, and the next


class Rooms:
    """Pieces of memory, each in use as long as an array looks into it: nothing needs to be given back.

    The first few are kept for who comes next; more, as for somebody who collects sections, go with their arrays.

    Examples
    --------
    >>> rooms = Rooms()
    >>> first = rooms.take(100)
    >>> first.size, rooms.nbytes == STEP
    (100, True)
    >>> del first
    >>> again = rooms.take(80)
    >>> rooms.nbytes == STEP
    True
    """

    def __init__(self) -> None:
        self._rooms: list[_Room] = []
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes of the rooms that are kept, in use or not."""
        with self._lock:
            return sum(len(room.memory) for room in self._rooms)

    def take(self, size: int) -> npt.NDArray[np.uint8]:
        """Room for `size` bytes, (size,), writeable; what was there before may still stand in it."""
        with self._lock:
            # A free one that is too small now would be again.
            self._rooms = [room for room in self._rooms if not room.is_free() or len(room.memory) >= size]
            for room in self._rooms:
                if room.is_free():
                    return room.taken()[:size]
            room = _Room(size)
            if len(self._rooms) < KEPT:
                self._rooms.append(room)
            return room.taken()[:size]


class _Room:
    """One piece, and who looks into it."""

    def __init__(self, size: int) -> None:
        self.memory = mmap.mmap(-1, -(-max(1, size) // STEP) * STEP)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            self.memory.madvise(mmap.MADV_HUGEPAGE)
        self._whole: weakref.ref[npt.NDArray[np.uint8]] | None = None

    def is_free(self) -> bool:
        return self._whole is None or self._whole() is None

    def taken(self) -> npt.NDArray[np.uint8]:
        """All of it: the base of whatever array looks into it."""
        whole = np.frombuffer(self.memory, np.uint8)
        self._whole = weakref.ref(whole)
        return whole
