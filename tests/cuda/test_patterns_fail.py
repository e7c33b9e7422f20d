"""Kernels of patterns where CUDA fails or memory is short: on the stand-in, which does so when it is told."""

from __future__ import annotations

import numpy as np
import pytest

import gpus
import standin
from motes import _core
from motes.devices import cuda_extension
from motes.errors import DeviceError
from strategies import random_case, random_table

pytestmark = gpus.on_the_standin("fails on purpose")

N, N_CLUSTERS = 3000, 9
RNG = np.random.default_rng(0)
CASE = random_case(RNG, N, (5, 5), max_count=2)
TABLE = random_table(RNG, 25, N_CLUSTERS, np.float32)
COEFFICIENTS = RNG.normal(size=(N, N_CLUSTERS)).astype(np.float32)
CENTROIDS = np.abs(RNG.normal(size=(25, N_CLUSTERS)))
BASE = -0.5 * (CENTROIDS**2).sum(axis=0)
WANTED = {"label": True, "responsibility": False, "evidence": True}


def back_rotated(patterns, stream=0):
    return [cuda_extension().backrotation(patterns, COEFFICIENTS, stream=stream).to_numpy()]


def posterior(patterns, stream=0):
    label, _, evidence = cuda_extension().posterior(patterns, TABLE.weights, TABLE.base, **WANTED, stream=stream)
    return [label.to_numpy(), evidence.to_numpy()]


def assigned(patterns, stream=0):
    photons, members = np.zeros((25, N_CLUSTERS), np.int64), np.zeros(N_CLUSTERS, np.int64)
    labels = cuda_extension().from_numpy(np.full(N, -1, np.int32), device=0, stream=stream)
    sums = {"photons": photons, "members": members, "labels": labels}
    told = cuda_extension().assignment(patterns, CENTROIDS, BASE, **sums, stream=stream)
    return [photons, members, labels.to_numpy(), np.array(told)]


FAMILIES = [back_rotated, posterior, assigned]


def assert_right(family, found) -> None:
    for a, b in zip(found, family(gpus.on_gpu(CASE.patterns)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_compared_with_is_right(machine):
    patterns = gpus.on_gpu(CASE.patterns)
    expected = _core.backrotation(CASE.patterns._core, COEFFICIENTS, threads=1)
    np.testing.assert_array_equal(back_rotated(patterns)[0], expected)
    label = _core.posterior(CASE.patterns._core, TABLE.weights, TABLE.base, **WANTED, threads=1)[0]
    np.testing.assert_array_equal(posterior(patterns)[0], label)


@pytest.mark.parametrize("family", FAMILIES)
def test_work_goes_to_the_callers_stream(family, machine):
    stream = machine.stream()
    assert_right(family, family(gpus.on_gpu(CASE.patterns), stream))
    machine.destroy(stream)


@pytest.mark.parametrize("family", FAMILIES)
def test_any_call_of_cuda_may_fail(family, machine):
    patterns = gpus.on_gpu(CASE.patterns)
    machine.fail(-1, 0)
    family(patterns)
    n_calls = machine.fail(-1, 0)
    assert n_calls > 5
    told = []
    for call in range(n_calls):
        machine.fail(call, standin.UNKNOWN)
        try:
            family(patterns)
        except DeviceError as error:
            told.append(str(error))
        machine.fail(-1, 0)
    assert all(text.startswith("CUDA") for text in told)
    assert len(told) > n_calls / 3  # what gives memory back, or asks how many blocks run at once, may fail unseen
    assert_right(family, family(patterns))


@pytest.mark.parametrize("family", [posterior, assigned])
def test_rows_that_do_not_fit_are_done_in_parts(family, machine):
    patterns = gpus.on_gpu(CASE.patterns)
    whole = family(patterns)
    with machine.with_(memory=machine.held() + 110_000):  # rows of all patterns: 3000 * 12 * 4 bytes
        parts = family(patterns)
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("family", FAMILIES)
def test_out_of_memory_says_how_much_was_asked_for(family, machine):
    patterns = gpus.on_gpu(CASE.patterns)
    with (
        machine.with_(memory=machine.held() + 20_000),
        pytest.raises(MemoryError, match=r"asked for .* GB \(\d+ bytes"),
    ):
        family(patterns)
    assert_right(family, family(patterns))
