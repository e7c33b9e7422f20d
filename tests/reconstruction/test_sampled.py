"""Few passes: the maximum of all patterns from that of a sample, and an account of what it took."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from motes import C4, FormatError, Patterns, Poisson, Reconstruction, reconstruct, simulate
from motes.reconstruction import newton, options, sampled
from motes.reconstruction.information import (
    drawn_from,
    error_bars,
    information_matrix,
    observed_information,
    sample_of,
    tangent_of,
)
from motes.reconstruction.legs import Legs
from motes.reconstruction.newton import Mixed, best_share, moved, sampled_newton_step
from motes.reconstruction.problem import Problem
from motes.reconstruction.sampled import Sampled, sample_size, with_pool
from motes.reconstruction.state import State
from problems import master_of, patterns_of, problem_of

ENOUGH = 1e-5  # nats a pattern
MOST_PASSES = 7
NAMES = ("master", "std_error", "labels", "weights", "weights_std_error", "counts", "log_likelihood", "passes", "notes")


def assert_same_bits(one: Reconstruction, other: Reconstruction) -> None:
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.fixture
def small_samples(monkeypatch) -> None:
    monkeypatch.setattr(sampled, "SAMPLE", 2000)


# -- the maximum, in few passes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("contrast", [1.0, 0.5, 0.3])
def test_the_maximum_of_all_patterns_in_seven_passes(contrast):
    truth = simulate.scaled(simulate.with_contrast(simulate.portrait(25), contrast), 27.4)
    patterns = patterns_of(truth, 200_000, seed=3)
    found = reconstruct(patterns, acceleration="sampled")
    assert found.converged
    assert found.passes <= MOST_PASSES
    assert found.passes == found.sweeps + 2  # the sample, and the labels
    best = reconstruct(patterns, acceleration="squarem", tolerance=1e-10, std_error=False)
    assert abs(best.log_likelihood - found.log_likelihood) < ENOUGH / 5
    assert best.passes > 2 * found.passes
    turned = min((C4.turn_master(best.master, k) for k in range(4)), key=lambda m: np.abs(m - found.master).sum())
    assert np.sqrt((((turned - found.master) / found.std_error) ** 2).mean()) < 0.1


PROBLEMS = {
    "C4": {},
    "D4": {"rotations": "D4"},
    "C1": {"rotations": "C1"},
    "poisson": {"noise": "poisson"},
    "weights": {"weights": "estimate"},
    "D4, poisson, weights": {"rotations": "D4", "noise": "poisson", "weights": "estimate"},
    "a mask": {"mask": np.eye(7, dtype=bool)},
    "float64": {"dtype": np.float64},
    "restarts": {"init": "random", "restarts": 2},
}


@pytest.mark.parametrize("asked", PROBLEMS)
def test_the_maximum_of_other_models(asked, small_samples):
    how = PROBLEMS[asked]
    group, noise = how.get("rotations", "C4"), how.get("noise", "bernoulli")
    patterns = patterns_of(master_of(7, photons=14.0), 20_000, group=group, noise=noise, seed=1)
    if "weights" in how:  # fewer of some rotations: weights that are not equal
        truth = simulate.patterns(master_of(7, photons=14.0), 20_000, rotations=group, noise=noise, seed=1)
        patterns = patterns[np.flatnonzero(np.random.default_rng(0).random(20_000) < 1 / (1 + truth.labels))]
    found = reconstruct(patterns, acceleration="sampled", **how)
    best = reconstruct(patterns, acceleration="squarem", tolerance=1e-10, std_error=False, **how)
    assert found.converged
    assert found.passes <= MOST_PASSES
    assert abs(best.log_likelihood - found.log_likelihood) < ENOUGH / 10
    np.testing.assert_allclose(np.sort(found.weights), np.sort(best.weights), atol=2e-3)


def test_pictures_too_large_for_a_matrix(monkeypatch):
    monkeypatch.setattr(sampled, "SAMPLE", 20_000)
    patterns = patterns_of(simulate.scaled(simulate.portrait(40), 60.0), 60_000, seed=2)
    found = reconstruct(patterns, acceleration="sampled", std_error=False)
    best = reconstruct(patterns, acceleration="squarem", tolerance=1e-10, std_error=False)
    assert found.passes <= MOST_PASSES
    assert abs(best.log_likelihood - found.log_likelihood) < ENOUGH


def test_counts_too_high_for_exact_sums(monkeypatch):
    monkeypatch.setattr(sampled, "SAMPLE", 400)
    truth = simulate.scaled(simulate.with_contrast(simulate.portrait(9), 0.05), 9e4)
    rng = np.random.default_rng(2)
    patterns = Patterns.from_dense(rng.poisson(C4.expand(truth)[rng.integers(0, 4, 3000)]))
    assert patterns.max_count > 1000
    how = {"noise": Poisson(), "dtype": np.float64, "std_error": False}
    found = reconstruct(patterns, acceleration="sampled", **how)
    best = reconstruct(patterns, acceleration="squarem", tolerance=1e-10, **how)
    assert found.passes <= MOST_PASSES
    assert abs(best.log_likelihood - found.log_likelihood) < ENOUGH


@pytest.mark.parametrize("kind", ["dark", "near 1"])
def test_pixels_near_an_end_of_their_range(kind, small_samples):
    """Some are lit by a few of all patterns, none of which is in the sample: there its maximum is 0."""
    rng = np.random.default_rng(4)
    truth = master_of(7, photons=12.0)
    few = rng.random((7, 7)) < 0.5
    truth[few] = 10 ** rng.uniform(-6, -3, few.sum())
    truth = truth if kind == "dark" else 1 - truth
    patterns = Patterns.from_dense(rng.random((30_000, 7, 7)) < C4.expand(truth)[rng.integers(0, 4, 30_000)])
    found = reconstruct(patterns, acceleration="sampled", dtype=np.float64)
    best = reconstruct(patterns, acceleration="squarem", tolerance=1e-10, dtype=np.float64, std_error=False)
    assert found.converged
    assert abs(best.log_likelihood - found.log_likelihood) < ENOUGH


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((0, 5, 5), int),
        np.zeros((1, 5, 5), int),
        np.ones((1, 5, 5), int),
        np.zeros((30, 5, 5), int),
        np.ones((30, 5, 5), int),
        np.eye(5, dtype=int)[None].repeat(30, axis=0),
        (np.random.default_rng(0).random((3, 5, 5)) < 0.3).astype(int),
        (np.random.default_rng(0).random((500, 5, 5)) < 0.3).astype(int),
        (np.random.default_rng(0).random((40, 1, 1)) < 0.3).astype(int),
    ],
    ids=["none", "one dark", "one full", "dark", "full", "the same", "three", "a constant", "one pixel"],
)
@pytest.mark.parametrize("size", [2, 10, 100_000])
@pytest.mark.parametrize("weights", ["uniform", "estimate"])
def test_data_that_say_little(images, size, weights, monkeypatch):
    monkeypatch.setattr(sampled, "SAMPLE", size)
    patterns = Patterns.from_dense(images)
    found = reconstruct(patterns, acceleration="sampled", weights=weights, max_iterations=300)
    for name in ("master", "weights", "labels", "log_likelihood"):
        assert np.isfinite(getattr(found, name)).all(), name
    assert found.master.sum() == pytest.approx(images.sum() / max(len(images), 1), abs=0.1)
    best = reconstruct(patterns, acceleration="squarem", weights=weights)
    if size > len(images):  # of a part one may climb another hill
        assert found.log_likelihood == pytest.approx(best.log_likelihood, abs=1e-4)


def test_a_sample_of_everything_is_squarem():
    patterns = patterns_of(master_of(7, photons=14.0), 5000, seed=1)
    found = reconstruct(patterns, acceleration="sampled")
    plain = reconstruct(patterns, acceleration="squarem")
    assert abs(plain.log_likelihood - found.log_likelihood) < 1e-7
    assert found.sweeps <= 2


# -- what is still to be won ------------------------------------------------------------------------------------------


def legs_of(problem: Problem, seed: int = 0) -> Legs:
    return Legs(with_pool(problem, seed), Sampled(1e-7), "spectral", seed, 1)


def on_all(legs: Legs) -> State:
    """Where the climb on all patterns begins."""
    state = legs.begin(0, ())
    while not state.converged:
        state = legs.step(state)
    return legs.begin(1, (state,))


def test_what_is_left_is_predicted(monkeypatch):
    monkeypatch.setattr(sampled, "SAMPLE", 5000)
    patterns = patterns_of(master_of(9, photons=14.0, contrast=0.7), 60_000, seed=5)
    legs = legs_of(problem_of(patterns))
    state, points = on_all(legs), []
    while not state.converged:
        points.append((state.point.log_likelihood, float(state.memory["left"])))
        state = legs.step(state)
    best = reconstruct(patterns, acceleration="squarem", tolerance=1e-12, dtype=np.float64).log_likelihood
    told = [(best - value, left) for value, left in points if best - value > 1e-7]
    assert len(told) >= 2
    for gap, left in told:
        assert 0.5 < left / gap < 2
    assert points[0][1] > 1e-3
    assert float(state.memory["left"]) < 1e-7


@pytest.mark.parametrize("contrast", [0.2, 0.1])
def test_the_end_of_a_flat_valley_is_not_told_too_soon(contrast, monkeypatch):
    """Where next to nothing is told of the picture no step wins what it promised, and one after another is needed."""
    monkeypatch.setattr(sampled, "SAMPLE", 5000)
    patterns = patterns_of(master_of(9, photons=14.0, contrast=contrast), 60_000, seed=2)
    how = {"dtype": np.float64, "std_error": False}
    found = reconstruct(patterns, acceleration="sampled", **how)
    start = found.master.clip(0, 1)
    best = reconstruct(patterns, acceleration="squarem", init=start, tolerance=1e-11, max_iterations=3000, **how)
    assert found.converged
    assert found.passes > MOST_PASSES
    assert best.log_likelihood - found.log_likelihood < 2e-6


@pytest.mark.parametrize("estimate", [False, True])
@pytest.mark.parametrize("share", [0.0, 1.0, 0.3])
def test_a_step_is_newtons(share, estimate):
    """The information as a matrix: the outer-product and Louis' form, mixed."""
    patterns = patterns_of(master_of(5, photons=8.0), 6000, seed=3)
    problem = problem_of(patterns, estimate_weights=estimate)
    sample = sample_of(patterns, 3000, 1)
    weights = np.array([0.4, 0.3, 0.2, 0.1]) if estimate else problem.uniform
    point = problem.evaluate(master_of(5, photons=8.0, seed=0).ravel() * 1.02, weights)
    step = sampled_newton_step(problem, point, sample, share=share)
    outer = information_matrix(problem, point.master, weights, sample)
    louis = observed_information(problem, point.master, weights, sample, outer)
    tangent = tangent_of(4)
    score = np.concatenate([step.score, tangent @ (point.em_weights / weights)]) if estimate else step.score
    shrink = 1 - (1 - share) ** 2 * (len(score) + 1) / 3000
    expected = shrink * np.linalg.solve((1 - share) * outer + share * louis, score)
    assert step.solved
    np.testing.assert_allclose(step.master, expected[:25], atol=5e-3 * np.abs(expected[:25]).max())
    np.testing.assert_allclose(step.weights, expected[25:] @ tangent if estimate else 0, atol=5e-3)
    assert step.left == pytest.approx(score @ expected / 2, rel=1e-2)


def test_the_better_estimate_of_the_information_has_the_larger_share():
    shares = []
    for photons, contrast in ((40.0, 1.0), (4.0, 0.4)):
        patterns = patterns_of(master_of(9, photons, contrast), 8000, seed=3)
        problem = problem_of(patterns)
        point = problem.evaluate(master_of(9, photons, contrast).ravel(), problem.uniform)
        step = sampled_newton_step(problem, point, sample_of(patterns, 4000, 0))
        shares.append(step.share)
    sure, unsure = shares
    assert sure > 0.95
    assert unsure < 0.5


def test_the_share_that_scatters_least(monkeypatch):
    """Of the information in many samples, along Newton's step, that with the share that is chosen."""
    patterns = patterns_of(master_of(7, photons=9.0), 40_000, seed=3)
    problem = problem_of(patterns)
    point = problem.evaluate(master_of(7, photons=9.0).ravel() * 0.97, problem.uniform)
    operators: list[Mixed] = []
    monkeypatch.setattr(newton, "best_share", lambda operator, direction: best_share(operator, direction))
    free = np.ones(49, bool)
    for k in range(20):
        sample = patterns[k * 2000 : (k + 1) * 2000]
        operators.append(newton.operator_of(problem, point.master, point.weights, sample, free, False))
    direction = np.random.default_rng(0).standard_normal(49)
    chosen = np.mean([best_share(operator, direction) for operator in operators])

    def scatter(share: float) -> float:
        images = [Mixed(operator, share)(direction[:, None]) for operator in operators]
        return float(np.var(images, axis=0).sum())

    assert 0.1 < chosen < 0.95
    assert scatter(chosen) < min(scatter(0.0), scatter(1.0))
    assert scatter(chosen) < 1.1 * min(map(scatter, np.linspace(0, 1, 21)))


def test_a_step_from_the_maximum_itself_goes_nowhere():
    patterns = patterns_of(master_of(5, photons=8.0), 3000, seed=3)
    problem = problem_of(patterns, estimate_weights=True)
    point = problem.evaluate(master_of(5, photons=8.0).ravel(), problem.uniform)
    there = replace(point, em_master=point.master, em_weights=point.weights)
    step = sampled_newton_step(problem, there, sample_of(patterns, 2000, 1))
    assert step.solved
    assert step.left == pytest.approx(0, abs=1e-25)
    np.testing.assert_allclose(step.master, 0, atol=1e-12)


# -- what may go wrong ------------------------------------------------------------------------------------------------


def test_a_step_too_far_is_halved_or_em_takes_its_place(small_samples, monkeypatch):
    patterns = patterns_of(master_of(7, photons=14.0), 10_000, seed=1)
    legs = legs_of(problem_of(patterns))
    state = on_all(legs)
    far = replace(state, memory=state.memory | {"master": 30 * state.memory["master"]})
    after = legs.step(far)
    assert "newton 0.5" in after.step or "em" in after.step
    assert after.point.log_likelihood >= state.point.log_likelihood
    wrong = replace(state, memory=state.memory | {"master": -10 * state.memory["master"]})
    after = legs.step(wrong)
    assert after.step == "em (newton refused)"
    assert after.sweeps == state.sweeps + 3
    assert after.point.log_likelihood > state.point.log_likelihood


def test_means_stay_in_their_range():
    problem = problem_of(patterns_of(master_of(5, photons=8.0), 500, seed=3))
    point = problem.evaluate(problem.inside(master_of(5, photons=8.0).ravel()), problem.uniform)
    for size in (1e3, -1e3):
        master, weights = moved(problem, point, np.full(25, size), np.zeros(4), 1.0)
        assert ((master > 0) & (master < 1)).all()
        assert np.isfinite(problem.evaluate(master, weights).log_likelihood)
    weighted = replace(problem, estimate_weights=True)
    _, weights = moved(weighted, point, np.zeros(25), np.array([-5.0, 5, 0, 0]), 1.0)
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).all()


def test_squarem_goes_on_where_the_information_can_not_be_solved(small_samples, monkeypatch):
    patterns = patterns_of(master_of(7, photons=14.0), 10_000, seed=1)
    best = reconstruct(patterns, acceleration="squarem", tolerance=1e-10)

    def unsolved(*given, **told):
        return replace(sampled_newton_step(*given, **told), solved=False)

    monkeypatch.setattr(sampled, "sampled_newton_step", unsolved)
    found = reconstruct(patterns, acceleration="sampled")
    assert found.converged
    assert all("squarem" in record["step"] or "extrapolation" in record["step"] for record in found.history)
    assert abs(best.log_likelihood - found.log_likelihood) < ENOUGH / 10


# -- the same answer --------------------------------------------------------------------------------------------------


def test_any_number_of_threads_gives_the_same_bits(small_samples):
    patterns = patterns_of(master_of(7, photons=10.0), 9000, seed=4)
    one, two, five = (reconstruct(patterns, acceleration="sampled", threads=n, weights="estimate") for n in (1, 2, 5))
    assert_same_bits(one, two)
    assert_same_bits(one, five)


def test_the_seed_chooses_the_sample(small_samples):
    patterns = patterns_of(master_of(7, photons=10.0), 9000, seed=4)
    one, same, other = (reconstruct(patterns, acceleration="sampled", seed=seed) for seed in (3, 3, 4))
    assert_same_bits(one, same)
    assert one.history[0]["log_likelihood"] != other.history[0]["log_likelihood"]
    assert abs(one.log_likelihood - other.log_likelihood) < ENOUGH / 10


def test_error_bars_are_those_of_the_sample(small_samples):
    patterns = patterns_of(master_of(7, photons=10.0), 9000, seed=4)
    found = reconstruct(patterns, acceleration="sampled", seed=5)
    problem = with_pool(replace(problem_of(patterns), dtype=np.float32), 5)
    turn = next(k for k in range(4) if problem.labels(C4.turn_master(found.master, k).ravel(), problem.uniform)[0] == 0)
    assert turn == 0
    bars = error_bars(problem, found.master.ravel(), problem.uniform, seed=5)
    np.testing.assert_allclose(found.std_error.ravel(), bars.std_error, rtol=0.02)  # but for the order of the turns
    all_of_them = reconstruct(patterns, acceleration="squarem", seed=5)
    np.testing.assert_allclose(found.std_error, all_of_them.std_error, rtol=0.15)


def test_a_sample_of_very_many_takes_no_room_for_all_of_them():
    class Many:
        def __len__(self) -> int:
            return 10**12

        def __getitem__(self, chosen: np.ndarray) -> np.ndarray:
            return chosen

    tracemalloc.start()
    chosen = sample_of(Many(), 100_000, [1, 2])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(np.unique(chosen)) == 100_000
    assert (np.diff(chosen) > 0).all()
    assert peak < 2e7


def test_dense_patterns_make_a_smaller_sample():
    assert sample_size(Patterns.from_dense(np.ones((10, 40, 40), int))) == 20_000
    assert sample_size(Patterns.from_dense(np.eye(40, dtype=int)[None].repeat(10, axis=0))) == 100_000


# -- restarts, interruption, the account -------------------------------------------------------------------------------


def test_of_several_starts_the_best_goes_on(small_samples):
    patterns = patterns_of(master_of(7, photons=10.0), 9000, seed=4)
    found = reconstruct(patterns, acceleration="sampled", init="random", restarts=3)
    assert [*dict.fromkeys(record["restart"] for record in found.history)] == [0, 1, 2, 3]
    ends = {record["restart"]: record for record in found.history}
    for leg in (0, 1, 2):
        assert ends[leg]["sweeps"] == 0
        assert ends[leg]["step"].startswith("sample: ")
    first = next(record for record in found.history if record["restart"] == 3)
    best = max((0, 1, 2), key=lambda leg: ends[leg]["log_likelihood"])
    assert first["iteration"] == ends[best]["iteration"] + 1
    assert found.log_likelihood == found.history[-1]["log_likelihood"]
    assert found.sweeps == found.history[-1]["sweeps"]
    assert 0.99 < found.agreement <= 1 + 1e-12
    assert reconstruct(patterns, acceleration="sampled").agreement is None


def test_interrupted_on_the_sample_it_still_speaks_of_all_patterns(small_samples):
    patterns = patterns_of(master_of(7, photons=10.0), 9000, seed=4)
    found = reconstruct(patterns, acceleration="sampled", callback=lambda record: record["iteration"] == 2)
    assert found.interrupted
    assert not found.converged
    assert found.sweeps == 1
    assert found.iterations == 2
    assert any(note.startswith("interrupted: the last iteration won") for note in found.notes)
    assert found.log_likelihood == pytest.approx(found.assign(patterns).log_likelihood.mean(), abs=1e-5)
    among = reconstruct(
        patterns, acceleration="sampled", init="random", restarts=3, callback=lambda record: record["restart"] == 1
    )
    assert "interrupted: in start 2 of 3, the best is kept" in among.notes


@pytest.mark.parametrize(
    ("asked", "more"),
    [
        ({"acceleration": "squarem"}, 3),  # spectral start, error bars, labels
        ({"acceleration": "squarem", "init": "random"}, 2),
        ({"acceleration": "squarem", "init": "random", "std_error": False}, 1),
        ({"acceleration": "none", "max_iterations": 3}, 3),
        ({"acceleration": "fisher", "max_iterations": 3}, 4),  # one Newton step, with an information of its own
        ({"acceleration": "sampled"}, 2),
        ({"method": "hard-em"}, 3),  # and its likelihood; no error bars
        ({"method": "sgd", "epochs": 1}, 3),
    ],
)
def test_passes_are_counted(asked, more, small_samples):
    patterns = patterns_of(master_of(5, photons=8.0), 5000, seed=4)
    found = reconstruct(patterns, **asked)
    assert found.passes == found.sweeps + more


def test_auto_takes_the_fewest_passes_where_they_are_dear():
    n_patterns = 2_000_000
    pixels = np.tile(np.array([3, 7], np.uint16), n_patterns)
    none = np.zeros(0, np.int64), np.zeros(0, np.int32)
    many = Patterns(np.arange(0, 2 * n_patterns + 1, 2), pixels, *none, shape=(25, 25))
    assert options.predicted_faster(many, 4) == "sampled"
    assert options.predicted_faster(many[:100_000], 4) != "sampled"


def test_a_file_of_a_version_that_counted_no_passes(tmp_path):
    path = tmp_path / "result.npz"
    found = reconstruct(patterns_of(master_of(3, photons=2.0), 40))
    found.save(path)
    assert Reconstruction.load(path).passes == found.passes
    with np.load(path) as archive:
        arrays = dict(archive)
    record = json.loads(arrays["record"].tobytes())
    for value, told in ((None, None), ("many", "passes: expected a whole number or null"), ("", None)):
        changed = {name: item for name, item in record.items() if name != "passes"}
        if value != "":
            changed["passes"] = value
        arrays["record"] = np.frombuffer(json.dumps(changed).encode(), np.uint8)
        np.savez(path, **arrays)
        if told is None:
            assert Reconstruction.load(path).passes is None
        else:
            with pytest.raises(FormatError, match=told):
                Reconstruction.load(path)


def test_samples_are_drawn_from_the_pool(small_samples):
    problem = problem_of(patterns_of(master_of(5), 5000, seed=1))
    drawn_from(problem, 100, 0)
    assert problem.account.passes(5000) == 1
    pooled = with_pool(problem, 0)
    assert pooled.account is problem.account
    assert len(pooled.pool) == 2000
    assert problem.account.passes(5000) == 2
    assert len(drawn_from(pooled, 100, 0)) == 100
    assert problem.account.passes(5000) == 2
