"""The kernels that are timed: how closely results must agree, and what bounds them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kernel:
    """One kernel of the tables.

    Attributes
    ----------
    name : str
        As in the tables.
    work : str
        What it is given.
    bound : str
        Bytes and loads that no implementation can do without.
    rtol, atol : float
        How far results of contenders may differ.
    """

    name: str
    work: str
    bound: str
    rtol: float
    atol: float


_COO = "8 B read and 2 B written a photon, 8 B written a pattern; one compare and one store a photon"
_SHUFFLED = f"{_COO}, after two passes over 12 B a photon"
_SCORES = "2 B read a photon, 8 B read and 16 B written a pattern; one 16 B load and one addition a photon"
_GRID = "24 B read a circle, a sort by cell, two stretches of 64 B searched, a radix sort of what stays"
_OVERLAP = "two polynomials of degree 17, 2 square roots and 2 divisions a pair"
_SUPPRESSED = ("1e3", "1e4", "1e5", "1e3 unequal", "1e4 unequal", "1e5 unequal", "1000 x 1000")

KERNELS = (
    Kernel("ingest", "W7, sorted", _COO, 0, 0),
    Kernel("ingest, shuffled", "W7, shuffled", _SHUFFLED, 0, 0),
    Kernel("ingest, 100M photons", "W7 37 times, sorted", _COO, 0, 0),
    Kernel("likelihood", "W7, R = 4", _SCORES, 1e-5, 2e-3),
    Kernel(
        "likelihood, R = 1024",
        "W7, R = 1024",
        "2 B read a photon, 4 KB written a pattern; 64 loads and additions of 64 B a photon",
        1e-4,
        1e-3,
    ),
    Kernel("posterior", "W7, R = 4: responsibilities", f"{_SCORES}, 4 exp a pattern", 1e-3, 1e-5),
    Kernel(
        "back-rotation",
        "W7, R = 4",
        "2 B read a photon, 24 B read a pattern; one 16 B load, addition and store a photon",
        1e-3,
        1e-2,
    ),
    Kernel(
        "sweep",
        "W7, R = 4: one whole EM iteration",
        "2 B read a photon, 8 B read a pattern; two 16 B loads, two additions, one store a photon, "
        "4 exp and 1 log a pattern",
        1e-3,
        1e-6,
    ),
    Kernel(
        "sweep, R = 36",
        "50,000 patterns of 64x64 pixels and 400 photons at 36 angles: one whole EM iteration",
        "2 B read a photon; 2.25 loads, additions and stores of 64 B a photon, 36 exp and 1 log a pattern",
        2e-3,
        1e-6,
    ),
    Kernel(
        "interpolation",
        "64 x 64 pixels, 36 angles",
        "8 B written, four 8 B loads and some 20 operations a pixel of a template",
        1e-9,
        1e-12,
    ),
    Kernel(
        "interpolation, home",
        "64 x 64 pixels, 36 angles",
        "8 B read, four 8 B loads, additions and stores and some 20 operations a pixel of a template",
        1e-9,
        1e-12,
    ),
    Kernel("assignment", "W7, K = 4: one iteration", "as likelihood, and 4 B read and written a pattern", 1e-3, 1e-5),
    Kernel("k-means", "W7, K = 4: whole fit", "as assignment, times its iterations", 1e-4, 0),
    Kernel("outer", "W7, second moments", "one addition a pair of photons of a pattern (378 at 27 photons)", 1e-5, 0.5),
    Kernel("circle IoU matrix", "2000 x 2000 unequal circles, 3 layers deep", "8 B written a pair", 1e-9, 1e-9),
    Kernel("circle IoU matrix, all overlap", "2000 x 2000 unequal circles", _OVERLAP, 1e-7, 1e-7),
    Kernel(
        "circle IoU matrix, polygons",
        "200 x 200 unequal circles, 3 layers deep",
        "as above; a polygon of 128 sides has 4e-4 less area than its circle",
        0,
        2e-3,
    ),
    *(Kernel(f"suppression, {work}", f"{work} circles, IoU > 0.5", _GRID, 0, 0) for work in _SUPPRESSED),
    Kernel(
        "map suppression",
        "1024 x 1024 pixels, radius 8",
        "a radix sort of the pixels above the threshold",
        0,
        0,
    ),
    Kernel(
        "matching",
        "5000 picks, 5000 particles, by Topaz's rule",
        "a search of four cells a pick, a path in each cluster",
        0,
        0,
    ),
    *(
        Kernel(
            f"FSC, {side}",
            f"two float32 volumes of {side}^3 voxels",
            "two real transforms; 16 B read a voxel of half a transform, three products and three sums",
            0,
            tolerance,
        )
        for side, tolerance in ((256, 1e-6), (129, 2e-6))  # the second as far as ASPIRE's float32 goes
    ),
    Kernel("match", "as many patterns without noise, C4", "as assignment, and 2 B read twice a photon", 0, 0),
    Kernel("reconstruct", "W7, the default call", "as sweep, times its sweeps", 1e-6, 0),
)


def kernel(name: str) -> Kernel:
    """The kernel of this name."""
    return next(entry for entry in KERNELS if entry.name == name)
