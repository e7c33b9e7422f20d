"""Logistic regression of weighted rows by Newton's method."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.threads import one_blas_thread

FloatArray = npt.NDArray[np.float64]

MAX_STEPS = 30

TOLERANCE = 1e-7  # nats a row (mean by weight): what a step must gain to be followed by another


def fit_logistic(
    table: npt.NDArray[np.float32], targets: npt.NDArray[np.bool_], weights: FloatArray, penalty: float
) -> tuple[FloatArray, FloatArray]:
    """Coefficients of the least mean loss plus `penalty / 2` times their sum of squares.

    Each Newton step is halved until the loss falls; with the penalty the loss is strictly convex, so the result is the
    one minimum. The same bits for any number of threads.

    Parameters
    ----------
    table : (N, K) float32 array
        Standardised columns, of about the same size; the last one is of ones.
    targets : (N,) bool array
    weights : (N,) float64 array
        Not negative; sum 1.
    penalty : float
        Above 0; the last coefficient is free.

    Returns
    -------
    coefficients : (K,) float64 array
    curvature : (K, K) float64 array
        Second derivatives of what was minimised, at the last step but one.
    """
    n = table.shape[1]
    sign = np.where(targets, 1.0, -1.0)
    shrink = np.full(n, penalty)
    shrink[-1] = 1e-9  # next to nothing: the curvature keeps an inverse

    def loss(at: FloatArray) -> tuple[float, FloatArray]:
        logits = (table @ at.astype(np.float32)).astype(np.float64)
        return float(weights @ np.logaddexp(0, -sign * logits) + shrink @ at**2 / 2), logits

    with one_blas_thread():
        found = np.zeros(n)
        value, logits = loss(found)
        for _ in range(MAX_STEPS):
            probability = 1 / (1 + np.exp(-logits))
            slope = table.T @ (weights * (probability - targets)).astype(np.float32) + shrink * found
            scaled = table * np.sqrt(weights * probability * (1 - probability)).astype(np.float32)[:, None]
            curvature = (scaled.T @ scaled).astype(np.float64) + np.diag(shrink)
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
    return found, curvature


def left_out(
    rows: npt.NDArray[np.float32],
    weights: FloatArray,
    groups: npt.NDArray[np.int64],
    coefficients: FloatArray,
    curvature: FloatArray,
) -> FloatArray:
    """By how much the mean log-odds of each group of positive rows would fall, had the group been left out of the fit.

    One Newton step from the fit with all of them; the other groups would share the weight of this one. The curvature is
    taken as it is, so that what a few large groups do to it is not foretold: the fall comes out rather too small.

    Parameters
    ----------
    rows : (N, K) float32 array
        Positive ones.
    weights : (N,) float64 array
        As they were in the fit.
    groups : (N,) int64 array
        Which group each is in, counted from 0; every group has rows.
    coefficients, curvature : arrays
        What `fit_logistic` found.

    Returns
    -------
    (G,) float64 array
        0 or more.

    Notes
    -----
    Giordano, Stephenson, Liu, Jordan and Broderick, A Swiss army infinitesimal jackknife (AISTATS 2019).
    """
    order = np.argsort(groups, kind="stable")
    rows, weights, groups = rows[order], weights[order], groups[order]
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    with one_blas_thread():
        wanting = 1 / (1 + np.exp((rows @ coefficients.astype(np.float32)).astype(np.float64)))
        middle = np.add.reduceat(rows, starts).astype(np.float64) / np.diff(starts, append=len(rows))[:, None]
        slope = np.add.reduceat(rows * (weights * wanting).astype(np.float32)[:, None], starts).astype(np.float64)
        pulled = np.linalg.solve(curvature, middle.T).T
    n = len(starts)
    slope = (n * slope - slope.sum(axis=0)) / max(n - 1, 1)  # the others would weigh more
    drop: FloatArray = np.maximum((pulled * slope).sum(axis=1), 0.0)
    return drop
