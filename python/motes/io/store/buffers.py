"""Room for sections, used again: fresh memory costs the system more than filling it from the page cache does."""

from __future__ import annotations

import mmap
import weakref

import numpy as np
import numpy.typing as npt

STEP = 2**21  # bytes of a large page: room is taken in multiples, so that sections of nearly one size share it
KEPT = 4  # rooms: of the section that is worked on, the one before that its variable still names, and two of the next


class Rooms:
    """Pieces of memory, each in use as long as an array looks into it: nothing needs to be given back.

    The first few are kept for who comes next; more, as for somebody who collects sections, go with their arrays.
    There is no lock, which a fork could leave taken: one who looks for room has the pieces in hand to itself.

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

    @property
    def nbytes(self) -> int:
        """Bytes of the rooms that are kept, in use or not."""
        return sum(room.nbytes for room in list(self._rooms))

    def take(self, size: int) -> npt.NDArray[np.uint8]:
        """Room for `size` bytes, (size,), writeable; what was there before may still stand in it."""
        in_hand: list[_Room] = []
        room = self._one()
        while room is not None and not (room.is_free() and room.nbytes >= size):
            if not room.is_free():  # a free one is too small, and would be again: it goes
                in_hand.append(room)
            room = self._one()
        found = _Room(size) if room is None else room
        whole = found.taken()
        self._rooms += [*in_hand, found][: max(0, KEPT - len(self._rooms))]
        return whole[:size]

    def _one(self) -> _Room | None:
        try:
            return self._rooms.pop()
        except IndexError:
            return None


def lasting(size: int) -> npt.NDArray[np.uint8]:
    """Room for what stays, (size,), writeable."""
    return _Room(size).taken()[:size]


def whole_steps(size: int) -> int:
    """Bytes that room for `size` takes."""
    return -(-max(1, size) // STEP) * STEP


class _Room:
    """One piece, and who looks into it."""

    def __init__(self, size: int) -> None:
        self.nbytes = whole_steps(size)
        self._memory = mmap.mmap(-1, self.nbytes)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            self._memory.madvise(mmap.MADV_HUGEPAGE)
        self._whole: weakref.ref[npt.NDArray[np.uint8]] | None = None

    def is_free(self) -> bool:
        return self._whole is None or self._whole() is None

    def taken(self) -> npt.NDArray[np.uint8]:
        """All of it: the base of whatever array looks into it."""
        whole = np.frombuffer(self._memory, np.uint8)
        self._whole = weakref.ref(whole)
        return whole
