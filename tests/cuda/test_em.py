"""Expectation maximisation on a GPU: its launches, run on the host, beside NumPy; and whole reconstructions by them."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import climbs
import gpus
import phases
from motes import C4, D4, Patterns, Rotations, reconstruct
from motes.reconstruction.ondevice import PointOnDevice
from motes.reconstruction.problem import Point
from problems import master_of, patterns_of, problem_of

ORDERS = [phases.ORDERS[0], phases.ORDERS[-1]]
# Documented in csrc/cuda/em.hpp: a logarithm's last bit may round a float32 score otherwise.
NATS = {np.float32: 2e-6, np.float64: 1e-11}
MEANS = {np.float32: 2e-5, np.float64: 1e-9}


@pytest.fixture(params=ORDERS)
def gpu(request, monkeypatch) -> climbs.Extension:
    extension = climbs.Extension(request.param)
    climbs.put_on(extension, monkeypatch)
    return extension


def in_every_order(monkeypatch, compute):
    """`compute(extension)`, the same bits in all orders."""

    def of_order(order: int):
        extension = climbs.Extension(order)
        climbs.put_on(extension, monkeypatch)
        return compute(extension)

    return phases.in_every_order(of_order)


def arrays_of(point: Point) -> tuple[np.ndarray, ...]:
    return point.master, point.weights, point.em_master, point.em_weights, np.array(point.log_likelihood)


def assert_close(found, expected: Point, dtype) -> None:
    master, weights, em_master, em_weights, value = found
    np.testing.assert_allclose(master, expected.master, rtol=1e-13)
    np.testing.assert_allclose(weights, expected.weights, rtol=1e-13)
    np.testing.assert_allclose(em_master, expected.em_master, rtol=MEANS[dtype], atol=MEANS[dtype] / 100)
    np.testing.assert_allclose(em_weights, expected.em_weights, rtol=MEANS[dtype], atol=MEANS[dtype])
    assert value == pytest.approx(expected.log_likelihood, abs=NATS[dtype] * (1 + abs(expected.log_likelihood)))


def random_problem(seed, side, n_patterns, group, noise, dtype, masked, estimate_weights):
    """Any problem, and a master that is no estimate of it: some of its means at the limits."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.uniform(0, 1.5, (side, side)), (n_patterns, side, side))
    counts[rng.random(n_patterns) < 0.1] = 0
    patterns = Patterns.from_dense(counts if noise == "poisson" else counts > 0)
    bad = (rng.random((side, side)) < 0.3) & (np.arange(side**2).reshape(side, side) > 0) if masked else None
    problem = problem_of(patterns, group=group, noise=noise, bad=bad, estimate_weights=estimate_weights, dtype=dtype)
    low, high = problem.limits
    master = rng.uniform(low, min(high, 2.0), side**2)
    master[rng.random(side**2) < 0.1] = low
    master[rng.random(side**2) < 0.1] = min(high, 3.0)
    weights = problem.weights_inside(rng.dirichlet(np.full(problem.rotations.n, 0.7)))
    return problem, master, weights if estimate_weights else problem.uniform


problems = st.builds(
    random_problem,
    seed=st.integers(0, 10**6),
    side=st.integers(1, 6),
    n_patterns=st.integers(0, 60),
    group=st.sampled_from(["C1", "C4", "D4"]),
    noise=st.sampled_from(["bernoulli", "poisson"]),
    dtype=st.sampled_from([np.float32, np.float64]),
    masked=st.booleans(),
    estimate_weights=st.booleans(),
)


@settings(max_examples=60)
@given(problems, st.sampled_from(["soft", "hard", "nearest"]))
def test_a_point_is_that_of_numpy(case, rule):
    problem, master, weights = case
    with pytest.MonkeyPatch.context() as patch:
        there = in_every_order(
            patch, lambda _: arrays_of(climbs.problem_there(problem).evaluate(master, weights, rule=rule))
        )
    assert_close(there, problem.evaluate(master, weights, rule=rule), problem.dtype)


@settings(max_examples=40)
@given(problems, st.sampled_from([1.0, 4.0, 1e6]))
def test_an_extrapolation_is_that_of_numpy(case, longest):
    problem, master, weights = replace(case[0], dtype=np.float64), *case[1:]
    start = problem.evaluate(master, weights)
    first = problem.advance(start)

    def compute(_):
        other = climbs.problem_there(problem)
        length, point = other.extrapolate(start, first, longest)  # both from home, as after a resumption
        return np.array(length), *arrays_of(point)

    with pytest.MonkeyPatch.context() as patch:
        length, *found = in_every_order(patch, compute)
    expected_length, expected = problem.extrapolate(start, first, longest)
    assert length == pytest.approx(expected_length, rel=1e-9)
    np.testing.assert_allclose(found[0], expected.master, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(found[1], expected.weights, rtol=1e-7, atol=1e-12)
    assert found[4] == pytest.approx(expected.log_likelihood, abs=1e-6 * (1 + abs(expected.log_likelihood)))


@pytest.mark.parametrize("n_rotations", [9, 300])
def test_many_rotations(n_rotations, monkeypatch):
    """More than one thread sums up in their order."""
    many = Rotations("many", n_rotations, lambda image, r: D4.turn(image, r % 8))
    patterns = patterns_of(master_of(5), 90, noise="poisson", seed=5)
    problem = replace(problem_of(patterns, noise="poisson", estimate_weights=True), rotations=many)
    weights = problem.weights_inside(np.random.default_rng(0).dirichlet(np.full(n_rotations, 0.3)))
    expected = problem.evaluate(master_of(5, seed=1).ravel(), weights)
    first = problem.advance(expected)

    def compute(_):
        there = climbs.problem_there(problem)
        point = there.evaluate(master_of(5, seed=1).ravel(), weights)
        return *arrays_of(point), there.extrapolate(expected, first, 4.0)[1].weights

    *found, extrapolated = in_every_order(monkeypatch, compute)
    assert_close(found, expected, np.float64)
    np.testing.assert_allclose(
        extrapolated, problem.extrapolate(expected, first, 4.0)[1].weights, rtol=1e-6, atol=1e-12
    )


def test_a_part_of_the_patterns(monkeypatch):
    patterns = patterns_of(master_of(5), 200, noise="poisson", seed=5)
    problem = problem_of(patterns, noise="poisson")
    master = master_of(5, seed=1).ravel()
    for part in (patterns[30:90], patterns[:0], patterns[np.array([7, 3])]):
        found = in_every_order(
            monkeypatch,
            lambda _, part=part: climbs.problem_there(problem).sums_of_part(master, problem.uniform, part, hard=False),
        )
        for one, other in zip(found, problem.sums_of_part(master, problem.uniform, part, hard=False), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


# -- whole reconstructions ---------------------------------------------------------------------------------------------

RUNS = {
    "plain em": {"acceleration": "none"},
    "squarem": {"acceleration": "squarem"},
    "float64": {"acceleration": "squarem", "dtype": np.float64},
    "estimated weights": {"acceleration": "squarem", "weights": "estimate"},
    "fisher": {"acceleration": "fisher"},
    "sampled": {"acceleration": "sampled"},
    "a mask": {"acceleration": "squarem", "mask": np.eye(5, dtype=bool)},
    "d4, poisson": {"acceleration": "squarem", "rotations": "D4", "noise": "poisson"},
    "restarts": {"acceleration": "squarem", "init": "random", "restarts": 2},
    "hard-em": {"method": "hard-em"},
    "l2-em": {"method": "l2-em"},
    "sgd": {"method": "sgd", "epochs": 3, "batch": 100},
}
SAME = ("master", "std_error", "weights", "labels", "log_likelihood", "iterations", "sweeps", "converged", "notes")


@functools.cache
def some_patterns() -> Patterns:
    return patterns_of(master_of(5, photons=8.0), 900, seed=1)


def with_defaults(options):
    return {"tolerance": 1e-9, "max_iterations": 200} | options


def without_time(history) -> list[dict[str, object]]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in history]


def assert_same_bits(one, other) -> None:
    for name in SAME:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert without_time(one.history) == without_time(other.history)


@pytest.mark.parametrize("asked", RUNS)
def test_a_reconstruction_is_that_of_the_processor(asked):
    options = with_defaults(RUNS[asked])
    here = reconstruct(some_patterns(), **options)
    found = []
    for order in ORDERS:
        extension = climbs.Extension(order)
        found.append(climbs.reconstruct_there(extension, some_patterns(), **options))
        assert extension.launches
    assert_same_bits(*found)
    there = found[0]
    dtype = options.get("dtype", np.float32)
    assert there.log_likelihood == pytest.approx(here.log_likelihood, abs=1e-6 if dtype is np.float32 else 1e-9)
    np.testing.assert_allclose(there.master, here.master, atol=2e-3 * np.nanmax(here.master))
    assert (there.labels == here.labels).mean() > 0.995
    assert (there.acceleration, there.method, there.init) == (here.acceleration, here.method, here.init)


@pytest.mark.parametrize("n_patterns", [0, 1, 2])
@pytest.mark.parametrize("method", ["em", "hard-em", "l2-em", "sgd"])
@pytest.mark.parametrize("rotations", ["C1", "C4", "D4"])
def test_few_patterns_and_few_photons(n_patterns, method, rotations, gpu):
    for images in (some_patterns().to_dense()[:n_patterns], np.zeros((n_patterns, 5, 5), int),
                   np.ones((n_patterns, 5, 5), int)):  # fmt: skip
        patterns = Patterns.from_dense(images)
        options = {"rotations": rotations, "method": method, "max_iterations": 4}
        here, there = reconstruct(patterns, **options), climbs.reconstruct_there(gpu, patterns, **options)
        assert there.log_likelihood == pytest.approx(here.log_likelihood, abs=1e-5)
        np.testing.assert_allclose(there.master, here.master, atol=1e-5)


def test_an_iteration_brings_numbers_home_and_no_master(gpu):
    """The account of csrc/cuda/em.hpp: launches of a sweep, of an extrapolation, and what is asked of the device."""
    told = []
    options = with_defaults({"acceleration": "squarem"})
    result = climbs.reconstruct_there(
        gpu, some_patterns(), **options, callback=lambda _: told.append((gpu.told, gpu.brought_home))
    )
    refused = [int("refused" in record["step"]) for record in result.history]
    assert not all(refused)
    assert np.diff([n for n, _ in told]).tolist() == [1 + once_more for once_more in refused[1:]]
    assert {n_bytes for _, n_bytes in told} == {0}
    assert set(gpu.launches) == {("evaluate", 6), ("advance", 6), ("extrapolate", 8)}
    assert gpu.brought_home == 8 * (4 * 25 + 2 * 4 + 3)  # one point, when all is done


def test_plain_em_asks_once_an_iteration(gpu):
    told = []
    options = with_defaults({"acceleration": "none"})
    climbs.reconstruct_there(gpu, some_patterns(), **options, callback=lambda _: told.append(gpu.told))
    assert np.diff(told).tolist() == [1] * (len(told) - 1)


@pytest.mark.parametrize(
    "asked", ["plain em", "squarem", "estimated weights", "fisher", "sampled", "hard-em", "l2-em", "sgd"]
)
def test_interrupted_and_resumed_it_has_the_bits_of_a_whole_run(asked, gpu, tmp_path):
    options = RUNS[asked] | {"max_iterations": 7, "tolerance": 1e-6}
    run = functools.partial(climbs.reconstruct_there, gpu, some_patterns(), **options)
    whole = run()
    path = tmp_path / "checkpoint.npz"
    for stop in range(1, len(whole.history)):
        stopped = run(checkpoint=path, resume=stop > 1, callback=lambda record, stop=stop: record["iteration"] == stop)
        assert stopped.interrupted
    assert_same_bits(run(checkpoint=path, resume=True), whole)


@pytest.mark.gpu
def test_checkpoints_of_the_processor_are_not_taken(tmp_path):
    path = tmp_path / "checkpoint.npz"
    reconstruct(some_patterns(), checkpoint=path, max_iterations=2)
    with pytest.raises(ValueError, match="belongs to other patterns, options or another version"):
        reconstruct(gpus.there(some_patterns(), "cuda"), checkpoint=path, resume=True, max_iterations=2)


@gpus.each_device
def test_auto_does_without_matrices_of_the_processor(device):
    patterns = gpus.there(patterns_of(master_of(3, photons=4.0), 30_000, seed=2), device)
    found = reconstruct(patterns, max_iterations=2, std_error=False).acceleration
    assert found == ("fisher" if device == "cpu" else "squarem")


def test_a_point_comes_home_when_it_is_read(gpu):
    problem = climbs.problem_there(problem_of(some_patterns()))
    point = problem.evaluate(problem.mean_master, problem.uniform)
    assert isinstance(point, PointOnDevice)
    assert (gpu.brought_home, gpu.told) == (0, 0)
    assert np.isfinite(point.log_likelihood)
    assert (gpu.brought_home, gpu.told) == (0, 1)
    np.testing.assert_array_equal(point.weights, problem.uniform)
    np.testing.assert_array_equal(point.master, problem.mean_master)
    assert gpu.brought_home == point.values.array.nbytes


@pytest.mark.parametrize("rotations", [C4, D4])
def test_memory_that_is_short(rotations, monkeypatch):
    """Scores of fewer patterns at a time where there are rows of them; where nothing helps, the climb is refused."""
    patterns = patterns_of(master_of(4), 3000, group=rotations.name, seed=2)
    problem = problem_of(patterns, group=rotations.name, dtype=np.float32)
    master = problem.inside(master_of(4, seed=1).ravel())
    found = []
    for room in (2**62, 90_000, 60_000):
        climbs.put_on(climbs.Extension(0, room), monkeypatch)
        found.append(climbs.problem_there(problem).evaluate(master, problem.uniform).em_master)
    for one in found[1:]:
        np.testing.assert_array_equal(one, found[0])
    climbs.put_on(climbs.Extension(0, 2_000), monkeypatch)
    with pytest.raises(AssertionError, match="no room for an array"):
        climbs.problem_there(problem).evaluate(master, problem.uniform)
