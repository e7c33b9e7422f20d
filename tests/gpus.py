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


def on_the_standin(why: str) -> list[pytest.MarkDecorator]:
    """Marks of tests that only the stand-in for a GPU can run."""
    condition = "not config.getoption('--gpu-standin')"
    return [pytest.mark.gpu, pytest.mark.skipif(condition, reason=f"{why}: needs --gpu-standin")]


def on(device: str, function: Any, *arguments: Any, **options: Any) -> Any:
    """What a function with an argument `device` says there; where there is none, the test is skipped."""
    if device != "cpu":
        gpu()
    return function(*arguments, device=device, **options)


def ingest(rows: Any, cols: Any, counts: Any = None, *, device: str, threads: int = 1, **extents: int) -> Any:
    if device == "cpu":
        return _core.ingest(rows, cols, counts, threads=threads, **extents)
    there = [None if array is None else on_device(array) for array in (rows, cols, counts)]
    return gpu().ingest(*there, device=0, **extents).to_numpy()


def largest(values: Any, name: str, *, device: str, threads: int = 1) -> int:
    if device == "cpu":
        return _core.largest(values, name, threads=threads)
    return gpu().largest(on_device(values), name, device=0)


def on_device(array: Any) -> Any:
    return gpu().from_numpy(array, device=0)


def likelihood(patterns: Patterns, weights: Any, base: Any, *, device: str, threads: int = 1, **options: Any) -> Any:
    if device == "cpu":
        return _core.likelihood(patterns._core, weights, base, threads=threads, **options)
    return gpu().likelihood(on_gpu(patterns), weights, base, **options).to_numpy()


def sweep(patterns: Patterns, weights: Any, base: Any, *, hard: bool, device: str, threads: int = 1) -> Any:
    if device == "cpu":
        return _core.sweep(patterns._core, weights, base, hard=hard, threads=threads)
    return gpu().sweep(on_gpu(patterns), weights, base, hard=hard)


def posterior(patterns: Patterns, weights: Any, base: Any, *, device: str, threads: int = 1, **wanted: bool) -> Any:
    if device == "cpu":
        return _core.posterior(patterns._core, weights, base, **wanted, threads=threads)
    return tuple(array.to_numpy() for array in gpu().posterior(on_gpu(patterns), weights, base, **wanted))


def assignment(
    patterns: Patterns, weights: Any, base: Any, *, labels: Any, device: str, threads: int = 1, **sums: Any
) -> Any:
    """`labels` of NumPy, also where they are on a GPU meanwhile."""
    if device == "cpu":
        return _core.assignment(patterns._core, weights, base, labels=labels, **sums, threads=threads)
    there = gpu().from_numpy(labels, device=0)
    told = gpu().assignment(on_gpu(patterns), weights, base, labels=there, **sums)
    labels[...] = there.to_numpy()
    return told


def backrotation(patterns: Patterns, coefficients: Any, *, device: str, threads: int = 1, out: Any = None) -> Any:
    if device == "cpu":
        return _core.backrotation(patterns._core, coefficients, threads=threads, out=out)
    found = gpu().backrotation(on_gpu(patterns), coefficients, out=out)
    return found.to_numpy() if out is None else found


def outer(patterns: Patterns, coefficients: Any, *, device: str, threads: int = 1, **orbits: Any) -> Any:
    if device == "cpu":
        return _core.outer(patterns._core, coefficients, **orbits, threads=threads)
    return gpu().outer(on_gpu(patterns), coefficients, **orbits).to_numpy()


def on_gpu(patterns: Patterns) -> Any:
    return there(patterns, "cuda").uploaded()


def there(patterns: Patterns, device: str) -> Patterns:
    """Patterns on a device; the test is skipped where it is not."""
    return patterns.to(present(device))


def present(device: str) -> str:
    """The name of a device; the test is skipped where it is not."""
    if device != "cpu":
        gpu()
    return device


def home(found: Any) -> Any:
    """A result as NumPy's array, wherever it is."""
    return found.to_numpy() if hasattr(found, "to_numpy") else found
