"""What 64 workers would take for 10^8 and 10^10 patterns: from the fitted model, and simulated beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.reduction_tree import Costs, direct, finished, halves, tree
from benchmarks.scaling.model import (
    BYTES_OF_A_MESSAGE,
    BYTES_OF_A_SUM,
    Cluster,
    Parameters,
    Pass,
    bottleneck,
    predicted,
    total,
)
from benchmarks.scaling.reduction import SCATTER
from motes.distributed.engine import pieces_each

PHOTONS, BYTES_PER_PATTERN = 27.4, 57
SHAPES = ((25, 4, "C4"), (64, 36, "36 in-plane"), (256, 360, "360 in-plane"))  # the last larger than was measured
PLACES: dict[str, Cluster] = {
    "in memory": Cluster(held=True),
    "own disks, 1 GB/s each": Cluster(),
    "one file system, 5 GB/s": Cluster(shared=5e9),
}
FANS = (2, 4, 8, 16)
NUMBERS = {1e8: ("in memory", "one file system, 5 GB/s"), 1e10: tuple(PLACES)}
NAMES = {
    "compute": "compute",
    "reading": "reading",
    "pieces": "the scheduler, by pieces",
    "sums": "the reduction at the client",
    "rest": "sending the model",
}


@dataclass(frozen=True)
class Prediction:
    """One sweep."""

    n_patterns: float
    side: int
    group: str
    where: str
    pieces: int
    """Of each worker."""
    terms: dict[str, float]
    simulated: float
    by_tree: float

    @property
    def seconds(self) -> float:
        """By the model."""
        return total(self.terms, self.pieces)

    @property
    def bottleneck(self) -> str:
        """In words."""
        name = NAMES[bottleneck(self.terms)]
        return "the shared disk" if name == "reading" and "one file" in self.where else name


def predictions(parameters: Parameters, costs: Costs) -> list[Prediction]:
    """All of them."""
    found = []
    for n, places in NUMBERS.items():
        for side, n_templates, group in SHAPES:
            one = Pass(n, PHOTONS, side * side, n_templates, read=n * BYTES_PER_PATTERN)
            for where in places:
                cluster = PLACES[where]
                terms, pieces = predicted(parameters, one, cluster), pieces_each(one.read, cluster.workers)
                plane = BYTES_OF_A_SUM * one.n_pixels * n_templates + BYTES_OF_A_MESSAGE
                work = max(terms["compute"], terms["reading"])
                simulated, by_tree = reductions(work, cluster, pieces, plane, costs, terms["rest"])
                found.append(Prediction(n, side, group, where, pieces, terms, simulated, by_tree))
    return found


def reductions(
    work: float, cluster: Cluster, pieces: int, n_bytes: int, costs: Costs, begin: float
) -> tuple[float, float]:
    """Simulated: as it is, a message a piece; and by the best of a tree's fan-ins."""
    net = 1 / cluster.network
    costs = replace(
        costs, byte=max(costs.byte, net), merge_byte=max(costs.merge_byte, net), latency=cluster.latency, begin=begin
    )
    rng = np.random.default_rng(0)
    ended = finished(work, cluster.workers, halves(pieces), SCATTER, rng)
    return direct(ended, n_bytes, costs), min(tree(ended[:, -1], n_bytes, costs, fan) for fan in FANS)
