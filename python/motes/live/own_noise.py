"""What a master's own noise makes of its error: the contrast, and the information, that it passes for.

An estimate is the master and its noise, and noise turns as a picture does. With the error's variance V / N,

    E ||estimate - its mean||^2 = C^2 + V / N,

so that the error relative to C is told too small. And templates that differ more are told apart more easily, so that V
at the estimate is too small as well: where orientations are hardly told it falls with the square of what turns. Both
are taken off. What turns is shortened to the length that it has without its noise, |turning part|^2 - V_turning / N;
V is what patterns drawn from such a master tell; and V and the length are found in turns, each from the other.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from motes.limits.known import FloatArray, drawn, enough
from motes.limits.turns import AnyKnown, known_of
from motes.live.part import TurningPart
from motes.live.turning import Found
from motes.reconstruction.information import LARGEST_MATRIX
from motes.reconstruction.result import Reconstruction

HARDLY = 0.1  # error of what turns, above which V is looked at again: below, it is less than 2% too small
ROUNDS, CLOSE = 5, 0.003  # of finding V and the length; a length that changes by less than this share of it is found
FEWEST, A_PIXEL = 4000, 16  # patterns that are drawn, at least; of in-plane rotations no more
MOST_WORK = 3e8  # of a round: about a second of two cores


def variance_without(result: Found, part: TurningPart) -> float:
    """Sum of the pixels' variances, from as many patterns, that the master would have without its own noise: photons^2.

    Parameters
    ----------
    result : Reconstruction, or MixtureReconstruction of one master and in-plane rotations
        With its error bars.
    part : TurningPart
        Of its master.

    Returns
    -------
    float
        No less than by its error bars. That, where what turns is told to a tenth, or too much is asked: more pixels
        than an information has a matrix for, or patterns that take too long to draw and to tell; orientations whose
        frequencies are estimated; in-plane rotations and a mask. Infinite where nothing is left of what turns.
    """
    own = variance = float(np.nansum(result.std_error**2))
    if not HARDLY**2 <= part.squared_error(own) < math.inf or not _can_be_drawn(result):
        return own
    exact = isinstance(result, Reconstruction)
    n = patterns_drawn(np.nan_to_num(result.master), part.turns.n, exact=exact)
    if n == 0:
        return own
    low, high = result.noise.limits(result.n_patterns)
    length = 1.0
    for _ in range(ROUNDS):
        known = _known(result, np.clip(part.mean + length * part.part, low, high), n)
        variance = float(np.nansum(known.std_error(result.n_patterns) ** 2))
        left = 1 - part.squared_error(variance)
        if left <= 0 or known.untold:
            return math.inf
        before, length = length, math.sqrt(left)
        if abs(length - before) <= CLOSE * length:
            break
    return max(own, variance)  # of patterns that scatter more than the model says, error bars may say more


def patterns_drawn(master: FloatArray, n_turns: int, *, exact: bool) -> int:
    """How many patterns a round takes; 0 where those that the work allows are too few.

    The work is counted, not timed, so that a forecast is the same on every machine: of exact rotations in products of
    two photons, of in-plane ones in pixels, both for every template.

    Examples
    --------
    >>> patterns_drawn(np.full((25, 25), 0.04), 4, exact=True), patterns_drawn(np.full((25, 25), 0.1), 4, exact=True)
    (40000, 19200)
    >>> patterns_drawn(np.full((25, 25), 0.1), 36, exact=False), patterns_drawn(np.full((37, 37), 0.1), 36, exact=False)
    (10000, 0)
    """
    least = max(FEWEST, A_PIXEL * master.size)
    wanted, a_template = (enough(master), float(master.sum()) ** 2) if exact else (least, master.size)
    n = int(min(wanted, MOST_WORK / max(n_turns * a_template, 1.0)))
    return n if n >= min(wanted, least) else 0


def _can_be_drawn(result: Found) -> bool:
    """Whether patterns like those that it was made from can be drawn."""
    if result.master.size > LARGEST_MATRIX:
        return False
    if isinstance(result, Reconstruction):
        return result.rotations.n > 1 and not result.weights_std_error.any()
    turns = result.maps[0]
    equal = bool(np.ptp(result.weights) <= 1e-12)
    return equal and bool((result.good == turns.support(result.master.shape)).all())


def _known(result: Found, master: FloatArray, n: int) -> AnyKnown:
    """Patterns drawn from a master, seen by the pixels that are good."""
    if not isinstance(result, Reconstruction):
        return known_of(master, result.maps[0], result.noise, n, result.seed, result.threads)
    known = drawn(master, result.rotations, result.noise, n, result.seed, result.threads)
    problem = dataclasses.replace(known.problem, good=result.good.ravel())
    return dataclasses.replace(known, problem=problem)
