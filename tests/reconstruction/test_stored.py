"""Patterns of a store: the bits that patterns in memory give."""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motes import C4, Patterns, Poisson, Rotations, StoredPatterns, classify, reconstruct, simulate
from motes.kernels.passes import LocalEngine, Task
from problems import master_of, patterns_of
from stores import store_of

PER_RESULT = ("master", "std_error", "labels", "weights", "weights_std_error", "counts", "first_pattern_posterior")
NUMBERS = ("log_likelihood", "error_bound", "missing_information", "evidence", "sweeps", "converged", "notes")


def assert_same_bits(one: Any, other: Any) -> None:
    for name in (*PER_RESULT, *NUMBERS):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


class AnyOrder:
    """Sections in another order, some of them together."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def run(
        self, store: StoredPatterns, task: Task[Any], threads: int, sections: Sequence[int] | None = None
    ) -> Generator[tuple[int, Any]]:
        found = list(LocalEngine().run(store, task, threads, sections))
        self.random.shuffle(found)
        while len(found) > 1 and hasattr(task, "combine") and self.random.random() < 0.7:
            (_, one), (k, other) = found.pop(), found.pop()
            found.append((k, task.combine(one, other)))
        yield from found


@pytest.mark.parametrize("method", ["em", "hard-em", "l2-em"])
@pytest.mark.parametrize("noise", ["bernoulli", "poisson"])
def test_a_store_gives_the_bits_of_memory(tmp_path: Path, method: str, noise: str) -> None:
    patterns = patterns_of(master_of(7), 400, noise=noise, seed=1)
    asked: dict[str, Any] = {"noise": noise, "method": method, "acceleration": "squarem" if method == "em" else "auto"}
    expected = reconstruct(patterns, C4, **asked)
    for a_section in (400, 61):
        store = store_of(tmp_path, patterns, a_section=a_section, name=f"{a_section}.zarr")
        assert_same_bits(reconstruct(store, C4, **asked, threads=1), expected)
        assert_same_bits(reconstruct(store.using(engine=AnyOrder(3)), C4, **asked, threads=2), expected)


@pytest.mark.parametrize("acceleration", ["squarem", "fisher", "none"])
def test_every_acceleration_with_estimated_weights(tmp_path: Path, acceleration: str) -> None:
    patterns = patterns_of(master_of(5), 300, seed=2)
    asked: dict[str, Any] = {"acceleration": acceleration, "weights": "estimate", "max_iterations": 30}
    store = store_of(tmp_path, patterns, a_section=70)
    assert_same_bits(reconstruct(store, **asked), reconstruct(patterns, **asked))


def test_some_patterns_of_a_store(tmp_path: Path) -> None:
    patterns = patterns_of(master_of(5), 300, seed=3)
    kept = np.random.default_rng(0).random(300) < 0.6
    kept[100:150] = False  # a whole section
    store = store_of(tmp_path, patterns).select(kept)
    asked: dict[str, Any] = {"acceleration": "squarem"}
    assert_same_bits(reconstruct(store, **asked), reconstruct(patterns[kept], **asked))


def test_patterns_without_photons_and_stores_without_patterns(tmp_path: Path) -> None:
    patterns = patterns_of(master_of(5, photons=0.7), 400, seed=4)
    asked: dict[str, Any] = {"acceleration": "squarem"}
    assert patterns.n_empty > 0
    assert_same_bits(reconstruct(store_of(tmp_path, patterns), **asked), reconstruct(patterns, **asked))
    none = store_of(tmp_path, patterns[:0], name="none.zarr")
    assert_same_bits(reconstruct(none, **asked), reconstruct(patterns[:0], **asked))


def test_a_mixture_of_a_store(tmp_path: Path) -> None:
    patterns = patterns_of(master_of(7), 300, noise="poisson", seed=5)
    asked: dict[str, Any] = {"noise": Poisson(), "classes": 2, "max_iterations": 6, "seed": 1}
    for turns in (C4, Rotations.in_plane(6)):
        stored = reconstruct(store_of(tmp_path, patterns, name=f"{turns.n}.zarr"), turns, **asked)
        expected = reconstruct(patterns, turns, **asked)
        for name in ("masters", "std_error", "labels", "class_weights", "weights", "log_likelihood"):
            np.testing.assert_array_equal(getattr(stored, name), getattr(expected, name), err_msg=name)


def test_a_resumed_run_of_a_store_has_the_bits_of_an_undisturbed_one(tmp_path: Path) -> None:
    patterns = patterns_of(master_of(7), 300, seed=6)
    store = store_of(tmp_path, patterns)
    asked: dict[str, Any] = {"acceleration": "squarem", "checkpoint": tmp_path / "kept.npz", "resume": True}
    cut = reconstruct(store, **asked, callback=lambda record: record["iteration"] == 2)
    assert cut.interrupted
    whole = reconstruct(store, **asked)
    expected = reconstruct(store, acceleration="squarem")
    for name in PER_RESULT:
        np.testing.assert_array_equal(getattr(whole, name), getattr(expected, name), err_msg=name)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "sgd"}, "method: sgd"),
        ({"binarise": True}, "binarise"),
        ({"error_bars": "bootstrap"}, "error_bars: bootstrap"),
        ({"noise": "poisson", "fluence": "estimate"}, "fluence"),
    ],
)
def test_what_needs_all_patterns_in_memory_is_refused(tmp_path: Path, asked: dict[str, Any], message: str) -> None:
    store = store_of(tmp_path, patterns_of(master_of(5), 60))
    with pytest.raises(ValueError, match=message):
        reconstruct(store, **asked)


def test_labels_of_a_store_are_kept_on_disk(tmp_path: Path) -> None:
    found = reconstruct(store_of(tmp_path, patterns_of(master_of(5), 200)), max_iterations=2)
    assert isinstance(found.labels, np.memmap)
    found.save(tmp_path / "all.npz")
    assert np.array_equal(type(found).load(tmp_path / "all.npz").labels, found.labels)


def test_classes_of_a_store(tmp_path: Path) -> None:
    patterns = patterns_of(master_of(5), 500, seed=7)
    store = store_of(tmp_path, patterns, a_section=90)
    start = np.stack(list(C4.expand(master_of(5))))
    stored, expected = classify.kmeans(store, init=start), classify.kmeans(patterns, init=start)
    for name in ("labels", "centroids", "members", "inertia", "iterations", "converged"):
        np.testing.assert_array_equal(getattr(stored, name), getattr(expected, name), err_msg=name)
    some = classify.minibatch_kmeans(store, batch=64, epochs=2)
    assert some.members.sum() == 500
    assert len(np.unique(some.labels)) == 4
    assert classify.kmeans(store, seed=3).inertia < 1.2 * expected.inertia


def test_a_store_is_matched_pattern_by_pattern(tmp_path: Path) -> None:
    image = simulate.creature(5, seed=0)
    whole = np.rint(9 * image / image.max()).astype(int)
    turned = np.stack([np.rot90(whole, -k) for k in (0, 3, 1, 2, 1)])
    store = store_of(tmp_path, Patterns.from_dense(turned), a_section=2)
    assert classify.match(store).tolist() == [0, 3, 1, 2, 1]
    turned[3, 0, 0] += 1
    other = store_of(tmp_path, Patterns.from_dense(turned), a_section=2, name="other.zarr")
    with pytest.raises(ValueError, match="pattern 3 is no rotation of the reference: the nearest, 2, differs in 1 of"):
        classify.match(other)
