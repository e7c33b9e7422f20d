"""Every figure of docs/performance.md, one process after the other: `python -m benchmarks.run_all`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import table
from benchmarks.results import condense, save

SCRIPTS = ("accuracy", "memory", "growth", "circle_growth", "end_to_end", "extraction")
ROOT = Path(__file__).parent.parent


def races() -> None:
    """The kernels beside their peers."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        options = ("-q", "--benchmark-columns=min,median", f"--benchmark-json={report}")
        subprocess.run([sys.executable, "-m", "pytest", "benchmarks", *options], check=True, cwd=ROOT)
        save("kernels", condense(report))


def main() -> None:
    """What is asked for; everything by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", choices=[[], "races", *SCRIPTS], help="by default all")
    chosen = parser.parse_args().what or ["races", *SCRIPTS]
    for name in chosen:
        began = time.perf_counter()
        if name == "races":
            races()
        else:
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True, cwd=ROOT)
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    table.main()


if __name__ == "__main__":
    main()
