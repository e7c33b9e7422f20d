"""Two reconstructions from the two halves of the patterns, begun apart: how far they agree is the resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.dense import DensePatterns
from motes.in_plane import InPlane
from motes.maps import TemplateMap, mark_of
from motes.noise import Noise
from motes.patterns import check_patterns
from motes.quotient import Nearest, nearest_turn, turned
from motes.reconstruction.mixture.options import check_light
from motes.reconstruction.mixture.result import MixtureReconstruction
from motes.reconstruction.mixture.templates import Source
from motes.reconstruction.result import Reconstruction
from motes.reconstruction.run import reconstruct
from motes.resolution import Resolution, ShellCurve, frc, resolution_at
from motes.rotations import C4
from motes.stored import StoredPatterns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray: TypeAlias = npt.NDArray[np.float64]
Result: TypeAlias = Reconstruction | MixtureReconstruction

SHOWN = 4  # curves that one figure holds
EDGE = 5.0  # pixels over which masters fade out at their edge; a third of the way to the middle where that is less


@dataclass(frozen=True, eq=False, repr=False)
class Halves:
    """Two half reconstructions, and how their masters correlate, frequency by frequency.

    Attributes
    ----------
    odd, even : Reconstruction or MixtureReconstruction
        From the first, third, ... pattern, and from the others.
    masters : (2, K, H, W) float64 array
        Of the odd half; and of the even half in the order of these classes, each turned, and mirrored where that
        belongs to the model, to be nearest. NaN where a half knows nothing.
    classes : (K,) int array
        The even half's class beside each of the odd half's.
    degrees : (K,) float64 array
        By which its master was turned clockwise.
    mirrored : (K,) bool array
        Whether it was mirrored before.
    curves : tuple of ShellCurve
        Fourier ring correlation of each class's two masters.
    """

    odd: Result
    even: Result
    masters: FloatArray
    classes: npt.NDArray[np.int64]
    degrees: FloatArray
    mirrored: npt.NDArray[np.bool_]
    curves: tuple[ShellCurve, ...]

    def resolution(self, rule: str | float = "0.143") -> tuple[Resolution, ...]:
        """Of each class, by a rule of `motes.resolution.resolution_at`.

        Two halves that correlate 0.143 make a whole that correlates 0.5 with the truth, where noise is all that keeps
        them apart.
        """
        return tuple(resolution_at(curve, rule) for curve in self.curves)

    @property
    def named_curves(self) -> dict[str, ShellCurve]:
        """The curves by what they are of."""
        return {"halves" if len(self.curves) == 1 else f"class {k}": curve for k, curve in enumerate(self.curves)}

    def plot(self) -> Figure:
        """The curves, of four classes at most, and where they cross 0.143: a Matplotlib figure."""
        from motes import plotting

        return plotting.shell_curves(dict(list(self.named_curves.items())[:SHOWN]), ["0.143"])

    def __repr__(self) -> str:
        return f"Halves({'; '.join(map(str, self.resolution()))})"


def reconstruct_halves(
    patterns: Source,
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    seed: int = 0,
    confidence: float = 0.95,
    **options: Any,
) -> Halves:
    """Reconstruct from the odd and from the even patterns, each from a start of its own, and correlate the two.

    Parameters
    ----------
    patterns : Patterns, StoredPatterns or DensePatterns
        N patterns, two or more.
    rotations, noise
        As of `motes.reconstruct`.
    seed : int
        Of the odd half; that of the even half is one more.
    confidence : float
        Of the bands of the curves, point by point.
    **options
        Of `motes.reconstruct`, but for `init` arrays and checkpoints: what halves share, they would correlate by. Known
        fluences go with their patterns.

    Returns
    -------
    Halves

    Raises
    ------
    ValueError, TypeError
        As `motes.reconstruct`; and if there are fewer than two patterns, or an option would be shared.
    KeyboardInterrupt
        If Ctrl-C or a callback ended one of the two: half a comparison is none.

    Notes
    -----
    Masters fade out at their edge, those of in-plane turns at that of their disc, before they are correlated. What this
    itself makes alike is little, since the edge is wide, and less than what taking it out by randomised phases would
    add: rings of images as small as these hold few numbers.

    Examples
    --------
    >>> from motes import Patterns, simulate
    >>> truth = simulate.scaled(simulate.portrait(25), 60.0)
    >>> data = simulate.patterns(truth, 2000, seed=1)
    >>> found = Patterns.from_coo(data.rows, data.cols, shape=(25, 25), n_patterns=2000)
    >>> halves = reconstruct_halves(found, std_error=False)
    >>> halves.masters.shape, len(halves.curves)
    ((2, 1, 25, 25), 1)
    """
    if not isinstance(patterns, DensePatterns | StoredPatterns):
        check_patterns(patterns)
    seed = checks.whole("seed", seed, 0)
    if len(patterns) < 2:
        raise ValueError(f"patterns: expected two or more, got {len(patterns)}")
    for name in ("checkpoint", "resume"):
        if options.get(name):
            raise ValueError(f"{name}: halves keep no checkpoint")
    if not isinstance(options.get("init"), str | None):
        raise ValueError("init: halves that begin alike would correlate by that; expected a start's name")
    fluence = options.pop("fluence", "uniform")
    if not isinstance(fluence, str):
        fluence = check_light(fluence, len(patterns))
    halves = []
    for first in (0, 1):
        half = every_other(patterns, first)
        light = fluence if isinstance(fluence, str) else fluence[first::2]
        halves.append(reconstruct(half, rotations, noise, seed=seed + first, fluence=light, **options))
        if halves[-1].interrupted:
            raise KeyboardInterrupt
    return align(halves[0], halves[1], confidence=confidence)


def every_other(patterns: Source, first: int) -> Source:
    """Patterns `first`, `first` + 2, ..."""
    if isinstance(patterns, StoredPatterns):
        kept = np.zeros(len(patterns), np.bool_)
        kept[first::2] = True
        return patterns.select(kept)
    return patterns[first::2]


def align(odd: Result, even: Result, *, confidence: float = 0.95) -> Halves:
    """Bring the masters of one reconstruction next to another's, and correlate them.

    Parameters
    ----------
    odd, even : Reconstruction or MixtureReconstruction
        Of the same model.
    confidence : float
        Of the bands of the curves.

    Returns
    -------
    Halves
    """
    first, second, maps = _masters(odd), _masters(even), _maps(odd)
    shape = odd.good.shape
    names = [mark_of(turns, shape) for turns in maps]
    if first.shape != second.shape or names != [mark_of(turns, shape) for turns in _maps(even)]:
        raise ValueError("even: another model than that of the odd half")
    classes = np.empty(len(maps), np.int64)
    chosen: dict[int, Nearest] = {}
    for name in dict.fromkeys(names):  # a class that rotates is none that does not
        alike = [k for k, other in enumerate(names) if other == name]
        near = [[nearest_turn(second[other], first[k], maps[k]) for other in alike] for k in alike]
        for row, column in zip(*_best_pairs(np.array([[one.distance for one in row] for row in near])), strict=True):
            classes[alike[row]], chosen[alike[row]] = alike[column], near[row][column]
    found = [chosen[k] for k in range(len(maps))]
    aligned = np.stack([_turned(second[k], one, turns) for k, one, turns in zip(classes, found, maps, strict=True)])
    curves = tuple(
        correlate(one, other, turns, confidence) for one, other, turns in zip(first, aligned, maps, strict=True)
    )
    return Halves(
        odd=odd,
        even=even,
        masters=np.stack([first, aligned]),
        classes=classes,
        degrees=np.array([one.degrees for one in found]),
        mirrored=np.array([one.mirrored for one in found]),
        curves=curves,
    )


def _best_pairs(distances: FloatArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows and columns of the assignment with the least sum of squares."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(distances**2)
    return rows, columns


def _turned(master: FloatArray, nearest: Nearest, rotations: TemplateMap) -> FloatArray:
    """A master as the nearest turn has it, NaN where it does not know."""
    known = nearest.master.copy()
    if isinstance(rotations, InPlane):
        known[~rotations.support(master.shape)] = np.nan
    unseen = np.isnan(master)
    if isinstance(rotations, InPlane):
        unseen &= rotations.support(master.shape)
    if unseen.any():
        lost = turned(unseen.astype(np.float64), nearest.degrees, mirrored=nearest.mirrored) > 0
        known[lost] = np.nan
    return known


def correlate(first: FloatArray, second: FloatArray, rotations: TemplateMap, confidence: float = 0.95) -> ShellCurve:
    """Fourier ring correlation of two masters of a map, over the pixels that both know, faded out at their edge.

    A transform takes an image to go on at the other side: without the fading, the jump there would correlate.
    """
    seen = np.isfinite(first) & np.isfinite(second)
    if not seen.any():
        raise ValueError("even: no pixel that both halves know")
    images = [np.where(seen, image - image[seen].mean(), 0.0) for image in (first, second)]
    return frc(images[0], images[1], mask=seen * _window(first.shape, rotations), correct=False, confidence=confidence)


def _window(shape: tuple[int, ...], rotations: TemplateMap) -> FloatArray:
    """1 in the middle, falling to 0 at the edge of the image, or of the disc that the map turns: (H, W)."""
    middle = [(side - 1) / 2 for side in shape]
    down, right = (np.abs(np.arange(side) - half) for side, half in zip(shape, middle, strict=True))
    if isinstance(rotations, InPlane):
        within = middle[0] - np.hypot(down[:, None], right)
    else:
        within = np.minimum((middle[0] - down)[:, None], middle[1] - right)
    within = within + 0.5  # of a pixel: its own half
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(within / min(EDGE, max(min(middle) / 3, 1.0)), 0.0, 1.0)))


def _masters(result: Result) -> FloatArray:
    return result.master[None] if isinstance(result, Reconstruction) else result.masters


def _maps(result: Result) -> tuple[TemplateMap, ...]:
    return (result.rotations,) if isinstance(result, Reconstruction) else result.maps
