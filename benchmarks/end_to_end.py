"""`motes reconstruct` as a user runs it: a whole process, from an archive of the challenge to pictures."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.results import save
from motes import simulate
from motes.bench.workloads import CONTRAST, N_PATTERNS, portrait

RUNS = 3


def main() -> None:
    """Wall time of the default call."""
    truth = simulate.patterns(portrait(CONTRAST), N_PATTERNS, seed=7)
    whole, inside = [], []
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "endeavor.npz")
        np.savez(archive, task7a=truth.rows.astype(np.int64), task7b=truth.cols.astype(np.int64))
        for run in range(RUNS):
            out = Path(folder, f"out{run}")
            command = [sys.executable, "-m", "motes", "reconstruct", archive, "--task", "7", "-o", out, "--quiet"]
            began = time.perf_counter()
            subprocess.run(command, check=True)
            whole.append(time.perf_counter() - began)
            inside.append(json.loads(Path(out, "report.json").read_text())["seconds"])
    figures = {"contrast": CONTRAST, "n_patterns": N_PATTERNS, "whole_seconds": whole, "fit_seconds": inside}
    print(figures)
    save("end_to_end", figures)


if __name__ == "__main__":
    main()
