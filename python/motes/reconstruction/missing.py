"""The largest fraction of information that unknown orientations hide: what a sweep of plain EM leaves of an error.

The hidden information is the variance of the complete-data score over the unknown rotation, whitened by the
complete-data information: Louis (1982). It is positive semi-definite and 0 where labels are sure, pattern by pattern,
which 1 less the eigenvalues of a sampled information is not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.patterns import Patterns
from motes.reconstruction.krylov import leading
from motes.reconstruction.matrixfree import InformationOperator
from motes.reconstruction.problem import FloatArray, Problem
from motes.threads import one_blas_thread

_BLOCK, _STEPS = 4, 12
_SETTLED = 2e-3  # of the eigenvalue


def missing_information(
    problem: Problem,
    master: FloatArray,
    weights: FloatArray,
    sample: Patterns,
    free: npt.NDArray[np.bool_],
    *,
    fitted: bool,
) -> float:
    """The largest eigenvalue of D^-1/2 H D^-1/2 over the free pixels, H hidden and D complete: from 0 to 1.

    Parameters
    ----------
    problem : Problem
        Model.
    master, weights : arrays
        Where it is asked for; the weights are taken as known.
    sample : Patterns
        What it is estimated from.
    free : (M,) bool array
        Pixels with enough photons in the sample.
    fitted : bool
        The master is the maximum for this very sample: then it is the rate of EM on it, without noise. Else the largest
        eigenvalue of a sample is too large, and what other patterns say of its direction too small, by the same amount
        to second order: half of the sample gives the one, half the other, and their mean is returned.
    """
    if problem.rotations.n == 1 or not free.any():
        return 0.0
    complete = problem.noise.precision(master) * (weights @ problem.looks)

    def hidden_in(part: Patterns) -> InformationOperator:
        responsibilities = problem.posterior(master, weights, part)
        return InformationOperator(problem, master, part, responsibilities, complete, free, True)

    with one_blas_thread():
        if fitted or len(sample) < 2:
            fraction, _ = _largest(hidden_in(sample))
        else:
            most, direction = _largest(hidden_in(sample[0::2]))
            elsewhere = hidden_in(sample[1::2]).averaged(direction)
            fraction = (most + float((direction * elsewhere).sum())) / 2
    return min(max(fraction, 0.0), 1.0)


def _largest(operator: InformationOperator) -> tuple[float, FloatArray]:
    """Largest eigenvalue of what an operator averages, and its unit vector (n_free, 1)."""
    n_free = int(operator.free.sum())
    rng = np.random.default_rng(0)
    values, vectors = leading(operator.averaged, n_free, 1, block=_BLOCK, steps=_STEPS, rng=rng, settled=_SETTLED)
    return float(values[0]), vectors
