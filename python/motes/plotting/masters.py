"""The masters of a mixture side by side, with their standard errors below where there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motes.plotting.style import ERROR, MUTED, RC, UNIT, new_figure, place, show_image, within

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motes.reconstruction.mixture import MixtureReconstruction

EDGE, ACROSS, UP = 3.0, 4.55, 3.75  # inches: a panel, and from one to the next


def masters(result: MixtureReconstruction) -> Figure:
    """Draw the masters of all classes on one scale, their occupancies above them; below, standard errors.

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
    rows = 2 if known else 1
    with matplotlib.rc_context(RC):
        figure = new_figure(result.n_classes * ACROSS + 0.25, rows * UP + 0.1)
        scale, error_scale = within(result.masters), within(result.std_error) if known else {}
        for k, (master, error) in enumerate(zip(result.masters, result.std_error, strict=True)):
            panels = [place(figure, 0.55 + k * ACROSS, 0.45 + row * UP, EDGE, EDGE) for row in reversed(range(rows))]
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
