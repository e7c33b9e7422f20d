"""Past one machine: the same work, to the same bits, on the workers of a Dask cluster (extra `dask`)."""

from motes.distributed.engine import DaskEngine
from motes.distributed.photons import reconstruct
from motes.distributed.picking import evaluate, suppress
from motes.distributed.scheduler import connect
from motes.distributed.study import study

__all__ = ["DaskEngine", "connect", "evaluate", "reconstruct", "study", "suppress"]
