"""Calls of CUDA that fail, on a stand-in for a GPU: each is told, none sticks, nothing is held."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import numpy as np
import pytest

import motes
import standin
from motes import DeviceError, Patterns, _core
from motes.devices import cuda_extension
from strategies import random_case, random_table

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif("not config.getoption('--gpu-standin')", reason="fails on purpose: needs --gpu-standin"),
]


@pytest.fixture
def machine():
    machine = standin.machine()
    yield machine
    machine.fail(-1, 0)
    machine.set()


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
