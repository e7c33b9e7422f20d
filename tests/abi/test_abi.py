"""The C ABI from C11: every function of `motes.h`, called by a program that a strict compiler takes."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

import pytest

from c_compiler import compiled, functions_of
from motes import _core

HERE = Path(__file__).parent


def test_every_function_answers_and_refuses(tmp_path, capfd):
    if os.name != "posix" or os.uname().sysname != "Linux":
        pytest.skip("the program takes the functions from the extension, as Linux allows")
    program = compiled(HERE / "calls.c", tmp_path / "calls.so", "-shared", "-fPIC", "-DMOTES_ABI_SHARED")
    ctypes.CDLL(_core.__file__, mode=ctypes.RTLD_GLOBAL)
    n_failed = ctypes.CDLL(str(program)).motes_abi_calls()
    assert n_failed == 0, capfd.readouterr().out


def test_no_function_is_left_out():
    called = set(re.findall(r"\bmotes_\w+(?=\()", (HERE / "calls.c").read_text()))
    assert functions_of("motes.h") <= called


@pytest.mark.parametrize("header", ["motes.h", "motes_cuda.h"])
def test_a_header_needs_nothing_before_it(tmp_path, header):
    source = tmp_path / "alone.c"
    source.write_text(f"#include <motes/{header}>\nint nothing(void);\n")
    compiled(source, tmp_path / "alone.o", "-c")


def test_twins_have_the_names_of_motes_h():
    own = {"version", "version_number", "device_count", "device_facts", "synchronize", "patterns_from_host",
           "patterns_from_device", "patterns_free", "patterns_extents"}  # fmt: skip
    twins = {name.removeprefix("motes_cuda_") for name in functions_of("motes_cuda.h")}
    assert own <= twins
    assert {f"motes_{name}" for name in twins - own} <= functions_of("motes.h")
