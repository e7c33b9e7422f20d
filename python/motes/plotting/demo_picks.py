"""One figure of a real micrograph: picks before and after suppression, and what that does to precision and recall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from motes.picking import Evaluation
from motes.plotting.curve import RIGHT, draw_curves
from motes.plotting.overlay import FALSE, FOUND, MISSED, draw_circles, found_missed_false, show_micrograph
from motes.plotting.style import MUTED, RC, new_figure, place, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, LEFT = 13.0, 5.75, 0.55  # inches, as all that follows
EDGE, GAP, BOTTOM = 3.85, 0.2, 0.55
CURVES_LEFT = LEFT + 2 * EDGE + GAP + 0.75
SHOWN = 0.42  # of the width and the height of the micrograph, about its middle, so that single circles can be seen


def demo_picks(
    image: NDArray[Any],
    before: Evaluation,
    after: Evaluation,
    others: Mapping[str, Evaluation] | None = None,
    remark: str = "",
) -> Figure:
    """Draw picks before and after suppression, and the curves of both.

    Parameters
    ----------
    image : (H, W) array
        The micrograph, whose middle is shown.
    before, after : Evaluation
        Of all picks, and of those that stayed, on this one micrograph.
    others : mapping of str to Evaluation, optional
        Up to two more curves, by their names.
    remark : str
        What these curves show, in a sentence.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved.
    """
    import matplotlib

    n_before, n_after = before.curve.n_picks, after.curve.n_picks
    with matplotlib.rc_context(RC):
        figure = new_figure(WIDTH, HEIGHT)
        headline = f"{n_before:,} picks on one real micrograph, {n_after:,} after suppression"
        write(figure, LEFT, HEIGHT - 0.55, headline, 18, weight="bold")
        explanation = (
            f"Three programs looked for the same {before.curve.n_truth} particles: of picks that are one, the best "
            f"stays. Shown is the middle. {remark}"
        )
        write(figure, LEFT, HEIGHT - 0.85, explanation, 11, color=MUTED)
        for i, (title, evaluation) in enumerate((("Before suppression", before), ("After", after))):
            _panel(place(figure, LEFT + i * (EDGE + GAP), BOTTOM, EDGE, EDGE), title, image, evaluation)
        curves = place(figure, CURVES_LEFT, BOTTOM, WIDTH - CURVES_LEFT - RIGHT, EDGE)
        draw_curves(curves, {"before": before, "after": after, **(others or {})}, short=True)
        names = ((FOUND, "found"), (MISSED, "missed"), (FALSE, "false, or found before"))
        for i, (colour, name) in enumerate(names):
            figure.text((LEFT + 0.1 + 1.1 * i) / WIDTH, 0.22 / HEIGHT, "●", color=colour, fontsize=12, va="center")
            write(figure, LEFT + 0.3 + 1.1 * i, 0.17, name, 9.5)
        source = "EMPIAR-10017; picks of crYOLO, Topaz and DeepPicker"
        write(figure, LEFT + 2 * EDGE + GAP, 0.17, source, 9.5, color=MUTED, ha="right")
    return figure


def _panel(axes: Axes, title: str, image: NDArray[Any], evaluation: Evaluation) -> None:
    height, width = image.shape
    show_micrograph(axes, image, (width, height))
    kinds = found_missed_false(evaluation.matches, 0)
    draw_circles(axes, kinds["false"], FALSE, crossed=True)
    draw_circles(axes, kinds["found"], FOUND)
    draw_circles(axes, kinds["missed"], MISSED, dashed=True)
    side = SHOWN * min(height, width) / 2
    axes.set(xlim=(width / 2 - side, width / 2 + side), ylim=(height / 2 + side, height / 2 - side))
    axes.set_title(f"{title}: {evaluation.curve.n_picks:,} picks")
