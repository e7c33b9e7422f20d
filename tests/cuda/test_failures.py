"""Calls of CUDA that fail, on a stand-in for a GPU: each is told, none sticks, nothing is held."""

from __future__ import annotations

import contextlib
import gc
from types import SimpleNamespace

import numpy as np
import pytest

import gpus
import motes
import standin
from motes import DeviceError, Patterns, _core
from motes.devices import cuda_extension
from strategies import random_case, random_table

pytestmark = gpus.on_the_standin("fails on purpose")


@pytest.fixture(params=[3, 9], ids=["one panel", "three panels"])
def case(request):
    """Patterns in the host's memory, a table of templates, and what the processor makes of both."""
    rng = np.random.default_rng(request.param)
    patterns, table = random_case(rng, 200, (4, 5)).patterns, random_table(rng, 20, request.param, np.float32)
    return SimpleNamespace(
        patterns=patterns, table=table,
        scores=_core.likelihood(patterns._core, table.weights, table.base, threads=1),
        planes=_core.sweep(patterns._core, table.weights, table.base, hard=False, threads=1)[0],
    )  # fmt: skip


def uploaded(patterns: Patterns):
    """The same patterns on the first device, uploaded anew."""
    return motes.Patterns._trusted(patterns._arrays, patterns.shape).to("cuda").uploaded()


def likelihood(case, there=None):
    cuda = cuda_extension()
    scores = cuda.likelihood(there or uploaded(case.patterns), case.table.weights, case.table.base).to_numpy()
    np.testing.assert_array_equal(scores, case.scores)


def sweep(case, there=None):
    cuda = cuda_extension()
    planes = cuda.sweep(there or uploaded(case.patterns), case.table.weights, case.table.base, hard=False)[0]
    np.testing.assert_array_equal(planes, case.planes)


@pytest.mark.parametrize("work", [likelihood, sweep])
@pytest.mark.parametrize("code", [standin.INVALID_VALUE, standin.OUT_OF_MEMORY, standin.UNKNOWN])
def test_whatever_fails_is_told_once_and_leaves_nothing_behind(work, code, case, machine):
    machine.fail(-1, 0)
    work(case)
    gc.collect()
    n_calls = machine.fail(-1, 0)
    assert n_calls > 10
    told: set[str] = set()
    for k in range(n_calls):
        machine.fail(k, code)
        try:
            work(case)
        except (DeviceError, MemoryError) as error:
            told.add(f"{type(error).__name__}: {error}")
        standin.check_after_test()  # also what was let go of by the failing call itself
        machine.fail(-1, 0)
        work(case)
    assert {text[: text.index(":", 13)] for text in told} == (
        {"DeviceError: CUDA", "MemoryError: cuda"} if code == standin.OUT_OF_MEMORY else {"DeviceError: CUDA"}
    )


def test_an_upload_that_fails_has_read_what_it_was_given(case, machine):
    """The caller's arrays may go: no copy of theirs waits in the stream."""
    machine.fail(-1, 0)
    uploaded(case.patterns)
    late = 0
    for k in range(machine.fail(-1, 0)):
        machine.fail(k, standin.UNKNOWN)
        with contextlib.suppress(DeviceError):
            uploaded(case.patterns)
        late += machine.waiting() > 1  # but for its memory, which is given back
        machine.fail(-1, 0)
        gc.collect()
        standin.check_after_test()
    assert late <= 1  # where it was the wait that failed


def test_a_device_that_fails_is_no_want_of_memory(machine):
    rng = np.random.default_rng(0)
    circles = motes.Circles(rng.uniform(0, 50, (60, 2)), 3.0, rng.random(60))
    expected = motes.picking.suppress(circles, iou=0.3)

    def work() -> None:
        np.testing.assert_array_equal(motes.picking.suppress(circles, iou=0.3, device="cuda"), expected)

    machine.fail(-1, 0)
    work()
    for k in range(machine.fail(-1, 0)):
        machine.fail(k, standin.UNKNOWN)
        with contextlib.suppress(DeviceError):
            work()
        gc.collect()
        standin.check_after_test()
    machine.fail(-1, 0)
    work()


@pytest.mark.parametrize("n_clusters", [3, 200])
def test_clusters_where_memory_is_short_are_told_or_found(n_clusters, machine):
    """At every size of memory: what does not fit is told, and never worked with."""
    rng = np.random.default_rng(0)
    patterns = random_case(rng, 400, (12, 12)).patterns
    expected = motes.classify.kmeans(patterns, n_clusters, restarts=1, max_iterations=2)
    told: list[str] = []
    for memory in range(100_000, 3_000_000, 130_000):
        machine.set(memory=memory)
        try:
            found = motes.classify.kmeans(patterns, n_clusters, restarts=1, max_iterations=2, device="cuda")
        except MemoryError as error:
            told.append(str(error))
        else:
            np.testing.assert_array_equal(found.labels, expected.labels)
        gc.collect()
        standin.check_after_test()
    assert len(told) < 23
    assert bool(told) == (n_clusters == 200)
    assert all("asked for" in text for text in told)
