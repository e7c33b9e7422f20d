"""Tasks 4 and 6: k-means with consensus alignment, as the seed proposes, and the likelihood beside it."""

from __future__ import annotations

import time

import numpy as np

from motes.challenge import likelihood
from motes.challenge.answer import Answer, Block, Gallery, Panel, Progress, Text
from motes.challenge.archive import TaskData
from motes.challenge.solvers import KMEANS_STARTS, N_CLASSES, Estimate, aligned, by_kmeans
from motes.classify import minibatch_kmeans
from motes.devices import CPU, Device
from motes.patterns import Patterns
from motes.threads import available_threads

MINIBATCH_STARTS = 5
SPARSE = 6  # the task for which the seed takes mini-batches


def answer_noisy(data: TaskData, progress: Progress, *, seed: int, threads: int | None, device: Device = CPU) -> Answer:
    """Orientations and master of noisy patterns, dense or sparse."""
    began = time.perf_counter()
    patterns, n_threads = data.patterns, available_threads(threads)
    progress(data.task, "k-means and consensus alignment")
    clustered = {"k-means": by_kmeans(patterns, restarts=KMEANS_STARTS, seed=seed, threads=n_threads)}
    if data.task == SPARSE:
        progress(data.task, "mini-batch k-means and consensus alignment")
        clustered["mini-batch k-means"] = _by_minibatches(patterns, seed, n_threads)
    progress(data.task, "maximum likelihood")
    fitted = likelihood.fit(patterns, truth=data.truth, seed=seed, threads=threads, device=device)
    result = fitted.result
    agreements = {name: _agreement(fitted, estimate) for name, estimate in clustered.items()}
    seconds = data.seconds + time.perf_counter() - began
    photons = patterns.n_photons / len(patterns)
    facts = (
        f"{len(patterns):,} patterns of {patterns.shape[0]} x {patterns.shape[1]} pixels, "
        f"{patterns.n_photons:,} photons: {photons:,.3f} photons a pattern, on {patterns.n_lit / len(patterns):,.1f} "
        f"of {patterns.n_pixels:,} pixels."
    )
    classes = likelihood.class_gallery(patterns, result)
    blocks: list[Block] = [
        Text(facts),
        likelihood.words(fitted),
        likelihood.orientation_table(fitted, {f"patterns by {name}": e.counts for name, e in clustered.items()}),
        likelihood.master_gallery(fitted, patterns),
        classes,
    ]
    for name, estimate in clustered.items():
        blocks += [
            Text(_words(name, estimate, agreements[name], len(patterns))),
            _gallery(name, estimate, classes.limits),
        ]
    details = fitted.details()
    for name, estimate in clustered.items():
        details[name] = {
            "counts": estimate.counts,
            "members": estimate.members,
            "inertia": estimate.inertia,
            "agreement": agreements[name],
            "seconds": estimate.seconds,
        }
    return Answer(
        data.task,
        "maximum likelihood (EM), beside " + " and ".join(clustered),
        seconds,
        result.counts,
        result.labels,
        patterns.shape,
        photons,
        details,
        fitted.notes,
        tuple(blocks),
    )


def _by_minibatches(patterns: Patterns, seed: int, threads: int) -> Estimate:
    """The best of several starts: one alone may spend its classes on single patterns."""
    began = time.perf_counter()
    n_classes = min(N_CLASSES, len(patterns))
    starts = [int(np.random.default_rng([seed, k]).integers(2**31)) for k in range(MINIBATCH_STARTS)]
    found = [minibatch_kmeans(patterns, n_classes, seed=start, threads=threads) for start in starts]
    return aligned(min(found, key=lambda clusters: clusters.inertia), began)


def _agreement(fitted: likelihood.Fit, estimate: Estimate) -> float:
    """Share of the patterns that two methods give the same orientation, after the best turn of all."""
    difference = (estimate.labels - fitted.result.labels) % 4
    return float(np.bincount(difference, minlength=4).max() / len(difference))


def _words(name: str, estimate: Estimate, agreement: float, n_patterns: int) -> str:
    told = (
        f"{name[0].upper()}{name[1:]}, beside it: classes of {', '.join(f'{n:,}' for n in estimate.members)} patterns, "
        f"which alignment takes for {estimate.orientations_found} different orientations; "
        f"{agreement:.2%} of the patterns have the orientation that the likelihood gives them."
    )
    if estimate.orientations_found < N_CLASSES or estimate.members.min() < 0.05 * n_patterns:
        told += " These classes are not the four orientations."
    return told


def _gallery(name: str, estimate: Estimate, limits: tuple[float, float] | None) -> Gallery:
    panels = [
        Panel(f"Class {k + 1}", image, f"{members:,} patterns, taken for {90 * rotation}°")
        for k, (image, members, rotation) in enumerate(
            zip(estimate.averages, estimate.members, estimate.rotations, strict=True)
        )
    ]
    panels.append(Panel("Superposed", estimate.master, "after consensus alignment"))
    return Gallery(f"Class averages by {name}, turns relative to the largest.", tuple(panels), limits=limits)
