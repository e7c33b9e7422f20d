"""The whole reconstruction, in memory. It has no peer: accuracy and end-to-end times are in scripts of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import motes
from benchmarks.workloads import Work


@pytest.mark.parametrize("threads", [1, 2])
def bench_reconstruct(benchmark: Any, work_for: Callable[[str], Work], threads: int) -> None:
    patterns = work_for("sweep").patterns
    benchmark.group = f"reconstruct, {threads} thread{'s' * (threads > 1)}"
    benchmark.pedantic(motes.reconstruct, args=(patterns,), kwargs={"threads": threads}, rounds=3)
