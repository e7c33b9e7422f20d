"""Probabilities from raw scores, although most candidates have no label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

VERSION = 2  # of the fit: another one gives other probabilities
STEPS = 300
TOLERANCE = 1e-7  # of the prior of a mixture, or of a loss: a step that changes it less is the last
BINS = 256  # of the scores, where there are no labels
STARTS = (0.02, 0.1, 0.3, 0.6)  # shares of the highest scores that a mixture starts from
LEAST_WIDTH = 0.05  # of the standard deviation of all scores: no component shrinks to one score
PSEUDO = 2.0  # candidates of half the usual width that each component is thought to hold beforehand
LEAST_SHARE, CAUTION = 0.1, 0.3  # of labels above a threshold that is looked at; standard errors of that share
PENALTY = 1e-3  # on the slope, so that scores that part at one threshold have one, too
MIXTURE_LABELS = 2.0  # that a mixture is worth where there are no labels
LEAST_SLOPE = 1e-3  # over the standard deviation of all scores
LIMIT = 20.0  # log-odds, which no score reaches: nobody is that sure
N_BINS = 15
CALIBRATION_SHAPE = (2,)  # of a calibration as an array

UNSAID, NONE, PARTICLE, CONFIRMED = -1, 0, 1, 2  # what has been said of a candidate


@dataclass(frozen=True)
class Calibration:
    """Log-odds as a strictly rising function of raw scores: a line, bent to stay within +-20.

    Attributes
    ----------
    slope, offset : float
        Of the line; the slope is above 0.
    """

    slope: float
    offset: float

    def as_array(self) -> FloatArray:
        """Both numbers, to be saved."""
        return np.array([self.slope, self.offset])

    @classmethod
    def from_array(cls, numbers: FloatArray) -> Calibration:
        """What `as_array` gave, or a ValueError."""
        slope, offset = map(float, numbers)
        if not slope > 0:
            raise ValueError(f"calibration: expected a slope above 0, got {slope}")
        return cls(slope, offset)

    def __call__(self, scores: npt.ArrayLike) -> FloatArray:
        """Probabilities of raw scores.

        Examples
        --------
        >>> Calibration(1.0, 0.0)([-2.0, 0.0, 2.0, 1000.0]).round(3)
        array([0.12, 0.5 , 0.88, 1.  ])
        """
        odds = self.slope * np.asarray(scores, np.float64) + self.offset
        found: FloatArray = 1 / (1 + np.exp(-odds / np.hypot(1, odds / LIMIT)))
        return found


def calibrate(scores: FloatArray, known: npt.NDArray[np.int8]) -> Calibration:
    """What raw scores are worth.

    Log-odds are a line, by logistic regression. Answers to questions that scores have chosen (no particle, or a
    confirmed one) are regressed upon as they are: what chose them was the score, and not the answer. Particles that
    were labelled without looking at scores are a draw of the particles: their mean score is what that of all candidates
    is, weighted with their probabilities, and the probabilities add up to the largest number of particles that leaves
    no threshold with fewer candidates above it, that nobody has rejected, than particles. Where there are no such
    labels, mean and number come from a mixture of two normal components, which counts as two labels. Places that were
    rejected while nothing was confirmed are no answers: somebody took away what was wrong, and they only leave room.

    Parameters
    ----------
    scores : (N,) float64 array
        Raw scores of candidates.
    known : (N,) int8 array
        1: a particle, labelled whatever its score; 0: none; 2: a particle, and if it were none, that would be known,
        too; -1: nobody has said.

    Returns
    -------
    Calibration

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scores = np.concatenate([rng.normal(-2, 1, 700), rng.normal(2, 1, 300)])
    >>> known = np.full(1000, -1, np.int8)
    >>> calibrate(scores, known)([-3, 0.2, 3]).round(1)
    array([0. , 0.4, 1. ])
    >>> known[-50:] = 1
    >>> calibrate(scores, known)([-3, 0.2, 3]).round(1)
    array([0. , 0.6, 1. ])

    Notes
    -----
    The loss of labels by lot is the unbiased one of du Plessis, Niu and Sugiyama (ICML 2015), with as much weight as
    the candidates that hold as many particles; the number of particles as by Elkan and Noto (KDD 2008), by the least of
    all thresholds.
    """
    center, scale = (float(scores.mean()), float(scores.std())) if len(scores) else (0.0, 0.0)
    if scale == 0:
        return Calibration(1.0, -center)
    z = (scores - center) / scale
    lot, room, confirmed = z[known == PARTICLE], known != NONE, known == CONFIRMED
    least = 1 / len(z)
    answered = confirmed | ~room if confirmed.any() else np.zeros(len(z), bool)
    if (known != UNSAID).all():
        answered[:], confirmed = True, room
        share, mean, weight = least, 0.0, 0.0
    elif len(lot):
        share, mean, weight = _share(z[room], lot), float(lot.mean()), float(len(lot))
    else:
        share, mean, weight = *_mixture(z[room]), MIXTURE_LABELS
    share = float(np.clip(share * room.mean(), least, 1 - least))
    slope, offset = _line(z, share, mean, weight / share, z[answered], confirmed[answered])
    slope = max(slope, LEAST_SLOPE)
    return Calibration(slope / scale, offset - slope * center / scale)


def _line(
    z: FloatArray, share: float, mean: float, weight: float, asked: FloatArray, confirmed: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """Slope and offset of the least loss: of answers, and of a draw of the particles worth so many candidates."""
    table, answers = (np.stack([values, np.ones_like(values)]) for values in (z, asked))
    all_of_them, wanted = weight / len(z), weight * share * np.array([mean, 1.0])
    sign = np.where(confirmed, 1.0, -1.0)
    total = weight + len(asked)
    shrink = total * np.array([PENALTY, 1e-9])

    def loss(line: FloatArray) -> float:
        drawn = all_of_them * np.logaddexp(0, line @ table).sum() - line @ wanted
        return float(drawn + np.logaddexp(0, -sign * (line @ answers)).sum() + shrink @ line**2 / 2) / total

    def curved(rows: FloatArray, line: FloatArray) -> tuple[FloatArray, FloatArray]:
        probability = 1 / (1 + np.exp(-np.clip(line @ rows, -500, 500)))
        return rows @ probability, (rows * (probability * (1 - probability))) @ rows.T

    line = np.array([0.0, np.log(share / (1 - share))])
    value = loss(line)
    for _ in range(STEPS):
        (drawn, its_curvature), (answered, their_curvature) = curved(table, line), curved(answers, line)
        slope = all_of_them * drawn - wanted + answered - answers @ confirmed + shrink * line
        curvature = all_of_them * its_curvature + their_curvature + np.diag(shrink)
        step = np.linalg.solve(curvature, -slope)
        while (tried := loss(line + step)) > value and np.abs(step).max() > 1e-12:
            step /= 2
        gain, line, value = value - tried, line + step, min(value, tried)
        if gain < TOLERANCE * TOLERANCE:
            break
    return float(line[0]), float(line[1])


def _share(z: FloatArray, labels: FloatArray) -> float:
    """Of particles among candidates: at most what every threshold leaves room for."""
    thresholds = np.sort(labels)[::-1]
    above = np.arange(1, len(labels) + 1) / (len(labels) + 1)  # of particles, as the labels have it
    error = np.sqrt(above * (1 - above) / (len(labels) + 1))
    room = 1 - np.searchsorted(np.sort(z), thresholds) / len(z)
    ratio = room / above * (1 + CAUTION * error / above)
    return float(min(1.0, ratio[above >= min(LEAST_SHARE, above[-1])].min()))


def _mixture(z: FloatArray) -> tuple[float, float]:
    """Share and mean of particles, if scores are of two normal components; of several starts the likeliest."""
    if not len(z):
        return 0.0, 0.0
    counts, edges = np.histogram(z, BINS)
    x, n = (edges[1:] + edges[:-1])[counts > 0] / 2, counts[counts > 0].astype(np.float64)
    fits = [_components(x, n, float(np.quantile(z, 1 - share))) for share in STARTS]
    apart = [fit for fit in fits if fit[2] > fit[3] + LEAST_WIDTH]
    if not apart:  # nothing tells two components apart
        return 0.5, 1.0
    _, share, mean, _ = max(apart)
    return share, mean


def _components(x: FloatArray, n: FloatArray, threshold: float) -> tuple[float, float, float, float]:
    """Log-likelihood, share and mean of the upper component, mean of the lower; begun with those above a threshold."""
    share = np.where(x >= threshold, 0.99, 0.01)
    prior, value = -1.0, 0.0
    for _ in range(STEPS):
        before, prior = prior, float((n @ share + 1) / (n.sum() + 2))
        means, logs = [], []
        for part, weight in ((1 - prior, n * (1 - share)), (prior, n * share)):
            total = float(weight.sum()) + 1e-12
            mean = float(weight @ x) / total
            width = max(np.sqrt((float(weight @ (x - mean) ** 2) + PSEUDO / 4) / (total + PSEUDO)), LEAST_WIDTH)
            means.append(mean)
            logs.append(np.log(part / width) - ((x - mean) / width) ** 2 / 2)
        every = np.logaddexp(*logs)
        share, value = np.exp(logs[1] - every), float(n @ every)
        if abs(prior - before) < TOLERANCE:
            break
    return value, prior, means[1], means[0]


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
