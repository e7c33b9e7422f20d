"""What some patterns of a store come to is read once, by whoever works on it, and counted where a fit asks for it."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import pytest

import motes
from motes.kernels.passes import LocalEngine, Task
from motes.stored import opened_again
from problems import master_of, patterns_of
from stores import store_of

N = 1000


class Watched(LocalEngine):
    """Keeps which sections each pass was over."""

    def __init__(self) -> None:
        self.passes: list[list[int]] = []

    def run(
        self, store: motes.StoredPatterns, task: Task[Any], threads: int, sections: Sequence[int] | None = None
    ) -> Generator[tuple[int, Any]]:
        self.passes.append(list(range(store.n_sections) if sections is None else sections))
        yield from super().run(store, task, threads, sections)


def ask_for_everything(store: motes.StoredPatterns, expected: motes.Patterns) -> None:
    for name in ("max_count", "n_lit", "n_photons", "n_empty"):
        assert getattr(store, name) == getattr(expected, name), name
    assert store.sum_of_squares() == expected.sum_of_squares()
    np.testing.assert_array_equal(store.total_image(), expected.total_image())


@pytest.fixture
def some():
    """Which patterns are chosen: not all of any section."""
    return np.random.default_rng(0).random(N) < 0.4


def test_one_pass_over_the_sections_that_are_there_in_part(tmp_path, patterns, some):
    """Small detectors: the sections themselves hold the photons of each pixel."""
    some[:200] = False
    some[300:400] = True
    long = motes.Patterns.concatenate([patterns] * 10)
    store, watched = store_of(tmp_path, long, a_section=1000), Watched()
    assert all("total" in header.crc32c for header in store._sections.headers)
    kept = np.concatenate([some, np.zeros(1000, bool), np.ones(7000, bool), some])
    chosen = store.using(engine=watched).select(kept)
    assert chosen._n_unsummed == 2 * np.count_nonzero(some)
    ask_for_everything(chosen, long[kept])
    assert watched.passes == [[0, 9]]
    assert chosen._n_unsummed == 0
    assert store._n_unsummed == 0


def test_sections_without_a_total_are_read_for_it_and_those_in_part_not_again(store, patterns, some):
    watched = Watched()
    assert not any("total" in header.crc32c for header in store._sections.headers)
    whole = store.using(engine=watched)
    assert whole.n_photons == patterns.n_photons
    assert (watched.passes, whole._n_unsummed) == ([], N)
    ask_for_everything(whole, patterns)
    assert watched.passes == [list(range(store.n_sections))]
    assert whole._n_unsummed == 0
    watched.passes.clear()
    some[: store.bounds[2]] = True
    chosen = whole.select(some)
    ask_for_everything(chosen, patterns[some])
    assert watched.passes == [list(range(2, store.n_sections)), [0, 1]]


def test_what_was_read_is_known_to_the_same_patterns(store, patterns, some):
    chosen, watched = store.select(some), Watched()
    ask_for_everything(chosen, patterns[some])
    ask_for_everything(chosen.using(engine=watched, memory="100GB"), patterns[some])
    assert watched.passes == []
    other = chosen.using(engine=watched).select(np.arange(len(chosen)) % 2 == 0)
    ask_for_everything(other, patterns[some][::2])
    assert len(watched.passes) == 1
    assert pickle.loads(pickle.dumps(chosen))._n_unsummed == len(chosen)


def test_no_pattern_at_all(store):
    none = store.using(engine=Watched()).select(np.zeros(N, bool))
    ask_for_everything(none, motes.Patterns.empty(store.shape))
    assert none.engine.passes == []


def test_a_reconstruction_counts_it(tmp_path):
    patterns = patterns_of(master_of(5), 600, seed=1)
    kept = np.arange(600) % 2 == 0
    asked = {"acceleration": "squarem", "max_iterations": 5}
    expected = motes.reconstruct(patterns[kept], **asked)
    chosen = store_of(tmp_path, patterns, a_section=150).select(kept)
    first, second = (motes.reconstruct(chosen, **asked) for _ in range(2))
    assert first.passes == expected.passes + 1
    assert second.passes == expected.passes  # what they come to is known by then
    np.testing.assert_array_equal(first.master, expected.master)


def test_any_patterns_by_number(store, patterns):
    """Of some sections, of all, several times, none."""
    draw = np.random.default_rng(3)
    for size in (0, 1, 30, 3000):
        which = draw.integers(-N, N, size)
        assert store.take(which) == patterns[which]
    edges = np.concatenate([store.bounds[:-1], store.bounds[1:] - 1])
    assert store.take(edges) == patterns[edges]
    kept = draw.random(N) < 0.3
    kept[: store.bounds[3]] = False
    within = draw.integers(0, np.count_nonzero(kept), 200)
    assert store.select(kept).take(within) == patterns[kept][within]


def test_a_store_that_is_opened_again_shares_what_is_kept(store, patterns):
    once = opened_again(store.path, store.n_sections)
    list(once.parts())
    assert len(once._sections._kept) == store.n_sections
    again = opened_again(store.path, store.n_sections, once)
    assert again._sections._kept is once._sections._kept
    fewer = opened_again(store.path, store.n_sections - 1, once)
    assert fewer._sections._kept is not once._sections._kept
    assert again.to_memory() == patterns
