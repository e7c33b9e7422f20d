"""How many classes the data support: masters of half of the patterns, asked for the likelihood of the other half.

A further class always fits the patterns better that it was fitted to. What it tells of others grows only as long as it
finds something that is there; where it splits noise, it falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.dense import DensePatterns
from motes.maps import TemplateMap
from motes.noise import Noise
from motes.patterns import check_patterns
from motes.reconstruction.mixture.options import check_light
from motes.reconstruction.mixture.result import MixtureReconstruction
from motes.reconstruction.mixture.templates import AnyPatterns
from motes.reconstruction.run import reconstruct
from motes.rotations import C4

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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

    def plot(self) -> Figure:
        """What each number of classes loses to the best, with its error bar: a Matplotlib figure."""
        from motes import plotting

        return plotting.held_out(self)

    def __repr__(self) -> str:
        told = ", ".join(f"{k}: {value:.4f}" for k, value in zip(self.classes, self.log_likelihood, strict=True))
        return f"HeldOut({told} nats a pattern held out, {self.best} supported)"


def held_out(
    patterns: AnyPatterns,
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    classes: Sequence[int] = (1, 2, 3),
    **options: Any,
) -> HeldOut:
    """Fit the first, third, ... pattern with several numbers of classes, and score the others.

    Parameters
    ----------
    patterns : Patterns or DensePatterns
        N patterns, at least two.
    rotations, noise
        As of `motes.reconstruct`.
    classes : sequence of int
        Numbers of classes to try.
    **options
        Of `motes.reconstruct`: `still_classes`, `restarts`, `seed`, ... Of fluences that are estimated, a held-out
        pattern has the one that its own photons make likeliest under each fit; known ones go with their patterns.

    Returns
    -------
    HeldOut

    Raises
    ------
    ValueError, TypeError
        If an option is out of range, or can not be held out; the message names it.
    KeyboardInterrupt
        If Ctrl-C or a callback ended one of the fits: a comparison without it is none.

    Examples
    --------
    >>> from motes import Patterns, Poisson, simulate
    >>> data = simulate.patterns(simulate.scaled(simulate.portrait(7), 30.0), 600, noise="poisson", seed=1)
    >>> patterns = Patterns.from_coo(data.rows, data.cols, counts=data.counts, shape=(7, 7), n_patterns=600)
    >>> held_out(patterns, "C4", "poisson", classes=(1, 2)).best
    1
    """
    if not isinstance(patterns, DensePatterns):
        check_patterns(patterns)
        if options.get("binarise"):  # those that are held out as well
            patterns = patterns.binarised()
    if len(patterns) < 2:
        raise ValueError(f"patterns: expected at least 2, to fit one and to hold out another, got {len(patterns)}")
    numbers = [checks.whole("classes", k, 0) for k in classes]
    if not numbers:
        raise ValueError("classes: expected numbers of classes, got none")
    for name in ("checkpoint", "resume"):
        if options.get(name):
            raise ValueError(f"{name}: fits of half of the patterns keep no checkpoint")
    if not isinstance(options.get("init"), str | None):
        raise ValueError("init: masters are of one number of classes, and several are tried; expected a start's name")
    fluence = options.pop("fluence", "uniform")
    light = None
    if not isinstance(fluence, str):
        known = check_light(fluence, len(patterns))
        fluence, light = known[0::2], known[1::2] / known[0::2].mean()  # masters take up the scale of their half
    beta = options.pop("beta", 1.0)
    powers = [beta] if np.ndim(beta) == 0 and not isinstance(beta, str) else beta  # so also one class is a mixture
    fitted, others = patterns[0::2], patterns[1::2]
    results, each = [], []
    for k in numbers:
        asked: dict[str, Any] = {"std_error": False, "beta": powers, "fluence": fluence} | options
        result = reconstruct(fitted, rotations, noise, classes=k, **asked)
        assert isinstance(result, MixtureReconstruction)
        if result.interrupted:
            raise KeyboardInterrupt
        results.append(result)
        each.append(result.assign(others, fluence=light, threads=options.get("threads")).log_likelihood)
    scores = np.stack(each)
    means = scores.mean(axis=1)
    difference = scores[int(means.argmax())] - scores
    error = difference.std(axis=1) / np.sqrt(max(len(others), 1))
    return HeldOut(np.array(numbers, np.int64), means, difference.mean(axis=1), error, tuple(results))
