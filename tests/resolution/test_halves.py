"""Maps from images of known orientation."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mrcfile", reason="stacks are MRC")

from motes.resolution import fsc, half_maps, resolution_at
from motes.resolution.backprojection import BackProjector
from motes.simulate.cryoem.particles import uniform_angles


def alike(first, second):
    return np.corrcoef(first.ravel(), second.ravel())[0, 1]


@pytest.mark.parametrize("optics", [False, True])
def test_the_map_is_the_particle(particle, stack_of, optics):
    """Without noise: its shape, its scale, its hand, its place."""
    maps = half_maps(stack_of(optics=optics))
    truth = particle.volume()
    for found in maps:
        assert alike(found, truth) > 0.998
        assert np.sum(found * truth) / np.sum(truth**2) == pytest.approx(1, abs=0.03)
        for axis in range(3):
            assert alike(np.flip(found, axis), truth) < 0.7
    assert fsc(truth, maps[0].astype(float), voxel_size=3.0).correlation[1:10].min() > 0.99


def test_batches_do_not_matter(stack_of):
    stack = stack_of(60)
    rows = np.arange(60)
    whole, parts = BackProjector(stack.side), BackProjector(stack.side)
    whole.add(stack.images(rows), stack.angles, stack.centres, None)
    for part in (rows[:7], rows[7:]):
        parts.add(stack.images(part), stack.angles[part], stack.centres[part], None)
    np.testing.assert_allclose(parts.volume(), whole.volume(), atol=1e-6)


def test_one_image_is_its_slice(stack_of):
    """An image of a view along z: nothing but the plane z = 0 of the transform is filled."""
    stack = stack_of(1, angles=np.zeros((1, 3)))
    projector = BackProjector(stack.side)
    image = stack.images(np.arange(1))
    projector.add(image, stack.angles, stack.centres, None)
    seen = projector.volume().sum(axis=0)
    x, y = stack.centres[0] - stack.side // 2
    kx, ky = np.fft.rfftfreq(stack.side), np.fft.fftfreq(stack.side)[:, None]
    centred = np.fft.irfft2(np.fft.rfft2(image[0]) * np.exp(2j * np.pi * (kx * x + ky * y)), s=image[0].shape)
    assert alike(seen, centred) > 0.98


def test_halves_are_disjoint_and_follow_the_seed(stack_of):
    stack = stack_of(80, noise=0.5)
    first, again, other = (half_maps(stack, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert alike(first[0], other[0]) < 0.999
    noise = stack_of(80, noise=5.0)
    correlation = fsc(*half_maps(noise), voxel_size=3.0).correlation
    assert np.abs(correlation[8:14]).mean() < 0.15  # no image is in both


def test_wrong_orientations_cost_resolution(stack_of):
    rng = np.random.default_rng(1)
    right = stack_of(300, noise=0.05)
    angles = right.angles.copy()
    angles[::2] = uniform_angles(150, rng)
    wrong = replace(right, angles=angles)
    values = [resolution_at(fsc(*half_maps(stack), voxel_size=3.0)).value for stack in (right, wrong)]
    assert values[1] > values[0]


def test_more_images_give_more_resolution(stack_of):
    values = [resolution_at(fsc(*half_maps(stack_of(n, noise=0.1)), voxel_size=3.0)).value for n in (60, 400)]
    assert values[1] < values[0]


@pytest.mark.parametrize("optics", [False, True])
def test_beside_aspire(particle, stack_of, optics):
    pytest.importorskip("aspire", reason='the other engine: pip install "motes[aspire]"')
    stack = stack_of(120, optics=optics)
    ours, theirs = (half_maps(stack, engine=engine)[0] for engine in ("motes", "aspire"))
    assert alike(ours, theirs) > 0.99
    assert alike(theirs, particle.volume()) > 0.99
    assert np.sum(ours * theirs) / np.sum(theirs**2) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"angles": None}, "stack: expected orientations (rlnAngleRot, rlnAngleTilt, rlnAnglePsi), got none"),
        ({"side": 31}, "stack: expected images of an even side, got 31"),
        ({"section": np.zeros(1, np.int64)}, "stack: expected two particles or more, got 1"),
    ],
)
def test_refusals(stack_of, change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        half_maps(replace(stack_of(4), **change))
    with pytest.raises(ValueError, match="engine: expected one of motes, aspire, got 'relion'"):
        half_maps(stack_of(4), engine="relion")
