"""What a fitted model predicts for one pattern: how many photons, and how likely they are given their number.

Tilting every pixel's odds by one factor, e^t, changes how many photons patterns hold but not how those of a given
number scatter. So patterns drawn at several brightnesses tell the mean and spread of ln p(x) at every number of
photons, also where the model itself hardly ever goes. A second tilt, odds^(1 + s), draws patterns that are likelier or
less likely than the model's own; weighted back, they tell its tails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.kernels.likelihood import log_likelihood
from motes.noise import Noise
from motes.patterns import Patterns
from motes.reconstruction.brightness import bernoulli_tails, poisson_tails
from motes.simulate.photons import PHOTONS_AT_ONCE, draw

if TYPE_CHECKING:
    from motes.reconstruction.result import Reconstruction

FloatArray = npt.NDArray[np.float64]

MOST_PHOTONS = 40_000_000  # simulated in all: fewer patterns where each holds very many
TELLING = 1e-3  # nats: a smaller spread of ln p(x) is rounding, and says nothing
TIE = 1e-3  # standard deviations: scores as near as this are equal but for rounding
LEVELS = 12  # brightnesses at which the mean and spread of ln p(x) are measured, six standard deviations either way
FURTHER = 4  # times that the brightness is doubled, and halved, beyond these
FEWEST, FEWEST_FURTHER = 500, 100  # patterns at one brightness; where photons allow no more, it is not looked at
SHIFTS = (-8.0, -5.0, -2.5, 2.5, 5.0)  # of draws for the tails of ln p(x), in its standard deviations
STEEPEST = 8.0  # the most that odds are raised to a power


class _Draws(NamedTuple):
    """Patterns of a tilted model."""

    brighter: float
    likelier: float
    photons: npt.NDArray[np.int64]  # (J,)
    per_rotation: FloatArray  # (J, R), ln p(x | r) without ln x!
    log_likelihood: FloatArray  # (J,), ln p(x) with it


@dataclass(frozen=True, eq=False)
class Model:
    """Templates of a fitted master on the good pixels, and how often each is shown."""

    noise: Noise
    templates: FloatArray  # (R, M)
    weights: FloatArray  # (R,)
    good: npt.NDArray[np.bool_]  # (M,)

    @cached_property
    def slopes(self) -> FloatArray:
        """What a photon adds to ln p, (R, M)."""
        return self.noise.weight(self.templates)

    @cached_property
    def log_likelihood_of_dark(self) -> FloatArray:
        """Log-likelihood of a pattern without photons in each rotation, (R,)."""
        return np.asarray(np.where(self.good, self.noise.base(self.templates), 0.0).sum(axis=1))

    @property
    def log_likelihood_of_nothing(self) -> float:
        """Log-likelihood of a pattern without photons."""
        from scipy.special import logsumexp

        return float(logsumexp(self.log_prior + self.log_likelihood_of_dark))

    @property
    def log_likelihood_of_full(self) -> float:
        """Log-likelihood of a Bernoulli pattern with all good pixels lit."""
        from scipy.special import logsumexp

        lit = np.where(self.good, np.log(self.templates), 0.0).sum(axis=1)
        return float(logsumexp(self.log_prior + lit))

    @property
    def log_prior(self) -> FloatArray:
        """Of the rotations, (R,)."""
        with np.errstate(divide="ignore"):
            return np.log(self.weights)

    def tilted(self, brighter: float, likelier: float) -> FloatArray:
        """Means of the model whose photons weigh exp(brighter + likelier * slope) times as much: (R, M)."""
        exponent = brighter + likelier * self.slopes
        if self.noise.name == "poisson":
            return np.asarray(self.templates * np.exp(exponent))
        from scipy.special import expit

        return np.asarray(expit(self.slopes + exponent))

    def log_normaliser(self, brighter: float, likelier: float) -> FloatArray:
        """Log of E exp(brighter * photons + likelier * sum of slopes) for each rotation, good pixels only: (R,)."""
        exponent = brighter + likelier * self.slopes
        if self.noise.name == "poisson":
            terms = self.templates * np.expm1(exponent)
        else:
            terms = np.logaddexp(np.log1p(-self.templates), np.log(self.templates) + exponent)
        return np.asarray(np.where(self.good, terms, 0.0).sum(axis=1))

    @cached_property
    def typical(self) -> Model:
        """A model of the same means: of one rotation, where no mask makes them differ."""
        return self if not self.good.all() else Model(self.noise, self.templates[:1], np.ones(1), self.good)

    def mean(self, of: FloatArray | float, brighter: float = 0.0, likelier: float = 0.0) -> float:
        """Sum over photons of a value of their pixels, (R, M), mean of the tilted model on good pixels."""
        return float(self.weights @ np.where(self.good, self.tilted(brighter, likelier) * of, 0.0).sum(axis=1))

    def brightness(self, photons: float, likelier: float = 0.0) -> float:
        """The tilt under which patterns hold this many photons on average."""
        from scipy.optimize import brentq

        return float(brentq(lambda tilt: self.typical.mean(1.0, tilt, likelier) - photons, -300, 300, xtol=1e-6))

    def likeliness(self, change: float) -> tuple[float, float] | None:
        """Tilts that change the mean of ln p(x) by so many nats, not the number of photons; None if none can."""
        from scipy.optimize import brentq

        model = self.typical
        photons, goal = model.mean(1.0), model.mean(model.slopes) + change

        def miss(likelier: float) -> float:
            return model.mean(model.slopes, self.brightness(photons, likelier), likelier) - goal

        end = STEEPEST if change > 0 else -STEEPEST
        if miss(0.0) * miss(end) >= 0:
            return None
        likelier = float(brentq(miss, 0.0, end, xtol=1e-3))
        return self.brightness(photons, likelier), likelier

    def draw(self, n_patterns: int, brighter: float, likelier: float, rng: np.random.Generator) -> _Draws:
        """Patterns of the tilted model, their rotations as the tilt makes them likely."""
        from scipy.special import logsumexp

        chance = self.log_prior + self.log_normaliser(brighter, likelier)
        labels = rng.choice(len(self.weights), n_patterns, p=np.exp(chance - logsumexp(chance)))
        means = np.where(self.good, self.tilted(brighter, likelier), 0.0)
        at_once = max(1, int(PHOTONS_AT_ONCE / max(1.0, means.sum(axis=1).max())))
        parts = [self._drawn(means, labels[i : i + at_once], rng) for i in range(0, n_patterns, at_once)]
        photons, per_rotation, evidence = (np.concatenate(part) for part in zip(*parts, strict=True))
        return _Draws(brighter, likelier, photons, per_rotation, evidence)

    def _drawn(
        self, means: FloatArray, labels: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], FloatArray, FloatArray]:
        """One pattern of the given means for each label: its photons, ln p(x | r) and ln p(x), as `_Draws` has them."""
        from scipy.special import gammaln, logsumexp

        keys, multiplicity = draw(means, labels, self.noise.name, rng)
        rows, cols = np.divmod(keys, self.good.size)
        counts = multiplicity if self.noise.name == "poisson" else None  # a lit pixel is a lit pixel
        shape = (1, self.good.size)
        patterns = Patterns.from_coo(rows, cols, counts=counts, shape=shape, n_patterns=labels.size)
        empty = np.where(self.good, self.templates, 0.0)
        per_rotation = log_likelihood(patterns, empty[:, None, :], self.noise, dtype=np.float64)
        evidence = logsumexp(per_rotation + self.log_prior, axis=1)
        if counts is not None:
            evidence -= np.bincount(rows, gammaln(counts + 1.0), labels.size)
        return patterns.photons_per_pattern(), per_rotation, evidence


class _ByPhotons(NamedTuple):
    """Mean and standard deviation of ln p(x) of patterns that hold so many photons, at ascending numbers: (L,) each."""

    photons: FloatArray
    means: FloatArray
    spreads: FloatArray

    def at(self, photons: npt.NDArray[np.int64] | FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and spread in between; beyond the last the mean there, and no spread: nothing is known."""
        from scipy.interpolate import PchipInterpolator

        inside = np.clip(photons, self.photons[0], self.photons[-1]).astype(np.float64)
        variances = np.interp(photons, self.photons, self.spreads**2, right=0.0)
        return PchipInterpolator(self.photons, self.means)(inside), np.sqrt(variances)

    def score(self, photons: npt.NDArray[np.int64], log_likelihood: FloatArray) -> FloatArray:
        """By how many standard deviations a likelihood falls short; 0 where likelihoods can not tell: (N,)."""
        means, spreads = self.at(photons)
        return np.divide(means - log_likelihood, spreads, out=np.zeros(len(means)), where=spreads > TELLING)


@dataclass(frozen=True, eq=False)
class Predictive:
    """Distributions that patterns are compared with.

    Attributes
    ----------
    model : Model
        What is fitted; the number of photons follows from it exactly.
    by_photons : _ByPhotons
        Mean and spread of ln p(x) at a given number of photons.
    scores, chances : (J,) float64 arrays
        Scores of simulated patterns, ascending, and what each of them weighs; weights sum to 1.
    """

    model: Model
    by_photons: _ByPhotons
    scores: FloatArray
    chances: FloatArray

    @classmethod
    def of(cls, reconstruction: Reconstruction, n_simulated: int, seed: int) -> Predictive:
        """Simulate what a reconstruction predicts, by itself: no pattern sways what others are held to."""
        model = _model(reconstruction)
        rng = np.random.default_rng(seed)
        usual = model.mean(1.0)
        n_simulated = int(min(n_simulated, max(2000.0, MOST_PHOTONS / max(usual, 1.0))))
        by_photons, draws = _by_photons(model, n_simulated // 2, rng)
        spread = by_photons.at(np.array([usual]))[1][0]
        tilts = [model.likeliness(shift * spread) for shift in (SHIFTS if spread > TELLING else ())]
        for tilt in [(0.0, 0.0), *filter(None, tilts)]:
            draws.append(model.draw(n_simulated // (2 + 2 * len(SHIFTS)), *tilt, rng))
        return cls(model, by_photons, *_tails(model, by_photons, draws))

    def photon_tails(self, photons: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """P(n <= photons) and P(n >= photons), for each: (N,) each."""
        numbers, where = np.unique(photons, return_inverse=True)
        seen: dict[bytes, float] = {}
        for template, weight in zip(self.model.templates[:, self.model.good], self.model.weights, strict=True):
            key = np.sort(template).tobytes()  # rotations alone do not change it: only a mask does
            seen[key] = seen.get(key, 0.0) + float(weight)
        tails = poisson_tails if self.model.noise.name == "poisson" else bernoulli_tails
        shares = [weight * np.array(tails(np.frombuffer(key), numbers)) for key, weight in seen.items()]
        few, many = np.sum(shares, axis=0)
        return np.minimum(few, 1.0)[where], np.minimum(many, 1.0)[where]

    def deviance_tails(self, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        """P(score' <= score) and P(score' >= score) under the model: (N,) each.

        The next simulated score inwards is always counted in: beyond the last one a p-value is never too small.
        """
        below, above = np.cumsum(self.chances), np.cumsum(self.chances[::-1])[::-1]
        last = self.scores.size - 1
        low = below[np.minimum(np.searchsorted(self.scores, scores + TIE, side="right"), last)]
        high = above[np.maximum(np.searchsorted(self.scores, scores - TIE, side="left") - 1, 0)]
        return np.minimum(low, 1.0), np.minimum(high, 1.0)


def _model(reconstruction: Reconstruction) -> Model:
    """As `Reconstruction.assign` sees it; unseen pixels of the master are shown to bad ones only."""
    low, high = reconstruction.noise.limits(reconstruction.n_patterns)
    master = np.nan_to_num(reconstruction.master.ravel(), nan=0.5).clip(low, high)
    index = reconstruction.rotations.index(reconstruction.master.shape)
    return Model(reconstruction.noise, master[index], reconstruction.weights, reconstruction.good.ravel())


def _by_photons(model: Model, n_simulated: int, rng: np.random.Generator) -> tuple[_ByPhotons, list[_Draws]]:
    """Mean and spread of ln p(x) at several numbers of photons, from patterns of several brightnesses.

    The levels follow from the model alone. Draws of those beyond the usual are not given back: the model would weigh
    them with next to nothing.
    """
    usual = model.mean(1.0)
    capacity = np.inf if model.noise.name == "poisson" else float(model.good.sum())
    reach = 6 * np.sqrt(usual) + 6
    most = max(0.95 * capacity, usual)
    last = min(usual + reach, most)
    first = min(max(usual - reach, 1.0), last)
    levels = np.unique(np.linspace(np.sqrt(first), np.sqrt(last), LEVELS) ** 2)
    steps = 2.0 ** np.arange(1, FURTHER + 1)
    beyond = np.unique(np.concatenate([np.maximum(first / steps, 1.0), np.minimum(last * steps, most)]))
    found, draws = [(0.0, model.log_likelihood_of_nothing, 0.0)], []
    for level in (*levels, *beyond[(beyond < first) | (beyond > last)]):
        is_usual = first <= level <= last
        n_drawn = int(min(max(FEWEST, n_simulated / LEVELS), MOST_PHOTONS / LEVELS / max(level, 1.0)))
        if n_drawn < FEWEST_FURTHER and not is_usual:
            continue
        drawn = model.draw(max(n_drawn, FEWEST_FURTHER), model.brightness(level), 0.0, rng)
        mean = drawn.photons.mean()
        photons = drawn.photons - mean
        slope = photons @ drawn.log_likelihood / max(photons @ photons, 1e-300)
        rest = drawn.log_likelihood - slope * photons
        found.append((float(mean), float(rest.mean()), float(rest.std())))
        if is_usual:
            draws.append(drawn)
    if max(found)[0] >= 0.9 * capacity:
        found.append((capacity, model.log_likelihood_of_full, 0.0))
    numbers, which = np.unique([number for number, _, _ in found], return_index=True)
    _, means, spreads = np.array(found)[which].T
    return _ByPhotons(numbers, means, spreads), draws


def _tails(model: Model, by_photons: _ByPhotons, draws: list[_Draws]) -> tuple[FloatArray, FloatArray]:
    """Scores of simulated patterns, ascending, and what each weighs.

    Each weighs the model's density over that of all draws together (Veach and Guibas' balance heuristic): it counts
    wherever it was drawn.
    """
    from scipy.special import logsumexp

    photons = np.concatenate([drawn.photons for drawn in draws])
    per_rotation = np.concatenate([drawn.per_rotation for drawn in draws])
    log_likelihood = np.concatenate([drawn.log_likelihood for drawn in draws])
    posterior = per_rotation + model.log_prior
    posterior -= logsumexp(posterior, axis=1, keepdims=True)
    slopes = per_rotation - model.log_likelihood_of_dark
    density = np.full(photons.size, -np.inf)
    for drawn in draws:
        tilted = drawn.brighter * photons + logsumexp(posterior + drawn.likelier * slopes, axis=1)
        normaliser = logsumexp(model.log_prior + model.log_normaliser(drawn.brighter, drawn.likelier))
        density = np.logaddexp(density, np.log(drawn.photons.size) + tilted - normaliser)
    chances = np.exp(-density)
    scores = by_photons.score(photons, log_likelihood)
    order = np.argsort(scores, kind="stable")
    return scores[order], chances[order] / chances.sum()
