"""How many patterns of a mixture show each class, from which side, and in what light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motes.plotting.style import BLUE, GREEN, INK, MUTED, ORANGE, RC, new_figure, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from motes.reconstruction.mixture import MixtureReconstruction

COLOURS = (BLUE, ORANGE, GREEN, MUTED)
_MOST_BARS = 90  # of angles: more are counted together
_BINS = 40
_ACROSS = 3  # names of classes beside each other, above the steps


def occupancy(result: MixtureReconstruction) -> Figure:
    """Draw patterns by class, by angle where templates are turns, and by fluence where it was estimated.

    Parameters
    ----------
    result : MixtureReconstruction
        What was found: each pattern by its most likely class and rotation.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved: ``figure.savefig("occupancy.png")``.
    """
    import matplotlib

    panels = [_by_class]
    if result.angles is not None:
        panels.append(_by_angle)
    if result.fluence is not None:
        panels.append(_by_fluence)
    with matplotlib.rc_context(RC):
        figure = new_figure(0.35 + 4.3 * len(panels), 3.1)
        for k, draw in enumerate(panels):
            axes = place(figure, 0.95 + 4.3 * k, 0.6, 3.2, 2.1)
            draw(axes, result)
            axes.set_ylabel("patterns")
            axes.grid(axis="y", color=MUTED, alpha=0.2, linewidth=0.6)
            axes.set_axisbelow(True)
    return figure


def _by_class(axes: Axes, result: MixtureReconstruction) -> None:
    members = result.counts.sum(axis=1)
    bars = axes.bar(np.arange(len(members)), members, 0.6, color=[_colour(k) for k in range(len(members))])
    axes.bar_label(bars, [f"{count:,}" for count in members], color=INK, padding=2)
    axes.set_xticks(np.arange(len(members)))
    axes.margins(y=0.15)
    axes.set_xlabel("class")
    axes.set_title("Patterns of each class")


def _by_angle(axes: Axes, result: MixtureReconstruction) -> None:
    angles = result.angles
    assert angles is not None
    known = [np.unique(turns.angles).size for turns in result.maps if turns.angles is not None]  # mirrors share them
    n = min(max(known), _MOST_BARS)
    edges = (np.arange(n + 1) - 0.5) * 360 / n
    tallest, named = 1, 0
    for k in range(result.n_classes):
        own = angles[(result.labels[:, 0] == k) & np.isfinite(angles)]
        if own.size:
            shown = np.where(own >= edges[-1], own - 360, own)
            members = np.histogram(shown, edges)[0]
            axes.stairs(members, edges, color=_colour(k), label=f"class {k}", linewidth=1.3)
            tallest, named = max(tallest, int(members.max())), named + 1
    lines = -(-named // _ACROSS) if result.n_classes > 1 else 0
    axes.set_ylim(0, tallest * (1.05 + 0.16 * lines))
    axes.set_xticks([0, 90, 180, 270])
    axes.set_xlabel("degrees clockwise")
    axes.set_title("By angle")
    if lines:
        axes.legend(loc="upper center", ncols=_ACROSS, columnspacing=1.0, handlelength=1.2)


def _by_fluence(axes: Axes, result: MixtureReconstruction) -> None:
    fluence = result.fluence
    assert fluence is not None
    axes.hist(fluence, _BINS, range=(0, float(np.quantile(fluence, 0.995)) * 1.05), color=BLUE)
    axes.set_xlabel("fluence, relative to the mean")
    axes.set_title("By fluence")


def _colour(k: int) -> str:
    return COLOURS[k % len(COLOURS)]
