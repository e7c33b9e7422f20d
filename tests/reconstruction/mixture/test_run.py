"""`reconstruct` of mixtures: the old answer where the old path has one, resumable, refused where it makes no sense."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from mixtures import RandomMap, drawn
from motes import (
    C4,
    DensePatterns,
    Detector,
    Gaussian,
    MixtureReconstruction,
    Patterns,
    Reconstruction,
    Rotations,
    reconstruct,
    simulate,
)
from motes.errors import CheckpointError, FormatError
from motes.reconstruction import climb

SIDE = 9
SNAIL = simulate.scaled(simulate.creature(SIDE, seed=1), 20.0)
PORTRAIT = simulate.scaled(simulate.portrait(SIDE), 20.0)
SAME = ("masters", "labels", "class_weights", "weights", "log_likelihood", "iterations", "sweeps", "notes")


@pytest.fixture(scope="module")
def patterns() -> Patterns:
    return drawn([SNAIL], Rotations.in_plane(12), 1500, seed=2)[0]


@pytest.mark.parametrize("noise", ["bernoulli", "poisson"])
@pytest.mark.parametrize("group", ["C4", "D4"])
@pytest.mark.parametrize("weights", ["uniform", "estimate"])
def test_one_class_of_exact_rotations_is_the_old_answer(noise, group, weights):
    data = simulate.patterns(PORTRAIT, 1000, rotations=group, noise=noise, seed=3)
    patterns = Patterns.from_coo(data.rows, data.cols, counts=data.counts, shape=PORTRAIT.shape, n_patterns=1000)
    options = {"init": "random", "weights": weights, "acceleration": "squarem", "dtype": np.float64, "seed": 4}
    old = reconstruct(patterns, group, noise, std_error=False, **options)
    new = reconstruct(patterns, group, noise, class_weights="uniform", **options)
    assert new.log_likelihood == pytest.approx(old.log_likelihood, abs=1e-6)
    templates = old.rotations.expand(new.master)
    errors = np.linalg.norm(templates - old.master, axis=(1, 2))
    assert errors.min() < 1e-3 * np.linalg.norm(old.master)


def test_a_small_snail_is_found_at_any_angle(patterns):
    turns = Rotations.in_plane(12)
    result = reconstruct(patterns, turns, "poisson", init="random", restarts=3, seed=1)
    assert result.converged
    assert near(result.master, SNAIL, turns) > 0.9
    assert np.isnan(result.master[~turns.support(PORTRAIT.shape)]).all()
    assert result.labels.shape == (1500, 2)
    np.testing.assert_array_equal(result.angles, 30.0 * result.labels[:, 1])


def test_any_map_with_a_transpose_plugs_in(tmp_path):
    rng = np.random.default_rng(5)
    turns = RandomMap(6, (5, 5), (2, 3, 4), rng)  # templates of a volume
    truth = rng.uniform(0.1, 3.0, turns.master_shape)
    patterns, labels = drawn([truth], turns, 4000, seed=6)
    result = reconstruct(patterns, turns, "poisson", init=truth)
    assert result.converged
    assert np.mean(result.labels[:, 1] == labels[:, 1]) > 0.4
    np.testing.assert_allclose(turns.expand(result.master), turns.expand(truth), rtol=0.2, atol=0.05)
    result.save(tmp_path / "own.npz")
    with pytest.raises(FormatError, match="random"):
        MixtureReconstruction.load(tmp_path / "own.npz")
    again = MixtureReconstruction.load(tmp_path / "own.npz", (turns,))
    np.testing.assert_array_equal(again.masters, result.masters)


def test_the_result_tells_its_story(patterns, tmp_path):
    result = reconstruct(patterns, "in-plane:8", "poisson", classes=2, still_classes=1, init="random", max_iterations=5)
    assert repr(result).startswith("MixtureReconstruction(3 classes of 9x9 pixels, in-plane:8, C1, from 1,500 patterns")
    assert not result.converged
    assert result.masters.shape == (3, 9, 9)
    assert result.class_weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(result.weights.sum(axis=1), 1)
    assert result.class_weights[0] >= result.class_weights[1]
    assert (result.weights[2, 1:] == 0).all()
    assert result.counts.sum() == 1500
    assert np.isnan(result.angles[result.labels[:, 0] == 2]).all()
    gamma = result.responsibilities(patterns)
    assert gamma.shape == (1500, 17)
    np.testing.assert_allclose(gamma.sum(axis=1), 1, rtol=1e-5)
    found = result.assign(patterns)
    np.testing.assert_array_equal(found.labels, result.labels)
    assert found.log_likelihood.mean() == pytest.approx(result.log_likelihood, abs=1e-4)
    with pytest.raises(ValueError, match="3 classes"):
        _ = result.master
    assert {"change", "information"} <= result.history[0].keys()
    result.save(tmp_path / "mixture.npz")
    with pytest.raises(FormatError, match=r"a saved mixture, which motes\.MixtureReconstruction\.load reads"):
        Reconstruction.load(tmp_path / "mixture.npz")
    again = MixtureReconstruction.load(tmp_path / "mixture.npz")
    for name in SAME:
        np.testing.assert_array_equal(getattr(again, name), getattr(result, name), err_msg=name)
    assert result.plot().axes


def test_the_number_of_threads_changes_nothing(patterns):
    one, three = (
        reconstruct(patterns, "in-plane:6", "poisson", classes=2, init="random", max_iterations=3, threads=threads)
        for threads in (1, 3)
    )
    for name in SAME:
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name), err_msg=name)


def test_a_resumed_run_has_the_bits_of_an_uninterrupted_one(patterns, tmp_path, monkeypatch):
    monkeypatch.setattr(climb, "CHECKPOINT_SECONDS", 0.0)
    asked = {
        "rotations": "in-plane:8", "noise": "poisson", "classes": 2, "init": "random", "beta": [0.2, 0.2, 0.5, 1.0],
        "coarse": [4], "max_iterations": 12, "tolerance": 1e-3,
    }  # fmt: skip
    whole = reconstruct(patterns, **asked)
    for stop in (1, 3, 4, 6, 10):
        path = tmp_path / f"{stop}.npz"
        part = reconstruct(
            patterns, **asked, checkpoint=path, callback=lambda record, at=stop: record["iteration"] == at
        )
        assert part.interrupted
        resumed = reconstruct(patterns, **asked, checkpoint=path, resume=True)
        for name in SAME:
            np.testing.assert_array_equal(getattr(resumed, name), getattr(whole, name), err_msg=name)
    with pytest.raises(CheckpointError, match="other patterns, options"):
        reconstruct(patterns, **asked | {"classes": 1}, checkpoint=path, resume=True)


def near(master: np.ndarray, truth: np.ndarray, turns) -> float:
    """Largest correlation of a master with the truth turned."""
    inside = turns.support(truth.shape)
    return max(np.corrcoef(template[inside], master[inside])[0, 1] for template in turns.expand(truth))


def test_the_spectral_start_finds_two_classes():
    turns = Rotations.in_plane(16)
    pictures = [simulate.scaled(simulate.creature(15, seed=1), 60.0), simulate.scaled(simulate.portrait(15), 60.0)]
    patterns, labels = drawn(pictures, turns, 4000, seed=7)
    result = reconstruct(patterns, turns, "poisson", classes=2, tolerance=1e-5)
    assert result.init == "spectral"
    right = np.mean(result.labels[:, 0] == labels[:, 0])
    known = replace(result, masters=np.stack(pictures), class_weights=np.full(2, 0.5)).assign(patterns).labels
    assert max(right, 1 - right) > np.mean(known[:, 0] == labels[:, 0]) - 0.02
    order = [0, 1] if right > 0.5 else [1, 0]
    assert min(near(result.masters[k], pictures[order[k]], turns) for k in (0, 1)) > 0.9


@pytest.mark.parametrize("background", [None, 0.05])
def test_fluences_are_found_with_the_master(background):
    turns, rng = Rotations.in_plane(8), np.random.default_rng(8)
    fluence = rng.lognormal(0, 0.5, 600)
    fluence /= fluence.mean()
    labels = rng.integers(0, 8, 600)
    means = 4 * fluence[:, None, None] * turns.expand(SNAIL)[labels] + (background or 0)
    patterns = Patterns.from_dense(rng.poisson(means))
    detector = None if background is None else Detector.from_mask(np.zeros((SIDE, SIDE), int), background=background)
    result = reconstruct(
        patterns, turns, "poisson", init=4 * SNAIL, fluence="estimate", detector=detector, tolerance=1e-4
    )
    inside = turns.support((SIDE, SIDE))
    photons = fluence * 4 * SNAIL[inside].sum()
    assert np.sqrt(np.mean(((result.fluence - fluence) / fluence) ** 2 * photons)) < 1.4
    assert result.fluence.mean() == pytest.approx(1)
    assert near(result.master, SNAIL, turns) > 0.98
    assert np.mean(result.assign(patterns).labels[:, 1] == result.labels[:, 1]) > 0.95
    known = reconstruct(
        patterns, turns, "poisson", init=4 * SNAIL, fluence=fluence, detector=detector, max_iterations=2
    )
    np.testing.assert_allclose(known.fluence, fluence)


def test_dense_patterns_have_gaussian_noise(tmp_path):
    turns, rng = Rotations.in_plane(4), np.random.default_rng(9)
    means = turns.expand(SNAIL - SNAIL.mean())[rng.integers(0, 4, 2000)]
    patterns = DensePatterns(means + rng.normal(0, 0.3, means.shape))
    result = reconstruct(patterns, turns)
    assert result.noise.sigma == pytest.approx(0.3, rel=0.02)
    assert near(result.master, SNAIL, turns) > 0.97
    known = reconstruct(patterns, turns, Gaussian(0.3), init=SNAIL - SNAIL.mean())
    assert known.noise.sigma == 0.3
    np.testing.assert_array_equal(known.assign(patterns).labels, known.labels)
    known.save(tmp_path / "dense.npz")
    assert MixtureReconstruction.load(tmp_path / "dense.npz").noise == Gaussian(0.3)
    for options, message in [
        ({"noise": "poisson"}, "noise: dense patterns need motes.Gaussian(), got poisson"),
        ({"fluence": "estimate"}, "fluence: patterns of unequal fluence need Poisson noise, got gaussian"),
        ({"binarise": True}, "binarise: is for patterns of photons, got dense ones"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            reconstruct(patterns, turns, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 1501}, "classes: 1501 classes, but there are only 1500 patterns"),
        ({"classes": 0}, "classes: expected at least one class"),
        ({"classes": 2.5}, "classes: expected a whole number, got 2.5"),
        ({"still_classes": -1}, "still_classes: expected 0 or more, got -1"),
        ({"beta": 0.0}, "beta: expected a positive, finite number, got 0.0"),
        ({"beta": [0.5, 1.5]}, "beta: expected powers above 0 and at most 1, got 1.5"),
        ({"beta": []}, "beta: expected a number, a sequence of them, or auto, got an empty sequence"),
        ({"beta": "hot"}, "beta: expected one of auto, got 'hot'"),
        ({"class_weights": "maybe"}, "class_weights: expected one of estimate, uniform, got 'maybe'"),
        ({"coarse": [12]}, "coarse: expected growing numbers of angles below 8, got [12]"),
        ({"coarse": [4, 4]}, "coarse: expected growing numbers of angles below 8, got [4, 4]"),
        ({"coarse": 4}, "coarse: expected a sequence of numbers of angles, got int"),
        ({"rotations": C4, "coarse": [2]}, "coarse: is for in-plane rotations, got C4"),
        ({"method": "sgd"}, "method: sgd is for exact rotations of one master; a mixture takes em"),
        ({"acceleration": "fisher"}, "acceleration: expected one of auto, squarem, none, got 'fisher'"),
        ({"detector": np.zeros((9, 9))}, "detector: expected a motes.Detector, got ndarray"),
        ({"detector": Detector.from_mask(np.zeros((8, 8), int))}, "detector: 8x8 pixels, but the patterns have 9x9"),
        ({"fluence": np.zeros(1500)}, "fluence: pattern 0 has 0, expected a positive, finite number"),
        ({"fluence": np.ones(3)}, "fluence: expected one for each of 1500 patterns, got shape (3,)"),
        ({"fluence": np.full(1500, 1e308)}, "fluence: up to 1e+308, too large to have a mean"),
        ({"rotations": C4, "classes": np.array([1, 2])}, "classes: expected a whole number, got array([1, 2])"),
        ({"rotations": C4, "classes": True}, "classes: expected a whole number, got True"),
        ({"rotations": C4, "still_classes": 0.0}, "still_classes: expected a whole number, got 0.0"),
        ({"rotations": C4, "class_weights": np.ones(2)}, "class_weights: expected one of estimate, uniform, got array"),
        ({"rotations": "in-plane:200000"}, "n: expected 1 to 100000, got 200000"),
        ({"fluence": "some"}, "fluence: expected one of uniform, estimate, got 'some'"),
        ({"noise": "bernoulli", "binarise": True, "fluence": "estimate"}, "fluence: patterns of unequal fluence need"),
        (
            {
                "noise": "bernoulli",
                "binarise": True,
                "detector": Detector.from_mask(np.zeros((9, 9), int), background=0.1),
            },
            "detector: a background needs Poisson or Gaussian noise, got bernoulli",
        ),
        ({"mask": np.ones((9, 9), bool)}, "mask: every pixel is bad"),
        ({"classes": 2, "init": "mean"}, "init: mean is the same for all classes"),
        ({"init": np.ones((2, 9, 9))}, "init: expected shape (9, 9), got (2, 9, 9)"),
        ({"classes": 2, "init": np.ones((9, 9))}, "init: expected shape (2, 9, 9), got (9, 9)"),
        ({"init": -np.ones((9, 9))}, "init: expected finite means, 0 or more"),
        (
            {"rotations": RandomMap(2, (5, 5), (5, 5), np.random.default_rng(0))},
            "rotations: random does not fit patterns of 9x9",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_work(patterns, options, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        reconstruct(patterns, **{"rotations": "in-plane:8", "noise": "poisson"} | options)


@pytest.mark.parametrize("noise", ["poisson", "bernoulli", "gaussian"])
def test_no_patterns_make_a_master_of_which_nothing_is_known(noise):
    none = np.zeros((0, 5, 5))
    empty = DensePatterns(none) if noise == "gaussian" else Patterns.from_dense(none.astype(int))
    result = reconstruct(empty, "in-plane:6", Gaussian(1.0) if noise == "gaussian" else noise)
    assert result.labels.shape == (0, 2)
    assert not np.isfinite(result.std_error).any()


def test_a_mask_that_leaves_only_corners_is_refused(patterns):
    mask = Rotations.in_plane(8).support((9, 9))
    with pytest.raises(ValueError, match="mask: no good pixel within what the templates cover"):
        reconstruct(patterns, "in-plane:8", "poisson", mask=mask)
