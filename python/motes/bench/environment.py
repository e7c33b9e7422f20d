"""The process and the machine that figures are taken in."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LIBRARIES = (
    "motes", "numpy", "scipy", "numba", "scikit-learn", "torch", "sparse-dot-mkl", "mkl", "pomegranate", "aspire",
    "shapely", "topaz-em",
)  # fmt: skip


def prepare_process() -> None:
    """Set what the peers' libraries read once, when they are loaded.

    Idle OpenMP workers spin for up to 200 ms by default: with sides taking turns, one would slow the other down.
    """
    os.environ.setdefault("KMP_BLOCKTIME", "1")
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    found = sorted(Path(sys.prefix, "lib").glob("libmkl_rt.so*"))
    if found:  # where pip puts it, which sparse_dot_mkl does not search
        os.environ.setdefault("MKL_RT", str(found[-1]))


@contextlib.contextmanager
def fixed_threads(threads: int) -> Iterator[None]:
    """Every library that is loaded uses this many threads; motes is told in each call."""
    from threadpoolctl import threadpool_limits

    numba, torch = sys.modules.get("numba"), sys.modules.get("torch")
    if numba is not None:
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    if torch is not None:
        torch.set_num_threads(threads)
    with threadpool_limits(threads):
        yield


def machine() -> dict[str, object]:
    """Processor, threads, versions and date: what a figure means nothing without."""
    from motes import show_config

    config = show_config()
    versions = {}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": config["threads"],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "compiler": config["compiler"],
        "instruction_set": config["instruction_set"],
        "blas": _blas(),
        "versions": versions,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _blas() -> str:
    """What NumPy was built with."""
    import numpy as np

    told: Any = np.show_config(mode="dicts")
    blas = told.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
