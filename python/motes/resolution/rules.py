"""Where a curve falls below a threshold: resolution by named rules."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from motes.resolution.curve import FloatArray, ShellCurve

RULES = ("0.143", "0.5", "half-bit")
"""Rules by name; any number from 0 to 1 is one, too."""


@dataclass(frozen=True)
class Resolution:
    """Resolution of two maps by one rule.

    Attributes
    ----------
    value : float
        Angstrom, voxels or pixels, as `unit` says; infinite if the curve is below from the first shell on.
    low, high : float
        The same for the upper and the lower end of the curve's confidence band: from the finest to the coarsest.
    rule : str
        Whose threshold it is.
    crossed : bool
        False if the curve never falls below: `value` is then that of the last shell, and the truth is as fine or finer.
    unit : str
        "angstrom", "voxels" or "pixels".
    """

    value: float
    low: float
    high: float
    rule: str
    crossed: bool
    unit: str

    def as_dict(self) -> dict[str, float | str | bool | None]:
        """Plain values; None for what is infinite."""
        lengths = {name: getattr(self, name) for name in ("value", "low", "high")}
        finite = {name: length if math.isfinite(length) else None for name, length in lengths.items()}
        return {"rule": self.rule, **finite, "crossed": self.crossed, "unit": self.unit}

    def __str__(self) -> str:
        if math.isinf(self.value):
            return f"no resolution at {self.rule}: the correlation is below from the lowest frequency on"
        best = "" if self.crossed else " or better"
        return f"{self.value:.3g} {self.unit}{best} at {self.rule} ({self.low:.3g} to {self.high:.3g})"


def threshold(curve: ShellCurve, rule: str | float) -> FloatArray:
    """The correlation that a rule asks for, in each shell.

    Parameters
    ----------
    curve : ShellCurve
        Its number of independent voxels matters to half-bit.
    rule : {"0.143", "0.5", "half-bit"} or float
        A number means itself. Half-bit: with n independent voxels in a shell,
        (0.2071 + 1.9102 / sqrt(n)) / (1.2071 + 0.9102 / sqrt(n)), van Heel and Schatz (2005); at most 1.

    Returns
    -------
    (S,) float64 array

    Raises
    ------
    ValueError
        If the rule is not known, or a number that is not between 0 and 1.
    """
    fixed = level(rule)
    if fixed is not None:
        return np.full(len(curve), fixed)
    root = np.sqrt(np.maximum(curve.n_independent, 1e-9))
    return np.minimum(1.0, (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root))


def level(rule: str | float) -> float | None:
    """The one correlation that a rule asks for in every shell; None for half-bit, which asks for less the more voxels.

    Raises
    ------
    ValueError
        If the rule is not known, or a number that is not between 0 and 1.
    """
    if rule == "half-bit":
        return None
    try:
        number = float(rule)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < 1 or isinstance(rule, bool):
        raise ValueError(f"rule: expected one of {', '.join(RULES)}, or a number between 0 and 1, got {rule!r}")
    return number


def resolution_at(curve: ShellCurve, rule: str | float = "0.143") -> Resolution:
    """Read the resolution from a curve: where it first falls below the threshold.

    Of the shells 1, 2, ... the first whose correlation is below its threshold is found, and the crossing is
    interpolated between it and the one before, both curve and threshold taken to be straight lines over the frequency.
    The lowest shells are passed over as long as they can not tell: under a tight mask they hold so few independent
    voxels that half-bit asks for 1, or that the band goes from -1 to 1.

    Parameters
    ----------
    curve : ShellCurve
    rule : {"0.143", "0.5", "half-bit"} or float
        As in `threshold`. 0.143 is where the map of all data, from two halves, would correlate 0.5 with the truth
        (Rosenthal and Henderson 2003).

    Returns
    -------
    Resolution

    Raises
    ------
    ValueError
        If the rule is not known.

    Examples
    --------
    >>> from motes.resolution import fsc
    >>> signal, noise1, noise2 = np.random.default_rng(1).standard_normal((3, 32, 32, 32))
    >>> for axis in range(3):  # a signal that fades
    ...     signal = signal + 2 * np.roll(signal, 1, axis) + np.roll(signal, 2, axis)
    >>> print(resolution_at(fsc(signal + 8 * noise1, signal + 8 * noise2, voxel_size=1.5)))
    3.12 angstrom at 0.143 (3.07 to 3.17)
    """
    required = threshold(curve, rule)
    tells = (required < 1) & ((curve.low > -1) | (curve.high < 1))
    first = 1 + int(np.argmax(tells[1:]))  # the first of all if none does
    frequencies = [
        _crossing(curve.frequency[first - 1 :], (values - required)[first - 1 :])
        for values in (curve.correlation, curve.high, curve.low)
    ]
    last = float(curve.frequency[-1])
    value, low, high = (1 / (last if f is None else f) if f != 0 else math.inf for f in frequencies)
    return Resolution(value, low, high, str(rule), frequencies[0] is not None, curve.unit)


def _crossing(frequency: FloatArray, excess: FloatArray) -> float | None:
    """Where the excess falls below 0; 0 if it is from the second shell on, None if it never does."""
    below = np.flatnonzero(excess[1:] < 0)
    if not below.size:
        return None
    i = int(below[0]) + 1
    if i == 1:
        return 0.0
    part = excess[i - 1] / (excess[i - 1] - excess[i])
    return float(frequency[i - 1] + part * (frequency[i] - frequency[i - 1]))
