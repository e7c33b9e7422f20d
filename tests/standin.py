"""A machine that stands in for one with GPUs, so that tests marked `gpu` run on any: `pytest -m gpu --gpu-standin`.

The sources of `csrc/cuda` are compiled by the system's C++ compiler against a small CUDA runtime of the tests
(`tests/cuda/standin`), and the outcome takes the place of `motes._cuda` in the process that asked for it. It is strict
where GPUs are forgiving: `machine.hpp` there says how. `MOTES_STANDIN_ORDER` sets the order of threads and blocks (0
ascending, 1 descending, more: shuffled by that seed; 2 by default), `MOTES_STANDIN_AT_ONCE=1` has work run when it is
put into a stream, not when somebody waits for it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import motes
from motes.devices import cuda_extension

SOURCES = Path(__file__).parent / "cuda" / "standin"
BUILD = Path(__file__).parents[1] / "build" / "gpu-standin"
NEEDED = "the stand-in for a GPU needs cmake, ninja, pybind11 >= 3.1 and a C++20 compiler"
N_DEVICES, MEMORY = 2, 1 << 30

# Codes of CUDA.
INVALID_VALUE, OUT_OF_MEMORY, UNKNOWN = 1, 2, 999


def install() -> Machine:
    """Build it, incrementally, and let it be what `motes._cuda` is from here on."""
    assert "motes._cuda" not in sys.modules
    motes.__path__.insert(0, str(_built()))
    return machine()


def _built() -> Path:
    """The folder in which the extension stands."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    cmake, ninja = shutil.which("cmake", path=path), shutil.which("ninja", path=path)
    if not cmake or not ninja:
        raise pytest.UsageError(f"{NEEDED}: no {'ninja' if cmake else 'cmake'}")
    pybind11 = _output([sys.executable, "-m", "pybind11", "--cmakedir"]).strip()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = BUILD / version
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _output(
            [cmake, "-S", str(SOURCES), "-B", str(folder), "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}",
             f"-DPython_EXECUTABLE={sys.executable}", f"-Dpybind11_DIR={pybind11}"]
        )  # fmt: skip
        _output([cmake, "--build", str(folder)])
    return folder


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise pytest.UsageError(f"{NEEDED}: {' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


@functools.cache
def machine() -> Machine:
    """The machine, once it is installed."""
    return Machine(cuda_extension())


def is_installed() -> bool:
    return str(BUILD) in motes.__path__[0]


class Machine:
    """What the tests ask of the stand-in and tell it: `control.cpp`."""

    def __init__(self, extension: ModuleType) -> None:
        assert extension.__file__
        self._library = ctypes.CDLL(extension.__file__)
        for name in ("fail", "held", "kept", "waiting"):
            self._function(name).restype = ctypes.c_int64
        self._function("stream").restype = ctypes.c_void_p
        self.order = int(os.environ.get("MOTES_STANDIN_ORDER", "2"))
        self.at_once = os.environ.get("MOTES_STANDIN_AT_ONCE", "0") not in ("", "0")
        self.set()

    def _function(self, name: str) -> ctypes._NamedFuncPointer:
        return getattr(self._library, f"standin_{name}")

    def set(self, *, n_devices: int = N_DEVICES, memory: int = MEMORY) -> None:
        """So many devices with so many bytes each; -1 devices: not even a driver."""
        self._function("set")(n_devices, ctypes.c_int64(memory), self.order, int(self.at_once))

    @contextlib.contextmanager
    def with_(self, *, n_devices: int = N_DEVICES, memory: int = MEMORY) -> Iterator[None]:
        self.set(n_devices=n_devices, memory=memory)
        try:
            yield
        finally:
            self.set()

    def fail(self, call: int, code: int) -> int:
        """The call of CUDA after `call` others fails with this code; -1: none. How many there were since last told."""
        return self._function("fail")(ctypes.c_int64(call), code)

    def held(self) -> int:
        """Bytes of all devices that nobody gave back, after all work was done."""
        return self._function("held")()

    def kept(self, device: int) -> int:
        """Bytes that the pool of a device keeps, of what was given back, beyond the next wait."""
        return self._function("kept")(device)

    def waiting(self) -> int:
        """Pieces of work that wait in streams."""
        return self._function("waiting")()

    def hold(self, go: ctypes.c_int) -> bool:
        """Let no call of CUDA come to its end until `go` is set, or two seconds are over: whether it was set."""
        return bool(self._function("hold")(ctypes.byref(go)))

    def faults(self) -> list[str]:
        """What CUDA would not have noticed, or not at once; told once."""
        found, text = [], ctypes.create_string_buffer(1000)
        while self._function("fault")(text, len(text)):
            found.append(text.value.decode())
        return found

    def last_error(self) -> int:
        """The error of this thread that nobody cleared."""
        return self._function("last_error")()

    def current_device(self) -> int:
        return self._function("current_device")()

    def set_device(self, device: int) -> None:
        assert self._function("set_device")(device) == 0

    def stream(self, *, device: int = 0, non_blocking: bool = True) -> int:
        """A new stream of a device."""
        before = self.current_device()
        self.set_device(device)
        handle = self._function("stream")(int(non_blocking))
        self.set_device(before)
        return handle

    def destroy(self, stream: int) -> None:
        assert self._function("destroy")(ctypes.c_void_p(stream)) == 0

    def wait(self, stream: int) -> None:
        assert self._function("wait")(ctypes.c_void_p(stream)) == 0


def check_after_test() -> None:
    """Nothing was done that CUDA forbids, no error was left behind, and no memory."""
    gc.collect()
    held = machine().held()
    assert machine().faults() == []
    assert machine().last_error() == 0, "an error of CUDA was not cleared"
    assert machine().current_device() == 0, "the current device was not restored"
    assert held == 0, f"{held} bytes of a device were not given back"
