"""What is no `Patterns`, no noise model, no templates is refused by name at every public entry."""

from __future__ import annotations

import re

import numpy as np
import pytest

import motes
from problems import master_of, patterns_of

DATA = patterns_of(master_of(5), 50)
TEMPLATES = motes.C4.expand(master_of(5))
GAMMA = np.full((50, 4), 0.25, np.float32)
ENTRIES = {
    "log_likelihood": lambda patterns: motes.log_likelihood(patterns, TEMPLATES),
    "sweep": lambda patterns: motes.sweep(patterns, TEMPLATES),
    "back_rotate": lambda patterns: motes.back_rotate(patterns, GAMMA),
    "reconstruct": motes.reconstruct,
    "assign": lambda patterns: motes.reconstruct(DATA).assign(patterns),
    "write_patterns": lambda patterns: motes.write_patterns("nothing.npz", patterns),
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(
    ("came", "named"),
    [(DATA.to_dense(), "ndarray"), (DATA.to_scipy(), "cs[rc]_"), ("endeavor.npz", "str"), (None, "NoneType")],
)
def test_patterns_of_another_type(entry, came, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match=f"^patterns: expected motes.Patterns, got {named}"):
        ENTRIES[entry](came)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kernel", [motes.log_likelihood, motes.sweep])
@pytest.mark.parametrize("dtype", [np.int64, bool, complex, object])
def test_templates_of_another_type(kernel, dtype):
    came = np.ones((4, 5, 5), dtype)
    with pytest.raises(TypeError, match=f"^templates: expected floating-point means, got dtype {came.dtype}"):
        kernel(DATA, came)


@pytest.mark.parametrize("kernel", [motes.log_likelihood, motes.sweep])
def test_noise_by_name(kernel):
    named, given = kernel(DATA, TEMPLATES, "poisson"), kernel(DATA, TEMPLATES, motes.Poisson())
    assert repr(named) == repr(given) != repr(kernel(DATA, TEMPLATES))
    with pytest.raises(ValueError, match="noise: expected bernoulli or poisson, got 'gaussian'"):
        kernel(DATA, TEMPLATES, "gaussian")
    with pytest.raises(TypeError, match=re.escape("noise: expected motes.Bernoulli() or motes.Poisson(), got float")):
        kernel(DATA, TEMPLATES, 0.5)


def test_rotations_by_name():
    np.testing.assert_array_equal(motes.back_rotate(DATA, GAMMA, "c4"), motes.back_rotate(DATA, GAMMA))
    with pytest.raises(TypeError, match=r"another motes\.TemplateMap or a name, got int"):
        motes.back_rotate(DATA, GAMMA, 4)
    with pytest.raises(TypeError, match="coefficients: expected an array of float32 or float64, got list"):
        motes.back_rotate(DATA, GAMMA.tolist())


def test_results_tell_their_story_in_one_line():
    fitted = motes.reconstruct(DATA)
    for result in (motes.sweep(DATA, TEMPLATES), fitted.assign(DATA), fitted.assign(DATA[:0]), fitted):
        text = repr(result)
        assert text.startswith(f"{type(result).__name__}(")
        assert "\n" not in text
        assert len(text) < 200
    assert "4 planes of 5x5" in repr(motes.sweep(DATA, TEMPLATES))
    assert repr(fitted.assign(DATA[:1])).startswith("Assignment(1 pattern, ")
