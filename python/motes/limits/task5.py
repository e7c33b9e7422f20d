"""Task 5 of the challenge, (a) to (f): every expression as a function, exact in whatever numbers it is given.

A picture has bright pixels of mean lam and dim ones of mean beta * lam. A pattern has photons exactly on the bright
pixels. How likely is it upright, and after a quarter turn? (a) to (c): 2x2, bright at (0, 0). (d): 4x4, bright at
(0, 0). (e): 4x4, bright at (0, 0), (0, 2) and (1, 1). (f): any number of pixels, some of them bright. Integers,
`fractions.Fraction`, floats, arrays and mpmath's numbers all work in (a) to (e). Derivations: docs/limits.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.checks import whole

Number: TypeAlias = Any  # float, Fraction, array, mpmath.mpf: whatever has + - * / and whole powers

EXPRESSIONS = {
    "a": "beta lam (1 - lam) (1 - beta lam)^2",
    "b": "(1 - beta lam) / (beta (1 - lam))",
    "c": "beta = 1",
    "d": "(1 - beta lam) / (beta (1 - lam))",
    "e": "((1 - beta lam) / (beta (1 - lam)))^3",
    "f": "M lam ln lam + M (1 - lam) ln(1 - lam)"
    " + (N - M) beta lam ln(beta lam) + (N - M) (1 - beta lam) ln(1 - beta lam)",
}

BRIGHT = {"b": ((2, 2), ((0, 0),)), "d": ((4, 4), ((0, 0),)), "e": ((4, 4), ((0, 0), (0, 2), (1, 1)))}
"""Shape and bright pixels of the pictures."""


def turned_likelihood(lam: Number, beta: Number) -> Number:
    """(a): of one photon at (0, 0), if the picture was turned by a quarter.

    Examples
    --------
    >>> from fractions import Fraction
    >>> turned_likelihood(Fraction(1, 2), Fraction(1, 2))
    Fraction(9, 128)
    """
    return beta * lam * (1 - lam) * (1 - beta * lam) ** 2


def ratio_of_one(lam: Number, beta: Number) -> Number:
    """(b), and (d) with 16 pixels instead of 4: by how much upright is likelier than a quarter turn.

    Dim pixels that stay dim cancel, so the size of the picture does not matter.

    Examples
    --------
    >>> from fractions import Fraction
    >>> ratio_of_one(Fraction(1, 2), Fraction(1, 2))
    Fraction(3, 1)
    """
    return (1 - beta * lam) / (beta * (1 - lam))


def beta_of_ratio(ratio: Number, lam: Number) -> Number:
    """(c): the beta at which the ratio (b) has a value. It is 1 at beta = 1 alone, a flat picture.

    Examples
    --------
    >>> from fractions import Fraction
    >>> beta_of_ratio(1, Fraction(1, 3)), beta_of_ratio(3, Fraction(1, 2))
    (Fraction(1, 1), Fraction(1, 2))
    """
    return 1 / (ratio * (1 - lam) + lam)


def ratio_of_three(lam: Number, beta: Number) -> Number:
    """(e): as (d) with three bright pixels, none of which turns onto another: a cube.

    Seed 000 prints a square, its equation (5): an erratum.

    Examples
    --------
    >>> from fractions import Fraction
    >>> ratio_of_three(Fraction(1, 2), Fraction(1, 2))
    Fraction(27, 1)
    """
    return ratio_of_one(lam, beta) ** 3


def mean_log_likelihood(lam: float, beta: float, n_pixels: int, n_bright: int) -> float:
    """(f): log-likelihood of an aligned pattern, its mean over patterns, nats.

    Examples
    --------
    >>> mean_log_likelihood(0.5, 1.0, 4, 1) == 4 * math.log(0.5)
    True
    """
    from scipy.special import xlog1py, xlogy  # 0 ln 0 = 0

    def mean(mu: float) -> float:
        return float(xlogy(mu, mu) + xlog1py(1 - mu, -mu))

    return n_bright * mean(lam) + (n_pixels - n_bright) * mean(beta * lam)


def std_log_likelihood(lam: float, beta: float, n_pixels: int, n_bright: int) -> float:
    """The spread that goes with (f): standard deviation over patterns, nats.

    Pixels are independent: sqrt(sum mu (1 - mu) ln(mu / (1 - mu))^2).

    Examples
    --------
    >>> std_log_likelihood(0.5, 1.0, 4, 1)
    0.0
    """

    def variance(mu: float) -> float:
        return mu * (1 - mu) * (math.log(mu) - math.log1p(-mu)) ** 2 if 0 < mu < 1 else 0.0

    return math.sqrt(n_bright * variance(lam) + (n_pixels - n_bright) * variance(beta * lam))


def picture(case: str, lam: float, beta: float) -> npt.NDArray[np.float64]:
    """The picture of case "b", "d" or "e": mean photons a pixel.

    Examples
    --------
    >>> picture("b", 0.5, 0.2)
    array([[0.5, 0.1],
           [0.1, 0.1]])
    """
    if case not in BRIGHT:
        raise ValueError(f"case: expected one of {', '.join(BRIGHT)}, got {case!r}")
    shape, bright = BRIGHT[case]
    master = np.full(shape, beta * lam)
    for pixel in bright:
        master[pixel] = lam
    return master


@dataclass(frozen=True)
class Check:
    """An expression beside a simulation.

    Attributes
    ----------
    expected, measured, std_error : float
        By formula, by simulation, and the standard error of the simulation.
    """

    expected: float
    measured: float
    std_error: float

    @property
    def z(self) -> float:
        """Deviation in standard errors."""
        return (self.measured - self.expected) / self.std_error


def monte_carlo(lam: float = 0.6, beta: float = 0.4, *, n_patterns: int = 1_000_000, seed: int = 0) -> dict[str, Check]:
    """Draw patterns of each picture, upright and turned, and count.

    Parameters
    ----------
    lam, beta : float
        Between 0 and 1.
    n_patterns : int
        Of each orientation.
    seed : int
        The same seed gives the same counts.

    Returns
    -------
    dict of Check
        "a": how often a turned picture gives the pattern. "b", "d", "e": ln of the ratio of how often the upright and
        the turned one do; NaN where one of them never did. "f", "f std": log-likelihood of upright patterns of (e), its
        mean and standard deviation.

    Examples
    --------
    >>> all(abs(check.z) < 5 for check in monte_carlo(n_patterns=20_000).values())
    True
    """
    for name, value in (("lam", lam), ("beta", beta)):
        if not 0 < value < 1:
            raise ValueError(f"{name}: expected a number between 0 and 1, got {value:g}")
    n_patterns, rng = whole("n_patterns", n_patterns, 1), np.random.default_rng(whole("seed", seed, 0))
    ratios = {"b": ratio_of_one(lam, beta), "d": ratio_of_one(lam, beta), "e": ratio_of_three(lam, beta)}
    checks = {}
    for case, ratio in ratios.items():
        master = picture(case, lam, beta)
        wanted = master == lam
        upright, turned = (_draw(means, n_patterns, rng) for means in (master, np.rot90(master, -1)))
        hits = [int((drawn == wanted).all(axis=(1, 2)).sum()) for drawn in (upright, turned)]
        counted, spread = math.nan, math.nan
        if all(hits):
            counted, spread = math.log(hits[0] / hits[1]), math.sqrt(sum(1 / hit - 1 / n_patterns for hit in hits))
        checks[case] = Check(math.log(ratio), counted, spread)
        if case == "b":
            share = hits[1] / n_patterns
            error = math.sqrt(share * (1 - share) / n_patterns)
            checks["a"] = Check(turned_likelihood(lam, beta), share, error)
    values = log_likelihoods(upright, master)
    checks["f"] = Check(
        mean_log_likelihood(lam, beta, 16, 3), float(values.mean()), float(values.std()) / math.sqrt(n_patterns)
    )
    deviation = values - values.mean()
    variance = float((deviation**2).mean())
    of_variance = math.sqrt(max(float((deviation**4).mean()) - variance**2, 1e-300) / n_patterns)
    std = math.sqrt(variance)
    checks["f std"] = Check(std_log_likelihood(lam, beta, 16, 3), std, of_variance / (2 * std))
    return dict(sorted(checks.items()))


def log_likelihoods(patterns: npt.NDArray[np.bool_], master: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Log-likelihood of each pattern, (N, H, W), under the master: (N,) nats."""
    return np.asarray(np.where(patterns, np.log(master), np.log1p(-master)).sum(axis=(1, 2)))


def _draw(means: npt.NDArray[np.float64], n: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    return np.asarray(rng.random((n, *means.shape), dtype=np.float32) < means.astype(np.float32))
