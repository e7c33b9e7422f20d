"""What a posterior over templates must be, given the scores: of the CPU's kernel, and of a GPU's."""

from __future__ import annotations

import numpy as np

import reference

UNIT = {np.dtype(np.float32): 2.0**-24, np.dtype(np.float64): 2.0**-53}
SOFTMAX = {np.dtype(np.float32): 4e-7, np.dtype(np.float64): 1e-14}


def assert_is_the_softmax(scores: np.ndarray, labels: np.ndarray, gamma: np.ndarray, evidence: np.ndarray) -> None:
    """Labels, responsibilities and evidence of (N, R) scores in the same precision."""
    unit, tolerance = UNIT[scores.dtype], SOFTMAX[scores.dtype]
    score = scores.astype(np.float64)
    np.testing.assert_array_equal(labels, score.argmax(axis=1))
    distance = np.max(np.where(np.isneginf(score), -1e30, score), axis=1, keepdims=True) - score
    distance[np.isneginf(score)] = 0.0
    summed = 1 + score.shape[1] / 1000  # thousands of exponentials: the sum's own rounding, beyond that of each
    expected = reference.responsibilities(score)
    error = np.abs(gamma - expected)
    # exp(L - m): the difference itself is rounded, which only tells where hardly anything is left of it.
    assert (error <= expected * (tolerance + unit * distance) * summed + 2e-38).all()
    exact = reference.evidence(score)
    np.testing.assert_array_equal(np.isneginf(evidence), np.isneginf(exact))
    possible = np.isfinite(exact)
    # The last sum, m + log(...), is rounded here and in the oracle, which is in float64 itself.
    bound = summed * tolerance + (unit + np.finfo(np.float64).eps) * np.abs(exact[possible])
    assert (np.abs(evidence[possible] - exact[possible]) <= bound).all()
