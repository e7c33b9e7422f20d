"""What others did: k-means, k-means among principal components, and sorting by distance.

Each gives a master and labels. None of them knows how photons scatter. They stand beside the likelihood,
which is what is handed in.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.challenge.answer import counts_of, relative_to_first
from motes.classify import KMeans, consensus, kmeans
from motes.kernels.assignment import Clusters, assign
from motes.kernels.likelihood import scores_of
from motes.kernels.outer import second_moments
from motes.patterns import Patterns
from motes.rotations import C4
from motes.threads import one_blas_thread

N_CLASSES = 4
DIMENSIONS = 20
KMEANS_STARTS = 10
PCA_STARTS, PCA_ROUNDS = 4, 25
RESORTING_ROUNDS = 40


@dataclass(frozen=True, eq=False)
class Estimate:
    """A master, and the orientations that a method gave to the patterns.

    Attributes
    ----------
    master : (L, L) float64 array
        Mean photons a pixel; turned anyhow.
    labels : (N,) int32 array
        Rotation of this master that each pattern was taken for.
    averages : (K, L, L) float64 array
        Of the classes that the method found, as they stand.
    rotations, members : (K,) arrays
        The rotation that each class was taken for, and its patterns.
    seconds : float
        It took.
    inertia : float
        Sum of squared distances to the class averages; NaN where the method has none.
    """

    master: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int32]
    averages: npt.NDArray[np.float64]
    rotations: npt.NDArray[np.int32]
    members: npt.NDArray[np.int64]
    seconds: float
    inertia: float = float("nan")

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Patterns per rotation, relative to the first pattern."""
        return counts_of(relative_to_first(self.labels))

    @property
    def orientations_found(self) -> int:
        """How many different orientations the classes were taken for; four, if all is well."""
        return len(np.unique(self.rotations[self.members > 0]))


def aligned(found: KMeans, began: float) -> Estimate:
    """Class averages turned to the largest and superposed: the seed's consensus alignment."""
    home = consensus(found.centroids, members=found.members, anchor=int(found.members.argmax()))
    seconds = time.perf_counter() - began
    return Estimate(
        home.master,
        home.rotations[found.labels],
        found.centroids,
        home.rotations,
        found.members,
        seconds,
        found.inertia,
    )


def by_kmeans(patterns: Patterns, *, restarts: int, seed: int, threads: int) -> Estimate:
    """k-means on the patterns as they are, then consensus alignment."""
    began = time.perf_counter()
    n_classes = min(N_CLASSES, len(patterns))
    return aligned(kmeans(patterns, n_classes, restarts=restarts, seed=seed, threads=threads), began)


def by_principal_components(patterns: Patterns, *, seed: int, threads: int) -> Estimate:
    """k-means on the leading principal components of the patterns, then consensus alignment."""
    began = time.perf_counter()
    labels = _kmeans_of_points(_principal_components(patterns, threads), seed)
    members = np.bincount(labels)
    averages = np.stack([patterns[labels == k].mean_image() for k in range(len(members))])
    found = KMeans(labels, averages, members, float("nan"), PCA_ROUNDS, converged=True)
    return aligned(found, began)


def by_resorting(
    patterns: Patterns, start: npt.NDArray[np.float64], *, threads: int, rounds: int = RESORTING_ROUNDS
) -> Estimate:
    """Each pattern to the nearest rotation of the master, then the mean of the patterns turned home, again and again.

    From the mean of all patterns, with 5 rounds, this is the seed's Algorithm 1.
    """
    began = time.perf_counter()
    master = start
    clusters = Clusters.none(len(patterns), patterns.n_pixels, C4.n, patterns.device)
    for _ in range(rounds):
        n_moved, _ = assign(patterns, C4.expand(master).reshape(C4.n, -1), clusters, threads=threads)
        if n_moved == 0:
            break
        master = C4.back_rotate(clusters.photons.T.reshape(C4.n, *patterns.shape).astype(np.float64)) / len(patterns)
    assign(patterns, C4.expand(master).reshape(C4.n, -1), clusters, threads=threads)
    averages = np.nan_to_num(clusters.centroids).reshape(C4.n, *patterns.shape)
    rotations = np.arange(C4.n, dtype=np.int32)
    return Estimate(
        master, clusters.labels_at_home(), averages, rotations, clusters.members, time.perf_counter() - began
    )


def _principal_components(patterns: Patterns, threads: int) -> npt.NDArray[np.float32]:
    """(N, at most 20): coordinates along the leading eigenvectors of the pixels' covariance."""
    mean = patterns.mean_image().ravel()
    covariance = second_moments(patterns, threads=threads) / len(patterns) - np.outer(mean, mean)
    with one_blas_thread():
        directions = np.linalg.eigh(covariance)[1][:, ::-1][:, :DIMENSIONS]
    points: npt.NDArray[np.float32] = scores_of(
        patterns, directions.astype(np.float32), -(mean @ directions).astype(np.float32), threads=threads
    )
    return points


def _kmeans_of_points(points: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.int32]:
    """Labels of the best of several starts; one class where every start lost a cluster."""
    from scipy.cluster.vq import ClusterError, kmeans2, vq

    best, least = np.zeros(len(points), np.int32), np.inf
    for start in range(PCA_STARTS):
        rng = np.random.default_rng([seed, start])
        first = points[rng.choice(len(points), min(N_CLASSES, len(points)), replace=False)]
        try:
            centres, _ = kmeans2(points, first, iter=PCA_ROUNDS, minit="matrix", missing="raise")
        except ClusterError:
            continue
        labels, distances = vq(points, centres)
        inertia = float((distances.astype(np.float64) ** 2).sum())
        if inertia < least:
            best, least = labels, inertia
    return np.unique(best, return_inverse=True)[1].astype(np.int32)
