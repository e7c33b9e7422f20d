"""What micrographs are simulated from, checked before anything is allocated."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from motes.cached import cached_property
from motes.checks import positive, whole
from motes.simulate.cryoem.densities import BUILT_IN
from motes.simulate.cryoem.optics import Optics, wavelength

MOST_PIXELS, LONGEST_SIDE = 2**28, 2**15
MOST_FRINGES = 2048  # pixels
MOST_PARTICLES = 100_000
Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A kind of micrograph.

    Attributes
    ----------
    n_micrographs : int
        How many.
    shape : (int, int), pixels
        Rows and columns.
    pixel_size : float, angstrom
    diameter : float, pixels
        Of the particles: built-in densities are scaled to it; of a user's volume it tells the support, and 0 means that
        the volume tells it itself.
    particles : int
        On each micrograph.
    species : tuple of str
        What the particles are: names of built-in densities, or paths of MRC volumes.
    abundance : tuple of float
        How frequent each species is, relatively; empty for equal.
    decoys, n_decoys : tuple of str, int
        Species that are no particles, and how many of them are on each micrograph.
    aggregates : int
        Clumps of particles on each micrograph, which are no particles.
    contamination : float
        Mean number of ice crystals and the like on each micrograph.
    carbon : float
        Share of the micrographs that show the edge of the hole.
    min_distance : float, diameters
        Smallest distance between particles (and decoys); below 1 they overlap.
    snr : float or None
        Signal-to-noise ratio: variance of the particle over its support (the disc of its diameter, averaged over
        orientations), before the CTF, over the variance of the noise, white and coloured.
    dose : float or None, electrons per square angstrom
        The other way to say it; exactly one of both is given.
    contrast : float
        Standard deviation of the particle over its support before the CTF, as a share of the mean intensity.
    contrast_spread, ice_spread : float
        Standard deviations of the logarithms of each particle's contrast, and of the ice's thickness from micrograph to
        micrograph.
    coloured : float
        Share of the noise's variance that follows a power law, 0 to below 1; the rest is white.
    exponent : float
        Of the power law: power falls as frequency to this power, above one period in four diameters.
    ice_gradient : float
        Difference in thickness from one side of the micrograph to the other, over the mean thickness, 0 to below 2.
    voltage, spherical_aberration, amplitude_contrast, b_factor : float; kV, mm, 1, square angstrom
        Of the microscope; see `Optics`.
    defocus : (float, float), micrometres
        Range from which each micrograph's underfocus is drawn.
    defocus_spread : float, micrometres
        Standard deviation of the particles' own defocus about it.
    astigmatism : float, micrometres
        Largest difference of the two defocus values.

    Raises
    ------
    TypeError, ValueError
        If a value is none that it can be; the message names it.

    Examples
    --------
    >>> round(Settings(snr=0.05, contrast=0.1, coloured=0.0, pixel_size=4.0).dose_equivalent, 6)  # 0.05 / (0.1 * 4)^2
    0.3125
    """

    n_micrographs: int = 14
    shape: tuple[int, int] = (1024, 1024)
    pixel_size: float = 4.0
    diameter: float = 60.0
    particles: int = 60
    species: tuple[str, ...] = ("ribosome",)
    abundance: tuple[float, ...] = ()
    decoys: tuple[str, ...] = ()
    n_decoys: int = 0
    aggregates: int = 0
    contamination: float = 0.0
    carbon: float = 0.0
    min_distance: float = 1.0
    snr: float | None = None
    dose: float | None = None
    contrast: float = 0.03
    contrast_spread: float = 0.0
    ice_spread: float = 0.0
    coloured: float = 0.02
    exponent: float = 2.0
    ice_gradient: float = 0.0
    voltage: float = 300.0
    spherical_aberration: float = 2.7
    amplitude_contrast: float = 0.1
    b_factor: float = 100.0
    defocus: Range = (1.0, 2.5)
    defocus_spread: float = 0.0
    astigmatism: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("n_micrographs", 1), ("particles", 0), ("n_decoys", 0), ("aggregates", 0)):
            whole(name, getattr(self, name), least)
        for name in ("pixel_size", "contrast", "voltage"):
            positive(name, getattr(self, name))
        for name, most in MOST.items():
            _within(name, getattr(self, name), most)
        self._check_shape()
        self._check_species()
        self._check_noise()
        low, high = self.defocus
        if not (math.isfinite(low) and math.isfinite(high) and -10 <= low <= high <= 10):
            raise ValueError(
                f"defocus: expected smallest, then largest, within -10 to 10 micrometres, got {low:g} and {high:g}"
            )
        _ = self.fringes  # refuses those too wide
        for name in ("particles", "n_decoys", "aggregates"):
            if getattr(self, name) > MOST_PARTICLES:
                raise ValueError(f"{name}: expected at most {MOST_PARTICLES}, got {getattr(self, name)}")

    def _check_shape(self) -> None:
        height, width = (whole("shape", side, 1) for side in self.shape)
        if height * width > MOST_PIXELS or max(height, width) > LONGEST_SIDE:
            raise ValueError(f"shape: expected at most {MOST_PIXELS} pixels, {LONGEST_SIDE} a side, got {self.shape}")
        _within("diameter", self.diameter, float(LONGEST_SIDE))
        if 0 < self.diameter < 4:
            raise ValueError(f"diameter: expected 4 pixels or more, got {self.diameter:g}")
        if self.diameter > min(height, width):
            raise ValueError(f"diameter: {self.diameter:g} pixels do not fit into a micrograph of {height} x {width}")

    def _check_species(self) -> None:
        if not self.species:
            raise ValueError("species: expected at least one")
        for name in ("species", "decoys"):
            for one in getattr(self, name):
                if one not in BUILT_IN and Path(one).suffix.lower() != ".mrc":
                    known = ", ".join(BUILT_IN)
                    raise ValueError(f"{name}: expected {known} or the path of an .mrc file, got {one!r}")
                if one in BUILT_IN and self.diameter == 0:
                    raise ValueError(f"diameter: needed to scale {one}")
        if self.n_decoys and not self.decoys:
            raise ValueError(f"n_decoys: {self.n_decoys} of them, but decoys names none")
        if self.abundance:
            if len(self.abundance) != len(self.species):
                raise ValueError(f"abundance: expected {len(self.species)}, one a species, got {len(self.abundance)}")
            for share in self.abundance:
                positive("abundance", share)

    def _check_noise(self) -> None:
        if self.snr is not None and self.dose is not None:
            raise ValueError("snr, dose: two ways to say the same, expected one of them")
        if self.snr is None and self.dose is None:
            raise ValueError("snr, dose: expected one of them")
        name = "dose" if self.snr is None else "snr"
        positive(name, getattr(self, name))
        if not 0 < self.noise_variance < math.inf or self.electrons > 1e9:
            raise ValueError(f"{name}: {getattr(self, name):g} leaves no finite noise")

    def with_changes(self, **changes: Any) -> Settings:
        """The same with other values; a dose takes the place of an SNR and the other way round.

        Examples
        --------
        >>> Settings(snr=0.05).with_changes(dose=20.0).snr is None
        True
        """
        known = {field.name for field in fields(self)}
        for name in changes:
            if name not in known:
                raise TypeError(f"{name}: no setting of this name, expected one of {', '.join(sorted(known))}")
        if changes.get("snr") is not None:
            changes.setdefault("dose", None)
        if changes.get("dose") is not None:
            changes.setdefault("snr", None)
        if "species" in changes:  # abundances are of those that were
            changes.setdefault("abundance", ())
        for name in ("shape", "species", "abundance", "decoys", "defocus"):
            if name in changes:
                changes[name] = (changes[name],) if isinstance(changes[name], str) else tuple(changes[name])
        return replace(self, **changes)

    @cached_property
    def optics(self) -> Optics:
        """The microscope."""
        return Optics(self.voltage, self.spherical_aberration, self.amplitude_contrast, self.b_factor)

    @property
    def noise_variance(self) -> float:
        """Of white and coloured noise together, as a share of the squared mean intensity."""
        if self.snr is not None:
            return self.contrast * self.contrast / self.snr
        assert self.dose is not None
        return 1 / (self.dose * self.pixel_size**2 * (1 - self.coloured))

    @property
    def electrons(self) -> float:
        """Mean electrons a pixel, whose shot noise is the white part of the noise."""
        return 1 / ((1 - self.coloured) * self.noise_variance)

    @property
    def dose_equivalent(self) -> float:
        """Electrons per square angstrom: the dose as given, or the one whose shot noise makes the SNR."""
        return self.electrons / self.pixel_size**2

    @property
    def snr_equivalent(self) -> float:
        """The SNR as given, or what the dose makes of it: ``(1 - coloured) dose pixel_size^2 contrast^2``."""
        return self.contrast**2 / self.noise_variance

    @property
    def fringes(self) -> int:
        """How far, in pixels, the CTF spreads what is at one place: its phase's steepest slope, and 8 more."""
        highest = 0.5 / self.pixel_size
        length = wavelength(self.voltage)
        spread = 1e4 * (max(map(abs, self.defocus)) + self.astigmatism + 3 * self.defocus_spread)
        slope = length * spread * highest + 1e7 * self.spherical_aberration * length**3 * highest**3
        if slope / self.pixel_size > MOST_FRINGES:
            raise ValueError(
                f"pixel_size: at {self.pixel_size:g} angstrom the CTF spreads what is at one place over "
                f"{slope / self.pixel_size:.0f} pixels, expected at most {MOST_FRINGES}: larger pixels or less defocus"
            )
        return math.ceil(slope / self.pixel_size) + 8


MOST = {  # of what may be 0, and how large it may be
    "contamination": 1e4,
    "carbon": 1.0,
    "min_distance": 100.0,
    "contrast_spread": 3.0,
    "ice_spread": 1.0,
    "coloured": 0.999,
    "exponent": 10.0,
    "ice_gradient": 1.9,
    "spherical_aberration": 100.0,
    "amplitude_contrast": 0.999,
    "b_factor": 1e5,
    "defocus_spread": 10.0,
    "astigmatism": 10.0,
}


def _within(name: str, value: object, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    if not 0 <= value <= most:
        raise ValueError(f"{name}: expected 0 to {most:g}, got {value}")
