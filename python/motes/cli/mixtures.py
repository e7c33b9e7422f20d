"""What `motes simulate patterns` draws beyond the challenge: any angle, classes, fluences, background, other noise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.dense import DensePatterns
    from motes.known_mixture import KnownMixture
    from motes.patterns import Patterns

ANY = "any"
FINE = 4  # samples of a picture along a pixel, where it is turned by any angle
MOST_ANGLES = 3600


@dataclass(frozen=True)
class Asked:
    """Options of the command; None where they were not given."""

    task: int | None
    images: list[Path]
    contrast: float
    n_patterns: int | None
    photons: float | None
    side: int | None
    rotations: str | None
    noise: str | None
    sigma: float | None
    fluence_spread: float | None
    background: float | None
    class_weights: str | None
    empty: float | None
    seed: int

    @property
    def beyond_the_challenge(self) -> bool:
        """Whether an option asks for what no task of the challenge has."""
        new = (self.side, self.rotations, self.noise, self.sigma, self.fluence_spread, self.background)
        given = any(option is not None for option in (*new, self.class_weights, self.empty))
        return given or self.task is None or len(self.images) > 1


def draw_mixture(asked: Asked) -> tuple[Patterns | DensePatterns, KnownMixture]:
    """Patterns and the truth behind them.

    Raises
    ------
    ValueError
        If options do not go together, or can not be drawn; the message names the option.
    """
    import numpy as np

    from motes import DensePatterns, Patterns
    from motes.known_mixture import KnownMixture
    from motes.simulate import mixture

    rng = np.random.default_rng(asked.seed)
    noise, n_patterns, photons, side = _settings(asked)
    stacks, angles, masters = [], [], []
    images: list[Path | None] = [*asked.images]
    for image in images or [None]:
        stack, turned_by, master = _templates(asked, image, side, photons, n_patterns, rng)
        stacks.append(stack)
        angles.append(turned_by)
        masters.append(master)
    weights = _weights(asked, len(stacks))
    if asked.empty is not None:
        stacks.append(np.zeros((1, *masters[0].shape)))
        angles.append(np.full(1, np.nan))
        masters.append(np.zeros(masters[0].shape))
    truth = mixture(
        stacks,
        n_patterns,
        class_weights=weights,
        noise=noise,
        sigma=asked.sigma,
        fluence_spread=asked.fluence_spread or 0.0,
        background=asked.background or 0.0,
        seed=rng,
    )
    starts = np.cumsum([0, *(len(stack) for stack in stacks)])
    turned_by_each = np.concatenate(angles)[starts[truth.classes] + truth.rotations]
    known = KnownMixture(
        np.stack(masters), truth.classes, truth.rotations, turned_by_each, truth.fluence, truth.background
    )
    if truth.values is not None:
        return DensePatterns(truth.values), known
    assert truth.rows is not None
    assert truth.cols is not None
    patterns = Patterns.from_coo(
        truth.rows, truth.cols, counts=truth.counts, shape=truth.shape, n_patterns=truth.n_patterns
    )
    return patterns, known


def _settings(asked: Asked) -> tuple[Any, int, float, int | None]:
    """Noise, number of patterns, photons and side: as asked, else the task's own."""
    from motes.simulate import challenge_task

    task = None if asked.task is None else challenge_task(asked.task)
    own = (None, None, None) if task is None else (task.n_patterns, task.photons, task.side)
    n_patterns = own[0] if asked.n_patterns is None else asked.n_patterns
    photons = own[1] if asked.photons is None else asked.photons
    for option, value in {"--patterns": n_patterns, "--photons": photons}.items():
        if value is None:
            raise ValueError(f"{option}: needed, since there is no --task with a number of its own")
    assert n_patterns is not None
    assert photons is not None
    noise = asked.noise or ("bernoulli" if task is not None and task.noise == "bernoulli" else "poisson")
    return noise, n_patterns, photons, own[2] if asked.side is None else asked.side


def _templates(
    asked: Asked, path: Path | None, side: int | None, photons: float, n_patterns: int, rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """What patterns of one class may show, by how many degrees each is turned, and the master that is not."""
    import numpy as np

    from motes.rotations import rotations_of
    from motes.simulate import scaled, turned, with_contrast

    fine = FINE if asked.rotations == ANY else 1
    picture = _picture(path, side, fine)
    image = with_contrast(picture, asked.contrast)
    if not np.isfinite(image).all() or image.min() < 0:
        raise ValueError(f"--contrast: {asked.contrast:g} makes pixels negative, expected -1 to 1 or nearer to 0")
    image = scaled(image, photons)
    if fine > 1:
        n_angles = min(max(n_patterns, 1), MOST_ANGLES)
        angles = (np.arange(n_angles) + rng.random()) * 360 / n_angles
        seen = turned(image, [0.0, *angles], len(image) // fine)
        stack, master = seen[1:], seen[0]
    else:
        turns = rotations_of(asked.rotations or "C4")
        stack = turns.expand(image)
        angles = np.full(turns.n, np.nan) if turns.angles is None else turns.angles
        master = np.where(turns.support((len(image), len(image))), image, 0.0)
    scale = photons / max(float(stack.sum(axis=(1, 2)).mean()), 1e-300)  # beyond the disc photons are lost
    return scale * stack, np.asarray(angles, np.float64), scale * master


def _picture(path: Path | None, side: int | None, fine: int) -> NDArray[Any]:
    """Brightness, `fine` samples a pixel along each edge."""
    import numpy as np

    from motes.cli.arguments import picture_of, read_array
    from motes.simulate import portrait

    if path is not None and path.suffix == ".npy":
        image = read_array(path)
        wanted = len(image) // fine if side is None else side
        if image.shape != (wanted * fine, wanted * fine) or not wanted or image.dtype.kind not in "biuf":
            size = f"{wanted * fine}x{wanted * fine}" if side is not None else "square"
            raise ValueError(f"--image: {path}: {image.dtype} of shape {image.shape}, expected a {size} image")
        if not np.isfinite(image).all() or image.min() < 0 or not image.any():
            raise ValueError(f"--image: {path}: expected finite brightness, not negative and not all 0")
        return image.astype(np.float64)
    if side is None:
        raise ValueError("--side: needed, since there is no --task with a size of its own")
    return portrait(side * fine) if path is None else picture_of(path, side * fine)


def _weights(asked: Asked, n_classes: int) -> NDArray[Any]:
    """Frequency of each class, that of empty patterns last."""
    import numpy as np

    texts = ["1"] * n_classes if asked.class_weights is None else asked.class_weights.split(",")
    try:
        weights = np.array([float(text) for text in texts])
    except ValueError:
        weights = np.zeros(0)
    good = weights.size == n_classes and bool(np.isfinite(weights).all()) and bool((weights > 0).all())
    if not good:
        raise ValueError(f"--class-weights: expected {n_classes} positive numbers, got {asked.class_weights!r}")
    weights /= weights.sum()
    if asked.empty is None:
        return weights
    if not 0 < asked.empty < 1:
        raise ValueError(f"--empty: expected a share between 0 and 1, got {asked.empty:g}")
    return np.append(weights * (1 - asked.empty), asked.empty)
