"""Devices by name: what the argument `device` and the option `--device` may say."""

from __future__ import annotations

import re
from dataclasses import dataclass

from motes.devices.extension import cuda_extension
from motes.errors import DeviceError, kind_of


@dataclass(frozen=True)
class Device:
    """A place where work is done.

    Attributes
    ----------
    kind : "cpu" or "cuda"
    index : int
        Which of several GPUs; 0 for the processor.
    """

    kind: str
    index: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


CPU = Device("cpu")


def device_name(device: object) -> str:
    """The name of a device as it is spelled here; whether there is one is another question.

    Raises
    ------
    TypeError, ValueError
        If it names none.

    Examples
    --------
    >>> device_name(" CUDA:1 ")
    'cuda:1'
    """
    if not isinstance(device, str):
        raise TypeError(f"device: expected cpu, cuda, cuda:N or auto, got {kind_of(device)}")
    name = device.strip().lower()
    if not re.fullmatch(r"cpu|auto|cuda(:\d{1,6})?", name):
        raise ValueError(f"device: expected cpu, cuda, cuda:N or auto, got {device!r}")
    return name


def device_of(device: object) -> Device:
    """A device as a user may name it.

    Parameters
    ----------
    device : Device, str or None
        `"cpu"`, or None for it; `"cuda"` for the first GPU, `"cuda:1"` for the second; `"auto"` for the first GPU where
        there is one, else the processor.

    Raises
    ------
    TypeError, ValueError
        If it is no name of a device, or of a GPU that is not there.
    DeviceError
        If it is a GPU, and this build or this machine has none.

    Examples
    --------
    >>> str(device_of("cpu"))
    'cpu'
    """
    if device is None:
        return CPU
    name = str(device) if isinstance(device, Device) else device_name(device)
    if name == "cpu":
        return CPU
    if name == "auto":
        return Device("cuda") if _n_gpus() else CPU
    index, n_gpus = int(name.partition(":")[2] or 0), cuda_extension().device_count()
    if index >= n_gpus:
        raise ValueError(f"device: cuda:{index} is not there, this process sees cuda:0 to cuda:{n_gpus - 1}")
    return Device("cuda", index)


def _n_gpus() -> int:
    try:
        return int(cuda_extension().device_count())
    except DeviceError:
        return 0
