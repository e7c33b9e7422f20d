"""What messages cost, from what was measured; passes of workers simulated with it, beside those that were measured."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from benchmarks.reduction_tree import Costs, direct, finished, halves

SCATTER, DRAWS = 0.05, 20  # of the time that a piece takes, in ln; how often a pass is simulated


def costs_of(rows: dict[str, Any]) -> Costs:
    """From echoes, t = begin + message K + byte S by least squares of t / measured; and from chains of merges.

    Raises
    ------
    ValueError
        If there are too few of them.
    """
    from scipy.optimize import nnls

    echoes, chains = [], []
    for row in rows.values():
        seconds = [run["seconds"] for run in row["runs"]]
        if row["point"]["kind"] == "echo":
            run = row["runs"][0]
            echoes.append((statistics.median(seconds), 1.0, run["pieces"], run["sent"]["from_workers"]))
        elif row["point"]["kind"] == "merge":
            chains.append((statistics.median(seconds) / row["runs"][0]["links"], 1.0, row["point"]["n_bytes"]))
    if len(echoes) < 4 or len(chains) < 3:
        raise ValueError(f"messages: expected 4 echoes and 3 chains or more, got {len(echoes)} and {len(chains)}")
    begin, message, byte = _relative(nnls, np.array(echoes))
    link, merge_byte = _relative(nnls, np.array(chains))
    # Each link of a chain is also told to the hub and back.
    return Costs(message, byte, max(0.0, link - message), merge_byte, begin=begin)


def _relative(nnls: Any, table: Any) -> list[float]:
    """Factors of all columns but the first that give the first, in relative terms."""
    measured, columns = table[:, :1], table[:, 1:]
    weighted = columns / measured
    scale = weighted.max(axis=0)
    found, _ = nnls(weighted / scale, np.ones(len(table)))
    return list((found / scale).tolist())


def simulated(seconds: float, n_workers: int, n_pieces: int, n_bytes: int, costs: Costs) -> float:
    """A pass whose pieces take a worker so many seconds, as `motes.distributed` makes it: a message a piece.

    Where patterns have too few sections, some of them have nothing to do.
    """
    taken, shares = [], halves(max(1, n_pieces // n_workers))
    n_workers = min(n_workers, n_pieces)
    for seed in range(DRAWS):
        ended = finished(seconds, n_workers, shares, SCATTER, np.random.default_rng(seed))
        taken.append(direct(ended, n_bytes, costs))
    return statistics.mean(taken)


def compared(rows: dict[str, Any], costs: Costs) -> list[dict[str, Any]]:
    """Every pass of workers that was measured, beside one that is simulated.

    Its pieces take what the patterns take this machine without workers: they share its processors.
    """
    alone: dict[tuple[str, str, str, int], float] = {}
    told = []
    for row in rows.values():
        point = row["point"]
        if point["kind"] == "sweep" and not point["workers"] and point["memory"] in (None, "all"):
            alone[_key(row)] = statistics.median(run["seconds"] for run in row["runs"])
    for row in rows.values():
        point = row["point"]
        if point["kind"] != "sweep" or not point["workers"] or _key(row) not in alone:
            continue
        run, seconds = row["runs"][0], alone[_key(row)]
        n_bytes = int(run["sent"]["from_workers"] / run["pieces"])
        told.append(
            {
                "n_patterns": run["n_patterns"],
                "n_pixels": run["n_pixels"],
                "rotations": point["rotations"],
                "workers": point["workers"],
                "n_bytes": n_bytes,
                "alone": seconds,
                "measured": statistics.median(run["seconds"] for run in row["runs"]),
                "simulated": simulated(seconds, point["workers"], run["pieces"], n_bytes, costs),
            }
        )
    return told


def _key(row: dict[str, Any]) -> tuple[str, str, str, int]:
    point = row["point"]
    return row["part"], point["store"], point["rotations"], point["threads"]
