"""Turns by many angles to be raced on: a portrait of 64 x 64 pixels, and patterns of it at 36 angles."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from motes import InPlane, Patterns, simulate
from motes.bench.workloads import Work
from motes.cached import cached_property

ANGLES, SIDE, PHOTONS, CONTRAST = 36, 64, 400.0, 0.7
N_TURNED = 50_000


@dataclass(frozen=True, eq=False)
class Turned:
    """A master, its turns, and Poisson patterns of their templates.

    Attributes
    ----------
    turns : InPlane
        36 angles.
    master : (L, L) float64 array
        Mean photons a pixel, 400 in all; the disc alone is ever seen.
    n_patterns : int
        N.
    """

    turns: InPlane
    master: npt.NDArray[np.float64]
    n_patterns: int

    @property
    def side(self) -> int:
        """L."""
        return len(self.master)

    @cached_property
    def inside(self) -> npt.NDArray[np.bool_]:
        """(L * L,): the disc."""
        return self.turns.support(self.master.shape).ravel()

    @cached_property
    def planes(self) -> npt.NDArray[np.float64]:
        """(R, L, L) of random numbers, those of a pixel side by side."""
        numbers = np.random.default_rng(3).random((self.master.size, self.turns.n))
        return numbers.T.reshape(self.turns.n, *self.master.shape)

    @cached_property
    def patterns(self) -> Patterns:
        """N patterns, their angles in turn: any photon of them falls by the template's share."""
        rng = np.random.default_rng(11)
        rows, cols = [], []
        for r, template in enumerate(self.turns.expand(self.master)):
            p = np.arange(r, self.n_patterns, self.turns.n)
            row = np.repeat(p, rng.poisson(template.sum(), len(p)))
            rows.append(row)
            cols.append(np.searchsorted(np.cumsum(template.ravel()), rng.random(len(row)) * template.sum(), "right"))
        pixels = np.minimum(np.concatenate(cols), self.master.size - 1)
        return Patterns.from_coo(np.concatenate(rows), pixels, shape=self.master.shape, n_patterns=self.n_patterns)

    @functools.cache  # noqa: B019 - as long as the work
    def csr(self, dtype: Any) -> Any:
        """SciPy CSR of the patterns: (N, M)."""
        return self.patterns.to_scipy().astype(dtype).tocsr()

    @cached_property
    def places(self) -> npt.NDArray[np.float64]:
        """(2, P, R): row and column of the master that each template shows at the P pixels of the disc."""
        centre = (self.side - 1) / 2
        pixels = np.stack(np.divmod(np.flatnonzero(self.inside), self.side)) - centre
        found: npt.NDArray[np.float64] = np.einsum("rab,bp->apr", self.turns.matrices(), pixels[::-1])[::-1] + centre
        return found

    @cached_property
    def matrix(self) -> Any:
        """The turns as SciPy CSR, (M * R, M): the templates of a pixel in rows one after the other."""
        from scipy.sparse import csr_array

        corner = np.floor(self.places)
        padded = np.pad(self.inside.reshape(self.master.shape), 1)
        weights, taps = [], []
        for down, right in np.ndindex(2, 2):
            row, column = (corner + np.array([down, right])[:, None, None]).astype(np.int64)
            near = (1 - abs(self.places[0] - row)) * (1 - abs(self.places[1] - column))
            weights.append(near * padded[row + 1, column + 1])
            taps.append(row.clip(0, self.side - 1) * self.side + column.clip(0, self.side - 1))
        weight = np.stack(weights) / np.sum(weights, axis=0)
        number = np.flatnonzero(self.inside)[:, None] * self.turns.n + np.arange(self.turns.n)
        used = weight > 0
        entries = weight[used], (np.broadcast_to(number, weight.shape)[used], np.stack(taps)[used])
        return csr_array(entries, shape=(self.master.size * self.turns.n, self.master.size))


@functools.lru_cache(maxsize=1)
def turned(work: Work) -> Turned:
    """That of this size: fewer patterns, and a smaller picture, of smaller work."""
    side = max(12, work.scaled(SIDE, power=2))
    picture = simulate.with_contrast(simulate.portrait(side), CONTRAST)
    return Turned(InPlane(ANGLES), simulate.scaled(picture, PHOTONS), max(50, work.scaled(N_TURNED)))
