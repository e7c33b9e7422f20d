"""What is on a micrograph beside particles: ice, carbon, contamination, noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.simulate.cryoem.layout import Hole, Layout
from motes.simulate.cryoem.settings import Settings

Image = NDArray[np.float32]
DEPTH = 0.15  # optical depth of the mean ice: how much a gradient is seen
FADING = 0.5  # of the particles' contrast, likewise: electrons that thick ice scatters again carry none
CARBON, GRAIN = 0.15, 0.08  # phase of the carbon film, and the deviation of its grains from pixel to pixel
CARBON_LOSS = 0.1  # of intensity
DIRT = (0.15, 0.5)  # phase of contamination


def thickness(settings: Settings, rng: np.random.Generator) -> tuple[float, NDArray[np.float64]]:
    """Thickness of the ice at the middle of a micrograph, over the mean of all, and its gradient, 1 / pixel (x, y)."""
    middle = float(np.exp(settings.ice_spread * rng.standard_normal()))
    turn = 2 * np.pi * rng.random()
    towards = np.array([np.cos(turn), np.sin(turn)])
    across = float(np.abs(towards) @ np.array(settings.shape[::-1]))
    return middle, towards * (middle * settings.ice_gradient / across)


def transmission(settings: Settings, middle: float, gradient: NDArray[np.float64]) -> tuple[Image, Image]:
    """Share of the intensity that the ice lets through, over that of the mean ice, along rows (H, 1) and columns."""
    height, width = settings.shape
    y = (np.arange(height) - (height - 1) / 2)[:, None] * gradient[1]
    x = (np.arange(width) - (width - 1) / 2) * gradient[0]
    rows = np.exp(-DEPTH * (middle - 1 + y))
    return rows.astype(np.float32), np.exp(-DEPTH * x).astype(np.float32)


def film(shape: tuple[int, int], hole: Hole, margin: int = 0) -> Image:
    """The carbon, 1 beyond the hole and 0 in it, on a canvas with a margin."""
    height, width = shape
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(margin + hole.centre[1])
    x = np.arange(width, dtype=np.float32) - np.float32(margin + hole.centre[0])
    beyond = (np.sqrt(x * x + y * y) - np.float32(hole.radius)) / np.float32(hole.edge)
    return np.asarray(np.clip(beyond + np.float32(0.5), 0, 1))


def add_carbon(canvas: Image, hole: Hole, margin: int, rng: np.random.Generator) -> None:
    """Add the phase of the grainy film."""
    grains = rng.standard_normal(canvas.shape, np.float32)
    canvas += film((canvas.shape[0], canvas.shape[1]), hole, margin) * (CARBON + GRAIN * grains)


def add_dirt(canvas: Image, layout: Layout, margin: int, rng: np.random.Generator) -> None:
    """Add the phase of contamination: lumps that have run together."""
    for centre, radius in zip(layout.dirt, layout.dirt_radius, strict=True):
        lumps = int(rng.integers(2, 6))
        places = centre + margin + 0.45 * radius * rng.standard_normal((lumps, 2))
        widths, height = radius * rng.uniform(0.2, 0.45, lumps), rng.uniform(*DIRT)
        reach = radius * 1.8 + 2
        first = np.maximum(np.floor(centre + margin - reach).astype(int), 0)
        last = np.minimum(np.ceil(centre + margin + reach).astype(int) + 1, canvas.shape[::-1])
        y, x = np.arange(first[1], last[1])[:, None], np.arange(first[0], last[0])
        field = np.zeros((y.size, x.size))
        for place, lump in zip(places, widths, strict=True):
            field += np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * lump**2))
        profile = 0.5 * (1 + np.tanh((field - 0.4) / 0.15)) * np.sqrt(np.minimum(field, 4))
        canvas[first[1] : last[1], first[0] : last[0]] += (height * profile).astype(np.float32)


def coloured_noise(shape: tuple[int, int], variance: float, exponent: float, longest: float, rng: Any) -> Image:
    """Gaussian noise whose power falls as a power of the frequency, level below one period in `longest` pixels."""
    import scipy.fft

    height, width = shape
    kx, ky = scipy.fft.rfftfreq(width).astype(np.float32), scipy.fft.fftfreq(height).astype(np.float32)
    power = (kx * kx + (ky * ky)[:, None] + np.float32(longest**-2)) ** np.float32(-exponent / 2)
    power[0, 0] = 0  # the mean is not noise
    twice = np.full(kx.size, 2.0)
    twice[0] = 1
    if width % 2 == 0:
        twice[-1] = 1
    total = float(power.sum(axis=0, dtype=np.float64) @ twice)
    spectrum = rng.standard_normal((height, kx.size, 2), np.float32).view(np.complex64)[..., 0]
    spectrum *= np.sqrt(power * np.float32(variance / total * (height * width) ** 2 / 2))
    # Of the columns that are their own mirror images the inverse transform takes the symmetric half.
    spectrum[:, twice == 1] *= np.float32(np.sqrt(2))
    noise: Any = scipy.fft.irfft2(spectrum, s=shape, overwrite_x=True)
    return np.asarray(noise, np.float32)
