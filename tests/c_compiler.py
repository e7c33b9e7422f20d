"""Sources of C11, compiled as strictly as can be: `tests/abi`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

INCLUDE = Path(__file__).parents[1] / "csrc" / "include"
STRICT = ("-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror")


def compiled(source: Path, output: Path, *options: str) -> Path:
    """What the system's C compiler makes of a source; the test is skipped where there is none."""
    command = next(filter(None, map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang"))), None)
    if not command:
        pytest.skip("no C compiler (set CC)")
    if not INCLUDE.is_dir():
        pytest.skip(f"no headers in {INCLUDE}")
    done = subprocess.run([command, *STRICT, f"-I{INCLUDE}", *options, source, "-o", output],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return output


def functions_of(header: str) -> set[str]:
    """The functions that a public header declares."""
    found = set(re.findall(r"^MOTES_API [^;(]*?(motes_\w+)\(", (INCLUDE / "motes" / header).read_text(), re.MULTILINE))
    assert found
    return found
