"""Probabilities from raw scores, although most candidates have no label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

VERSION = 1  # of the fit: another one gives other probabilities
STEPS = 300
TOLERANCE = 1e-7  # of the prior: a step that changes it less is the last
BINS = 256  # of the scores that nothing is known of
STARTS = (0.02, 0.1, 0.3, 0.6)  # shares of the highest scores that a fit starts from
LEAST_WIDTH = 0.05  # of the standard deviation of all scores: no component shrinks to one score
PSEUDO = 2.0  # candidates of the usual width that each component is thought to hold beforehand
LIMIT = 20.0  # log-odds, which no score reaches: nobody is that sure
N_BINS = 15
CALIBRATION_SHAPE = (5,)  # of a calibration as an array


@dataclass(frozen=True)
class Calibration:
    """Log-odds as a strictly rising function of raw scores, from two normal components.

    The log-odds of two normal distributions are a parabola, which rises between their means. Beyond them it is
    continued by its tangents, and all bends to stay within +-20.

    Attributes
    ----------
    prior : float
        Share of particles among the candidates.
    means, widths : (float, float)
        Of the raw scores of other candidates and of particles; the second mean is higher.
    """

    prior: float
    means: tuple[float, float]
    widths: tuple[float, float]

    def as_array(self) -> FloatArray:
        """Five numbers, to be saved."""
        return np.array([self.prior, *self.means, *self.widths])

    @classmethod
    def from_array(cls, numbers: FloatArray) -> Calibration:
        """What `as_array` gave, or a ValueError."""
        prior, low, high, *widths = map(float, numbers)
        if not (0 < prior < 1 and low < high and min(widths) > 0):
            raise ValueError(f"calibration: {numbers} is none")
        return cls(prior, (low, high), (widths[0], widths[1]))

    def __call__(self, scores: npt.ArrayLike) -> FloatArray:
        """Probabilities of raw scores.

        Examples
        --------
        >>> Calibration(0.5, (-1.0, 1.0), (1.0, 1.0))([-1.0, 0.0, 1.0]).round(3)
        array([0.12, 0.5 , 0.88])
        """
        x = np.asarray(scores, np.float64)
        inner = np.clip(x, *self.means)
        z = [(inner - mean) / width for mean, width in zip(self.means, self.widths, strict=True)]
        shares = self.prior / (1 - self.prior) * self.widths[0] / self.widths[1]
        odds = np.log(shares) + (z[0] ** 2 - z[1] ** 2) / 2
        apart = self.means[1] - self.means[0]
        for side, width, beyond in (
            (self.means[0], self.widths[1], np.minimum),
            (self.means[1], self.widths[0], np.maximum),
        ):
            odds += apart / width**2 * beyond(x - side, 0)  # at the mean of one only the other one gives a slope
        found: FloatArray = 1 / (1 + np.exp(-odds / np.hypot(1, odds / LIMIT)))
        return found


def calibrate(scores: FloatArray, known: npt.NDArray[np.int8]) -> Calibration:
    """Fit two normal components to raw scores by expectation and maximisation.

    What is known of a candidate is its share in the components; the others are shared by their odds. A label that was
    chosen for its score does no harm as long as those that turned out to be none are known, too. Of several starts the
    one that ends at the highest likelihood counts.

    Parameters
    ----------
    scores : (N,) float64 array
        Raw scores of candidates.
    known : (N,) int8 array
        1: a particle, 0: none, -1: nobody has said.

    Returns
    -------
    Calibration

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scores = np.concatenate([rng.normal(-2, 1, 700), rng.normal(2, 1, 300)])
    >>> found = calibrate(scores, np.full(1000, -1, np.int8))
    >>> round(found.prior, 1), [round(mean) for mean in found.means]
    (0.3, [-2, 2])
    """
    scale = float(scores.std()) if len(scores) else 0.0
    if scale == 0:
        return Calibration(0.5, (-1.0, 1.0), (1.0, 1.0))
    center = float(scores.mean())
    z = (scores - center) / scale
    counts, edges = np.histogram(z[known < 0], BINS, (z.min(), z.max()))
    # Scores, how many there are, and their shares of particles, where these are known.
    x = np.concatenate([(edges[1:] + edges[:-1]) / 2, z[known >= 0]])
    n = np.concatenate([counts, np.ones((known >= 0).sum())])
    said = np.concatenate([np.full(BINS, np.nan), known[known >= 0]])
    x, n, said = x[n > 0], n[n > 0], said[n > 0]
    fits = [_fit(x, n, said, z >= np.quantile(z, 1 - share), z) for share in STARTS]
    fits = [(value, fit) for value, fit in fits if fit.means[1] - fit.means[0] > LEAST_WIDTH]
    if not fits:  # nothing tells two components apart
        return Calibration(0.5, (center - scale, center + scale), (scale, scale))
    best = max(fits, key=lambda pair: pair[0])[1]
    low, high = (center + scale * mean for mean in best.means)
    return Calibration(best.prior, (low, high), (scale * best.widths[0], scale * best.widths[1]))


def _fit(
    x: FloatArray, n: FloatArray, said: FloatArray, top: npt.NDArray[np.bool_], z: FloatArray
) -> tuple[float, Calibration]:
    """Log-likelihood and components, from a start that takes the top scores for particles."""
    prior = float(np.clip(top.mean(), 0.01, 0.99))
    means = [float(part.mean()) if len(part) else side for part, side in ((z[~top], -1.0), (z[top], 1.0))]
    widths = [0.5, 0.5]
    for _ in range(STEPS):
        logs = [
            np.log(share / width) - ((x - mean) / width) ** 2 / 2
            for share, mean, width in zip((1 - prior, prior), means, widths, strict=True)
        ]
        every = np.logaddexp(*logs)
        share = np.where(np.isnan(said), np.exp(logs[1] - every), said)
        before, prior = prior, float((n @ share + 1) / (n.sum() + 2))
        for k, weight in enumerate((n * (1 - share), n * share)):
            total = float(weight.sum()) + 1e-12
            means[k] = float(weight @ x) / total
            square = float(weight @ (x - means[k]) ** 2) + PSEUDO * 0.25
            widths[k] = max(np.sqrt(square / (total + PSEUDO)), LEAST_WIDTH)
        if abs(prior - before) < TOLERANCE:
            break
    each = np.where(np.isnan(said), every, np.where(said == 1, logs[1], logs[0]))
    return float(n @ each), Calibration(prior, (means[0], means[1]), (widths[0], widths[1]))


def calibration_error(probability: FloatArray, truth: npt.NDArray[np.bool_], n_bins: int = N_BINS) -> float:
    """Expected calibration error: mean distance of what was said from what was so, in bins of equally many candidates.

    Parameters
    ----------
    probability : (N,) array
        That each is a particle.
    truth : (N,) bool array
        Which are.
    n_bins : int
        Of ascending probability.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> calibration_error(np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, False, True, True]), 2)
    0.1
    """
    order = np.argsort(probability, kind="stable")
    bins = [part for part in np.array_split(order, n_bins) if len(part)]
    gaps = [len(part) * abs(probability[part].mean() - truth[part].mean()) for part in bins]
    return round(float(sum(gaps)) / max(len(order), 1), 12)
