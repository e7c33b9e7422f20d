"""Photon patterns drawn from a known master: the model of the challenge, in NumPy, independent of every estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Index = NDArray[Any]
PHOTONS_AT_ONCE = 4_000_000  # bounds the memory beside the result to some 100 MB


@dataclass(frozen=True)
class PhotonTruth:
    """Simulated patterns as photon coordinates, with what they were drawn from.

    Attributes
    ----------
    rows, cols : (K,) uint16, uint32 or uint64 arrays
        Pattern and pixel (row-major) of every lit pixel, sorted by pattern, then pixel; no pair twice.
    counts : (K,) int64 array or None
        Photons in each; None where every one is 1 (Bernoulli).
    labels : (N,) int64 array
        Template of each pattern: clockwise quarter turns of the master; 4 to 7 are turns of its mirror image (D4).
    master : (L, L) float64 array, photons a pixel
        Mean of the patterns before they are turned.
    """

    rows: Index
    cols: Index
    counts: NDArray[np.int64] | None
    labels: NDArray[np.int64]
    master: NDArray[np.float64]

    @property
    def n_patterns(self) -> int:
        """Number of patterns, those without photons included."""
        return self.labels.size

    @property
    def n_photons(self) -> int:
        """Number of photons in all patterns."""
        return self.rows.size if self.counts is None else int(self.counts.sum())


def templates(master: ArrayLike, rotations: Literal["C4", "D4"] = "C4") -> NDArray[np.float64]:
    """The turned (and mirrored) copies of a master that patterns are drawn from.

    Parameters
    ----------
    master : (L, L) array
        The master.
    rotations : {"C4", "D4"}
        Quarter turns, or quarter turns and mirrors.

    Returns
    -------
    (R, L, L) float64 array
        Copy r < 4 is ``np.rot90(master, -r)``, r clockwise quarter turns; 4 to 7 the same of ``master[:, ::-1]``.

    Raises
    ------
    ValueError
        If the master is not square, or the group has another name.

    Examples
    --------
    >>> templates([[1, 2], [3, 4]])[1]
    array([[3., 1.],
           [4., 2.]])
    """
    image = np.asarray(master, np.float64)
    if image.ndim != 2 or image.shape[0] != image.shape[1] or not image.size:
        raise ValueError(f"master: expected a square image, since it is turned by quarters, got shape {image.shape}")
    if rotations not in ("C4", "D4"):
        raise ValueError(f"rotations: expected 'C4' or 'D4', got {rotations!r}")
    sides = [image] if rotations == "C4" else [image, image[:, ::-1]]
    return np.stack([np.rot90(side, -turns) for side in sides for turns in range(4)])


def patterns(
    master: ArrayLike,
    n_patterns: int,
    *,
    rotations: Literal["C4", "D4"] = "C4",
    noise: Literal["bernoulli", "poisson", "none"] = "bernoulli",
    seed: int | np.random.Generator = 0,
    weights: ArrayLike | None = None,
) -> PhotonTruth:
    """Draw patterns of random orientation from a master.

    A Bernoulli pixel is a Poisson pixel that can not tell one photon from more: with k ~ Poisson(-ln(1 - mu)),
    P(k >= 1) = mu exactly. So both kinds of noise scatter a Poisson number of photons per pixel over the patterns of
    one orientation, at a cost in proportion to the photons, not to the pixels.

    Parameters
    ----------
    master : (L, L) array, photons a pixel
        Mean of the patterns.
    n_patterns : int
        Number of patterns N.
    rotations : {"C4", "D4"}
        Quarter turns, or quarter turns and mirrors.
    noise : {"bernoulli", "poisson", "none"}
        "bernoulli": each pixel 0 or 1; "poisson": any count; "none": the master itself, which must hold whole numbers.
    seed : int or numpy.random.Generator
        The same seed gives the same patterns.
    weights : (R,) array, optional
        Relative frequency of each orientation; equal by default.

    Returns
    -------
    PhotonTruth
        The photons and the truth behind them.

    Raises
    ------
    ValueError
        If the master is not square, or holds a mean that the noise can not have (negative, NaN, above 1 for Bernoulli;
        the message names the pixel); if `n_patterns` is negative, or `weights` are no R frequencies.

    Examples
    --------
    >>> truth = patterns(np.full((5, 5), 0.2), 1000, seed=1)
    >>> truth.n_patterns, round(truth.n_photons / 1000)
    (1000, 5)
    """
    copies = templates(master, rotations)
    check_means(copies[0], noise)
    if n_patterns < 0:
        raise ValueError(f"n_patterns: can not be negative, got {n_patterns}")
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(copies), n_patterns, p=frequencies(weights, len(copies)))
    means = copies.reshape(len(copies), -1)

    row_type, column_type = index_type(n_patterns), index_type(means.shape[1])
    rows, cols, counts = [], [], []
    at_once = max(1, int(PHOTONS_AT_ONCE / max(1.0, means[0].sum())))
    for first in range(0, max(1, n_patterns), at_once):
        keys, multiplicity = draw(means, labels[first : first + at_once], noise, rng)
        row, col = np.divmod(keys, means.shape[1])
        rows.append((first + row).astype(row_type))
        cols.append(col.astype(column_type))
        if noise != "bernoulli":
            counts.append(multiplicity)
    return PhotonTruth(
        rows=np.concatenate(rows),
        cols=np.concatenate(cols),
        counts=np.concatenate(counts) if counts else None,
        labels=labels,
        master=copies[0],
    )


def draw(
    means: NDArray[np.float64], labels: NDArray[np.int64], noise: str, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw one pattern of a template for each label.

    Parameters
    ----------
    means : (R, M) float64 array
        Templates, mean photons a pixel; not checked.
    labels : (N,) int64 array
        Template of each pattern.
    noise : {"bernoulli", "poisson", "none"}
        As in `patterns`.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    keys, photons : (K,) int64 arrays
        pattern * M + pixel of the lit pixels, ascending, and the photons in each (for "bernoulli" without meaning).
    """
    n_pixels = means.shape[1]
    certain = {"bernoulli": means == 1, "poisson": np.zeros_like(means, bool), "none": means > 0}[noise]
    rates = np.where(certain, 0.0, means)
    if noise == "bernoulli":
        rates = -np.log1p(-rates)
    keys = []
    for orientation in range(len(means)):
        members = np.flatnonzero(labels == orientation)
        # Independent Poisson totals, each photon then in a pattern of its own choice: the counts of single patterns are
        # independent Poisson numbers again.
        pixels = np.repeat(np.arange(n_pixels), rng.poisson(rates[orientation] * members.size))
        if pixels.size:
            keys.append(members[rng.integers(0, members.size, pixels.size)] * n_pixels + pixels)
        keys.append((members[:, None] * n_pixels + np.flatnonzero(certain[orientation])).ravel())
    lit, multiplicity = np.unique(np.concatenate(keys), return_counts=True)
    if noise == "none":
        pattern, pixel = np.divmod(lit, n_pixels)
        multiplicity = means[labels[pattern], pixel].astype(np.int64)
    return lit, multiplicity


def check_means(master: NDArray[np.float64], noise: str) -> None:
    """Refuse a mean that the noise can not have, by pixel."""
    conditions = {
        "bernoulli": (master >= 0) & (master <= 1),
        "poisson": (master >= 0) & (master < np.inf),
        "none": (master >= 0) & (master < 2**53) & (master == np.round(master)),
    }
    if noise not in conditions:
        raise ValueError(f"noise: expected 'bernoulli', 'poisson' or 'none', got {noise!r}")
    wrong = np.argwhere(~conditions[noise])
    if not wrong.size:
        return
    row, column = wrong[0]
    value = master[row, column]
    found = f"master: pixel ({row}, {column}) has the mean {value:g}"
    if noise == "bernoulli" and value > 1:
        way_out = "ask for fewer photons, less contrast or noise='poisson'"
        raise ValueError(f"{found}, but a Bernoulli pixel catches at most 1 photon: {way_out}")
    expected = "a whole number, not negative" if noise == "none" else "a finite number, not negative"
    raise ValueError(f"{found}, expected {expected}")


def frequencies(weights: ArrayLike | None, n: int, name: str = "weights") -> NDArray[np.float64] | None:
    """Weights that sum to 1; `name` is the argument's, for messages."""
    if weights is None:
        return None
    given = np.asarray(weights, np.float64)
    total = given.sum()
    if given.shape != (n,) or not (given >= 0).all() or not 0 < total < np.inf:
        raise ValueError(f"{name}: expected {n} relative frequencies, not negative and not all zero, got {weights}")
    return np.asarray(given / total)


def index_type(size: int) -> type[np.unsignedinteger[Any]]:
    """The challenge's own types: 2 bytes where they hold every index."""
    if size <= 2**16:
        return np.uint16
    return np.uint32 if size <= 2**32 else np.uint64
