"""Batches in any order: the patterns asked for, whatever is copied together."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from motes import Patterns
from motes.batches import batches


@pytest.mark.parametrize("copied", [1, 3, 7, 1000])
def test_batches_are_the_patterns_in_order(monkeypatch, copied):
    monkeypatch.setattr(sys.modules[batches.__module__], "_COPIED", copied)
    patterns = Patterns.from_dense(np.random.default_rng(0).integers(0, 3, (20, 9)))
    order = np.random.default_rng(1).permutation(20)
    edges = np.array([0, 4, 6, 13, 20])
    parts = list(batches(patterns, order, edges))
    assert [len(part) for part in parts] == np.diff(edges).tolist()
    assert Patterns.concatenate(parts) == patterns[order]
    assert list(batches(patterns, order[:0], np.array([0]))) == []
