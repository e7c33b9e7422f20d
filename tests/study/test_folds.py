"""Parts of the micrographs: none in two roles, all take their turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motes.study.config import Folds
from motes.study.folds import folds_of


@given(st.integers(0, 50), st.integers(4, 30), st.integers(2, 5), st.integers(1, 3))
def test_every_micrograph_has_one_role_and_tests_once(seed, m, n, n_validation):
    if n > m or -(-m // n) + n_validation >= m:
        return
    made = folds_of(seed, m, n_validation, Folds(n=n, run=n))
    assert sorted(made) == list(range(n))
    assert sorted(row for fold in made.values() for row in fold.test) == list(range(m))
    for fold in made.values():
        assert sorted((*fold.train, *fold.validation, *fold.test)) == list(range(m))
        assert len(fold.validation) == n_validation
        assert fold.train


def test_one_turn_a_seed_is_one_of_all_turns():
    every = folds_of(4, 12, 2, Folds(n=3, run=3))
    [(part, fold)] = folds_of(4, 12, 2, Folds(n=3, run=1)).items()
    assert part == 1
    assert fold == every[part]
    assert {next(iter(folds_of(seed, 12, 2, Folds(n=3)))) for seed in range(3)} == {0, 1, 2}


def test_seeds_shuffle_and_fixed_parts_do_not():
    assert folds_of(0, 12, 1, Folds(n=3, run=3)) != folds_of(3, 12, 1, Folds(n=3, run=3))
    for seed in (0, 1):
        [fold] = folds_of(seed, 14, 1, Folds(n=4, fixed=True)).values()
        assert fold.test == (11, 12, 13)
        assert fold.validation == (0,)


@pytest.mark.parametrize(("n", "n_validation"), [(7, 1), (2, 3), (3, 4)])
def test_none_left_to_learn_from(n, n_validation):
    with pytest.raises(ValueError, match=r"expected at most one a micrograph|none is left to learn from"):
        folds_of(0, 6, n_validation, Folds(n=n))
