"""The C ABI of the kernels for GPUs from C11: every function of `motes_cuda.h`, called and refusing."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import numpy as np
import pytest

from c_compiler import compiled, functions_of
from gpus import gpu
from motes import C4, Patterns, Poisson, Rotations
from motes.reconstruction.problem import Point, Problem

HERE = Path(__file__).parent

MASTER = np.array([0.5, 1.0, 0.25, 0.75])
TURNED = C4.index((2, 2))[:2]

GIVEN = {
    "indptr": np.array([0, 2, 2, 4]),
    "pixels": np.array([0, 2, 1, 3], np.uint16),
    "bad_pixels": np.array([0, 2, 1, 4], np.uint16),
    "multi_position": np.array([2]),
    "multi_extra": np.array([2], np.int32),
    "rows": np.array([2, 0, 2, 0, 2]),
    "cols": np.array([1, 2, 3, 0, 1], np.uint16),
    "counts": np.array([2, 1, 1, 1, 1], np.uint8),
    "centres": np.array([[0, 0], [0.1, 0], [10, 0]]),
    "radii": np.ones(3),
    "scores": np.array([0.5, 0.9, 0.7]),
    "corners": np.array([[0, 0], [1, 0]], np.float32),
    "sizes": np.full((2, 2), 2, np.float32),
    "map": np.array([[0, 5, 0], [0, 0, 4]], np.float32),
    "coefficients_f32": np.array([[1, 0], [0, 0], [0.5, 0.25]], np.float32),
    "coefficients_f64": np.array([[1, 0], [0, 0], [0.5, 0.25]]),
    "master": MASTER,
    "labels": np.full(3, -1, np.int32),
    "start": np.concatenate([MASTER, [0.4, 0.6], np.full(17, -7.0)]),
}
RESULTS = {
    "scores_f32": np.array([[2, -1], [0, 1], [6, -5]], np.float32),
    "scores_f64": np.array([[2.0, -1], [0, 1], [6, -5]]),
    "label": np.array([0, 1, 0], np.int32),
    "responsibility": np.array([[0.952574, 0.0474259], [0.268941, 0.731059], [0.9999833, 1.67014e-5]], np.float32),
    "evidence": np.log(np.exp([2, 0, 6]) + np.exp([-1, 1, -5])).astype(np.float32),
    "planes_f32": np.array([[1, 0], [1.5, 0.75], [1, 0], [0.5, 0.25]]),
    "planes_f64": np.array([[1, 0], [1.5, 0.75], [1, 0], [0.5, 0.25]]),
    "iou": np.ones(3),
    "iou_all": np.array([[1], [0.8804], [0]]),
    "box_iou": np.ones(2, np.float32),
    "box_iou_all": np.array([[1, 1 / 3], [1 / 3, 1]], np.float32),
    "kept": np.array([1, 2, -7]),  # room for three, of which two are used
    "suppressor": np.array([1, -1, -1]),
    "peak": np.array([1, 5]),
    "templates": MASTER[TURNED.T],
    "home": 2 * MASTER,
    "outer": np.array([[1.0, 0, 1, 0], [0, 9, 0, 3], [1, 0, 1, 0], [0, 3, 0, 1]]),
}
POINTS = ("next", "beyond")  # of expectation maximisation, 23 numbers each


class DeviceArrays(ctypes.Structure):
    """`device_arrays` of `calls_cuda.c`."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in (*GIVEN, *RESULTS, *POINTS))


@pytest.mark.gpu
def test_every_function_answers_and_refuses(tmp_path, capfd):
    cuda = gpu()
    there = {name: cuda.from_numpy(array, device=0) for name, array in GIVEN.items()}
    there |= {name: cuda.from_numpy(np.full_like(array, -7), device=0) for name, array in RESULTS.items()}
    there |= {name: cuda.from_numpy(np.full(23, -7.0), device=0) for name in POINTS}
    pointers = {name: array.__cuda_array_interface__["data"][0] for name, array in there.items()}
    program = compiled(HERE / "calls_cuda.c", tmp_path / "calls.so", "-shared", "-fPIC")
    ctypes.CDLL(cuda.__file__, mode=ctypes.RTLD_GLOBAL)
    n_failed = ctypes.CDLL(str(program)).motes_abi_calls_cuda(ctypes.byref(DeviceArrays(**pointers)))
    assert n_failed == 0, capfd.readouterr().out
    np.testing.assert_array_equal(there["labels"].to_numpy(), [1, 0, 1])
    for name, expected in RESULTS.items():
        np.testing.assert_allclose(there[name].to_numpy(), expected, rtol=1e-4, err_msg=name)
    for name, point in zip(("start", *POINTS), iterations(), strict=True):
        expected = [*point.master, *point.weights, *point.em_master, *point.em_weights, point.log_likelihood]
        np.testing.assert_allclose(there[name].to_numpy()[:13], expected, rtol=1e-9, err_msg=name)


def iterations() -> list[Point]:
    """Of the same patterns by the processor: a start, the M step from there, and a step of SQUAREM."""
    arrays = (GIVEN[name] for name in ("indptr", "pixels", "multi_position", "multi_extra"))
    patterns, two = Patterns(*arrays, shape=(2, 2)), Rotations("two", 2, C4.turn)
    problem = Problem(patterns, two, Poisson(), np.ones(4, bool), True, np.float64, 1)
    start = problem.evaluate(MASTER, np.array([0.4, 0.6]))
    first = problem.advance(start)
    return [start, first, problem.extrapolate(start, first, 4.0)[1]]


def test_no_function_is_left_out():
    called = set(re.findall(r"\bmotes_cuda_\w+(?=\()", (HERE / "calls_cuda.c").read_text()))
    assert functions_of("motes_cuda.h") <= called


def test_the_program_is_c11(tmp_path):
    compiled(HERE / "calls_cuda.c", tmp_path / "calls.o", "-c")
