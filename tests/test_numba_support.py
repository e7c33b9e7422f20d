"""The kernels inside numba's @njit: the bits of those that Python calls, and the same wall."""

from __future__ import annotations

import gc
import importlib
import inspect
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from motes import C4, D4, Bernoulli, Patterns, _core, picking, reconstruct, sweep
from motes.circles import Circles
from problems import master_of, patterns_of
from strategies import random_case, random_table, scored_cases

numba = pytest.importorskip("numba", reason="numba is not installed")
from benchmarks.numba_calls import smallest_calls  # noqa: E402
from numba.core.errors import TypingError  # noqa: E402

from motes import numba_support as kernels  # noqa: E402
from motes.numba_support import c  # noqa: E402

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "numba" / "em.py"


@numba.njit
def run_likelihood(patterns, weights, base, out):
    kernels.likelihood(patterns, weights, base, out)


@numba.njit
def run_posterior(patterns, weights, base, label, responsibility, evidence):
    kernels.posterior(patterns, weights, base, label, responsibility, evidence)


@numba.njit
def run_labels(patterns, weights, base, label):
    kernels.posterior(patterns, weights, base, label=label)


@numba.njit
def run_sweep(patterns, weights, base, planes, orientation, hard):
    return kernels.sweep(patterns, weights, base, planes, orientation, hard)


@numba.njit
def run_backrotation(patterns, coefficients, planes):
    kernels.backrotation(patterns, coefficients, planes)


@numba.njit
def run_assignment(patterns, weights, base, photons, members, labels):
    return kernels.assignment(patterns, weights, base, photons, members, labels)


@numba.njit
def there_and_back(master, index, templates, home):
    kernels.expand(master, index, templates)
    kernels.rotate_home(templates, index, home)


@numba.njit
def run_circle_iou(centre_a, radius_a, centre_b, radius_b, out):
    kernels.circle_iou(centre_a, radius_a, centre_b, radius_b, out)


@numba.njit
def run_pairwise(centre_a, radius_a, centre_b, radius_b, out):
    kernels.pairwise_circle_iou(centre_a, radius_a, centre_b, radius_b, out)


@numba.njit
def run_suppression(centre, radius, score, iou, kept):
    return kernels.suppression(centre, radius, score, iou, kept)


@pytest.fixture(scope="module")
def case():
    return random_case(np.random.default_rng(0), 70, (6, 6), max_count=3)


@settings(max_examples=30, deadline=None)
@given(scored_cases())
def test_likelihood_and_sweep_have_the_bits_of_python(scored):
    case, table = scored
    view, real, n_templates = kernels.view(case.patterns, threads=1), table.weights.dtype, len(table.base)
    out = np.full((len(case.patterns), n_templates), np.nan, real)
    run_likelihood(view, table.weights, table.base, out)
    np.testing.assert_array_equal(out, _core.likelihood(case.patterns._core, table.weights, table.base, threads=1))
    planes = np.full((case.patterns.n_pixels, n_templates), -1)
    orientation = np.full(n_templates, -1)
    for hard in (False, True):
        found = run_sweep(view, table.weights, table.base, planes, orientation, hard)
        expected = _core.sweep(case.patterns._core, table.weights, table.base, hard=hard, threads=1)
        np.testing.assert_array_equal(planes, expected[0])
        np.testing.assert_array_equal(orientation, expected[1])
        total = expected[2] + expected[3] / 2**30
        assert found == (-np.inf if expected[4] else total, expected[4], expected[5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("part", [slice(None), slice(10, 40), slice(5, 5)])
def test_posterior_has_the_bits_of_python(case, dtype, part):
    table = random_table(np.random.default_rng(1), 36, 5, dtype, spread=0.5)
    patterns = case.patterns[part]
    view, n = kernels.view(patterns), len(patterns)
    label, responsibility, evidence = np.full(n, -1, np.int32), np.zeros((n, 5), dtype), np.zeros(n, dtype)
    run_posterior(view, table.weights, table.base, label, responsibility, evidence)
    expected = _core.posterior(
        patterns._core, table.weights, table.base, label=True, responsibility=True, evidence=True, threads=1
    )
    for found, wanted in zip((label, responsibility, evidence), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    alone = np.full(n, -1, np.int32)
    run_labels(view, table.weights, table.base, alone)
    np.testing.assert_array_equal(alone, label)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_backrotation_has_the_bits_of_python(case, dtype):
    coefficients = np.random.default_rng(2).normal(size=(70, 4)).astype(dtype)
    planes = np.full((36, 4), np.nan)
    run_backrotation(kernels.view(case.patterns), coefficients, planes)
    np.testing.assert_array_equal(planes, _core.backrotation(case.patterns._core, coefficients, threads=1))


def test_assignment_has_the_bits_of_python(case):
    rng = np.random.default_rng(3)
    centres = rng.random((36, 3))
    base = -(centres**2).sum(axis=0) / 2
    ours = np.zeros((36, 3), np.int64), np.zeros(3, np.int64), np.full(70, -1, np.int32)
    theirs = tuple(array.copy() for array in ours)
    for _ in range(2):
        found = run_assignment(kernels.view(case.patterns), centres, base, *ours)
        photons, members, labels = theirs
        n_moved, whole, fraction = _core.assignment(
            case.patterns._core, centres, base, photons=photons, members=members, labels=labels, threads=1
        )
        assert found == (n_moved, whole + fraction / 2**30)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("group", [C4, D4])
def test_rotations_there_and_back(group):
    master = np.random.default_rng(4).random(25)
    templates, home = np.zeros((25, group.n)), np.zeros(25)
    there_and_back(master, group.index((5, 5)), templates, home)
    np.testing.assert_array_equal(templates.T.reshape(-1, 5, 5), group.expand(master.reshape(5, 5)))
    np.testing.assert_array_equal(home.reshape(5, 5), group.back_rotate(group.expand(master.reshape(5, 5))))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [0, 1, 200])
def test_circles_have_the_bits_of_python(dtype, n):
    rng = np.random.default_rng(5)
    centre, radius, score = (rng.random(size).astype(dtype) for size in ((n, 2), n, n))
    radius += 0.05
    other = centre[::-1].copy()
    ours, theirs = Circles(centre, radius, score), Circles(other, radius)
    out, pairs = np.zeros(n, dtype), np.zeros((n, n), dtype)
    run_circle_iou(centre, radius, other, radius, out)
    np.testing.assert_array_equal(out, picking.circle_iou(ours, theirs))
    run_pairwise(centre, radius, other, radius, pairs)
    np.testing.assert_array_equal(pairs, picking.pairwise_circle_iou(ours, theirs)[0])
    kept = np.full(n, -1)
    n_kept = run_suppression(centre, radius, score, 0.3, kept)
    np.testing.assert_array_equal(kept[:n_kept], picking.suppress(ours, iou=0.3))


def test_refusals_are_the_library_s(case):
    table = random_table(np.random.default_rng(1), 36, 5, np.float32, spread=0.5)
    view, out = kernels.view(case.patterns), np.zeros((70, 5), np.float32)
    bad = table.weights.copy()
    bad[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"^weights: .*finite") as ours:
        run_likelihood(view, bad, table.base, out)
    with pytest.raises(ValueError, match=r"^weights: ") as pythons:
        _core.likelihood(case.patterns._core, bad, table.base, threads=1)
    assert str(ours.value) == str(pythons.value)
    with pytest.raises(ValueError, match=re.escape("out: expected shape (70, 5), got (69, 5)")):
        run_likelihood(view, table.weights, table.base, out[:-1])
    with pytest.raises(ValueError, match=re.escape("weights: expected shape (36, 5), got (35, 5)")):
        run_likelihood(view, table.weights[:-1].copy(), table.base, out)
    index = C4.index((6, 6)).copy()
    index[2, 5] = 36
    with pytest.raises(ValueError, match=r"^index"):
        there_and_back(np.zeros(36), index, np.zeros((36, 4)), np.zeros(36))
    with pytest.raises(ValueError, match=r"^radii: "):
        run_suppression(np.zeros((2, 2)), np.zeros(2), np.zeros(2), 0.3, np.zeros(2, np.int64))
    run_likelihood(view, table.weights, table.base, out)  # nothing lingers
    assert np.isfinite(out).all()


def test_arrays_that_are_turned_over_are_refused(case):
    view, (out, planes) = kernels.view(case.patterns), (np.zeros((70, 5), np.float32), np.zeros((36, 5), np.int64))
    weights, base = np.zeros((36, 5), np.float32), np.zeros(5, np.float32)
    with pytest.raises(ValueError, match=re.escape("weights: expected shape (36, 5), got (5, 36)")):
        run_likelihood(view, np.zeros((5, 36), np.float32), base, out)
    with pytest.raises(ValueError, match=re.escape("out: expected shape (70, 5), got (5, 70)")):
        run_likelihood(view, weights, base, np.zeros((5, 70), np.float32))
    with pytest.raises(ValueError, match=re.escape("responsibility: expected shape (70, 5), got (5, 70)")):
        run_posterior(view, weights, base, None, np.zeros((5, 70), np.float32), None)
    with pytest.raises(ValueError, match=re.escape("planes: expected shape (36, 5), got (5, 36)")):
        run_sweep(view, weights, base, planes.T.copy(), np.zeros(5, np.int64), False)
    with pytest.raises(ValueError, match=re.escape("orientation: expected shape (5,), got (4,)")):
        run_sweep(view, weights, base, planes, np.zeros(4, np.int64), False)
    with pytest.raises(ValueError, match=re.escape("templates: expected shape (36, 4), got (4, 36)")):
        there_and_back(np.zeros(36), C4.index((6, 6)), np.zeros((4, 36)), np.zeros(36))
    with pytest.raises(ValueError, match=re.escape("b_centres: expected shape (3, 2), got (2, 3)")):
        run_circle_iou(np.zeros((3, 2)), np.ones(3), np.zeros((2, 3)), np.ones(3), np.zeros(3))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights": np.zeros((36, 5), np.int64)}, "weights: expected a C-contiguous array of 2 dimensions and dtype"),
        ({"weights": np.zeros((5, 36), np.float32).T}, "weights: expected a C-contiguous array"),
        ({"base": np.zeros(5)}, "base: expected a C-contiguous array of 1 dimensions and dtype float32"),
        ({"out": np.frombuffer(bytes(1400), np.float32).reshape(70, 5)}, "out: the array is read-only"),
    ],
)
def test_types_are_refused_when_compiled(case, changed, message):
    arguments = {"weights": np.zeros((36, 5), np.float32), "base": np.zeros(5, np.float32),
                 "out": np.zeros((70, 5), np.float32)} | changed  # fmt: skip
    with pytest.raises(TypingError, match=re.escape(message)):
        run_likelihood(kernels.view(case.patterns), *arguments.values())


def test_python_is_sent_to_its_own_functions(case):
    with pytest.raises(TypeError, match=r"numba_support\.sweep: call it inside .* Python calls motes\.sweep"):
        kernels.sweep(kernels.view(case.patterns), None, None, None, None)
    with pytest.raises(TypeError, match="patterns"):
        kernels.view(np.zeros((3, 4)))


def test_a_view_keeps_its_patterns():
    patterns = Patterns.from_dense(np.ones((500, 100), int))
    view = kernels.view(patterns)
    del patterns
    gc.collect()
    out = np.zeros((500, 1), np.float32)
    run_likelihood(view, np.ones((100, 1), np.float32), np.zeros(1, np.float32), out)
    assert (out == 100).all()


def test_every_function_of_the_header_is_there():
    header = (ROOT / "csrc/include/motes/motes.h").read_text()
    declared = set(re.findall(r"MOTES_API motes_status (motes_\w+)\(", header))
    assert declared == set(_core.c_functions)
    structs = set(re.findall(r"^} (motes_\w+);", header, re.MULTILINE)) - set(
        re.findall(r"^typedef enum MOTES_INT \{[^}]*\} (motes_\w+);", header, re.MULTILINE)
    )
    assert structs == set(_core.c_structs)
    for name, (size, members) in _core.c_structs.items():
        body = re.search(rf"typedef struct \{{((?:(?!typedef)[\s\S])*?)\}} {name};", header)[1]
        code = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
        assert len(members) == len(re.findall(r"[,;]", re.sub(r"\([^)]*\)\([^)]*\)", "", code))), name
        assert size >= members[-1][1]


def test_the_page_has_every_function_with_its_parameters():
    page = (ROOT / "docs" / "numba.md").read_text()
    for name in set(kernels.__all__) - {"Clusters", "PatternsView", "Sums", "view"}:
        assert f"`{name}({', '.join(inspect.signature(getattr(kernels, name)).parameters)})`" in page


def test_functions_of_the_abi_can_be_called():
    distance = c.motes_equal_radii_distance

    @numba.njit
    def call(iou):
        out = np.zeros(1)
        status = distance(iou, out.ctypes.data, 0)
        return status, out[0]

    status, found = call(0.5)
    assert status == 0
    assert found == _core.equal_radii_distance(0.5)
    assert call(2.0)[0] != 0


def test_example_is_the_library_s_answer(capsys):
    example = runpy.run_path(str(EXAMPLE))
    patterns = patterns_of(master_of(9), 3000)
    start = np.random.default_rng(0).uniform(0.5, 1.5, 81) * patterns.n_photons / 3000 / 81
    master, log_likelihood = example["climb"](kernels.view(patterns), start.copy(), C4.index((9, 9)), 30, 0.0)
    expected, low = start.reshape(9, 9).copy(), Bernoulli().limits(3000)[0]
    for _ in range(30):
        swept = sweep(patterns, C4.expand(expected))
        expected = np.clip(C4.back_rotate(swept.planes) / 3000, low, 1 - low)
    np.testing.assert_allclose(master.reshape(9, 9), expected, rtol=1e-5)
    assert log_likelihood == pytest.approx(swept.log_likelihood, abs=1e-4 * 3000)
    ends = reconstruct(patterns, init=start.reshape(9, 9), acceleration="none", tolerance=1e-9)
    longer, _ = example["climb"](kernels.view(patterns), start.copy(), C4.index((9, 9)), 2000, 0.0)
    turns = [np.rot90(longer.reshape(9, 9), k) for k in range(4)]
    assert min(np.abs(turn - ends.master).max() for turn in turns) < 1e-3 * ends.master.max()
    example["main"]()
    assert "error 0.05" in capsys.readouterr().out


def test_numba_is_asked_for_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "motes.numba_support")
    with pytest.raises(ImportError, match=re.escape('motes.numba_support: needs numba (pip install "motes[numba]")')):
        importlib.import_module("motes.numba_support")
    assert "numba =" in (ROOT / "pyproject.toml").read_text()


def test_the_benchmark_times_calls_that_succeed():
    assert min(smallest_calls(1, 2).values()) > 0
