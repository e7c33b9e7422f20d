"""Sources of C and C++, compiled as strictly as can be: `tests/abi`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

INCLUDE = Path(__file__).parents[1] / "csrc" / "include"
WARNINGS = ("-Wall", "-Wextra", "-Werror")
STRICT = {
    ".c": ("-std=c11", "-pedantic", *WARNINGS),
    ".cpp": ("-std=c++20", "-pedantic", *WARNINGS, "-Wconversion", "-Wshadow"),
}
COMPILERS = {".c": ("CC", "cc", "gcc", "clang"), ".cpp": ("CXX", "c++", "g++", "clang++")}


def compiled(source: Path, output: Path, *options: str) -> Path:
    """What the system's compiler makes of a source of C or C++; the test is skipped where there is none."""
    variable, *names = COMPILERS[source.suffix]
    command = next(filter(None, map(shutil.which, (os.environ.get(variable, names[0]), *names))), None)
    if not command:
        pytest.skip(f"no compiler for {source.suffix} (set {variable})")
    if not INCLUDE.is_dir():
        pytest.skip(f"no headers in {INCLUDE}")
    command_line = [command, *STRICT[source.suffix], f"-I{INCLUDE}", *options, source, "-o", output]
    done = subprocess.run(command_line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return output


def functions_of(header: str) -> set[str]:
    """The functions that a public header declares."""
    found = set(re.findall(r"^MOTES_API [^;(]*?(motes_\w+)\(", (INCLUDE / "motes" / header).read_text(), re.MULTILINE))
    assert found
    return found
