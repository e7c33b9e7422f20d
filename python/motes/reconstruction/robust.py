"""Error bars that do not ask for the model to be right: the sandwich, and the bootstrap.

A maximum of the likelihood scatters as H^-1 J H^-1 / N whatever the patterns are (Huber 1967; White, Econometrica 50
(1982) 1), H minus the mean curvature at the maximum, J the mean of s s^T over patterns. Under the right model H = J:
both are the information. The bootstrap does without either: it draws the patterns anew and fits again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from motes.reconstruction.em import Squarem
from motes.reconstruction.information import (
    PATTERNS_USED,
    ErrorBars,
    PerPattern,
    bars_from,
    drawn_from,
    error_bars,
    free_pixels,
    hardly_told,
    information_matrix,
    inverted,
    matrix_is_cheap,
    observed_information,
    variance_if_known,
)
from motes.reconstruction.matrixfree import sandwich_without_a_matrix
from motes.reconstruction.problem import FloatArray, Problem
from motes.reconstruction.state import State
from motes.threads import one_blas_thread

KINDS = ("information", "sandwich", "bootstrap")
REPLICATES = 100
_SANDWICH = "error bars by the sandwich form, which does not ask for the noise model to be right"
_FEWEST = 2  # replicates with a variance
_MOST_ITERATIONS = 300
_CLOSE = 1e-4  # of what a fit wins by following the noise, M / 2N nats a pattern: what a replicate may leave unclimbed

Observer = Callable[[dict[str, Any]], object]


def error_bars_by(
    kind: str | None, problem: Problem, master: FloatArray, weights: FloatArray, *, seed: int, replicates: int,
    observe: Observer | None = None,
) -> ErrorBars:  # fmt: skip
    """Standard errors of a maximum-likelihood master, by one of `KINDS`; NaN for None."""
    if kind is None:
        of_weights = np.full(len(weights), np.nan if problem.estimate_weights else 0.0)
        return ErrorBars(np.full(master.size, np.nan), of_weights, np.nan, np.nan, ())
    if kind == "sandwich":
        return sandwich(problem, master, weights, seed=seed)
    if kind == "bootstrap":
        return bootstrap(problem, master, weights, seed=seed, replicates=replicates, observe=observe)
    return error_bars(problem, master, weights, seed=seed)


def sandwich(
    problem: Problem, master: FloatArray, weights: FloatArray, *, seed: int, n_used: int = PATTERNS_USED
) -> ErrorBars:
    """From H^-1 J H^-1, H by Louis' form.

    Parameters
    ----------
    problem, master, weights, seed, n_used
        As of `information.error_bars`.
    """
    sample = drawn_from(problem, n_used, seed)
    free = free_pixels(problem, master, weights, len(sample))
    if not free.any():
        return error_bars(problem, master, weights, seed=seed, n_used=n_used)
    variance, weights_variance = variance_if_known(problem, master, weights), np.zeros(len(weights))
    notes: tuple[str, ...] = ()
    if matrix_is_cheap(sample, problem.rotations.n):
        with one_blas_thread():
            squared = information_matrix(problem, master, weights, sample)
            observed = observed_information(problem, master, weights, sample, squared)
            covariance, weights_variance, floored = inverted(problem, master, weights, free, observed, squared=squared)
        variance[free] = np.diag(covariance)
        notes = (hardly_told(floored),) if floored else notes
    else:
        variance[free], notes = sandwich_without_a_matrix(problem, master, weights, sample, free, seed=seed)
    told = PerPattern(variance, weights_variance, free, notes=(_SANDWICH, *notes))
    return bars_from(problem, master, weights, sample, told)


def bootstrap(
    problem: Problem, master: FloatArray, weights: FloatArray, *, seed: int, replicates: int = REPLICATES,
    observe: Observer | None = None,
) -> ErrorBars:  # fmt: skip
    """From fits to as many patterns, drawn with replacement, each climbed from the estimate and turned to it.

    Parameters
    ----------
    problem, master, weights
        As of `information.error_bars`.
    seed : int
        Of the draws: replicate b has the same patterns however many there are.
    replicates : int
        Fits. An error bar is known to 1 / sqrt(2 replicates) of itself.
    observe : callable, optional
        Called after each replicate; returning True ends with those that are done, as Ctrl-C does.
    """
    masters: list[FloatArray] = []
    frequencies: list[FloatArray] = []
    unsettled = 0
    try:
        for b in range(replicates):
            state = _climbed(problem, master, weights, np.random.default_rng([seed, b]))
            unsettled += not state.converged
            turn = _turn_to(problem, state.point.master, master)
            masters.append(state.point.master[problem.index[turn]])
            frequencies.append(state.point.weights[problem.rotations.relabel(np.arange(len(weights)), turn).argsort()])
            told = {
                "replicate": b + 1, "replicates": replicates, "sweeps": state.sweeps, "gain": state.gain,
                "log_likelihood": state.point.log_likelihood,
            }  # fmt: skip
            if observe is not None and observe(told):
                break
    except KeyboardInterrupt:
        pass  # those that are done
    n, n_patterns = len(masters), len(problem.patterns)
    variance, weights_variance = np.full(master.size, np.nan), np.full(len(weights), np.nan)
    if n >= _FEWEST:
        variance, weights_variance = np.var(masters, axis=0, ddof=1), np.var(frequencies, axis=0, ddof=1)
    notes = [f"error bars from a bootstrap of {n} fits: each known to {1 / np.sqrt(2 * max(n, 1)):.0%}"]
    if n < replicates:
        notes.append(f"the bootstrap was interrupted after {n} of {replicates} fits")
    if unsettled:
        notes.append(f"of the bootstrap's fits {unsettled} did not converge: error bars are lower bounds")
    sample = drawn_from(problem, PATTERNS_USED, seed)
    free = free_pixels(problem, master, weights, len(sample))
    told_by_one = PerPattern(variance * n_patterns, weights_variance * n_patterns, free, notes=tuple(notes))
    return bars_from(problem, master, weights, sample, told_by_one)


def _climbed(problem: Problem, master: FloatArray, weights: FloatArray, rng: np.random.Generator) -> State:
    """The maximum for patterns drawn anew, climbed from the estimate."""
    n_patterns = len(problem.patterns)
    chosen = np.sort(rng.integers(0, n_patterns, n_patterns))
    problem.account.patterns += n_patterns
    drawn = replace(problem, patterns=problem.patterns[chosen], pool=None)
    climb = Squarem(_CLOSE * int(problem.seen.sum()) / (2 * n_patterns))
    state = climb.begin(drawn, drawn.evaluate(master, weights))
    while not state.converged and state.iteration < _MOST_ITERATIONS:
        state = climb.step(drawn, state)
    return state


def _turn_to(problem: Problem, other: FloatArray, master: FloatArray) -> int:
    """The rotation after which another master is nearest."""
    return int(np.argmin(((other[problem.index] - master)[:, problem.seen] ** 2).sum(axis=1)))
