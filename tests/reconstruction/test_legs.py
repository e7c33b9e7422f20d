"""A sample first, then all patterns: what is told where it ends between the two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from motes import reconstruct
from motes.reconstruction import sampled
from problems import master_of, patterns_of


@pytest.mark.parametrize("ended", [{"max_iterations": 3}, {"callback": lambda record: record["iteration"] == 3}])
def test_the_master_of_a_sample_is_told_as_such(monkeypatch: pytest.MonkeyPatch, ended: dict[str, Any]) -> None:
    """Its error bars are those of all patterns, four times too small."""
    monkeypatch.setattr(sampled, "SAMPLE", 1000)
    truth = master_of(5, photons=8.0)
    patterns = patterns_of(truth, 16_000, seed=1)
    cut = reconstruct(patterns, acceleration="sampled", **ended)
    turned = [np.rot90(cut.master, k) for k in range(4)]
    error = min(np.linalg.norm(master - truth) for master in turned)
    assert error > 2 * np.linalg.norm(cut.std_error)
    assert any("that of a sample of 1,000 patterns: its errors are at least 4.0 times" in note for note in cut.notes)
    whole = reconstruct(patterns, acceleration="sampled")
    assert not any("of a sample" in note for note in whole.notes)
    monkeypatch.setattr(sampled, "SAMPLE", 16_000)
    assert not any("of a sample" in note for note in reconstruct(patterns, acceleration="sampled", **ended).notes)
