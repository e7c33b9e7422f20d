"""The likelihood of several masters seen through linear maps, and the sums from which every method makes its step."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.cached import cached_property
from motes.dense import DensePatterns
from motes.detector import Detector
from motes.kernels.passes import results
from motes.maps import TemplateMap
from motes.noise import Gaussian, Noise
from motes.patterns import Patterns
from motes.reconstruction.checkpoint import fingerprint_of
from motes.reconstruction.mixture.estep import Sums
from motes.reconstruction.mixture.gaussian import LEAST_SIGMA, start_sigma
from motes.reconstruction.mixture.layout import Layout
from motes.reconstruction.mixture.steps import m_step
from motes.reconstruction.mixture.templates import AnyPatterns, Source, Templates
from motes.reconstruction.problem import Point
from motes.scratch import gathered
from motes.stored import StoredPatterns

FloatArray: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MixturePoint(Point):
    """A point of a mixture: `master` is the vector of parameters of `Layout`, `weights` (T,) the templates' prior.

    Attributes
    ----------
    information : float
        Mean over patterns of the divergence of responsibilities from the prior, nats: what a pattern tells of its
        class and orientation.
    """

    information: float = float("nan")


def information_at(point: Point) -> float:
    """What a sweep told of classes and orientations, nats a pattern; NaN for a point that a checkpoint kept."""
    return point.information if isinstance(point, MixturePoint) else float("nan")


@dataclass(frozen=True)
class MixtureProblem:
    """Patterns, K classes with the map of each, how they scatter, and the detector.

    What the methods of `em.py` climb: `evaluate`, `advance` and `extrapolate`, as of `Problem`. Parameters beside the
    masters (`Layout.rest`) are the fluences, or Gaussian noise's sigma, where they are estimated.
    """

    patterns: Source
    maps: tuple[TemplateMap, ...]
    noise: Noise
    detector: Detector
    estimate_weights: bool
    estimate_classes: bool
    beta: float
    dtype: type[np.float32] | type[np.float64]
    threads: int
    fluence: FloatArray | None = None  # known ones
    estimate_fluence: bool = False

    @property
    def in_memory(self) -> AnyPatterns:
        """The patterns, of a problem that no store is given to."""
        assert not isinstance(self.patterns, StoredPatterns)
        return self.patterns

    @cached_property
    def layout(self) -> Layout:
        """Where in vectors and stacks each class is."""
        return Layout(self.maps, self.patterns.shape)

    @cached_property
    def good(self) -> npt.NDArray[np.bool_]:
        """(M,): pixels that templates are told apart by: good ones that all classes cover."""
        return np.asarray(self.detector.good & self.layout.support).ravel()

    @cached_property
    def merging(self) -> Detector:
        """The detector, without the pixels that not all classes cover."""
        merged = self.detector.merged & self.layout.support
        return replace(self.detector, good=self.detector.good & merged, merged=merged)

    @cached_property
    def seen(self) -> npt.NDArray[np.bool_]:
        """(n_pixels,): pixels of the masters that some template shows to a merged pixel."""
        merged = np.broadcast_to(self.merging.merged, (self.layout.n_templates, *self.patterns.shape))
        return self.layout.back_rotate(merged.astype(np.float64)) > 0

    @cached_property
    def photons(self) -> npt.NDArray[np.int64] | None:
        """(M,): photons of each good pixel over all patterns; None of dense ones."""
        if isinstance(self.patterns, DensePatterns):
            return None
        return np.where(self.good, self.patterns.total_image().ravel(), 0)

    @cached_property
    def first_rest(self) -> FloatArray:
        """Where what is estimated beside the masters begins: fluences by the photons, or the spread of all pixels."""
        if isinstance(self.noise, Gaussian) and isinstance(self.patterns, DensePatterns):
            return np.zeros(0) if self.noise.sigma else np.array([start_sigma(self.patterns, self.good)])
        if not self.estimate_fluence or not isinstance(self.patterns, Patterns):
            return np.zeros(0)
        photons = np.maximum(self.patterns.photons_per_pattern().astype(np.float64), 0.5)
        return np.asarray(photons / photons.mean()) if photons.size else photons

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Means that estimates are kept within."""
        return self.noise.limits(len(self.patterns))

    @cached_property
    def mean_masters(self) -> FloatArray:
        """(n_pixels,): for every class what all patterns say of it where nothing is known of their templates."""
        detector, shape = self.merging, (self.layout.n_templates, *self.patterns.shape)
        mean = self.patterns.total_image() / max(len(self.patterns), 1)
        if detector.background is not None:
            mean = np.clip(mean - detector.background, *self.limits)
        looks = self.layout.back_rotate(np.broadcast_to(detector.merged * detector.correction, shape))
        home = self.layout.back_rotate(np.broadcast_to(np.where(detector.merged, mean, 0.0), shape))
        typical = home.sum() / max(looks.sum(), 1e-300)
        return self.inside(np.where(looks > 0, home / np.maximum(looks, 1e-300), typical))

    @property
    def uniform(self) -> FloatArray:
        """(T,): equal classes, and equal templates within each."""
        return np.concatenate([np.full(turns.n, 1 / turns.n / len(self.maps)) for turns in self.maps])

    @property
    def least_weight(self) -> float:
        """A thousandth of a pattern: probabilities are kept above it."""
        return 1e-3 / max(len(self.patterns), 1)

    def at(self, beta: float, maps: tuple[TemplateMap, ...] | None = None) -> MixtureProblem:
        """The same patterns under another power, or through other maps of the same masters."""
        return replace(self, beta=beta, maps=self.maps if maps is None else maps)

    def inside(self, vector: FloatArray) -> FloatArray:
        """Masters kept within the limits of the noise model; fluences 0 or more, of mean 1; sigma away from 0."""
        n = self.layout.n_pixels
        rest = vector[n:]
        if self.estimate_fluence and rest.size:
            rest = np.maximum(rest, 0.0)
            rest = rest / rest.mean() if rest.any() else self.first_rest
        elif rest.size:
            rest = np.maximum(rest, LEAST_SIGMA * self.first_rest)
        return np.concatenate([np.clip(vector[:n], *self.limits), rest])

    def weights_inside(self, weights: FloatArray) -> FloatArray:
        """Probabilities of classes, and of templates within each, kept a thousandth of a pattern from 0."""
        kept = np.empty_like(weights)
        of_class = floored(self.layout.per_class(weights), self.least_weight)
        for part, share in zip(self.layout.parts, of_class, strict=True):
            kept[part] = share * floored(weights[part], self.least_weight)
        return kept

    def templates(self, vector: FloatArray, weights: FloatArray) -> Templates:
        """Templates with their prior, as patterns are scored by them."""
        signal = self.layout.expand(vector) * self.detector.correction
        background = self.detector.background
        noise, rest = self.noise, self.layout.rest(vector)
        if isinstance(noise, Gaussian) and rest.size:
            noise = Gaussian(float(rest[0]))
        return Templates(
            signal.reshape(self.layout.n_templates, -1), None if background is None else background.ravel(),
            np.log(weights), self.good, noise, self.limits, self.dtype, self.threads,
        )  # fmt: skip

    def fluence_at(self, vector: FloatArray) -> FloatArray | None:
        """(N,): of each pattern; None where all are 1."""
        return self.layout.rest(vector) if self.estimate_fluence else self.fluence

    @cached_property
    def claimed_by(self) -> Detector:
        """The detector of the M step: without a background, where the E step took its photons out already."""
        claimed = self.estimate_fluence or self.fluence is not None
        return replace(self.merging, background=None) if claimed else self.merging

    def expected_sums(self, vector: FloatArray, weights: FloatArray) -> Sums:
        """The E step over all patterns."""
        return self.templates(vector, weights).sums(
            self.patterns, beta=self.beta, fluence=self.fluence_at(vector), photons=self.photons,
            estimate=bool(self.first_rest.size),
        )  # fmt: skip

    def evaluate(self, master: FloatArray, weights: FloatArray) -> MixturePoint:
        """One sweep at a vector of parameters: its likelihood, and the M step from there."""
        sums = self.expected_sums(master, weights)
        step = m_step(self.noise.name)
        masters = [
            step(turns, self.claimed_by, sums.planes[part], sums.exposure[part], values)
            for turns, part, values in zip(self.maps, self.layout.parts, self.layout.split(master), strict=True)
        ]
        em_master = self.inside(self.layout.join(masters, sums.rest))
        n_patterns = max(len(self.patterns), 1)
        value = sums.log_likelihood / n_patterns
        told = self.beta * (sums.expected / n_patterns - value)
        return MixturePoint(master, weights, value, em_master, self._em_weights(weights, sums.weights), told)

    def _em_weights(self, before: FloatArray, sums: FloatArray) -> FloatArray:
        """The prior of each template: its class's, times its own within the class; each estimated or as it was."""
        if not sums.sum() > 0 or not (self.estimate_classes or self.estimate_weights):
            return before
        of_class = self.layout.per_class(sums if self.estimate_classes else before)
        within = sums if self.estimate_weights else before
        weights = np.empty_like(before)
        for part, share in zip(self.layout.parts, of_class, strict=True):
            own = within[part] if within[part].sum() > 0 else before[part]
            weights[part] = share * own / own.sum()
        return self.weights_inside(weights)

    def advance(self, point: Point) -> MixturePoint:
        """The point at the M step from another."""
        return self.evaluate(point.em_master, point.em_weights)

    def extrapolate(self, start: Point, first: Point, longest: float) -> tuple[float, MixturePoint]:
        """The point beyond two EM steps from `start`, of which `first` is the first: see `Problem.extrapolate`."""
        n = self.layout.n_pixels
        metric = self.precision(start.master[:n]) * self.seen
        difference = first.master - start.master
        bend = first.em_master - 2 * first.master + start.master
        size, curve = float(metric @ difference[:n] ** 2), float(metric @ bend[:n] ** 2)
        length = min(max(np.sqrt(size / curve), 1.0), longest) if curve > 0 else 1.0
        master = self.inside(start.master + 2 * length * difference + length**2 * bend)
        weights = start.weights + 2 * length * (first.weights - start.weights)
        weights = weights + length**2 * (first.em_weights - 2 * first.weights + start.weights)
        return length, self.evaluate(master, self.weights_inside(weights))

    def precision(self, means: FloatArray) -> FloatArray:
        """Fisher information about a mean in one look; of Gaussian noise whose sigma is not known, up to a factor."""
        if isinstance(self.noise, Gaussian) and self.noise.sigma is None:
            return Gaussian(float(self.first_rest[0])).precision(means)
        return self.noise.precision(means)

    def labels(
        self, vector: FloatArray, weights: FloatArray, names: npt.NDArray[np.int64] | None = None
    ) -> npt.NDArray[np.int32]:
        """(N, 2) int32: the most likely class of each pattern, and the most likely rotation within it.

        With `names`, what each class is called.
        """
        names = np.arange(len(self.maps)) if names is None else names
        return labels_of(self.layout, self.patterns, self.templates(vector, weights), self.fluence_at(vector), names)

    def mark(self, asked: dict[str, Any]) -> str:
        """Of the input, the options and the version: a resumed run must have the same."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.good, self.merging.merged, self.detector.correction, self.detector.background, self.fluence):
            digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
        told = [_core.version, _core.isa(), asked, fingerprint_of(self.patterns)]
        digest.update(json.dumps(told, default=str).encode())
        return digest.hexdigest()


def floored(shares: FloatArray, least: float) -> FloatArray:
    """Of all probabilities of at least `least`, those that maximise the sum of shares times their logarithms.

    Examples
    --------
    >>> floored(np.array([0.0, 2.0, 6.0]), 0.1).round(3)
    array([0.1  , 0.225, 0.675])
    """
    least = min(least, 1 / len(shares))
    low = shares <= 0
    while not low.all():
        scale = (1 - least * low.sum()) / shares[~low].sum()
        kept: FloatArray = np.where(low, least, shares * scale)
        below = kept < least
        if not below.any():
            return kept
        low |= below
    return np.full(len(shares), 1 / len(shares))


@dataclass(frozen=True)
class LabelTask:
    """Class and rotation of each pattern, (n, 2), part by part: see `motes.kernels.passes`.

    The class is the one of the largest probability over all its rotations; the rotation the likeliest of that class.
    """

    layout: Layout
    templates: Templates
    fluence: FloatArray | None
    names: npt.NDArray[np.int64]

    def __call__(self, patterns: AnyPatterns, threads: int) -> npt.NDArray[np.int32]:
        """Of patterns in memory."""
        labels = np.empty((len(patterns), 2), np.int32)
        layout, templates, fluence = self.layout, self.templates.with_threads(threads), self.fluence
        first = np.array([part.start for part in layout.parts])
        for block in templates.parts(patterns, fluence):
            gamma = templates.responsibilities(patterns[block], None if fluence is None else fluence[block])
            whole = np.rint(gamma * np.float32(2**40)).astype(np.int64)  # in any order the same sums
            kinds = np.add.reduceat(whole, first, axis=1).argmax(axis=1)
            labels[block, 0] = self.names[kinds]
            of_class = np.where(layout.class_of == kinds[:, None], gamma, -1.0)
            labels[block, 1] = layout.rotation_of[of_class.argmax(axis=1)]
        return labels


def labels_of(
    layout: Layout,
    patterns: Source,
    templates: Templates,
    fluence: FloatArray | None,
    names: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.int32]:
    """Class and rotation of each pattern: (N, 2) int32."""
    task = LabelTask(layout, templates, fluence, np.arange(len(layout.parts)) if names is None else names)
    if not isinstance(patterns, StoredPatterns):
        return task(patterns, templates.threads)
    task = replace(task, templates=templates.prepared())
    found = results(patterns, task, templates.threads)
    flat = gathered(((2 * int(patterns.bounds[k]), part.ravel()) for k, part in found), 2 * len(patterns), np.int32)
    return flat.reshape(-1, 2)
