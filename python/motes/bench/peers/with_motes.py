"""Our side of every race."""

from __future__ import annotations

import numpy as np

from motes import Patterns, _core
from motes.bench.peers import OURS, Prepared, contender
from motes.bench.workloads import SIDE, Work
from motes.classify import kmeans, match
from motes.kernels.assignment import Clusters, assign
from motes.kernels.outer import second_moments
from motes.reconstruction import reconstruct


def _ingest(work: Work, threads: int, *, shuffled: bool) -> Prepared:
    rows, cols = work.shuffled if shuffled else (work.rows, work.cols)

    def call() -> Patterns:
        return Patterns.from_coo(rows, cols, shape=(SIDE, SIDE), n_patterns=work.n_patterns, threads=threads)

    return Prepared(call, lambda patterns: (patterns.indptr, patterns.pixels))


@contender("ingest", OURS, needs="motes")
@contender("ingest, 100M photons", OURS, needs="motes")
def ingest(work: Work, threads: int) -> Prepared:
    return _ingest(work, threads, shuffled=False)


@contender("ingest, shuffled", OURS, needs="motes")
def ingest_shuffled(work: Work, threads: int) -> Prepared:
    return _ingest(work, threads, shuffled=True)


@contender("likelihood", OURS, needs="motes")
def likelihood(work: Work, threads: int) -> Prepared:
    patterns, weights, base = work.patterns._core, work.weights, work.base
    out = np.empty((work.n_patterns, len(base)), np.float32)
    return Prepared(lambda: _core.likelihood(patterns, weights, base, threads=threads, out=out))


@contender("likelihood, R = 1024", OURS, needs="motes")
def likelihood_many(work: Work, threads: int) -> Prepared:
    patterns, weights, base = work.patterns._core, work.many_weights, np.zeros(1024, np.float32)
    out = np.empty((work.n_patterns, len(base)), np.float32)
    return Prepared(lambda: _core.likelihood(patterns, weights, base, threads=threads, out=out))


@contender("posterior", OURS, needs="motes")
def posterior(work: Work, threads: int) -> Prepared:
    wanted = {"label": False, "responsibility": True, "evidence": False}
    patterns, weights, base = work.patterns._core, work.weights, work.base
    return Prepared(lambda: _core.posterior(patterns, weights, base, **wanted, threads=threads), lambda found: found[1])


@contender("back-rotation", OURS, needs="motes")
def back_rotation(work: Work, threads: int) -> Prepared:
    patterns, coefficients = work.patterns._core, work.responsibilities
    out = np.empty((work.n_pixels, coefficients.shape[1]))
    return Prepared(lambda: _core.backrotation(patterns, coefficients, threads=threads, out=out))


@contender("sweep", OURS, needs="motes")
def sweep(work: Work, threads: int) -> Prepared:
    problem = work.problem(threads)
    uniform = problem.uniform
    return Prepared(lambda: problem.evaluate(work.master, uniform), lambda point: point.em_master)


@contender("assignment", OURS, needs="motes")
def assignment(work: Work, threads: int) -> Prepared:
    start = Clusters.none(work.n_patterns, work.n_pixels, 4)
    assign(work.patterns, work.centroids.reshape(4, -1), start, threads=threads)
    centroids = start.centroids
    now = Clusters(start.photons.copy(), start.members.copy(), start.labels.copy())

    def call() -> Clusters:
        for name in ("photons", "members", "labels"):  # every call moves the same patterns
            np.copyto(getattr(now, name), getattr(start, name))
        assign(work.patterns, centroids, now, threads=threads)
        return now

    return Prepared(call, lambda clusters: clusters.centroids)


@contender("k-means", OURS, needs="motes")
def whole_kmeans(work: Work, threads: int) -> Prepared:
    return Prepared(
        lambda: kmeans(work.patterns, 4, init=work.centroids, threads=threads), lambda found: np.array(found.inertia)
    )


@contender("outer", OURS, needs="motes")
def outer(work: Work, threads: int) -> Prepared:
    return Prepared(lambda: second_moments(work.patterns, threads=threads))


@contender("match", OURS, needs="motes")
def whole_match(work: Work, threads: int) -> Prepared:
    return Prepared(lambda: match(work.noiseless, threads=threads))


@contender("reconstruct", OURS, needs="motes")
def whole_reconstruction(work: Work, threads: int) -> Prepared:
    return Prepared(lambda: reconstruct(work.patterns, threads=threads), lambda found: found.master)
