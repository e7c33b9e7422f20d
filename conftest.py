"""Doctests of what needs torch are left out where it is not installed."""

from __future__ import annotations

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["python/motes/pickers/networks/*.py"]
