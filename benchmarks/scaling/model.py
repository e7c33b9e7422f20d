"""A sweep's time from what it is made of, fitted to what was measured, and what it says of sizes that were not.

    t = fixed + cell M R + max(N p (photon + template R) / T' + read B, B / disk)
        + [workers] (begin + piece K + byte S)

with N patterns of p photons, R templates of M pixels, T' = 1 + second (T - 1) threads' worth, B bytes read, K pieces
handed out and S bytes that workers send. Every parameter is positive; residuals are of ln t.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.reduction_tree import halves
from motes.distributed.engine import pieces_each

N_TEMPLATES = {"C4": 4, "D4": 8, "in-plane:36": 36}
BYTES_OF_A_SUM, BYTES_OF_A_WEIGHT, BYTES_OF_A_MESSAGE = 8, 4, 4000


@dataclass(frozen=True)
class Pass:
    """One sweep over all patterns."""

    n_patterns: float
    photons: float
    n_pixels: int
    n_templates: int
    threads: int = 1
    read: float = 0.0
    """Bytes."""
    disk: float = math.inf
    """Bytes a second."""
    pieces: int = 0
    """Handed out to workers; 0: no workers."""
    sent: float = 0.0
    """Bytes, by workers."""


@dataclass(frozen=True)
class Parameters:
    """Seconds each, but for `second`, a share of a thread."""

    fixed: float
    cell: float
    photon: float
    template: float
    second: float
    read: float
    begin: float
    piece: float
    byte: float

    def terms(self, one: Pass) -> dict[str, float]:
        """Seconds of each part of a sweep; the time is their sum."""
        workers = one.pieces > 0
        threads = 1 + self.second * (one.threads - 1)
        compute = one.n_patterns * one.photons * (self.photon + self.template * one.n_templates) / threads
        reading = self.read * one.read
        return {
            "fixed": self.fixed + self.cell * one.n_pixels * one.n_templates + workers * self.begin,
            "compute": compute,
            "reading": max(reading, one.read / one.disk - compute),
            "pieces": self.piece * one.pieces,
            "sums": self.byte * one.sent,
        }

    def seconds(self, one: Pass) -> float:
        """All of it."""
        return sum(self.terms(one).values())


START = Parameters(1e-3, 1e-9, 2e-9, 4e-10, 0.9, 2e-10, 5e-3, 1e-3, 2e-9)


@dataclass(frozen=True)
class Fitted:
    """Parameters with their standard errors, and how far each measurement is from what they say."""

    parameters: Parameters
    errors: Parameters
    residuals: npt.NDArray[np.float64]
    """ln measured - ln model, in the order of the measurements."""

    @classmethod
    def told(cls, figures: dict[str, Any]) -> Fitted:
        """As it was written down."""
        residuals = np.array(list(figures["residuals"].values()))
        return cls(Parameters(**figures["parameters"]), Parameters(**figures["errors"]), residuals)

    @property
    def scatter(self) -> float:
        """Root mean square of the residuals."""
        return float(np.sqrt(np.mean(self.residuals**2)))


def fit(passes: list[Pass], seconds: list[float]) -> Fitted:
    """The positive parameters that come nearest in ln t; a few measurements that went wrong pull less than they would.

    Parameters
    ----------
    passes : list of Pass
        What was measured.
    seconds : list of float
        How long each took.
    """
    from scipy.optimize import least_squares

    scale = np.array(list(asdict(START).values()))
    log_seconds = np.log(seconds)

    def at(values: npt.NDArray[np.float64]) -> Parameters:
        return Parameters(*(scale * values).tolist())

    def residuals(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        parameters = at(values)
        return log_seconds - np.log([max(parameters.seconds(one), 1e-9) for one in passes])

    upper = np.full(len(scale), np.inf)
    upper[[field.name for field in fields(Parameters)].index("second")] = 1 / START.second  # no more than a thread
    found = least_squares(
        residuals, np.ones(len(scale)) * 0.99, bounds=(0, upper), loss="soft_l1", f_scale=0.1, x_scale="jac"
    )
    left = residuals(found.x)
    freedom = max(1, len(passes) - len(scale))
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * float(left @ left) / freedom
    return Fitted(at(found.x), at(np.sqrt(np.diag(covariance))), left)


def passes_of(rows: dict[str, Any]) -> tuple[list[str], list[Pass], list[float]]:
    """Names, passes and median seconds of all that was measured in a warm cache: sweeps, and echoes, which are none."""
    names, passes, seconds = [], [], []
    for name, row in rows.items():
        point, runs = row["point"], row["runs"]
        if point["kind"] not in ("sweep", "echo") or not runs:
            continue
        names.append(name)
        passes.append(_pass_of(point, runs[0]))
        seconds.append(statistics.median(run["seconds"] for run in runs))
    return names, passes, seconds


def _pass_of(point: dict[str, Any], run: dict[str, Any]) -> Pass:
    sent = {"pieces": run.get("pieces", 0), "sent": run["sent"]["from_workers"] if "sent" in run else 0.0}
    if point["kind"] == "echo":
        return Pass(0, 0, 0, 0, **sent)
    threads = point["threads"]
    if point["workers"]:  # too few pieces leave some of them nothing to do
        threads = min(threads, run["pieces"] * max(1, threads // point["workers"]))
    photons, n_templates = run["n_photons"] / run["n_patterns"], N_TEMPLATES[point["rotations"]]
    return Pass(run["n_patterns"], photons, run["n_pixels"], n_templates, threads, read=run["read"], **sent)


@dataclass(frozen=True)
class Cluster:
    """What a prediction assumes."""

    workers: int = 64
    threads: int = 2
    """Of each worker, as fast as those that were measured."""
    disk: float = 1e9
    """Bytes a second that each worker gets from a disk of its own."""
    shared: float = math.inf
    """Bytes a second of all workers together, from a shared file system."""
    network: float = 1.25e9
    """Bytes a second of the client's link: 10 Gbit/s."""
    latency: float = 1e-4
    """Seconds of a message under way."""
    held: bool = False
    """Whether workers hold their patterns in memory from the second pass on."""


def predicted(parameters: Parameters, one: Pass, cluster: Cluster) -> dict[str, float]:
    """Seconds of each part of a sweep by a cluster: the slowest part is its bottleneck.

    Sums go through the client's link once; a byte takes the longer of what the link and what the hub takes.
    """
    w = cluster.workers
    pieces = w * pieces_each(one.read, w)
    planes = BYTES_OF_A_SUM * one.n_pixels * one.n_templates + BYTES_OF_A_MESSAGE
    model = BYTES_OF_A_WEIGHT * one.n_pixels * one.n_templates
    share = replace(one, n_patterns=one.n_patterns / w, threads=cluster.threads, read=0.0, pieces=0, sent=0.0)
    own = parameters.terms(share)
    disk = 0.0 if cluster.held else max(one.read / w / cluster.disk, one.read / cluster.shared)
    byte = max(parameters.byte, 1 / cluster.network)
    return {
        "compute": own["compute"],
        "reading": disk,
        "pieces": parameters.piece * pieces,
        "sums": byte * (planes * pieces),
        "rest": own["fixed"] + parameters.begin + model * w / cluster.network + 4 * cluster.latency,
    }


def total(terms: dict[str, float], n: int) -> float:
    """Seconds: reading is hidden by computing, or the other way round; messages by the work on the pieces after them.

    The hub is busy for `pieces` and `sums` in all, evenly over messages, and gets those of the k-th of a worker's n
    pieces when these end, after 1/2, 3/4, 7/8 and all of the work if there are four: it is done when the last of them
    is, however long it rested before.
    """
    work, hub = max(terms["compute"], terms["reading"]), terms["pieces"] + terms["sums"]
    ends = np.cumsum(halves(n))
    return terms["rest"] + max(float(end) * work + hub * (n - k) / n for k, end in enumerate(ends))


def bottleneck(terms: dict[str, float]) -> str:
    """The part that takes longest."""
    return max(terms, key=lambda name: terms[name])


def exponent(sizes: list[float], seconds: list[float]) -> tuple[float, float]:
    """Slope of ln t over ln N by least squares, and its standard error.

    Examples
    --------
    >>> exponent([1.0, 10.0, 100.0], [2.0, 20.0, 200.0])
    (1.0, 0.0)
    """
    x, y = np.log(sizes), np.log(seconds)
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    left = y - y.mean() - slope * x
    error = math.sqrt(float(left @ left) / max(1, len(sizes) - 2) / float(x @ x))
    return round(slope, 12), round(error, 9)
