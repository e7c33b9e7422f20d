"""Results are those of the last release, or a line of the changelog says that they changed."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

import committed
from motes import _core

EXPECTED = json.loads(committed.FILE.read_text(encoding="utf-8"))
CHANGELOG = (committed.TESTS.parent / "CHANGELOG.md").read_text(encoding="utf-8")
# Of the size of the whole result: instruction sets agree to the last bit here, another LAPACK may round otherwise.
WORKFLOW_TOLERANCE = 1e-5
HOW = 'if that is meant: say so in CHANGELOG.md, then python tests/committed.py "that line"'
each = pytest.mark.parametrize("isa", committed.AVAILABLE)


@cache
def found(isa: str) -> dict[str, Any]:
    return committed.of_instruction_set(isa)


def changed_bits(isa: str, now: dict[str, str], then: dict[str, Any]) -> list[str]:
    """Names of the kernels' results that are not as committed."""
    expected = {name: of if isinstance(of, str) else of[isa] for name, of in then.items()}
    return sorted(name for name in now.keys() | expected.keys() if now.get(name) != expected.get(name))


def changed_numbers(now: dict[str, list[float]], then: dict[str, list[float]]) -> list[str]:
    """Names of the workflows' results that are further from the committed ones than instruction sets may be."""
    return [
        name
        for name in sorted(now.keys() | then.keys())
        if name not in now
        or name not in then
        or not np.allclose(now[name], then[name], rtol=0, atol=WORKFLOW_TOLERANCE * np.linalg.norm(then[name]))
    ]


@each
def test_kernels_give_the_committed_bits(isa):
    changed = changed_bits(isa, found(isa)["kernels"], EXPECTED["kernels"])
    assert not changed, f"under {isa} these results changed: {changed}; {HOW}"


@each
def test_workflows_give_the_committed_numbers(isa):
    changed = changed_numbers(found(isa)["workflows"], EXPECTED["workflows"])
    assert not changed, f"under {isa} these results changed: {changed}; {HOW}"


def test_the_changelog_says_when_results_changed():
    assert EXPECTED["changelog"] in CHANGELOG


def test_every_family_has_a_fingerprint():
    families = {path.stem for path in (committed.TESTS / "kernels").glob("test_*.py")}
    families = {family.removeprefix("test_") for family in families} & set(dir(_core))
    assert families <= {name.split(":")[0].split()[0] for name in EXPECTED["kernels"]}
    assert len(families) > 5


def test_one_changed_bit_is_found():
    value = np.linspace(0, 1, 100)
    other = value.copy()
    other[7] = np.nextafter(other[7], 1)
    assert committed.digest(other) != committed.digest(value)
    assert committed.digest(value.astype(np.float32)) != committed.digest(value)
    assert changed_bits("v3", {"a": "1"}, {"a": {"v3": "2", "v4": "1"}}) == ["a"]
    assert changed_bits("v3", {}, {"a": "1"}) == ["a"]
    assert changed_bits("v4", {"a": "1"}, {"a": {"v3": "2", "v4": "1"}}) == []


def test_a_changed_number_is_found():
    value = np.random.default_rng(0).normal(size=(9, 9))
    then = {"a": committed.numbers(value)}
    assert changed_numbers({"a": committed.numbers(value * (1 + 1e-6))}, then) == []
    for other in (value * 1.001, value[::-1], value + 0.001):
        assert changed_numbers({"a": committed.numbers(other)}, then) == ["a"]
    assert changed_numbers({}, then) == changed_numbers({"a": then["a"], "b": [1.0]}, {"b": [1.0]}) == ["a"]
