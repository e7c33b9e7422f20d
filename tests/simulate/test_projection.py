"""Projections against exact ones of Gaussian blobs, and against sums through a turned volume."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from motes.simulate.cryoem.densities import BUILT_IN, Density, blobs_of, built_in
from motes.simulate.cryoem.projection import Projector, even_angles, rotation

ANGLES = [(0, 0, 0), (0, 0, 90), (30, 0, 0), (0, 90, 0), (20, 70, -130), (250, 140, 33)]


@pytest.mark.parametrize("angles", ANGLES)
def test_rotation_is_zyz(angles):
    np.testing.assert_allclose(rotation(angles), reference.euler_zyz(*angles), atol=1e-12)


def test_rotations_of_many():
    many = rotation(np.array(ANGLES))
    assert many.shape == (6, 3, 3)
    np.testing.assert_allclose(many @ many.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (6, 3, 3)), atol=1e-12)


@pytest.mark.parametrize("box", [56, 57])
@pytest.mark.parametrize("side", [60, 61])
def test_a_projection_is_exact(side, box):
    """Sides even and odd, a pixel that is not the voxel, an origin between pixels."""
    rng, voxel, pixel, offset = np.random.default_rng(side), 3.0, 4.0, np.array([0.3, -1.7])
    centres = rng.standard_normal((40, 3))
    centres *= 55 * rng.random((40, 1)) / np.linalg.norm(centres, axis=1, keepdims=True)
    # Blobs narrower than this have frequencies beyond the image's.
    sigma, mass = rng.uniform(7, 11, 40), rng.uniform(0.5, 1, 40)
    axis = (np.arange(side) - side // 2) * voxel
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    volume = sum(
        m / (np.sqrt(2 * np.pi) * s) ** 3 * np.exp(-((x - c[0]) ** 2 + (y - c[1]) ** 2 + (z - c[2]) ** 2) / (2 * s**2))
        for c, s, m in zip(centres, sigma, mass, strict=True)
    )
    projector = Projector(Density(volume.astype(np.float32), voxel, 150.0), pixel)
    for angles in ANGLES:
        matrix = reference.euler_zyz(*angles)
        expected = reference.project_blobs(centres / pixel, sigma / pixel, mass, matrix, box, offset) / pixel**2
        found = projector.image(angles, offset, box)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-3 * expected.max())


@pytest.mark.parametrize("name", BUILT_IN)
def test_projections_of_the_built_in_ones(name):
    """Their finest blobs have some power beyond the image's highest frequency, which is cut off."""
    blobs, projector = blobs_of(name), Projector(built_in(name, 180.0), 3.0)
    for angles in ANGLES:
        matrix = reference.euler_zyz(*angles)
        expected = reference.project_blobs(blobs.centres * 60, blobs.sigma * 60, blobs.weight, matrix, 71, (0, 0)) / 9
        np.testing.assert_allclose(projector.image(angles, box=71), expected, atol=1e-2 * expected.max())


@pytest.mark.parametrize(("side", "box"), [(16, 16), (17, 17), (16, 19)])
def test_a_projection_is_a_sum_through_the_turned_volume(side, box):
    z, y, x = np.mgrid[:side, :side, :side] - side // 2
    volume = np.exp(-((x - 1.5) ** 2 / 10 + (y + 1) ** 2 / 20 + (z - 0.5) ** 2 / 14))
    volume += 0.5 * np.exp(-((x + 2) ** 2 + (y - 2) ** 2 + z**2) / 9)
    projector = Projector(Density(volume.astype(np.float32), 1.0, float(side)), 1.0)
    for angles in [(0, 0, 0), (35, 60, 110)]:
        expected = reference.project_volume(volume, reference.euler_zyz(*angles), box)
        found = projector.image(angles, box=box)
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999
        np.testing.assert_allclose(found, expected, atol=0.04 * expected.max())  # trilinear values are smoothed ones


def test_the_mirror_image_comes_from_behind():
    projector = Projector(built_in("ribosome", 120.0), 4.0)
    front = projector.image([40, 65, 20], box=37)
    behind = projector.image([40, 65 + 180, 20], box=37)
    # x is reversed: looked at from behind, about the image's y axis
    turn = rotation([40, 65, 20]) @ rotation([40, 245, 20]).T
    assert np.abs(turn[2, 2] + 1) < 1e-12
    expected = reference.project_blobs(
        blobs_of("ribosome").centres * 30, blobs_of("ribosome").sigma * 30, blobs_of("ribosome").weight,
        rotation([40, 245, 20]), 37, (0, 0),
    ) / 16  # fmt: skip
    assert np.corrcoef(behind.ravel(), expected.ravel())[0, 1] > 0.995
    assert front.sum() == pytest.approx(behind.sum(), rel=1e-4)


@pytest.mark.parametrize(("name", "turns"), [("tetramer", [(180, 0, 0), (0, 180, 0)]), ("ring", [(360 / 7, 0, 0)])])
def test_symmetry_of_the_built_in_ones(name, turns):
    projector = Projector(built_in(name, 200.0), 4.0)
    view = np.array([25.0, 50.0, 10.0])
    one = projector.image(view)
    for angles in turns:
        turned = rotation(view) @ rotation(angles)
        found = projector.image(_angles_of(turned))
        np.testing.assert_allclose(found, one, atol=5e-3 * one.max())


def test_the_ribosome_has_no_symmetry():
    projector = Projector(built_in("ribosome", 200.0), 4.0)
    one = projector.image([0, 0, 0])
    for angles in even_angles(40)[1:]:
        assert np.corrcoef(one.ravel(), projector.image(angles).ravel())[0, 1] < 0.99


def _angles_of(matrix: np.ndarray) -> tuple[float, float, float]:
    return (
        np.rad2deg(np.arctan2(matrix[2, 1], matrix[2, 0])),
        np.rad2deg(np.arccos(matrix[2, 2])),
        np.rad2deg(np.arctan2(matrix[1, 2], -matrix[0, 2])),
    )


def test_even_angles_cover_all_views_alike():
    views = rotation(even_angles(1000))[:, 2]
    np.testing.assert_allclose(views.mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(views.T @ views / 1000, np.eye(3) / 3, atol=0.01)


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_densities_fill_their_sphere(name):
    density = built_in(name, 100.0)
    side = len(density.data)
    axis = (np.arange(side) - side // 2) * density.voxel_size
    distance = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    inside = density.data[distance <= 50].sum() / density.data.sum()
    assert 0.99 < inside <= 1.001
    assert density.data[distance > 46].sum() > 1e-4 * density.data.sum()
    assert density.data.sum() * density.voxel_size**3 == pytest.approx(1, abs=2e-3)
    centre = [(density.data * grid).sum() / density.data.sum() for grid in np.ix_(axis, axis, axis)]
    np.testing.assert_allclose(centre, 0, atol=0.5)
