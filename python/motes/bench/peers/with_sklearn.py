"""scikit-learn's models of the same data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.bench.peers import Prepared, contender
from motes.bench.workloads import Work


@contender("likelihood", "scikit-learn BernoulliNB _joint_log_likelihood", needs="sklearn")
def likelihood(work: Work, _: int) -> Prepared:
    from sklearn.naive_bayes import BernoulliNB

    model = BernoulliNB()  # float64, as its own `fit` leaves it; data of the same type spare it a conversion
    model.feature_log_prob_ = np.log(work.master[work.index])
    model.class_log_prior_ = np.zeros(len(work.index))
    x = work.csr(np.float64)
    return Prepared(lambda: model._joint_log_likelihood(x))


@contender("sweep", "scikit-learn GaussianMixture (dense)", needs="sklearn")
def sweep(work: Work, threads: int) -> Prepared:
    """One E and one M step. Variances that all components share make it linear in the photons, so it can be checked."""
    from sklearn.mixture import GaussianMixture

    dense, templates = work.dense(), work.master[work.index].astype(np.float32)
    variance = templates.mean(axis=0) * (1 - templates.mean(axis=0))

    def call() -> Any:
        mixture = GaussianMixture(len(templates), covariance_type="diag")
        mixture.means_ = templates
        mixture.weights_ = np.full(len(templates), 1 / len(templates), np.float32)
        mixture.covariances_ = np.tile(variance, (len(templates), 1))
        mixture.precisions_cholesky_ = 1 / np.sqrt(mixture.covariances_)
        _, log_responsibilities = mixture._e_step(dense)
        mixture._m_step(dense, log_responsibilities)
        return mixture

    def expected() -> npt.NDArray[np.float64]:
        weights = np.ascontiguousarray((templates / variance).T, np.float64)
        base = -0.5 * (templates.astype(np.float64) ** 2 / variance).sum(axis=1)
        planes, *_, quantum = _core.sweep(work.patterns._core, weights, base, hard=False, threads=threads)
        return work.home(planes * quantum)

    def read(mixture: Any) -> npt.NDArray[np.float64]:
        return work.home(mixture.means_.T * mixture.weights_ * work.n_patterns)

    return Prepared(call, read, expected)


@contender("assignment", "scikit-learn KMeans on CSR", needs="sklearn")
def assignment(work: Work, threads: int) -> Prepared:
    """One of its iterations, without what `fit` does before and after them."""
    from sklearn.cluster._k_means_lloyd import lloyd_iter_chunked_sparse

    x, ones = work.csr(), np.ones(work.n_patterns, np.float32)
    old, new = work.centroids.reshape(4, -1).astype(np.float32), np.zeros((4, work.n_pixels), np.float32)
    members, shift, labels = np.zeros(4, np.float32), np.zeros(4, np.float32), np.full(work.n_patterns, -1, np.int32)
    lloyd_iter_chunked_sparse(x, ones, old, new, members, labels, shift, threads)  # the round that ours starts after
    old = new.copy()

    def call() -> npt.NDArray[np.float32]:
        lloyd_iter_chunked_sparse(x, ones, old, new, members, labels, shift, threads)
        return new

    return Prepared(call)


@contender("k-means", "scikit-learn KMeans on CSR", needs="sklearn")
def whole_kmeans(work: Work, _: int) -> Prepared:
    from sklearn.cluster import KMeans

    x, start = work.csr(), work.centroids.reshape(4, -1).astype(np.float32)

    def call() -> Any:
        return KMeans(4, init=start, n_init=1, algorithm="lloyd").fit(x)

    return Prepared(call, lambda model: np.array(model.inertia_))
