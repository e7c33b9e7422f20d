"""What patterns on disk are summed up to: the headers say it; photons are read only where a section is here in part."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.cached import cached_property
from motes.io.store.reading import read_total, room_of
from motes.patterns import Patterns
from motes.sections import Sections
from motes.shapes import Shape
from motes.threads import available_threads


class StoredTotals:
    """Sums over the photons of `motes.StoredPatterns`."""

    _sections: Sections
    _kept: npt.NDArray[np.bool_] | None
    bounds: npt.NDArray[np.int64]

    def parts(self, sections: Iterable[int] | None = None) -> Iterator[tuple[int, Patterns]]:
        """Number and patterns of each section."""
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

    @property
    def nbytes(self) -> int:
        """Bytes that the sections with patterns here take in memory."""
        return sum(room_of(self._sections.headers[k], self.n_pixels) for k in self._wanted())

    @cached_property
    def _sums(self) -> dict[str, int]:
        """Sums of the headers; of sections that are here in part, of their patterns."""
        parts = [k for k in self._wanted() if not self._is_whole(k)]
        whole = [self._sections.headers[k] for k in self._wanted() if self._is_whole(k)]
        told = [section.counts for section in whole]
        for _, part in self.parts(parts):
            told.append(
                {
                    "n_lit": part.n_lit,
                    "n_photons": part.n_photons,
                    "max_count": part.max_count,
                    "sum_of_squares": part.sum_of_squares(),
                    "n_empty": int(np.count_nonzero(np.diff(part.indptr) == 0)),
                }
            )
        names = ("n_lit", "n_photons", "sum_of_squares", "n_empty")
        sums = {name: sum(one[name] for one in told) for name in names}
        return sums | {"max_count": max((one["max_count"] for one in told), default=0)}

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
        total = np.zeros(self.n_pixels, np.int64)
        to_read = []
        for k in self._wanted():
            section = self._sections.headers[k]
            if self._is_whole(k) and "total" in section.crc32c:
                total += read_total(section, self.n_pixels)
            else:
                to_read.append(k)
        for _, part in self.parts(to_read):
            total += _core.total_image(part._core, threads=available_threads())
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
        mark = hashlib.sha256(repr(self.shape).encode())
        for section in self._sections.headers:
            mark.update(repr((sorted(section.counts.items()), sorted(section.crc32c.items()))).encode())
        if self._kept is not None:
            mark.update(np.packbits(self._kept).tobytes())
        return mark.hexdigest()

    def _wanted(self) -> list[int]:
        """Sections with a pattern here."""
        return [int(k) for k in np.flatnonzero(np.diff(self.bounds))]

    def _is_whole(self, k: int) -> bool:
        return int(self.bounds[k + 1] - self.bounds[k]) == self._sections.headers[k].n_patterns
