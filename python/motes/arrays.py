"""The four arrays that patterns are kept in, and what they are turned into; `motes.Patterns` checks and guards them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from motes.exact import squares_of

if TYPE_CHECKING:
    import scipy.sparse


class Arrays(NamedTuple):
    """Lit pixels of each pattern, and photons beyond the first of a pixel; see `motes.Patterns`.

    Those of a slice share `pixels` and what follows with the whole; `indptr` tells which part is its own.
    """

    indptr: npt.NDArray[np.int64]
    pixels: npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
    multi_position: npt.NDArray[np.int64]
    multi_extra: npt.NDArray[np.int32]

    def kept(self) -> Arrays:
        """Arrays that nobody can change after they were checked."""
        return Arrays(*map(kept, self))

    def frozen(self) -> Arrays:
        """Read-only views: what the container was built from may stay writeable for its owner."""
        return Arrays(*map(_frozen, self))

    def rows(self, start: int, stop: int) -> Arrays:
        """The patterns of this range, which share all but `indptr`, itself a view."""
        return self._replace(indptr=self.indptr[start : max(start, stop) + 1])

    def own_multi(self) -> Arrays:
        """The arrays, of which the multiple pixels are only this part's."""
        first, last = np.searchsorted(self.multi_position, (self.indptr[0], self.indptr[-1]))
        return self._replace(multi_position=self.multi_position[first:last], multi_extra=self.multi_extra[first:last])

    def own(self) -> Arrays:
        """The arrays of this part alone, counted from 0."""
        start, stop = int(self.indptr[0]), int(self.indptr[-1])
        own = self.own_multi()
        return Arrays(self.indptr - start, self.pixels[start:stop], own.multi_position - start, own.multi_extra)

    def own_nbytes(self) -> int:
        """Bytes of this part alone."""
        own = self.own_multi()
        lit = int(self.indptr[-1] - self.indptr[0]) * self.pixels.itemsize
        return self.indptr.nbytes + lit + own.multi_position.nbytes + own.multi_extra.nbytes

    def photons_per_pattern(self) -> npt.NDArray[np.int64]:
        """Photons of each pattern, (N,)."""
        own = self.own_multi()
        return own._lit_and(own.multi_extra)

    def squares_per_pattern(self) -> npt.NDArray[np.int64]:
        """Sum of the squared counts of each pattern, (N,)."""
        own = self.own_multi()
        return own._lit_and(own._squares_beyond_lit())

    def sum_of_squares(self) -> int:
        """Sum of all squared counts."""
        return int(self.indptr[-1] - self.indptr[0]) + squares_of(self.own_multi().multi_extra)

    def binarised(self) -> Arrays:
        """The arrays with one photon in every lit pixel."""
        return self._replace(multi_position=np.zeros(0, np.int64), multi_extra=np.zeros(0, np.int32))

    def csr(self, n_pixels: int) -> scipy.sparse.csr_array:
        """Counts, (N, M)."""
        import scipy.sparse

        own = self.own()
        fits = max(own.pixels.size, n_pixels) <= np.iinfo(np.int32).max
        wide = np.dtype(np.int32 if fits else np.int64)
        index = (own.pixels.astype(wide), own.indptr.astype(wide))
        matrix = scipy.sparse.csr_array((own._counts(), *index), shape=(own.indptr.size - 1, n_pixels))
        matrix.has_canonical_format = True
        return matrix

    def dense(self, n_pixels: int) -> npt.NDArray[np.int64]:
        """Counts, (N, M)."""
        own = self.own()
        n_patterns = own.indptr.size - 1
        dense = np.zeros((n_patterns, n_pixels), np.int64)
        dense[np.repeat(np.arange(n_patterns), np.diff(own.indptr)), own.pixels] = own._counts()
        return dense

    def _squares_beyond_lit(self) -> npt.NDArray[np.int64]:
        extra = self.multi_extra.astype(np.int64)
        return extra * (extra + 2)

    def _lit_and(self, more: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
        """Lit pixels of each pattern, and what its pixels of several photons add."""
        sums = np.diff(self.indptr)
        np.add.at(sums, np.searchsorted(self.indptr, self.multi_position, side="right") - 1, more)
        return sums

    def _counts(self) -> npt.NDArray[np.int64]:
        """Photons of each lit pixel, of arrays that are counted from 0."""
        counts = np.ones(self.pixels.size, np.int64)
        counts[self.multi_position] += self.multi_extra
        return counts


def joined(parts: Sequence[Arrays]) -> Arrays:
    """Arrays of patterns one after the other.

    Examples
    --------
    >>> part = Arrays(np.array([0, 2]), np.array([1, 3], np.uint16), np.array([0]), np.array([4], np.int32))
    >>> joined([part, part]).multi_position
    array([0, 2])
    """
    own = [part.own() for part in parts]
    starts = np.cumsum([0, *(part.pixels.size for part in own)])
    indptr = [np.zeros(1, np.int64), *(part.indptr[1:] + start for part, start in zip(own, starts, strict=False))]
    multi = [part.multi_position + start for part, start in zip(own, starts, strict=False)]
    return Arrays(
        np.concatenate(indptr),
        np.concatenate([part.pixels for part in own]),
        np.concatenate(multi),
        np.concatenate([part.multi_extra for part in own]),
    )


def kept(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array itself where nobody can write to it, else a copy.

    Examples
    --------
    >>> fixed = np.frombuffer(b"photons!", np.uint8)
    >>> kept(fixed) is fixed
    True
    """
    if not isinstance(array, np.ndarray) or not array.flags.c_contiguous:
        return array  # refused as it is
    return array.copy() if _can_change(array) else array


def _can_change(array: npt.NDArray[Any]) -> bool:
    """Whether anybody can write to these numbers, perhaps through the array that this one is a view of."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return True
        owner = owner.base
    return not (owner is None or isinstance(owner, bytes))


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
