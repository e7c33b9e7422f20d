"""Tables of figures in the pages of docs: Markdown between marks, `<!-- name -->` and `<!-- /name -->`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Markdown."""
    names = list(header)
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def fill(page: Path, tables: Mapping[str, str]) -> None:
    """Put each table between its marks, which must be there."""
    text = page.read_text()
    for mark, between in tables.items():
        before, found, rest = text.partition(f"<!-- {mark} -->\n")
        _, end, after = rest.partition(f"<!-- /{mark} -->")
        assert found, f"{page.name}: no mark {mark}"
        assert end, f"{page.name}: mark {mark} has no end"
        text = before + found + between + end + after
    page.write_text(text)
