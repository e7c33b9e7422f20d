"""Every figure of docs/performance.md, one process after the other: `python -m benchmarks.run_all`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import table
from benchmarks.results import condense, load, save

SCRIPTS = ("accuracy", "memory", "growth", "circle_growth", "end_to_end", "extraction")
ROOT = Path(__file__).parent.parent


def races(files: list[str], into: str) -> None:
    """The kernels beside their peers: all, or those of some files, which take the place of their older figures."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        options = ("-q", "--benchmark-columns=min,median", f"--benchmark-json={report}")
        subprocess.run([sys.executable, "-m", "pytest", *(files or ["benchmarks"]), *options], check=True, cwd=ROOT)
        figures = condense(report)
    stored = load(into) if files else None
    again = {race["kernel"] for race in figures}
    kept = [race for race in stored["figures"] if race["kernel"] not in again] if stored else []
    save(into, kept + figures)


def main() -> None:
    """What is asked for; everything by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", choices=[[], "races", *SCRIPTS], help="by default all")
    parser.add_argument("--of", nargs="+", default=[], metavar="FILE", help="of the races: those of these files alone")
    parser.add_argument("--into", default="kernels", choices=["kernels", "turned"], help="figures of which machine")
    asked = parser.parse_args()
    chosen = asked.what or ["races", *SCRIPTS]
    for name in chosen:
        began = time.perf_counter()
        if name == "races":
            races(asked.of, asked.into)
        else:
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True, cwd=ROOT)
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    table.main()


if __name__ == "__main__":
    main()
