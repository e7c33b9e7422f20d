"""The Fisher information of one pattern about the master, and the rate of EM that follows from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.limits.known import Known
from motes.limits.turns import checked_of, known_of
from motes.maps import TemplateMap
from motes.noise import Noise
from motes.reconstruction.information import LARGEST_MATRIX, information_matrix
from motes.rotations import C4, Rotations
from motes.threads import one_blas_thread


def information(
    master: npt.NDArray[np.floating],
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    labels_known: bool = False,
    n_simulated: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> npt.NDArray[np.float64]:
    """Fisher information of one pattern about the master: I = E[s s^T], s the score.

    Parameters
    ----------
    master : (L, L) array
        Mean photons a pixel.
    rotations, noise, n_simulated, seed, threads
        As of `cramer_rao`.
    labels_known : bool
        If each pattern's orientation were told: then it is diagonal, 1 / (mean (1 - mean)) or, Poisson, 1 / mean, and
        exact. Infinite at a mean of 0 and, Bernoulli, of 1. Through in-plane turns it is the mean of A^T diag A.

    Returns
    -------
    (M, M) float64 array, per photon squared
        M = L * L; n patterns have n times as much.

    Raises
    ------
    ValueError
        If the master is not square, holds a mean that the noise can not have, or more than 1500 pixels.

    Examples
    --------
    >>> master = np.array([[0.1, 0.2], [0.3, 0.4]])
    >>> told = information(master, labels_known=True)
    >>> hidden = told - information(master, n_simulated=4000)
    >>> bool(np.linalg.eigvalsh(hidden).max() > 0)
    True
    """
    truth, rotations, noise = checked_of(master, rotations, noise)
    if truth.size > LARGEST_MATRIX:
        raise ValueError(f"master: expected at most {LARGEST_MATRIX} pixels for a matrix, got {truth.size}")
    if labels_known and isinstance(rotations, Rotations):
        with np.errstate(divide="ignore"):
            return np.diag(noise.precision(truth.ravel()))
    sample = known_of(truth, rotations, noise, n_simulated, seed, threads)
    if not isinstance(sample, Known):
        return sample.complete if labels_known else sample.information
    problem = sample.problem
    with one_blas_thread():
        return information_matrix(problem, sample.flat, problem.uniform, problem.in_memory)


def em_rate(
    master: npt.NDArray[np.floating],
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    n_simulated: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> float:
    """What is left of an error after one sweep of plain EM, along the slowest direction.

    It is the largest fraction of information that the unknown orientations hide (Dempster, Laird and Rubin, J. R. Stat.
    Soc. B 39, 1977, 1): max eig(D^-1/2 H D^-1/2), D the information with labels known, H = D - I what is hidden of it:
    the variance of the score over the unknown orientation (Louis, J. R. Stat. Soc. B 44, 1982, 226).

    Parameters
    ----------
    master, rotations, noise, n_simulated, seed, threads
        As of `cramer_rao`.

    Returns
    -------
    float
        From 0 (one sweep suffices) to 1 (it never ends).

    Examples
    --------
    >>> 0 <= em_rate(np.array([[0.1, 0.2], [0.3, 0.4]]), n_simulated=4000) <= 1
    True
    """
    return known_of(master, rotations, noise, n_simulated, seed, threads).missing_information
