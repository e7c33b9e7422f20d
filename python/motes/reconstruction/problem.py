"""The likelihood of a master, and the sums from which every method makes its step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.kernels.posterior import labels_of, posterior
from motes.kernels.sweep import sweep_model
from motes.noise import LinearModel, Noise, linear_model
from motes.patterns import Patterns
from motes.reconstruction.account import Account
from motes.rotations import Rotations
from motes.stored import StoredPatterns

FloatArray: TypeAlias = npt.NDArray[np.float64]
Rule: TypeAlias = Literal["soft", "hard", "nearest"]
"""Each pattern to all orientations by their probability, to the likeliest, or to the nearest by Euclidean distance."""


@dataclass(frozen=True, eq=False)
class Point:
    """A master and orientation weights, with what one sweep at them tells.

    Attributes
    ----------
    master : (M,) float64 array
        Mean photons a pixel.
    weights : (R,) float64 array
        Probability of each rotation.
    log_likelihood : float
        Nats per pattern, at `master` and `weights`.
    em_master, em_weights : arrays
        The M step from here.
    """

    master: FloatArray
    weights: FloatArray
    log_likelihood: float
    em_master: FloatArray
    em_weights: FloatArray


@dataclass(frozen=True)
class Problem:
    """Patterns, how they turn, how they scatter, and which pixels of the detector are good.

    The arithmetic of an iteration is here too, in NumPy; `ondevice.ProblemOnDevice` has it on a GPU. The methods that
    climb are written once, for both.
    """

    patterns: Patterns | StoredPatterns
    rotations: Rotations
    noise: Noise
    good: npt.NDArray[np.bool_]  # (M,), detector
    estimate_weights: bool
    dtype: type[np.float32] | type[np.float64]
    threads: int
    pool: Patterns | None = None  # a sample in memory, which smaller ones are drawn from
    account: Account = field(default_factory=Account, compare=False)

    @property
    def in_memory(self) -> Patterns:
        """The patterns, of a problem that no store is given to."""
        assert isinstance(self.patterns, Patterns)
        return self.patterns

    @cached_property
    def index(self) -> npt.NDArray[np.int32]:
        """(R, M): the master's pixel that each template shows at each detector pixel."""
        return self.rotations.index(self.patterns.shape)

    @cached_property
    def inverse(self) -> npt.NDArray[np.int32]:
        """(R, M): the detector pixel where each template shows each pixel of the master."""
        return np.argsort(self.index, axis=1).astype(np.int32)

    @cached_property
    def looks(self) -> FloatArray:
        """(R, M): 1 where a template shows a pixel of the master to a good detector pixel."""
        return self.good[self.inverse].astype(np.float64)

    @cached_property
    def seen(self) -> npt.NDArray[np.bool_]:
        """(M,): pixels of the master that some orientation shows to a good pixel."""
        return np.asarray(self.looks.any(axis=0))

    @cached_property
    def photons(self) -> npt.NDArray[np.int64]:
        """(M,): photons of each good detector pixel over all patterns."""
        return np.where(self.good, self.patterns.total_image().ravel(), 0)

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Means that estimates are kept within."""
        return self.noise.limits(len(self.patterns))

    @cached_property
    def mean_master(self) -> FloatArray:
        """(M,): what the patterns say of the master where nothing is known of their orientations."""
        looks = self.looks.sum(axis=0)
        home = self.photons[self.inverse].sum(axis=0)
        mean = home / np.maximum(looks, 1) / max(len(self.patterns), 1)
        return self.inside(np.where(self.seen, mean, mean[self.seen].mean() if self.seen.any() else 0.0))

    @property
    def uniform(self) -> FloatArray:
        """(R,): equal weights."""
        return np.full(self.rotations.n, 1 / self.rotations.n)

    @property
    def least_weight(self) -> float:
        """A thousandth of a pattern: probabilities are kept above it."""
        return 1e-3 / max(len(self.patterns), 1)

    def inside(self, master: FloatArray) -> FloatArray:
        """Means kept within the limits of the noise model."""
        return np.clip(master, *self.limits)

    def weights_inside(self, weights: FloatArray) -> FloatArray:
        """Probabilities kept a thousandth of a pattern from 0: none is ever given up, and all have a score."""
        kept: FloatArray = np.maximum(weights, self.least_weight)
        kept /= kept.sum()
        return kept

    def model(self, master: FloatArray, weights: FloatArray) -> LinearModel:
        """Templates of a master as the kernels take them."""
        with np.errstate(divide="ignore"):
            log_prior = np.log(weights)
        return linear_model(self.noise, master[self.index], log_prior=log_prior, good=self.good, dtype=self.dtype)

    def sums(
        self, model: LinearModel, patterns: Patterns | None = None, *, hard: bool = False
    ) -> tuple[float, FloatArray, FloatArray, FloatArray]:
        """Sweep all patterns, or some: nats a pattern, photons turned home, looks, weights.

        Returns
        -------
        log_likelihood : float
            Nats per pattern; of some patterns NaN, since nobody asks.
        home : (M,) float64 array
            sum_p sum_r gamma[p, r] x[p], turned home, over good pixels.
        looks : (M,) float64 array
            The patterns that had a chance to put a photon there: the exact denominator of each pixel.
        weights : (R,) float64 array
            sum_p gamma[p, r].
        """
        swept = self.patterns if patterns is None else patterns
        self.account.patterns += len(swept)
        sums = sweep_model(swept, model, hard=hard, threads=self.threads)
        planes = sums.planes.reshape(self.rotations.n, -1) * self.good
        home = np.take_along_axis(planes, self.inverse, axis=1).sum(axis=0)
        looks = sums.weights @ self.looks
        value = np.nan
        if patterns is None:
            n_patterns = len(self.patterns)
            value = model.log_likelihood(sums.log_likelihood, self.photons, n_patterns) / max(n_patterns, 1)
        return value, home, looks, sums.weights

    def evaluate(self, master: FloatArray, weights: FloatArray, *, rule: Rule = "soft") -> Point:
        """One sweep at a master: its likelihood, and the M step from there.

        By the rule `nearest`, minus half the mean squared distance stands in the place of the likelihood.
        """
        nearest = rule == "nearest"
        model = self._distances(master) if nearest else self.model(master, weights)
        value, home, looks, per_rotation = self.sums(model, hard=rule != "soft")
        em_master = self.inside(np.where(looks > 0, home / np.maximum(looks, 1e-300), master))
        total = per_rotation.sum()
        estimated = self.estimate_weights and not nearest and total > 0
        em_weights = self.weights_inside(per_rotation / total) if estimated else weights
        return Point(master, weights, value, em_master, em_weights)

    def _distances(self, master: FloatArray) -> LinearModel:
        """-0.5 |x - template|^2, but for |x|^2, as scores."""
        templates = master[self.index] * self.good
        base = -0.5 * (templates**2).sum(axis=1)
        nothing = np.zeros(templates.shape[1])
        return LinearModel(np.ascontiguousarray(templates.T, self.dtype), base.astype(self.dtype), nothing, 0.0)

    def advance(self, point: Point, *, rule: Rule = "soft") -> Point:
        """The point at the M step from another."""
        return self.evaluate(point.em_master, point.em_weights, rule=rule)

    def extrapolate(self, start: Point, first: Point, longest: float) -> tuple[float, Point]:
        """The point beyond two EM steps from `start`, of which `first` is the first; and how many times as far.

        Not beyond `longest`; lengths are in the metric of the complete-data information.
        """
        metric = self.noise.precision(start.master) * self.seen
        difference = first.master - start.master
        bend = first.em_master - 2 * first.master + start.master
        size, curve = float(metric @ difference**2), float(metric @ bend**2)
        length = min(max(np.sqrt(size / curve), 1.0), longest) if curve > 0 else 1.0
        master = self.inside(start.master + 2 * length * difference + length**2 * bend)
        weights = start.weights
        if self.estimate_weights:
            weights = weights + 2 * length * (first.weights - start.weights)
            weights = weights + length**2 * (first.em_weights - 2 * first.weights + start.weights)
            weights = self.weights_inside(weights)
        return length, self.evaluate(master, weights)

    def sums_of_part(
        self, master: FloatArray, weights: FloatArray, patterns: Patterns, *, hard: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Photons turned home, and looks, of some patterns: see `sums`."""
        _, home, looks, _ = self.sums(self.model(master, weights), patterns, hard=hard)
        return home, looks

    def labels(
        self, master: FloatArray, weights: FloatArray, names: npt.NDArray[np.int32] | None = None
    ) -> npt.NDArray[np.int32]:
        """The most likely rotation of each pattern: (N,) int32; with `names`, what that rotation is called."""
        self.account.patterns += len(self.patterns)
        names = np.arange(self.rotations.n, dtype=np.int32) if names is None else names
        return labels_of(self.patterns, self.model(master, weights), names, threads=self.threads)

    def label_of(self, master: FloatArray, weights: FloatArray, pattern: Patterns) -> int:
        """The most likely rotation of one pattern."""
        return int(posterior(pattern, self.model(master, weights), labels=True, threads=self.threads).labels[0])

    def posterior(self, master: FloatArray, weights: FloatArray, patterns: Patterns) -> npt.NDArray[np.float32]:
        """Responsibilities of some patterns: (n, R) float32."""
        model = self.model(master, weights)
        single = replace(model, weights=model.weights.astype(np.float32), base=model.base.astype(np.float32))
        return posterior(patterns, single, responsibilities=True, threads=self.threads).responsibilities

    def contrast(self, master: FloatArray) -> float:
        """||master - mean(master)|| over the seen pixels: what relative errors refer to."""
        values = master[self.seen]
        size = float(np.linalg.norm(values - values.mean())) if values.size else 0.0
        return size if size > 1e-12 * float(np.linalg.norm(values)) else 0.0  # a constant but for rounding
