"""What a user may ask of a mixture, checked before any work."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.detector import Detector
from motes.errors import kind_of
from motes.foreign import array_of
from motes.in_plane import InPlane
from motes.maps import TemplateMap
from motes.noise import Bernoulli, Noise
from motes.patterns import Patterns
from motes.reconstruction.em import PlainEM, Squarem
from motes.reconstruction.mixture.layout import Layout
from motes.reconstruction.mixture.start import NAMES
from motes.rotations import C1
from motes.shapes import Shape

ACCELERATIONS = ("auto", "squarem", "none")
CLASS_WEIGHTS = ("estimate", "uniform")


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
        raise ValueError(f"rotations: {rotations.name} does not fit patterns of {shape[0]}x{shape[1]}: {error}") from None
    if support.shape != shape:
        raise ValueError(f"rotations: {rotations.name} covers an image of {support.shape}, but patterns are {shape}")
    if not support.any():
        raise ValueError(f"rotations: {rotations.name} covers no pixel of {shape[0]}x{shape[1]}")
    if len(shapes) > 1:
        raise ValueError(f"still_classes: the masters of {rotations.name} are no images, those that are still are")
    return maps


def detector_of(detector: object, good: npt.NDArray[np.bool_], noise: Noise, maps: tuple[TemplateMap, ...]) -> Detector:
    """The detector, without the pixels that a mask calls bad: `good` (M,)."""
    shape = maps_shape = None
    if detector is None:
        raise TypeError("detector: none")
    return detector


def powers_of(beta: object) -> tuple[float, ...] | None:
    """The power on the likelihood of each iteration, the last for all that follow; None for `auto`."""
    if isinstance(beta, str):
        checks.one_of("beta", beta, ("auto",))
        return None
    given = (beta,) if np.ndim(beta) == 0 else tuple(beta)  # type: ignore[arg-type, call-overload]
    if not given:
        raise ValueError("beta: expected a number, a sequence of them, or auto, got an empty sequence")
    powers = tuple(checks.positive("beta", power) for power in given)
    if max(powers) > 1:
        raise ValueError(f"beta: expected powers above 0 and at most 1, got {max(powers):g}")
    return powers
