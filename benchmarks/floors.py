"""The floors of the tables: ratios, peer's time over ours, measured before the first line was written."""

from __future__ import annotations

# By kernel and peer: at one thread and at two.
FLOORS: dict[str, dict[str, tuple[float, float]]] = {
    "ingest": {
        "SciPy coo_matrix(...).tocsr()": (3.5, 6),
    },
    "ingest, shuffled": {
        "SciPy coo_matrix(...).tocsr()": (1.4, 2),
    },
    "ingest, 100M photons": {
        "SciPy coo_matrix(...).tocsr()": (10, 15),
    },
    "likelihood": {
        "SciPy CSR @ dense, float32": (4, 6),
        "SciPy CSR @ dense, float64": (6, 9),
        "numba, hand-written": (3.5, 3),
        "MKL sparse CSR": (1.5, 1.25),
        "torch sparse CSR": (1.5, 1.25),
        "scikit-learn BernoulliNB _joint_log_likelihood": (12, 18),
        "dense BLAS, float32": (30, 30),
    },
    "likelihood, R = 1024": {
        "SciPy CSR @ dense, float32": (3.5, 6),
        "MKL sparse CSR": (2.2, 2),
    },
    "back-rotation": {
        "SciPy X.T @ gamma": (3, 5),
        "np.add.at": (60, 100),
        "numba, hand-written": (2.3, 2.3),
    },
    "sweep": {
        "SciPy, as one writes it first (float64)": (7, 12),
        "SciPy, in place, tuned": (5, 9),
        "numba, fused by hand": (3, 3),
        "MKL, two passes": (3, 3),
        "torch sparse": (3.5, 3.5),
        "plain NumPy over dense int64 patterns, hard labels": (60, 110),
        "scikit-learn GaussianMixture (dense)": (100, 100),
        "pomegranate Bernoulli mixture": (500, 500),
    },
    "sweep, R = 36": {  # not of a prototype: what in-plane rotations were to reach
        "SciPy sparse products, as one writes it first (float64)": (3, 5),
        "SciPy sparse products, in place, tuned (float32)": (3, 5),
    },
    "assignment": {
        "scikit-learn KMeans on CSR": (1.6, 2),
    },
    "k-means": {
        "scikit-learn KMeans on CSR": (2.5, 4),
    },
    "circle IoU matrix": {
        "NumPy": (15, 15),
        "numba": (1.8, 1.8),
    },
    "circle IoU matrix, all overlap": {
        "NumPy": (15, 15),
        "numba": (1.8, 1.8),
    },
    "circle IoU matrix, polygons": {
        "shapely": (1000, 1000),
    },
    "suppression, 1e3": {
        "numba, greedy O(n^2)": (6, 6),
    },
    "suppression, 1e4": {
        "numba, greedy O(n^2)": (75, 75),
        "SciPy cKDTree pairs, then greedy": (8, 8),
    },
    "suppression, 1e5": {
        "numba, greedy O(n^2)": (800, 800),
        "SciPy cKDTree pairs, then greedy": (8, 8),
    },
    "suppression, 1e3 unequal": {
        "numba, greedy O(n^2)": (4, 4),
    },
    "suppression, 1e4 unequal": {
        "numba, greedy O(n^2)": (28, 28),
    },
    "suppression, 1e5 unequal": {
        "numba, greedy O(n^2)": (300, 300),
    },
    "suppression, 1000 x 1000": {
        "numba, greedy O(n^2)": (9, 9),
    },
    "map suppression": {
        "Topaz non_maximum_suppression": (50, 50),
    },
    "matching": {
        "Topaz match_coordinates": (10, 10),
    },
    "FSC, 256": {
        "plain NumPy, np.fft.fftn and bincount": (3, 3),
    },
    "FSC, 129": {
        "plain NumPy, np.fft.fftn and bincount": (3, 3),
    },
}
