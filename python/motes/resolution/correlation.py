"""Fourier shell and ring correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.checks import positive, whole
from motes.resolution.curve import FloatArray, ShellCurve, band
from motes.resolution.masks import FloatMap, alike, check_mask
from motes.resolution.shells import Shells, Spectrum
from motes.threads import available_threads

RANDOMISE_BELOW = 0.8  # phases are randomised from the shell on where the unmasked curve falls below this
GUARD = 2  # shells left out of the correction, where a mask mixes what is randomised with what is not
SAME = 1e-3  # relative: voxel sizes that differ by less are one


def fsc(
    half1: NDArray[Any],
    half2: NDArray[Any],
    *,
    voxel_size: float | Sequence[float] | None,
    mask: NDArray[Any] | None = None,
    randomise_from: int | None = None,
    correct: bool = True,
    seed: int = 0,
    confidence: float = 0.95,
    threads: int | None = None,
) -> ShellCurve:
    r"""Fourier shell correlation of two half maps.

    In each shell, over all its voxels (both of each Friedel pair),

    .. math:: \mathrm{FSC} = \frac{\mathrm{Re} \sum F_1 \overline{F_2}}{\sqrt{\sum |F_1|^2 \sum |F_2|^2}}

    With a mask both maps are multiplied by it, and what the mask itself makes alike is taken out (Chen et al. 2013):
    the phases of both unmasked maps are randomised from one shell on, independently, masked, and correlated; from two
    shells further on, (FSC of the masked - FSC of the randomised) / (1 - FSC of the randomised) is told.

    Parameters
    ----------
    half1, half2 : (D, H, W) arrays of real numbers
        Of one shape, in register. Sides may be odd or even, and differ: shells are then of width 1 / (longest side x
        voxel).
    voxel_size : float, or three of them, angstrom, or None
        Three that differ are refused. None: frequencies in cycles per voxel.
    mask : (D, H, W) array, optional
        From 0 to 1; see `soft_sphere`.
    randomise_from : int, optional
        The first shell whose phases are randomised; by default the first below 0.8 without the mask, and none if there
        is none.
    correct : bool
        False: the masked curve as it is.
    seed : int
        Of the phases.
    confidence : float
        Of the band of the curve, point by point. See docs/resolution.md for what it holds of.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    ShellCurve

    Raises
    ------
    TypeError
        If an argument holds no real numbers.
    ValueError
        If shapes differ, voxels are anisotropic, a map holds what is not finite or the same number everywhere, or
        nothing is left under the mask. The message names the argument.

    Notes
    -----
    Transforms in float32 of the maps less their means, sums in float64: within 1e-6 of float64 throughout.

    References
    ----------
    Harauz and van Heel, Optik 73 (1986) 146. Chen et al., Ultramicroscopy 135 (2013) 24.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> signal, noise1, noise2 = rng.standard_normal((3, 16, 16, 16))
    >>> curve = fsc(signal + noise1, signal + noise2, voxel_size=2.0)
    >>> len(curve), bool(abs(curve.correlation[4:].mean() - 0.5) < 0.05)
    (9, True)
    """
    return _correlate(3, half1, half2, voxel_size, mask, randomise_from, correct, seed, confidence, threads)


def frc(
    image1: NDArray[Any],
    image2: NDArray[Any],
    *,
    pixel_size: float | Sequence[float] | None = None,
    mask: NDArray[Any] | None = None,
    randomise_from: int | None = None,
    correct: bool = True,
    seed: int = 0,
    confidence: float = 0.95,
    threads: int | None = None,
) -> ShellCurve:
    """Fourier ring correlation of two images (H, W): as `fsc`, with rings for shells and pixels for voxels.

    Parameters
    ----------
    image1, image2 : (H, W) arrays of real numbers
        Of one shape, in register.
    pixel_size : float, or two of them, angstrom, optional
        Without it frequencies are in cycles per pixel.
    mask, randomise_from, correct, seed, confidence, threads
        As in `fsc`.

    Returns
    -------
    ShellCurve

    Raises
    ------
    TypeError, ValueError
        As `fsc`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> signal, noise = rng.standard_normal((2, 32, 32))
    >>> frc(signal, signal + 0.1 * noise)
    <FRC of 32 x 32: 2 pixels or better at 0.143 (2 to 2)>
    """
    return _correlate(2, image1, image2, pixel_size, mask, randomise_from, correct, seed, confidence, threads)


def _correlate(
    n_axes: int,
    first: NDArray[Any],
    second: NDArray[Any],
    voxel_size: float | Sequence[float] | None,
    mask: NDArray[Any] | None,
    randomise_from: int | None,
    correct: bool,
    seed: int,
    confidence: float,
    threads: int | None,
) -> ShellCurve:
    names = ("half1", "half2") if n_axes == 3 else ("image1", "image2")
    maps = [_check_map(name, values, n_axes) for name, values in zip(names, (first, second), strict=True)]
    shape = maps[0].shape
    if maps[1].shape != shape:
        raise ValueError(f"{names[1]}: expected shape {shape}, as {names[0]}'s, got {maps[1].shape}")
    size = isotropic("voxel_size" if n_axes == 3 else "pixel_size", voxel_size, n_axes)
    workers = available_threads(threads)
    shells = Shells(shape)
    plain = _curve(maps, names, None, shells, workers)
    frequency = shells.frequency / (size or 1.0)
    if mask is None:
        n_independent = shells.count / 2
        told = (frequency, plain, *band(plain, n_independent, confidence), shells.count, n_independent)
        return ShellCurve(*told, shape, size, confidence)
    window = check_mask(mask, shape)
    masked = _curve(maps, names, window, shells, workers)
    n_independent = shells.count / (2 * alike(window, shells, workers=workers))
    limits = band(masked, n_independent, confidence)
    start = _start(plain, randomise_from) if correct else None
    randomised = None
    ends = (masked, *limits)
    if start is not None:
        scrambled = [_randomised(values, shells, start, seed, k, workers) for k, values in enumerate(maps)]
        randomised = _curve(scrambled, names, window, shells, workers)
        chance = np.where(np.arange(shells.n) < start + GUARD, 0.0, np.clip(randomised, 0.0, 1 - 1e-9))
        ends = (_corrected(masked, chance), _corrected(limits[0], chance), _corrected(limits[1], chance))
    behind = {"unmasked": plain, "masked": masked, "randomised": randomised, "randomised_from": start}
    return ShellCurve(frequency, *ends, shells.count, n_independent, shape, size, confidence, **behind)  # type: ignore[arg-type]


def _corrected(correlation: FloatArray, chance: FloatArray) -> FloatArray:
    return np.maximum(-1.0, (correlation - chance) / (1 - chance))


def _start(plain: FloatArray, asked: int | None) -> int | None:
    """The first shell to randomise."""
    if asked is not None:
        start = whole("randomise_from", asked, 1)
        if start >= len(plain):
            raise ValueError(f"randomise_from: expected a shell of 1 to {len(plain) - 1}, got {start}")
        return start
    below = np.flatnonzero(plain[1:] < RANDOMISE_BELOW)
    return int(below[0]) + 1 if below.size else None


def isotropic(name: str, size: float | Sequence[float] | None, n_axes: int) -> float | None:
    """One size of a voxel, of one or of each axis; anisotropic voxels are refused."""
    if size is None:
        return None
    if not isinstance(size, list | tuple | np.ndarray):
        return positive(name, size)
    sizes = [positive(name, float(value)) for value in size]
    if len(sizes) != n_axes:
        raise ValueError(f"{name}: expected one number or {n_axes}, got {len(sizes)}")
    if max(sizes) - min(sizes) > SAME * max(sizes):
        told = " x ".join(f"{value:g}" for value in sizes)
        raise ValueError(f"{name}: anisotropic, {told} angstrom; expected one size along all axes: resample first")
    return sizes[0]


def _check_map(name: str, values: Any, n_axes: int) -> NDArray[Any]:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf":
        got = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
        raise TypeError(f"{name}: expected an array of real numbers, got {got}")
    if values.ndim != n_axes or min(values.shape) < 2:
        raise ValueError(f"{name}: expected {n_axes} axes of 2 or more, got shape {values.shape}")
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise ValueError(f"{name}: not finite at {at}")
    if low == high:
        raise ValueError(f"{name}: all values are {low:g}, expected {'an image' if n_axes == 2 else 'a map'}")
    return values


def _curve(
    maps: list[NDArray[Any]], names: tuple[str, str], mask: FloatMap | None, shells: Shells, workers: int
) -> FloatArray:
    """Correlation in each shell."""
    (first, mean1), (second, mean2) = (
        _spectrum(values, name, mask, workers) for values, name in zip(maps, names, strict=True)
    )
    cross, power1, power2 = shells.sums(first, second)
    cross[0], power1[0], power2[0] = mean1 * mean2, mean1**2, mean2**2
    power = np.sqrt(power1) * np.sqrt(power2)
    correlation: FloatArray = np.divide(cross, power, out=np.zeros_like(cross), where=power > 0)
    return np.clip(correlation, -1, 1)


def _spectrum(values: NDArray[Any], name: str, mask: FloatMap | None, workers: int) -> tuple[Spectrum, float]:
    """The transform, in float32, of a map less its mean, and its term at frequency 0: that would drown the others."""
    from scipy.fft import rfftn

    scaled = _scaled(values)
    if mask is not None:
        scaled *= mask
    total = float(scaled.sum(dtype=np.float64))
    scaled -= scaled.dtype.type(total / scaled.size)
    if not scaled.any():
        raise ValueError(f"{name}: nothing is left under the mask, all values are equal there")
    narrow: FloatMap = scaled.astype(np.float32, copy=False)
    return rfftn(narrow, workers=workers, overwrite_x=True), total


def _scaled(values: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """A copy, at most 1 in size: squares of its transform neither overflow nor vanish.

    It is float32 only where the map is: of a map whose mean is large, float32 would lose what the mean hides.
    """
    wide = values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
    largest = max(abs(float(values.min())), abs(float(values.max())))
    return np.asarray(wide / largest)


def _randomised(
    values: NDArray[Any], shells: Shells, start: int, seed: int, k: int, workers: int
) -> NDArray[np.floating[Any]]:
    """A map whose phases are random from a shell on: turned by those of white noise, so that it stays real."""
    from scipy.fft import irfftn, rfftn

    scaled = _scaled(values)
    mean = float(scaled.mean(dtype=np.float64))
    scaled -= scaled.dtype.type(mean)
    narrow: FloatMap = scaled.astype(np.float32, copy=False)
    spectrum: Spectrum = rfftn(narrow, workers=workers, overwrite_x=True)
    rng = np.random.default_rng([seed, k])
    noise = rfftn(rng.standard_normal(values.shape, dtype=np.float32), workers=workers, overwrite_x=True)
    planes = (shells.shape[0], shells.shape[1], len(shells.weight))
    for numbers, plane, other in zip(shells.numbers(), spectrum.reshape(planes), noise.reshape(planes), strict=True):
        beyond = (numbers >= start).reshape(plane.shape)
        phases = other[beyond]
        plane[beyond] *= phases / np.maximum(np.abs(phases), np.float32(1e-30))
    return np.asarray(irfftn(spectrum, values.shape, workers=workers, overwrite_x=True) + scaled.dtype.type(mean))
