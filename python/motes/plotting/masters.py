"""The masters of a mixture side by side, with their standard errors below where there are any; of one, beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motes.plotting.style import ERROR, MUTED, RC, UNIT, new_figure, place, show_image, within

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motes.reconstruction.mixture import MixtureReconstruction

EDGE, ACROSS, UP = 3.0, 4.55, 3.75  # inches: a panel, and from one to the next


def masters(result: MixtureReconstruction) -> Figure:
    """Draw the masters of all classes on one scale, their occupancies above them; below (of one, beside), its errors.

    Parameters
    ----------
    result : MixtureReconstruction
        What was found, masters being images. Pixels that no pattern saw are drawn in light blue.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved: ``figure.savefig("masters.png")``.
    """
    import matplotlib

    known = bool(np.isfinite(result.std_error).any())
    beside = known and result.n_classes == 1
    rows, columns = (1, 2) if beside else (2 if known else 1, result.n_classes)
    with matplotlib.rc_context(RC):
        figure = new_figure(columns * ACROSS + 0.25, rows * UP + 0.1)
        scale, error_scale = within(result.masters), within(result.std_error) if known else {}
        for k, (master, error) in enumerate(zip(result.masters, result.std_error, strict=True)):
            at = [(0, 0), (1, 0)] if beside else [(k, row) for row in reversed(range(rows))]
            panels = [place(figure, 0.55 + x * ACROSS, 0.45 + y * UP, EDGE, EDGE) for x, y in at]
            show_image(panels[0], master, unit=UNIT, **scale)
            panels[0].set_title(_title(result, k))
            if known:
                show_image(panels[1], error, unit=UNIT, cmap=ERROR, **error_scale)
                panels[1].set_title("Standard error")
            for axes in panels:
                height, width = master.shape
                axes.set(xticks=[0, width - 1], yticks=[0, height - 1])
                axes.tick_params(length=0)
                axes.set_xlabel("column (pixel)", color=MUTED, labelpad=-8)
                axes.set_ylabel("row (pixel)", color=MUTED, labelpad=-8)
    return figure


def _title(result: MixtureReconstruction, k: int) -> str:
    turns = "still" if result.maps[k].n == 1 else result.maps[k].name
    if result.n_classes == 1:
        return f"Reconstruction ({turns})"
    return f"Class {k}, {100 * result.class_weights[k]:.3g}% ({turns})"
