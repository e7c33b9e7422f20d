"""Data of the challenge's layout with known truth: what each task holds, and how many photons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motes.simulate.masters import creature, portrait, scaled, with_contrast
from motes.simulate.photons import PhotonTruth, patterns


@dataclass(frozen=True)
class Task:
    """What one task of the challenge holds.

    Attributes
    ----------
    n_patterns, side : int
        Number of patterns, and pixels along one edge.
    photons : float or None
        Mean photons a pattern; None for a silhouette of zeros and ones.
    noise : {"bernoulli", "none"}
        Whether each pixel is drawn, or holds the master's own whole number.
    picture : {"creature", "portrait", "soft portrait"}
        What is hidden, unless a picture is given.
    """

    n_patterns: int
    side: int
    photons: float | None
    noise: Literal["bernoulli", "none"]
    picture: Literal["creature", "portrait", "soft portrait"]


TASKS = {
    1: Task(25, 18, 6500, "none", "creature"),
    2: Task(100, 36, 39000, "none", "creature"),
    3: Task(1000, 33, None, "none", "creature"),
    4: Task(1000, 50, 1251.047, "bernoulli", "soft portrait"),
    6: Task(65535, 25, 23.745, "bernoulli", "creature"),
    7: Task(100000, 25, 27.38, "bernoulli", "portrait"),
}
"""Tasks by number; task 5 has no data."""


def challenge_task(task: int) -> Task:
    """Look up a task of the challenge.

    Examples
    --------
    >>> challenge_task(7).n_patterns
    100000
    """
    if task not in TASKS:
        raise ValueError(f"task: the challenge has data for tasks {', '.join(map(str, TASKS))}, not for {task}")
    return TASKS[task]


def task_patterns(
    task: int,
    *,
    image: ArrayLike | None = None,
    n_patterns: int | None = None,
    photons: float | None = None,
    contrast: float = 1.0,
    seed: int | np.random.Generator = 0,
) -> PhotonTruth:
    """Patterns as one task of the challenge holds them.

    Parameters
    ----------
    task : {1, 2, 3, 4, 6, 7}
        The task; task 5 is a calculation and has no data.
    image : (L, L) array, optional
        The picture to hide, brightness from 0; the task's own by default.
    n_patterns : int, optional
        Number of patterns; as many as the challenge by default.
    photons : float, optional
        Mean photons a pattern; as many as in the challenge by default.
    contrast : float
        The picture is blended with its own mean: 1 leaves it as it is, 0 makes it flat.
    seed : int or numpy.random.Generator
        The same seed gives the same data.

    Returns
    -------
    PhotonTruth
        The photons and the truth behind them.

    Raises
    ------
    ValueError
        If there is no such task, or it can not be drawn as asked (see `patterns`).

    Examples
    --------
    >>> truth = task_patterns(7, n_patterns=1000, seed=1)
    >>> truth.master.shape, 27 < truth.n_photons / 1000 < 28
    ((25, 25), True)
    """
    model = challenge_task(task)
    rng = np.random.default_rng(seed)
    if not np.isfinite(contrast):
        raise ValueError(f"contrast: expected a finite number, got {contrast:g}")
    whole = _picture(model, rng) if image is None else _checked(image)
    shown = with_contrast(whole, contrast)
    if shown.min() < 0:
        raise ValueError(f"contrast: {contrast:g} makes pixels negative, expected {_possible(whole)}")
    if model.photons is None:
        if photons is not None:
            raise ValueError(f"photons: task {task} is a silhouette of zeros and ones, leave it out")
        master = (shown > shown.mean()).astype(np.float64)
    else:
        each = model.photons if photons is None else photons
        master = scaled(shown, each)
        if model.noise == "bernoulli" and master.max() > 1:
            raise ValueError(
                f"photons: {each:g} a pattern are {master.max():.3g} in the brightest pixel, which catches at most 1: "
                f"ask for {each / master.max():.4g} or fewer"
            )
    if model.noise == "none":
        master = np.rint(master)
    return patterns(master, model.n_patterns if n_patterns is None else n_patterns, noise=model.noise, seed=rng)


def _possible(image: NDArray[np.float64]) -> str:
    """The contrasts at which no pixel of an image is negative, rounded towards 0."""
    mean = float(image.mean())
    least, most = mean / (image.max() - mean), mean / (mean - image.min())
    return f"-{np.floor(1e4 * least) / 1e4:g} to {np.floor(1e4 * most) / 1e4:g}"


def _checked(image: ArrayLike) -> NDArray[np.float64]:
    """An image that can be turned and can be a mean number of photons."""
    given = np.asarray(image)
    if given.dtype.kind not in "biuf":
        raise ValueError(f"image: expected real numbers, got {given.dtype}")
    if given.ndim != 2 or given.shape[0] != given.shape[1] or not given.size:
        raise ValueError(f"image: expected a square image, since it is turned by quarters, got shape {given.shape}")
    if not (given >= 0).all() or not np.isfinite(given).all() or not given.any():
        raise ValueError("image: expected finite brightness, not negative and not all 0")
    return given.astype(np.float64)


def _picture(model: Task, rng: np.random.Generator) -> NDArray[np.float64]:
    if model.picture == "creature":
        return creature(model.side, rng)
    if model.picture == "portrait":
        return portrait(model.side)
    # Where half of all pixels fire, the lights of the whole portrait would need means above 1.
    return 0.25 + 0.5 * portrait(model.side)
