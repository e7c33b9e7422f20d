"""What patterns on disk are summed up to: the headers say it; photons are read only where a section is here in part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.cached import cached_property
from motes.io.store.reading import read_total
from motes.patterns import Patterns
from motes.sections import Sections
from motes.shapes import Shape

ADDED = ("n_lit", "n_photons", "sum_of_squares", "n_empty")  # names of the counts that add up


@dataclass(frozen=True)
class Sums:
    """What patterns come to: counts by their names in a section's header, and photons of each pixel, (M,) int64."""

    counts: dict[str, int]
    total: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Summing:
    """Sums of patterns, part by part: see `motes.kernels.passes`."""

    def __call__(self, patterns: Patterns, threads: int) -> Sums:
        """Of patterns in memory."""
        counts = {
            "n_lit": patterns.n_lit,
            "n_photons": patterns.n_photons,
            "max_count": patterns.max_count,
            "sum_of_squares": patterns.sum_of_squares(),
            "n_empty": patterns.n_empty,
        }
        return Sums(counts, _core.total_image(patterns._core, threads=threads))

    def combine(self, one: Sums, other: Sums) -> Sums:
        """Of two parts together."""
        return Sums(counted([one.counts, other.counts]), one.total + other.total)


def counted(parts: Sequence[dict[str, int]]) -> dict[str, int]:
    """Counts of several parts together.

    Examples
    --------
    >>> one = {"n_lit": 3, "n_photons": 5, "sum_of_squares": 9, "n_empty": 0, "max_count": 2}
    >>> counted([one, one | {"max_count": 1}])
    {'n_lit': 6, 'n_photons': 10, 'sum_of_squares': 18, 'n_empty': 0, 'max_count': 2}
    """
    sums = {name: sum(part[name] for part in parts) for name in ADDED}
    return sums | {"max_count": max((part["max_count"] for part in parts), default=0)}


class StoredTotals:
    """Sums over the photons of `motes.StoredPatterns`."""

    _sections: Sections
    _kept: npt.NDArray[np.bool_] | None
    bounds: npt.NDArray[np.int64]

    def _summed(self, sections: Sequence[int]) -> Sums:
        """What the patterns of some sections come to; these are read."""
        raise NotImplementedError

    @property
    def path(self) -> Path:
        """The store."""
        return self._sections.path

    @property
    def shape(self) -> Shape:
        """Rows and columns of the detector, in pixels."""
        return self._sections.shape

    @property
    def closed(self) -> bool:
        """Whether its writer was done."""
        return self._sections.closed

    @property
    def n_pixels(self) -> int:
        """Pixels of the detector."""
        return self.shape[0] * self.shape[1]

    @property
    def n_sections(self) -> int:
        """Sections, also those of which no pattern was selected."""
        return len(self._sections.headers)

    def __len__(self) -> int:
        return int(self.bounds[-1])

    @cached_property
    def nbytes(self) -> int:
        """Bytes that the sections with patterns here take in memory."""
        return int(self._sections.sizes[np.diff(self.bounds) > 0].sum())

    @property
    def _n_unsummed(self) -> int:
        """Patterns that are yet to be read for sums: of sections that are here in part, or that hold no total.

        They are read when sums are first asked for, once, and by `engine` where there is one.
        """
        to_read = {"_of_parts": self._in_part(), "_of_untold": self._untold()}
        sections = [k for name, found in to_read.items() if name not in self.__dict__ for k in found]
        return sum(int(self.bounds[k + 1] - self.bounds[k]) for k in sections)

    @cached_property
    def _of_parts(self) -> Sums:
        return self._summed(self._in_part())

    @cached_property
    def _of_untold(self) -> Sums:
        return self._summed(self._untold())

    @cached_property
    def _sums(self) -> dict[str, int]:
        """Sums of the headers; of sections that are here in part, of their patterns."""
        whole = [self._sections.headers[k].counts for k in self._wanted() if self._is_whole(k)]
        return counted([*whole, self._of_parts.counts])

    @property
    def n_lit(self) -> int:
        """Pixels lit, over all patterns."""
        return self._sums["n_lit"]

    @property
    def n_photons(self) -> int:
        """Photons, over all patterns."""
        return self._sums["n_photons"]

    @property
    def max_count(self) -> int:
        """The most photons in one pixel of one pattern; 0 without photons."""
        return self._sums["max_count"]

    @property
    def n_empty(self) -> int:
        """Patterns without photons."""
        return self._sums["n_empty"]

    def sum_of_squares(self) -> int:
        """Sum over patterns of the squared counts, in whole numbers."""
        return self._sums["sum_of_squares"]

    @cached_property
    def _total(self) -> npt.NDArray[np.int64]:
        total = self._of_parts.total + self._of_untold.total
        for k in self._wanted():
            section = self._sections.headers[k]
            if self._is_whole(k) and "total" in section.crc32c:
                total += read_total(section, self.n_pixels)
        total.flags.writeable = False
        return total

    def total_image(self) -> npt.NDArray[np.int64]:
        """Photons of each pixel, over all patterns: (H, W), computed once."""
        return self._total.reshape(self.shape)

    def mean_image(self) -> npt.NDArray[np.float64]:
        """Mean photons of each pixel: (H, W); zeros where there are no patterns."""
        mean: npt.NDArray[np.float64] = self.total_image() / max(1, len(self))
        return mean

    @cached_property
    def fingerprint(self) -> str:
        """Of the patterns, told by the headers: another where a pattern differs or the selection does."""
        if self._kept is None:
            return self._sections.fingerprint
        mark = self._sections.mark.copy()
        mark.update(np.packbits(self._kept).tobytes())
        return mark.hexdigest()

    def _wanted(self) -> list[int]:
        """Sections with a pattern here."""
        return [int(k) for k in np.flatnonzero(np.diff(self.bounds))]

    def _is_whole(self, k: int) -> bool:
        return int(self.bounds[k + 1] - self.bounds[k]) == self._sections.headers[k].n_patterns

    def _in_part(self) -> list[int]:
        """Sections of which some patterns are here, and some are not."""
        return [k for k in self._wanted() if not self._is_whole(k)]

    def _untold(self) -> list[int]:
        """Sections that are here whole, and hold no photons by pixel."""
        return [k for k in self._wanted() if self._is_whole(k) and "total" not in self._sections.headers[k].crc32c]
