"""The microscope against the formulas of its oracle, frequency by frequency."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from motes.simulate.cryoem.optics import Optics, ctf, wavelength


@pytest.mark.parametrize("voltage", [80, 120, 200, 300, 1000])
def test_wavelength_is_relativistic(voltage):
    assert wavelength(voltage) == pytest.approx(reference.electron_wavelength(voltage), rel=1e-6)


@pytest.mark.parametrize(
    ("u", "v", "angle", "voltage", "cs", "amplitude", "b_factor"),
    [
        (15000, 15000, 0, 300, 2.7, 0.1, 0),
        (18000, 12000, 30, 300, 2.7, 0.07, 80),
        (9000, 8500, 140, 200, 0.01, 0.0, 0),
        (-5000, -6000, 75, 120, 2.0, 0.5, 300),
    ],
)
def test_ctf_is_its_formula(u, v, angle, voltage, cs, amplitude, b_factor):
    rng = np.random.default_rng(3)
    kx, ky = rng.uniform(-0.25, 0.25, (2, 300))
    optics = Optics(voltage, cs, amplitude, b_factor)
    expected = [reference.ctf(x, y, u, v, angle, voltage, cs, amplitude, b_factor) for x, y in zip(kx, ky, strict=True)]
    # float32 phases of up to some 100 radians
    np.testing.assert_allclose(ctf(kx, ky, u, v, angle, optics), expected, atol=1e-4)


def test_the_largest_defocus_lies_along_its_angle():
    """First zeros come at lower frequencies along the direction of the larger defocus."""
    optics, k = Optics(amplitude_contrast=0.0), np.linspace(0.005, 0.1, 4000)
    turn = np.deg2rad(30)

    def first_zero(direction):
        return k[np.argmax(ctf(k * np.cos(direction), k * np.sin(direction), 20000, 10000, 30, optics) < 0)]

    assert first_zero(turn) == pytest.approx(first_zero(turn + np.pi / 2) / np.sqrt(2), rel=0.01)
