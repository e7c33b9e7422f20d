"""How fast motes is on this machine: beside the machine's limits, beside other libraries, and beside an earlier run."""

from __future__ import annotations

from motes.bench.compare import Change, Comparison, compare
from motes.bench.results import Run, load
from motes.bench.suite import run, run_beside

__all__ = ["Change", "Comparison", "Run", "compare", "load", "run", "run_beside"]
