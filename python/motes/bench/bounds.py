"""What no implementation can do without, by arithmetic from the work: bytes, reads, additions, operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np

from motes.bench.circle_work import MAP_SIDE, N_MATCHED, N_POLYGONS
from motes.bench.map_work import SIDES
from motes.bench.turned_work import turned
from motes.bench.workloads import Work
from motes.bench.yardsticks import CACHED

PIXEL, END, SCORES = 2, 8, 16  # bytes of a photon's pixel, of where a pattern ends, of a pattern's four numbers
COORDINATES = 8  # bytes of a photon's row and column
CIRCLE = 24  # bytes of a centre and a radius


@dataclass(frozen=True)
class Bound:
    """The least that a piece of work takes.

    Attributes
    ----------
    work : str
        What it is given.
    amounts : dict of str to float
        Of each yardstick's unit.
    """

    work: str
    amounts: dict[str, float]

    def seconds(self, rates: dict[str, float]) -> dict[str, float]:
        """How long each of its parts takes at the machine's rates.

        Examples
        --------
        >>> Bound("two photons", {"reads": 2.0}).seconds({"reads": 1e9})
        {'reads': 2e-09}
        """
        return {name: amount / rates[name] for name, amount in self.amounts.items()}


def bound_of(kernel: str, work: Work, result: Any = None) -> Bound:
    """The bound of a kernel's work.

    Parameters
    ----------
    kernel : str
        Its name.
    work : Work
        What it is given.
    result : object, optional
        Of a whole call: how often it went over its patterns.
    """
    family = kernel.partition(",")[0]
    told, amounts = (_OF_NAME.get(kernel) or _OF_NAME[family])(kernel, work, result)
    n_bytes = amounts.pop("bytes", 0.0)
    if n_bytes:
        amounts["memory" if n_bytes > CACHED else "cache"] = n_bytes
    return Bound(told, {name: float(amount) for name, amount in amounts.items()})


Told = tuple[str, dict[str, float]]


def _size(work: Work) -> str:
    return f"{work.n_patterns:,} patterns, {work.patterns.n_photons:,} photons"


def _ingest(kernel: str, work: Work, _: Any) -> Told:
    passes = 4 * 12 if kernel.endswith("shuffled") else 0  # two passes that read and write a photon's 12 bytes
    return _size(work), {"bytes": (COORDINATES + PIXEL + passes) * work.rows.size + END * work.n_patterns}


def _photons(kernel: str, work: Work, _: Any) -> Told:
    """Once over the patterns: a row of four numbers is read or added to for each photon."""
    n, photons = work.n_patterns, work.patterns.n_photons
    reads, additions = {
        "likelihood": (1, 0), "posterior": (1, 0), "assignment": (1, 0), "back-rotation": (0, 1), "sweep": (1, 1),
    }[kernel]  # fmt: skip
    scores = 0 if kernel in ("sweep", "assignment") else SCORES
    amounts: dict[str, float] = {
        "bytes": PIXEL * photons + (END + scores) * n,
        "reads": reads * photons,
        "additions": additions * photons,
    }
    return f"{_size(work)}, 4 templates", {name: amount for name, amount in amounts.items() if amount}


def _many_templates(_: str, work: Work, __: Any) -> Told:
    r = work.many_weights.shape[1]
    photons = work.patterns.n_photons
    amounts: dict[str, float] = {"bytes": PIXEL * photons + 4 * r * work.n_patterns, "wide reads": photons * r / 16}
    return f"{_size(work)}, {r} templates", amounts


def _step(_: str, work: Work, __: Any) -> Told:
    given = turned(work)
    n, photons = given.n_patterns, given.patterns.n_photons
    rows = photons * given.turns.n / 16
    amounts: dict[str, float] = {"bytes": PIXEL * photons + END * n, "wide reads": rows, "additions": 4 * rows}
    return f"{n:,} patterns, {photons:,} photons, {given.turns.n} templates", amounts


def _interpolation(kernel: str, work: Work, _: Any) -> Told:
    given = turned(work)
    shown = float(given.inside.sum()) * given.turns.n
    rows = {"additions" if kernel.endswith("home") else "reads": 2 * shown}  # two neighbours each
    told = f"{given.side} x {given.side} pixels, {given.turns.n} angles"
    return told, {"bytes": 8.0 * given.planes.size, "arithmetic": 20 * shown} | rows


def _kmeans(_: str, work: Work, found: Any) -> Told:
    told, amounts = _photons("assignment", work, None)
    return f"{told}, {found.iterations} rounds", {name: found.iterations * value for name, value in amounts.items()}


def _reconstruct(_: str, work: Work, found: Any) -> Told:
    told, amounts = _photons("sweep", work, None)
    return f"{told}, {found.sweeps} sweeps", {name: found.sweeps * value for name, value in amounts.items()}


def _match(_: str, work: Work, __: Any) -> Told:
    photons = work.noiseless.n_photons
    amounts: dict[str, float] = {"bytes": 2 * PIXEL * photons + (END + 4) * work.n_patterns, "reads": photons}
    return f"{work.n_patterns:,} patterns, {photons:,} photons, 4 templates", amounts


def _outer(_: str, work: Work, __: Any) -> Told:
    each = work.patterns.photons_per_pattern().astype(np.int64)
    return _size(work), {"bytes": PIXEL * work.patterns.n_photons, "additions": float((each * (each + 1) // 2).sum())}


def _iou(kernel: str, work: Work, _: Any) -> Told:
    n = work.scaled(N_POLYGONS if kernel.endswith("polygons") else 2000, power=2)
    amounts: dict[str, float] = {"bytes": 8 * n**2}
    if kernel.endswith("all overlap"):
        amounts["arithmetic"] = (4 * 17 + 4) * n**2  # two polynomials of degree 17, two roots, two divisions
    return f"{n:,} x {n:,} circles", amounts


def _suppression(kernel: str, work: Work, _: Any) -> Told:
    size = kernel.partition(", ")[2]
    micrographs, each = (1000, 1000) if "x" in size else (int(float(size.split()[0])), 1)
    n = work.scaled(micrographs) * each
    told = f"{n:,} circles" if each == 1 else f"{n // each:,} micrographs of {each:,} circles"
    return told, {"bytes": (CIRCLE + 8 + 8) * n, "reads": 2 * 64 / 16 * n}


def _map(_: str, work: Work, __: Any) -> Told:
    side = work.scaled(MAP_SIDE, power=2)
    return f"{side} x {side} pixels", {"bytes": 4 * side**2}


def _matching(_: str, work: Work, __: Any) -> Told:
    n = work.scaled(N_MATCHED)
    return f"{n:,} picks, {n:,} particles", {"bytes": 2 * CIRCLE * n, "reads": 4 * 64 / 16 * n}


def _fsc(kernel: str, work: Work, _: Any) -> Told:
    side = work.scaled(SIDES[kernel], power=3)
    n = float(side**3)
    transforms = 2 * 2.5 * n * log2(n)  # real ones, by the count that is usual
    return f"two volumes of {side}^3 voxels", {"bytes": 2 * 4 * n + 16 * n / 2, "arithmetic": transforms + 6 * n / 2}


_OF_NAME: dict[str, Callable[[str, Work, Any], Told]] = {
    "ingest": _ingest,
    "likelihood": _photons,
    "likelihood, R = 1024": _many_templates,
    "posterior": _photons,
    "back-rotation": _photons,
    "sweep": _photons,
    "sweep, R = 36": _step,
    "interpolation": _interpolation,
    "assignment": _photons,
    "k-means": _kmeans,
    "match": _match,
    "outer": _outer,
    "circle IoU matrix": _iou,
    "suppression": _suppression,
    "map suppression": _map,
    "matching": _matching,
    "FSC": _fsc,
    "reconstruct": _reconstruct,
}
