"""Loaded by the workers of this machine when they start (Dask's `preload`): Ctrl-C is their parent's to answer."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Called by Dask in each new worker process: Ctrl-C in a terminal reaches them all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
