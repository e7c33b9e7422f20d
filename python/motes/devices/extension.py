"""The compiled kernels for GPUs, loaded when first asked for: most builds and machines do without."""

from __future__ import annotations

import importlib
from types import ModuleType

from motes.errors import DeviceError

NAME = "motes._cuda"
NOT_BUILT = "this build has none (pip install -C cmake.define.MOTES_CUDA=ON builds it, with nvcc 12.4 or later)"


def cuda_extension() -> ModuleType:
    """The extension `motes._cuda`; whether there is a GPU is another question.

    Raises
    ------
    DeviceError
        If this build has none, or it can not be loaded.
    """
    try:
        return importlib.import_module(NAME)
    except ModuleNotFoundError as error:
        if error.name != NAME:
            raise
        raise DeviceError(f"CUDA: {NOT_BUILT}") from None
    except ImportError as error:
        raise DeviceError(f"CUDA: {NAME} can not be loaded: {error}") from error


def cuda_told() -> str:
    """What this build knows of CUDA and sees of it on this machine, in a sentence.

    Examples
    --------
    >>> cuda_told().startswith(("not built", "for sm_80"))
    True
    """
    try:
        cuda = cuda_extension()
    except DeviceError as error:
        reason = str(error).removeprefix("CUDA: ")
        return "not built" if reason == NOT_BUILT else reason
    built = f"for {cuda.architectures} with CUDA {cuda.runtime}"
    try:
        devices = [f"cuda:{k} {cuda.device_facts(k)['name']}" for k in range(cuda.device_count())]
    except DeviceError as error:
        return f"{built}; {str(error).removeprefix('CUDA: ')}"
    return f"{built}; {', '.join(devices)}"
