"""Simulated patterns obey the model they claim: every statistic against its exact expectation, at fixed seeds."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import stats

from motes import simulate

FALSE_ALARM = 1e-6
GROUP_SIZE = {"C4": 4, "D4": 8}


def dense(truth: simulate.PhotonTruth) -> np.ndarray:
    stack = np.zeros((truth.n_patterns, truth.master.size))
    counts = 1 if truth.counts is None else truth.counts
    np.add.at(stack, (truth.rows.astype(np.int64), truth.cols.astype(np.int64)), counts)
    return stack.reshape(truth.n_patterns, *truth.master.shape)


def turned_home(truth: simulate.PhotonTruth) -> np.ndarray:
    """Each pattern, its turn and mirror undone."""
    home = [np.rot90(image, label % 4) for image, label in zip(dense(truth), truth.labels, strict=True)]
    return np.stack([image[:, ::-1] if label >= 4 else image for image, label in zip(home, truth.labels, strict=True)])


def assert_plausible(statistic: float, distribution) -> None:
    low, high = distribution.ppf(FALSE_ALARM / 2), distribution.isf(FALSE_ALARM / 2)
    assert low < statistic < high


@pytest.fixture(scope="module")
def awkward() -> np.ndarray:
    """Every kind of mean: never, almost never, rare, even, almost always, always; without symmetry."""
    return np.array([[0.0, 0.02, 0.04, 0.06], [0.5, 0.3, 0.2, 0.1], [1.0, 0.999, 0.97, 0.9], [1e-4, 0.75, 0.4, 0.01]])


@pytest.mark.parametrize("rotations", ["C4", "D4"])
def test_labels_are_clockwise_turns_then_mirrored_ones(rotations):
    master = np.arange(9.0).reshape(3, 3)
    truth = simulate.patterns(master, 40, rotations=rotations, noise="none", seed=3)
    for image, label in zip(dense(truth), truth.labels, strict=True):
        expected = np.rot90(master, -label) if label < 4 else np.rot90(master[:, ::-1], -(label - 4))
        np.testing.assert_array_equal(image, expected)
    assert set(truth.labels) == set(range(GROUP_SIZE[rotations]))


@pytest.mark.parametrize("rotations", ["C4", "D4"])
@pytest.mark.parametrize("at_once", [simulate.photons.PHOTONS_AT_ONCE, 100])
def test_bernoulli_pixels_fire_with_their_own_probability(awkward, rotations, at_once, monkeypatch):
    monkeypatch.setattr(simulate.photons, "PHOTONS_AT_ONCE", at_once)
    n = 4000
    fired = turned_home(simulate.patterns(awkward, n, rotations=rotations, seed=11)).sum(axis=0)
    np.testing.assert_array_equal(fired[awkward == 0], 0)
    np.testing.assert_array_equal(fired[awkward == 1], n)
    for count, mean in zip(fired.ravel(), awkward.ravel(), strict=True):
        assert stats.binomtest(int(count), n, mean).pvalue > FALSE_ALARM


def test_bernoulli_pixels_fire_at_most_once_and_in_order(awkward):
    truth = simulate.patterns(awkward, 500, seed=2)
    keys = truth.rows.astype(np.int64) * awkward.size + truth.cols
    assert truth.counts is None
    assert (np.diff(keys) > 0).all()


def test_bernoulli_pixels_are_independent(awkward):
    """Photons a pattern: variance sum mu (1 - mu); two pixels: the four joint outcomes as products of the margins."""
    n = 20000
    home = turned_home(simulate.patterns(awkward, n, seed=5)).reshape(n, -1)
    mean, variance = awkward.sum(), (awkward * (1 - awkward)).sum()
    assert_plausible(((home.sum(axis=1) - mean) ** 2).sum() / variance, stats.norm(n, np.sqrt(2.5 * n)))
    means = awkward.ravel()
    for a, b in [(4, 5), (6, 14), (3, 13), (10, 11)]:
        observed = np.histogram2d(home[:, a], home[:, b], bins=2, range=[[0, 1]] * 2)[0]
        expected = n * np.outer([1 - means[a], means[a]], [1 - means[b], means[b]])
        assert stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), 4) > FALSE_ALARM


def test_orientations_have_the_frequencies_asked_for():
    n = 20000
    weights = np.array([1, 2, 3, 4])
    for asked, expected in [(None, np.full(4, n / 4)), (weights, n * weights / 10)]:
        labels = simulate.patterns(np.zeros((2, 2)), n, weights=asked, seed=7).labels
        observed = np.bincount(labels, minlength=4)
        assert stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), 3) > FALSE_ALARM


def test_poisson_counts_follow_their_distribution():
    n = 20000
    master = np.array([[0.0, 0.05], [0.8, 3.0]])
    home = turned_home(simulate.patterns(master, n, noise="poisson", seed=13))
    for pixel, mean in np.ndenumerate(master):
        counts = home[(slice(None), *pixel)]
        assert_plausible(counts.sum(), stats.poisson(n * mean)) if mean else np.testing.assert_array_equal(counts, 0)
    expected = n * stats.poisson.pmf(np.arange(9), 3.0)
    observed = np.bincount(home[:, 1, 1].astype(int), minlength=9)[:9]
    chi2 = ((observed - expected) ** 2 / expected).sum() + (observed.sum() - expected.sum()) ** 2 / (n - expected.sum())
    assert stats.chi2.sf(chi2, 9) > FALSE_ALARM


def test_the_seed_decides(awkward):
    first, again, other = (simulate.patterns(awkward, 100, seed=seed) for seed in (1, np.random.default_rng(1), 2))
    np.testing.assert_array_equal(first.rows, again.rows)
    np.testing.assert_array_equal(first.cols, again.cols)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert not np.array_equal(first.labels, other.labels)


@pytest.mark.parametrize("n_patterns", [0, 1])
@pytest.mark.parametrize("noise", ["bernoulli", "poisson", "none"])
def test_few_patterns_and_a_black_master(n_patterns, noise):
    truth = simulate.patterns(np.zeros((3, 3)), n_patterns, noise=noise)
    assert (truth.n_patterns, truth.n_photons, truth.rows.size) == (n_patterns, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"master": np.zeros((2, 3))}, "master: expected a square image"),
        ({"master": np.zeros((0, 0))}, "master: expected a square image"),
        (
            {"master": [[0.1, 1.5], [0, 0]]},
            "master: pixel (0, 1) has the mean 1.5, but a Bernoulli pixel catches at most 1",
        ),
        ({"master": [[0.1, 0], [-0.5, 0]]}, "master: pixel (1, 0) has the mean -0.5"),
        ({"master": [[0.1, 0], [0, np.nan]]}, "master: pixel (1, 1) has the mean nan"),
        ({"master": [[np.inf]], "noise": "poisson"}, "master: pixel (0, 0) has the mean inf"),
        ({"master": [[0.5]], "noise": "none"}, "master: pixel (0, 0) has the mean 0.5, expected a whole number"),
        ({"noise": "gaussian"}, "noise: expected"),
        ({"rotations": "C3"}, "rotations: expected"),
        ({"n_patterns": -1}, "n_patterns: can not be negative"),
        ({"weights": [1, 1]}, "weights: expected 4 relative frequencies"),
        ({"weights": [1, 1, 1, -1]}, "weights: expected 4 relative frequencies"),
        ({"weights": [0, 0, 0, 0]}, "weights: expected 4 relative frequencies"),
    ],
)
def test_patterns_refuses(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        simulate.patterns(**{"master": [[0.1]], "n_patterns": 1, **arguments})


@pytest.mark.parametrize("make", [simulate.portrait, simulate.creature])
def test_masters_have_no_symmetry(make):
    """No member of D4 maps a master to anything near itself, so every label is well defined."""
    for side in (18, 25, 50):
        copies = simulate.templates(make(side), "D4")
        spread = abs(copies[0] - copies[0].mean()).mean()
        assert all(abs(copies[0] - copy).mean() > 0.4 * spread for copy in copies[1:])
        assert 0 <= copies[0].min() < copies[0].max() <= 1


def test_creatures_are_individuals():
    np.testing.assert_array_equal(simulate.creature(25, 1), simulate.creature(25, np.random.default_rng(1)))
    assert abs(simulate.creature(25, 1) - simulate.creature(25, 2)).max() > 0.01


def test_a_picture_is_its_centred_square(tmp_path):
    from PIL import Image

    stored = np.zeros((4, 8), np.uint8)
    stored[:, 2:6] = [[0, 255, 0, 0], [0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255]]
    Image.fromarray(stored).save(tmp_path / "wide.png")
    np.testing.assert_array_equal(simulate.picture(tmp_path / "wide.png", 4), stored[:, 2:6] / 255)


@pytest.mark.parametrize("rows_columns", [(4, 7), (7, 4), (3, 4)])
def test_the_square_of_an_odd_rest_is_a_square(tmp_path, rows_columns):
    from PIL import Image

    stored = np.arange(np.prod(rows_columns), dtype=np.uint8).reshape(rows_columns)
    Image.fromarray(stored).save(tmp_path / "any.png")
    edge = min(rows_columns)
    top, left = ((length - edge) // 2 for length in rows_columns)
    expected = stored[top : top + edge, left : left + edge] / 255
    np.testing.assert_array_equal(simulate.picture(tmp_path / "any.png", edge), expected)


@pytest.mark.parametrize(
    ("dtype", "name", "white"),
    [
        (np.uint16, "deep.png", 65535),
        (np.uint16, "deep.tif", 65535),
        (np.int32, "deep.tif", 60000),
        (np.float32, "deep.tif", 60000),
    ],
)
def test_deep_pictures_are_neither_cut_off_nor_negative(tmp_path, dtype, name, white):
    """A bright edge beside black: Lanczos' filter would go below 0 there."""
    from PIL import Image

    stored = np.zeros((40, 40), dtype)
    stored[:, 17:] = 60000
    stored[:, :3] = 30000
    Image.fromarray(stored).save(tmp_path / name)
    kept = simulate.picture(tmp_path / name, 40)
    np.testing.assert_allclose(kept, stored / white, rtol=1e-6)
    shrunk = simulate.picture(tmp_path / name, 9)
    assert shrunk.min() == 0
    assert shrunk.max() == pytest.approx(60000 / white)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_pictures_of_no_brightness_are_refused(tmp_path, bad):
    from PIL import Image

    Image.fromarray(np.full((5, 5), bad, np.float32)).save(tmp_path / "bad.tif")
    with pytest.raises(ValueError, match=r"bad\.tif: expected finite pixels, 0 or more"):
        simulate.picture(tmp_path / "bad.tif", 5)


@pytest.mark.parametrize("make", [simulate.portrait, simulate.creature])
def test_masters_refuse_no_pixels(make):
    with pytest.raises(ValueError, match="side: a picture needs at least 1 pixel"):
        make(0)


def test_contrast_and_scale_keep_what_they_should():
    master = simulate.creature(9)
    softened = simulate.with_contrast(master, 0.3)
    assert softened.mean() == pytest.approx(master.mean())
    assert np.ptp(softened) == pytest.approx(0.3 * np.ptp(master))
    assert simulate.scaled(master, 27.38).sum() == pytest.approx(27.38)
    with pytest.raises(ValueError, match="master: can not be scaled"):
        simulate.scaled(np.zeros((2, 2)), 5)
    with pytest.raises(ValueError, match="photons: expected a finite number"):
        simulate.scaled(master, -1)


@pytest.mark.parametrize("task", simulate.TASKS)
def test_tasks_look_like_the_challenge(task):
    expected = simulate.TASKS[task]
    truth = simulate.task_patterns(task, n_patterns=200, seed=4)
    assert truth.master.shape == (expected.side, expected.side)
    assert truth.labels.shape == (200,)
    assert (truth.counts is None) == (expected.noise == "bernoulli")
    if expected.photons is not None:
        assert truth.n_photons / 200 == pytest.approx(expected.photons, rel=0.05)
    if task == 3:
        assert set(np.unique(truth.master)) == {0, 1}


def test_a_task_takes_another_picture_brightness_and_contrast():
    image = simulate.creature(8)
    truth = simulate.task_patterns(7, image=image, n_patterns=3, photons=4.0, contrast=0.5)
    np.testing.assert_allclose(truth.master, simulate.scaled(simulate.with_contrast(image, 0.5), 4.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": 5}, "task: the challenge has data for tasks 1, 2, 3, 4, 6, 7, not for 5"),
        ({"task": 3, "photons": 5.0}, "photons: task 3 is a silhouette"),
        ({"task": 7, "photons": 600.0}, "brightest pixel, which catches at most 1: ask for 238.1 or fewer"),
    ],
)
def test_tasks_refuse(arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate.task_patterns(**arguments)


@pytest.mark.parametrize("background", [np.ones(3), np.ones((2, 3)), np.ones((1, 3, 3))])
def test_a_background_of_another_shape_is_refused_in_words(background):
    told = re.escape(f"background: expected a number or shape (3, 3), got shape {background.shape}")
    with pytest.raises(ValueError, match=told):
        simulate.mixture([np.ones((1, 3, 3))], 5, background=background)
