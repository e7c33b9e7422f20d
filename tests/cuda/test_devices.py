"""Devices by name, and what is said where there is no CUDA."""

from __future__ import annotations

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

import motes
from motes.devices import CPU, Device, cuda_told, device_of, extension
from motes.errors import DeviceError


def no_driver(*_):
    raise DeviceError("CUDA: no NVIDIA driver on this machine")


def extension_with(n_gpus: int | None) -> SimpleNamespace:
    """A stand-in for `motes._cuda` on a machine with so many GPUs, or without a driver."""
    return SimpleNamespace(
        architectures="sm_80, sm_90 and PTX",
        runtime="13.0",
        device_count=no_driver if n_gpus is None else lambda: n_gpus,
        device_facts=lambda k: {"name": f"Card {k}"},
    )


@pytest.fixture
def machine(monkeypatch):
    """Sets what can be loaded: `machine(2)` GPUs, `machine(None)` without a driver, an exception as it is raised."""

    def set_up(found: int | Exception | None) -> None:
        def load(name: str):
            assert name == "motes._cuda"
            if isinstance(found, Exception):
                raise found
            return extension_with(found)

        monkeypatch.setattr(extension, "importlib", SimpleNamespace(import_module=load))

    return set_up


NOT_BUILT = ModuleNotFoundError("No module named 'motes._cuda'", name="motes._cuda")
BROKEN = ImportError("libstdc++.so.6: version `GLIBCXX_3.4.32' not found", name="motes._cuda")


def test_names(machine):
    machine(2)
    first, second = Device("cuda", 0), Device("cuda", 1)
    assert [device_of(name) for name in ("cpu", None, CPU)] == [CPU] * 3
    assert [device_of(name) for name in ("cuda", " CUDA:0 ", "auto", first)] == [first] * 4
    assert [device_of(name) for name in ("cuda:1", second)] == [second] * 2
    assert [str(device) for device in (CPU, first, second)] == ["cpu", "cuda:0", "cuda:1"]


@pytest.mark.parametrize(
    "name", ["gpu", "", "cuda:", "cuda:-1", "cuda:x", "cuda:1.0", "cuda1", "cpu:0", "cuda:9999999"]
)
def test_what_names_no_device(name, machine):
    machine(2)
    with pytest.raises(ValueError, match=re.escape(f"device: expected cpu, cuda, cuda:N or auto, got {name!r}")):
        device_of(name)


@pytest.mark.parametrize("value", [0, 1.5, True, ["cuda"], b"cuda"])
def test_what_is_no_name(value):
    with pytest.raises(TypeError, match="device: expected cpu, cuda, cuda:N or auto, got"):
        device_of(value)


def test_a_gpu_that_is_not_there(machine):
    machine(2)
    with pytest.raises(ValueError, match="device: cuda:2 is not there, this process sees cuda:0 to cuda:1"):
        device_of("cuda:2")


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "CUDA: no NVIDIA driver on this machine"),
        (NOT_BUILT, "CUDA: this build has none (pip install -C cmake.define.MOTES_CUDA=ON builds it"),
        (BROKEN, "CUDA: motes._cuda can not be loaded: libstdc++.so.6"),
    ],
)
def test_without_a_gpu_one_sentence_says_why(found, message, machine):
    machine(found)
    with pytest.raises(DeviceError, match=re.escape(message)):
        device_of("cuda")
    assert device_of("auto") == CPU


def test_a_module_that_the_extension_misses_is_told_as_it_is(machine):
    machine(ModuleNotFoundError("No module named 'numpy'", name="numpy"))
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        device_of("cuda")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (NOT_BUILT, "not built"),
        (BROKEN, "motes._cuda can not be loaded: libstdc++.so.6: version `GLIBCXX_3.4.32' not found"),
        (None, "for sm_80, sm_90 and PTX with CUDA 13.0; no NVIDIA driver on this machine"),
        (2, "for sm_80, sm_90 and PTX with CUDA 13.0; cuda:0 Card 0, cuda:1 Card 1"),
    ],
)
def test_show_config_tells(found, told, machine):
    machine(found)
    assert cuda_told() == told
    assert motes.show_config()["cuda"] == told


def test_a_device_error_is_a_runtime_error():
    assert issubclass(motes.DeviceError, RuntimeError)


def test_importing_motes_and_using_the_processor_never_loads_it():
    code = "import sys, motes; motes.Patterns; motes.sweep; motes.reconstruct; print('motes._cuda' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": ":".join(path for path in sys.path if path)})  # fmt: skip
    assert done.stdout.strip() == "False"


# -- the extension itself, where it was built --------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["device_count", "device_facts", "synchronize"])
def test_the_extension_loads_without_a_driver(call, built):
    """Nothing links to libcuda: where there is no driver, that is what each call says, in one sentence, each time."""
    arguments = () if call == "device_count" else (0,)
    if "no NVIDIA driver" not in cuda_told():
        pytest.skip("this machine has a driver")
    for _ in range(2):
        with pytest.raises(DeviceError, match=r"^CUDA: no NVIDIA driver on this machine$"):
            getattr(built, call)(*arguments)
