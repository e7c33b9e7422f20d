"""Correlation over frequency, and where resolution is read from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from motes.plotting.style import BLUE, GREEN, INK, MUTED, ORANGE, RC, new_figure, place
from motes.resolution import ShellCurve, resolution_at, threshold

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (INK, (0, (5, 1, 1, 1, 1, 1))))  # told apart by dashes, too
BEHIND = (
    ("unmasked", "without the mask", "-."),
    ("masked", "masked", "--"),
    ("randomised", "masked, random phases", ":"),
)
WIDTH, HEIGHT, LEFT, BOTTOM, ABOVE, RIGHT = 6.6, 3.9, 0.7, 1.15, 0.95, 0.75  # inches


def shell_curves(curves: Mapping[str, ShellCurve], rules: Sequence[str | float] = ("0.143",)) -> Figure:
    """Draw curves with their confidence bands, thresholds, and where they cross.

    Parameters
    ----------
    curves : mapping of str to ShellCurve
        Up to four, by the names in the legend, in one unit. One alone is shown with the curves behind it.
    rules : sequence of str or float
        As of `motes.resolution.threshold`. Crossings are marked.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved.

    Raises
    ------
    ValueError
        If there is no curve, more than four, or they are of several units.
    """
    import matplotlib

    if not 1 <= len(curves) <= len(LINES):
        raise ValueError(f"curves: expected 1 to {len(LINES)}, got {len(curves)}")
    if len({curve.unit for curve in curves.values()}) > 1:
        raise ValueError("curves: expected all in angstrom, or all in one other unit")
    with matplotlib.rc_context(RC):
        figure = new_figure(LEFT + WIDTH + RIGHT, BOTTOM + HEIGHT + ABOVE)
        axes = place(figure, LEFT, BOTTOM, WIDTH, HEIGHT)
        end = max(float(curve.frequency[-1]) for curve in curves.values())
        _draw_thresholds(axes, curves, rules, end)
        if len(curves) == 1:
            _draw_behind(axes, next(iter(curves.values())))
        for (name, curve), (colour, dashes) in zip(curves.items(), LINES, strict=False):
            shells = slice(1, None)  # shell 0 is the mean, which tells nothing of resolution
            axes.fill_between(
                curve.frequency[shells], curve.low[shells], curve.high[shells], color=colour, alpha=0.16, linewidth=0
            )
            label = _label(name, curve, rules[0] if rules else None)
            axes.plot(
                curve.frequency[shells],
                curve.correlation[shells],
                color=colour,
                ls=dashes,
                lw=1.9,
                label=label,
                zorder=4,
            )
            for rule in rules:
                _mark(axes, curve, rule, colour)
        _finish(axes, next(iter(curves.values())), end)
    return figure


def _label(name: str, curve: ShellCurve, rule: str | float | None) -> str:
    corrected = (
        ", masked and corrected" if curve.randomised is not None else ", masked" if curve.masked is not None else ""
    )
    return f"{name}{corrected}" if rule is None else f"{name}{corrected}: {_short(curve, rule)}"


def _short(curve: ShellCurve, rule: str | float) -> str:
    found = resolution_at(curve, rule)
    if math.isinf(found.value):
        return "no resolution"
    unit = "Å" if found.unit == "angstrom" else found.unit
    return f"{found.value:.3g} {unit}{'' if found.crossed else ' or better'}"


def _draw_thresholds(axes: Axes, curves: Mapping[str, ShellCurve], rules: Sequence[str | float], end: float) -> None:
    """Those that depend on the curve are drawn for each."""
    for rule in rules:
        for curve in curves.values() if rule == "half-bit" else [next(iter(curves.values()))]:
            required = threshold(curve, rule)
            axes.plot([*curve.frequency[1:], end], [*required[1:], required[-1]], color=MUTED, lw=0.7, zorder=2)
        name = str(rule)
        axes.annotate(
            name, (end, required[-1]), (5, 0), textcoords="offset points", va="center", fontsize=8.5, color=MUTED
        )


def _draw_behind(axes: Axes, curve: ShellCurve) -> None:
    for attribute, label, dashes in BEHIND:
        values = getattr(curve, attribute)
        if values is not None:
            axes.plot(curve.frequency[1:], values[1:], color=INK, ls=dashes, lw=1.0, label=label, zorder=3)


def _mark(axes: Axes, curve: ShellCurve, rule: str | float, colour: str) -> None:
    """A dot at the crossing."""
    found = resolution_at(curve, rule)
    if found.crossed and math.isfinite(found.value):
        height = float(np.interp(1 / found.value, curve.frequency, threshold(curve, rule)))
        axes.plot(1 / found.value, height, "o", color=colour, markeredgecolor="white", markersize=7, zorder=5)


def _finish(axes: Axes, curve: ShellCurve, end: float) -> None:
    from matplotlib.ticker import FixedLocator

    angstrom = curve.unit == "angstrom"
    lowest = min(-0.05, axes.dataLim.y0)
    axes.axhline(0, color=MUTED, lw=0.6, zorder=1)
    axes.set(xlim=(0, end), ylim=(max(-1.0, lowest - 0.03), 1.03), ylabel=f"{curve.name}")
    axes.set_xlabel("spatial frequency (1/Å)" if angstrom else f"spatial frequency (cycles per {curve.voxel})")
    lengths = [length for length in _round_lengths(1 / end) if 1 / length <= end]
    above = axes.secondary_xaxis("top", functions=(lambda x: x, lambda x: x))
    above.xaxis.set_major_locator(FixedLocator([1 / length for length in lengths]))
    above.set_xticklabels([f"{length:g}" for length in lengths])
    above.set_xlabel("resolution (Å)" if angstrom else f"resolution ({curve.unit})", labelpad=5)
    above.spines["top"].set_visible(False)
    what = "Fourier shell correlation" if curve.name == "FSC" else "Fourier ring correlation"
    axes.set_title(f"{what}, with a band of {curve.confidence:.0%}", pad=42)
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.01, -0.125), ncols=2, handlelength=2.6, columnspacing=2.5, borderaxespad=0
    )


def _round_lengths(finest: float) -> list[float]:
    """Lengths that read well, from the finest up to where they would crowd: a twelfth of the axis apart."""
    found: list[float] = []
    for power in range(-3, 5):
        for digit in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8):
            length = digit * 10.0**power
            if length >= finest * (1 - 1e-9) and (not found or 1 / found[-1] - 1 / length > 0.08 / finest):
                found.append(length)
    return [length for length in found if 1 / length > 0.05 / finest]
