"""Where what programs link to is: the wheel carries headers, `libmotes`, its CMake package and its pkg-config file."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent


def cmake_dir() -> str:
    """The folder of `motesConfig.cmake`, for `-Dmotes_DIR=`.

    Raises
    ------
    FileNotFoundError
        If this copy of the package was not installed.
    """
    return str(_there("lib/cmake/motes/motesConfig.cmake").parent)


def includes() -> str:
    """The compiler's option for the headers: `-I.../include`.

    Raises
    ------
    FileNotFoundError
        If this copy of the package was not installed.
    """
    return f"-I{_there('include/motes/motes.h').parents[1]}"


def libs() -> str:
    """The linker's options: `-L.../lib -lmotes`, and the system's libraries that a program in C needs besides.

    Raises
    ------
    FileNotFoundError
        If this copy of the package was not installed.
    """
    described = _there("lib/pkgconfig/motes.pc").read_text(encoding="utf-8")
    return re.search(r"^Libs: (.*)$", described, re.MULTILINE)[1].replace("${libdir}", str(ROOT / "lib")).strip()  # type: ignore[index]


def _there(path: str) -> Path:
    found = ROOT / path
    if not found.is_file():
        raise FileNotFoundError(f"{found}: not there: this copy of motes was not installed (pip install .)")
    return found
