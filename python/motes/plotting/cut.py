"""One row of several masters, with error bars where they are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes.plotting.style import GREEN, INK, MUTED, ORANGE, RC, new_figure, place, show_cut

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 9.0, 3.7  # inches
_LINES = ((ORANGE, "-"), (GREEN, "--"), (MUTED, ":"), (INK, "-."))


def cut(
    master: npt.NDArray[np.float64],
    std_error: npt.NDArray[np.float64],
    others: Mapping[str, npt.NDArray[Any]],
    *,
    name: str = "reconstruction",
    row: int | None = None,
) -> Figure:
    """Draw one row of a master with its standard errors, and the same row of others.

    Parameters
    ----------
    master, std_error : (H, W) arrays, photons a pixel
        Shown as points with error bars.
    others : mapping of str to (H, W) arrays
        Shown as steps, in order.
    name : str
        Of the master, in the legend.
    row : int, optional
        The middle one by default.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved.
    """
    import matplotlib

    row = len(master) // 2 if row is None else row
    columns = np.arange(master.shape[1])
    with matplotlib.rc_context(RC):
        figure = new_figure(WIDTH, HEIGHT)
        axes = place(figure, 0.85, 0.55, WIDTH - 1.0, HEIGHT - 1.25)
        for i, (title, image) in enumerate(others.items()):
            colour, style = _LINES[i % len(_LINES)]
            axes.step(columns, image[row], where="mid", color=colour, linestyle=style, linewidth=1.3, label=title)
        show_cut(axes, master[row], std_error[row], name)
        axes.set_title(f"Along row {row}", pad=24)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 0.99), ncols=5, borderaxespad=0, handlelength=1.8)
    return figure
