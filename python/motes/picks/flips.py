"""Which way up picks are: a report of what the micrograph makes likely, never applied in silence.

Picks of one micrograph are taken for draws from a density over its pixels that depends on the local contrast there,

    p(pixel) = exp(b . z(pixel)) / sum over all pixels of exp(b . z),    z = (local mean, local deviation),

both on the scale of a particle, smoothed, less their background and standardised. The two coefficients b are fitted
for each of the eight flips and swaps of the axes by maximum likelihood (a wide normal prior keeps them finite where all
picks stand on the best pixels); under the right one picks stand where particles
are, and the likelihood is the greatest. A ratio of two such likelihoods says how much more likely one is than another.
Picks are counted as independent, which those of one picker are not quite: take large ratios for large, not for exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motes.picks.container import FloatArray, Picks

BINNED_RADIUS = 5.0  # pixels of a particle's radius after binning: the field is smooth, finer grids tell no more
OUTSIDE = log(1e3)  # nats that each pick outside the image costs an orientation
PRIOR = 10.0  # deviation of each coefficient; those of real picks are about 1
NEWTON_STEPS = 50
CLEAR = 10.0  # nats; wrong flips of real picks, their radius too large, win by up to 3.5; right ones by 16 and more


@dataclass(frozen=True)
class Flip:
    """One of the eight ways to lay picks over an image.

    Attributes
    ----------
    swap : bool
        Whether x and y change places, before the flips.
    x, y : bool
        Whether x counts from the last column, and y from the last row.
    """

    swap: bool = False
    x: bool = False
    y: bool = False

    def __str__(self) -> str:
        parts = [name for name, on in (("swap x with y", self.swap), ("flip x", self.x), ("flip y", self.y)) if on]
        return " and ".join(parts) or "as they are"

    def apply(self, picks: Picks, shape: tuple[int, int]) -> Picks:
        """Flipped picks; centres ``width - 1 - x`` and ``height - 1 - y``.

        Examples
        --------
        >>> Flip(swap=True, y=True).apply(Picks([1], [2]), (10, 20)).y
        array([8.])
        """
        height, width = shape
        x, y = (picks.y, picks.x) if self.swap else (picks.x, picks.y)
        turned = replace(picks, x=width - 1 - x if self.x else x, y=height - 1 - y if self.y else y)
        if not self.swap:
            return turned
        box_size, image_shape = (
            None if pair is None else pair[:, ::-1] for pair in (picks.box_size, picks.image_shape)
        )
        return replace(turned, box_size=box_size, image_shape=image_shape)


FLIPS = tuple(Flip(swap, x, y) for swap in (False, True) for x in (False, True) for y in (False, True))
"""All eight; the first changes nothing."""


@dataclass(frozen=True)
class Orientations:
    """How likely each flip is.

    Attributes
    ----------
    flips : tuple of Flip
        All eight, the likeliest first.
    log_likelihood : (8,) array, nats
        Gain over picks that are spread at random, in the same order.
    n_picks : int
        Picks that it rests on.
    """

    flips: tuple[Flip, ...]
    log_likelihood: FloatArray
    n_picks: int

    @property
    def likeliest(self) -> Flip:
        """The flip with the greatest likelihood."""
        return self.flips[0]

    @property
    def log_ratio(self) -> float:
        """Log of the likelihood ratio between the likeliest and the next, nats."""
        return float(self.log_likelihood[0] - self.log_likelihood[1])

    @property
    def clear(self) -> bool:
        """Whether the likeliest is ahead by so much that it can be told."""
        return self.log_ratio >= CLEAR

    def __str__(self) -> str:
        odds = "over a million" if self.log_ratio > log(1e6) else f"{np.exp(self.log_ratio):.3g}"
        lead = f"{odds} times as likely as {str(self.flips[1])!r}, {self.log_ratio:.1f} nats"
        if self.clear:
            return f"{self.likeliest!s} ({lead})"
        return f"can not be told ({str(self.likeliest)!r} only {lead})"


def likely_flip(picks: Picks, image: ArrayLike, *, radius: float | None = None) -> Orientations:
    """Score the eight flips and swaps of picks against the local contrast of their micrograph.

    Parameters
    ----------
    picks : Picks
        Of one micrograph.
    image : (H, W) array
        The micrograph.
    radius : float, pixels, optional
        Of a particle; by default the median of the picks' own, which is too large where their boxes have a margin.

    Returns
    -------
    Orientations
        A report; the picks stay as they are, and `Flip.apply` turns them.

    Raises
    ------
    ValueError
        If there are fewer than three picks, no radius, or the image is too small for it.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, y = rng.uniform(20, 180, (2, 30))
    >>> image = rng.normal(size=(200, 200))
    >>> for column, row in zip(x.astype(int), y.astype(int), strict=True):
    ...     image[row - 5 : row + 6, column - 5 : column + 6] += 3
    >>> print(likely_flip(Picks(x, 199 - y, radius=5), image).likeliest)
    flip y
    """
    pixels = np.asarray(image)
    if pixels.ndim != 2 or pixels.dtype.kind not in "iuf":
        raise ValueError(f"image: expected (H, W) real numbers, got {pixels.dtype} of shape {pixels.shape}")
    if len(picks.micrographs) != 1 or len(picks) < 3:
        raise ValueError(f"picks: expected three or more on one micrograph, got {picks!r}")
    if radius is None:
        if picks.radius is None:
            raise ValueError("radius: needed, the picks have none")
        radius = float(np.median(picks.radius))
    if not 1 <= radius <= min(pixels.shape) / 8:
        raise ValueError(f"radius: {radius:g} in an image of {pixels.shape}, expected 1 to an eighth of its side")
    step = max(1, int(radius / BINNED_RADIUS))
    field = _contrast(_binned(pixels, step), radius / step)
    shape = (pixels.shape[0], pixels.shape[1])
    scores = np.array([_gain(field, flip.apply(picks, shape), step) for flip in FLIPS])
    order = np.argsort(-scores, kind="stable")
    return Orientations(tuple(FLIPS[i] for i in order), scores[order], len(picks))


def _binned(pixels: NDArray[np.generic], step: int) -> FloatArray:
    """Means of `step` x `step` pixels, row of blocks after row, so that a mapped file is never held whole."""
    rows, columns = pixels.shape[0] // step, pixels.shape[1] // step
    binned = np.empty((rows, columns))
    for i in range(rows):
        strip = np.asarray(pixels[i * step : (i + 1) * step, : columns * step], np.float64)
        binned[i] = strip.reshape(step, columns, step).mean(axis=(0, 2))
    if not np.isfinite(binned).all():
        raise ValueError("image: holds values that are not finite")
    return binned


def _contrast(image: FloatArray, radius: float) -> FloatArray:
    """Local mean and local deviation on the scale of a particle, less their background, standardised: (2, H, W)."""
    from scipy.ndimage import gaussian_filter

    smooth, wide = radius / 2, 6 * radius
    mean = gaussian_filter(image, smooth)
    deviation = np.sqrt(gaussian_filter((image - mean) ** 2, smooth))
    maps = np.stack([values - gaussian_filter(values, wide) for values in (mean, deviation)])
    spread = maps.std(axis=(1, 2), keepdims=True)
    # Beyond three deviations lie ice and dirt, not better particles.
    return np.clip(maps / np.where(spread > 0, spread, 1), -3, 3)


def _gain(field: FloatArray, picks: Picks, step: int) -> float:
    """Log-likelihood of picks under their best coefficients, less that of picks at random, nats."""
    rows = np.floor((picks.y + 0.5) / step).astype(np.int64)
    columns = np.floor((picks.x + 0.5) / step).astype(np.int64)
    inside = (rows >= 0) & (rows < field.shape[1]) & (columns >= 0) & (columns < field.shape[2])
    z = field[:, rows[inside], columns[inside]]
    everywhere = field.reshape(len(field), -1)
    b = np.zeros(len(field))
    gain = 0.0
    for _ in range(NEWTON_STEPS):  # strictly concave: Newton's method, halved where it overshoots
        logits = _dot(b, everywhere)
        weights = np.exp(logits - logits.max())
        weighted = everywhere * (weights / weights.sum())
        mean = weighted.sum(axis=1)
        covariance = np.einsum("in,jn->ij", weighted, everywhere) - np.outer(mean, mean)
        gradient = (z - mean[:, None]).sum(axis=1) - b / PRIOR**2
        direction = np.linalg.solve(z.shape[1] * covariance + np.eye(len(b)) / PRIOR**2, gradient)
        length = 1.0
        while length > 1e-6 and _objective(b + length * direction, z, everywhere) < gain:
            length /= 2
        new = _objective(b + length * direction, z, everywhere)
        if new <= gain + 1e-9:
            break
        b, gain = b + length * direction, new
    return gain - OUTSIDE * float(np.count_nonzero(~inside))


def _objective(b: FloatArray, z: FloatArray, everywhere: FloatArray) -> float:
    """Log-likelihood of picks that see `z`, under b, less that of picks at random, and the prior of b; nats."""
    logits = _dot(b, everywhere)
    top = float(logits.max())
    mean = float(np.exp(logits - top).mean())
    return float(_dot(b, z).sum()) - int(z.shape[1]) * (top + log(mean)) - float(b @ b) / (2 * PRIOR**2)


def _dot(b: FloatArray, z: FloatArray) -> FloatArray:
    """Products b . z at each place, without BLAS, whose bits depend on its threads."""
    product: FloatArray = np.einsum("i,in->n", b, z)
    return product
