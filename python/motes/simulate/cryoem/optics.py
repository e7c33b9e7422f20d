"""The microscope: electron wavelength and contrast transfer function, in RELION's conventions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Optics:
    """What all images of one microscope share.

    Attributes
    ----------
    voltage : float, kV
    spherical_aberration : float, mm
    amplitude_contrast : float
        Share of the contrast that amplitude makes, 0 to below 1.
    b_factor : float, square angstrom
        Of the envelope, exp(-B k^2 / 4).
    """

    voltage: float = 300.0
    spherical_aberration: float = 2.7
    amplitude_contrast: float = 0.1
    b_factor: float = 0.0

    @property
    def wavelength(self) -> float:
        """Of the electrons, angstrom."""
        return wavelength(self.voltage)


def wavelength(voltage: float) -> float:
    """Relativistic wavelength of electrons, angstrom, at a voltage in kV.

    Examples
    --------
    >>> round(wavelength(300), 5)
    0.01969
    """
    volts = 1e3 * voltage
    # h / sqrt(2 m e V (1 + e V / 2 m c^2)), CODATA 2018
    return float(12.2642598 / np.sqrt(volts * (1 + 0.978475598e-6 * volts)))


def ctf(
    kx: ArrayLike, ky: ArrayLike, defocus_u: float, defocus_v: float, angle: float, optics: Optics
) -> NDArray[np.float32]:
    """Contrast transfer function with its envelope: positive at low frequencies for an underfocused image.

    With gamma = pi lambda dz k^2 - pi / 2 Cs lambda^3 k^4 and A the amplitude contrast it is
    ``(sqrt(1 - A^2) sin gamma + A cos gamma) exp(-B k^2 / 4)``, where
    ``dz = (U + V) / 2 + (U - V) / 2 cos(2 (phi - angle))`` along the direction phi from x to y (Rohou and Grigorieff
    2015, doi:10.1016/j.jsb.2015.08.008; signs as RELION multiplies a white particle on black by it).

    Parameters
    ----------
    kx, ky : arrays, 1 / angstrom
        Spatial frequencies along x (columns) and y (rows), of shapes that broadcast.
    defocus_u, defocus_v : float, angstrom
        Largest and smallest underfocus.
    angle : float, degrees
        Of the direction of the largest from x towards y.
    optics : Optics

    Returns
    -------
    float32 array

    Examples
    --------
    >>> round(float(ctf(0.0, 0.0, 15000, 15000, 0, Optics(amplitude_contrast=0.1))), 6)
    0.1
    """
    x, y = np.asarray(kx, np.float32), np.asarray(ky, np.float32)
    squares = x * x + y * y
    length = optics.wavelength
    mean, half = (defocus_u + defocus_v) / 2, (defocus_u - defocus_v) / 2
    turn = np.deg2rad(2 * angle)
    # k^2 cos(2 (phi - angle)), without the angle phi of each frequency
    gamma: Any = np.float32(np.pi * length * mean) * squares
    if half:
        gamma += np.float32(np.pi * length * half * np.cos(turn)) * (x * x - y * y)
        gamma += np.float32(np.pi * length * half * np.sin(turn) * 2) * (x * y)
    aberration = 1e7 * optics.spherical_aberration
    gamma -= np.float32(np.pi / 2 * aberration * length**3) * squares * squares
    gamma += np.float32(np.arcsin(optics.amplitude_contrast))
    transfer = np.sin(gamma)
    if optics.b_factor:
        transfer *= np.exp(np.float32(-optics.b_factor / 4) * squares)
    return np.asarray(transfer, np.float32)


def imaged(
    image: NDArray[np.float32], pixel_size: float, defocus: Sequence[float] | NDArray[np.float64], optics: Optics
) -> None:
    """Multiply the transform of an image, (H, W), by the CTF of (U, V, angle), in place; it is periodic."""
    import scipy.fft

    height, width = image.shape
    spectrum: Any = scipy.fft.rfft2(image)
    kx, ky = scipy.fft.rfftfreq(width, pixel_size), scipy.fft.fftfreq(height, pixel_size)[:, None]
    spectrum *= ctf(kx, ky, defocus[0], defocus[1], defocus[2], optics)
    image[:] = scipy.fft.irfft2(spectrum, s=image.shape, overwrite_x=True)
