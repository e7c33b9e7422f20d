"""A master that is known, turned by interpolated angles, with patterns drawn from its templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes import simulate
from motes.cached import cached_property
from motes.checks import whole
from motes.detector import Detector
from motes.in_plane import InPlane
from motes.limits.known import FEWEST_ASKED, PATTERNS_SIMULATED, FloatArray, Known, checked, enough, known
from motes.maps import TemplateMap
from motes.noise import Noise, noise_of
from motes.patterns import Patterns
from motes.quotient import tangent
from motes.reconstruction.mixture.information import Sample, Told, inverted, squared, turns_of
from motes.reconstruction.mixture.problem import MixtureProblem
from motes.reconstruction.mixture.scores import Scores
from motes.rotations import Rotations, rotations_of
from motes.simulate.photons import check_means
from motes.threads import available_threads, one_blas_thread

_FLOOR = 1e-5  # of a pixel's own information: scores are of single precision
_LARGEST = 4096  # pixels
_USUAL, _PER_PIXEL = 20_000, 8  # patterns: each costs its photons, once for every angle in doubt


@dataclass(frozen=True, eq=False)
class KnownTurns:
    """What `Known` is, of in-plane turns: `limits` asks either for the same things.

    Attributes
    ----------
    master : (L, L) float64 array
        Mean photons a pixel; only what lies within the inscribed disc is ever seen.
    problem : MixtureProblem
        The simulated patterns, all angles equally likely and known to be.
    """

    master: FloatArray
    problem: MixtureProblem

    @property
    def rotations(self) -> TemplateMap:
        """How it turns."""
        return self.problem.maps[0]

    @property
    def noise(self) -> Noise:
        """How photons scatter."""
        return self.problem.noise

    @cached_property
    def inside(self) -> npt.NDArray[np.bool_]:
        """(M,): pixels of the disc."""
        return np.asarray(self.rotations.support(self.problem.patterns.shape).ravel())

    @cached_property
    def flat(self) -> FloatArray:
        """(M,): the master, kept within what the simulated patterns can tell."""
        return self.problem.inside(self.master.ravel())

    @cached_property
    def scores(self) -> Scores:
        """Of patterns at the master."""
        uniform = self.problem.uniform
        return Scores(self.problem, self.flat, uniform, np.zeros((0, len(uniform))))

    @cached_property
    def responsibilities(self) -> npt.NDArray[np.floating]:
        """(n, R): what each simulated pattern says of its own angle."""
        patterns, templates = self.problem.in_memory, self.scores.templates
        parts = [templates.responsibilities(patterns[part], None) for part in templates.parts(patterns, None)]
        return np.concatenate(parts)

    @cached_property
    def sample(self) -> Sample:
        """The simulated patterns, as the information takes them."""
        return Sample(self.problem.in_memory, self.responsibilities)

    @cached_property
    def information(self) -> FloatArray:
        """(M, M): E[s s^T] of one pattern."""
        with one_blas_thread():
            return squared(self.scores, self.sample)

    @cached_property
    def complete(self) -> FloatArray:
        """(M, M): the information of one pattern were its angle known."""
        from scipy.sparse import diags_array

        scores = self.scores
        told = scores.weights[:, None] * scores.slopes**2 / self.noise.precision(scores.means)
        return np.asarray((scores.maps.T @ diags_array(told.ravel()) @ scores.maps).toarray())

    @cached_property
    def told(self) -> Told:
        """What one pattern tells of the master, across its turn."""
        n = len(self.problem.patterns)
        shrink = max(1 - (int(self.inside.sum()) + 1) / n, 0.01)  # the mean of an inverse Wishart matrix
        with one_blas_thread():
            return inverted(
                self.scores, self.information, turns=turns_of(self.scores), n_sample=n, shrink=shrink, floor=_FLOOR
            )

    @property
    def untold(self) -> bool:
        """Some directions of the master are hardly told at all; so where it is round, or flat."""
        return self.told.untold > 0 or not self.turning.any()

    def std_error(self, n_patterns: int) -> FloatArray:
        """(M,): least standard error of each pixel; NaN beyond the disc."""
        looks = np.maximum(self.scores.looks, 1e-300)
        low, high = self.noise.limits(n_patterns)
        ends = (self.master.ravel() <= 2 * low) | (self.master.ravel() >= 1 - 2 * (1 - high))
        std_error = np.where(ends, 1 / (n_patterns * looks), np.sqrt(self.told.variance / n_patterns))
        return np.where(self.inside, std_error, np.nan)

    @cached_property
    def missing_information(self) -> float:
        """The largest fraction of information that the unknown angles hide, the turn of the whole master left out."""
        from scipy.linalg import eigh

        free = self.inside & (self.scores.complete > 0)
        with one_blas_thread():
            hidden = (squared(self.scores, self.sample, apart=True) - self.information)[np.ix_(free, free)]
            complete = self.complete[np.ix_(free, free)]
            turns = turns_of(self.scores)[free]
            hidden = hidden - turns @ (turns.T @ hidden)
            hidden = hidden - (hidden @ turns) @ turns.T
            largest = eigh(hidden, complete, eigvals_only=True, subset_by_index=[len(hidden) - 1] * 2)[0]
        return float(min(max(largest, 0.0), 1.0))

    @cached_property
    def contrast(self) -> float:
        """||master - mean|| within the disc, 0 where it is rounding."""
        shown = self.master.ravel()[self.inside]
        size = float(np.linalg.norm(shown - shown.mean()))
        return size if size > 1e-12 * float(np.linalg.norm(shown)) else 0.0

    @cached_property
    def _round(self) -> npt.NDArray[np.float64]:
        """(M, M): the mean over all turns."""
        n_templates, n_pixels = self.rotations.n, self.master.size
        whole: npt.NDArray[np.float64] = np.zeros((n_pixels, n_pixels))
        for r in range(n_templates):
            whole += self.scores.maps[r * n_pixels : (r + 1) * n_pixels].toarray() / n_templates
        return whole

    @cached_property
    def symmetric_variance(self) -> float:
        """Of the master's mean over all turns, from one pattern: photons of a ring, added up, know no angle."""
        return float(((self._round**2).sum(axis=0) / self.noise.precision(self.flat))[self.inside].sum())

    @cached_property
    def variance_if_known(self) -> float:
        """Sum of the pixels' variances from one pattern, were its angle known."""
        with one_blas_thread():
            inside = np.ix_(self.inside, self.inside)
            return float(np.trace(np.linalg.inv(self.complete[inside])))

    @cached_property
    def turning(self) -> FloatArray:
        """(M,): the part of the master that turns: less its mean over all turns, 0 where it is rounding."""
        master = np.where(self.inside, self.master.ravel(), 0.0)
        part = np.where(self.inside, master - self._round @ master, 0.0)
        return part if np.linalg.norm(part) > 1e-9 * np.linalg.norm(master) else np.zeros_like(part)

    @cached_property
    def angular_resolution(self) -> float:
        """Standard error of the angle of one pattern, degrees, the master known."""
        return resolution_of(self.master, self.rotations, self.noise)


AnyKnown: TypeAlias = Known | KnownTurns


def resolution_of(master: FloatArray, rotations: TemplateMap, noise: Noise) -> float:
    """1 / sqrt(information of one pattern about its angle), degrees: infinite for a round master.

    The information is sum_i (dt_i / d angle)^2 / variance_i over a template t, averaged over all templates.
    """
    low, high = noise.limits(10**9)
    inside = rotations.support((len(master), len(master)))
    told = []
    for template in rotations.expand(master):
        slopes = tangent(template)[inside]
        told.append(float((slopes**2 * noise.precision(np.clip(template[inside], max(low, 1e-12), high))).sum()))
    information = float(np.mean(told))
    return float(np.rad2deg(1 / np.sqrt(information))) if information > 0 else float("inf")


def known_of(
    master: npt.NDArray[np.floating],
    rotations: TemplateMap | str,
    noise: Noise | str | None,
    n_simulated: int | None,
    seed: int,
    threads: int | None,
) -> AnyKnown:
    """As `known.known`, of in-plane turns too.

    Examples
    --------
    >>> known_of(np.full((3, 3), 0.1), "in-plane:5", None, 1000, 0, 1).responsibilities.shape
    (1000, 5)
    """
    truth, turns, noise = checked_of(master, rotations, noise)
    if not isinstance(turns, InPlane):
        assert isinstance(turns, Rotations)
        return known(truth, turns, noise, n_simulated, seed, threads)
    seed = whole("seed", seed, 0)
    usual = max(min(enough(truth), _USUAL), min(_PER_PIXEL * truth.size, PATTERNS_SIMULATED))
    n = usual if n_simulated is None else whole("n_simulated", n_simulated, FEWEST_ASKED)
    drawn = simulate.mixture([turns.expand(truth)], n, noise=noise.name, seed=seed)  # type: ignore[arg-type]
    assert drawn.rows is not None
    assert drawn.cols is not None
    patterns = Patterns.from_coo(drawn.rows, drawn.cols, counts=drawn.counts, shape=truth.shape, n_patterns=n)
    everywhere = Detector.from_mask(np.zeros(truth.shape, int))
    problem = MixtureProblem(
        patterns, (turns,), noise, everywhere, False, False, 1.0, np.float32, available_threads(threads)
    )
    return KnownTurns(truth, problem)


def checked_of(
    master: npt.NDArray[np.floating], rotations: TemplateMap | str, noise: Noise | str | None
) -> tuple[FloatArray, TemplateMap, Noise]:
    """As `known.checked`, of in-plane turns too."""
    turns = rotations_of(rotations)
    if isinstance(turns, Rotations):
        return checked(master, turns, noise)
    if not isinstance(turns, InPlane):
        raise ValueError(f"rotations: limits are of C4, D4 or in-plane turns, got {turns.name}")
    if turns.n_angles == 1:
        raise ValueError(f"rotations: expected C4, D4 or several angles, got {turns.name}: it leaves no angle unknown")
    noise, truth = noise_of(noise), np.asarray(master, np.float64)
    if truth.ndim != 2 or len(truth) != len(truth.T):
        raise ValueError(f"master: expected a square image, got shape {truth.shape}")
    if truth.size > _LARGEST:
        raise ValueError(f"master: expected at most {_LARGEST} pixels for in-plane turns, got {truth.size}")
    check_means(truth, noise.name)
    return truth, turns, noise
