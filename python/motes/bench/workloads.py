"""Reference work W7, in the layout that each side likes best; no layout is made inside a timing."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from motes import C4, Bernoulli, Patterns, simulate
from motes.cached import cached_property
from motes.reconstruction.problem import Problem

SIDE, PHOTONS, CONTRAST = 25, 27.4, 0.5
N_PATTERNS = 100_000


def portrait(contrast: float) -> npt.NDArray[np.float64]:
    """Master of W7: (25, 25) mean photons, 27.4 in all."""
    return simulate.scaled(simulate.with_contrast(simulate.portrait(SIDE), contrast), PHOTONS)


def as_patterns(truth: simulate.PhotonTruth) -> Patterns:
    """Simulated photons as a container."""
    return Patterns.from_coo(truth.rows, truth.cols, shape=truth.master.shape, n_patterns=truth.n_patterns)


class Work:
    """Patterns of the portrait, everything that the kernels take, and the peers' layouts of both.

    Parameters
    ----------
    n_patterns : int
        Patterns drawn.
    repeats : int
        How often they stand behind each other: as good as more patterns for time, and much sooner drawn.
    """

    def __init__(self, n_patterns: int, repeats: int = 1) -> None:
        self.truth = simulate.patterns(portrait(CONTRAST), n_patterns, seed=7)
        self.repeats = repeats
        self.n_patterns = n_patterns * repeats
        self.n_pixels = SIDE * SIDE
        self.master = self.truth.master.ravel()

    @property
    def share(self) -> float:
        """Of the reference work: what every other size shrinks with."""
        return min(1.0, self.truth.n_patterns / N_PATTERNS)

    def scaled(self, n: int, power: int = 1) -> int:
        """A size of the reference work, even or odd as it is, for work that grows with its `power`.

        Examples
        --------
        >>> Work(1_000).scaled(2000, power=2), Work(1_000).scaled(129, power=3)
        (200, 29)
        """
        return n if self.share == 1 else int(round(n * self.share ** (1 / power)) // 2 * 2 + n % 2)

    # -- photons ------------------------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> npt.NDArray[np.int32]:
        """(K,): pattern of each photon, ascending."""
        first = np.arange(self.repeats, dtype=np.int32) * np.int32(self.truth.n_patterns)
        return (self.truth.rows.astype(np.int32) + first[:, None]).ravel()

    @cached_property
    def cols(self) -> npt.NDArray[np.int32]:
        """(K,): pixel of each photon."""
        return np.tile(self.truth.cols.astype(np.int32), self.repeats)

    @cached_property
    def shuffled(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Rows and columns in random order."""
        order = np.random.default_rng(1).permutation(self.rows.size)
        return self.rows[order], self.cols[order]

    @cached_property
    def ones(self) -> npt.NDArray[np.float32]:
        """(K,): one photon each."""
        return np.ones(self.rows.size, np.float32)

    @cached_property
    def patterns(self) -> Patterns:
        """The container."""
        return Patterns.from_coo(self.rows, self.cols, shape=(SIDE, SIDE), n_patterns=self.n_patterns)

    @functools.cache  # noqa: B019 - a Work lives as long as the process
    def csr(self, dtype: Any = np.float32, *, transposed: bool = False) -> Any:
        """SciPy CSR of the patterns (N, M), or of their transpose (M, N)."""
        import scipy.sparse

        matrix = scipy.sparse.csr_matrix(self.patterns.to_scipy().astype(dtype))
        return scipy.sparse.csr_matrix(matrix.T) if transposed else matrix

    @functools.cache  # noqa: B019
    def dense(self, dtype: Any = np.float32) -> npt.NDArray[Any]:
        """(N, M) array."""
        dense: npt.NDArray[Any] = self.csr(dtype).toarray()
        return dense

    # -- what the kernels take ----------------------------------------------------------------------------------------

    @cached_property
    def index(self) -> npt.NDArray[np.int32]:
        """(R, M): pixels of the master that each template shows."""
        return C4.index((SIDE, SIDE))

    @cached_property
    def weights(self) -> npt.NDArray[np.float32]:
        """(M, R): log-likelihood that a photon adds."""
        return log_odds(self.master[self.index])[0]

    @cached_property
    def base(self) -> npt.NDArray[np.float32]:
        """(R,): log-likelihood of no photon."""
        return log_odds(self.master[self.index])[1]

    @cached_property
    def many_weights(self) -> npt.NDArray[np.float32]:
        """(M, 1024): weights of many orientations."""
        return np.random.default_rng(2).standard_normal((self.n_pixels, 1024)).astype(np.float32)

    @cached_property
    def responsibilities(self) -> npt.NDArray[np.float32]:
        """(N, R): of the templates, at the truth."""
        return self.problem(1).posterior(self.master, np.full(4, 0.25), self.patterns)

    @cached_property
    def centroids(self) -> npt.NDArray[np.float64]:
        """(K, H, W): where k-means starts. The templates themselves are so symmetric that patterns tie between them."""
        blur = np.random.default_rng(3).uniform(0.9, 1.1, self.index.shape)
        return (self.master[self.index] * blur).reshape(-1, SIDE, SIDE)

    @cached_property
    def turns(self) -> npt.NDArray[np.int32]:
        """(N,): clockwise quarter turns of `noiseless`; 0 first."""
        turns = np.random.default_rng(4).integers(0, 4, self.n_patterns, dtype=np.int32)
        turns[0] = 0
        return turns

    @cached_property
    def noiseless(self) -> Patterns:
        """Turns of the first pattern."""
        templates = C4.expand(self.patterns[:1].to_dense()[0]).reshape(4, -1)
        cols = np.stack([np.flatnonzero(template) for template in templates])[self.turns]
        rows = np.repeat(np.arange(self.n_patterns, dtype=np.int64), cols.shape[1])
        return Patterns.from_coo(rows, cols.ravel(), shape=(SIDE, SIDE), n_patterns=self.n_patterns)

    def problem(self, threads: int) -> Problem:
        """The reconstruction's own view of the patterns."""
        good = np.ones(self.n_pixels, np.bool_)
        return Problem(self.patterns, C4, Bernoulli(), good, False, np.float32, threads)

    # -- what all peers' iterations share -----------------------------------------------------------------------------

    def home(self, planes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Planes (M, R) turned home and added, per pattern: the next master (M,)."""
        total = np.zeros(self.n_pixels)
        for plane, index in zip(planes.T, self.index, strict=True):
            total[index] += plane
        return total / self.n_patterns


def log_odds(templates: npt.NDArray[np.float64], dtype: Any = np.float32) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Weights (M, R) and base (R,) of Bernoulli templates (R, M)."""
    weights = np.log(templates) - np.log1p(-templates)
    return np.ascontiguousarray(weights.T, dtype), np.log1p(-templates).sum(axis=1).astype(dtype)
