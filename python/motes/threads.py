"""How many threads a call may use: what this process is allowed, not what the machine has."""

from __future__ import annotations

import functools
import math
import operator
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from threadpoolctl import LibController, register, threadpool_limits

_OWN_GROUPS, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")

_most: int | None = None  # what threadpoolctl was asked for


def available_threads(threads: int | None = None) -> int:
    """Threads to use: `threads` itself, or all that this process may have.

    The least of the processor affinity, the quotas of the control groups it is in, `OMP_NUM_THREADS`, and what
    `threadpoolctl.threadpool_limits` asks for (for `user_api="motes"`, or for all; once a kernel has been loaded).

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
    wish = _wish()
    if 1 in (wish, _most):  # the least there is; many small calls would spend their time reading quotas
        return 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [allowed, _group_quota(_OWN_GROUPS, _GROUPS), wish, _most]
    return max(1, min(limit for limit in (*limits, 1024) if limit is not None))


def at_most(threads: int | None) -> AbstractContextManager[object]:
    """Within it calls that are not told their number of threads use no more than this; None: as before."""
    limits: AbstractContextManager[object] = threadpool_limits(threads, user_api="motes")
    return limits


def one_blas_thread() -> AbstractContextManager[object]:
    """Within it BLAS is serial: its bits depend on its number of threads."""
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits


@functools.cache  # read once a process: reading takes longer than many a call
def _group_quota(own: Path, mounted: Path) -> int | None:
    """Processors that the control groups (v2, else v1) grant, rounded up: the least, from our own up to the root."""
    try:
        groups = [line.split(":", 2) for line in own.read_text().splitlines()]
    except OSError:
        return None
    found = []
    for _, controllers, path in (group for group in groups if len(group) == 3):
        if controllers == "":
            roots, read = [mounted], _quota_v2
        elif "cpu" in controllers.split(","):
            roots, read = [mounted / controllers, mounted / "cpu"], _quota_v1
        else:
            continue
        for root in roots:
            inner = root / path.lstrip("/")
            found += [read(folder) for folder in (inner, *inner.parents) if folder.is_relative_to(root)]
    return min((quota for quota in found if quota is not None), default=None)


def _quota_v2(folder: Path) -> int | None:
    return _ratio(lambda: (folder / "cpu.max").read_text().split())


def _quota_v1(folder: Path) -> int | None:
    return _ratio(lambda: [(folder / name).read_text() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")])


def _ratio(read: Callable[[], list[str]]) -> int | None:
    try:
        quota, period = map(int, read())
        return math.ceil(quota / period) if quota > 0 else None
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or "max": no quota
        return None


def _wish() -> int | None:
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None


class _Controller(LibController):  # type: ignore[misc]
    """What threadpoolctl knows of the compiled kernels."""

    user_api = "motes"
    internal_api = "motes"
    filename_prefixes = ("_core",)
    check_symbols = ("motes_hardware_threads",)

    def get_num_threads(self) -> int:
        return available_threads()

    def set_num_threads(self, num_threads: int) -> None:
        global _most
        _most = None  # asking for all that there are is asking for nothing: limits that end leave no trace
        _most = int(num_threads) if 0 < num_threads < available_threads() else None

    def get_version(self) -> None:
        return None


register(_Controller)
