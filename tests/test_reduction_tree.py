"""The simulation of a reduction against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.reduction_tree import Costs, crossing, direct, finished, halves, tree

COSTS = Costs(message=0.25, byte=0.01, merge=0.5, merge_byte=0.001)


def test_one_worker_sends_one_message():
    assert direct(np.array([[2.0]]), 100, COSTS) == 2 + 0.25 + 1
    assert tree(np.array([2.0]), 100, COSTS, 4) == 2 + 0.25 + 1


def test_what_ends_together_queues_and_what_ends_apart_does_not():
    together, apart = np.full((7, 1), 3.0), 100.0 * np.arange(1, 8)[:, None]
    assert direct(together, 100, COSTS) == pytest.approx(3 + 7 * 1.25)
    assert direct(apart, 100, COSTS) == 700 + 1.25
    assert direct(together, 0, replace(COSTS, message=0.0)) == 3


def test_a_message_a_piece_costs_nothing_more_where_it_is_dealt_with_while_others_compute():
    ended = finished(100.0, 5, halves(4), 0.0, np.random.default_rng(0))
    assert np.allclose(ended, [50, 75, 87.5, 100])
    assert direct(ended, 100, COSTS) == pytest.approx(100 + 5 * 1.25)
    assert direct(ended / 100, 100, COSTS) == pytest.approx(0.5 + 20 * 1.25)  # the hub never rests


@pytest.mark.parametrize(("fan_in", "levels"), [(2, 4), (4, 2), (16, 1)])
def test_a_full_tree_takes_a_merge_of_all_neighbours_a_level(fan_in, levels):
    costs = replace(COSTS, message=0.0)
    merges = levels * (fan_in - 1) * (0.5 + 0.1)
    assert tree(np.full(16, 3.0), 100, costs, fan_in) == pytest.approx(3 + merges + 1)


def test_the_scheduler_hears_of_every_worker_and_every_merge():
    costs = Costs(message=0.25, byte=0.0)
    assert tree(np.full(16, 3.0), 100, costs, 16) == pytest.approx(3 + 17 * 0.25)


def test_latency_counts_once_for_a_message_and_twice_for_a_level():
    late = replace(COSTS, latency=0.125, begin=1.0)
    assert direct(np.array([[2.0]]), 100, late) == 1 + 2 + 0.125 + 1.25
    assert tree(np.full(2, 2.0), 0, Costs(0.0, 0.0, latency=0.125), 2) == 2 + 3 * 0.125


def test_a_tree_of_odd_numbers_loses_nobody():
    """As many merges as workers less one, whatever the number: with merges alone costing, on one path or another."""
    costs = Costs(0.0, 0.0, merge=1.0)
    assert [tree(np.zeros(n), 0, costs, 2) for n in (2, 3, 4, 5, 8, 9)] == [1, 2, 2, 3, 3, 4]


def test_neighbours_are_added_up_first():
    """Who ends last, alone in its group, waits for one merge; together with another for two."""
    costs = Costs(0.0, 0.0, merge=1.0)
    assert tree(np.array([0.0, 0.0, 10.0]), 0, costs, 2) == 11
    assert tree(np.array([10.0, 0.0, 0.0]), 0, costs, 2) == 12


def test_trees_are_worth_it_for_large_sums_alone():
    costs = Costs(message=1e-3, byte=2e-9, merge=1e-3, merge_byte=2e-9)
    assert crossing(100, costs) is None
    workers, fan_in = crossing(100_000_000, costs)
    assert workers <= 16
    assert fan_in in (2, 4, 8, 16)


def test_no_tree_of_one():
    with pytest.raises(ValueError, match="fan_in: expected 2 or more, got 1"):
        tree(np.zeros(4), 0, COSTS, 1)


def test_times_of_pieces_keep_their_mean():
    ended = finished(10.0, 20_000, (0.5, 0.5), 0.3, np.random.default_rng(1))
    assert ended[:, -1].mean() == pytest.approx(10, rel=0.01)
    assert (np.diff(ended, axis=1) > 0).all()
