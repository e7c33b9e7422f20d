"""The stand-in for a GPU finds what it is there to find, and says what it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gpus
import motes
from motes.devices import cuda_extension, device_of
from producers import Producer

pytestmark = gpus.on_the_standin("of the stand-in")


def array(n: int = 100, **where):
    return cuda_extension().from_numpy(np.arange(n), **({"device": 0} | where))


def address(device_array) -> int:
    return device_array.__cuda_array_interface__["data"][0]


def test_it_says_what_it_is():
    told = motes.show_config()["cuda"]
    assert told.startswith("for no GPU but a stand-in on the host")
    assert told.endswith("cuda:0 stand-in for a GPU, on the host, cuda:1 stand-in for a GPU, on the host")
    assert cuda_extension().device_facts(0)["architecture"] == "sm_00"


def test_devices_are_as_many_as_asked_for(machine):
    machine.set(n_devices=3)
    assert str(device_of("cuda:2")) == "cuda:2"
    machine.set(n_devices=0)
    with pytest.raises(motes.DeviceError, match="CUDA: no CUDA-capable device is detected"):
        device_of("cuda")
    machine.set(n_devices=-1)
    with pytest.raises(motes.DeviceError, match="CUDA: no NVIDIA driver on this machine"):
        device_of("cuda")
    assert str(device_of("auto")) == "cpu"


def test_work_waits_until_somebody_waits_for_it(machine):
    stream = machine.stream()
    there = array(stream=stream)
    assert machine.waiting() == 0
    again = cuda_extension().view(there, dtype=np.int64, shape=(100,), device=0, stream=machine.stream())
    assert machine.waiting() == (0 if machine.at_once else 2)
    np.testing.assert_array_equal(again.to_numpy(), np.arange(100))
    cuda_extension().synchronize(0)
    assert machine.waiting() == 0


def test_memory_that_is_held_is_counted(machine):
    there = array(1000)
    assert machine.held() == 8000
    del there
    assert machine.held() == 0


def copy_of(address: int, n_bytes: int):
    """What `to_numpy` of somebody's array does; the address is taken on trust, as DLPack has it."""
    return cuda_extension().view(Producer((n_bytes,), code=1, bits=8, address=address), dtype=np.uint8,
                                 shape=(n_bytes,), device=0).to_numpy()  # fmt: skip


def test_what_copies_may_not_do_is_a_fault(machine):
    there = array(10)
    assert len(copy_of(address(there), 80)) == 80
    for begin, n_bytes, fault in [
        (address(there) + 8, 80, "copy from: beyond the end of its memory"),
        (np.zeros(10).ctypes.data, 80, "copy from: expected memory of a device, got some that it does not have"),
    ]:
        with pytest.raises(motes.DeviceError, match="CUDA: copying to the host: invalid argument"):
            copy_of(begin, n_bytes)
        assert machine.faults() == [fault]


CRASH = """
import ctypes, sys
import numpy as np, motes, standin
motes.__path__.insert(0, sys.argv[1])
machine = standin.machine()
cuda = motes.devices.cuda_extension()
there = cuda.from_numpy(np.arange(512), device=0)
address = there.__cuda_array_interface__["data"][0]
print("ready", flush=True)
{crash}
"""


@pytest.mark.parametrize(
    "crash",
    [
        "ctypes.string_at(address, 8)",
        "ctypes.memset(address + 512 * 8, 0, 1)",
        "del there; machine.held(); ctypes.string_at(address, 8)",
    ],
    ids=["touched by the host", "beyond its end", "after it was given back"],
)
def test_memory_of_a_device_is_out_of_reach(crash):
    done = subprocess.run(
        [sys.executable, "-c", CRASH.format(crash=crash), Path(cuda_extension().__file__).parent],
        capture_output=True, text=True, env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("ready\n", -11), done.stderr
