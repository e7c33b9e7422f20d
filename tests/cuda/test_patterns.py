"""Patterns on a device: what is uploaded when, and where the work is done.

A stand-in for `motes._cuda` runs the phases of its kernels on the host: a whole reconstruction goes through them.
"""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

import motes
import phases
from motes import Patterns, _core, simulate
from motes.arrays import Arrays
from motes.devices import CPU, Device, extension, stream_handle
from motes.errors import DeviceError
from strategies import case_of, random_case, random_table

FIRST = Device("cuda")


class StandIn:
    """A machine with one GPU of little memory."""

    memory = 10**6

    def __init__(self) -> None:
        self.uploads: list[int] = []
        self.sweeps = 0

    def device_count(self) -> int:
        return 1

    def PatternsOnDevice(self, indptr, pixels, position, extra, *, n_pixels, device):
        """Upload, as the extension does: arrays of a part that are counted from 0."""
        assert indptr[0] == 0
        n_bytes = sum(array.nbytes for array in (indptr, pixels, position, extra))
        if n_bytes > self.memory:
            raise MemoryError(f"cuda:{device}: asked for {n_bytes / 1e9:.3g} GB ({n_bytes} bytes), ...")
        self.uploads.append(len(indptr) - 1)
        return Patterns._trusted(Arrays(indptr, pixels, position, extra), (1, n_pixels))

    def sweep(self, patterns, weights, base, *, hard):
        self.sweeps += 1
        planes, orientation = np.zeros(weights.shape, np.int64), np.zeros(len(base), np.int64)
        nats, n_impossible = np.zeros(2, np.int64), np.zeros(1, np.int64)
        phases.run(
            "sweep", "sweep_f32", phases.given(patterns), weights, base, len(base), hard, True, True,
            planes, orientation, nats, n_impossible, 3, order=2 + self.sweeps,
        )  # fmt: skip
        whole, fraction = (int(n) for n in nats)
        return planes, orientation, whole + (fraction >> 30), fraction % 2**30, int(n_impossible[0]), 2.0**-20

    def likelihood(self, patterns, weights, base, *, stream, out):
        self.stream = stream
        return _core.likelihood(patterns._core, weights, base, threads=1, out=out)


@pytest.fixture
def machine(monkeypatch) -> StandIn:
    found = StandIn()
    monkeypatch.setattr(extension, "importlib", SimpleNamespace(import_module=lambda _: found))
    return found


@pytest.fixture
def patterns() -> Patterns:
    truth = simulate.scaled(simulate.portrait(9), 20.0)
    data = simulate.patterns(truth, 900, seed=1)
    return Patterns.from_coo(data.rows, data.cols, shape=(9, 9), n_patterns=900)


def test_patterns_are_uploaded_once(machine, patterns):
    there = patterns.to("cuda")
    assert machine.uploads == [900]
    assert there == patterns
    assert (patterns.device, there.device, there.to("cuda:0").device) == (CPU, FIRST, FIRST)
    assert there.uploaded() is there.uploaded()
    assert there.to("cuda") is there
    assert there.to("cpu").device == CPU
    assert machine.uploads == [900]


def test_parts_follow_and_are_uploaded_when_needed(machine, patterns):
    there = patterns.to("cuda")
    parts = {"slice": there[100:300], "indices": there[[5, 3, 5]], "binarised": there.binarised()}
    assert {part.device for part in parts.values()} == {FIRST}
    assert machine.uploads == [900]
    assert [len(part.uploaded()) for part in parts.values()] == [200, 3, 900]
    for part in parts.values():
        assert part.uploaded()._arrays.dense(81).tolist() == part._arrays.dense(81).tolist()
    assert pickle.loads(pickle.dumps(there)).device == CPU


def test_a_reconstruction_on_a_gpu_has_the_bits_of_the_processor(machine, patterns):
    found = motes.reconstruct(patterns, device="cuda", seed=3)
    assert machine.uploads[0] == 900
    assert machine.sweeps > 3
    expected = motes.reconstruct(patterns, seed=3)
    np.testing.assert_array_equal(found.master, expected.master)
    np.testing.assert_array_equal(found.std_error, expected.std_error)
    assert found.log_likelihood == expected.log_likelihood


def test_sweep_runs_where_the_patterns_are(machine):
    rng = np.random.default_rng(0)
    case = random_case(rng, 50, (3, 3))
    means = rng.uniform(0.1, 0.9, (4, 3, 3))
    found, expected = motes.sweep(case.patterns.to("auto"), means), motes.sweep(case.patterns, means)
    assert machine.sweeps == 1
    np.testing.assert_array_equal(found.planes, expected.planes)
    assert found.log_likelihood == expected.log_likelihood


def test_likelihood_runs_where_the_patterns_are_on_the_callers_stream(machine):
    case = random_case(np.random.default_rng(0), 50, (3, 3))
    means = np.full((2, 3, 3), 0.25)
    there, out = case.patterns.to("cuda"), np.zeros((50, 2), np.float32)
    assert motes.log_likelihood(there, means, out=out, stream=SimpleNamespace(cuda_stream=77)) is out
    assert machine.stream == 77
    np.testing.assert_array_equal(out, motes.log_likelihood(case.patterns, means))
    with pytest.raises(ValueError, match=r"templates: a mean of 1 is scored by the processor alone; use patterns\.to"):
        motes.log_likelihood(there, np.ones((1, 3, 3)))


def test_what_does_not_fit_says_how_much_was_asked_for(machine):
    machine.memory = 10
    with pytest.raises(MemoryError, match=r"cuda:0: asked for .* GB \(\d+ bytes\)"):
        case_of([[1, 0]], (1, 2)).patterns.to("cuda")


@pytest.mark.parametrize(
    ("stream", "handle"),
    [
        (None, 0),
        (0, 0),
        (np.int64(5), 5),
        (SimpleNamespace(cuda_stream=7), 7),
        (SimpleNamespace(ptr=8), 8),
        (SimpleNamespace(handle=SimpleNamespace(value=9)), 9),
        (SimpleNamespace(handle=SimpleNamespace(value=None)), 0),
        (SimpleNamespace(__cuda_stream__=lambda: (0, 10)), 10),
    ],
)
def test_streams(stream, handle):
    assert stream_handle(stream) == handle


@pytest.mark.parametrize(("stream", "error"), [("0", TypeError), (1.5, TypeError), (True, TypeError), (-1, ValueError)])
def test_what_is_no_stream(stream, error):
    with pytest.raises(error, match="stream: expected a CUDA stream or its handle, got"):
        stream_handle(stream)


# -- the extension itself, where it was built --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built():
    try:
        return extension.cuda_extension()
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([1.0], TypeError, "array: expected a device array of float32, got list"),
        (np.ones(3, np.float32), ValueError, "array: expected an array on cuda:0, got one in the host's memory"),
    ],
)
def test_what_is_no_device_array(value, error, message, built):
    with pytest.raises(error, match=message):
        built.view(value, dtype=np.float32, shape=(3,), device=0)


def test_patterns_of_another_dtype(built):
    own = random_case(np.random.default_rng(0), 5, (2, 2)).patterns._arrays.own()
    with pytest.raises(TypeError, match="pixels: expected dtype uint16, got int64"):
        built.PatternsOnDevice(own[0], own[1].astype(np.int64), *own[2:], n_pixels=4, device=0)


@pytest.mark.gpu
def test_other_libraries_share_memory():
    """Torch takes what a kernel wrote, and a kernel writes into torch's memory, on torch's stream."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch sees no GPU")
    rng = np.random.default_rng(0)
    case, table = random_case(rng, 500, (5, 5)), random_table(rng, 25, 3, np.float32)
    expected = _core.likelihood(case.patterns._core, table.weights, table.base, threads=1)
    extension_, there = extension.cuda_extension(), case.patterns.to("cuda")
    found = extension_.likelihood(there.uploaded(), table.weights, table.base)
    np.testing.assert_array_equal(torch.from_dlpack(found).cpu().numpy(), expected)
    np.testing.assert_array_equal(torch.as_tensor(found, device="cuda").cpu().numpy(), expected)
    stream, out = torch.cuda.Stream(), torch.full((500, 3), torch.nan, device="cuda")
    with torch.cuda.stream(stream):
        extension_.likelihood(there.uploaded(), table.weights, table.base, stream=stream.cuda_stream, out=out)
    stream.synchronize()
    np.testing.assert_array_equal(out.cpu().numpy(), expected)
    with pytest.raises(ValueError, match="out: expected a C-contiguous device array"):
        extension_.likelihood(there.uploaded(), table.weights, table.base, out=torch.zeros((3, 500), device="cuda").T)
