"""The tests of a kernel family on a GPU: the same tests where one is there, skipped with the reason elsewhere."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from motes import Patterns, _core
from motes.devices import cuda_extension
from motes.errors import DeviceError

each_device = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])


def gpu() -> ModuleType:
    """`motes._cuda` of a machine with a GPU; the test is skipped on any other."""
    try:
        extension = cuda_extension()
        extension.device_count()
    except DeviceError as error:
        pytest.skip(str(error))
    return extension


def on(device: str, function: Any, *arguments: Any, **options: Any) -> Any:
    """What a function with an argument `device` says there; where there is none, the test is skipped."""
    if device != "cpu":
        gpu()
    return function(*arguments, device=device, **options)


def likelihood(patterns: Patterns, weights: Any, base: Any, *, device: str, threads: int = 1, **options: Any) -> Any:
    if device == "cpu":
        return _core.likelihood(patterns._core, weights, base, threads=threads, **options)
    return gpu().likelihood(on_gpu(patterns), weights, base, **options).to_numpy()


def sweep(patterns: Patterns, weights: Any, base: Any, *, hard: bool, device: str, threads: int = 1) -> Any:
    if device == "cpu":
        return _core.sweep(patterns._core, weights, base, hard=hard, threads=threads)
    return gpu().sweep(on_gpu(patterns), weights, base, hard=hard)


def on_gpu(patterns: Patterns) -> Any:
    gpu()
    return patterns.to("cuda").uploaded()
