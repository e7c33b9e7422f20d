"""k-means on photon patterns: exact sums, updated by the patterns that move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.checks import positive, whole
from motes.devices import CPU, Device
from motes.foreign import array_of
from motes.kernels.assignment import Clusters, RoundTask, assign, nearest_of
from motes.kernels.likelihood import scores_of
from motes.kernels.passes import summed
from motes.patterns import Patterns, check_patterns
from motes.reconstruction.information import sample_of
from motes.stored import StoredPatterns
from motes.threads import available_threads

_START_PATTERNS = 100_000  # of a store, among which k-means++ looks for patterns far from each other


@dataclass(frozen=True, eq=False)
class KMeans:
    """Clusters that k-means found.

    Attributes
    ----------
    labels : (N,) int32 array
        Cluster of each pattern.
    centroids : (K, H, W) float64 array
        Mean photons a pixel.
    members : (K,) int64 array
        Patterns in each cluster.
    inertia : float
        Sum over patterns of the squared distance to the nearest centroid.
    iterations : int
        Rounds of the best start.
    converged : bool
        No pattern moved in the last round, or the centroids moved less than the tolerance.
    """

    labels: npt.NDArray[np.int32]
    centroids: npt.NDArray[np.float64]
    members: npt.NDArray[np.int64]
    inertia: float
    iterations: int
    converged: bool

    def __repr__(self) -> str:
        return f"KMeans({len(self.members)} clusters of {self.members.tolist()} patterns, inertia {self.inertia:.6g})"


def kmeans(
    patterns: Patterns | StoredPatterns,
    n_clusters: int = 4,
    *,
    init: str | npt.NDArray[np.floating[Any]] = "k-means++",
    restarts: int = 1,
    max_iterations: int = 300,
    tolerance: float = 1e-4,
    seed: int = 0,
    threads: int | None = None,
    device: Device | str | None = None,
) -> KMeans:
    """Cluster patterns by Euclidean distance (Lloyd's algorithm).

    Parameters
    ----------
    patterns : Patterns or StoredPatterns
        N patterns; at least `n_clusters`. A store is read once a round, and once more for the labels.
    n_clusters : int
        K.
    init : {"k-means++", "random"} or (K, H, W) array
        Where to start: patterns far from each other (of a store, of 100,000 of them), any patterns, or centroids as
        given.
        A pattern that is as near to two centroids goes to the first; many are where these are patterns themselves,
        and another implementation's choice among them leads elsewhere.
    restarts : int
        Starts; the one of least inertia is returned. An array means one.
    max_iterations : int
        Rounds of each start.
    tolerance : float
        Stop when the centroids move no more, relative to the mean variance of the pixels (as scikit-learn's).
    seed : int
        The same seed gives the same bits.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.
    device : {"cpu", "cuda", "cuda:1", "auto"}, optional
        Where patterns are scored and assigned; by default where they are (`Patterns.to`). On a GPU patterns and labels
        stay there from round to round, and the result has the same bits. Compiled, not yet run on hardware.

    Returns
    -------
    KMeans

    Raises
    ------
    ValueError
        If there are fewer patterns than clusters, or `init` does not fit.

    Examples
    --------
    >>> patterns = Patterns.from_dense([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0]])
    >>> kmeans(patterns, 2).inertia
    0.0
    """
    require_clusters(patterns, n_clusters)
    patterns = on_device(patterns, device)
    restarts, max_iterations = whole("restarts", restarts, 1), whole("max_iterations", max_iterations, 1)
    tolerance, seed = positive("tolerance", tolerance) if tolerance else 0.0, whole("seed", seed, 0)
    threads = available_threads(threads)
    given = check_centroids(init, n_clusters, patterns)
    squares = patterns.sum_of_squares()
    mean = patterns.total_image().ravel() / len(patterns)
    limit = tolerance * float(squares / len(patterns) - mean @ mean) / patterns.n_pixels
    best: KMeans | None = None
    for restart in range(1 if given is not None else restarts):
        rng = np.random.default_rng([seed, restart])
        start = first_centroids(patterns, n_clusters, str(init), rng, threads) if given is None else given
        found = _lloyd(patterns, start, squares, limit, max_iterations, rng, threads)
        if best is None or found.inertia < best.inertia:
            best = found
    assert best is not None
    return best


def _lloyd(
    patterns: Patterns | StoredPatterns,
    centroids: npt.NDArray[np.float64],
    squares: int,
    limit: float,
    max_iterations: int,
    rng: np.random.Generator,
    threads: int,
) -> KMeans:
    place = CPU if isinstance(patterns, StoredPatterns) else patterns.device
    n_labels = 0 if isinstance(patterns, StoredPatterns) else len(patterns)
    clusters = Clusters.none(n_labels, patterns.n_pixels, len(centroids), place)
    iteration, converged = 0, False
    while True:
        clusters, moved = _assigned(patterns, centroids, clusters, threads)
        before, centroids = centroids, clusters.centroids
        empty = clusters.members == 0
        iteration += 1
        if empty.any():  # a cluster that lost all its patterns starts anew at one of them, if that can gain anything
            centroids[empty] = _images(patterns, rng.choice(len(patterns), int(empty.sum())))
            converged = _inertia(clusters, centroids, squares) <= 1e-12 * squares
        else:
            converged = not moved or float(((centroids - before) ** 2).sum()) <= limit
        if converged or iteration >= max_iterations:
            break
    if moved:  # labels of the centroids that are returned
        clusters, _ = _assigned(patterns, centroids, clusters, threads)
    inertia = _inertia(clusters, centroids, squares)
    shape = (len(centroids), *patterns.shape)
    if isinstance(patterns, StoredPatterns):
        labels = nearest_of(patterns, centroids, threads)
    else:
        labels = clusters.labels_at_home()
    return KMeans(labels, centroids.reshape(shape), clusters.members, inertia, iteration, converged)


def _assigned(
    patterns: Patterns | StoredPatterns, centroids: npt.NDArray[np.float64], clusters: Clusters, threads: int
) -> tuple[Clusters, bool]:
    """Clusters after a round, and whether any pattern moved; of a store, whose labels are not kept, as sums tell."""
    if isinstance(patterns, Patterns):
        n_moved, _ = assign(patterns, centroids, clusters, threads=threads)
        return clusters, n_moved > 0
    after = summed(patterns, RoundTask(centroids), threads)
    same = np.array_equal(after.members, clusters.members) and np.array_equal(after.photons, clusters.photons)
    return after, not same


def _inertia(clusters: Clusters, centroids: npt.NDArray[np.float64], squares: int) -> float:
    """In float64, from the exact sums: sum |x|^2 - 2 sum_k S_k . c_k + sum_k n_k |c_k|^2."""
    cross = float((clusters.photons.T * centroids).sum())
    return max(squares - 2 * cross + float(clusters.members @ (centroids**2).sum(axis=1)), 0.0)


def on_device(patterns: Patterns | StoredPatterns, device: Device | str | None) -> Patterns | StoredPatterns:
    """The patterns where they were asked for; those of a store stay with the processor."""
    if device is None:
        return patterns
    if isinstance(patterns, StoredPatterns):
        raise ValueError(f"device: patterns of a store are assigned by the processor, got {device}")
    return patterns.to(device)


def require_clusters(patterns: Patterns | StoredPatterns, n_clusters: int) -> None:
    """Patterns, and at least as many of them as clusters.

    Examples
    --------
    >>> require_clusters(Patterns.empty((2, 2), 3), 4)
    Traceback (most recent call last):
    ...
    ValueError: n_clusters: expected 1 to 3, the number of patterns, got 4
    """
    if not isinstance(patterns, StoredPatterns):
        check_patterns(patterns)
    if not 1 <= whole("n_clusters", n_clusters, 0) <= len(patterns):
        raise ValueError(f"n_clusters: expected 1 to {len(patterns)}, the number of patterns, got {n_clusters}")


def check_centroids(
    init: object, n_clusters: int, patterns: Patterns | StoredPatterns
) -> npt.NDArray[np.float64] | None:
    """Centroids as (K, M) float64 where they are given; None for a named start."""
    if isinstance(init, str):
        if init not in ("k-means++", "random"):
            raise ValueError(f"init: expected k-means++, random or an array, got {init!r}")
        return None
    centroids = np.asarray(array_of("init", init), np.float64)
    if centroids.shape != (n_clusters, *patterns.shape) or not np.isfinite(centroids).all():
        expected = (n_clusters, *patterns.shape)
        raise ValueError(f"init: expected finite centroids of shape {expected}, got {centroids.shape}")
    return centroids.reshape(n_clusters, -1)


def first_centroids(
    patterns: Patterns | StoredPatterns, n_clusters: int, init: str, rng: np.random.Generator, threads: int
) -> npt.NDArray[np.float64]:
    """Patterns to start from: (K, M). k-means++ (Arthur and Vassilvitskii 2007) draws them by squared distance."""
    if init == "random":
        return _images(patterns, rng.choice(len(patterns), n_clusters, replace=False))
    if isinstance(patterns, StoredPatterns):
        patterns = sample_of(patterns, _START_PATTERNS, int(rng.integers(2**31)))
    own = patterns.squares_per_pattern().astype(np.float64)
    chosen = [int(rng.integers(len(patterns)))]
    nearest = np.full(len(patterns), np.inf)
    while True:
        image = patterns[chosen[-1]].ravel()
        base = np.array([0.5 * float(image @ image)], np.float32)
        cross = scores_of(patterns, image[:, None].astype(np.float32), -base, threads=threads)
        nearest = np.minimum(nearest, np.maximum(own - 2 * cross[:, 0].astype(np.float64), 0.0))
        if len(chosen) == n_clusters:
            return _images(patterns, np.array(chosen))
        total = nearest.sum()
        weights = nearest / total if total > 0 else None
        chosen.append(int(rng.choice(len(patterns), p=weights)))


def _images(patterns: Patterns | StoredPatterns, which: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return patterns[which].to_dense().reshape(len(which), -1).astype(np.float64)
