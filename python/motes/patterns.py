"""The container of photon patterns: 2 bytes a photon, checked once, immutable."""

from __future__ import annotations

import functools
import operator
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from motes.arrays import Arrays, joined
from motes.devices import CPU, Device, device_of, held_by
from motes.entries import another_way, coo_arrays, csr_entries, dense_entries, row_indices
from motes.errors import kind_of
from motes.foreign import array_of
from motes.residence import Residence, device_of_entries, ingested, ingested_rows
from motes.shapes import Shape, check_shape, one_shape, shape_of_dense, shape_of_pixels
from motes.threads import available_threads
from motes.totals import Totals

if TYPE_CHECKING:
    import scipy.sparse


class Patterns(Totals):
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

    __slots__ = ("__weakref__", "_place", "_shape", "_totals")

    def __init__(
        self,
        indptr: npt.NDArray[np.int64],
        pixels: npt.NDArray[np.uint16] | npt.NDArray[np.uint32],
        multi_position: npt.NDArray[np.int64],
        multi_extra: npt.NDArray[np.int32],
        *,
        shape: Sequence[int],
    ) -> None:
        arrays = Arrays(indptr, pixels, multi_position, multi_extra)
        shape = check_shape(shape)
        self._settle(Residence(shape[0] * shape[1], CPU, arrays.kept(), check_photons=True), shape)

    def _settle(self, place: Residence, shape: Shape) -> None:
        self._place = place
        self._shape = shape
        self._totals: npt.NDArray[np.int64] | None = None

    @classmethod
    def _at(cls, place: Residence, shape: Shape) -> Patterns:
        patterns = cls.__new__(cls)
        patterns._settle(place, shape)
        return patterns

    @classmethod
    def _trusted(cls, arrays: Arrays, shape: Shape, device: Device = CPU) -> Patterns:
        """Wrap what a kernel wrote or a checked container holds: its photons are not read again."""
        return cls._at(Residence(shape[0] * shape[1], device, arrays), shape)

    @property
    def _arrays(self) -> Arrays:
        return self._place.arrays

    @property
    def _core(self) -> Any:
        return self._place.view

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
        device: Device | str | None = None,
        stream: object = None,
    ) -> Patterns:
        """Build patterns from one entry (pattern, pixel) for each photon, in any order.

        Arrays in the memory of a GPU (CuPy, torch, numba: through DLPack or `__cuda_array_interface__`) are taken as
        they are, and the patterns are built there. They stay there alone until something asks for the arrays of the
        host, which are then fetched, once. Compiled, not yet run on hardware.

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
        device : str, optional
            `"cpu"`, `"cuda"`, `"cuda:1"` or `"auto"`: where the patterns shall be, and are built where the entries are
            not on a GPU yet; entries of the host are uploaded. By default where the entries are.
        stream : optional
            The CUDA stream on which device arrays are ready, and on which the work is done.

        Returns
        -------
        Patterns

        Raises
        ------
        TypeError
            If an array does not hold integers.
        MemoryError
            If a device has too little; the message says how much was asked for.
        ValueError
            If an index or a count is negative or outside its range (named with its position), if the arrays differ in
            length, or if rows ask for more than 10^10 patterns and `n_patterns` does not say so.

        Examples
        --------
        >>> Patterns.from_coo([1, 0, 1], [3, 0, 3], shape=(2, 2), n_patterns=4)
        Patterns(4 patterns of 2x2 pixels, 3 photons, 0.75 a pattern)
        """
        shape = check_shape(shape)
        entries_on = device_of_entries(rows, cols, counts)
        wanted = entries_on if device is None else device_of(device)
        if entries_on == wanted == CPU:
            return cls._trusted(coo_arrays(rows, cols, counts, n_patterns, shape, threads), shape)
        available_threads(threads)
        place = wanted if entries_on == CPU else entries_on
        return cls._at(ingested(rows, cols, counts, n_patterns, shape, place, stream), shape).to(wanted)

    @classmethod
    def from_csr(
        cls,
        matrix: Any,
        *,
        shape: Sequence[int] | None = None,
        threads: int | None = None,
        stream: object = None,
    ) -> Patterns:
        """Build patterns from a SciPy sparse matrix or array of counts, one row a pattern.

        A matrix of CuPy, in the memory of a GPU, is taken as it is, and the patterns are built there, as by `from_coo`.
        Compiled, not yet run on hardware.

        Parameters
        ----------
        matrix : (N, M) SciPy sparse matrix or array of whole numbers
            Anything with `tocsr()`. Stored zeros vanish, repeated entries add up.
        shape : (int, int), optional
            Rows and columns of the detector; by default the square of M pixels.
        threads : int, optional
            By default all that this process may use.
        stream : optional
            The CUDA stream on which a matrix of a GPU is ready, and on which the work is done.

        Returns
        -------
        Patterns

        Raises
        ------
        TypeError
            If it is no sparse matrix.
        ValueError
            If a count is negative, not whole or not finite, or if M is no square and `shape` is not given.

        Examples
        --------
        >>> import scipy.sparse
        >>> Patterns.from_csr(scipy.sparse.csr_array([[0, 2, 0, 1]]))
        Patterns(1 pattern of 2x2 pixels, 3 photons, 3 a pattern)
        """
        if not hasattr(matrix, "tocsr"):
            raise TypeError(f"matrix: expected a SciPy sparse matrix, got {kind_of(matrix)}{another_way(matrix)}")
        matrix = matrix.tocsr()
        shape = shape_of_pixels(int(matrix.shape[1]), shape)
        if held_by(matrix.data) != CPU:
            available_threads(threads)
            return cls._at(ingested_rows(matrix, shape, stream), shape)
        return cls._trusted(coo_arrays(*csr_entries(matrix), shape, threads), shape)

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
        TypeError
            If it is no array of numbers.
        ValueError
            If a count is negative, not whole or not finite, or if the shape is not to be told, or told twice and
            differently.

        Examples
        --------
        >>> Patterns.from_dense([[0, 1, 1, 0]])
        Patterns(1 pattern of 2x2 pixels, 2 photons, 2 a pattern)
        """
        if isinstance(array, (str, os.PathLike)) or hasattr(array, "tocsr"):
            raise TypeError(f"array: expected an array of counts, got {kind_of(array)}{another_way(array)}")
        array = array_of("array", array)
        shape = shape_of_dense(array.shape, shape)
        parts = [coo_arrays(*entries, shape, threads) for entries in dense_entries(array, shape)]
        return cls._trusted(joined(parts), shape) if parts else cls.empty(shape)

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
        """Join containers of one shape, in order: on the GPU that they are all on, else in the host's memory.

        Examples
        --------
        >>> one = Patterns.from_dense([[1, 0, 0, 1]])
        >>> len(Patterns.concatenate([one, one, one]))
        3
        """
        shape = one_shape([part.shape for part in parts])
        if len(parts) == 1:
            return parts[0]
        places = {part.device for part in parts}
        device = places.pop() if len(places) == 1 else CPU
        return cls._trusted(joined([part._arrays for part in parts]), shape, device)

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
    def device(self) -> Device:
        """Where kernels that know GPUs work on these patterns."""
        return self._place.device

    def to(self, device: Device | str) -> Patterns:
        """Patterns on a device, uploaded once: what is scored, summed or assigned of them is done there from then on.

        That is `log_likelihood`, `sweep`, `back_rotate`, `reconstruct` and what it returns, `kmeans` and
        `minibatch_kmeans`, `classify.match`.

        The arrays stay in the host's memory too, and everything else works as before; those of patterns that were built
        on a GPU are fetched when something else first asks for them. A slice of patterns on a device shares their
        memory there, too; a mask or indices take theirs there, and nothing is uploaded. Compiled, not yet run on
        hardware.

        Parameters
        ----------
        device : str
            `"cpu"`, `"cuda"`, `"cuda:1"`, or `"auto"` for a GPU where there is one.

        Returns
        -------
        Patterns
            These, where they are there already.

        Raises
        ------
        TypeError, ValueError
            If it is no name of a device, or of a GPU that is not there.
        DeviceError
            If it is a GPU, and this build or this machine has none.
        MemoryError
            If they do not fit; the message says how much was asked for.

        Examples
        --------
        >>> Patterns.from_dense([[0, 1, 1, 0]]).to("cpu").device
        Device(kind='cpu', index=0)
        """
        place = self.device if device == "auto" and self.device != CPU else device_of(device)
        return self if place == self.device else Patterns._at(self._place.moved(place), self._shape)

    def uploaded(self) -> Any:
        """The same patterns in the memory of their GPU, as `motes._cuda` takes them."""
        return self._place.on_device

    @property
    def shape(self) -> Shape:
        """Rows and columns of the detector, in pixels."""
        return self._shape

    @property
    def n_pixels(self) -> int:
        """Pixels of the detector."""
        return self._shape[0] * self._shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes of this container's own part of its arrays."""
        return self._arrays.own_nbytes()

    def __len__(self) -> int:
        return len(self._place)

    @overload
    def __getitem__(self, which: int | np.integer[Any]) -> npt.NDArray[np.int64]: ...
    @overload
    def __getitem__(self, which: slice | npt.NDArray[Any] | Sequence[int] | Sequence[bool]) -> Patterns: ...

    def __getitem__(self, which: Any) -> npt.NDArray[np.int64] | Patterns:
        """One pattern as an (H, W) image, or the patterns of a slice (no copy), mask or array of indices."""
        if isinstance(which, slice):
            start, stop, step = which.indices(len(self))
            if step == 1:
                return Patterns._at(self._place.rows(start, stop), self._shape)
            which = np.arange(start, stop, step, dtype=np.int64)
        try:
            index = operator.index(which)
        except TypeError:
            return Patterns._at(self._place.taken(row_indices(np.asarray(which), len(self))), self._shape)
        if not -len(self) <= index < len(self):
            raise IndexError(f"pattern {index} is outside 0..{len(self) - 1}")
        index %= len(self)
        return self._arrays.rows(index, index + 1).dense(self.n_pixels).reshape(self._shape)

    def to_scipy(self) -> scipy.sparse.csr_array:
        """Counts as an (N, M) `scipy.sparse.csr_array` of int64.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1]]).to_scipy().toarray()
        array([[0, 0, 3, 1]])
        """
        return self._arrays.csr(self.n_pixels)

    def to_dense(self) -> npt.NDArray[np.int64]:
        """Counts as an (N, H, W) array of int64: 8 bytes for every pixel of every pattern.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1]]).to_dense()
        array([[[0, 0],
                [3, 1]]])
        """
        return self._arrays.dense(self.n_pixels).reshape(len(self), *self._shape)

    def binarised(self) -> Patterns:
        """Every lit pixel with one photon: what a detector that can not count would have seen.

        Examples
        --------
        >>> Patterns.from_dense([[0, 0, 3, 1]]).binarised().max_count
        1
        """
        return Patterns._at(self._place.binarised(), self._shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(Patterns, shape=self._shape), tuple(self._arrays.own())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Patterns):
            return NotImplemented
        same = self._shape == other._shape and len(self) == len(other)
        return same and all(np.array_equal(a, b) for a, b in zip(self._arrays.own(), other._arrays.own(), strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        height, width = self._shape
        plural = "" if len(self) == 1 else "s"
        mean = f", {self.n_photons / len(self):.4g} a pattern" if len(self) else ""
        return f"Patterns({len(self):,} pattern{plural} of {height}x{width} pixels, {self.n_photons:,} photons{mean})"


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
