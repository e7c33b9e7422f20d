"""Where what programs link to is: the wheel carries headers, `libmotes`, its CMake package and its pkg-config file.

Options are quoted as a shell reads them; `shlex.split` makes a list of them, for `setuptools.Extension` say.
"""

from __future__ import annotations

import re
import shlex
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
    """The compiler's option for the headers: `-I.../include`, quoted where the path asks for it.

    Raises
    ------
    FileNotFoundError
        If this copy of the package was not installed.
    """
    return shlex.quote(f"-I{_there('include/motes/motes.h').parents[1]}")


def libs() -> str:
    """The linker's options: `-L.../lib -lmotes`, quoted likewise, and the system's libraries that C needs besides.

    Raises
    ------
    FileNotFoundError
        If this copy of the package was not installed.
    """
    described = _there("lib/pkgconfig/motes.pc").read_text(encoding="utf-8")
    options = re.search(r"^Libs: (.*)$", described, re.MULTILINE)[1].split()  # type: ignore[index]
    return shlex.join(option.replace("${libdir}", str(ROOT / "lib")) for option in options)


def _there(path: str) -> Path:
    found = ROOT / path
    if not found.is_file():
        raise FileNotFoundError(f"{found}: not there: this copy of motes was not installed (pip install .)")
    return found
