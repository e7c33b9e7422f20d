"""The picture of the architecture stays true: an import goes down the list or stays level, never up."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import motes

PACKAGE = Path(motes.__file__).parent

LAYERS = (
    ("__main__",),
    ("cli",),
    ("labelling",),
    ("distributed",),
    ("bench", "challenge", "study", "project"),
    ("report", "truth", "known_mixture", "mixture_truth", "plotting", "viewer"),
    ("active", "live"),
    ("dragonfly", "reconstruction", "classify", "limits", "pickers", "numba_support"),
    ("sample", "picking", "resolution", "particles"),
    (
        "batches",
        "patterns",
        "sections",
        "stored",
        "stored_totals",
        "storing",
        "blocks",
        "conversion",
        "writing",
        "dense",
        "detector",
        "rotations",
        "in_plane",
        "maps",
        "noise",
        "quotient",
        "kernels",
        "files",
        "advice",
        "picks",
        "micrograph",
    ),
    ("totals",),
    ("residence",),
    ("circles", "entries", "arrays", "foreign", "linking"),
    ("io", "simulate", "scratch", "exact"),
    ("_core", "_cuda"),
)
RANK = {name: len(LAYERS) - level for level, names in enumerate(LAYERS) for name in names}
FOR_EVERYBODY = {"cached", "errors", "threads", "config", "shapes", "checks", "devices", "memory"}
# A result shows itself: `Reconstruction.plot` asks for the plots when it is called.
EXCEPTIONS = {("reconstruction", "plotting")}

HEAVY = ("scipy", "matplotlib", "torch", "pandas", "h5py", "rich", "typer", "dask", "distributed")


def modules() -> Iterator[tuple[str, Path]]:
    """Every module by its dotted name below the package; the package's own `__init__` only lists names."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name:
            yield name, path


def home_of(name: str) -> str:
    """The module below the package that `from motes import name` ends in."""
    if name == "__version__":
        return "_core"
    return motes._HOME.get(name, name)


def imports(source: str) -> set[str]:
    """Modules of the package that a source imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("motes.") for alias in node.names if alias.name.startswith("motes.")}
            assert all(alias.name != "motes" for alias in node.names), "import motes: names its parts instead"
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            if node.module == "motes":
                found |= {home_of(alias.name) for alias in node.names}
            elif node.module and node.module.startswith("motes."):
                found.add(node.module.removeprefix("motes."))
    return found


def upward(name: str, source: str) -> list[str]:
    """The imports of a module that go up."""
    own = name.split(".")[0]
    wrong = []
    for target in imports(source):
        to = target.split(".")[0]
        if to in FOR_EVERYBODY or to == own or (own, to) in EXCEPTIONS:
            continue
        allowed = to in ("_core", "_cuda") if own in FOR_EVERYBODY else RANK[to] <= RANK[own]
        if not allowed:
            wrong.append(target)
    return wrong


@pytest.mark.parametrize(("name", "path"), [pytest.param(*found, id=found[0]) for found in modules()])
def test_imports_go_down(name, path):
    top = name.split(".")[0]
    assert top in RANK or top in FOR_EVERYBODY, f"{top}: which layer?"
    assert upward(name, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("patterns", "from motes.reconstruction import run"),
        ("io.npz", "def f():\n    from motes import Patterns"),
        ("kernels.sweep", "import motes.cli.info"),
        ("simulate.photons", "from motes.patterns import Patterns"),
        ("threads", "from motes.patterns import Patterns"),
        ("rotations", "if True:\n    from motes import simulate, reconstruct"),
    ],
)
def test_an_import_that_goes_up_is_found(name, source):
    assert upward(name, source)


def test_every_name_that_a_user_meets_is_there():
    for name in motes.__all__:
        assert getattr(motes, name) is not None
    assert dir(motes) == sorted(motes.__all__)
    with pytest.raises(AttributeError, match="module 'motes' has no attribute 'nothing'"):
        motes.nothing  # noqa: B018


def python(code: str) -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_package_imports_nothing_heavy():
    assert python("import sys, motes; print([name for name in sys.modules if name == 'numpy'])") == "[]"


def test_patterns_need_nothing_but_numpy():
    code = (
        f"import sys; from motes import Patterns, sweep, C4, Bernoulli; print([m for m in {HEAVY} if m in sys.modules])"
    )
    assert python(code) == "[]"
