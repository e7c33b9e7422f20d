"""Scores of patterns about the masters of a mixture, through any linear map.

With t = A m the templates of the masters, c the correction and phi the fluence, the score of one pattern, its class and
rotation unknown, is

    s_p = sum_t gamma_pt A_t^T [phi_p c (x_p - mean_pt) / variance_pt],      mean_pt = phi_p c t + b,

a sum of a few photons, each spread over the pixels that its template's pixel is made of, and of terms that all patterns
share. Templates of a responsibility below 1e-6 are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.dense import DensePatterns
from motes.maps import TemplateMap
from motes.reconstruction.blocks import blocks
from motes.reconstruction.mixture.layout import FloatArray
from motes.reconstruction.mixture.problem import MixtureProblem
from motes.reconstruction.mixture.templates import AnyPatterns, Templates
from motes.shapes import Shape

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SMALL = 1e-6  # responsibility: of less, nothing is seen
_ROUNDING = 1e-12
_AT_ONCE = 2048  # patterns whose scores are held together
_ENTRIES = 1 << 22  # photons, each once for every template that it may show, likewise


def matrix_of(turns: TemplateMap, shape: Shape) -> csr_array[Any]:
    """A map as a sparse matrix (R * M, pixels of the master).

    Where every pixel of a template is made of some of 2x2 neighbours, as bilinear ones are, four sparse lattices of
    the master's pixels tell which and how much; of other maps, each of the master's unit vectors is a column.

    Examples
    --------
    >>> from motes import C4
    >>> matrix_of(C4, (2, 2)).toarray()[4:8].astype(int)
    array([[0, 0, 1, 0],
           [1, 0, 0, 0],
           [0, 0, 0, 1],
           [0, 1, 0, 0]])
    """
    master = turns.back_rotate(np.zeros((turns.n, *shape)))
    if master.ndim == 2:
        matrix = _from_lattices(turns, master.shape)
        probe = np.random.default_rng(0).uniform(0.5, 1.5, master.shape)
        expected = turns.expand(probe).ravel()
        if np.abs(matrix @ probe.ravel() - expected).max(initial=0.0) <= _ROUNDING * np.abs(expected).max(initial=0.0):
            return matrix
    return _from_columns(turns, master)


def _from_lattices(turns: TemplateMap, shape: tuple[int, ...]) -> csr_array[Any]:
    """Right if no two pixels of a lattice with a spacing of 2 enter one pixel of a template."""
    from scipy.sparse import coo_array

    number = np.arange(1.0, 1 + shape[0] * shape[1]).reshape(shape)
    rows, columns, values = [], [], []
    for first in np.ndindex(2, 2):
        lattice = np.zeros(shape)
        lattice[first[0] :: 2, first[1] :: 2] = 1.0
        share, named = turns.expand(lattice).ravel(), turns.expand(lattice * number).ravel()
        rows.append(np.flatnonzero(share))
        values.append(share[rows[-1]])
        columns.append(np.rint(named[rows[-1]] / values[-1]).astype(np.int64) - 1)
    column = np.concatenate(columns).clip(0, number.size - 1)
    size = (share.size, number.size)
    return coo_array((np.concatenate(values), (np.concatenate(rows), column)), shape=size).tocsr()


def _from_columns(turns: TemplateMap, zeros: FloatArray) -> csr_array[Any]:
    from scipy.sparse import csc_array

    rows, values, ends = [], [], [0]
    for j in range(zeros.size):
        unit = zeros.copy()
        unit.flat[j] = 1.0
        column = turns.expand(unit).ravel()
        rows.append(np.flatnonzero(column))
        values.append(column[rows[-1]])
        ends.append(ends[-1] + len(rows[-1]))
    return csc_array((np.concatenate(values), np.concatenate(rows), ends), shape=(column.size, zeros.size)).tocsr()


@dataclass(frozen=True, eq=False)
class Scores:
    """What makes scores at one point of a problem.

    Attributes
    ----------
    problem : MixtureProblem
        The model.
    vector : float64 array
        All masters, and what else there is.
    weights : (T,) float64 array
        Probability of each template.
    directions : (n_directions, T) float64 array
        Of the weights, along which they are estimated: their scores follow those of the masters.
    classes : tuple of int, optional
        About the masters of which classes; all by default. n_pixels is theirs.
    """

    problem: MixtureProblem
    vector: FloatArray
    weights: FloatArray
    directions: FloatArray
    classes: tuple[int, ...] | None = None

    @cached_property
    def templates(self) -> Templates:
        """What patterns are scored by."""
        return self.problem.templates(self.vector, self.weights)

    @property
    def means(self) -> FloatArray:
        """(T, M): at fluence 1."""
        return self.templates.means

    @cached_property
    def slopes(self) -> FloatArray:
        """(T, M): what one photon adds to the score about the template's pixel, at fluence 1."""
        detector = self.problem.merging
        collected = np.where(detector.merged, detector.correction, 0.0).ravel()
        slopes: FloatArray = collected * self.templates.noise.precision(self.means)
        return slopes

    @cached_property
    def maps(self) -> csr_array[Any]:
        """(T * M, n_pixels): the maps of all classes, each in the columns of its own master."""
        from scipy.sparse import block_array, csr_array

        shape, n = self.problem.patterns.shape, len(self.problem.maps)
        distinct = {id(turns): turns for turns in self.problem.maps}  # maps of one's own may share a name
        matrices = {key: matrix_of(turns, shape) for key, turns in distinct.items()}
        grid: list[list[Any]] = [[None] * n for _ in range(n)]
        for k, turns in enumerate(self.problem.maps):
            chosen = self.classes is None or k in self.classes
            matrix = matrices[id(turns)]
            grid[k][k] = matrix if chosen else csr_array((matrix.shape[0], 0))
        return block_array(grid, format="csr")

    def per_class(self) -> Iterator[tuple[int, FloatArray]]:
        """The classes in question, and their masters."""
        for k, master in enumerate(self.problem.layout.split(self.vector)):
            if self.classes is None or k in self.classes:
                yield k, master

    @cached_property
    def masters(self) -> FloatArray:
        """(n_pixels,): of the classes in question, flat, one after the other."""
        return np.concatenate([master.ravel() for _, master in self.per_class()])

    @cached_property
    def shared(self) -> FloatArray:
        """(T, n_pixels): what every pattern of fluence 1 takes off its score, for each template."""
        from scipy.sparse import csr_array

        n_templates, n_pixels = self.means.shape
        rows = np.repeat(np.arange(n_templates), n_pixels)
        off = csr_array(
            ((self.slopes * self.means).ravel(), (rows, np.arange(rows.size))), shape=(n_templates, rows.size)
        )
        return np.asarray((off @ self.maps).toarray())

    @cached_property
    def complete(self) -> FloatArray:
        """(n_pixels,): information of one pattern about each pixel, if its template were known."""
        squared = self.maps.copy()
        squared.data = squared.data**2
        told = self.weights[:, None] * self.slopes**2 / self.templates.noise.precision(self.means)
        return np.asarray(squared.T @ told.ravel())

    @cached_property
    def looks(self) -> FloatArray:
        """(n_pixels,): how many merged pixels show a pixel of the masters, in the mean of patterns."""
        shown = self.weights[:, None] * (self.slopes > 0)
        return np.asarray(self.maps.T @ shown.ravel())

    def of(
        self,
        patterns: AnyPatterns,
        responsibilities: npt.NDArray[Any],
        fluence: FloatArray | None = None,
        *,
        apart: bool = False,
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Scores of some patterns after others: (n, n_pixels + n_directions) float32.

        Parameters
        ----------
        patterns : Patterns or DensePatterns
            Any of them.
        responsibilities : (N, T) array
            Of these.
        fluence : (N,) float64 array, optional
            Of these; 1 by default.
        apart : bool
            A row for each template that a pattern may show, as if it were known, times the root of its responsibility.
        """
        lit = _lit_of(patterns)
        for part in blocks(patterns, most=_AT_ONCE):
            kept = (responsibilities[part] > SMALL).sum(axis=1)
            ends = np.cumsum(np.maximum(kept, 1) * np.maximum(lit[part], (self.maps.shape[1] if apart else 0)))
            first = 0
            while first < len(ends):
                before = ends[first - 1] if first else 0
                last = max(int(np.searchsorted(ends, before + _ENTRIES, side="right")), first + 1)
                some = slice(part.start + first, part.start + last)
                gamma = np.where(responsibilities[some] > SMALL, responsibilities[some], 0.0)
                yield self._block(patterns[some], gamma, None if fluence is None else fluence[some], apart)
                first = last

    def _block(
        self, patterns: AnyPatterns, gamma: FloatArray, fluence: FloatArray | None, apart: bool
    ) -> npt.NDArray[np.float32]:
        from scipy.sparse import csr_array

        counts, n_pixels = _sparse(patterns), self.means.shape[1]
        pattern, template = np.nonzero(gamma)
        share = gamma[pattern, template]
        row, n_rows = (np.arange(len(share)), len(share)) if apart else (pattern, len(gamma))
        share = np.sqrt(share) if apart else share
        lit = np.diff(counts.indptr)[pattern]
        first = np.repeat(counts.indptr[pattern] - np.cumsum(lit) + lit, lit)
        place = first + np.arange(lit.sum())  # of each photon, for each template that its pattern may show
        pixel, shown = counts.indices[place], np.repeat(template, lit)
        value = np.repeat(share, lit) * counts.data[place] * self.slopes[shown, pixel]
        exposed = share
        if fluence is not None:
            exposed = share * fluence[pattern]
            background = self.problem.detector.background
            if background is not None:  # a photon is worth what of it the signal can claim
                brightness = np.repeat(fluence[pattern], lit)
                means, off = self.means[shown, pixel], background.ravel()[pixel]
                value *= brightness * means / (brightness * (means - off) + off)
        ends = np.concatenate([[0], np.cumsum(np.bincount(row, lit, n_rows).astype(np.int64))])
        photons = csr_array((value, shown * n_pixels + pixel, ends), shape=(n_rows, self.maps.shape[0]))
        shape = (n_rows, len(self.weights))
        scores = (photons @ self.maps).toarray() - csr_array((exposed, (row, template)), shape=shape) @ self.shared
        along = np.ascontiguousarray((self.directions / self.weights).T)
        of_weights = np.asarray(csr_array((share, (row, template)), shape=shape) @ along)
        return np.concatenate([scores, of_weights], axis=1, dtype=np.float32)


def _lit_of(patterns: AnyPatterns) -> npt.NDArray[np.int64]:
    """(N,): pixels of each pattern that are not 0, or, of dense ones, all."""
    if isinstance(patterns, DensePatterns):
        return np.full(len(patterns), patterns.n_pixels, np.int64)
    return np.diff(patterns.indptr)


def _sparse(patterns: AnyPatterns) -> csr_array[Any]:
    """(N, M): values of pixels; of dense patterns all of them, also those that are 0."""
    if not isinstance(patterns, DensePatterns):
        return patterns.to_scipy()
    from scipy.sparse import csr_array

    n, n_pixels = len(patterns), patterns.n_pixels
    columns = np.tile(np.arange(n_pixels), n)
    values = patterns.rows(slice(0, n)).astype(np.float64, copy=False)
    return csr_array((values.ravel(), columns, n_pixels * np.arange(n + 1)), shape=(n, n_pixels))
