"""What pages say for the site alone, in comments that other readers of Markdown do not see.

`<!-- figure FILE: CAPTION -->` shows a picture that a block of the page wrote, `<!-- printed -->` what the block above
printed: a page with either is run when it is built. `<!-- api motes.picking -->`, `<!-- header motes.h -->` and
`<!-- commands -->` stand for a reference made from the code. Links to files beside docs/ lead into the repository.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docs.site import commands, headers, public, unimported
from docs.site.blocks import FIGURE, PRINTED, run
from sphinx.application import Sphinx
from sphinx.util import logging

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/motes-dev/motes/blob/main"
logger = logging.getLogger(__name__)

REFERENCES: dict[str, Callable[[str], str]] = {
    "api": public.reference,
    "header": headers.reference,
    "commands": commands.reference,
    "source": unimported.reference,
}


def read(app: Sphinx, name: str, content: list[str]) -> None:
    """Expand the source of a page."""
    path = Path(app.env.doc2path(name))
    if path.suffix != ".md":
        return
    text = content[0]
    if FIGURE.search(text) or PRINTED.search(text):
        text = with_results(app, name, path, text)
    text = re.sub(r"^<!-- (api|header|commands|source)(?: (.+?))? -->$", made_from_code, text, flags=re.MULTILINE)
    text = re.sub(r"\[[\w-]+\.md\](\([\w/-]+\.md(?:#[\w-]+)?\))", r"[]\1", text)  # the page's title for its file name
    content[0] = re.sub(r"(\]\()([^)\s#]+)(#[^)\s]*)?\)", lambda found: into_repository(path, found), text)


def made_from_code(found: re.Match[str]) -> str:
    """The reference that a comment stands for."""
    return REFERENCES[found[1]](found[2] or "")


def into_repository(page: Path, found: re.Match[str]) -> str:
    """A link to a file that is no part of the site."""
    target = (page.parent / found[2]).resolve()
    if ":" in found[2] or not target.is_relative_to(ROOT) or target.is_relative_to(ROOT / "docs"):
        return found[0]
    if target.parent == headers.INCLUDE and target.suffix:
        return f"{found[1]}/reference/{headers.page_of(target.name)})"
    return f"{found[1]}{REPOSITORY}/{target.relative_to(ROOT).as_posix()}{found[3] or ''})"


def with_results(app: Sphinx, name: str, path: Path, text: str) -> str:
    """Run the page where its figures are to be; put them, and what was printed, where it says so."""
    folder = Path(app.doctreedir, "made", name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with contextlib.chdir(folder):
        ends = {block.end: printed for block, printed in run(path, text)}
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if PRINTED.match(line):
            last = max(end for end in ends if end <= number)
            lines[number] = f"```{{code-block}} text\n:class: printed\n\n{ends[last].rstrip()}\n```"
        elif figure := FIGURE.match(line):
            picture = folder / figure["file"]
            if not picture.is_file():
                logger.warning("no block of the page wrote %s", figure["file"], location=(name, number + 1))
            seen_from_here = os.path.relpath(picture, path.parent)
            lines[number] = f"```{{figure}} {seen_from_here}\n:alt: {figure['caption']}\n\n{figure['caption']}\n```"
    return "\n".join(lines) + "\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Expand every page as it is read."""
    os.environ.setdefault("MPLBACKEND", "agg")
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
