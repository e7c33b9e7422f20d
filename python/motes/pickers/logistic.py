"""Logistic regression of weighted rows by Newton's method."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.threads import one_blas_thread

FloatArray = npt.NDArray[np.float64]

MAX_STEPS = 30
TOLERANCE = 1e-7  # nats a row (mean by weight): what a step must gain to be followed by another


def fit_logistic(
    rows: npt.NDArray[np.float32], targets: npt.NDArray[np.bool_], weights: FloatArray, penalty: float
) -> FloatArray:
    """Coefficients, the intercept last, of the least mean loss plus `penalty / 2` times their sum of squares.

    Each Newton step is halved until the loss falls; with the penalty the loss is strictly convex, so the result is the
    one minimum. The same bits for any number of threads.

    Parameters
    ----------
    rows : (N, K) float32 array
        Standardised: columns of about the same size.
    targets : (N,) bool array
    weights : (N,) float64 array
        Not negative; sum 1.
    penalty : float
        Above 0; the intercept is free.

    Returns
    -------
    (K + 1,) float64 array
    """
    n = rows.shape[1]
    table = np.concatenate([rows, np.ones((len(rows), 1), np.float32)], axis=1)
    sign = np.where(targets, 1.0, -1.0)
    shrink = np.full(n + 1, penalty)
    shrink[n] = 0.0

    def loss(at: FloatArray) -> tuple[float, FloatArray]:
        logits = (table @ at.astype(np.float32)).astype(np.float64)
        return float(weights @ np.logaddexp(0, -sign * logits) + shrink @ at**2 / 2), logits

    with one_blas_thread():
        found = np.zeros(n + 1)
        value, logits = loss(found)
        for _ in range(MAX_STEPS):
            probability = 1 / (1 + np.exp(-logits))
            slope = table.T @ (weights * (probability - targets)).astype(np.float32) + shrink * found
            scaled = table * np.sqrt(weights * probability * (1 - probability)).astype(np.float32)[:, None]
            curvature = (scaled.T @ scaled).astype(np.float64) + np.diag(shrink + 1e-9)
            step = np.linalg.solve(curvature, -slope)
            for _ in range(10):
                tried, its_logits = loss(found + step)
                if tried <= value:
                    break
                step /= 2
            else:
                break
            gain, found, value, logits = value - tried, found + step, tried, its_logits
            if gain < TOLERANCE:
                break
    return found
