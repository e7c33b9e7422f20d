"""Doctests of what needs torch or numba are left out where these are not installed."""

from __future__ import annotations

import importlib.util

NEEDED = {
    "torch": ("python/motes/pickers/networks/*.py",),
    "numba": ("python/motes/numba_support/*.py", "python/motes/bench/peers/numba_*.py"),
}
collect_ignore_glob = [
    glob for library, globs in NEEDED.items() if not importlib.util.find_spec(library) for glob in globs
]
