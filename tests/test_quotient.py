"""Turns by any angle taken out: the nearest turn, and mixtures against the truth after turns and names of classes."""

from __future__ import annotations

import numpy as np
import pytest

from motes import C1, C4, D4, Patterns, Rotations, reconstruct, simulate
from motes.known_mixture import KnownMixture
from motes.mixture_truth import compare_mixture
from motes.quotient import nearest_turn, tangent, turned

PICTURE = simulate.creature(17, seed=1)


@pytest.mark.parametrize("degrees", [0.0, 0.4, 33.3, 180.0, 271.7, 359.9])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turn_is_found_again(degrees, mirrored):
    found = nearest_turn(
        PICTURE, turned(PICTURE, degrees, mirrored=mirrored), Rotations.in_plane(12, mirrored=mirrored)
    )
    assert abs((found.degrees - degrees + 180) % 360 - 180) < 2e-3
    assert found.mirrored == mirrored
    assert found.distance < 1e-3 * np.linalg.norm(PICTURE)


def test_turns_by_quarters_are_those_of_the_group():
    inside = Rotations.in_plane(4).support(PICTURE.shape)
    for r in range(4):
        np.testing.assert_allclose(turned(PICTURE, 90.0 * r)[inside], np.rot90(PICTURE, -r)[inside], atol=1e-12)
        flipped = turned(PICTURE, 90.0 * r, mirrored=True)
        np.testing.assert_allclose(flipped[inside], np.rot90(PICTURE[:, ::-1], -r)[inside], atol=1e-12)


def test_groups_turn_by_their_own_elements():
    for r, template in enumerate(D4.expand(PICTURE)):
        found = nearest_turn(PICTURE, template, D4)
        assert found.distance == 0
        assert (found.degrees, found.mirrored) == (90.0 * (r % 4), r >= 4)
    np.testing.assert_array_equal(nearest_turn(PICTURE, np.rot90(PICTURE), C1).master, PICTURE)


def test_pixels_that_nobody_saw_do_not_count():
    other = turned(PICTURE, 20.0)
    other[:6] = np.nan
    found = nearest_turn(PICTURE, other, Rotations.in_plane(36))
    assert found.degrees == pytest.approx(20.0, abs=5e-3)
    with pytest.raises(ValueError, match=r"master: expected shape \(17, 17\) as the other has, got \(5, 5\)"):
        nearest_turn(np.eye(5), other, C4)


def test_the_tangent_is_the_derivative_of_a_turn():
    rows, columns = np.mgrid[-20:21, -20:21] / 8.0
    smooth = np.exp(-((rows - 0.7) ** 2) - 2 * (columns + 0.4) ** 2)
    slope_down, slope_right = np.gradient(smooth)
    expected = 8.0 * (rows * slope_right - columns * slope_down)  # a point goes right where it is up, and down at right
    inside = rows**2 + columns**2 < 2.3**2  # next to the rim there is no pixel on the other side
    np.testing.assert_allclose(tangent(smooth)[inside], expected[inside], atol=0.03)


@pytest.fixture(scope="module")
def story():
    """Two classes of in-plane turns, one still background."""
    turns = Rotations.in_plane(12)
    inside = turns.support((13, 13))
    pictures = [np.where(inside, simulate.creature(13, seed=k), 0.0) for k in (1, 2)]
    masters = np.stack([150.0 * picture / picture.sum() for picture in pictures] + [np.where(inside, 0.3, 0.0)])
    stacks = [turns.expand(masters[0]), turns.expand(masters[1]), masters[2][None]]
    drawn = simulate.mixture(stacks, 1500, class_weights=[2, 3, 1], seed=4)
    angles = np.where(drawn.classes < 2, turns.angles[drawn.rotations], np.nan)
    known = KnownMixture(masters, drawn.classes, drawn.rotations, angles, drawn.fluence, drawn.background)
    patterns = Patterns.from_coo(drawn.rows, drawn.cols, counts=drawn.counts, shape=(13, 13), n_patterns=1500)
    start = np.stack([turned(masters[1], 90.0), turned(masters[0], 180.0), masters[2]])
    result = reconstruct(patterns, turns, "poisson", classes=2, still_classes=1, init=start, tolerance=1e-6)
    return known, result


def test_a_mixture_is_compared_after_turns_and_names(story):
    known, result = story
    found = compare_mixture(result, known)
    assert found.classes.tolist() == [1, 0, 2]
    assert abs(found.degrees[:2] - [90, 180]).max() < 1.5
    assert not found.mirrored.any()
    assert (found.errors[:2] < 1.6 * result.error_bound).all()
    assert np.isnan(found.errors[2])  # flat
    assert found.error == pytest.approx(result.error_bound, rel=0.3)
    assert found.class_accuracy > 0.72  # 0.81 with the masters known
    assert found.angle_error is not None
    assert found.angle_error < 10
    assert found.median_angle_error < 0.75 * found.angle_error  # of normal ones 0.67; few are far off


def test_angles_of_mirrored_maps_follow_the_mirror():
    turns = Rotations.in_plane(8, mirrored=True)
    inside = turns.support((13, 13))
    truth = np.where(inside, simulate.creature(13, seed=3), 0.0)
    truth *= 400 / truth.sum()
    drawn = simulate.mixture([turns.expand(truth)], 400, seed=5)
    known = KnownMixture(
        truth[None], drawn.classes, drawn.rotations, turns.angles[drawn.rotations], drawn.fluence, drawn.background
    )
    patterns = Patterns.from_coo(drawn.rows, drawn.cols, counts=drawn.counts, shape=(13, 13), n_patterns=400)
    for degrees, mirrored in ((90.0, False), (90.0, True)):
        start = turned(truth, degrees, mirrored=mirrored)
        result = reconstruct(patterns, turns, "poisson", init=start, tolerance=1e-6)
        found = compare_mixture(result, known)
        assert found.mirrored[0] == mirrored
        assert found.degrees[0] == pytest.approx(degrees, abs=1)
        assert found.angle_error is not None
        assert found.angle_error < 8  # of 45 degrees a step: nearly all are right


def test_a_truth_of_something_else_is_refused(story):
    known, result = story
    with pytest.raises(ValueError, match="truth: 3 classes, but there are 1500 patterns"):
        compare_mixture(result, known.select(np.arange(1500) < 3))
    other = KnownMixture(
        np.zeros((1, 5, 5)), known.classes, known.rotations, known.angles, known.fluence, np.zeros((5, 5))
    )
    with pytest.raises(ValueError, match=r"truth: masters of shape \(5, 5\), but the patterns have shape \(13, 13\)"):
        compare_mixture(result, other)


def test_a_class_too_many_stands_for_none(story):
    known, result = story
    fewer = KnownMixture(
        known.masters[:2], np.minimum(known.classes, 1), known.rotations, known.angles, known.fluence, known.background
    )
    found = compare_mixture(result, fewer)
    assert found.classes.tolist() == [1, 0, -1]
    assert np.isnan(found.masters[2]).all()
    assert np.isfinite(found.error)
