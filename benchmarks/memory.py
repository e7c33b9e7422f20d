"""Peak memory of `reconstruct`, above that of the process after its imports."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.results import save
from motes.bench.workloads import N_PATTERNS, SIDE, Work

REPEATS = (1, 10, 100)
ARRAYS = ("indptr", "pixels", "multi_position", "multi_extra")
MB = 1e6

# A process of its own: its peak is that of nothing else. A small fit first, so that everything is imported.
CHILD = f"""
import json, resource, sys
from pathlib import Path
import numpy as np
import motes

def peak():  # ru_maxrss would count the parent's pages, which a forked child holds until it executes another program
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

truth = motes.simulate.patterns(np.linspace(0.1, 0.4, 16).reshape(4, 4), 100, seed=1)
motes.reconstruct(motes.Patterns.from_coo(truth.rows, truth.cols, shape=(4, 4), n_patterns=100))
before = peak()
arrays = [np.load(Path(sys.argv[1], name + ".npy")) for name in {ARRAYS!r}]
patterns = motes.Patterns(*arrays, shape=({SIDE}, {SIDE}))
found = motes.reconstruct(patterns)
print(json.dumps({{"peak": peak() - before, "container": patterns.nbytes, "seconds": found.seconds,
                  "sweeps": found.sweeps}}))
"""


def of_reconstruct(work: Work) -> dict[str, object]:
    """Peak and allowance, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ARRAYS:
            np.save(Path(folder, f"{name}.npy"), getattr(work.patterns, name))
        told = subprocess.run([sys.executable, "-c", CHILD, folder], check=True, capture_output=True, text=True)
    figures = json.loads(told.stdout)
    allowed = 2.5 * figures["container"] + 100 * MB + 8 * work.n_pixels**2
    return {
        "n_patterns": work.n_patterns,
        "container_mb": figures["container"] / MB,
        "peak_mb": figures["peak"] / MB,
        "allowed_mb": allowed / MB,
        "seconds": figures["seconds"],
        "sweeps": figures["sweeps"],
    }


def main() -> None:
    """All sizes."""
    rows = []
    for repeats in REPEATS:
        rows.append(of_reconstruct(Work(N_PATTERNS, repeats)))
        print(rows[-1], flush=True)
    save("memory", rows)


if __name__ == "__main__":
    main()
