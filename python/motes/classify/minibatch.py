"""Mini-batch k-means: centroids follow small random batches, each with a rate of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.batches import batches
from motes.checks import whole
from motes.classify.kmeans import KMeans, check_centroids, kmeans, on_device, require_clusters
from motes.devices import Device
from motes.kernels.assignment import Clusters, assign
from motes.patterns import Patterns
from motes.reconstruction.information import sample_of
from motes.stored import StoredPatterns
from motes.threads import available_threads

_START_PATTERNS = 5000  # clustered whole to start from: single sparse patterns are poor centroids


def minibatch_kmeans(
    patterns: Patterns | StoredPatterns,
    n_clusters: int = 4,
    *,
    init: str | npt.NDArray[np.floating[Any]] = "k-means++",
    batch: int = 1024,
    epochs: int = 10,
    polish: bool = False,
    seed: int = 0,
    threads: int | None = None,
    device: Device | str | None = None,
) -> KMeans:
    """Cluster patterns by mini-batches (Sculley, 2010), as the seed does for task 6.

    After each batch a centroid is the mean of all patterns that were ever assigned to it: the learning rate of a
    cluster is one over the patterns it has seen.

    Parameters
    ----------
    patterns : Patterns or StoredPatterns
        N patterns; at least `n_clusters`. Of a store, batches are drawn from one section after the other, these in a
        fresh order.
    n_clusters : int
        K.
    init : {"k-means++", "random"} or (K, H, W) array
        Where to start.
    batch, epochs : int
        Patterns a step; passes over the patterns, each in a fresh order.
    polish : bool
        End with full k-means from there.
    seed : int
        The same seed gives the same bits.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.
    device : {"cpu", "cuda", "cuda:1", "auto"}, optional
        Where patterns are assigned; by default where they are (`Patterns.to`). Batches are gathered in the host's
        memory and go to a GPU one by one; the rounds over all patterns stay there. The same bits; compiled, not yet run
        on hardware.

    Returns
    -------
    KMeans
        With the labels of all patterns; `iterations` counts batches.

    Examples
    --------
    >>> patterns = Patterns.from_dense([[1, 1, 0, 0], [0, 0, 1, 1]] * 50)
    >>> minibatch_kmeans(patterns, 2, batch=10).inertia
    0.0
    """
    require_clusters(patterns, n_clusters)
    patterns = on_device(patterns, device)
    batch, epochs, seed = whole("batch", batch, 1), whole("epochs", epochs, 1), whole("seed", seed, 0)
    threads = available_threads(threads)
    rng = np.random.default_rng(seed)
    centroids = check_centroids(init, n_clusters, patterns)
    if centroids is None:
        few = _few(patterns, max(_START_PATTERNS, n_clusters), rng)
        centroids = kmeans(few, n_clusters, init=init, seed=seed, threads=threads).centroids.reshape(n_clusters, -1)
    seen = np.zeros(n_clusters)
    steps = 0
    for epoch in range(epochs):
        for part in _in_fresh_order(patterns, batch, np.random.default_rng([seed, epoch])):
            clusters = Clusters.none(len(part), patterns.n_pixels, n_clusters, part.device)
            assign(part, centroids, clusters, threads=threads)
            total = seen + clusters.members
            sums = seen[:, None] * centroids + clusters.photons.T
            centroids = np.where(total[:, None] > 0, sums / np.maximum(total, 1)[:, None], centroids)
            seen = total
            steps += 1
    rounds = 300 if polish else 1
    shape = (n_clusters, *patterns.shape)
    found = kmeans(patterns, n_clusters, init=centroids.reshape(shape), max_iterations=rounds, threads=threads)
    return KMeans(found.labels, found.centroids, found.members, found.inertia, steps, converged=found.converged)


def _few(patterns: Patterns | StoredPatterns, n: int, rng: np.random.Generator) -> Patterns:
    if isinstance(patterns, StoredPatterns):
        return sample_of(patterns, n, int(rng.integers(2**31)))
    return patterns[np.sort(rng.permutation(len(patterns))[:n])]


def _in_fresh_order(patterns: Patterns | StoredPatterns, batch: int, rng: np.random.Generator) -> Iterator[Patterns]:
    """Batches of all patterns; of a store, of one section after the other."""
    if isinstance(patterns, StoredPatterns):
        for section in rng.permutation(patterns.n_sections):
            yield from _in_fresh_order(patterns.section(int(section)), batch, rng)
        return
    edges = np.append(np.arange(0, len(patterns), batch), len(patterns))
    yield from batches(patterns, rng.permutation(len(patterns)), edges)
