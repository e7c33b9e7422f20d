"""A linear classifier of features and their squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.pickers.logistic import fit_logistic, left_out
from motes.pickers.sampling import Sample

FloatArray = npt.NDArray[np.float64]
Plane = npt.NDArray[np.float32]

SHARES = {"particle": 0.5, "background": 0.4, "flank": 0.1}  # of the weight
REJECTED_SHARE = 0.5  # of the others' weight, when there are many more rejected places than labels
PENALTY = 0.8  # over the number of labels
SQUARES = 0.5  # size of the standardised squares: the penalty weighs more on them
APPEARANCE = 16  # numbers that describe a candidate
CHUNK = 8192  # pixels scored at a time: they stay in the processor's cache


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Log-odds `square . x^2 + linear . x + intercept` of F features x, and axes to describe candidates by.

    Attributes
    ----------
    linear, square : (F,) float32 array
    intercept : (1,) float64 array
    mean, deviation : (F,) float32 array
        Of the pixels learned from.
    directions : (F, 16) float32 array
        Axes along which standardised features vary most, to unit variance.
    """

    linear: Plane
    square: Plane
    intercept: FloatArray
    mean: Plane
    deviation: Plane
    directions: Plane

    def score(self, planes: Plane) -> Plane:
        """Log-odds of every pixel: (h, w) of planes (F, h, w)."""
        n, height, width = planes.shape
        flat, scores = planes.reshape(n, -1), np.empty(height * width, np.float32)
        for first in range(0, len(scores), CHUNK):
            part = flat[:, first : first + CHUNK]
            scores[first : first + CHUNK] = self.linear @ part + self.square @ (part * part)
        return (scores + np.float32(self.intercept[0])).reshape(height, width)

    def describe(self, rows: Plane) -> Plane:
        """What candidates look like: (N, 16) of their features (N, F)."""
        return ((rows - self.mean) / self.deviation @ self.directions).astype(np.float32, copy=False)


def learn(sample: Sample, n_labels: int, n_rejected: int) -> tuple[LinearModel, float]:
    """Fit the classifier; and by how much the log-odds of a label would fall on average if it were not learned from."""
    groups = [sample.particle, sample.background, sample.flank, sample.rejected]
    rejected = REJECTED_SHARE * n_rejected / (n_rejected + n_labels)
    shares = [
        SHARES["particle"],
        *((1 - rejected) * SHARES[name] for name in ("background", "flank")),
        rejected * (1 - SHARES["particle"]),
    ]
    rows = np.concatenate(groups)
    targets = np.repeat([True, False, False, False], [len(group) for group in groups])
    weights = np.concatenate(
        [np.full(len(group), share / max(len(group), 1)) for group, share in zip(groups, shares, strict=True)]
    )
    weights /= weights.sum()
    mean, deviation = rows.mean(axis=0), rows.std(axis=0) + np.float32(1e-6)
    rows = (rows - mean) / deviation
    squares = rows * rows
    middle, spread = squares.mean(axis=0), (squares.std(axis=0) + np.float32(1e-6)) / np.float32(SQUARES)
    table = np.concatenate([rows, (squares - middle) / spread, np.ones((len(rows), 1), np.float32)], axis=1)
    penalty = PENALTY / n_labels
    found, curvature = fit_logistic(table, targets, weights, penalty)
    own = slice(len(sample.particle))
    drop = left_out(table[own], weights[own], sample.label, found, curvature)
    # The same function of the features themselves: a x^2 + b x + c.
    n = rows.shape[1]
    square = found[n:-1] / spread / deviation.astype(np.float64) ** 2
    linear = found[:n] / deviation - 2 * square * mean
    intercept = found[-1] - linear @ mean - square @ mean.astype(np.float64) ** 2 - found[n:-1] @ (middle / spread)
    learned = linear.astype(np.float32), square.astype(np.float32), np.array([intercept])
    return LinearModel(*learned, mean, deviation, _directions(rows)), float(drop.mean())


def _directions(rows: Plane) -> Plane:
    """Leading axes of standardised rows; their signs are fixed."""
    values, vectors = np.linalg.eigh(np.cov(rows.T.astype(np.float64)))
    values, vectors = values[::-1][:APPEARANCE], vectors[:, ::-1][:, :APPEARANCE]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    found: Plane = (vectors * signs / np.sqrt(np.maximum(values, 1e-12))).astype(np.float32)
    return found
