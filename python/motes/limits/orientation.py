"""How well the orientation of one pattern can be told."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.limits.cramer_rao import number_of_patterns
from motes.limits.known import Known, drawn
from motes.limits.turns import AnyKnown, known_of
from motes.maps import TemplateMap
from motes.noise import Noise
from motes.reconstruction.fisher import bounded_step, mean_score
from motes.reconstruction.matrixfree import newton_step
from motes.reconstruction.problem import FloatArray
from motes.rotations import C4
from motes.threads import one_blas_thread

_PATTERNS_A_DRAW = 12_000  # estimated masters are drawn until so many patterns have gone into them
_MOST_DRAWS = 12


def expected_accuracy(
    master: npt.NDArray[np.floating],
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    n_patterns: int | None = None,
    n_simulated: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> float:
    """Share of the patterns whose most likely orientation is the right one, the group's free turn taken out.

    Parameters
    ----------
    master, rotations, noise, n_simulated, seed, threads
        As of `cramer_rao`.
    n_patterns : int, optional
        By default the master is *known*: no method does better. If given, it is *estimated* by maximum likelihood from
        so many patterns, which mistakes a few more: one Newton step from the truth on simulated patterns stands for
        the estimate. Holds where `CramerRao.solvable` does.

    Returns
    -------
    float
        From 1 / R (nothing can be told) to 1. Of the known master it is the mean of the largest responsibility.

    Examples
    --------
    >>> from motes import simulate
    >>> master = simulate.scaled(simulate.creature(9, seed=1), 20.0)
    >>> 0.25 < expected_accuracy(master, n_patterns=2000) < expected_accuracy(master) < 1
    True
    """
    n_patterns = None if n_patterns is None else number_of_patterns(n_patterns)
    sample = known_of(master, rotations, noise, n_simulated, seed, threads)
    if n_patterns is None:
        return accuracy_when_known(sample)
    if not isinstance(sample, Known):
        raise ValueError(f"n_patterns: of {sample.rotations.name} the accuracy is known of a known master only")
    return accuracy_when_estimated(sample, n_patterns)


def accuracy_when_known(sample: AnyKnown) -> float:
    """Mean of the largest responsibility."""
    return float(sample.responsibilities.max(axis=1).mean())


def accuracy_when_estimated(sample: Known, n_patterns: int) -> float:
    """Mean responsibility, at the truth, of the orientation that is most likely at an estimate."""
    problem = sample.problem
    n_drawn = min(n_patterns, len(problem.patterns))
    found = []
    for draw in range(min(max(_PATTERNS_A_DRAW // n_drawn, 1), _MOST_DRAWS)):
        seed = int(np.random.default_rng((sample.seed, draw)).integers(2**31))
        estimate = _estimate(sample, n_drawn, n_patterns, seed)
        labels = problem.labels(estimate, problem.uniform)
        found.append(sample.responsibilities[np.arange(len(labels)), labels].mean())
    return float(np.mean(found))


def _estimate(sample: Known, n_drawn: int, n_patterns: int, seed: int) -> FloatArray:
    """A master as `n_patterns` patterns would have it: one Newton step on `n_drawn`, shortened if these are fewer."""
    problem, told = sample.problem, sample.told
    fresh = drawn(sample.master, problem.rotations, problem.noise, n_drawn, seed, problem.threads).problem
    master = sample.flat
    score = mean_score(fresh, fresh.evaluate(master, fresh.uniform))
    step = told.variance * score
    if told.covariance is not None:
        with one_blas_thread():
            step[told.free] = told.covariance @ score[told.free]
    elif told.free.any():
        step[told.free] = newton_step(problem, master, problem.uniform, told.free, score)
    return bounded_step(problem, master, step * np.sqrt(n_drawn / n_patterns))


def mutual_information(
    master: npt.NDArray[np.floating],
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    n_simulated: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> float:
    """Mutual information of a pattern and its orientation: what it tells of it, the master known.

    I = ln R - E[entropy of the responsibilities], over simulated patterns.

    Parameters
    ----------
    master, rotations, noise, n_simulated, seed, threads
        As of `cramer_rao`.

    Returns
    -------
    float, nats a pattern
        From 0 to ln R. It says how surely patterns are sorted, not how many are needed to find the master.

    Examples
    --------
    >>> from motes import simulate
    >>> master = simulate.scaled(simulate.creature(9, seed=1), 20.0)
    >>> 0 < mutual_information(master, n_simulated=4000) < 1.387
    True
    """
    return information_of_orientation(known_of(master, rotations, noise, n_simulated, seed, threads))


def information_of_orientation(sample: AnyKnown) -> float:
    """What the responsibilities tell: ln R less their mean entropy."""
    gamma = sample.responsibilities
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(gamma > 0, gamma * np.log(gamma), 0.0).sum(axis=1)
    most = float(np.log(gamma.shape[1]))
    return min(max(most - float(entropy.mean()), 0.0), most)
