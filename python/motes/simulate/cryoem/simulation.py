"""Micrographs, drawn one by one: what stands on them, what the microscope makes of it, noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

from motes.cached import cached_property
from motes.checks import one_of, whole
from motes.simulate.cryoem import background
from motes.simulate.cryoem.densities import BUILT_IN, Density, built_in, read_density
from motes.simulate.cryoem.layout import Layout, lay_out
from motes.simulate.cryoem.optics import Optics, imaged
from motes.simulate.cryoem.particles import Floats, Particles, uniform_angles
from motes.simulate.cryoem.projection import Projector, even_angles
from motes.simulate.cryoem.settings import Settings

Image = NDArray[np.float32]
VIEWS = 120  # over which the variance of a species is averaged
STREAMS = ("layout", "particles", "optics", "ice", "dirt", "noise")  # each micrograph's random numbers, apart
DARKEST = 0.02  # of the mean intensity: nothing that is simulated lets less through


class Engine(Protocol):
    """Where projections come from."""

    box: int
    """Side of an image that holds a whole projection, pixels."""

    def images(
        self,
        angles: Floats,
        offsets: Floats,
        box: int,
        defocus: Floats | None = None,
        optics: Optics | None = None,
    ) -> Iterable[Image]:
        """Projections, their origins `offsets` pixels (x, y) from pixel box // 2; with a defocus through its CTF."""
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
        self.name, self.engine = name, one_of("engine", engine, ("motes", "aspire"))
        self._densities = {
            one: read_density(one, settings.pixel_size)
            for one in dict.fromkeys(settings.species + settings.decoys)
            if one not in BUILT_IN
        }
        own = [self._densities[one].diameter for one in settings.species if one in self._densities]
        self.diameter = settings.diameter or max(own) / settings.pixel_size
        if engine == "aspire":
            from motes.simulate.cryoem.aspire import import_aspire

            import_aspire()  # before anything is drawn
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
        _paste(canvas, self._projections(scene.particles, self.settings.species), 0)
        return canvas

    def noise(self, index: int) -> Image:
        """Noise alone as it is where the intensity is its mean, over the mean intensity, (H, W)."""
        flat = np.ones(self.settings.shape, np.float32)
        return np.asarray(self._exposed(flat, range(len(self))[index]) / np.float32(self.settings.electrons) - 1)

    @cached_property
    def _species(self) -> Mapping[str, _Species]:
        """Projectors of all species, made when the first micrograph is drawn."""
        ready = {}
        for name in dict.fromkeys(self.settings.species + self.settings.decoys):
            if name in BUILT_IN:
                ready[name] = _built_in(name, self.diameter, self.settings.pixel_size, self.engine)
            else:
                density = self._densities[name]
                ready[name] = _scaled(name, density, self.diameter, self.settings.pixel_size, self.engine)
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
        self, particles: Particles, names: tuple[str, ...], margin: int | None = None
    ) -> Iterator[tuple[Image, NDArray[np.int64]]]:
        """Each particle's projection, and where its first pixel lies, (x, y); with a margin through its own CTF."""
        import scipy.fft

        middles = np.rint(particles.centres).astype(np.int64)
        for number, name in enumerate(names):
            rows = np.flatnonzero(particles.species == number)
            if not rows.size:
                continue
            species, optics = self._species[name], self.settings.optics
            side, defocus = species.engine.box, None
            if margin is not None:
                side, defocus = scipy.fft.next_fast_len(side + 2 * margin, real=True), particles.defocus[rows]
            offsets = particles.centres[rows] - middles[rows]
            images = species.engine.images(particles.angles[rows], offsets, side, defocus, optics)
            for row, image in zip(rows, images, strict=True):
                yield image * np.float32(species.scale * particles.contrast[row]), middles[row] - side // 2

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
        alone = settings.defocus_spread > 0 or self.engine == "aspire"  # each through its own CTF
        images = [self._projections(*group, margin=margin if alone else None) for group in groups]
        if not alone:
            _paste(canvas, chain(*images), margin)
        rng = self._random(index, "dirt")
        if scene.layout.hole is not None:
            background.add_carbon(canvas, scene.layout.hole, margin, rng)
        background.add_dirt(canvas, scene.layout, margin, rng)
        imaged(canvas, settings.pixel_size, scene.optics, settings.optics)
        if alone:
            _paste(canvas, chain(*images), margin)
        return shown

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


@lru_cache(maxsize=8)
def _built_in(name: str, diameter: float, pixel_size: float, engine: str) -> _Species:
    # ASPIRE projects onto the volume's own grid.
    voxel_size = pixel_size if engine == "aspire" else None
    return _scaled(name, built_in(name, diameter * pixel_size, voxel_size), diameter, pixel_size, engine)


def _scaled(name: str, density: Density, diameter: float, pixel_size: float, engine: str) -> _Species:
    """A projector, and the factor that makes the variance over the support 1 on average over views."""
    projector: Engine
    if engine == "aspire":
        from motes.simulate.cryoem.aspire import AspireProjector

        projector = AspireProjector(density, pixel_size)
    else:
        projector = Projector(density, pixel_size)
    side = max(projector.box, int(np.ceil(diameter)) + 2)
    inside, views = support(side, diameter), even_angles(VIEWS)
    images = projector.images(views, np.zeros((VIEWS, 2)), side)
    variance = np.mean([image[inside].var(dtype=np.float64) for image in images])
    if not variance > 0:
        raise ValueError(f"species: projections of {name} are constant over a disc of {diameter:g} pixels")
    return _Species(projector, float(variance**-0.5))


def support(side: int, diameter: float) -> NDArray[np.bool_]:
    """The disc over which a particle's variance is taken, about pixel side // 2 of a square image."""
    squares = (np.arange(side) - side // 2) ** 2
    return np.asarray(squares[:, None] + squares <= (diameter / 2) ** 2)


def _paste(canvas: Image, images: Iterable[tuple[Image, NDArray[np.int64]]], margin: int) -> None:
    """Add images to a canvas with a margin, each with its first pixel at its (x, y); what lies outside is cut off."""
    height, width = canvas.shape
    for image, corner in images:
        x, y = int(corner[0]) + margin, int(corner[1]) + margin
        top, left = max(0, y), max(0, x)
        bottom, right = min(height, y + image.shape[0]), min(width, x + image.shape[1])
        if top < bottom and left < right:
            canvas[top:bottom, left:right] += image[top - y : bottom - y, left - x : right - x]
