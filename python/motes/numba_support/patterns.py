"""Kernels of patterns inside `@njit`: likelihood, posterior, sweep, back-rotation, assignment."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from motes.numba_support import c
from motes.numba_support.wall import REALS, address, check_shape, checked, of_dtype, only_compiled, require


class Sums(NamedTuple):
    """What a sweep found besides its planes.

    Attributes
    ----------
    log_likelihood : float
        sum_p ln sum_r exp L[p, r], nats; -inf where patterns were impossible.
    n_impossible : int
        Patterns that no template can have made; in none of the sums.
    quantum : float
        The unit of planes and orientation.
    """

    log_likelihood: float
    n_impossible: int
    quantum: float


class Clusters(NamedTuple):
    """What a round of k-means did: patterns that moved, and sum_p max_k (x_p . w_k + base_k)."""

    n_moved: int
    score: float


def likelihood(patterns: Any, weights: Any, base: Any, out: Any) -> None:
    """Log-likelihood of every pattern under every template: L[p, r] = base[r] + sum_i x[p, i] w[i, r].

    Parameters
    ----------
    patterns : PatternsView
        N patterns of M pixels: `motes.numba_support.view`.
    weights : (M, R) float32 or float64 array
        C-contiguous, as are all others.
    base : (R,) array of the same dtype
    out : (N, R) array of the same dtype
        Written to, in nats.

    Raises
    ------
    ValueError
        In the library's words, if a shape or a number is out of range.

    Notes
    -----
    `csrc/include/motes/likelihood.hpp` has formulas and bounds.
    """
    only_compiled("likelihood", "motes.log_likelihood")


@overload(likelihood)
def _likelihood(patterns: Any, weights: Any, base: Any, out: Any) -> Any:
    real = require(weights, "weights", REALS, 2)
    require(base, "base", real, 1)
    require(out, "out", real, 2, output=True)
    call = checked(of_dtype("motes_likelihood", real))

    def run(patterns: Any, weights: Any, base: Any, out: Any) -> None:
        check_shape("weights", weights.shape, (patterns.n_pixels, base.size))
        check_shape("out", out.shape, (patterns.n_patterns, base.size))
        p, w, b, o = patterns.address, address(weights), address(base), address(out)
        call((p, w, b, base.size, o, patterns.run_address))

    return run


def posterior(
    patterns: Any, weights: Any, base: Any, label: Any = None, responsibility: Any = None, evidence: Any = None
) -> None:
    """Most likely template, probabilities of all, and evidence ln sum_r exp L[p, r] of every pattern.

    Parameters
    ----------
    patterns, weights, base
        As in `likelihood`.
    label : (N,) int32 array, optional
    responsibility : (N, R) array of the weights' dtype, optional
    evidence : (N,) array of the weights' dtype, optional
        Written to; what is None is not computed.

    Raises
    ------
    ValueError
        In the library's words, if a shape or a number is out of range.
    """
    only_compiled("posterior", "Reconstruction.responsibilities")


@overload(posterior)
def _posterior(
    patterns: Any, weights: Any, base: Any, label: Any = None, responsibility: Any = None, evidence: Any = None
) -> Any:
    real = require(weights, "weights", REALS, 2)
    require(base, "base", real, 1)
    require(label, "label", types.int32, 1, optional=True, output=True)
    require(responsibility, "responsibility", real, 2, optional=True, output=True)
    require(evidence, "evidence", real, 1, optional=True, output=True)
    call = checked(of_dtype("motes_posterior", real))

    def run(
        patterns: Any, weights: Any, base: Any, label: Any = None, responsibility: Any = None, evidence: Any = None
    ) -> None:
        n_templates = base.size
        check_shape("weights", weights.shape, (patterns.n_pixels, n_templates))
        p, w, b = patterns.address, address(weights), address(base)
        to_label = to_responsibility = to_evidence = 0
        if label is not None:
            check_shape("label", label.shape, (patterns.n_patterns,))
            to_label = address(label)
        if responsibility is not None:
            check_shape("responsibility", responsibility.shape, (patterns.n_patterns, n_templates))
            to_responsibility = address(responsibility)
        if evidence is not None:
            check_shape("evidence", evidence.shape, (patterns.n_patterns,))
            to_evidence = address(evidence)
        threads = patterns.run_address
        call((p, w, b, n_templates, to_label, to_responsibility, to_evidence, threads))

    return run


def sweep(patterns: Any, weights: Any, base: Any, planes: Any, orientation: Any, hard: bool = False) -> Sums:
    """E step and the sums for the M step, in one pass over the photons.

    Parameters
    ----------
    patterns, weights, base
        As in `likelihood`.
    planes : (M, R) int64 array
        Written to: sum_p gamma[p, r] x[p, i], in units of the quantum.
    orientation : (R,) int64 array
        Written to: sum_p gamma[p, r], likewise.
    hard : bool
        Each pattern to its best template alone.

    Returns
    -------
    Sums

    Raises
    ------
    ValueError
        In the library's words, if a shape or a number is out of range.
    """
    only_compiled("sweep", "motes.sweep")


@overload(sweep)
def _sweep(patterns: Any, weights: Any, base: Any, planes: Any, orientation: Any, hard: bool = False) -> Any:
    real = require(weights, "weights", REALS, 2)
    require(base, "base", real, 1)
    require(planes, "planes", types.int64, 2, output=True)
    require(orientation, "orientation", types.int64, 1, output=True)
    call, sums_of_c = checked(of_dtype("motes_sweep", real)), c.motes_sums

    def run(patterns: Any, weights: Any, base: Any, planes: Any, orientation: Any, hard: bool = False) -> Sums:
        check_shape("weights", weights.shape, (patterns.n_pixels, base.size))
        check_shape("planes", planes.shape, (patterns.n_pixels, base.size))
        check_shape("orientation", orientation.shape, (base.size,))
        sums = np.zeros(1, sums_of_c)
        sums[0].struct_size = sums.itemsize
        sums[0].planes = address(planes)
        sums[0].weights = address(orientation)
        p, w, b, s = patterns.address, address(weights), address(base), address(sums)
        rule = np.int32(1 if hard else 0)
        call((p, w, b, base.size, rule, s, patterns.run_address))
        found = sums[0]
        total = found.log_likelihood[0] + found.log_likelihood[1] / 2**30
        return Sums(-np.inf if found.n_impossible else total, found.n_impossible, found.quantum)

    return run


def backrotation(patterns: Any, coefficients: Any, planes: Any) -> None:
    """Patterns gathered by template: planes[i, r] = sum_p c[p, r] x[p, i].

    Parameters
    ----------
    patterns : PatternsView
        N patterns of M pixels.
    coefficients : (N, R) float32 or float64 array
    planes : (M, R) float64 array
        Written to.

    Raises
    ------
    ValueError
        In the library's words, if a shape or a number is out of range.
    """
    only_compiled("backrotation", "motes.back_rotate")


@overload(backrotation)
def _backrotation(patterns: Any, coefficients: Any, planes: Any) -> Any:
    real = require(coefficients, "coefficients", REALS, 2)
    require(planes, "planes", types.float64, 2, output=True)
    call = checked(of_dtype("motes_backrotation", real))

    def run(patterns: Any, coefficients: Any, planes: Any) -> None:
        n_templates = coefficients.shape[1]
        check_shape("coefficients", coefficients.shape, (patterns.n_patterns, n_templates))
        check_shape("planes", planes.shape, (patterns.n_pixels, n_templates))
        p, k, to = patterns.address, address(coefficients), address(planes)
        call((p, k, n_templates, to, patterns.run_address))

    return run


def assignment(patterns: Any, weights: Any, base: Any, photons: Any, members: Any, labels: Any) -> Clusters:
    """One round of k-means on photon counts; clusters follow the patterns that move.

    Parameters
    ----------
    patterns : PatternsView
        N patterns of M pixels.
    weights : (M, K) float64 array
        The centres.
    base : (K,) float64 array
        `-|c_k|^2 / 2`.
    photons : (M, K) int64 array
    members : (K,) int64 array
        In and out; zeros before the first round.
    labels : (N,) int32 array
        In and out; -1 = not assigned yet.

    Returns
    -------
    Clusters

    Raises
    ------
    ValueError
        In the library's words, if a shape or a number is out of range.
    """
    only_compiled("assignment", "motes.classify.kmeans")


@overload(assignment)
def _assignment(patterns: Any, weights: Any, base: Any, photons: Any, members: Any, labels: Any) -> Any:
    require(weights, "weights", types.float64, 2)
    require(base, "base", types.float64, 1)
    require(photons, "photons", types.int64, 2, output=True)
    require(members, "members", types.int64, 1, output=True)
    require(labels, "labels", types.int32, 1, output=True)
    call, clusters_of_c = checked(c.motes_assignment), c.motes_clusters

    def run(patterns: Any, weights: Any, base: Any, photons: Any, members: Any, labels: Any) -> Clusters:
        check_shape("weights", weights.shape, (patterns.n_pixels, base.size))
        check_shape("photons", photons.shape, (patterns.n_pixels, base.size))
        check_shape("members", members.shape, (base.size,))
        check_shape("labels", labels.shape, (patterns.n_patterns,))
        clusters = np.zeros(1, clusters_of_c)
        clusters[0].struct_size = clusters.itemsize
        clusters[0].photons = address(photons)
        clusters[0].members = address(members)
        clusters[0].labels = address(labels)
        p, w, b, k = patterns.address, address(weights), address(base), address(clusters)
        call((p, w, b, base.size, k, patterns.run_address))
        found = clusters[0]
        return Clusters(found.n_moved, found.score[0] + found.score[1] / 2**30)

    return run
