"""What patterns that were held out tell of the number of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motes.plotting.style import BLUE, INK, MUTED, ORANGE, RC, new_figure, place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motes.reconstruction.mixture.held_out import HeldOut


def held_out(found: HeldOut) -> Figure:
    """Draw what each number of classes loses to the best, with its standard error, and which number is supported.

    Parameters
    ----------
    found : HeldOut
        The comparison.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved: ``figure.savefig("held_out.png")``.
    """
    import matplotlib

    order = np.argsort(found.classes)
    classes, lost, error = found.classes[order], found.less_than_best[order], found.std_error[order]
    supported = classes == found.best
    with matplotlib.rc_context(RC):
        figure = new_figure(1.3 + max(4.2, 1.35 * len(classes)), 3.9)
        width, height = figure.get_size_inches()
        axes = place(figure, 0.95, 0.6, width - 1.25, height - 1.1)
        axes.axhline(0, color=MUTED, lw=0.7, zorder=1)
        axes.plot(classes, -lost, color=MUTED, lw=0.8, zorder=2)
        for which, colour in ((~supported, BLUE), (supported, ORANGE)):
            axes.errorbar(
                classes[which], -lost[which], error[which], fmt="o", color=colour, markersize=6, capsize=4, zorder=3
            )
        for k, loss, bar in zip(classes, lost, error, strict=True):
            told, low = (f"\u2212{loss:.2g} \u00b1 {bar:.1g}", -loss - bar) if loss > 0 else ("best", -loss)
            side, up = ("top", -8) if loss > 0 else ("bottom", 8)
            axes.annotate(
                told, (k, low), (0, up), textcoords="offset points", ha="center", va=side, fontsize=8.5, color=INK
            )
        axes.set_xticks(classes)
        axes.margins(x=0.16, y=0.25)
        axes.set_xlabel("classes that rotate")
        axes.set_ylabel("held-out log-likelihood beside\nthe best (nats a pattern)")
        n = found.best
        axes.set_title(f"Patterns held out support {n} class{'es' * (n != 1)} that rotate{'s' * (n == 1)}")
    return figure
