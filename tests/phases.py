"""CUDA kernels on the host: `tests/cuda/<name>.cpp` runs their phases, built here by the system's compiler.

A machine without a GPU can test all of a kernel but its speed and its launch: what the phases compute, and that no
order of threads or blocks changes it. `tests/cuda/driver.hpp` says how.
"""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motes import Patterns
from motes.arrays import Arrays

HERE = Path(__file__).parent / "cuda"
SOURCES = HERE.parents[1] / "csrc"
# No contraction, as in the kernels; -O1 without symbols compiles fast.
FLAGS = ("-std=c++20", "-O1", "-fPIC", "-shared", "-ffp-contract=off", "-Wall", "-Wextra", "-Wconversion",
         "-Wshadow", "-Werror")  # fmt: skip
ORDERS = (0, 1, 2, 3)  # ascending, descending, two shuffles
VERDICTS = {
    1: "wrote beyond the end of its shared memory",
    2: "asks for more shared memory than a block can have",
    3: "wrote beyond the end of an array",
    4: "no room for an array",
}


def compiler() -> str:
    """The system's C++ compiler; the test is skipped where there is none."""
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        if name and shutil.which(name):
            return name
    pytest.skip("no C++ compiler (set CXX): the phases of CUDA kernels can not be run on the host")


def library(name: str) -> ctypes.CDLL:
    """`tests/cuda/<name>.cpp`, compiled once a session."""
    found, errors = _compiled(name)
    assert found, errors
    return found


@functools.cache
def _compiled(name: str) -> tuple[ctypes.CDLL | None, str]:
    """The library, or what the compiler had to say."""
    command = compiler()
    if not SOURCES.is_dir():
        pytest.skip(f"no sources in {SOURCES}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.so"
        includes = [f"-I{SOURCES}", f"-I{SOURCES / 'include'}", f"-I{HERE}"]
        source = HERE / f"{name}.cpp"
        done = subprocess.run([command, *FLAGS, *includes, source, "-o", path], capture_output=True, text=True)
        return (None, done.stderr) if done.returncode else (ctypes.CDLL(str(path)), "")


def as_argument(value: Any) -> Any:
    """An array as the pointer to its numbers, a number as what C takes; None as null."""
    if isinstance(value, np.ndarray):
        assert value.flags.c_contiguous
        return ctypes.c_void_p(value.ctypes.data)
    if isinstance(value, ctypes.Structure):
        return ctypes.byref(value)
    if isinstance(value, bool | np.bool_):
        return ctypes.c_int(int(value))
    if isinstance(value, int | np.integer):
        return ctypes.c_int64(int(value))
    if isinstance(value, float | np.floating):
        return ctypes.c_double(float(value))
    assert value is None, type(value)
    return None


def run(name: str, function: str, *arguments: Any, order: int) -> None:
    """Call `int function(..., int order)` of a library: what comes back is the driver's verdict."""
    call = getattr(library(name), function)
    verdict = call(*map(as_argument, arguments), ctypes.c_int(order))
    assert verdict == 0, f"{function}: {VERDICTS.get(verdict, verdict)}"


def in_every_order(compute: Callable[[int], Any]) -> Any:
    """`compute(order)` in ascending order, after it was seen to be the same in all others, bit for bit."""
    first = compute(ORDERS[0])
    for order in ORDERS[1:]:
        for a, b in zip(_arrays(first), _arrays(compute(order)), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"order {order} differs from order {ORDERS[0]}")
    return first


def _arrays(found: Any) -> list[np.ndarray]:
    return [np.asarray(part) for part in found] if isinstance(found, tuple | list) else [np.asarray(found)]


class Told(ctypes.Structure):
    """`motes_error`."""

    _fields_ = (("text", ctypes.c_char * 248), ("index", ctypes.c_int64))


# -- what kernels of patterns take -------------------------------------------------------------------------------------


class PatternsGiven(ctypes.Structure):
    """`PatternsGiven` of `tests/cuda/containers.hpp`; keeps its arrays alive."""

    _fields_ = [
        ("n_patterns", ctypes.c_int64), ("n_pixels", ctypes.c_int64), ("indptr", ctypes.c_void_p),
        ("pixels", ctypes.c_void_p), ("pixel_bytes", ctypes.c_int64), ("n_multi", ctypes.c_int64),
        ("multi_position", ctypes.c_void_p), ("multi_extra", ctypes.c_void_p),
    ]  # fmt: skip


def given(patterns: Patterns) -> PatternsGiven:
    """Patterns as they are on a device."""
    held = patterns.indptr, patterns.pixels, patterns.multi_position, patterns.multi_extra
    return given_arrays(Arrays(*held), patterns.n_pixels)


def given_arrays(arrays: Arrays, n_pixels: int) -> PatternsGiven:
    """The same of arrays that may be wrong: pixels begin at a multiple of 16 bytes, and 16 bytes more can be read."""
    pixels = aligned(len(arrays.pixels) + 16, arrays.pixels.dtype, fill=n_pixels)
    pixels[: len(arrays.pixels)] = arrays.pixels
    held = arrays._replace(pixels=pixels)
    indptr, at, position, extra = (array.ctypes.data for array in held)
    n_multi = len(arrays.multi_position)
    found = PatternsGiven(len(arrays.indptr) - 1, n_pixels, indptr, at, pixels.itemsize, n_multi, position, extra)
    found.held = held
    return found


def aligned(shape: int | tuple[int, ...], dtype: Any, *, fill: float) -> np.ndarray:
    """An array that begins at a multiple of 256 bytes, as memory of a device does."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + 256, np.uint8)
    start = -memory.ctypes.data % 256
    array = memory[start : start + size].view(dtype).reshape(shape)
    with np.errstate(invalid="ignore"):
        array[...] = np.array(fill).astype(dtype)
    return array
