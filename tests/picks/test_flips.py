"""The report of the likely flip finds what was done to the picks, and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

import motes
from motes.picks import FLIPS, Flip, likely_flip

SHAPE = (260, 320)


def scene(rng, sign, shape=SHAPE, n=40, radius=6):
    """Noise with discs, and where they are."""
    height, width = shape
    x, y = rng.uniform(10, width - 10, n), rng.uniform(10, height - 10, n)
    rows, columns = np.mgrid[:height, :width]
    image = rng.normal(size=shape)
    for cx, cy in zip(x, y, strict=True):
        image[(columns - cx) ** 2 + (rows - cy) ** 2 < radius**2] += 1.0 * sign
    return motes.Picks(x, y, radius=radius), image


def inverse(flip: Flip) -> Flip:
    """The flip that undoes it: after a swap the axes have changed places."""
    return Flip(True, flip.y, flip.x) if flip.swap else flip


@pytest.mark.parametrize("flip", FLIPS, ids=str)
@pytest.mark.parametrize("sign", [1, -1], ids=["bright", "dark"])
def test_finds_each_of_the_eight(flip, sign):
    picks, image = scene(np.random.default_rng(FLIPS.index(flip)), sign, shape=(300, 300))
    moved = flip.apply(picks, (300, 300))
    report = likely_flip(moved, image)
    assert report.likeliest == inverse(flip)
    assert report.log_ratio > 5
    assert np.all(np.diff(report.log_likelihood) <= 0)
    assert set(report.flips) == set(FLIPS)
    restored = report.likeliest.apply(moved, (300, 300))
    np.testing.assert_allclose([restored.x, restored.y], [picks.x, picks.y], atol=1e-9)


def test_oblong_images_rule_out_swaps():
    picks, image = scene(np.random.default_rng(5), 1)
    report = likely_flip(picks, image)
    assert str(report.likeliest) == "as they are"
    assert not any(flip.swap for flip in report.flips[:4])


def test_noise_tells_nothing():
    """Over pure noise no flip is much likelier than another; two coefficients can be fitted to it, no more."""
    ratios = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        picks = motes.Picks(rng.uniform(10, 290, 60), rng.uniform(10, 290, 60), radius=6)
        ratios.append(likely_flip(picks, rng.normal(size=(300, 300))).log_ratio)
    assert np.median(ratios) < 2
    assert max(ratios) < 8


def test_says_so_in_words():
    picks, image = scene(np.random.default_rng(1), 1)
    flipped = Flip(y=True).apply(picks, SHAPE)
    assert str(likely_flip(flipped, image)).startswith("flip y (over a million times as likely as '")


def test_a_small_lead_is_not_told_as_a_flip():
    """The boxes of the sample's picks are larger than its particles: with their size the flip can not be told."""
    sample = motes.sample.load()
    for radius, start in ((None, "can not be told ('"), (13.5, "as they are (over a million times")):
        report = likely_flip(sample.picks["deepPicker"], sample.micrograph.data, radius=radius)
        assert str(report).startswith(start)
        assert report.clear is (radius is not None)


@pytest.mark.parametrize(
    ("picks", "image", "options", "message"),
    [
        (motes.Picks([1, 2, 3], [1, 2, 3]), np.ones((99, 99)), {}, "radius: needed"),
        (motes.Picks([1, 2], [1, 2]), np.ones((99, 99)), {"radius": 4}, "three or more"),
        (motes.Picks([1, 2, 3], [1, 2, 3]), np.ones((99, 99)), {"radius": 40}, "radius: 40 in an image"),
        (motes.Picks([1, 2, 3], [1, 2, 3]), np.full((99, 99), np.nan), {"radius": 4}, "not finite"),
        (motes.Picks([1, 2, 3], [1, 2, 3]), np.ones((9, 9, 3)), {"radius": 4}, r"expected \(H, W\)"),
    ],
)
def test_refusals(picks, image, options, message):
    with pytest.raises(ValueError, match=message):
        likely_flip(picks, image, **options)


def test_a_flat_image_tells_nothing():
    picks = motes.Picks([10, 20, 30], [40, 50, 60], radius=4)
    report = likely_flip(picks, np.ones((99, 99)))
    np.testing.assert_array_equal(report.log_likelihood, 0)


def test_a_swap_turns_boxes_and_images():
    picks = motes.Picks([1], [2], box_size=[[4, 6]], image_shape=[[10, 20]])
    turned = Flip(swap=True).apply(picks, (20, 10))
    np.testing.assert_array_equal([*turned.box_size, *turned.image_shape], [[6, 4], [20, 10]])
    upside_down = Flip(y=True).apply(picks, (10, 20))
    np.testing.assert_array_equal([*upside_down.box_size, *upside_down.image_shape], [[4, 6], [10, 20]])
