"""What no kernel's result may depend on: threads, the order of patterns, where a part begins, who else is calling."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

import fingerprint
from motes import C4, Patterns, _core

ORDER = np.arange(fingerprint.N_PATTERNS)
kernels = pytest.mark.parametrize("kernel", fingerprint.KERNELS)


@cache
def alone(kernel: str) -> fingerprint.Results:
    return fingerprint.KERNELS[kernel](fingerprint.data(), ORDER, 1)


def assert_same_bits(found: fingerprint.Results, expected: fingerprint.Results) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name, strict=True)


@kernels
@pytest.mark.parametrize("threads", [2, 3, 5, 16])
def test_any_number_of_threads_gives_the_same_bits(kernel, threads):
    for _ in range(2):
        assert_same_bits(fingerprint.KERNELS[kernel](fingerprint.data(), ORDER, threads), alone(kernel))


@pytest.mark.parametrize("kernel", fingerprint.OTHERS)
def test_any_number_of_threads_finds_the_same_circles(kernel):
    expected = fingerprint.OTHERS[kernel](1)
    for threads in (2, 3, 16):
        assert_same_bits(fingerprint.OTHERS[kernel](threads), expected)


@kernels
def test_shuffled_patterns_give_the_same_bits(kernel):
    order = np.random.default_rng(0).permutation(fingerprint.N_PATTERNS)
    found = fingerprint.KERNELS[kernel](fingerprint.data()[order], order, 2)
    for name in fingerprint.PER_PATTERN:
        if name in found:
            found[name] = found[name][np.argsort(order)]
    assert_same_bits(found, alone(kernel))


@kernels
def test_a_slice_is_as_good_as_its_own_container(kernel):
    patterns = fingerprint.data()
    padded = Patterns.concatenate([patterns[:137], patterns, patterns[:5]])[137:-5]
    assert padded.indptr[0] > 0
    assert_same_bits(fingerprint.KERNELS[kernel](padded, ORDER, 2), alone(kernel))


def test_calls_from_several_threads_at_once():
    calls = [*fingerprint.KERNELS] * 3
    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(fingerprint.KERNELS[kernel], fingerprint.data(), ORDER, 2) for kernel in calls]
        for kernel, future in zip(calls, running, strict=True):
            assert_same_bits(future.result(), alone(kernel))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_starts_its_own_threads():
    kernel = "sweep f32 4"
    expected = alone(kernel)
    fingerprint.KERNELS[kernel](fingerprint.data(), ORDER, 2)  # the parent's threads are running
    for _ in range(3):
        child = os.fork()
        if child == 0:
            found = fingerprint.KERNELS[kernel](fingerprint.data(), ORDER, 2)
            os._exit(int(any(not np.array_equal(found[name], expected[name]) for name in expected)))
        assert os.waitpid(child, 0)[1] == 0
    assert_same_bits(fingerprint.KERNELS[kernel](fingerprint.data(), ORDER, 2), expected)


def test_turning_every_pattern_permutes_the_responsibilities():
    """A pattern turned once more shows template r + 1 where it showed r."""
    patterns = fingerprint.data()
    master = np.random.default_rng(1).normal(-3, 1, fingerprint.SHAPE)
    templates = C4.expand(master).reshape(4, -1)
    weights = np.ascontiguousarray(templates.T, np.float64)
    turned = Patterns.from_dense(np.rot90(patterns.to_dense(), -1, axes=(1, 2)))

    def responsibilities(of: Patterns) -> np.ndarray:
        return _core.posterior(
            of._core, weights, np.zeros(4), label=False, responsibility=True, evidence=False, threads=2
        )[1]

    np.testing.assert_allclose(responsibilities(turned), np.roll(responsibilities(patterns), 1, axis=1), atol=1e-12)
