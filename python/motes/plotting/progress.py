"""How the error falls as patterns arrive: beside what it takes to a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motes.plotting.style import BLUE, GREEN, INK, MUTED, RC, new_figure, place
from motes.reconstruction.result import many

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]

SHADE = "#F1E3DA"
ROOM = 1.25  # beside what is shown, as a factor
WIDTH, WORDS = 5.35, 1.1  # inches, of the axes and of the words on the shade


def progress(
    n_patterns: ArrayLike, error: ArrayLike, *, target_error: float | None = None, needed: int | None = None
) -> Figure:
    """Draw the error of pictures from ever more patterns.

    Parameters
    ----------
    n_patterns : (n,) array
        Patterns behind each picture, in the order of time.
    error : (n,) array
        Of each, relative to the contrast; infinite where no picture was told yet.
    target_error : float, optional
        What is asked for.
    needed : int, optional
        Patterns in all that it takes, as far as the last picture tells.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved: ``figure.savefig("progress.png")``.

    Raises
    ------
    ValueError
        If there are not as many errors as numbers of patterns, or none.
    """
    import matplotlib

    numbers, errors = np.asarray(n_patterns, np.float64), np.asarray(error, np.float64)
    if numbers.ndim != 1 or numbers.shape != errors.shape or not numbers.size:
        raise ValueError(
            f"error: expected one for each of the numbers of patterns, got {errors.shape}, {numbers.shape}"
        )
    told = np.isfinite(errors)
    with matplotlib.rc_context(RC):
        figure = new_figure(6.6, 4.2)
        axes = place(figure, 0.95, 0.62, WIDTH, 3.05)
        axes.set_xscale("log")
        axes.set_yscale("log")
        low = numbers.min() / ROOM
        high = ROOM * max(numbers.max(), 0 if needed is None else needed, 3 * low)
        axes.set_xlim(low, high)
        if told.any():
            _errors(axes, numbers, errors, told, high)
        else:
            axes.set_yticks([], minor=False)
            axes.set_yticks([], minor=True)
            axes.text(0.5, 0.5, "no picture yet", color=MUTED, ha="center", transform=axes.transAxes)
        _before(axes, numbers, told, low, high)
        if target_error is not None:
            _target(axes, target_error, needed, bool(told.any()))
        axes.set(xlabel="patterns that had arrived", ylabel="error, relative to the contrast")
        axes.grid(color=MUTED, alpha=0.2, linewidth=0.6)
        _ticks(axes)
        if told.any():
            axes.legend(loc="upper right", handlelength=1.8, facecolor="white", framealpha=0.9, frameon=True,
                        edgecolor="none")  # fmt: skip
        axes.set_title(_title(numbers[-1], errors[-1], needed), color=INK)
    return figure


def _errors(axes: Axes, numbers: FloatArray, errors: FloatArray, told: BoolArray, high: float) -> None:
    """The pictures, and the line that the last of them leads on along."""
    last = int(np.flatnonzero(told)[-1])
    line = np.array([numbers[told].min(), high])
    axes.plot(
        line, errors[last] * np.sqrt(numbers[last] / line), color=MUTED, linewidth=1.0, linestyle="--", zorder=2,
        label="as 1 / sqrt(patterns), through the last",
    )  # fmt: skip
    axes.plot(
        numbers[told], errors[told], color=BLUE, marker="o", markersize=4.5, linewidth=1.2, zorder=3, label="pictures"
    )
    axes.plot(numbers[last], errors[last], color=BLUE, marker="o", markersize=9, markeredgecolor="white", zorder=5)


def _before(axes: Axes, numbers: FloatArray, told: BoolArray, low: float, high: float) -> None:
    """Where no picture was told: from the left up to the first that was."""
    if told.all():
        return
    end = float(numbers[told].min()) if told.any() else high
    axes.axvspan(low, end, color=SHADE, linewidth=0, zorder=0)
    if told.any() and WIDTH * np.log(end / low) > WORDS * np.log(high / low):
        axes.text(low * 1.05, 0.03, "no picture yet", color=MUTED, va="bottom", transform=axes.get_xaxis_transform())


def _target(axes: Axes, target_error: float, needed: int | None, drawn: bool) -> None:
    if not drawn:
        return
    axes.axhline(target_error, color=GREEN, linewidth=1.0, zorder=1)
    label = f"target {target_error:.3g}" + ("" if needed is None else f": {many(needed, 'pattern')}")
    where = ([needed], [target_error]) if needed is not None else ([], [])
    axes.plot(*where, marker="D", color=GREEN, linestyle="", markersize=7, zorder=4, label=label)
    bottom, top = axes.get_ylim()
    axes.set_ylim(min(bottom, target_error / ROOM), max(top, target_error * ROOM))


def _ticks(axes: Axes) -> None:
    """Plain numbers along both axes: their range is often less than a decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if len(axes.get_yticks()):
        bottom, top = axes.get_ylim()
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5) if top / bottom < 30 else (1,)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    left, right = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if right / left < 300 else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _short(number: float) -> str:
    """A number of patterns in few letters.

    Examples
    --------
    >>> _short(500.0), _short(20_000.0), _short(3e6)
    ('500', '20k', '3M')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


def _title(n_patterns: float, error: float, needed: int | None) -> str:
    now = many(int(n_patterns), "pattern")
    if not np.isfinite(error):
        return f"{now}: no picture yet"
    if needed is None:
        return f"{now}: error {error:.2g}"
    left = needed - int(n_patterns)
    return f"{now}: error {error:.2g}, " + (
        f"some {_short(_round(left))} more needed" if left > 0 else "target reached"
    )


def _round(number: int) -> float:
    """To two digits: no more of it is known.

    Examples
    --------
    >>> _round(111_839)
    110000.0
    """
    return float(f"{number:.1e}")
