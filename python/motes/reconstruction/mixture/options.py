"""What a user may ask of a mixture, checked before any work."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.detector import Detector
from motes.errors import kind_of
from motes.foreign import array_of
from motes.in_plane import InPlane
from motes.maps import TemplateMap
from motes.noise import Bernoulli, Gaussian, Noise, noise_named
from motes.reconstruction.em import PlainEM, Squarem
from motes.reconstruction.mixture.fluence import check_fluence
from motes.reconstruction.mixture.layout import Layout
from motes.reconstruction.mixture.start import NAMES
from motes.rotations import C1, Rotations
from motes.shapes import Shape

ACCELERATIONS = ("auto", "squarem", "none")
FLUENCE = ("uniform", "estimate")
CLASS_WEIGHTS = ("estimate", "uniform")


def is_mixture(
    rotations: TemplateMap, classes: object, still_classes: object, class_weights: object, detector: object,
    fluence: object, beta: object, coarse: object,
) -> bool:  # fmt: skip
    """Whether what is asked of patterns of photons is more than one master and exact rotations.

    Examples
    --------
    >>> from motes import C4
    >>> is_mixture(C4, 1, 0, "estimate", None, "uniform", 1.0, None)
    False
    """
    usual = checks.whole("classes", classes, 0) == 1 and checks.whole("still_classes", still_classes, 0) == 0
    usual = usual and checks.one_of("class_weights", class_weights, CLASS_WEIGHTS) == "estimate"
    usual = usual and detector is None and coarse is None and isinstance(fluence, str) and fluence == "uniform"
    usual = usual and np.ndim(beta) == 0 and beta == 1  # type: ignore[arg-type]
    return not (usual and isinstance(rotations, Rotations))


def maps_of(rotations: TemplateMap, classes: object, still_classes: object, shape: Shape, n: int) -> tuple[
    TemplateMap, ...
]:  # fmt: skip
    """The map of each class: those that rotate, then those that do not."""
    turning = checks.whole("classes", classes, 0)
    still = checks.whole("still_classes", still_classes, 0)
    if turning + still == 0:
        raise ValueError("classes: expected at least one class, got 0 and still_classes=0")
    if turning + still > max(n, 1):
        raise ValueError(f"classes: {turning + still} classes, but there are only {n} patterns")
    if not isinstance(rotations, TemplateMap):
        raise TypeError(f"rotations: expected a map from a master to templates, got {kind_of(rotations)}")
    maps = (rotations,) * turning + (C1,) * still
    try:
        layout = Layout(maps, shape)
        support, shapes = layout.support, set(layout.master_shapes)
    except ValueError as error:
        raise ValueError(
            f"rotations: {rotations.name} does not fit patterns of {shape[0]}x{shape[1]}: {error}"
        ) from None
    if support.shape != shape:
        raise ValueError(f"rotations: {rotations.name} covers an image of {support.shape}, but patterns are {shape}")
    if not support.any():
        raise ValueError(f"rotations: {rotations.name} covers no pixel of {shape[0]}x{shape[1]}")
    if len(shapes) > 1:
        raise ValueError(f"still_classes: the masters of {rotations.name} are no images, those that are still are")
    return maps


def detector_of(
    detector: object, good: npt.NDArray[np.bool_], shape: Shape, support: npt.NDArray[np.bool_], noise: Noise
) -> Detector:
    """The detector, without the pixels that a mask calls bad: `good` (M,)."""
    if detector is None:
        kept = Detector.from_mask(np.where(good.reshape(shape), 0, 2))
    elif isinstance(detector, Detector):
        detector.require(shape)
        kept = detector
        if not good.all():
            image = good.reshape(shape)
            if not (kept.good & image).any():
                raise ValueError("mask: every good pixel of the detector is bad")
            kept = replace(kept, good=kept.good & image, merged=kept.merged & image)
    else:
        raise TypeError(f"detector: expected a motes.Detector, got {kind_of(detector)}")
    if not (kept.good & support).any():
        name = "mask" if detector is None else "detector"
        raise ValueError(f"{name}: no good pixel within what the templates cover")
    if noise.name == "bernoulli" and kept.background is not None and kept.background.any():
        raise ValueError("detector: a background needs Poisson or Gaussian noise, got bernoulli")
    return kept


def gaussian_of(noise: object) -> Gaussian:
    """Noise of dense patterns as a user may give it: itself, its name, or None for a sigma that is estimated."""
    if noise is None:
        return Gaussian()
    model = noise_named(noise) if isinstance(noise, str) else noise
    if not isinstance(model, Gaussian):
        raise ValueError(f"noise: dense patterns need motes.Gaussian(), got {getattr(model, 'name', kind_of(model))}")
    return model


def fluence_of(fluence: object, noise: Noise, n_patterns: int) -> tuple[npt.NDArray[np.float64] | None, bool]:
    """Known fluences, if there are any; and whether they are estimated."""
    if isinstance(fluence, str):
        checks.one_of("fluence", fluence, FLUENCE)
        if fluence == "uniform":
            return None, False
    if noise.name != "poisson":
        raise ValueError(f"fluence: patterns of unequal fluence need Poisson noise, got {noise.name}")
    return (None, True) if isinstance(fluence, str) else (check_fluence(fluence, n_patterns), False)


def check_light(fluence: object, n_patterns: int) -> npt.NDArray[np.float64]:
    """Fluences of patterns that are no fit's own: positive numbers as they are, whatever their mean."""
    light = check_fluence(fluence, n_patterns)
    return light * float(np.mean(array_of("fluence", fluence))) if light.size else light


def powers_of(beta: object) -> tuple[float, ...] | None:
    """The power on the likelihood of each iteration, the last for all that follow; None for `auto`."""
    if isinstance(beta, str):
        checks.one_of("beta", beta, ("auto",))
        return None
    given = (beta,) if np.ndim(beta) == 0 else tuple(beta)  # type: ignore[arg-type]
    if not given:
        raise ValueError("beta: expected a number, a sequence of them, or auto, got an empty sequence")
    powers = tuple(checks.positive("beta", power) for power in given)
    if max(powers) > 1:
        raise ValueError(f"beta: expected powers above 0 and at most 1, got {max(powers):g}")
    return powers


def runs_of(powers: Sequence[float]) -> list[tuple[float, int]]:
    """Equal powers that follow each other, with their number.

    Examples
    --------
    >>> runs_of([0.1, 0.1, 0.5, 1.0])
    [(0.1, 2), (0.5, 1), (1.0, 1)]
    """
    return [(power, len(list(group))) for power, group in itertools.groupby(powers)]


def coarser_of(coarse: object, rotations: TemplateMap) -> tuple[TemplateMap, ...]:
    """The maps of fewer angles to begin with, in the order given."""
    if coarse is None:
        return ()
    if not isinstance(rotations, InPlane):
        raise ValueError(f"coarse: is for in-plane rotations, got {getattr(rotations, 'name', rotations)}")
    if isinstance(coarse, str) or not isinstance(coarse, Sequence | np.ndarray):
        raise TypeError(f"coarse: expected a sequence of numbers of angles, got {kind_of(coarse)}")
    counts = [checks.whole("coarse", count, 1) for count in coarse]
    ascending = [*counts, rotations.n_angles]
    if any(first >= then for first, then in itertools.pairwise(ascending)):
        raise ValueError(f"coarse: expected growing numbers of angles below {rotations.n_angles}, got {counts}")
    return tuple(replace(rotations, n_angles=count) for count in counts)


def method_of(
    method: str, acceleration: str | None, tolerance: float, detector: Detector
) -> tuple[PlainEM | Squarem, str]:
    """The method, and the acceleration's name as it was chosen.

    Where the detector has pixels that are merged only, no one likelihood climbs: plain steps are taken, down or up.
    """
    if method != "em":
        raise ValueError(f"method: {method} is for exact rotations of one master; a mixture takes em")
    chosen = "none" if acceleration is None else checks.one_of("acceleration", acceleration, ACCELERATIONS)
    chosen = "squarem" if chosen == "auto" else chosen
    if (detector.merged & ~detector.good).any():
        return PlainEM(tolerance, safeguarded=False), "none"
    return (Squarem(tolerance) if chosen == "squarem" else PlainEM(tolerance)), chosen


def init_of(init: object, layout: Layout, noise: Noise) -> str | npt.NDArray[np.float64]:
    """A start's name, or the masters of all classes as one vector: given as (H, W) for one class, or (K, H, W)."""
    if init is None:
        return NAMES[0]
    if isinstance(init, str):
        name = checks.one_of("init", init, NAMES)
        if name == "mean" and len(layout.maps) > 1:
            raise ValueError("init: mean is the same for all classes, which would stay so; expected another start")
        return name
    given = array_of("init", init)
    if given.dtype.kind not in "iuf":
        raise TypeError(
            f"init: expected a start's name or an array of means, got {kind_of(init)} of dtype {given.dtype}"
        )
    n, one = len(layout.maps), layout.master_shapes[0]
    if given.shape != (n, *one) and not (n == 1 and given.shape == one):
        raise ValueError(f"init: expected shape {one if n == 1 else (n, *one)}, got {given.shape}")
    values = given.astype(np.float64).reshape(n, *one)
    values = np.where(np.isnan(values) & ~layout.support, 0.0, values) if one == layout.shape else values
    least = 0.0 if noise.limits(1)[0] > 0 else -np.finfo(np.float64).max
    most = 1.0 if isinstance(noise, Bernoulli) else np.finfo(np.float64).max
    if not ((values >= least) & (values <= most)).all():
        raise ValueError(
            f"init: expected finite means{', 0 or more' if least == 0 else ''}{' and at most 1' if most == 1 else ''}"
        )
    return values.ravel()
