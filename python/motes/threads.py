"""How many threads a call may use: what this process is allowed, not what the machine has."""

from __future__ import annotations

import math
import operator
import os
from pathlib import Path


def available_threads(threads: int | None = None) -> int:
    """Threads to use: `threads` itself, or all that this process may have.

    The least of the processor affinity, the control group's quota, and `OMP_NUM_THREADS`.

    Parameters
    ----------
    threads : int, optional
        1 to 1024; by default all that this process may use. Results never depend on it.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    TypeError, ValueError
        If `threads` is no whole number of 1 to 1024.

    Examples
    --------
    >>> available_threads(3)
    3
    >>> available_threads() >= 1
    True
    """
    if threads is not None:
        if isinstance(threads, bool) or not hasattr(threads, "__index__"):
            raise TypeError(f"threads: expected an int, got {type(threads).__name__}")
        threads = operator.index(threads)
        if not 1 <= threads <= 1024:
            raise ValueError(f"threads: expected 1 to 1024, got {threads}")
        return threads
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [allowed, _group_quota(), _wish()]
    return max(1, min(limit for limit in (*limits, 1024) if limit is not None))


def _group_quota() -> int | None:
    """Processors that the control group (v2, else v1) grants, rounded up."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").read_text().strip()
            period = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    try:
        return math.ceil(int(quota) / int(period)) if int(quota) > 0 else None
    except (ValueError, ZeroDivisionError):  # "max": no quota
        return None


def _wish() -> int | None:
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None
