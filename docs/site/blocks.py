"""The code blocks of a page: found, and run as a reader would type them. The tests and the site share it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIGURE = re.compile(r"^<!-- figure (?P<file>\S+): (?P<caption>.+) -->$", re.MULTILINE)
PRINTED = re.compile(r"^<!-- printed -->$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    line: int  # of its first line of text, from 1
    end: int  # of the closing fence
    info: str  # what follows the opening fence: "python", "sh run"
    text: str


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    start, fence, info, lines = 0, "", "", [""]
    for number, line in enumerate(text.splitlines(), 1):
        opened = re.match(r"(`{3,})(.*)", line)
        if not start and opened:
            start, fence, info, lines = number + 1, opened[1], opened[2].strip(), []
        elif start and line.startswith(fence):
            found.append(Block(start, number, info, "\n".join(lines)))
            start = 0
        elif start:
            lines.append(line)
    if start:
        raise ValueError(f"the block of line {start - 1} never ends")
    return found


def run(page: Path, text: str) -> Iterator[tuple[Block, str]]:
    """Run the blocks `python` and `sh run` of a page in the working directory; each, and what it printed.

    One namespace a page. In the shell, `motes` is this Python's.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks_of(text):
        if block.info == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), namespace)
            yield block, printed.getvalue()
        elif block.info == "sh run":
            yield block, in_shell(block.text)


def in_shell(commands: str) -> str:
    """What these commands print, on either stream."""
    ours = f'motes() {{ {shlex.quote(sys.executable)} -m motes "$@"; }}'
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "MPLBACKEND": "agg"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{ours}\n{commands}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(f"exit status {done.returncode} of\n{commands}\n{done.stdout}")
    return done.stdout
