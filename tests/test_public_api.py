"""Names and signatures that users build on are those that are committed."""

from __future__ import annotations

import difflib
import inspect

import public_api


def test_names_and_signatures_are_the_committed_ones():
    committed = public_api.FILE.read_text(encoding="utf-8").splitlines()
    changed = list(difflib.unified_diff(committed, public_api.lines(), "tests/api.txt", "motes", lineterm="", n=0))
    assert not changed, "\n".join([*changed, "docs/stability.md says when; then: python tests/public_api.py"])


def test_what_a_signature_shows():
    class Thing:
        def act(self, a: int, *, kind: type = float, default: object = object()) -> None: ...

    assert public_api.signature(Thing.act) == "(self, a, *, kind=float, default=...)"
    assert list(public_api.of("Thing", 3)) == ["Thing: int"]


def test_a_lost_parameter_is_seen():
    def before(a, *, threads=None): ...
    def after(a): ...

    assert public_api.signature(before) != public_api.signature(after)
    assert inspect.isfunction(before)
