"""The reconstructed master with its standard errors, beside the truth where that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from motes.plotting.style import (
    DIFFERENCE,
    ERROR,
    MUTED,
    RC,
    UNIT,
    new_figure,
    place,
    show_errors,
    show_image,
    why_no_errors,
    within,
)
from motes.truth import best_turn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motes.reconstruction import Reconstruction

EDGE, ACROSS, UP = 3.0, 4.55, 3.75  # inches: a panel, and from one to the next


def master(result: Reconstruction, truth: ArrayLike | None = None) -> Figure:
    """Draw the master and its standard errors; beside them the truth and the deviation from it in standard errors.

    Parameters
    ----------
    result : Reconstruction
        What was found. Pixels that no pattern saw are drawn in light blue.
    truth : (H, W) array, photons a pixel, optional
        The true master in any orientation: it is turned as the estimate is.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved: ``figure.savefig("master.png")``.

    Raises
    ------
    ValueError
        If the truth has another shape than the master.
    """
    import matplotlib

    rows = 1 if truth is None else 2
    with matplotlib.rc_context(RC):
        figure = new_figure(2 * ACROSS + 0.25, rows * UP + 0.1)
        panels = [
            place(figure, 0.55 + column * ACROSS, 0.45 + row * UP, EDGE, EDGE)
            for row in reversed(range(rows))
            for column in range(2)
        ]
        seen = result.master[result.seen]
        why = why_no_errors(result.notes)
        low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
        if truth is None:
            estimate, error = panels
        else:
            estimate, true, error, deviation = panels
            turned = result.rotations.turn_master(np.asarray(truth, np.float64), best_turn(result, truth))
            low, high = min(low, float(turned.min())), max(high, float(turned.max()))
            show_image(true, turned, unit=UNIT, vmin=low, vmax=high)
            true.set_title("The truth, turned alike")
            with np.errstate(divide="ignore", invalid="ignore"):
                score = (result.master - turned) / result.std_error
            show_errors(deviation, score, why, unit="standard errors", cmap=DIFFERENCE, vmin=-3, vmax=3)
            deviation.set_title("Reconstruction less truth")
        show_image(estimate, result.master, unit=UNIT, vmin=low, vmax=high)
        estimate.set_title("Reconstruction" if result.seen.all() else "Reconstruction, blue where never seen")
        show_errors(error, result.std_error, why, unit=UNIT, cmap=ERROR, **within(result.std_error))
        error.set_title("Standard error")
        for axes in (axes for axes in panels if axes.images):
            height, width = result.master.shape
            axes.set(xticks=[0, width - 1], yticks=[0, height - 1])
            axes.tick_params(length=0)
            axes.set_xlabel("column (pixel)", color=MUTED, labelpad=-8)
            axes.set_ylabel("row (pixel)", color=MUTED, labelpad=-8)
    return figure
