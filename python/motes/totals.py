"""What patterns are summed up to: where their photons are, in the host's memory or in a GPU's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.residence import Residence
from motes.shapes import Shape
from motes.threads import available_threads


class Totals:
    """Sums over the photons of `motes.Patterns`."""

    __slots__ = ()

    _place: Residence
    _shape: Shape
    _totals: npt.NDArray[np.int64] | None

    @property
    def n_lit(self) -> int:
        """Pixels lit, over all patterns."""
        there = self._place.unfetched
        if there is not None:
            return int(there.n_lit)
        indptr = self._place.arrays.indptr
        return int(indptr[-1] - indptr[0])

    @property
    def n_photons(self) -> int:
        """Photons, over all patterns."""
        there = self._place.unfetched
        if there is not None:
            return int(there.n_photons)
        return self.n_lit + int(self._place.arrays.own_multi().multi_extra.sum(dtype=np.int64))

    @property
    def max_count(self) -> int:
        """The most photons in one pixel of one pattern; 0 without photons."""
        there = self._place.unfetched
        if there is not None:
            return int(there.max_count())
        extra = self._place.arrays.own_multi().multi_extra
        return 1 + int(extra.max()) if extra.size else int(self.n_lit > 0)

    @property
    def n_empty(self) -> int:
        """Patterns without photons.

        Examples
        --------
        >>> from motes import Patterns
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 0, 0]]).n_empty
        1
        """
        return len(self._place) - int(np.count_nonzero(np.diff(self._place.arrays.indptr)))

    def photons_per_pattern(self) -> npt.NDArray[np.int64]:
        """Photons of each pattern.

        Examples
        --------
        >>> from motes import Patterns
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 0, 0]]).photons_per_pattern()
        array([4, 0])
        """
        return self._place.arrays.photons_per_pattern()

    def sum_of_squares(self) -> int:
        """Sum over patterns of the squared counts, in whole numbers.

        Examples
        --------
        >>> from motes import Patterns
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 0, 0]]).sum_of_squares()
        10
        """
        return self._place.arrays.sum_of_squares()

    def squares_per_pattern(self) -> npt.NDArray[np.int64]:
        """Sum of the squared counts of each pattern.

        Examples
        --------
        >>> from motes import Patterns
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 0, 0]]).squares_per_pattern()
        array([10,  0])
        """
        return self._place.arrays.squares_per_pattern()

    def total_image(self) -> npt.NDArray[np.int64]:
        """Photons of each pixel, over all patterns: (H, W), computed once.

        Examples
        --------
        >>> from motes import Patterns
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 1, 0]]).total_image()
        array([[0, 0],
               [4, 1]])
        """
        if self._totals is None:
            there = self._place.unfetched
            if there is None:
                totals = _core.total_image(self._place.view, threads=available_threads())
            else:
                totals = there.total_image()
            totals.flags.writeable = False
            self._totals = totals  # type: ignore[misc]  # a slot of Patterns
        return self._totals.reshape(self._shape)

    def mean_image(self) -> npt.NDArray[np.float64]:
        """Mean photons of each pixel: (H, W); zeros where there are no patterns.

        Examples
        --------
        >>> from motes import Patterns
        >>> Patterns.from_dense([[0, 0, 3, 1], [0, 0, 1, 0]]).mean_image()
        array([[0. , 0. ],
               [2. , 0.5]])
        """
        return self.total_image() / max(1, len(self._place))
