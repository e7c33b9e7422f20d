"""How many patterns it takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from motes.checks import positive
from motes.limits.cramer_rao import MOST_PATTERNS, bound
from motes.limits.turns import AnyKnown, known_of
from motes.maps import TemplateMap
from motes.noise import Noise
from motes.rotations import C4


def patterns_needed(
    master: npt.NDArray[np.floating],
    target_error: float,
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    n_simulated: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> int:
    """The least number of patterns from which maximum likelihood reaches an error.

    Both must hold: the Cramer-Rao bound is at most the target, and it is reached (`CramerRao.solvable`). A rough
    picture may therefore take as many patterns as a better one: below some number there is none.

    Parameters
    ----------
    master, rotations, noise, n_simulated, seed, threads
        As of `cramer_rao`.
    target_error : float
        Error of the master, relative to ||master - mean(master)||.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `target_error` is not positive and finite, or takes more than 1e18 patterns.

    Examples
    --------
    >>> from motes import simulate
    >>> master = simulate.scaled(simulate.creature(9, seed=1), 20.0)
    >>> patterns_needed(master, 0.01) > patterns_needed(master, 0.02)
    True
    """
    target_error = positive("target_error", target_error)
    return needed(known_of(master, rotations, noise, n_simulated, seed, threads), target_error)


def needed(sample: AnyKnown, target_error: float) -> int:
    """As `patterns_needed`."""
    least = solvable_from(sample)
    enough = None if least is None else _first(lambda n: bound(sample, n).relative_error <= target_error)
    if least is None or enough is None:
        group = sample.rotations.name
        why = (
            f"this master is flat, or looks the same after a rotation of {group}" if least is None else "it is too low"
        )
        raise ValueError(f"target_error: {target_error:g} is not reached by 1e18 patterns: {why}")
    return max(least, enough)


def solvable_from(sample: AnyKnown) -> int | None:
    """The least number of patterns from which maximum likelihood reaches the bound; None beyond 1e18."""
    return _first(lambda n: bound(sample, n).solvable)


def _first(holds: Callable[[int], bool]) -> int | None:
    """The least number for which something holds that holds for every larger one."""
    if not holds(MOST_PATTERNS):
        return None
    low, high = 0, 1
    while not holds(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
