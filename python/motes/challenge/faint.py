"""Task 7: EM and SGD with gradient back-rotation, beside the seed's algorithm and what public solvers did."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from motes import plotting
from motes.challenge import likelihood, solvers
from motes.challenge.answer import Answer, Block, Gallery, Panel, Plot, Progress, Table, Text
from motes.challenge.archive import TaskData
from motes.devices import CPU, Device
from motes.patterns import Patterns
from motes.reconstruction import Reconstruction
from motes.reconstruction.information import LARGEST_MATRIX
from motes.reconstruction.options import SEED_ROUNDS
from motes.threads import available_threads
from motes.truth import Truth, best_turn, compare

BEST, GRADIENT, SEED = "EM", "SGD", "Hard L2 (seed 000)"
RAW, COMPONENTS, RESORTED = "k-means", "PCA, k-means", "PCA, k-means, hard L2"
HOW = {
    BEST: "soft EM, accelerated, spectral start",
    GRADIENT: "stochastic gradients with back-rotation, 10 epochs of batches of 500",
    SEED: f"Algorithm 1 of seed 000*: nearest rotation, {SEED_ROUNDS} rounds from the mean",
    RAW: "k-means on the raw patterns, class averages aligned",
    COMPONENTS: f"k-means among {solvers.DIMENSIONS} principal components, class averages aligned",
    RESORTED: f"from there, each pattern to the nearest rotation, at most {solvers.RESORTING_ROUNDS} rounds",
}


@dataclass(frozen=True)
class _Entry:
    """One method in the table."""

    result: Reconstruction  # of this master and these labels; other fields are EM's
    seconds: float
    log_likelihood: float
    below: float  # nats a pattern under the best
    below_error: float
    agreement: float
    distance: float  # of the masters, relative to the contrast
    error: float | None
    accuracy: float | None


def answer_faint(data: TaskData, progress: Progress, *, seed: int, threads: int | None, device: Device = CPU) -> Answer:
    """The master behind faint patterns, by maximum likelihood, and how far others came."""
    began = time.perf_counter()
    patterns = data.patterns
    progress(data.task, "maximum likelihood by EM")
    fitted = likelihood.fit(patterns, truth=data.truth, seed=seed, threads=threads, device=device)
    progress(data.task, "maximum likelihood by SGD")
    descended = likelihood.fit(patterns, truth=None, seed=seed, threads=threads, restarts=1, method="sgd")
    result = fitted.result
    once = patterns.binarised() if fitted.doubled else patterns
    found = {name: replace(result, master=e.master, labels=e.labels, seconds=e.seconds)
             for name, e in _others(once, data.task, progress, seed, available_threads(threads)).items()}  # fmt: skip
    progress(data.task, "comparing the methods")
    entries = _compared({BEST: result, GRADIENT: descended.result, **found}, once, data.truth, threads)
    seconds = data.seconds + time.perf_counter() - began
    photons = patterns.n_photons / len(patterns)
    facts = (
        f"{len(patterns):,} patterns of {patterns.shape[0]} x {patterns.shape[1]} pixels, "
        f"{patterns.n_photons:,} photons: {photons:,.3f} photons a pattern."
    )
    blocks: tuple[Block, ...] = (
        Text(facts),
        likelihood.words(fitted),
        likelihood.master_gallery(fitted, patterns),
        likelihood.orientation_table(fitted, {}),
        _table(entries),
        _gallery(entries),
        _cut(fitted, entries),
        Plot("How EM came to rest: what was still to be gained.", partial(plotting.convergence, result)),
    )
    return Answer(
        data.task,
        "maximum likelihood (EM); SGD and baselines beside it",
        seconds,
        result.counts,
        result.labels,
        patterns.shape,
        photons,
        fitted.details() | {"methods": {name: _record(entry) for name, entry in entries.items()}},
        fitted.notes + _left_out(entries, patterns),
        blocks,
    )


def _others(patterns: Patterns, task: int, progress: Progress, seed: int, threads: int) -> dict[str, solvers.Estimate]:
    progress(task, "hard L2 assignment from the mean")
    found = {SEED: solvers.by_resorting(patterns, patterns.mean_image(), threads=threads, rounds=SEED_ROUNDS)}
    progress(task, "k-means on the raw patterns")
    found[RAW] = solvers.by_kmeans(patterns, restarts=solvers.KMEANS_STARTS, seed=seed, threads=threads)
    if patterns.n_pixels > LARGEST_MATRIX:
        return found
    progress(task, "k-means after principal components")
    found[COMPONENTS] = solvers.by_principal_components(patterns, seed=seed, threads=threads)
    progress(task, "hard L2 re-sorting")
    resorted = solvers.by_resorting(patterns, found[COMPONENTS].master, threads=threads)
    found[RESORTED] = replace(resorted, seconds=resorted.seconds + found[COMPONENTS].seconds)
    return found


def _left_out(entries: Mapping[str, _Entry], patterns: Patterns) -> tuple[str, ...]:
    if COMPONENTS in entries:
        return ()
    return (f"principal components are left out: a covariance of {patterns.n_pixels:,} pixels is too large",)


def _compared(
    found: Mapping[str, Reconstruction], patterns: Patterns, truth: Truth | None, threads: int | None
) -> dict[str, _Entry]:
    """Every method by the same likelihood, with the best one's weights, and against its master and labels."""
    best = found[BEST]
    of_best = best.assign(patterns, threads=threads).log_likelihood
    as_truth = Truth(best.master, best.labels)
    entries = {}
    for name, result in found.items():
        turn = best_turn(best, result.master)
        master = result.rotations.turn_master(result.master, turn)
        turned = replace(
            best, master=master, std_error=result.rotations.turn_master(result.std_error, turn),
            labels=result.rotations.relabel(result.labels, turn), seconds=result.seconds,
        )  # fmt: skip
        gap = of_best - turned.assign(patterns, threads=threads).log_likelihood
        beside = compare(turned, as_truth)
        known = None if truth is None else compare(turned, truth)
        entries[name] = _Entry(
            turned,
            result.seconds,
            best.log_likelihood - float(gap.mean()),
            float(gap.mean()),
            float(gap.std() / np.sqrt(len(gap))),
            float("nan") if beside.accuracy is None else beside.accuracy,
            beside.error,
            None if known is None else known.error,
            None if known is None else known.accuracy,
        )
    return entries


def _table(entries: Mapping[str, _Entry]) -> Table:
    header: tuple[str, ...] = (
        "method",
        "seconds",
        "log-likelihood, nats a pattern",
        "below EM",
        "labels as EM's",
        "master's distance from EM's",
    )
    with_truth = entries[BEST].error is not None
    if with_truth:
        header = (*header, "error", "labels right")
    rows = []
    for name, entry in entries.items():
        below = "" if name == BEST else f"{entry.below:.5f} ± {entry.below_error:.5f}"
        agreement = "" if name == BEST else f"{entry.agreement:.1%}"
        distance = f"± {entry.result.error_bound:.1%}" if name == BEST else f"{entry.distance:.1%}"
        row: tuple[str, ...] = (
            HOW[name],
            f"{entry.seconds:.2f}",
            f"{entry.log_likelihood:.4f}",
            below,
            agreement,
            distance,
        )
        if with_truth:
            accuracy = "" if entry.accuracy is None else f"{entry.accuracy:.1%}"
            row = (*row, f"{entry.error:.1%}", accuracy)
        rows.append(row)
    caption = (
        "All methods on the same patterns. Each master's likelihood is that of the model, whatever the method climbed; "
        "± is one standard error, of EM's master the Cramér-Rao bound at the estimate. Distances and errors are "
        "relative to the contrast, after the best turn. * The text that motes began as an answer to."
    )
    return Table(caption, header, tuple(rows))


def _gallery(entries: Mapping[str, _Entry]) -> Gallery:
    panels = tuple(
        Panel(name, entry.result.master, f"{entry.below:.4f} nats a pattern below EM" if name != BEST else "the best")
        for name, entry in entries.items()
    )
    return Gallery(
        "The master by every method, turned alike.", panels, limits=likelihood.limits_of(entries[BEST].result.master)
    )


def _cut(fitted: likelihood.Fit, entries: Mapping[str, _Entry]) -> Plot:
    result = fitted.result
    others = {} if fitted.comparison is None else {"truth": fitted.comparison.master}
    others |= {name: entries[name].result.master for name in (GRADIENT, SEED, RESORTED) if name in entries}
    draw = partial(plotting.cut, result.master, result.std_error, others, name=BEST)
    return Plot("The middle row of the master with its error bars, and what others make of it.", draw)


def _record(entry: _Entry) -> dict[str, float | None]:
    told: dict[str, float | None] = {
        "seconds": entry.seconds,
        "log_likelihood": entry.log_likelihood,
        "below_em": entry.below,
        "below_em_std_error": entry.below_error,
        "agreement": entry.agreement,
        "distance": entry.distance,
    }
    return told if entry.error is None else told | {"error": entry.error, "accuracy": entry.accuracy}
