"""Past one machine: the same work, to the same bits, on the workers of a Dask cluster (extra `dask`).

Names are loaded when first used: a worker needs few of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motes.distributed.engine import DaskEngine
    from motes.distributed.photons import reconstruct
    from motes.distributed.picking import evaluate, suppress
    from motes.distributed.scheduler import connect
    from motes.distributed.studies import study

_HOME = {
    "DaskEngine": "engine",
    "connect": "scheduler",
    "evaluate": "picking",
    "reconstruct": "photons",
    "study": "studies",
    "suppress": "picking",
}

__all__ = ["DaskEngine", "connect", "evaluate", "reconstruct", "study", "suppress"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'motes.distributed' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"motes.distributed.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
