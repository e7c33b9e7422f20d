"""What is handed in for one task: the figures that count, and what a page shows of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
Progress: TypeAlias = Callable[[int, str], None]
"""Called with a task and what is done for it now."""

DEGREES = ("0°", "90°", "180°", "270°")


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    words: str


@dataclass(frozen=True)
class Table:
    """Rows under a header; the first column names them, the others are figures, or symbols and then figures."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    symbols: bool = False


@dataclass(frozen=True, eq=False)
class Panel:
    """One image of a gallery, (H, W); with colours of its own, it has a scale of its own."""

    title: str
    image: npt.NDArray[Any]
    below: str = ""
    colours: str = ""


@dataclass(frozen=True)
class Gallery:
    """Images on one scale of brightness: that of `limits`, or from the least to the largest value of all."""

    caption: str
    panels: tuple[Panel, ...]
    unit: str = "photons per pixel"
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Plot:
    """A figure with axes, drawn when the page is made."""

    caption: str
    draw: Callable[[], Figure]


Block: TypeAlias = Text | Table | Gallery | Plot


@dataclass(frozen=True, eq=False)
class Answer:
    """The answer to one task.

    Attributes
    ----------
    task : int
        1 to 7.
    method : str
        How it was found, in a few words.
    seconds : float
        To read the patterns and answer; pictures are not in it.
    counts : (4,) int array or None
        Patterns per clockwise quarter turn, relative to the first pattern; None for task 5, which is a calculation.
    labels : (N,) int array or None
        Clockwise quarter turns of each pattern, relative to the first.
    shape : (int, int) or None
        Of a pattern.
    mean_photons : float or None
        Per pattern, where the task asks for it.
    details : dict
        Whatever else `answers.json` tells.
    notes : tuple of str
        What a reader should know.
    blocks : tuple of Text, Table, Gallery and Plot
        What the page shows.
    """

    task: int
    method: str
    seconds: float
    counts: IntArray | None = None
    labels: IntArray | None = None
    shape: tuple[int, int] | None = None
    mean_photons: float | None = None
    details: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()

    def record(self) -> dict[str, Any]:
        """What `answers.json` says of this task; what does not apply is left out."""
        told = {
            "counts": self.counts,
            "labels": self.labels,
            "shape": self.shape,
            "mean_photons": self.mean_photons,
            "seconds": self.seconds,
            "method": self.method,
            "notes": self.notes or None,
        }
        return {name: value for name, value in told.items() if value is not None} | self.details


def counts_of(labels: IntArray) -> npt.NDArray[np.int64]:
    """Patterns per quarter turn.

    Examples
    --------
    >>> counts_of(np.array([0, 3, 0])).tolist()
    [2, 0, 0, 1]
    """
    return np.bincount(labels, minlength=4).astype(np.int64)


def relative_to_first(labels: IntArray) -> npt.NDArray[np.int32]:
    """Quarter turns counted from the first pattern's.

    Examples
    --------
    >>> relative_to_first(np.array([1, 3, 0]))
    array([0, 2, 3], dtype=int32)
    """
    turned: npt.NDArray[np.int32] = ((labels - labels[:1]) % 4).astype(np.int32)
    return turned
