"""A mixture against the truth: turns, mirrors and names of classes taken out, then errors, classes and angles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from motes.in_plane import InPlane
from motes.known_mixture import KnownMixture
from motes.quotient import Nearest, nearest_turn

if TYPE_CHECKING:
    from motes.reconstruction import MixtureReconstruction

FLAT = 1e-9  # contrast relative to the mean: less is rounding, and no picture


@dataclass(frozen=True, eq=False)
class MixtureComparison:
    """A mixture against the truth, after the best turn of each master and the best assignment of classes.

    Attributes
    ----------
    classes : (K,) int64 array
        The true class that each class of the result stands for; -1 for one too many.
    degrees : (K,) float64 array
        By which the true master is turned clockwise to be nearest to the estimate.
    mirrored : (K,) bool array
        Whether it is mirrored before.
    masters : (K, H, W) float64 array
        The true masters, turned so; NaN for a class too many.
    errors : (K,) float64 array
        ||estimate - truth|| / ||truth - mean(truth)|| of each class; NaN where the truth is flat.
    error : float
        The same of all classes together.
    class_accuracy : float
        Share of the patterns whose most likely class is the true one.
    angle_error : float or None
        Root-mean-square error of the angles, degrees, over patterns of the right class (and mirror); None without any.
    median_angle_error : float or None
        Median size of the same errors, which a few of many degrees do not decide.
    """

    classes: NDArray[np.int64]
    degrees: NDArray[np.float64]
    mirrored: NDArray[np.bool_]
    masters: NDArray[np.float64]
    errors: NDArray[np.float64]
    error: float
    class_accuracy: float
    angle_error: float | None
    median_angle_error: float | None


def compare_mixture(result: MixtureReconstruction, known: KnownMixture) -> MixtureComparison:
    """Compare a mixture with the truth, both known only up to turns and the names of classes.

    Parameters
    ----------
    result : MixtureReconstruction
        The estimate.
    known : KnownMixture
        What its patterns were made from.

    Returns
    -------
    MixtureComparison
        True masters turned by the interpolation of the map (`motes.quotient.nearest_turn`); classes assigned to true
        ones by the least sum of squared distances.

    Raises
    ------
    ValueError
        If the truth has another shape, or is of another number of patterns.
    """
    from scipy.optimize import linear_sum_assignment

    if known.masters.shape[1:] != result.masters.shape[1:]:
        raise ValueError(
            f"truth: masters of shape {known.masters.shape[1:]}, but the patterns have shape {result.masters.shape[1:]}"
        )
    if known.classes.size != result.n_patterns:
        raise ValueError(f"truth: {known.classes.size} classes, but there are {result.n_patterns} patterns")
    pairs = [
        [nearest_turn(truth, estimate, turns) for truth in known.masters]
        for estimate, turns in zip(result.masters, result.maps, strict=True)
    ]
    cost = np.array([[pair.distance**2 for pair in row] for row in pairs])
    classes = np.full(result.n_classes, -1, np.int64)
    found, true = linear_sum_assignment(cost)
    classes[found] = true
    chosen = [pairs[k][of] if of >= 0 else None for k, of in enumerate(classes)]
    masters = np.full_like(result.masters, np.nan)
    for master, pair in zip(masters, chosen, strict=True):
        if pair is not None:
            master[:] = pair.master
    distances = np.array([np.nan if pair is None else pair.distance for pair in chosen])
    contrasts = np.array([_contrast(truth, own) for truth, own in zip(masters, result.masters, strict=True)])
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.where(contrasts > 0, distances / contrasts, np.nan)
        error = float(np.sqrt(np.nansum(distances**2) / np.sum(contrasts**2)))
    right = classes[result.labels[:, 0]] == known.classes
    off = _angle_errors(result, known, chosen, right)
    return MixtureComparison(
        classes=classes,
        degrees=np.array([np.nan if pair is None else pair.degrees for pair in chosen]),
        mirrored=np.array([pair is not None and pair.mirrored for pair in chosen]),
        masters=masters,
        errors=errors,
        error=error,
        class_accuracy=float(right.mean()) if right.size else float("nan"),
        angle_error=float(np.sqrt(np.mean(off**2))) if off.size else None,
        median_angle_error=float(np.median(np.abs(off))) if off.size else None,
    )


def _contrast(truth: NDArray[np.float64], estimate: NDArray[np.float64]) -> float:
    """||truth - mean|| over the pixels that the estimate has; 0 of a flat one."""
    shown = truth[np.isfinite(truth) & np.isfinite(estimate)]
    size = float(np.linalg.norm(shown - shown.mean())) if shown.size else 0.0
    return size if size > FLAT * float(np.linalg.norm(shown)) else 0.0


def _angle_errors(
    result: MixtureReconstruction, known: KnownMixture, chosen: list[Nearest | None], right: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Degrees, of patterns of the right class and mirror.

    Where the estimate is the truth turned by d, what shows the truth turned by a shows the estimate by a - d.

    Mirrored patterns of it, or patterns of the mirrored truth, show it by a + d.
    """
    angles = result.angles
    if angles is None:
        return np.zeros(0)
    kind, rotation = result.labels.T
    mirrored = np.zeros((2, right.size), bool)
    for k, turns in enumerate(result.maps):
        if isinstance(turns, InPlane) and turns.mirrored:
            mirrored[:, kind == k] = np.stack([rotation, known.rotations])[:, kind == k] >= turns.n_angles
    of_class = np.array([pair is not None and pair.mirrored for pair in chosen])[kind]
    turned_by = np.array([np.nan if pair is None else pair.degrees for pair in chosen])[kind]
    shown = mirrored[1] ^ of_class
    off = known.angles + np.where(shown, 1, -1) * turned_by - angles
    counts = right & (shown == mirrored[0]) & np.isfinite(off)
    wrapped: NDArray[np.float64] = (off[counts] + 180) % 360 - 180
    return wrapped
