"""Devices, streams and lifetimes, on a stand-in for a GPU: whose memory, on which device, in whose order."""

from __future__ import annotations

import ctypes
import gc
import threading
import time
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

import gpus
import motes
from motes import Patterns, _core
from producers import Interface
from strategies import random_case, random_table

pytestmark = gpus.on_the_standin("needs two devices")


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    patterns, table = random_case(rng, 300, (4, 5)).patterns, random_table(rng, 20, 3, np.float32)
    scores = _core.likelihood(patterns._core, table.weights, table.base, threads=1)
    return SimpleNamespace(patterns=patterns, weights=table.weights, base=table.base, scores=scores)


def uploaded(patterns: Patterns, device: str = "cuda"):
    return patterns.to(device).uploaded()


def address(array) -> int:
    return array.__cuda_array_interface__["data"][0]


@pytest.mark.parametrize("device", [0, 1])
def test_each_device_by_its_index(device, case, built, machine):
    there = uploaded(case.patterns, f"cuda:{device}")
    scores = built.likelihood(there, case.weights, case.base)
    assert (there.device, scores.device, scores.__dlpack_device__()) == (device, f"cuda:{device}", (2, device))
    np.testing.assert_array_equal(scores.to_numpy(), case.scores)
    machine.set_device(1 - device)  # somebody else's business
    np.testing.assert_array_equal(built.likelihood(there, case.weights, case.base).to_numpy(), case.scores)
    del there, scores
    assert machine.current_device() == 1 - device
    machine.set_device(0)


def test_an_array_on_another_device(case, built, machine):
    there, elsewhere = uploaded(case.patterns), built.from_numpy(np.zeros((300, 3), np.float32), device=1)
    message = "out: expected an array on cuda:0, got one on cuda:1"
    with pytest.raises(ValueError, match=message):
        built.likelihood(there, case.weights, case.base, out=elsewhere)
    stream = machine.stream(device=1)
    with pytest.raises(ValueError, match=message):  # whose stream is not asked for anything
        built.likelihood(there, case.weights, case.base,
                        out=Interface(address(elsewhere), shape=(300, 3), stream=stream))  # fmt: skip
    with pytest.raises(ValueError, match="device: cuda:2 is not there, this process sees cuda:0 to cuda:1"):
        built.from_numpy(np.zeros(3), device=2)


@pytest.mark.parametrize("kind", ["destroyed", "of another device"])
def test_a_stream_that_can_not_be_used_is_told_and_forgotten(kind, case, built, machine):
    there = uploaded(case.patterns)
    stream = machine.stream(device=int(kind != "destroyed"))
    if kind == "destroyed":
        machine.destroy(stream)
    for _ in range(2):
        with pytest.raises(motes.DeviceError, match=r"^CUDA: .*: invalid resource handle$"):
            built.likelihood(there, case.weights, case.base, stream=stream)
        with pytest.raises(motes.DeviceError, match=r"^CUDA: .*: invalid resource handle$"):
            built.sweep(there, case.weights, case.base, hard=False, stream=stream)
    np.testing.assert_array_equal(built.likelihood(there, case.weights, case.base).to_numpy(), case.scores)


def test_a_result_outlives_its_stream(case, built, machine):
    stream = machine.stream()
    scores = built.likelihood(uploaded(case.patterns), case.weights, case.base, stream=stream)
    machine.destroy(stream)
    with pytest.raises(motes.DeviceError, match="CUDA: copying to the host: invalid resource handle"):
        scores.to_numpy()
    assert machine.held() > 0
    del scores
    assert machine.held() == 0


class TheirStream:
    """A stream of another library, which destroys it when nobody holds it any more."""

    def __init__(self, machine) -> None:
        self.ptr, self._machine = machine.stream(), machine

    def __del__(self) -> None:
        self._machine.destroy(self.ptr)


@pytest.mark.parametrize("lent", [False, True])
def test_a_result_keeps_the_stream_that_it_was_made_in(lent, case, machine):
    stream = TheirStream(machine)
    told = weakref.ref(stream)
    found = motes.log_likelihood(case.patterns.to("cuda"), np.full((3, 4, 5), 0.5), motes.Poisson(), stream=stream)
    capsule = found.__dlpack__(stream=1) if lent else None
    del stream
    gc.collect()
    assert told() is not None
    found.to_numpy()  # in the order of that stream
    del found
    gc.collect()
    assert (told() is not None) == lent
    del capsule
    gc.collect()
    assert told() is None
    assert machine.held() == 0


def test_an_array_built_on_a_device_keeps_its_stream(machine):
    stream = TheirStream(machine)
    told = weakref.ref(stream)
    patterns = Patterns.from_coo([0, 1], [1, 1], shape=(2, 2), device="cuda", stream=stream)
    del stream
    gc.collect()
    assert told() is not None
    assert patterns.max_count == 1
    del patterns
    gc.collect()
    assert told() is None


def test_an_array_of_one_thread_is_let_go_by_another(case, built, machine):
    """Its stream is that thread's own default one, by a handle that means another stream elsewhere."""
    own, there, made = 2, uploaded(case.patterns), []
    held = machine.held()
    thread = threading.Thread(target=lambda: made.append(built.likelihood(there, case.weights, case.base, stream=own)))
    thread.start()
    thread.join()
    assert machine.held() > held
    made.clear()
    assert machine.held() == held


def test_a_consumer_may_destroy_its_stream_first(built, machine):
    ours, theirs = machine.stream(), machine.stream()
    array = built.from_numpy(np.arange(1000), device=0, stream=ours)
    capsule = array.__dlpack__(stream=theirs)
    machine.destroy(theirs)
    del array, capsule
    gc.collect()
    assert machine.held() == 0


@pytest.mark.parametrize("non_blocking", [False, True])
def test_patterns_may_go_while_a_stream_still_reads_them(non_blocking, case, built, machine):
    stream = machine.stream(non_blocking=non_blocking)
    there = uploaded(case.patterns)
    scores = built.likelihood(there, case.weights, case.base, stream=stream)
    assert machine.waiting() > 0 or machine.at_once
    del there
    gc.collect()
    machine.wait(1)  # the default stream gives back what it was told to
    np.testing.assert_array_equal(scores.to_numpy(), case.scores)


def test_an_array_may_go_while_its_consumer_still_reads_it(built, machine):
    ours, theirs = machine.stream(), machine.stream()
    array = built.from_numpy(np.arange(1000), device=0, stream=ours)
    capsule = array.__dlpack__(stream=theirs)
    del array, capsule  # at once, as libraries do that work asynchronously
    gc.collect()
    machine.wait(ours)
    machine.wait(theirs)
    assert machine.held() == 0


def test_a_result_on_one_stream_is_read_on_another(case, built, machine):
    first, second = machine.stream(), machine.stream()
    there = uploaded(case.patterns)
    scores = built.likelihood(there, case.weights, case.base, stream=first)
    for array in (scores, Interface(address(scores), shape=(300, 3), stream=first)):
        again = built.view(array, dtype=np.float32, shape=(300, 3), device=0, stream=second)
        np.testing.assert_array_equal(again.to_numpy(), case.scores)


def test_what_does_not_fit_says_how_much_there_is(case, built, machine):
    machine.set(memory=2000)
    with pytest.raises(MemoryError, match=r"^cuda:0: asked for .* GB \(\d+ bytes\), 2e-06 of 2e-06 GB are free$"):
        case.patterns.to("cuda")
    machine.set(memory=20_000)
    there = uploaded(case.patterns)
    with pytest.raises(MemoryError, match=r"cuda:0: asked for 0\.00048 GB \(480000 bytes\), .* of 2e-05 GB are free"):
        built.likelihood(there, np.zeros((20, 400), np.float32), np.zeros(400, np.float32))
    machine.set()
    np.testing.assert_array_equal(built.likelihood(there, case.weights, case.base).to_numpy(), case.scores)


def test_a_sweep_goes_on_in_blocks_that_fit(built, machine):
    rng = np.random.default_rng(1)
    patterns, table = random_case(rng, 5000, (3, 3)).patterns, random_table(rng, 9, 40, np.float32)
    expected = _core.sweep(patterns._core, table.weights, table.base, hard=False, threads=1)
    there = uploaded(patterns)
    machine.set(memory=machine.held() + 400_000)  # of 800,000 bytes of scores
    found = built.sweep(there, table.weights, table.base, hard=False)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
    machine.set(memory=machine.held() + 100_000)
    with pytest.raises(MemoryError, match=r"cuda:0: asked for .* GB"):
        built.sweep(there, table.weights, table.base, hard=False)


def test_memory_that_was_given_back_is_kept_for_the_next_call(built, machine):
    for device in range(2):
        built.from_numpy(np.zeros(3), device=device)
        assert machine.kept(device) == 2 << 30


@pytest.mark.parametrize("work", ["likelihood", "sweep", "to_numpy", "from_numpy", "upload", "release"])
def test_other_threads_of_python_go_on(work, case, built, machine):
    """What a call waits for can come from another thread: it lets go of the interpreter."""
    there, array, go, went = uploaded(case.patterns), built.from_numpy(np.zeros(3), device=0), ctypes.c_int(0), []
    doomed = [uploaded(motes.Patterns._trusted(case.patterns._arrays, case.patterns.shape))]
    calls = {
        "likelihood": lambda: built.likelihood(there, case.weights, case.base),
        "sweep": lambda: built.sweep(there, case.weights, case.base, hard=False),
        "to_numpy": array.to_numpy,
        "from_numpy": lambda: built.from_numpy(np.zeros(3), device=0),
        "upload": lambda: case.patterns[1:].to("cuda"),
        "release": doomed.clear,
    }

    def set_off() -> None:
        time.sleep(0.1)
        go.value = 1

    threads = [threading.Thread(target=lambda: went.append(machine.hold(go))), threading.Thread(target=set_off)]
    for thread in threads:
        thread.start()
    time.sleep(0.02)
    calls[work]()
    for thread in threads:
        thread.join()
    assert went == [True]


def test_several_threads_at_once(case, built):
    there, found = uploaded(case.patterns), [None] * 4

    def work(k: int) -> None:
        for _ in range(5):
            found[k] = built.likelihood(there, case.weights, case.base).to_numpy()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for scores in found:
        np.testing.assert_array_equal(scores, case.scores)
