"""A particle made of blobs, whose volume and projections are known exactly, as a stack on the disk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import reference
from motes.io.mrc import Section, StackWriter
from motes.particles import ParticleStack
from motes.simulate.cryoem.optics import Optics, ctf
from motes.simulate.cryoem.projection import even_angles

SIDE, PIXEL_SIZE, OPTICS = 32, 3.0, Optics()


@dataclass(frozen=True)
class Particle:
    """Gaussian blobs, pixels."""

    centres: np.ndarray
    sigma: np.ndarray
    weight: np.ndarray

    def volume(self) -> np.ndarray:
        x = np.arange(SIDE) - SIDE // 2
        total = np.zeros((SIDE,) * 3)
        for centre, width, mass in zip(self.centres, self.sigma, self.weight, strict=True):
            gx, gy, gz = (np.exp(-((x - place) ** 2) / (2 * width**2)) for place in centre)
            total += mass / (2 * np.pi * width**2) ** 1.5 * np.einsum("z,y,x->zyx", gz, gy, gx)
        return total

    def image(self, angles, offset) -> np.ndarray:
        return reference.project_blobs(
            self.centres, self.sigma, self.weight, reference.euler_zyz(*angles), SIDE, offset
        )


@pytest.fixture(scope="session")
def particle():
    rng = np.random.default_rng(0)
    centres = rng.uniform(-1, 1, (20, 3))
    centres = 9 * centres[np.linalg.norm(centres, axis=1) < 1]
    n = len(centres)
    return Particle(centres, np.full(n, 1.6), rng.uniform(0.5, 1.5, n))


@pytest.fixture(scope="session")
def stack_of(particle, tmp_path_factory):
    """Write a stack of it: (n, noise, with a CTF, random angles told) -> ParticleStack."""

    def make(n=400, noise=0.0, *, optics=False, angles=None, told=None, seed=0):
        rng = np.random.default_rng(seed)
        angles = even_angles(n) if angles is None else angles
        offsets = rng.uniform(-1, 1, (n, 2))
        u = rng.choice([8000.0, 12000.0, 16000.0], n)
        defocus = np.stack([u, u - 500, np.full(n, 30.0)], axis=1)
        path = tmp_path_factory.mktemp("stack") / "particles.mrcs"
        kx, ky = np.fft.rfftfreq(SIDE, PIXEL_SIZE), np.fft.fftfreq(SIDE, PIXEL_SIZE)[:, None]
        with path.open("wb") as file:
            writer = StackWriter(file, (SIDE, SIDE), PIXEL_SIZE)
            for i in range(n):
                image = particle.image(angles[i], offsets[i])
                if optics:
                    transfer = ctf(kx, ky, *defocus[i], OPTICS)
                    image = np.fft.irfft2(np.fft.rfft2(image) * transfer, s=image.shape)
                image += noise * rng.standard_normal(image.shape)
                writer.append(Section.of(image.astype(np.float32)))
            writer.close()
        return ParticleStack(
            (path,),
            np.zeros(n, np.int64),
            np.arange(n),
            SIDE,
            PIXEL_SIZE,
            offsets + SIDE // 2,
            angles if told is None else told,
            defocus if optics else None,
            OPTICS if optics else None,
        )

    return make
