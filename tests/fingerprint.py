"""Every kernel once, on data enough for several lanes: what invariances are checked on.

As a program, `python fingerprint.py OUT.npz` writes all results: another instruction set is another process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache

import numpy as np

from circle_strategies import layout
from motes import C4, Circles, Patterns, Rotations, _core
from motes.kernels.circles import circle_iou, pairwise_box_iou, pairwise_circle_iou
from motes.kernels.matching import match, near_pairs
from motes.kernels.outer import outer_home, second_moments
from motes.kernels.suppression import soft_suppress, suppress, suppress_map
from strategies import random_case, random_table

SHAPE = (12, 12)
N_PATTERNS = 12_500  # a lane is 4096 patterns; of `outer`, 256

Results = dict[str, np.ndarray]


@cache
def data() -> Patterns:
    case = random_case(np.random.default_rng(7), N_PATTERNS, SHAPE, density=0.07, max_count=2)
    return case.patterns


def coefficients(n: int, dtype) -> np.ndarray:
    return np.random.default_rng(8).dirichlet(np.ones(n), N_PATTERNS).astype(dtype)


def table(n: int, dtype):
    return random_table(np.random.default_rng(n), SHAPE[0] * SHAPE[1], n, dtype, impossible=0.003, spread=0.7)


def ingest(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
    """The entries of the first order, every third one twice: they have to be sorted, merged and counted."""
    rows = np.repeat(order, np.diff(patterns.indptr))
    cols = patterns.pixels[patterns.indptr[0] : patterns.indptr[-1]]
    twice = (rows + cols) % 3 == 0
    entries = [np.concatenate([values, values[twice]]) for values in (rows, cols)]
    arrays = _core.ingest(*entries, None, n_patterns=len(patterns), n_pixels=patterns.n_pixels, threads=threads)
    return dict(zip(("indptr", "pixels", "position", "extra"), arrays, strict=True))


def likelihood(dtype, n: int) -> Callable[..., Results]:
    def run(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
        t = table(n, dtype)
        scores = _core.likelihood(patterns._core, t.weights, t.base, threads=threads)
        label, gamma, evidence = _core.posterior(
            patterns._core, t.weights, t.base, label=True, responsibility=True, evidence=True, threads=threads
        )
        return {"scores": scores, "label": label, "gamma": gamma, "evidence": evidence}

    return run


def backrotation(dtype, n: int) -> Callable[..., Results]:
    def run(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
        return {"sums": _core.backrotation(patterns._core, coefficients(n, dtype)[order], threads=threads)}

    return run


def sweep(dtype, n: int, *, hard: bool = False) -> Callable[..., Results]:
    def run(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
        t = table(n, dtype)
        planes, weights, whole, fraction, impossible, _ = _core.sweep(
            patterns._core, t.weights, t.base, hard=hard, threads=threads
        )
        return {"sums": planes, "members": weights, "total": np.array([whole, fraction, impossible])}

    return run


def assignment(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
    photons, members = np.zeros((patterns.n_pixels, 9), np.int64), np.zeros(9, np.int64)
    labels = np.full(len(patterns), -1, np.int32)
    totals = []
    for seed in (1, 2):
        t = random_table(np.random.default_rng(seed), patterns.n_pixels, 9, np.float64)
        totals += _core.assignment(
            patterns._core, t.weights, t.base, photons=photons, members=members, labels=labels, threads=threads
        )
    return {"sums": photons, "members": members, "label": labels, "total": np.array(totals)}


def outer(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
    sums = outer_home(patterns, coefficients(4, np.float32)[order], C4.orbits(SHAPE), threads=threads)
    return {"sums": sums, "second": second_moments(patterns, threads=threads)}


def container(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
    taken = _core.take(patterns._core, np.argsort(order), threads=threads)  # back in the first order
    arrays = dict(zip(("indptr", "pixels", "position", "extra"), taken, strict=True))
    return {"sums": _core.total_image(patterns._core, threads=threads)} | arrays


KERNELS: dict[str, Callable[..., Results]] = {
    "ingest": ingest,
    "container": container,
    "likelihood f32 4": likelihood(np.float32, 4),
    "likelihood f32 33": likelihood(np.float32, 33),
    "likelihood f64 5": likelihood(np.float64, 5),
    "backrotation f32 4": backrotation(np.float32, 4),
    "backrotation f32 33": backrotation(np.float32, 33),
    "backrotation f64 5": backrotation(np.float64, 5),
    "sweep f32 4": sweep(np.float32, 4),
    "sweep f32 8": sweep(np.float32, 8),
    "sweep f32 33": sweep(np.float32, 33),
    "sweep f64 5": sweep(np.float64, 5),
    "sweep f32 4 hard": sweep(np.float32, 4, hard=True),
    "assignment": assignment,
    "outer": outer,
}


@cache
def micrographs() -> tuple[Circles, Circles]:
    """Two sets of circles with scores on 24 micrographs: scattered ones, ties, duplicates, all sizes, far away."""
    rng = np.random.default_rng(9)
    kinds = ("scattered", "grid", "duplicates", "concentric", "scales", "far") * 4
    sides = [
        Circles.concatenate(
            [Circles(c[:, :2], c[:, 2].copy(), rng.integers(0, 40, n) / 7) for n, c in zip(counts, cs, strict=True)]
        )
        for counts in rng.integers(0, 150, (2, len(kinds)))
        for cs in [[layout(kind, rng, n) for kind, n in zip(kinds, counts, strict=True)]]
    ]
    return sides[0], sides[1]


def circles(threads: int) -> Results:
    a, b = micrographs()
    n = min(len(a), len(b))
    boxes = np.column_stack([a.centres, a.radii, a.radii])[:200]
    return {
        "paired": circle_iou(a[:n], b[:n], threads=threads),
        "all": np.concatenate([block.ravel() for block in pairwise_circle_iou(a, b, threads=threads)]),
        "boxes": pairwise_box_iou(boxes, boxes[::-1].copy(), threads=threads),
        "distance": np.array([_core.equal_radii_distance(iou) for iou in (0.1, 0.5, 0.9)]),
    }


def interpolation(threads: int) -> Results:
    rng = np.random.default_rng(10)
    results = {}
    for side, n in ((9, 4), (64, 36), (33, 13)):
        turns = Rotations.in_plane(n, mirrored=n == 13)
        templates = turns.expand(rng.random((side, side)), threads=threads)
        results |= {f"templates {n}": templates, f"home {n}": turns.back_rotate(templates**2, threads=threads)}
    return results


def suppression(threads: int) -> Results:
    a, _ = micrographs()
    results = {}
    for how in ({"iou": 0.3}, {"box_iou": 0.3}, {"distance": 5.0}):
        found = suppress(a, **how, return_suppressor=True, threads=threads)
        results |= {f"{what} {how}": value for what, value in zip(("kept", "by"), found, strict=True)}
    results["soft"], results["decayed"] = soft_suppress(a, sigma=0.5, threads=threads)
    maps = np.random.default_rng(3).normal(size=(3, 60, 70)).astype(np.float32)
    results["peaks"] = np.concatenate([centres for centres, _ in suppress_map(maps, 4.0, threshold=1, threads=threads)])
    return results


def matching(threads: int) -> Results:
    a, b = micrographs()
    results = {}
    for rule in ("greedy", "optimal", "best", "first", "topaz"):
        found = match(a, b, distance=4.0, rule=rule, threads=threads)
        results |= {f"{rule} particle": found.particle, f"{rule} overlap": found.overlap}
    results["near"] = np.stack(near_pairs(a, b, iou=0.2, threads=threads))
    return results


OTHERS: dict[str, Callable[[int], Results]] = {
    "interpolation": interpolation,
    "circles": circles,
    "suppression": suppression,
    "matching": matching,
}
PER_PATTERN = ("scores", "label", "gamma", "evidence")  # results with a row for each pattern; the others are sums


def main(path: str) -> None:
    order = np.arange(N_PATTERNS)
    found = {
        f"{kernel}: {name}": value for kernel, run in KERNELS.items() for name, value in run(data(), order, 2).items()
    }
    for kernel, run in OTHERS.items():
        found |= {f"{kernel}: {name}": value for name, value in run(2).items()}
    np.savez(path, isa=np.array(_core.isa()), **found)


if __name__ == "__main__":
    main(sys.argv[1])
