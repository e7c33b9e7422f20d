"""One round of k-means on photon counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.patterns import Patterns


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
        Cluster of each pattern; -1 where it has none yet.
    """

    photons: npt.NDArray[np.int64]
    members: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int32]

    @classmethod
    def none(cls, n_patterns: int, n_pixels: int, n_clusters: int) -> Clusters:
        """No pattern assigned yet.

        Examples
        --------
        >>> Clusters.none(3, 4, 2).labels
        array([-1, -1, -1], dtype=int32)
        """
        return cls(
            np.zeros((n_pixels, n_clusters), np.int64),
            np.zeros(n_clusters, np.int64),
            np.full(n_patterns, -1, np.int32),
        )

    @property
    def centroids(self) -> npt.NDArray[np.float64]:
        """Means of the clusters: (K, M); NaN for a cluster without members."""
        with np.errstate(invalid="ignore"):
            return (self.photons / self.members).T


def assign(
    patterns: Patterns, centroids: npt.NDArray[np.float64], clusters: Clusters, *, threads: int
) -> tuple[int, float]:
    """Move every pattern to its nearest centroid, as float64 tells it; `clusters` follow.

    Parameters
    ----------
    patterns : Patterns
        N patterns of M pixels.
    centroids : (K, M) float64 array
        Finite.
    clusters : Clusters
        Changed in place.
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
    base = -0.5 * (centroids**2).sum(axis=1)
    n_moved, whole, fraction = _core.assignment(
        patterns._core,
        np.ascontiguousarray(centroids.T, np.float64),
        base,
        photons=clusters.photons,
        members=clusters.members,
        labels=clusters.labels,
        threads=threads,
    )
    return n_moved, whole + fraction / 2**30
