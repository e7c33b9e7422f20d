"""The site: what it is made of is complete. `nox -s docs` builds it, with warnings as errors."""

from __future__ import annotations

import inspect
import re
import types
from pathlib import Path

import pytest
from docs.site import headers
from docs.site.blocks import blocks_of, in_shell

import motes

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
HEADERS = sorted((ROOT / "csrc" / "include" / "motes").iterdir())


def test_blocks_end_with_their_own_fence():
    text = "a\n````python\nx = 1\n```\ny = 2\n````\n```sh run\nmotes --help\n```\n"
    first, second = blocks_of(text)
    assert (first.line, first.end, first.info, first.text) == (3, 6, "python", "x = 1\n```\ny = 2")
    assert (second.info, second.text) == ("sh run", "motes --help")
    with pytest.raises(ValueError, match="the block of line 2 never ends"):
        blocks_of("a\n```python\nx = 1\n")


def test_commands_of_pages_are_this_python_s(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert in_shell("motes --version").strip().endswith(motes.__version__)
    with pytest.raises(RuntimeError, match="exit status 2"):
        in_shell("motes reconstruct nothing.npz -o out\necho not reached")


def marked(kind: str) -> set[str]:
    """What the comments of this kind on the reference's pages ask for."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    return set(re.findall(rf"^<!-- {kind} (.+) -->$", text, re.MULTILINE))


def test_every_module_and_name_of_the_package_has_its_place_in_the_reference():
    asked = marked("api")
    at_the_top = {name for entry in asked if entry.startswith("motes:") for name in entry.split()[1:]}
    modules = {entry.removeprefix("motes.") for entry in asked if not entry.startswith("motes:")}
    public = {name: getattr(motes, name) for name in motes.__all__ if name != "__version__"}
    assert modules == {name for name, thing in public.items() if inspect.ismodule(thing)} | {"linking"}
    assert at_the_top == {name for name, thing in public.items() if not isinstance(thing, types.ModuleType)}


def test_every_header_has_its_place_in_the_reference():
    assert marked("header") == {path.name for path in HEADERS}


@pytest.mark.parametrize("path", HEADERS, ids=lambda path: path.name)
def test_the_reference_of_a_header_has_all_of_its_functions(path):
    text = path.read_text(encoding="utf-8")
    public = re.sub(r"^namespace detail \{.*?^\}  // namespace detail$", "", text, flags=re.DOTALL | re.MULTILINE)
    found = headers.reference(path.name)
    shown = re.findall(r"\{c(?:pp)?:function\} [^(]*?(\w+)\(", found)
    assert shown == re.findall(r"^(?:[\w:<>]+[*&]? )+(\w+)\(", public, re.MULTILINE)
    types_shown = re.findall(r"\{c:type\} (\w+)", found)
    assert types_shown == re.findall(r"^(?:typedef.*|\}) (\w+);", text, re.MULTILINE)


def test_attributes_become_entries_of_their_own():
    pytest.importorskip("sphinx", reason="sphinx is not installed")
    from docs.site.public import entries

    lines = ["One.", "", "Attributes", "----------", "low, high : float", "    Ends.", "n : int", "    Number.", ""]
    lines += ["Examples", "--------", ">>> 1", "1"]
    text, names = entries(lines)
    assert names == {"low", "high", "n"}
    assert [line.strip() for line in text if line.strip()] == [
        *("One.", ".. attribute:: low", "high", "*float*", "Ends.", ".. attribute:: n", "*int*", "Number."),
        *("Examples", "--------", ">>> 1", "1"),
    ]
