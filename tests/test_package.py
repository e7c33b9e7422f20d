"""The package as it is installed: its version, its types, its names, and what importing it costs."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import subprocess
import sys
import sysconfig
import types
from importlib.metadata import version
from pathlib import Path

import pytest

import motes

ROOT = Path(__file__).parent.parent
PACKAGE = Path(motes.__file__).parent
HEAVY = ["h5py", "matplotlib", "pandas", "rich", "scipy", "torch", "typer"]


def imported_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_version_is_that_of_the_header():
    header = (ROOT / "csrc/include/motes/motes.h").read_text()
    parts = re.findall(r"#define MOTES_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)
    assert motes.__version__ == version("motes") == ".".join(parts)


def test_version_is_cited():
    assert f"\nversion: {motes.__version__}\n" in (ROOT / "CITATION.cff").read_text()


@pytest.mark.parametrize("name", ["py.typed", "_core.pyi"])
def test_types_are_installed(name):
    assert (PACKAGE / name).is_file()


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has one lock for all threads")
def test_a_free_threaded_python_stays_so():
    code = "import sys, motes; motes.Patterns.empty((2, 2)); print(sys._is_gil_enabled())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"  # an extension that does not say that it needs no lock brings it back


def test_stub_names_what_the_extension_has():
    from motes import _core

    stub = ast.parse((PACKAGE / "_core.pyi").read_text())
    stated = {
        node.target.id if isinstance(node, ast.AnnAssign) else node.name
        for node in stub.body
        if isinstance(node, ast.AnnAssign | ast.FunctionDef | ast.ClassDef)
    }
    assert stated - {"__all__"} == {name for name in vars(_core) if not name.startswith("__")}


@pytest.mark.parametrize("statement", ["import motes", "from motes import Patterns, reconstruct, read_patterns, C4"])
def test_import_stays_light(statement):
    heavy = imported_after(statement) & set(HEAVY)
    assert not heavy


def test_import_alone_loads_no_numpy():
    assert "numpy" not in imported_after("import motes")


def test_every_public_name_is_listed_once_and_sorted_out():
    assert len(set(motes.__all__)) == len(motes.__all__)
    assert dir(motes) == sorted(motes.__all__)
    with pytest.raises(AttributeError, match=r"module 'motes' has no attribute 'nonsense'"):
        _ = motes.nonsense


@pytest.mark.parametrize("name", motes.__all__)
def test_every_public_name_is_documented(name):
    thing = getattr(motes, name)
    if name == "__version__" or not (callable(thing) or isinstance(thing, types.ModuleType)):
        return  # constants: their documentation is that of their class
    documentation = inspect.getdoc(thing)
    assert documentation
    if inspect.isfunction(thing):
        assert ">>>" in documentation


@pytest.mark.parametrize("name", ["classify", "limits", "plotting", "simulate", "viewer"])
def test_every_name_of_a_public_module_is_documented(name):
    module = importlib.import_module(f"motes.{name}")
    names = getattr(module, "__all__", None) or [
        key for key, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__
    ]
    for key in names:
        if key.startswith("_"):
            continue
        thing = getattr(module, key)
        if callable(thing):
            assert inspect.getdoc(thing), f"motes.{name}.{key}"


def test_example_in_python_finds_what_it_hid(capsys):
    path = ROOT / "examples/cmake/em.py"
    spec = importlib.util.spec_from_file_location("em", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    example.main()
    told = dict(line.rsplit(" ", 1) for line in capsys.readouterr().out.splitlines())
    assert int(told["photons"]) == 2650096
    assert float(told["log-likelihood"]) == pytest.approx(-106.0150, abs=1e-3)
    assert re.fullmatch("[0-9a-f]{16}", told["master"])
