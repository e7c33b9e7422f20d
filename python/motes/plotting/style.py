"""What all figures share: type, colours that the colour-blind can tell apart, images with a colour bar beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

DPI = 120
UNIT = "photons per pixel"

# Okabe and Ito's palette: told apart with every common kind of colour blindness, and in grey print.
BLUE, ORANGE, GREEN, INK, MUTED = "#0072B2", "#D55E00", "#009E73", "#1A1A1A", "#6B6B6B"

PICTURE = "gray"  # what is hidden is a picture
ERROR = "cividis"  # how well it is known is not: another map, so that nobody takes one for the other
DIFFERENCE = "PuOr_r"
UNSEEN = "#56B4E9"

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titlepad": 7,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "image.interpolation": "nearest",
    "savefig.dpi": DPI,
}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that belongs to nobody's global state, sizes in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, facecolor="white")


def place(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place given in inches from the lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def write(figure: Figure, x: float, y: float, text: str, size: float, **style: Any) -> None:
    """Text at a place given in inches from the lower left corner."""
    across, up = figure.get_size_inches()
    figure.text(x / across, y / up, text, fontsize=size, **style)


def within(image: NDArray[Any]) -> dict[str, float]:
    """Colour limits that a few extreme pixels do not stretch: the 1st to the 99th percentile of those with a value."""
    import numpy as np

    values = image[np.isfinite(image)]
    if not values.size:
        return {}
    low, high = (float(limit) for limit in np.percentile(values, (1, 99)))
    return {"vmin": low, "vmax": high}


def show_errors(axes: Axes, image: NDArray[Any], why: str, **colours: Any) -> None:
    """Draw standard errors, or what is made of them; where there are none, say why in words."""
    import textwrap

    import numpy as np

    if np.isfinite(image).any():
        show_image(axes, image, **colours)
        return
    axes.spines[:].set_visible(False)
    axes.set(xticks=[], yticks=[], xlim=(0, image.shape[1]), ylim=(0, image.shape[0]), facecolor="#F3F3F1")
    axes.text(0.5, 0.5, textwrap.fill(why, 28), transform=axes.transAxes, ha="center", va="center")


def show_cut(axes: Axes, means: NDArray[Any], std_error: NDArray[Any], name: str) -> None:
    """Draw one row of pixels with its standard errors, and name the axes."""
    axes.errorbar(
        range(len(means)),
        means,
        std_error,
        fmt="o",
        color=BLUE,
        markersize=3.5,
        capsize=2.5,
        linewidth=1.2,
        label=f"{name} ± one standard error",
    )
    axes.set(xlim=(-0.7, len(means) - 0.3), xlabel="column (pixel)", ylabel=UNIT)


def why_no_errors(notes: tuple[str, ...]) -> str:
    """What the notes of a reconstruction say of standard errors that are not there."""
    return next((note for note in notes if "there is none" in note), "standard errors were not computed")


def show_image(axes: Axes, image: NDArray[Any], *, unit: str | None = None, **colours: Any) -> AxesImage:
    """Draw an image, its colour bar (where it has a unit) exactly as high; pixels without a value in light blue."""
    import matplotlib.ticker

    colormap = matplotlib.colormaps[colours.pop("cmap", PICTURE)].with_extremes(bad=UNSEEN)
    drawn = axes.imshow(image, cmap=colormap, **colours)
    axes.spines[:].set_visible(False)
    axes.set(xticks=[], yticks=[])
    if unit is not None:
        beside = axes.inset_axes((1.03, 0, 0.045, 1))
        bar = axes.figure.colorbar(drawn, cax=beside)
        bar.set_label(unit)
        bar.locator = matplotlib.ticker.MaxNLocator(6)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=2)
    return drawn
