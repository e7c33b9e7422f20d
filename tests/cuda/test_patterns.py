"""Patterns on a device: what is uploaded when, and where the work is done."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

import gpus
import motes
from motes import Patterns, _core, simulate
from motes.devices import CPU, Device, extension, stream_of
from strategies import random_case, random_table

FIRST = Device("cuda")


@pytest.fixture
def uploads(monkeypatch) -> list[int]:
    """How many patterns each upload took."""
    cuda, found = gpus.gpu(), []
    upload = cuda.PatternsOnDevice

    def counted(indptr, *arrays, **options):
        found.append(len(indptr) - 1)
        return upload(indptr, *arrays, **options)

    monkeypatch.setattr(cuda, "PatternsOnDevice", counted)
    return found


@pytest.fixture
def patterns() -> Patterns:
    truth = simulate.scaled(simulate.portrait(9), 20.0)
    data = simulate.patterns(truth, 900, seed=1)
    return Patterns.from_coo(data.rows, data.cols, shape=(9, 9), n_patterns=900)


@pytest.mark.gpu
def test_patterns_are_uploaded_once(uploads, patterns):
    there = patterns.to("cuda")
    assert uploads == [900]
    assert there == patterns
    assert (patterns.device, there.device, there.to("cuda:0").device) == (CPU, FIRST, FIRST)
    assert there.uploaded() is there.uploaded()
    assert there.to("cuda") is there
    assert there.to("cpu").device == CPU
    assert uploads == [900]


@pytest.mark.gpu
def test_parts_follow_and_are_uploaded_when_needed(uploads, patterns):
    there = patterns.to("cuda")
    parts = {"slice": there[100:300], "indices": there[[5, 3, 5]], "binarised": there.binarised()}
    assert {part.device for part in parts.values()} == {FIRST}
    assert [len(part.uploaded()) for part in parts.values()] == [200, 3, 900]
    assert 200 not in uploads  # a slice shares the memory of the whole
    means = np.random.default_rng(0).uniform(0.1, 0.9, (4, 9, 9))
    for part in parts.values():
        found, expected = motes.sweep(part, means), motes.sweep(part.to("cpu"), means)
        np.testing.assert_array_equal(found.planes, expected.planes)
    assert pickle.loads(pickle.dumps(there)).device == CPU


@pytest.mark.gpu
def test_patterns_are_joined_where_they_all_are(uploads, patterns):
    there = patterns.to("cuda")
    assert there.to("auto") is there
    assert Patterns.concatenate([there, there[:10]]).device == FIRST
    assert Patterns.concatenate([there, patterns]).device == CPU
    assert Patterns.concatenate([there, there[:10]]) == Patterns.concatenate([patterns, patterns[:10]])


@pytest.mark.gpu
def test_a_device_array_is_not_read_in_silence(uploads, patterns):
    scores = motes.log_likelihood(patterns.to("cuda"), np.full((1, 9, 9), 0.5))
    with pytest.raises(TypeError, match=r"to_numpy\(\) brings it home"):
        np.argmax(scores)


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
    assert stream_of(stream) == (handle, None if isinstance(stream, int) else stream)


@pytest.mark.parametrize(("stream", "error"), [("0", TypeError), (1.5, TypeError), (True, TypeError), (-1, ValueError)])
def test_what_is_no_stream(stream, error):
    with pytest.raises(error, match="stream: expected a CUDA stream or its handle, got"):
        stream_of(stream)


# -- the extension itself, where it was built --------------------------------------------------------------------------


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
