"""One round of k-means on photon counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.devices import CPU, Device, cuda_extension
from motes.kernels.passes import results
from motes.patterns import Patterns
from motes.scratch import gathered

if TYPE_CHECKING:
    from motes.stored import StoredPatterns


@dataclass
class Clusters:
    """Clusters of patterns, as exact sums that follow the patterns that move.

    Attributes
    ----------
    photons : (M, K) int64 array
        Photons of the members of each cluster.
    members : (K,) int64 array
        Patterns in each cluster.
    labels : (N,) int32 array
        Cluster of each pattern; -1 where it has none yet. Of patterns on a GPU an array there, which stays there from
        round to round.
    """

    photons: npt.NDArray[np.int64]
    members: npt.NDArray[np.int64]
    labels: Any

    @classmethod
    def none(cls, n_patterns: int, n_pixels: int, n_clusters: int, device: Device = CPU) -> Clusters:
        """No pattern assigned yet; `device` is that of the patterns.

        Examples
        --------
        >>> Clusters.none(3, 4, 2).labels
        array([-1, -1, -1], dtype=int32)
        """
        labels: Any = np.full(n_patterns, -1, np.int32)
        if device != CPU:
            labels = cuda_extension().from_numpy(labels, device=device.index)
        return cls(np.zeros((n_pixels, n_clusters), np.int64), np.zeros(n_clusters, np.int64), labels)

    def labels_at_home(self) -> npt.NDArray[np.int32]:
        """The labels in the host's memory.

        Examples
        --------
        >>> Clusters.none(2, 4, 2).labels_at_home()
        array([-1, -1], dtype=int32)
        """
        return self.labels if isinstance(self.labels, np.ndarray) else self.labels.to_numpy()

    @property
    def centroids(self) -> npt.NDArray[np.float64]:
        """Means of the clusters: (K, M); NaN for a cluster without members."""
        with np.errstate(invalid="ignore"):
            return (self.photons / self.members).T


def assign(
    patterns: Patterns,
    centroids: npt.NDArray[np.float64],
    clusters: Clusters,
    *,
    base: npt.NDArray[np.float64] | None = None,
    threads: int,
) -> tuple[int, float]:
    """Move every pattern to its nearest centroid, as float64 tells it; `clusters` follow.

    Parameters
    ----------
    patterns : Patterns
        N patterns of M pixels; on a GPU where they are there (`Patterns.to`).
    centroids : (K, M) float64 array
        Finite.
    clusters : Clusters
        Changed in place.
    base : (K,) float64 array, optional
        `base_of` the centroids, where it was found before.
    threads : int
        The result does not depend on it.

    Returns
    -------
    n_moved : int
        Patterns whose label changed.
    reach : float
        sum_p (|x_p|^2 - |x_p - c|^2) / 2 over the nearest centroids, in float32: inertia is sum_p |x_p|^2
        less twice this.

    Examples
    --------
    >>> patterns = Patterns.from_dense([[1, 1, 0, 0], [0, 0, 1, 1]])
    >>> clusters = Clusters.none(2, 4, 2)
    >>> assign(patterns, np.array([[0.0, 0, 1, 1], [1, 1, 0, 0]]), clusters, threads=1)
    (2, 2.0)
    >>> clusters.labels
    array([1, 0], dtype=int32)
    """
    base = base_of(centroids) if base is None else base
    weights = np.ascontiguousarray(centroids.T, np.float64)
    sums = {"photons": clusters.photons, "members": clusters.members, "labels": clusters.labels}
    if patterns.device == CPU:
        told = _core.assignment(patterns._core, weights, base, **sums, threads=threads)
    else:
        told = cuda_extension().assignment(patterns.uploaded(), weights, base, **sums)
    n_moved, whole, fraction = told
    return n_moved, whole + fraction / 2**30


def base_of(centroids: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What a pattern's score has of each centroid alone, -|c|^2 / 2: (K,)."""
    base: npt.NDArray[np.float64] = -0.5 * (centroids**2).sum(axis=1)
    return base


@dataclass(frozen=True)
class _OfCentroids:
    """What the tasks have in common. Their bases are those of who asks: another NumPy may add them up otherwise."""

    centroids: npt.NDArray[np.float64]
    base: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", base_of(self.centroids))

    def clusters(self, patterns: Patterns, threads: int) -> Clusters:
        """Of patterns in memory."""
        clusters = Clusters.none(len(patterns), patterns.n_pixels, len(self.centroids))
        assign(patterns, self.centroids, clusters, base=self.base, threads=threads)
        return clusters


@dataclass(frozen=True)
class RoundTask(_OfCentroids):
    """One round, part by part, without labels: see `motes.kernels.passes`."""

    def __call__(self, patterns: Patterns, threads: int) -> Clusters:
        """Of patterns in memory."""
        clusters = self.clusters(patterns, threads)
        return Clusters(clusters.photons, clusters.members, None)

    def combine(self, one: Clusters, other: Clusters) -> Clusters:
        """Clusters of two parts together."""
        return Clusters(one.photons + other.photons, one.members + other.members, None)


@dataclass(frozen=True)
class NearestTask(_OfCentroids):
    """The nearest centroid of each pattern, part by part: see `motes.kernels.passes`."""

    def __call__(self, patterns: Patterns, threads: int) -> npt.NDArray[Any]:
        """Of patterns in memory."""
        labels: npt.NDArray[np.int32] = self.clusters(patterns, threads).labels
        return labels.astype(np.min_scalar_type(len(self.centroids)))


def nearest_of(store: StoredPatterns, centroids: npt.NDArray[np.float64], threads: int) -> npt.NDArray[np.int32]:
    """The nearest centroid of each pattern of a store: (N,), in a file (`motes.scratch`)."""
    found = results(store, NearestTask(centroids), threads)
    return gathered(((int(store.bounds[k]), part) for k, part in found), len(store), np.int32)
