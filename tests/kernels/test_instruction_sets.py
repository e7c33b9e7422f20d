"""Each instruction set of this machine, in a process of its own: integers equal, floats within the stated bounds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fingerprint
import reference
from motes import _core

TESTS = Path(__file__).parent.parent
AVAILABLE = [name for name in ("baseline", "v3", "v4") if _core.isa_available(name)]

each = pytest.mark.parametrize("isa", AVAILABLE)

# Two instruction sets may differ in gamma and ln by the stated 4e-7 each; so may what is rounded to a quantum of it.
GAMMA = 8e-7


def in_process(isa: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "MOTES_ISA"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    if isa is not None:
        environment["MOTES_ISA"] = isa
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, dict[str, np.ndarray]]:
    folder = tmp_path_factory.mktemp("isa")
    results = {}
    for isa in AVAILABLE:
        done = in_process(isa, str(TESTS / "fingerprint.py"), str(folder / f"{isa}.npz"))
        assert done.returncode == 0, done.stderr
        with np.load(folder / f"{isa}.npz") as archive:
            results[isa] = dict(archive)
    return results


@each
def test_the_environment_forces_it(found, isa):
    assert found[isa]["isa"] == isa


def test_the_best_is_chosen_by_itself():
    done = in_process(None, "-c", "from motes import _core; print(_core.isa())")
    assert done.stdout.strip() == AVAILABLE[-1]


def test_what_is_not_there_is_not_available():
    assert not _core.isa_available("v5")
    assert _core.isa_available("baseline")


@each
def test_integers_are_equal_and_floats_within_the_bound(found, isa):
    patterns = fingerprint.data()
    photons = patterns.total_image().ravel()
    assert found[isa].keys() == found["baseline"].keys()
    for name, value in found[isa].items():
        expected = found["baseline"][name]
        kernel, _, what = name.partition(": ")
        soft = "sweep" in kernel and "hard" not in kernel
        if name == "isa":
            continue
        assert (value.dtype, value.shape) == (expected.dtype, expected.shape), name
        if what in ("gamma", "evidence") and "f32" in kernel:
            np.testing.assert_array_equal(np.isfinite(value), np.isfinite(expected), err_msg=name)
            finite = np.isfinite(expected)
            np.testing.assert_allclose(value[finite], expected[finite], rtol=GAMMA, atol=GAMMA, err_msg=name)
        elif what == "sums" and soft:
            error = np.abs(value - expected).max(axis=1)
            assert (error <= (GAMMA * 2**20 + 1) * photons).all() if "f32" in kernel else not error.any(), name
        elif what == "members" and soft:
            assert np.abs(value - expected).max() <= (GAMMA * 2**20 + 1) * len(patterns), name
        elif what == "total" and soft:
            assert value[2] == expected[2], name
            nats = (value[:2] - expected[:2]) @ [1.0, 2.0**-30]
            assert abs(nats) <= GAMMA * len(patterns), name
        else:  # whole numbers, and sums in photon order: every bit
            np.testing.assert_array_equal(value, expected, err_msg=name)


def test_the_oracle_agrees_with_the_fingerprint(found):
    """The fingerprint says what the kernels should: not only the same everywhere."""
    patterns = fingerprint.data()
    counts = patterns.to_scipy().toarray()
    table = fingerprint.table(5, np.float64)
    scores = reference.scores(counts, table.weights, table.base)
    possible = np.isfinite(scores)
    np.testing.assert_allclose(found["baseline"]["likelihood f64 5: scores"][possible], scores[possible], atol=1e-12)
    planes = reference.back_rotation(counts, reference.responsibilities(scores)) * 2**30
    np.testing.assert_allclose(found["baseline"]["sweep f64 5: sums"], planes, atol=counts.sum(axis=0).max())


@each
def test_kernel_tests_pass_under_it(isa):
    if isa == _core.isa():
        pytest.skip("these are the tests that run here")
    files = [str(path) for path in sorted((TESTS / "kernels").glob("test_*.py")) if path != Path(__file__)]
    options = ["-q", "-p", "no:cacheprovider", "-x", "--no-header"]
    done = in_process(isa, "-m", "pytest", *options, *files)
    assert done.returncode == 0, done.stdout[-3000:]
