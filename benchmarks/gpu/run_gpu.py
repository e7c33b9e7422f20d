#!/usr/bin/env python3
"""Everything there is to run on a GPU, on a machine that can fetch nothing: `python3 run_gpu.py --out report.json`.

Needs the folder that it lies in, made by `nox -s gpu-pack`, Python 3.10 or later and an NVIDIA driver. The wheels there
go into a virtual environment that also sees what the machine has (torch, CuPy, ...); where none is for this Python,
motes is compiled from the sources beside it, with the machine's nvcc and CMake. Then tests marked `gpu`,
compute-sanitizer where it is on the path, and benchmarks: one JSON. All that follows `--` goes to
`benchmarks.gpu.session`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent


def environment(folder: Path) -> Path:
    """Make a virtual environment that sees the machine's own packages, also where Python is one itself."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    told = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    places = {sysconfig.get_path(name) for name in ("purelib", "platlib")} | {p for p in sys.path if "-packages" in p}
    Path(told.stdout.strip(), "machine.pth").write_text("\n".join(sorted(places)) + "\n")
    return python


def unpack(name: str, folder: Path) -> Path:
    """One of the archives beside this file."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(HERE / name) as archive:
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return folder


def install(python: Path, wheels: Path, source: Path) -> None:
    """What is missing, from the wheels; motes from its wheel, or compiled."""
    (pip,) = wheels.glob("pip-*.whl")
    offline = [python, pip / "pip", "install", "-q", "--no-index", "--find-links", wheels,
               "--disable-pip-version-check", "--no-warn-script-location"]  # fmt: skip
    quiet = os.environ | {"PIP_ROOT_USER_ACTION": "ignore"}
    subprocess.run([*offline, "-r", HERE / "requirements.txt"], check=True, env=quiet)
    motes = [*offline, "--no-deps", "--force-reinstall"]
    if subprocess.run([*motes, "--only-binary=:all:", "motes"], env=quiet, stderr=subprocess.DEVNULL).returncode == 0:
        return
    print("no wheel of motes for this Python: compiling it", flush=True)
    subprocess.run([*offline, "-r", HERE / "requirements-build.txt"], check=True, env=quiet)
    build = ["--no-build-isolation", "-C", "cmake.define.MOTES_CUDA=ON", source]
    subprocess.run([*motes, *build], check=True, env=quiet)


def main() -> int:
    """Unpack, install, run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder to work in; by default a new one")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"), help="file for the JSON")
    asked, more = parser.parse_known_args()
    began = time.monotonic()
    work = asked.work or Path(tempfile.mkdtemp(prefix="motes-gpu-"))
    wheels, source = unpack("wheels.tar.xz", work / "wheels"), unpack("source.tar.xz", work / "source")
    python = environment(work / "venv")
    install(python, wheels, source)
    print(f"ready after {time.monotonic() - began:.0f} s, in {work}", flush=True)
    run = [python, "-m", "benchmarks.gpu.session", "--out", asked.out.resolve(), *(arg for arg in more if arg != "--")]
    return subprocess.run(run, cwd=source).returncode


if __name__ == "__main__":
    raise SystemExit(main())
