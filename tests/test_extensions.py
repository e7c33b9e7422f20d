"""The examples in Cython and pybind11 build against an installed copy, and find what Python finds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from shutil import copytree, ignore_patterns

import numpy as np
import pytest

from motes import linking

EXAMPLES = Path(__file__).parents[1] / "examples"
NEEDS = {"cython": ("Cython", "setuptools"), "pybind11": ("pybind11", "scikit_build_core", "cmake", "ninja")}
QUICKLY = {"cython": {"CFLAGS": "-O0"}, "pybind11": {"SKBUILD_CMAKE_BUILD_TYPE": "Debug"}}
PIP = ("-m", "pip", "--quiet", "install", "--no-build-isolation", "--no-deps", "--no-index", "--target")


@pytest.fixture(scope="module", params=NEEDS)
def built(request, tmp_path_factory):
    """(folder, name) of an example's extension, built as its first lines say."""
    if not (linking.ROOT / "lib").is_dir():
        pytest.skip("this copy of motes was not installed: it carries no library")
    if absent := [needed for needed in NEEDS[request.param] if not find_spec(needed)]:
        pytest.skip(f"not installed: {', '.join(absent)}")
    work = tmp_path_factory.mktemp(request.param)
    sources = copytree(EXAMPLES / request.param, work / "sources", ignore=ignore_patterns("build", "*.egg-info"))
    command = [sys.executable, *PIP, str(work / "site"), str(sources)]
    subprocess.run(command, check=True, env=os.environ | QUICKLY[request.param])
    return work / "site", f"motes_{request.param}"


@pytest.fixture
def margin(built):
    """The function of the example's extension."""
    (file,) = built[0].glob(f"{built[1]}*.*.so")
    spec = spec_from_file_location(built[1], file)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.margin


def test_it_finds_what_python_finds(built):
    paths = os.pathsep.join([str(built[0]), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, EXAMPLES / "extensions.py", built[1]]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": paths})
    assert re.fullmatch(rf"{built[1]}: the best .* ahead by 10\.\d+ nats .*; the same bits as Python's\n", told.stdout)


INDPTR, PIXELS = np.array([0, 2]), np.array([0, 3], np.uint16)
WEIGHTS, BASE = np.eye(4, dtype=np.float32), np.array([0, 0, 0, 5], np.float32)


def test_by_hand(margin):
    assert margin(INDPTR, PIXELS, WEIGHTS, BASE, threads=1).tolist() == [5.0]  # 6 nats and 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((INDPTR, PIXELS[::-1].copy(), WEIGHTS, BASE), ValueError, "pattern 0: pixels are not in ascending order"),
        ((INDPTR + 1, PIXELS, WEIGHTS, BASE), ValueError, "indptr: ends beyond the end of pixels"),
        ((INDPTR, PIXELS, WEIGHTS, BASE.astype(float)), (TypeError, ValueError), "incompatible|mismatch"),
        ((INDPTR, PIXELS, WEIGHTS[:, ::2], BASE[::2].copy()), (TypeError, ValueError), "incompatible|contiguous"),
    ],
)
def test_what_it_refuses(margin, arguments, error, message):
    with pytest.raises(error, match=message):
        margin(*arguments)


def test_the_page_shows_what_the_examples_hold():
    page = (EXAMPLES.parent / "docs" / "extensions.md").read_text()
    files = [path for folder in NEEDS for path in sorted((EXAMPLES / folder).iterdir()) if path.is_file()]
    held = "".join(path.read_text() for path in files)
    shown = re.findall(r"```(?:cython|cmake|cpp|python setup)\n(.*?)```", page, re.DOTALL)
    assert len(shown) == 6
    assert [block for block in shown if block not in held] == []
