"""The C ABI from C11, and from C++ through the layer over it: in programs that strict compilers take."""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

import pytest

from c_compiler import INCLUDE, compiled, functions_of
from motes import _core

HERE = Path(__file__).parent


@pytest.mark.parametrize("source", ["calls.c", "calls.cpp"])
def test_every_function_answers_and_refuses(source, tmp_path, capfd):
    if sys.platform != "linux":
        pytest.skip("the program takes the functions from the extension, as Linux allows")
    program = compiled(HERE / source, tmp_path / "calls.so", "-shared", "-fPIC", "-DMOTES_ABI_SHARED")
    ctypes.CDLL(_core.__file__, mode=ctypes.RTLD_GLOBAL)
    n_failed = ctypes.CDLL(str(program)).motes_abi_calls()
    assert n_failed == 0, capfd.readouterr().out


def test_no_function_is_left_out():
    called = set(re.findall(r"\bmotes_\w+(?=\()", (HERE / "calls.c").read_text()))
    assert functions_of("motes.h") <= called
    wrapped = set()
    for header in (INCLUDE / "motes").glob("*.hpp"):
        wrapped |= set(re.findall(r"\bmotes_\w+", header.read_text()))
    plain = {f"motes_{name}" for name in ("version_number", "status_text", "isa", "isa_available", "hardware_threads")}
    assert functions_of("motes.h") - plain <= wrapped


@pytest.mark.parametrize("header", sorted(path.name for path in (INCLUDE / "motes").glob("*.h*")))
def test_a_header_needs_nothing_before_it(header, tmp_path):
    source = tmp_path / ("alone.c" if header.endswith(".h") else "alone.cpp")
    source.write_text(f"#include <motes/{header}>\nint nothing(void);\n")
    compiled(source, tmp_path / "alone.o", "-c")


def test_twins_have_the_names_of_motes_h():
    own = {"version", "version_number", "device_count", "device_facts", "synchronize", "patterns_from_host",
           "patterns_from_device", "patterns_free", "patterns_extents"}  # fmt: skip
    own |= {f"em_{name}" for name in ("begin", "free", "point_size", "evaluate", "advance", "extrapolate", "told")}
    twins = {name.removeprefix("motes_cuda_") for name in functions_of("motes_cuda.h")}
    assert own <= twins
    assert {f"motes_{name}" for name in twins - own} <= functions_of("motes.h")
