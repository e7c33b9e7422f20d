"""The kernels that are timed: how closely results must agree, what bounds them, which floors were measured before."""

from __future__ import annotations

from dataclasses import dataclass, field


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
    floors : dict of str to (float, float)
        Ratio, peer's time / ours, at one and at two threads: measured before the first line was written.
    """

    name: str
    work: str
    bound: str
    rtol: float
    atol: float
    floors: dict[str, tuple[float, float]] = field(default_factory=dict)


_COO = "8 B read and 2 B written a photon, 8 B written a pattern; one compare and one store a photon"
_SHUFFLED = f"{_COO}, after two passes over 12 B a photon"
_GREEDY, _TREE = "numba, greedy O(n^2)", "SciPy cKDTree pairs, then greedy"
_GRID = "24 B read a circle, a sort by cell, two stretches of 64 B searched, a radix sort of what stays"
_SCIPY_COO, _SKLEARN = "SciPy coo_matrix(...).tocsr()", "scikit-learn KMeans on CSR"

KERNELS = (
    Kernel("ingest", "W7, sorted", _COO, 0, 0, {_SCIPY_COO: (3.5, 6)}),
    Kernel("ingest, shuffled", "W7, shuffled", _SHUFFLED, 0, 0, {_SCIPY_COO: (1.4, 2)}),
    Kernel("ingest, 100M photons", "W7 37 times, sorted", _COO, 0, 0, {_SCIPY_COO: (10, 15)}),
    Kernel(
        "likelihood",
        "W7, R = 4",
        "2 B read a photon, 8 B read and 16 B written a pattern; one 16 B load and one addition a photon",
        1e-5,
        2e-3,
        {
            "SciPy CSR @ dense, float32": (4, 6),
            "SciPy CSR @ dense, float64": (6, 9),
            "numba, hand-written": (3.5, 3),
            "MKL sparse CSR": (1.5, 1.25),
            "torch sparse CSR": (1.5, 1.25),
            "scikit-learn BernoulliNB _joint_log_likelihood": (12, 18),
            "dense BLAS, float32": (30, 30),
        },
    ),
    Kernel(
        "likelihood, R = 1024",
        "W7, R = 1024",
        "2 B read a photon, 4 KB written a pattern; 64 loads and additions of 64 B a photon",
        1e-4,
        1e-3,
        {"SciPy CSR @ dense, float32": (3.5, 6), "MKL sparse CSR": (2.2, 2)},
    ),
    Kernel(
        "back-rotation",
        "W7, R = 4",
        "2 B read a photon, 24 B read a pattern; one 16 B load, addition and store a photon",
        1e-3,
        1e-2,
        {"SciPy X.T @ gamma": (3, 5), "np.add.at": (60, 100), "numba, hand-written": (2.3, 2.3)},
    ),
    Kernel(
        "sweep",
        "W7, R = 4: one whole EM iteration",
        "2 B read a photon, 8 B read a pattern; two 16 B loads, two additions, one store a photon, "
        "4 exp and 1 log a pattern",
        1e-3,
        1e-6,
        {
            "SciPy, as one writes it first (float64)": (7, 12),
            "SciPy, in place, tuned": (5, 9),
            "numba, fused by hand": (3, 3),
            "MKL, two passes": (3, 3),
            "torch sparse": (3.5, 3.5),
            "plain NumPy over dense int64 patterns, hard labels": (60, 110),
            "scikit-learn GaussianMixture (dense)": (100, 100),
            "pomegranate Bernoulli mixture": (500, 500),
        },
    ),
    Kernel(
        "assignment",
        "W7, K = 4: one iteration",
        "as likelihood, and 4 B read and written a pattern",
        1e-3,
        1e-5,
        {_SKLEARN: (1.6, 2)},
    ),
    Kernel("k-means", "W7, K = 4: whole fit", "as assignment, times its iterations", 1e-4, 0, {_SKLEARN: (2.5, 4)}),
    Kernel(
        "outer",
        "W7, second moments",
        "one addition a pair of photons of a pattern (378 of them at 27 photons)",
        1e-5,
        0.5,
    ),
    Kernel(
        "circle IoU matrix",
        "2000 x 2000 unequal circles, 3 layers deep",
        "8 B written a pair",
        1e-9,
        1e-9,
        {"NumPy": (15, 15), "numba": (1.8, 1.8)},
    ),
    Kernel(
        "circle IoU matrix, all overlap",
        "2000 x 2000 unequal circles",
        "two polynomials of degree 17, 2 square roots and 2 divisions a pair",
        1e-7,
        1e-7,
        {"NumPy": (15, 15), "numba": (1.8, 1.8)},
    ),
    Kernel(
        "circle IoU matrix, polygons",
        "200 x 200 unequal circles, 3 layers deep",
        "as above; a polygon of 128 sides has 4e-4 less area than its circle",
        0,
        2e-3,
        {"shapely": (1000, 1000)},
    ),
    *(
        Kernel(f"suppression, {work}", f"{work} circles, IoU > 0.5", _GRID, 0, 0, floors)
        for work, floors in {
            "1e3": {_GREEDY: (6, 6)},
            "1e4": {_GREEDY: (75, 75), _TREE: (8, 8)},
            "1e5": {_GREEDY: (800, 800), _TREE: (8, 8)},
            "1e3 unequal": {_GREEDY: (4, 4)},
            "1e4 unequal": {_GREEDY: (28, 28)},
            "1e5 unequal": {_GREEDY: (300, 300)},
            "1000 x 1000": {_GREEDY: (9, 9)},
        }.items()
    ),
    Kernel(
        "map suppression",
        "1024 x 1024 pixels, radius 8",
        "a radix sort of the pixels above the threshold",
        0,
        0,
        {"Topaz non_maximum_suppression": (50, 50)},
    ),
    Kernel(
        "matching",
        "5000 picks, 5000 particles, by Topaz's rule",
        "a search of four cells a pick, a path in each cluster",
        0,
        0,
        {"Topaz match_coordinates": (10, 10)},
    ),
    *(
        Kernel(
            f"FSC, {side}",
            f"two float32 volumes of {side}^3 voxels",
            "two real transforms; 16 B read a voxel of half a transform, three products and three sums",
            0,
            tolerance,
            {"plain NumPy, np.fft.fftn and bincount": (3, 3)},
        )
        for side, tolerance in ((256, 1e-6), (129, 2e-6))  # the second as far as ASPIRE's float32 goes
    ),
)


def kernel(name: str) -> Kernel:
    """The kernel of this name."""
    return next(entry for entry in KERNELS if entry.name == name)
