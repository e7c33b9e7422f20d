"""How many classes patterns support."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mixtures import drawn
from motes import C4, DensePatterns, Patterns, Rotations, simulate
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
    with pytest.raises(ValueError, match="checkpoint: fits of half of the patterns keep no checkpoint"):
        held_out(patterns, TURNS, "poisson", checkpoint="x.npz")
    with pytest.raises(ValueError, match=r"init: .* several are tried; expected a start's name"):
        held_out(patterns, TURNS, "poisson", init=np.ones((11, 11)))
    with pytest.raises(ValueError, match="fluence: expected one for each of 10 patterns"):
        held_out(patterns, TURNS, "poisson", fluence=np.ones(4))
    with pytest.raises(KeyboardInterrupt):
        held_out(patterns, TURNS, "poisson", callback=lambda record: True)


def test_classes_of_real_numbers():
    rng = np.random.default_rng(0)
    templates = np.concatenate([C4.expand(picture) for picture in PICTURES[:2]])
    values = templates[rng.integers(0, 8, 600)] + rng.normal(0, 0.3, (600, 11, 11))
    found = held_out(DensePatterns(values), C4, classes=(1, 2, 3), tolerance=1e-5)
    assert found.best == 2
    assert found.results[1].noise.sigma == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize("given", ["estimate", "known"])
def test_classes_in_unequal_light(given):
    light = np.random.default_rng(1).lognormal(0, 0.4, 1200)
    stacks = [C4.expand(picture) for picture in PICTURES[:2]]
    rng = np.random.default_rng(2)
    means = np.concatenate(stacks)[rng.integers(0, 8, 1200)] * light[:, None, None]
    patterns = Patterns.from_dense(rng.poisson(means))
    fluence = 3.0 * light if given == "known" else given
    found = held_out(patterns, C4, "poisson", classes=(1, 2, 3), fluence=fluence, tolerance=1e-5)
    assert found.best == 2
    if given == "known":  # held-out ones are scored in the unit of those that were fitted
        scale = light[0::2].mean()
        again = found.results[1].assign(patterns[1::2], fluence=light[1::2] / scale).log_likelihood
        assert found.log_likelihood[1] == pytest.approx(again.mean(), rel=1e-12)


def test_what_is_held_out_is_binarised_too():
    patterns, _ = drawn(PICTURES[:1], C4, 200, seed=1)
    assert held_out(patterns, C4, binarise=True, classes=(1, 2), tolerance=1e-3).best == 1


def test_the_picture_says_what_is_supported():
    patterns, _ = drawn(PICTURES[:2], C4, 600, seed=1)
    found = held_out(patterns, C4, "poisson", classes=(2, 1), tolerance=1e-4)
    (axes,) = found.plot().axes
    assert axes.get_title(loc="left") == f"Patterns held out support {found.best} classes that rotate"
    drawn_bars = [bars.lines[0].get_xydata() for bars in axes.containers]
    np.testing.assert_allclose(np.concatenate(drawn_bars), [[1, -found.less_than_best[1]], [2, 0]])
    assert [text.get_text() for text in axes.texts][1] == "best"


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
