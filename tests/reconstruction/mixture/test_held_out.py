"""How many classes patterns support."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mixtures import drawn
from motes import C4, Patterns, Rotations, simulate
from motes.reconstruction.mixture.held_out import held_out

TURNS = Rotations.in_plane(8)
PICTURES = [
    simulate.scaled(simulate.creature(11, seed=1), 60.0),
    simulate.scaled(simulate.portrait(11), 60.0),
    np.full((11, 11), 60.0 / 121),  # nothing but background
]


@pytest.mark.parametrize("n_classes", [1, 2])
def test_as_many_classes_as_there_are(n_classes):
    patterns, _ = drawn(PICTURES[:n_classes], TURNS, 1500, seed=1)
    found = held_out(patterns, TURNS, "poisson", classes=(1, 2, 3), tolerance=1e-5)
    assert found.best == n_classes
    assert repr(found).endswith(f"{n_classes} supported)")
    assert (found.std_error[found.less_than_best > 0] > 0).all()


def test_a_class_that_is_nothing_but_background():
    turning, _ = drawn(PICTURES[:1], TURNS, 1000, seed=2)
    still, _ = drawn(PICTURES[2:], Rotations.in_plane(1), 500, seed=3)
    order = np.random.default_rng(0).permutation(1500)
    patterns = Patterns.concatenate([turning, still])[order]
    found = held_out(patterns, TURNS, "poisson", classes=(1,), still_classes=1, tolerance=1e-5).results[0]
    assert found.class_weights == pytest.approx([2 / 3, 1 / 3], abs=0.03)
    labels = found.labels[:, 0] == (order[0::2] >= 1000)
    assert labels.mean() > 0.97


def test_what_can_not_be_held_out():
    patterns, _ = drawn(PICTURES[:1], TURNS, 10, seed=1)
    with pytest.raises(ValueError, match="patterns: expected at least 2"):
        held_out(patterns[:1], TURNS, "poisson")
    with pytest.raises(ValueError, match="classes: expected numbers of classes, got none"):
        held_out(patterns, TURNS, "poisson", classes=())
    for fluence in ("estimate", np.ones(10)):
        with pytest.raises(ValueError, match="fluence: can not be held out"):
            held_out(patterns, TURNS, "poisson", fluence=fluence)


@pytest.mark.parametrize("beta", [1.0, "auto", [0.5, 1.0]])
def test_one_class_of_exact_turns_under_any_power(beta):
    patterns, _ = drawn(PICTURES[:1], C4, 100, seed=1)
    assert held_out(patterns, C4, "poisson", classes=(1,), beta=beta, tolerance=1e-3).best == 1


def test_the_fewest_classes_in_any_order():
    patterns, _ = drawn(PICTURES[:1], TURNS, 400, seed=1)
    one, two = (held_out(patterns, TURNS, "poisson", classes=k, tolerance=1e-4) for k in ((1, 2), (2, 1)))
    assert one.best == two.best == 1
    alike = replace(two, less_than_best=np.zeros(2))
    assert alike.best == 1
