"""Two maps from the two halves of a particle stack whose orientations are known."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.checks import one_of
from motes.particles.stack import ParticleStack
from motes.resolution.backprojection import BackProjector, Volume
from motes.simulate.cryoem.optics import ctf

ENGINES = ("motes", "aspire")
BATCH = 200  # images that are worked on together


def half_maps(stack: ParticleStack, *, seed: int = 0, engine: str = "motes") -> tuple[Volume, Volume]:
    """Divide a stack at random into two halves, and reconstruct a map from each.

    Orientations and origins are those of the stack, and are taken to be right: nothing is refined. So the correlation
    of the two maps measures how many images there are, how many of them show the particle, and how well they are
    centred, and nothing else.

    Parameters
    ----------
    stack : ParticleStack
        With angles; where it has defocus and optics, images are divided by their CTF in the least-squares sense.
    seed : int
        Of the division.
    engine : {"motes", "aspire"}
        Direct Fourier inversion of our own; or ASPIRE's `MeanEstimator` (least squares by conjugate gradients, extra
        `aspire`).

    Returns
    -------
    two (side, side, side) float32 arrays
        Index [z, y, x]; the sum of voxels along the beam gives an image.

    Raises
    ------
    ValueError
        If the stack has no angles, fewer than two particles, or an odd side.
    ImportError
        If the engine is not installed.
    """
    one_of("engine", engine, ENGINES)
    if stack.angles is None:
        raise ValueError("stack: expected orientations (rlnAngleRot, rlnAngleTilt, rlnAnglePsi), got none")
    if len(stack) < 2:
        raise ValueError(f"stack: expected two particles or more, got {len(stack)}")
    if stack.side % 2:
        raise ValueError(f"stack: expected images of an even side, got {stack.side}")
    order = np.random.default_rng(seed).permutation(len(stack))
    reconstruct = _by_inversion if engine == "motes" else _by_aspire
    first, second = (reconstruct(stack, np.sort(half)) for half in np.array_split(order, 2))
    return first, second


def _by_inversion(stack: ParticleStack, rows: NDArray[np.int64]) -> Volume:
    assert stack.angles is not None
    projector = BackProjector(stack.side)
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        projector.add(stack.images(part), stack.angles[part], stack.centres[part], _ctfs(stack, part))
    return projector.volume()


def _ctfs(stack: ParticleStack, rows: NDArray[np.int64]) -> NDArray[np.float32] | None:
    if stack.defocus is None or stack.optics is None:
        return None
    optics = stack.optics
    kx = np.fft.rfftfreq(stack.side, stack.pixel_size)
    ky = np.fft.fftfreq(stack.side, stack.pixel_size)[:, None]

    @lru_cache(maxsize=8)  # particles of one micrograph often share theirs
    def transfer(u: float, v: float, angle: float) -> NDArray[np.float32]:
        return ctf(kx, ky, u, v, angle, optics)

    return np.stack([transfer(*defocus) for defocus in stack.defocus[rows].tolist()])


def _by_aspire(stack: ParticleStack, rows: NDArray[np.int64]) -> Volume:
    from motes.simulate.cryoem.aspire import import_aspire

    import_aspire()
    from aspire.image import Image
    from aspire.operators import CTFFilter
    from aspire.reconstruction import MeanEstimator
    from aspire.source import ArrayImageSource

    assert stack.angles is not None
    images = Image(stack.images(rows), pixel_size=stack.pixel_size)
    source: Any = ArrayImageSource(images, angles=np.deg2rad(stack.angles[rows]).astype(np.float32))
    source.offsets = (stack.side // 2 - stack.centres[rows]).astype(np.float32)
    if stack.defocus is not None and stack.optics is not None:
        each, which = np.unique(stack.defocus[rows], axis=0, return_inverse=True)
        optics = stack.optics
        source.unique_filters = [
            CTFFilter(
                voltage=optics.voltage,
                defocus_u=u,
                defocus_v=v,
                defocus_ang=np.deg2rad(angle),
                Cs=optics.spherical_aberration,
                alpha=optics.amplitude_contrast,
                B=optics.b_factor / 400,  # its envelope is exp(-B k^2) with k in 1 / nm
            )
            for u, v, angle in each
        ]
        source.filter_indices = which.reshape(-1)
    with tempfile.TemporaryDirectory() as place:  # it writes its last iteration down, asked or not
        estimator = MeanEstimator(source, checkpoint_iterations=None, checkpoint_prefix=f"{place}/volume")
        found = estimator.estimate().asnumpy()[0]
    # Its images are sums along the beam over the side, and its CTF makes particles dark.
    return np.asarray(found, np.float32) * np.float32((1 if stack.optics is None else -1) / stack.side)
