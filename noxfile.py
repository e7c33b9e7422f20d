"""One command for every chore: `nox -s tests`, `lint`, `types`, `stubs`, `docs`, `bench`, `fuzz` and so on."""

from __future__ import annotations

import shutil

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
    """Run doctests, code blocks of README and docs; check links and command lines."""
    session.install(".[test]")
    session.run("pytest", "python/motes", "tests/test_docs.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, then write the tables of docs/performance.md: all of it, or `nox -s bench -- races memory`."""
    session.install(".[bench]")
    session.run("python", "-m", "benchmarks.run_all", *session.posargs)


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run the C++ example under the address and undefined-behaviour sanitizers."""
    session.install("cmake>=3.20", "ninja")
    work = session.create_tmp()
    flags = "-fsanitize=address,undefined -fno-sanitize-recover=all -g"
    options = ["-G", "Ninja", f"-DCMAKE_CXX_FLAGS={flags}", f"-DCMAKE_EXE_LINKER_FLAGS={flags}"]
    session.run("cmake", "-S", ".", "-B", f"{work}/lib", *options)
    session.run("cmake", "--build", f"{work}/lib")
    session.run("cmake", "--install", f"{work}/lib", "--prefix", f"{work}/prefix")
    prefix = f"-DCMAKE_PREFIX_PATH={work}/prefix"
    session.run("cmake", "-S", "examples/cmake", "-B", f"{work}/example", *options, prefix)
    session.run("cmake", "--build", f"{work}/example")
    session.run(f"{work}/example/em", external=True)


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
    """Build the kernels for NVIDIA GPUs and run their tests on one, also under compute-sanitizer where it is found."""
    session.install("cmake", "ninja")  # the system's CMake may not know what nvcc can do
    session.install("-C", "cmake.define.MOTES_CUDA=ON", ".[test]")
    session.run("python", "-c", "from motes.devices import device_of; device_of('cuda')")  # says why not
    session.run("pytest", "-m", "gpu", "tests", *session.posargs)
    sanitizer = shutil.which("compute-sanitizer")
    if not sanitizer:
        session.log("compute-sanitizer is not on the path: left out")
        return
    small = ["python", "-m", "pytest", "-q", "-m", "gpu", "tests/kernels", "-k", "any_number or impossible or flushed"]
    for tool in ("memcheck", "racecheck"):
        session.run(sanitizer, f"--tool={tool}", "--error-exitcode=1", *small, external=True)


@nox.session(name="gpu-standin")
def gpu_standin(session: nox.Session) -> None:
    """Run the tests marked gpu on a machine without one: the same sources, compiled for the host, on a stand-in."""
    session.install(".[test]", *_tools("cmake", "ninja"), "pybind11>=3.1")
    session.run("pytest", "-m", "gpu", "--gpu-standin", "tests", *session.posargs)


@nox.session
def wheels(session: nox.Session) -> None:
    """Build wheels for this platform."""
    session.install("cibuildwheel>=4,<5")
    session.run("cibuildwheel", "--output-dir", "dist", *session.posargs)


def _tools(*names: str) -> list[str]:
    """Requirements of the extra `dev` with these names, so that versions are stated once."""
    extra = nox.project.load_toml("pyproject.toml")["project"]["optional-dependencies"]["dev"]
    return [requirement for requirement in extra if requirement.startswith(names)]
