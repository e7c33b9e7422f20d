"""Blacklists, and the odd and even halves of what is left."""

from __future__ import annotations

import numpy as np
import pytest

from motes import FormatError
from motes.dragonfly import half_of, read_blacklist


def test_halves_share_nothing_and_leave_nothing_out():
    kept = np.random.default_rng(0).random(101) < 0.7
    odd, even = half_of(kept, "odd"), half_of(kept, "even")
    assert not (odd & even).any()
    np.testing.assert_array_equal(odd | even, kept)
    assert odd.sum() - even.sum() in (0, 1)
    np.testing.assert_array_equal(np.flatnonzero(odd), np.flatnonzero(kept)[::2])  # counted without those left out


def test_half_of_nothing():
    assert half_of([], "odd").shape == (0,)
    assert not half_of([True], "even").any()
    with pytest.raises(ValueError, match="half: expected one of odd, even, got 'both'"):
        half_of([True], "both")


def test_blacklist(tmp_path):
    path = tmp_path / "blacklist.dat"
    path.write_text("0\n1\n\n0 1 # two on a line\n")
    np.testing.assert_array_equal(read_blacklist(path, 4), [False, True, False, True])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0\n2\n0\n", "line 2: expected 0, or 1 for a pattern to leave out, got '2'"),
        ("0\n1\n", "2 numbers, expected one for each of 3 patterns"),
        ("0\n1\n0\n1\n", "4 numbers, expected one for each of 3 patterns"),
        ("0\n1.0\n0\n", "line 2: expected 0, or 1 for a pattern to leave out, got '1.0'"),
        ("", "is empty"),
    ],
)
def test_blacklist_refuses(tmp_path, text, told):
    path = tmp_path / "blacklist.dat"
    path.write_text(text)
    with pytest.raises(FormatError) as refused:
        read_blacklist(path, 3)
    assert str(refused.value).startswith(f"{path}: {told}")
