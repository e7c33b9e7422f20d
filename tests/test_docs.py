"""What README and docs show runs: code blocks, links, command lines."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from docs.site.blocks import FIGURE, Block, blocks_of, run

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, *infos: str) -> list[Block]:
    """The fenced blocks of these languages."""
    return [block for block in blocks_of(page.read_text(encoding="utf-8")) if block.info in infos]


def commands(page: Path) -> list[str]:
    """Lines of shell blocks that run motes."""
    lines = [line for block in blocks(page, "sh", "sh run") for line in block.text.replace("\\\n", " ").splitlines()]
    return [part.strip() for line in lines for part in line.split("&&") if re.match(r"\s*(\S*/)?motes\s", part)]


@each_page
def test_code_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if blocks(page, "sh run"):
        pytest.importorskip("mrcfile", reason="commands of this page write MRC files")
    text = page.read_text(encoding="utf-8")
    for _ in run(page, text):
        pass
    for figure in FIGURE.finditer(text):
        assert (tmp_path / figure["file"]).is_file(), f"{page.name}: no block wrote {figure['file']}"


@each_page
@pytest.mark.parametrize("library", ["numba"])
def test_code_blocks_that_need_a_library_run(page, library):
    found = blocks(page, f"python {library}")
    if found:
        pytest.importorskip(library, reason=f"{library} is not installed")
    for block in found:
        exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), {"__name__": "__main__"})


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
    lines = [line for block in blocks(ROOT / "README.md", "sh") for line in block.text.splitlines()]
    assert [line for line in lines if ".venv/bin" in line] == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/motes demo",
        'python3 -m venv .venv && .venv/bin/pip install ".[test]" && .venv/bin/pytest',
    ]
