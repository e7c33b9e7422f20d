"""Micrographs, drawn one by one: what stands on them, what the microscope makes of it, noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

from motes.checks import one_of, whole
from motes.simulate.cryoem import background
from motes.simulate.cryoem.densities import BUILT_IN, Density, built_in, read_density
from motes.simulate.cryoem.layout import Layout, lay_out
from motes.simulate.cryoem.optics import ctf
from motes.simulate.cryoem.particles import Floats, Particles, uniform_angles
from motes.simulate.cryoem.projection import Projector, even_angles
from motes.simulate.cryoem.settings import Settings

Image = NDArray[np.float32]
VIEWS = 300  # over which the variance of a species is averaged
STREAMS = ("layout", "particles", "optics", "ice", "dirt", "noise")  # each micrograph's random numbers, apart
DARKEST = 0.02  # of the mean intensity: nothing that is simulated lets less through


class Engine(Protocol):
    """Where projections come from."""

    box: int

    def image(self, angles: Floats, offset: Floats = ..., box: int | None = None) -> Image:
        """One projection, its origin `offset` pixels (x, y) from pixel box // 2."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedMicrograph:
    """One micrograph and its truth.

    Attributes
    ----------
    data : (H, W) float32 array, electrons a pixel
        Particles are dark, as the camera sees them.
    name : str
    particles : Particles
        What is to be found.
    decoys, aggregates : Particles
        What is not.
    pixel_size : float, angstrom
    diameter : float, pixels
    """

    data: Image
    name: str
    particles: Particles
    decoys: Particles
    aggregates: Particles
    pixel_size: float
    diameter: float

    def __repr__(self) -> str:
        height, width = self.data.shape
        return f"<SimulatedMicrograph {self.name}: {height} x {width} pixels, {len(self.particles)} particles>"


@dataclass(frozen=True, eq=False)
class _Species:
    """A density that is ready to be projected, scaled to a variance of 1 over its support."""

    engine: Engine
    scale: float


@dataclass(frozen=True, eq=False)
class _Scene:
    """All that is random about a micrograph but dirt's shapes and noise."""

    layout: Layout
    middle: float
    gradient: Floats
    particles: Particles
    decoys: Particles
    aggregates: Particles
    optics: tuple[float, float, float]


class Micrographs(Sequence[SimulatedMicrograph]):
    """Simulated micrographs: each is drawn when it is asked for, and the same each time, alone or in order.

    Parameters
    ----------
    settings : Settings
    seed : int
        The same seed and settings give the same bytes.
    name : str
        What the names of the micrographs begin with.
    engine : "motes" or "aspire"
        Who projects: motes, or ASPIRE (extra `aspire`).

    Raises
    ------
    ValueError
        If a volume can not be used, or does not fit.
    ImportError
        If the engine is not installed.

    Examples
    --------
    >>> drawn = Micrographs(Settings(snr=0.1, shape=(256, 256), diameter=40, particles=5), seed=1)
    >>> drawn[3]
    <SimulatedMicrograph micrograph_004: 256 x 256 pixels, 5 particles>
    """

    def __init__(self, settings: Settings, seed: int = 0, *, name: str = "micrograph", engine: str = "motes") -> None:
        self.settings, self.seed = settings, whole("seed", seed, 0)
        self.name, self.engine = name, one_of("engine", engine, ("motes",))
        self._densities = {one: self._density(one) for one in dict.fromkeys(settings.species + settings.decoys)}
        own = max(self._densities[one].diameter for one in settings.species) / settings.pixel_size
        self.diameter = settings.diameter or own
        if self.diameter > min(settings.shape):
            raise ValueError(
                f"diameter: {self.diameter:g} pixels of {settings.species[0]} do not fit into {settings.shape}"
            )

    def __len__(self) -> int:
        return self.settings.n_micrographs

    @overload
    def __getitem__(self, index: int) -> SimulatedMicrograph: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SimulatedMicrograph]: ...
    def __getitem__(self, index: int | slice) -> SimulatedMicrograph | Sequence[SimulatedMicrograph]:
        """Draw one, or some."""
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        return self._draw(range(len(self))[index])

    def __iter__(self) -> Iterator[SimulatedMicrograph]:
        return (self[i] for i in range(len(self)))

    def names(self) -> list[str]:
        """Names of all, without drawing them."""
        digits = max(3, len(str(len(self))))
        return [f"{self.name}_{i + 1:0{digits}d}" for i in range(len(self))]

    def signal(self, index: int) -> Image:
        """Particles alone, before the CTF, over the mean intensity, (H, W): bright, and without decoys."""
        scene = self._scene(range(len(self))[index])
        canvas = np.zeros(self.settings.shape, np.float32)
        for image, corner in self._projections(scene.particles, self.settings.species):
            _paste(canvas, image, corner)
        return canvas

    def noise(self, index: int) -> Image:
        """Noise alone as it is where the intensity is its mean, over the mean intensity, (H, W)."""
        flat = np.ones(self.settings.shape, np.float32)
        return np.asarray(self._exposed(flat, range(len(self))[index]) / np.float32(self.settings.electrons) - 1)

    def _density(self, species: str) -> Density:
        settings = self.settings
        if species in BUILT_IN:
            return built_in(species, settings.diameter * settings.pixel_size)
        return read_density(species, settings.pixel_size)

    @cached_property
    def _species(self) -> Mapping[str, _Species]:
        """Projectors, each with the factor that makes the variance over the support 1 on average over views."""
        ready = {}
        for name, density in self._densities.items():
            engine = Projector(density, self.settings.pixel_size)
            side = max(engine.box, int(np.ceil(self.diameter)) + 2)
            inside = support(side, self.diameter)
            variance = np.mean([engine.image(view, box=side)[inside].var(dtype=np.float64) for view in _VIEWS])
            if not variance > 0:
                raise ValueError(f"species: projections of {name} are constant over a disc of {self.diameter:g} pixels")
            ready[name] = _Species(engine, float(variance**-0.5))
        return ready

    def _random(self, index: int, stream: str) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(index, STREAMS.index(stream))))

    def _scene(self, index: int) -> _Scene:
        settings = self.settings
        layout = lay_out(settings, self.diameter, self._random(index, "layout"))
        middle, gradient = background.thickness(settings, self._random(index, "ice"))
        rng = self._random(index, "optics")
        low, high = settings.defocus
        mean, half = rng.uniform(low, high), settings.astigmatism * rng.random() / 2
        optics = (1e4 * (mean + half), 1e4 * (mean - half), 180 * rng.random())
        rng = self._random(index, "particles")
        shares = np.array(settings.abundance or (1.0,) * len(settings.species))

        def table(centres: Floats, n_species: int, weights: Floats | None) -> Particles:
            n = len(centres)
            spread = settings.contrast_spread  # the mean of the squares stays
            own = 1e4 * settings.defocus_spread * rng.standard_normal(n)
            depth = middle + (centres - (np.array(settings.shape[::-1]) - 1) / 2) @ gradient
            contrast = settings.contrast * np.exp(spread * rng.standard_normal(n) - spread**2)
            return Particles(
                centres,
                rng.choice(n_species, n, p=weights) if n else np.zeros(0, np.int64),
                uniform_angles(n, rng),
                np.array(optics) + own[:, None] * (1, 1, 0),
                contrast * np.exp(-background.FADING * (depth - 1)),
            )

        return _Scene(
            layout,
            middle,
            gradient,
            table(layout.particles, len(settings.species), shares / shares.sum()),
            table(layout.decoys, len(settings.decoys), None),
            table(layout.clumped, len(settings.species), shares / shares.sum()),
            optics,
        )

    def _projections(
        self, particles: Particles, names: tuple[str, ...], box: int = 0
    ) -> Iterator[tuple[Image, NDArray[np.int64]]]:
        """Each particle's projection, and where its first pixel lies, (x, y)."""
        for i in range(len(particles)):
            species = self._species[names[particles.species[i]]]
            whole_pixel = np.rint(particles.centres[i]).astype(np.int64)
            side = max(box, species.engine.box)
            image = species.engine.image(particles.angles[i], particles.centres[i] - whole_pixel, side)
            yield image * np.float32(species.scale * particles.contrast[i]), whole_pixel - side // 2

    def _draw(self, index: int) -> SimulatedMicrograph:
        settings, scene = self.settings, self._scene(index)
        intensity = 1 - self._seen(scene, index)
        rows, columns = background.transmission(settings, scene.middle, scene.gradient)
        intensity *= rows
        intensity *= columns
        if scene.layout.hole is not None:
            intensity *= 1 - np.float32(background.CARBON_LOSS) * background.film(settings.shape, scene.layout.hole)
        np.maximum(intensity, np.float32(DARKEST), out=intensity)
        return SimulatedMicrograph(
            self._exposed(intensity, index),
            self.names()[index],
            scene.particles,
            scene.decoys,
            scene.aggregates,
            settings.pixel_size,
            self.diameter,
        )

    def _seen(self, scene: _Scene, index: int) -> Image:
        """Everything that the microscope images, after its CTF, (H, W)."""
        import scipy.fft

        settings = self.settings
        height, width = settings.shape
        margin = settings.fringes  # the transform is periodic: what leaves at one edge must not come back at the other
        canvas = np.zeros(
            (scipy.fft.next_fast_len(height + 2 * margin), scipy.fft.next_fast_len(width + 2 * margin, real=True)),
            np.float32,
        )
        shown = canvas[margin : margin + height, margin : margin + width]
        groups = (
            (scene.particles, settings.species),
            (scene.decoys, settings.decoys),
            (scene.aggregates, settings.species),
        )
        alone = settings.defocus_spread > 0  # each has its own CTF
        if not alone:
            for particles, names in groups:
                for image, corner in self._projections(particles, names):
                    _paste(canvas, image, corner + margin)
        rng = self._random(index, "dirt")
        if scene.layout.hole is not None:
            background.add_carbon(canvas, scene.layout.hole, margin, rng)
        background.add_dirt(canvas, scene.layout, margin, rng)
        _filter(canvas, scene.optics, settings)
        if alone:
            for particles, names in groups:
                box = scipy.fft.next_fast_len(self._largest_box(names) + 2 * margin, real=True)
                for i, (image, corner) in enumerate(self._projections(particles, names, box)):
                    _filter(image, particles.defocus[i], settings)
                    _paste(canvas, image, corner + margin)
        return shown

    def _largest_box(self, names: tuple[str, ...]) -> int:
        return max((self._species[name].engine.box for name in names), default=0)

    def _exposed(self, intensity: Image, index: int) -> Image:
        """Electrons a pixel for an intensity whose mean is 1; the coloured noise belongs to the specimen."""
        settings, rng = self.settings, self._random(index, "noise")
        n = np.float32(settings.electrons)
        if settings.coloured:
            variance = settings.coloured * settings.noise_variance
            noise = background.coloured_noise(settings.shape, variance, settings.exponent, 4 * self.diameter, rng)
            intensity = intensity + noise
        if settings.dose is not None:
            return rng.poisson(n * np.maximum(intensity, 0)).astype(np.float32)
        white = rng.standard_normal(settings.shape, np.float32)
        white *= np.sqrt(n)
        return np.asarray(n * intensity + white, np.float32)


_VIEWS = even_angles(VIEWS)


def support(side: int, diameter: float) -> NDArray[np.bool_]:
    """The disc over which a particle's variance is taken, about pixel side // 2 of a square image."""
    squares = (np.arange(side) - side // 2) ** 2
    return np.asarray(squares[:, None] + squares <= (diameter / 2) ** 2)


def _filter(image: Image, defocus: Sequence[float] | Floats, settings: Settings) -> None:
    """Image it: multiply its transform by the CTF, in place."""
    import scipy.fft

    spectrum = scipy.fft.rfft2(image)
    kx = scipy.fft.rfftfreq(image.shape[1], settings.pixel_size)
    ky = scipy.fft.fftfreq(image.shape[0], settings.pixel_size)[:, None]
    spectrum *= ctf(kx, ky, defocus[0], defocus[1], defocus[2], settings.optics)
    image[:] = scipy.fft.irfft2(spectrum, s=image.shape, overwrite_x=True)


def _paste(canvas: Image, image: Image, corner: NDArray[np.int64]) -> None:
    """Add an image to a canvas, its first pixel at (x, y) = `corner`; what lies outside is cut off."""
    x, y = int(corner[0]), int(corner[1])
    height, width = canvas.shape
    top, left = max(0, y), max(0, x)
    bottom, right = min(height, y + image.shape[0]), min(width, x + image.shape[1])
    if top < bottom and left < right:
        canvas[top:bottom, left:right] += image[top - y : bottom - y, left - x : right - x]
