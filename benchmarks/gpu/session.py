"""Tests on a GPU, compute-sanitizer, benchmarks, one JSON: `python -m benchmarks.gpu.session --out FILE`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MARKS = ("each_device", "mark.gpu")
SMALL = "any_number or impossible or flushed or probes"
TOOLS = ("memcheck", "racecheck")
# Seconds: all of it, its tests, each run of the sanitizer, and the least that benchmarks begin with.
ALL, TESTS, SANITIZER, BENCHMARKS = 480.0, 150.0, 60.0, 60.0


def test_files() -> list[str]:
    """Those with tests marked `gpu`: the others may import what is not there."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(path.relative_to(ROOT)) for path in files if any(mark in path.read_text() for mark in MARKS)]


def run(command: list[object], seconds: float) -> tuple[int | None, str, float]:
    """Exit status (None: it took too long and was ended), the end of what it said, and seconds taken."""
    began = time.monotonic()
    print("$", *command, flush=True)
    with tempfile.TemporaryFile("w+") as said:
        try:
            done = subprocess.run([str(part) for part in command], cwd=ROOT, stdout=said, stderr=subprocess.STDOUT,
                                  timeout=max(seconds, 1.0), env=os.environ | {"CI": "1"})  # fmt: skip
            status: int | None = done.returncode
        except subprocess.TimeoutExpired:
            status = None
        said.seek(0)
        told = said.read()
    return status, told[-4000:], time.monotonic() - began


def tested(seconds: float) -> dict[str, Any]:
    """Numbers of tests, and the names of those that failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "tests.xml")
        command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", f"--junitxml={report}", "-p", "no:cacheprovider"]
        status, told, took = run([*command, *test_files()], seconds)
        found: dict[str, Any] = {"status": status, "seconds": took}
        if report.exists():
            suite = next(ET.parse(report).iter("testsuite"))
            found |= {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
            found["failed"] = [f"{case.get('classname')}.{case.get('name')}" for case in suite.iter("testcase")
                               if case.find("failure") is not None or case.find("error") is not None]  # fmt: skip
    return found if status == 0 else found | {"told": told}


def sanitized(tool: str, seconds: float) -> dict[str, Any]:
    """Small tests under compute-sanitizer."""
    sanitizer = shutil.which("compute-sanitizer")
    if not sanitizer:
        return {"status": None, "absent": "compute-sanitizer is not on the path"}
    small = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "gpu",
        "-p",
        "no:cacheprovider",
        "tests/kernels",
        "tests/cuda/test_probes.py",
    ]
    status, told, took = run([sanitizer, f"--tool={tool}", "--error-exitcode=1", *small, "-k", SMALL], seconds)
    return {"status": status, "seconds": took, "told": told[-600:] if status == 0 else told}


def benchmarked(more: list[str], seconds: float) -> dict[str, Any]:
    """The report of `benchmarks.gpu`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "benchmarks.json")
        command = [sys.executable, "-m", "benchmarks.gpu", "--out", report, "--seconds", f"{seconds - 45:.0f}", *more]
        status, told, took = run(command, seconds)
        print(told, flush=True)
        found: dict[str, Any] = json.loads(report.read_text()) if report.exists() else {"told": told}
    return found | {"status": status, "seconds": took}


def main() -> int:
    """All of it, within eight minutes; 1 if anything failed, or there is no GPU."""
    parser = argparse.ArgumentParser(prog="benchmarks.gpu.session", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--smoke", action="store_true", help="benchmarks once, and small")
    parser.add_argument("--only", nargs="+", choices=("tests", "sanitizer", "benchmarks"))
    asked = parser.parse_args()
    from motes.devices import cuda_told, device_of
    from motes.errors import DeviceError

    print(f"CUDA: {cuda_told()}", flush=True)
    try:
        device_of(asked.device)
    except (DeviceError, ValueError) as error:
        print(f"nothing can be run: {error}")
        return 1
    began = time.monotonic()
    parts = asked.only or ("tests", "sanitizer", "benchmarks")
    report: dict[str, Any] = {"cuda": cuda_told()}
    if "tests" in parts:
        report["tests"] = tested(TESTS)
    if "sanitizer" in parts:
        report["sanitizer"] = {tool: sanitized(tool, SANITIZER) for tool in TOOLS}
    if "benchmarks" in parts:
        more = ["--device", asked.device, *(["--smoke"] if asked.smoke else [])]
        report["benchmarks"] = benchmarked(more, max(ALL - (time.monotonic() - began), BENCHMARKS))
    report["seconds"] = time.monotonic() - began
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(report, indent=1) + "\n")
    done = [part for name, part in report.items() if name in ("tests", "benchmarks")]
    done += [part for part in report.get("sanitizer", {}).values() if "absent" not in part]
    fine = all(part["status"] == 0 for part in done)
    print(f"{asked.out}: {report['seconds']:.0f} s, {'all passed' if fine else 'not all passed'}")
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
