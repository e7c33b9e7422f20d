"""What README and docs show runs: code blocks, links, command lines."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(page: Path, *languages: str) -> list[tuple[int, str]]:
    """(line, text) of the fenced blocks in these languages."""
    found, start, text = [], 0, []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if not start and line.startswith("```"):
            start, language, text = number, line[3:].strip(), []
        elif start and line.startswith("```"):
            if language in languages:
                found.append((start + 1, "\n".join(text)))
            start = 0
        elif start:
            text.append(line)
    assert not start, f"{page.name}: the block of line {start} never ends"
    return found


def commands(page: Path) -> list[str]:
    """Lines of shell blocks that run motes."""
    lines = [line for _, text in blocks(page, "sh") for line in text.replace("\\\n", " ").splitlines()]
    return [part.strip() for line in lines for part in line.split("&&") if re.match(r"\s*(\S*/)?motes\s", part)]


@each_page
def test_code_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for line, text in blocks(page, "python"):
        code = compile("\n" * (line - 1) + text, str(page), "exec")
        exec(code, namespace)  # one namespace a page, as a reader would type it


@each_page
@pytest.mark.parametrize("library", ["numba"])
def test_code_blocks_that_need_a_library_run(page, library):
    found = blocks(page, f"python {library}")
    if found:
        pytest.importorskip(library, reason=f"{library} is not installed")
    for line, text in found:
        exec(compile("\n" * (line - 1) + text, str(page), "exec"), {"__name__": "__main__"})


@each_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(linked), f"{page.name}: {target}"


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_command_lines_parse(page):
    import typer.main

    from motes.cli import app

    root = typer.main.get_command(app)
    for line in commands(page):
        words = shlex.split(line, comments=True)[1:]
        command, context = root, root.make_context("motes", [], resilient_parsing=True)
        while words and hasattr(command, "get_command"):
            name = words.pop(0)
            if name.startswith("-"):
                assert name in options_of(command, context), f"{page.name}: {line}"
                break
            command = command.get_command(context, name)
            assert command is not None, f"{page.name}: {line}: there is no command {name}"
        else:
            known = options_of(command, context)
            for word in words:
                if re.match(r"--?[a-z]", word):
                    assert word in known, f"{page.name}: {line}: there is no option {word}"


def options_of(command: Any, context: Any) -> set[str]:
    """Names of a command's options."""
    return {name for parameter in command.get_params(context) for name in parameter.opts}


def test_readme_promises_two_commands():
    """`.ci/run` takes them from there."""
    lines = [line for _, text in blocks(ROOT / "README.md", "sh") for line in text.splitlines() if ".venv/bin" in line]
    assert lines == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/motes demo",
        'python3 -m venv .venv && .venv/bin/pip install ".[test]" && .venv/bin/pytest',
    ]
