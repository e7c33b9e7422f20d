"""`reconstruct` as a user meets it: data that say little, options that are wrong, runs that are ended early."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

import gpus
from motes import C1, C4, D4, Bernoulli, Patterns, Poisson, reconstruct
from motes.reconstruction import options
from problems import counts_of, master_of, patterns_of

METHODS = ("em", "hard-em", "l2-em", "sgd")
PER_RESULT = ("master", "std_error", "labels", "weights", "weights_std_error", "counts", "first_pattern_posterior")


def assert_same_bits(one, other, names=(*PER_RESULT, "log_likelihood", "error_bound", "missing_information")) -> None:
    for name in names:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


# -- data that say little ---------------------------------------------------------------------------------------------

SIDE = 5
SOME = patterns_of(master_of(SIDE), 300, seed=0).to_dense()
NEVER, ALWAYS = SOME.copy(), SOME.copy()
NEVER[:, [1, 1, 3, 3], [0, 4, 0, 4]] = 0
NEVER[:, [0, 0, 4, 4], [1, 3, 1, 3]] = 0
ALWAYS[:, [1, 1, 3, 3], [0, 4, 0, 4]] = 1
ALWAYS[:, [0, 0, 4, 4], [1, 3, 1, 3]] = 1
DATA = {
    "no patterns": SOME[:0],
    "one pattern": SOME[:1],
    "two patterns": SOME[:2],
    "empty patterns": np.zeros((20, SIDE, SIDE), int),
    "one empty pattern": np.zeros((1, SIDE, SIDE), int),
    "full patterns": np.ones((20, SIDE, SIDE), int),
    "a pixel that never fires": NEVER,
    "a pixel that always fires": ALWAYS,
    "all the same": np.repeat(SOME[:1], 30, axis=0),
    "a constant master": (np.random.default_rng(0).random((500, SIDE, SIDE)) < 0.3).astype(int),
    "one pixel": (np.random.default_rng(0).random((50, 1, 1)) < 0.3).astype(int),
    "four pixels": (np.random.default_rng(0).random((50, 2, 2)) < 0.3).astype(int),
    "no photon but one": np.eye(1, SIDE * SIDE, 3, dtype=int).repeat(9, 0).reshape(9, SIDE, SIDE),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("init", ["spectral", "mean", "random"])
@pytest.mark.parametrize("weights", ["uniform", "estimate"])
@pytest.mark.parametrize("data", DATA)
def test_a_sensible_answer_without_nan(data, method, init, weights):
    assert_sensible(data, method, init, weights, "cpu")


@pytest.mark.gpu
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("data", DATA)
def test_a_sensible_answer_on_a_gpu(data, method):
    assert_sensible(data, method, "mean", "estimate", "cuda")


def assert_sensible(data, method, init, weights, device) -> None:
    images = DATA[data]
    patterns = gpus.there(Patterns.from_dense(images), device)
    for rotations, noise, extra in ((C4, Bernoulli(), {}), (D4, Poisson(), {"acceleration": "fisher"})):
        extra = extra if method == "em" else {}
        result = reconstruct(
            patterns, rotations, noise, method=method, init=init, weights=weights, max_iterations=20, **extra
        )
        assert result.seen.all()
        hard = method in options.HARD
        for name in PER_RESULT:
            values = getattr(result, name)
            if hard and name == ("std_error" if weights == "uniform" else "weights_std_error"):
                assert (np.isnan(values)).all()
            elif not (hard and name == "std_error"):
                assert np.isfinite(values).all() or (name == "std_error" and not len(images)), name
                assert not np.isnan(values).any(), name
        assert np.isfinite(result.log_likelihood)
        if not hard:
            assert 0 <= result.missing_information <= 1
            assert result.error_bound >= 0
            assert (result.std_error >= 0).all()
        assert result.weights.sum() == pytest.approx(1)
        assert result.counts.sum() == len(images)
        if len(images) and method != "sgd":
            assert result.master.sum() == pytest.approx(images.sum() / len(images), abs=0.1)


def test_a_pixel_that_never_fires_is_dark_and_one_that_always_fires_is_full():
    dark, full = (reconstruct(Patterns.from_dense(images)) for images in (NEVER, ALWAYS))
    orbit = np.zeros((SIDE, SIDE), bool)
    orbit[[1, 1, 3, 3, 0, 0, 4, 4], [0, 4, 0, 4, 1, 3, 1, 3]] = True
    assert (dark.master[orbit] < 1e-4).all()
    assert (full.master[orbit] > 1 - 1e-4).all()
    assert ((dark.std_error[orbit] > 0) & (dark.std_error[orbit] < 0.02)).all()
    assert ((full.std_error[orbit] > 0) & (full.std_error[orbit] < 0.02)).all()


@gpus.each_device
def test_masked_pixels_leave_the_centre_unseen(device):
    mask = np.zeros((SIDE, SIDE), bool)
    mask[2, 2] = mask[0, 1] = True
    garbage = SOME.copy()
    garbage[:, mask] = np.random.default_rng(1).integers(0, 2, (300, 2))
    results = []
    for images in (SOME, garbage):
        for method in METHODS:
            patterns = gpus.there(Patterns.from_dense(images), device)
            result = reconstruct(patterns, mask=mask, method=method, max_iterations=30)
            unseen = np.zeros((SIDE, SIDE), bool)
            unseen[2, 2] = True  # the only pixel that every rotation leaves in its place
            np.testing.assert_array_equal(np.isnan(result.master), unseen)
            np.testing.assert_array_equal(np.isnan(result.std_error), unseen | (method in options.HARD))
            np.testing.assert_array_equal(result.seen, ~unseen)
            np.testing.assert_array_equal(result.good, ~mask)
            assert any("ever sees 1 pixel of the master" in note for note in result.notes)
            results.append(result)
    for clean, dirty in zip(results[:4], results[4:], strict=True):
        assert_same_bits(clean, dirty)


def test_a_mask_has_its_own_denominator():
    """Masking a pixel biases nothing: every master's pixel is divided by the looks that it had."""
    patterns = patterns_of(master_of(5, photons=8.0), 20_000, seed=3)
    mask = np.zeros((5, 5), bool)
    mask[1, 3] = mask[0, 0] = True
    truth = reconstruct(patterns)
    masked = reconstruct(patterns, mask=mask)
    turned = min((C4.turn_master(masked.master, r) for r in range(4)), key=lambda m: np.abs(m - truth.master).sum())
    assert np.abs(turned - truth.master).max() < 5 * truth.std_error.max()
    assert (masked.std_error.sum()) > truth.std_error.sum()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_a_mask_of_any_numbers(dtype):
    patterns = Patterns.from_dense(SOME)
    assert_same_bits(reconstruct(patterns), reconstruct(patterns, mask=np.zeros((SIDE, SIDE), dtype)))
    bad = np.eye(SIDE, dtype=bool)
    assert_same_bits(reconstruct(patterns, mask=bad), reconstruct(patterns, mask=bad.astype(dtype)))


def test_models_by_name():
    patterns = Patterns.from_dense(SOME)
    assert_same_bits(reconstruct(patterns, D4, Poisson()), reconstruct(patterns, "d4", "poisson"))
    assert_same_bits(reconstruct(patterns), reconstruct(patterns, "C4", "Bernoulli"))


def test_counts_are_refused_or_binarised():
    patterns = Patterns.from_dense(SOME * 2)
    with pytest.raises(ValueError, match="binarise=True"):
        reconstruct(patterns)
    assert_same_bits(reconstruct(patterns, binarise=True), reconstruct(Patterns.from_dense(SOME)))


def test_one_orientation_needs_no_square():
    images = (np.random.default_rng(0).random((200, 2, 3)) < 0.4).astype(int)
    result = reconstruct(Patterns.from_dense(images), C1)
    np.testing.assert_allclose(result.master, images.mean(axis=0), atol=1e-6)
    with pytest.raises(ValueError, match="need a square image, got 2x3"):
        reconstruct(Patterns.from_dense(images))


# -- the same bits ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> Patterns:
    return patterns_of(master_of(7, photons=10.0), 9000, seed=4)


@pytest.mark.parametrize("method", ["em", "fisher", "hard-em", "l2-em", "sgd"])
def test_any_number_of_threads_gives_the_same_bits(many, method):
    choice = {"acceleration": "fisher"} if method == "fisher" else {"method": method, "init": "spectral"}
    one, two, five = (reconstruct(many, threads=threads, max_iterations=6, **choice) for threads in (1, 2, 5))
    assert_same_bits(one, two)
    assert_same_bits(one, five)


@pytest.mark.parametrize("acceleration", ["none", "squarem"])
def test_shuffled_patterns_give_the_same_bits(many, acceleration):
    """But for the convention: the first pattern's label is 0."""
    order = np.random.default_rng(0).permutation(len(many))
    start = {"init": "random", "acceleration": acceleration, "std_error": False}
    one, other = reconstruct(many, **start), reconstruct(many[order], **start)
    turn = int(one.labels[order[0]])
    np.testing.assert_array_equal(C4.turn_master(one.master, turn), other.master)
    np.testing.assert_array_equal(C4.relabel(one.labels, turn)[order], other.labels)
    assert one.log_likelihood == other.log_likelihood


def test_the_seed_and_nothing_else_is_random(many):
    assert_same_bits(reconstruct(many, init="random", seed=3), reconstruct(many, init="random", seed=3))
    one, other = (reconstruct(many, init="random", seed=seed, max_iterations=1).master for seed in (0, 1))
    assert not np.array_equal(one, other)


# -- restarts, callbacks, interruption --------------------------------------------------------------------------------


def test_restarts_agree_and_the_best_is_returned(many):
    result = reconstruct(many, init="random", restarts=3)
    assert result.agreement is not None
    assert 0.99 < result.agreement <= 1 + 1e-12
    ends = {record["restart"]: record["log_likelihood"] for record in result.history}
    assert sorted(ends) == [0, 1, 2]
    assert result.log_likelihood == max(ends.values())
    assert reconstruct(many, restarts=1).agreement is None
    assert reconstruct(many, init=result.master, restarts=3).agreement is None  # an array means one start


def test_the_callback_sees_every_iteration_in_order(many):
    records = []
    result = reconstruct(many, init="random", restarts=2, callback=records.append)
    assert tuple(records) == result.history
    for restart in (0, 1):
        own = [record for record in records if record["restart"] == restart]
        assert [record["iteration"] for record in own] == list(range(1, len(own) + 1))
        assert all(a["sweeps"] < b["sweeps"] for a, b in itertools.pairwise(own))
    assert [record["restart"] for record in records] == sorted(record["restart"] for record in records)
    assert set(records[0]) == {"restart", "iteration", "sweeps", "log_likelihood", "gain", "step", "seconds"}
    seconds = [record["seconds"] for record in records]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("how", ["returning True", "Ctrl-C"])
def test_an_interrupted_run_returns_the_best_so_far(many, how):
    def stop(record):
        if record["iteration"] == 2 and how == "Ctrl-C":
            raise KeyboardInterrupt
        return record["iteration"] == 2

    result = reconstruct(many, callback=stop, tolerance=1e-12)
    assert result.interrupted
    assert not result.converged
    assert result.iterations == 2
    assert result.log_likelihood == result.history[-1]["log_likelihood"]
    assert result.notes[0].startswith("interrupted: the last iteration won")
    assert np.isfinite(result.std_error).all()


def test_a_run_that_did_not_converge_says_so(many):
    result = reconstruct(many, max_iterations=2, tolerance=1e-12)
    assert not result.converged
    assert not result.interrupted
    assert result.notes[0].startswith("not converged after 2 iterations")
    assert reconstruct(many).converged


def test_an_error_in_the_callback_is_the_callers(many):
    with pytest.raises(ZeroDivisionError):
        reconstruct(many, callback=lambda _: 1 / 0)


# -- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"method": "magic"}, ValueError, "method: expected one of em, hard-em, l2-em, sgd, got 'magic'"),
        (
            {"acceleration": "warp"},
            ValueError,
            "acceleration: expected one of auto, squarem, fisher, sampled, none, got 'warp'",
        ),
        (
            {"acceleration": "squarem", "method": "sgd"},
            ValueError,
            "acceleration: squarem is for method em, got method sgd",
        ),
        ({"weights": "equal"}, ValueError, "weights: expected one of uniform, estimate, got 'equal'"),
        ({"init": "middle"}, ValueError, "init: expected one of spectral, mean, random, got 'middle'"),
        ({"init": np.zeros((4, 5))}, ValueError, "init: expected shape (5, 5), got (4, 5)"),
        ({"init": np.full((5, 5), np.nan)}, ValueError, "init: expected finite means, 0 or more and at most 1"),
        ({"init": np.full((5, 5), -0.1)}, ValueError, "init: expected finite means"),
        ({"init": np.full((5, 5), 1.1)}, ValueError, "init: expected finite means"),
        ({"tolerance": 0.0}, ValueError, "tolerance: expected a positive, finite number, got 0.0"),
        ({"tolerance": np.nan}, ValueError, "tolerance: expected a positive, finite number, got nan"),
        ({"tolerance": "small"}, TypeError, "tolerance: expected a number, got 'small'"),
        ({"max_iterations": 0}, ValueError, "max_iterations: expected 1 or more, got 0"),
        ({"max_iterations": 2.5}, TypeError, "max_iterations: expected a whole number, got 2.5"),
        ({"restarts": 0}, ValueError, "restarts: expected 1 or more, got 0"),
        ({"seed": -1}, ValueError, "seed: expected 0 or more, got -1"),
        ({"seed": None}, TypeError, "seed: expected a whole number, got None"),
        ({"epochs": 0}, ValueError, "epochs: expected 1 or more, got 0"),
        ({"batch": True}, TypeError, "batch: expected a whole number, got True"),
        ({"rate": -1.0}, ValueError, "rate: expected a positive, finite number, got -1.0"),
        ({"decay": np.inf}, ValueError, "decay: expected a positive, finite number, got inf"),
        ({"threads": 0}, ValueError, "threads: expected 1 to 1024, got 0"),
        ({"mask": np.zeros((5, 4), bool)}, ValueError, "mask: expected shape (5, 5), got (5, 4)"),
        ({"mask": np.full((5, 5), 0.5)}, ValueError, "mask: expected True (or 1) for bad pixels"),
        ({"mask": np.full((5, 5), 2)}, ValueError, "mask: expected True (or 1) for bad pixels"),
        ({"mask": np.full((5, 5), "x")}, TypeError, "mask: expected truth values, or numbers 0 and 1, got dtype <U1"),
        ({"init": np.ones((5, 5), complex)}, TypeError, "init: expected a start's name or an array of means, got nda"),
        ({"rotations": "C3"}, ValueError, "rotations: expected C4, D4, C1, in-plane:K or in-plane:Km"),
        ({"rotations": 4}, TypeError, "rotations: expected motes.C4"),
        ({"noise": "pink"}, ValueError, "noise: expected bernoulli or poisson, got 'pink'"),
        ({"noise": Poisson}, TypeError, "motes.Bernoulli() or motes.Poisson(), got the class Poisson"),
        ({"mask": np.ones((5, 5), bool)}, ValueError, "mask: every pixel is bad"),
        ({"dtype": np.int32}, ValueError, "dtype: expected float32 or float64, got"),
        ({"dtype": "float16"}, ValueError, "dtype: expected float32 or float64, got 'float16'"),
        ({"resume": True}, ValueError, "resume: needs the checkpoint to go on from"),
    ],
)
def test_options_are_refused_by_name(asked, error, message):
    with pytest.raises(error, match=re.escape(message)):
        reconstruct(Patterns.from_dense(SOME), **asked)


def test_fisher_scoring_refuses_a_matrix_beyond_memory():
    with pytest.raises(ValueError, match="acceleration: fisher needs a matrix of 1600 pixels squared"):
        reconstruct(Patterns.empty((40, 40), 3), acceleration="fisher")


def test_the_acceleration_is_chosen_from_shapes_alone():
    few, many = Patterns.empty((5, 5), 10), patterns_of(master_of(5), 4000, seed=0)
    assert options.predicted_faster(few, 4) == "squarem"
    assert options.predicted_faster(many, 4) == options.predicted_faster(many[::-1], 4)
    assert reconstruct(many, max_iterations=1).acceleration == options.predicted_faster(many, 4)
    assert options.predicted_faster(Patterns.empty((40, 40), 10**6), 4) == "squarem"


def test_any_number_of_photons_is_accounted_for():
    patterns = patterns_of(master_of(5), 400, noise="poisson", seed=9)
    result = reconstruct(patterns, noise=Poisson())
    assert (result.n_patterns, result.n_photons) == (400, counts_of(patterns).sum())
    assert result.master.sum() * 400 == pytest.approx(result.n_photons, rel=1e-4)
