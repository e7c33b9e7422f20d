"""Tasks 1 to 3: patterns without noise, told apart exactly."""

from __future__ import annotations

import time
import warnings
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from motes import plotting
from motes.challenge.answer import DEGREES, Answer, Block, Gallery, Panel, Plot, Progress, Text, counts_of
from motes.challenge.archive import TaskData
from motes.challenge.solvers import KMEANS_STARTS
from motes.classify import consensus, kmeans, match, symmetries
from motes.rotations import C4
from motes.threads import available_threads


def answer_by_match(data: TaskData, progress: Progress) -> Answer:
    """Tasks 1 and 2: every pattern is a rotation of the first, pixel by pixel."""
    began = time.perf_counter()
    progress(data.task, "matching each pattern with the rotations of the first")
    labels, notes = _match(data)
    seconds = data.seconds + time.perf_counter() - began
    words = (
        f"Each of the {len(labels):,} patterns was compared with the four rotations of the first one, "
        f"all {data.patterns.n_pixels:,} pixels; each equals exactly one of them."
    )
    return Answer(
        data.task,
        "exact match with the rotations of the first pattern",
        seconds,
        counts_of(labels),
        labels,
        data.patterns.shape,
        details=_against_truth(data, labels),
        notes=notes,
        blocks=(Text(words), _orientations(data, labels)),
    )


def answer_by_kmeans(data: TaskData, progress: Progress, *, seed: int, threads: int | None) -> Answer:
    """Task 3: the shape is inferred, k-means finds the classes, an exact match checks them."""
    began = time.perf_counter()
    patterns, (side, _) = data.patterns, data.patterns.shape
    progress(data.task, "k-means")
    exact, notes = _match(data)
    n_classes = len(np.unique(exact))
    found = kmeans(patterns, n_classes, restarts=KMEANS_STARTS, seed=seed, threads=available_threads(threads))
    clustered = consensus(found.centroids, anchor=int(found.labels[0])).rotations[found.labels]
    agreement = float(np.mean(clustered == exact))
    if agreement < 1:
        notes = (
            *notes,
            f"k-means and the exact match agree on {agreement:.2%} of the patterns; the match is handed in",
        )
    seconds = data.seconds + time.perf_counter() - began
    words = (
        f"{patterns.n_pixels:,} values a pattern are a square of {side} x {side}. k-means, asked for as many classes "
        f"as the exact match finds orientations ({n_classes}), has {_listed(found.members)} patterns in them, with an "
        f"inertia of {found.inertia:.6g}; their centroids, turned to the first pattern's, give its rotation to each. "
        f"The exact match, pattern by pattern, agrees on {agreement:.2%}."
    )
    order = np.argsort(exact, kind="stable")
    design = patterns.to_dense().reshape(len(exact), -1).astype(np.min_scalar_type(patterns.max_count))
    draw = partial(plotting.design_matrices, design, order, counts_of(exact))
    blocks: tuple[Block, ...] = (
        Text(words),
        Plot("The design matrix, one pattern a row: as it came, and sorted by orientation.", draw),
        _orientations(data, exact),
    )
    details = {"k-means": {"inertia": found.inertia, "members": found.members, "agreement": agreement}}
    return Answer(
        data.task,
        "k-means, checked by exact match",
        seconds,
        counts_of(exact),
        exact,
        patterns.shape,
        details=details | _against_truth(data, exact),
        notes=notes,
        blocks=blocks,
    )


def _match(data: TaskData) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # told below, in the answer
        try:
            labels = match(data.patterns)
        except ValueError as error:
            raise ValueError(f"task {data.task}: {error}") from error
    same = symmetries(C4.expand(data.patterns[0].astype(np.float64)))
    if not same:
        return labels, ()
    return labels, (f"the first pattern looks the same turned by {', '.join(DEGREES[r] for r in same)}: ambiguous",)


def _orientations(data: TaskData, labels: npt.NDArray[np.int32]) -> Gallery:
    """The first pattern in its four orientations, with the number of patterns that are in each."""
    templates = C4.expand(data.patterns[0].astype(np.float64))
    panels = tuple(
        Panel(degrees, image, f"{count:,} patterns")
        for degrees, image, count in zip(DEGREES, templates, counts_of(labels), strict=True)
    )
    return Gallery("The first pattern, turned clockwise, and how many patterns are so.", panels, "value of a pixel")


def _against_truth(data: TaskData, labels: npt.NDArray[np.int32]) -> dict[str, Any]:
    if data.truth is None or data.truth.labels is None:
        return {}
    true = (data.truth.labels - data.truth.labels[0]) % 4
    return {"accuracy": float(np.mean(true == labels))}


def _listed(numbers: npt.NDArray[Any]) -> str:
    return ", ".join(f"{number:,}" for number in numbers)
