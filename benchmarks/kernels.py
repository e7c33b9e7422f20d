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
)


def kernel(name: str) -> Kernel:
    """The kernel of this name."""
    return next(entry for entry in KERNELS if entry.name == name)
