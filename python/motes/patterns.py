"""The container of photon patterns: 2 bytes a photon, checked once, immutable."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.entries import integers, number_of_patterns, whole_counts
from motes.errors import kind_of
from motes.shapes import Shape, check_shape, shape_of_pixels
from motes.threads import available_threads

if TYPE_CHECKING:
    import scipy.sparse

AnyArray = TypeVar("AnyArray", bound=npt.NDArray[Any])

_COPIED = 1 << 15  # patterns copied together for small batches: one by one these take longer than the arithmetic
_DENSE_CHUNK = 1 << 22  # pixels looked at together when a dense array is read


class _Arrays(NamedTuple):
    indptr: npt.NDArray[np.int64]
    pixels: npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
    multi_position: npt.NDArray[np.int64]
    multi_extra: npt.NDArray[np.int32]


class Patterns:
    """N patterns of photons on one detector, each pattern a sorted list of lit pixels.

    A photon costs 2 bytes (4 beyond 65,536 pixels). Photons beyond the first of a pixel are kept apart. The container
    never changes; contiguous slices share its memory.

    Build it with `from_coo`, `from_csr` or `from_dense`, or read a file with `motes.read_patterns`. The constructor
    takes the arrays themselves: read-only ones (a memory map, say) as they are, writeable ones as a copy.

    Parameters
    ----------
    indptr : (N + 1,) int64 array
        Where each pattern begins in `pixels`.
    pixels : uint16 (up to 65,536 pixels) or uint32 array
        Lit pixels, row-major index, strictly ascending inside a pattern.
    multi_position : int64 array
        Positions in `pixels` of the pixels that caught several photons, ascending.
    multi_extra : int32 array
        The photons beyond the first there, 1 or more.
    shape : (int, int)
        Rows and columns of the detector, in pixels.

    Raises
    ------
    TypeError, ValueError
        If an array has another dtype, shape or range; the message names the first offending pattern.

    Examples
    --------
    >>> patterns = Patterns.from_dense([[[1, 0], [0, 0]], [[0, 2], [1, 0]]])
    >>> patterns
    Patterns(2 patterns of 2x2 pixels, 4 photons, 2 a pattern)
    >>> patterns[1]
    array([[0, 2],
           [1, 0]])
    """

    __slots__ = ("__weakref__", "_arrays", "_core", "_shape", "_totals")

    def __init__(
        self,
        indptr: npt.NDArray[np.int64],
        pixels: npt.NDArray[np.uint16] | npt.NDArray[np.uint32],
        multi_position: npt.NDArray[np.int64],
        multi_extra: npt.NDArray[np.int32],
        *,
        shape: Sequence[int],
    ) -> None:
        arrays = _Arrays(_kept(indptr), _kept(pixels), _kept(multi_position), _kept(multi_extra))
        self._build(arrays, check_shape(shape), check_photons=True)

    def _build(self, arrays: _Arrays, shape: Shape, *, check_photons: bool) -> None:
        self._core = _core.PatternsView(*arrays, n_pixels=shape[0] * shape[1], check_photons=check_photons)
        self._arrays = _Arrays(
            _frozen(arrays.indptr), _frozen(arrays.pixels), _frozen(arrays.multi_position), _frozen(arrays.multi_extra)
        )
        self._shape = shape
        self._totals: npt.NDArray[np.int64] | None = None

    @classmethod
    def _trusted(cls, arrays: _Arrays, shape: Shape) -> Patterns:
        """Wrap what a kernel wrote or a checked container holds: its photons are not read again."""
        patterns = cls.__new__(cls)
        patterns._build(arrays, shape, check_photons=False)
        return patterns

    # -- construction ---------------------------------------------------------------------------------------------

    @classmethod
    def from_coo(
        cls,
        rows: npt.ArrayLike,
        cols: npt.ArrayLike,
        *,
        shape: Sequence[int],
        n_patterns: int | None = None,
        counts: npt.ArrayLike | None = None,
        threads: int | None = None,
    ) -> Patterns:
        """Build patterns from one entry (pattern, pixel) for each photon, in any order.

        Parameters
        ----------
        rows, cols : (K,) integer arrays
            Pattern and pixel (row-major index) of each entry. Repeated pairs add up.
        shape : (int, int)
            Rows and columns of the detector, in pixels.
        n_patterns : int, optional
            Number of patterns; by default the largest row plus one. Give it where the last patterns may be empty.
        counts : (K,) integer array, optional
            Photons of each entry; 1 by default, 0 vanishes.
        threads : int, optional
            By default all that this process may use.

        Returns
        -------
        Patterns

        Raises
        ------
        TypeError
            If an array does not hold integers.
        ValueError
            If an index or a count is negative or outside its range (named with its position), if the arrays differ in
            length, or if rows ask for more than 10^10 patterns and `n_patterns` does not say so.

        Examples
        --------
        >>> Patterns.from_coo([1, 0, 1], [3, 0, 3], shape=(2, 2), n_patterns=4)
        Patterns(4 patterns of 2x2 pixels, 3 photons, 0.75 a pattern)
        """
        shape = check_shape(shape)
        threads = available_threads(threads)
        rows, cols = integers(rows, "rows"), integers(cols, "cols")
        if rows.shape != cols.shape:
            raise ValueError(f"cols: expected {rows.size} values, one for each of rows, got {cols.size}")
        photons = None if counts is None else integers(counts, "counts")
        if photons is not None and photons.shape != rows.shape:
            raise ValueError(f"counts: expected {rows.size} values, one for each of rows, got {photons.size}")
        n_patterns = number_of_patterns(rows, n_patterns, threads)
        arrays = _core.ingest(rows, cols, photons, n_patterns=n_patterns, n_pixels=shape[0] * shape[1], threads=threads)
        return cls._trusted(_Arrays(*arrays), shape)

    @classmethod
    def from_csr(cls, matrix: Any, *, shape: Sequence[int] | None = None, threads: int | None = None) -> Patterns:
        """Build patterns from a SciPy sparse matrix or array of counts, one row a pattern.

        Parameters
        ----------
        matrix : (N, M) SciPy sparse matrix or array of whole numbers
            Anything with `tocsr()`. Stored zeros vanish, repeated entries add up.
        shape : (int, int), optional
            Rows and columns of the detector; by default the square of M pixels.
        threads : int, optional
            By default all that this process may use.

        Returns
        -------
        Patterns

        Raises
        ------
        ValueError
            If a count is negative, not whole or not finite, or if M is no square and `shape` is not given.

        Examples
        --------
        >>> import scipy.sparse
        >>> Patterns.from_csr(scipy.sparse.csr_array([[0, 2, 0, 1]]))
        Patterns(1 pattern of 2x2 pixels, 3 photons, 3 a pattern)
        """
        matrix = matrix.tocsr()
        n_patterns, n_pixels = (int(extent) for extent in matrix.shape)
        shape = shape_of_pixels(n_pixels, shape)
        counts = whole_counts(np.asarray(matrix.data), "matrix")
        lengths = np.diff(matrix.indptr)
        rows = np.repeat(np.arange(n_patterns, dtype=np.int64 if n_patterns >= 2**32 else np.uint32), lengths)
        ones = bool(np.all(counts == 1))
        return cls.from_coo(
            rows,
            matrix.indices,
            shape=shape,
            n_patterns=n_patterns,
            counts=None if ones else counts,
            threads=threads,
        )

    @classmethod
    def from_dense(
        cls, array: npt.ArrayLike, *, shape: Sequence[int] | None = None, threads: int | None = None
    ) -> Patterns:
        """Build patterns from an array of counts.

        Parameters
        ----------
        array : (N, H, W) or (N, M) array of whole numbers
            Read in pieces, so a memory-mapped array is never in memory at once.
        shape : (int, int), optional
            Rows and columns of the detector, needed for an (N, M) array whose M is no square.
        threads : int, optional
            By default all that this process may use.

        Returns
        -------
        Patterns

        Raises
        ------
        ValueError
            If a count is negative, not whole or not finite, or if the shape is not to be told.

        Examples
        --------
        >>> Patterns.from_dense([[0, 1, 1, 0]])
        Patterns(1 pattern of 2x2 pixels, 2 photons, 2 a pattern)
        """
        array = np.asanyarray(array)
        if array.ndim not in (2, 3):
            raise ValueError(f"array: expected shape (N, H, W) or (N, M), got {array.shape}")
        if array.ndim == 3 and shape is None:
            shape = (int(array.shape[1]), int(array.shape[2]))
        n_pixels = int(np.prod(array.shape[1:], dtype=np.int64))
        shape = shape_of_pixels(n_pixels, shape)
        step = max(1, _DENSE_CHUNK // max(1, n_pixels))
        parts = []
        for first in range(0, len(array), step):
            part = array[first : first + step]
            chunk = whole_counts(part.reshape(len(part), n_pixels), "array", first_pattern=first)
            rows, cols = np.nonzero(chunk)
            counts = chunk[rows, cols]
            ones = bool(np.all(counts == 1))
            parts.append(
                cls.from_coo(
                    rows, cols, shape=shape, n_patterns=len(chunk), counts=None if ones else counts, threads=threads
                )
            )
        return cls.concatenate(parts) if parts else cls.empty(shape)

    @classmethod
    def empty(cls, shape: Sequence[int], n_patterns: int = 0) -> Patterns:
        """Build `n_patterns` patterns without photons.

        Examples
        --------
        >>> Patterns.empty((2, 2))
        Patterns(0 patterns of 2x2 pixels, 0 photons)
        """
        nothing = np.zeros(0, np.int64)
        return cls.from_coo(nothing, nothing, shape=shape, n_patterns=n_patterns)

    @classmethod
    def concatenate(cls, parts: Sequence[Patterns]) -> Patterns:
        """Join containers of one shape, in order.

        Examples
        --------
        >>> one = Patterns.from_dense([[1, 0, 0, 1]])
        >>> len(Patterns.concatenate([one, one, one]))
        3
        """
        if not parts:
            raise ValueError("parts: expected at least one Patterns")
        shape = parts[0].shape
        for part in parts:
            if part.shape != shape:
                raise ValueError(f"parts: expected patterns of one shape, got {shape} and {part.shape}")
        if len(parts) == 1:
            return parts[0]
        own = [part._own() for part in parts]
        starts = np.cumsum([0, *(part.n_lit for part in parts)])
        indptr = [np.zeros(1, np.int64), *(p.indptr[1:] + start for p, start in zip(own, starts, strict=False))]
        multi = [p.multi_position + start for p, start in zip(own, starts, strict=False)]
        arrays = _Arrays(
            np.concatenate(indptr),
            np.concatenate([p.pixels for p in own]),
            np.concatenate(multi),
            np.concatenate([p.multi_extra for p in own]),
        )
        return cls._trusted(arrays, shape)

    # -- what it holds --------------------------------------------------------------------------------------------

    @property
    def indptr(self) -> npt.NDArray[np.int64]:
        """Where each pattern begins in `pixels`: (N + 1,), read-only. In a slice it may begin above 0."""
        return self._arrays.indptr

    @property
    def pixels(self) -> npt.NDArray[np.uint16] | npt.NDArray[np.uint32]:
        """Lit pixels, pattern after pattern: read-only, shared by slices."""
        return self._arrays.pixels

    @property
    def multi_position(self) -> npt.NDArray[np.int64]:
        """Positions in `pixels` where more than one photon fell: read-only, shared by slices."""
        return self._arrays.multi_position

    @property
    def multi_extra(self) -> npt.NDArray[np.int32]:
        """Photons beyond the first at `multi_position`: read-only."""
        return self._arrays.multi_extra

    @property
    def shape(self) -> Shape:
        """Rows and columns of the detector, in pixels."""
        return self._shape

    @property
    def n_pixels(self) -> int:
        """Pixels of the detector."""
        return self._shape[0] * self._shape[1]

    @property
    def n_lit(self) -> int:
        """Pixels lit, over all patterns."""
        return int(self.indptr[-1] - self.indptr[0])

    @property
    def n_photons(self) -> int:
        """Photons, over all patterns."""
        return self.n_lit + int(self._own_multi().multi_extra.sum(dtype=np.int64))

    @property
    def max_count(self) -> int:
        """The most photons in one pixel of one pattern; 0 without photons."""
        extra = self._own_multi().multi_extra
        return 1 + int(extra.max()) if extra.size else int(self.n_lit > 0)

    @property
    def nbytes(self) -> int:
        """Bytes of this container's own part of its arrays."""
        own = self._own_multi()
        lit = self.n_lit * self.pixels.itemsize
        return self.indptr.nbytes + lit + own.multi_position.nbytes + own.multi_extra.nbytes

    def __len__(self) -> int:
        return len(self._core)

    def photons_per_pattern(self) -> npt.NDArray[np.int64]:
        """Photons of each pattern.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 0, 0]]).photons_per_pattern()
        array([4, 0])
        """
        own = self._own_multi()
        return self._lit_and(own, own.multi_extra)

    def sum_of_squares(self) -> int:
        """Sum over patterns of the squared counts, in whole numbers.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 0, 0]]).sum_of_squares()
        10
        """
        extra = self._own_multi().multi_extra.astype(np.int64)
        return self.n_lit + int((extra * (extra + 2)).sum())

    def squares_per_pattern(self) -> npt.NDArray[np.int64]:
        """Sum of the squared counts of each pattern.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 0, 0]]).squares_per_pattern()
        array([10,  0])
        """
        own = self._own_multi()
        extra = own.multi_extra.astype(np.int64)
        return self._lit_and(own, extra * (extra + 2))

    def _lit_and(self, own: _Arrays, more: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
        """Lit pixels of each pattern, and what the multiple ones of this part add."""
        sums = np.diff(self.indptr)
        np.add.at(sums, np.searchsorted(self.indptr, own.multi_position, side="right") - 1, more)
        return sums

    def total_image(self) -> npt.NDArray[np.int64]:
        """Photons of each pixel, over all patterns: (H, W), computed once.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 1, 0]]).total_image()
        array([[0, 0],
               [4, 1]])
        """
        if self._totals is None:
            totals = _core.total_image(self._core, threads=available_threads())
            totals.flags.writeable = False
            self._totals = totals
        return self._totals.reshape(self._shape)

    def mean_image(self) -> npt.NDArray[np.float64]:
        """Mean photons of each pixel: (H, W); zeros where there are no patterns.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 1, 0]]).mean_image()
        array([[0. , 0. ],
               [2. , 0.5]])
        """
        return self.total_image() / max(1, len(self))

    # -- parts ----------------------------------------------------------------------------------------------------

    @overload
    def __getitem__(self, which: int | np.integer[Any]) -> npt.NDArray[np.int64]: ...
    @overload
    def __getitem__(self, which: slice | npt.NDArray[Any] | Sequence[int] | Sequence[bool]) -> Patterns: ...

    def __getitem__(self, which: Any) -> npt.NDArray[np.int64] | Patterns:
        """One pattern as an (H, W) image, or the patterns of a slice (no copy), mask or array of indices."""
        if isinstance(which, slice):
            start, stop, step = which.indices(len(self))
            if step == 1:
                indptr = self.indptr[start : max(start, stop) + 1]
                return Patterns._trusted(self._arrays._replace(indptr=indptr), self._shape)
            return self._take(np.arange(start, stop, step, dtype=np.int64))
        try:
            index = operator.index(which)
        except TypeError:
            return self._take(self._indices(np.asarray(which)))
        if not -len(self) <= index < len(self):
            raise IndexError(f"pattern {index} is outside 0..{len(self) - 1}")
        index %= len(self)
        image: npt.NDArray[np.int64] = self[index : index + 1].to_dense()[0]
        return image

    def batches(self, order: npt.NDArray[np.int64], edges: npt.NDArray[np.int64]) -> Iterator[Patterns]:
        """Patterns ``order[edges[b] : edges[b + 1]]`` for each b, some ten thousand copied at a time, never all.

        Examples
        --------
        >>> patterns = Patterns.from_dense(np.eye(4, dtype=int))
        >>> parts = patterns.batches(np.array([3, 1, 0, 2]), np.array([0, 3, 4]))
        >>> [part.total_image().ravel().tolist() for part in parts]
        [[1, 1, 0, 1], [0, 0, 1, 0]]
        """
        b = 0
        while b < len(edges) - 1:
            last = max(int(np.searchsorted(edges, edges[b] + _COPIED, side="right")) - 1, b + 1)
            copied = self[order[edges[b] : edges[last]]]
            for start, stop in itertools.pairwise(edges[b : last + 1] - edges[b]):
                yield copied[start:stop]
            b = last

    def _indices(self, which: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        if which.ndim != 1:
            raise IndexError(f"expected a mask or indices of one dimension, got {which.ndim}")
        if which.dtype == np.bool_:
            if which.size != len(self):
                raise IndexError(f"mask: expected {len(self)} values, got {which.size}")
            return np.flatnonzero(which).astype(np.int64, copy=False)
        if which.size == 0:
            return np.zeros(0, np.int64)
        if not np.issubdtype(which.dtype, np.integer):
            raise IndexError(f"expected a mask or integer indices, got {which.dtype}")
        low, high = int(which.min()), int(which.max())
        if low < -len(self) or high >= len(self):
            raise IndexError(f"pattern {low if low < -len(self) else high} is outside 0..{len(self) - 1}")
        indices = np.ascontiguousarray(which, np.int64)
        return np.where(indices < 0, indices + len(self), indices)

    def _take(self, indices: npt.NDArray[np.int64]) -> Patterns:
        arrays = _core.take(self._core, indices, threads=available_threads())
        return Patterns._trusted(_Arrays(*arrays), self._shape)

    def _own_multi(self) -> _Arrays:
        """The arrays, of which the multiple pixels are only this part's."""
        first, last = np.searchsorted(self.multi_position, (self.indptr[0], self.indptr[-1]))
        return self._arrays._replace(
            multi_position=self.multi_position[first:last], multi_extra=self.multi_extra[first:last]
        )

    def _own(self) -> _Arrays:
        """The arrays of this part alone, counted from 0."""
        start, stop = int(self.indptr[0]), int(self.indptr[-1])
        own = self._own_multi()
        return _Arrays(self.indptr - start, self.pixels[start:stop], own.multi_position - start, own.multi_extra)

    # -- to others ------------------------------------------------------------------------------------------------

    def to_scipy(self) -> scipy.sparse.csr_array:
        """Counts as an (N, M) `scipy.sparse.csr_array` of int64.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1]]).to_scipy().toarray()
        array([[0, 0, 3, 1]])
        """
        import scipy.sparse

        own = self._own()
        counts = np.ones(own.pixels.size, np.int64)
        counts[own.multi_position] += own.multi_extra
        fits = max(own.pixels.size, self.n_pixels) <= np.iinfo(np.int32).max
        wide = np.dtype(np.int32 if fits else np.int64)
        index = (own.pixels.astype(wide), own.indptr.astype(wide))
        matrix = scipy.sparse.csr_array((counts, *index), shape=(len(self), self.n_pixels))
        matrix.has_canonical_format = True
        return matrix

    def to_dense(self) -> npt.NDArray[np.int64]:
        """Counts as an (N, H, W) array of int64: 8 bytes for every pixel of every pattern.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1]]).to_dense()
        array([[[0, 0],
                [3, 1]]])
        """
        own = self._own()
        dense = np.zeros((len(self), self.n_pixels), np.int64)
        counts = np.ones(own.pixels.size, np.int64)
        counts[own.multi_position] += own.multi_extra
        dense[np.repeat(np.arange(len(self)), np.diff(own.indptr)), own.pixels] = counts
        return dense.reshape(len(self), *self._shape)

    def binarised(self) -> Patterns:
        """Every lit pixel with one photon: what a detector that can not count would have seen.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1]]).binarised().max_count
        1
        """
        nothing = _Arrays(self.indptr, self.pixels, np.zeros(0, np.int64), np.zeros(0, np.int32))
        return Patterns._trusted(nothing, self._shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(Patterns, shape=self._shape), tuple(self._own())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Patterns):
            return NotImplemented
        same = self._shape == other._shape and len(self) == len(other)
        return same and all(np.array_equal(a, b) for a, b in zip(self._own(), other._own(), strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        height, width = self._shape
        plural = "" if len(self) == 1 else "s"
        mean = f", {self.n_photons / len(self):.4g} a pattern" if len(self) else ""
        return f"Patterns({len(self):,} pattern{plural} of {height}x{width} pixels, {self.n_photons:,} photons{mean})"


def _kept(array: AnyArray) -> AnyArray:
    """What nobody can change after it was checked."""
    writeable = isinstance(array, np.ndarray) and array.flags.writeable and array.flags.c_contiguous
    return array.copy() if writeable else array  # what is not contiguous is refused as it is


def _frozen(array: AnyArray) -> AnyArray:
    """A read-only view: what the container was built from may stay writeable for its owner."""
    view = array.view()
    view.flags.writeable = False
    return view


def check_patterns(patterns: object) -> Patterns:
    """`patterns`, or a TypeError that says what came instead.

    Examples
    --------
    >>> check_patterns(np.zeros((3, 5, 5)))
    Traceback (most recent call last):
    ...
    TypeError: patterns: expected motes.Patterns, got ndarray
    """
    if not isinstance(patterns, Patterns):
        raise TypeError(f"patterns: expected motes.Patterns, got {kind_of(patterns)}")
    return patterns
