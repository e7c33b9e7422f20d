"""How many classes the data support: masters of half of the patterns, asked for the likelihood of the other half.

A further class always fits the patterns better that it was fitted to. What it tells of others grows only as long as it
finds something that is there; where it splits noise, it falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.maps import TemplateMap
from motes.noise import Noise
from motes.patterns import Patterns, check_patterns
from motes.reconstruction.mixture.result import MixtureReconstruction
from motes.reconstruction.run import reconstruct
from motes.rotations import C4


@dataclass(frozen=True, eq=False, repr=False)
class HeldOut:
    """Likelihoods of patterns that masters were not fitted to.

    Attributes
    ----------
    classes : (n,) int64 array
        Numbers of classes that rotate.
    log_likelihood : (n,) float64 array
        Of the held-out patterns, mean nats a pattern.
    less_than_best, std_error : (n,) float64 arrays
        What each loses to the best, and the standard error of that difference, pattern by pattern.
    results : tuple of MixtureReconstruction
        The fits.
    """

    classes: npt.NDArray[np.int64]
    log_likelihood: npt.NDArray[np.float64]
    less_than_best: npt.NDArray[np.float64]
    std_error: npt.NDArray[np.float64]
    results: tuple[MixtureReconstruction, ...]

    @property
    def best(self) -> int:
        """The fewest classes that lose no more than one standard error to the best."""
        return int(self.classes[self.less_than_best <= self.std_error].min())

    def __repr__(self) -> str:
        told = ", ".join(f"{k}: {value:.4f}" for k, value in zip(self.classes, self.log_likelihood, strict=True))
        return f"HeldOut({told} nats a pattern held out, {self.best} supported)"


def held_out(
    patterns: Patterns,
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    classes: Sequence[int] = (1, 2, 3),
    **options: Any,
) -> HeldOut:
    """Fit the first, third, ... pattern with several numbers of classes, and score the others.

    Parameters
    ----------
    patterns : Patterns
        N patterns, at least two.
    rotations, noise
        As of `motes.reconstruct`.
    classes : sequence of int
        Numbers of classes to try.
    **options
        Of `motes.reconstruct`: `still_classes`, `restarts`, `seed`, ...

    Returns
    -------
    HeldOut

    Raises
    ------
    ValueError, TypeError
        If an option is out of range; the message names it.

    Examples
    --------
    >>> from motes import Patterns, Poisson, simulate
    >>> data = simulate.patterns(simulate.scaled(simulate.portrait(7), 30.0), 600, noise="poisson", seed=1)
    >>> patterns = Patterns.from_coo(data.rows, data.cols, counts=data.counts, shape=(7, 7), n_patterns=600)
    >>> held_out(patterns, "C4", "poisson", classes=(1, 2)).best
    1
    """
    check_patterns(patterns)
    if len(patterns) < 2:
        raise ValueError(f"patterns: expected at least 2, to fit one and to hold out another, got {len(patterns)}")
    numbers = [checks.whole("classes", k, 0) for k in classes]
    if not numbers:
        raise ValueError("classes: expected numbers of classes, got none")
    for name in ("fluence", "checkpoint", "resume"):
        given = options.get(name)
        if not (given is None or given is False or (isinstance(given, str) and given == "uniform")):
            raise ValueError(f"{name}: can not be held out")
    beta = options.pop("beta", 1.0)
    powers = [beta] if np.ndim(beta) == 0 and not isinstance(beta, str) else beta  # so also one class is a mixture
    fitted, others = patterns[0::2], patterns[1::2]
    results, each = [], []
    for k in numbers:
        asked: dict[str, Any] = {"std_error": False, "beta": powers} | options
        result = reconstruct(fitted, rotations, noise, classes=k, **asked)
        assert isinstance(result, MixtureReconstruction)
        results.append(result)
        each.append(result.assign(others, threads=options.get("threads")).log_likelihood)
    scores = np.stack(each)
    means = scores.mean(axis=1)
    difference = scores[int(means.argmax())] - scores
    error = difference.std(axis=1) / np.sqrt(max(len(others), 1))
    return HeldOut(np.array(numbers, np.int64), means, difference.mean(axis=1), error, tuple(results))
