"""Results as they were committed, `fingerprints.json`: kernels by their bits, workflows by numbers that hold them.

As a program, `python tests/committed.py "a line of CHANGELOG.md"` writes them anew: results change only with a line
that says so, and the test looks for it there.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

import fingerprint
from motes import _core, reconstruct
from motes.pickers import FilterBankPicker, Labelled
from problems import master_of, patterns_of
from scenes import DIAMETER, circles, scene

TESTS = Path(__file__).parent
FILE = TESTS / "fingerprints.json"
AVAILABLE = [name for name in ("baseline", "v3", "v4") if _core.isa_available(name)]
N_NUMBERS = 6  # of a result whose last bits are not promised


def kernels() -> dict[str, str]:
    """Digests of what every kernel gives, under the instruction set of this process."""
    order = np.arange(fingerprint.N_PATTERNS)
    results = {kernel: run(fingerprint.data(), order, 2) for kernel, run in fingerprint.KERNELS.items()}
    results |= {kernel: run(2) for kernel, run in fingerprint.OTHERS.items()}
    return {f"{kernel}: {what}": digest(value) for kernel, found in results.items() for what, value in found.items()}


def digest(value: np.ndarray) -> str:
    """Of type, shape and bits; -0 and 0 are the same, and so are all NaN."""
    value = np.where(np.isnan(value), np.nan, value) + 0 if value.dtype.kind == "f" else value
    mark = hashlib.blake2b(f"{value.dtype.str}{value.shape}".encode(), digest_size=8)
    mark.update(np.ascontiguousarray(value).tobytes())
    return mark.hexdigest()


def workflows() -> dict[str, list[float]]:
    """Numbers that hold the results of what also asks libraries of others: LAPACK, SciPy, the C library."""
    patterns = patterns_of(master_of(9, photons=12.0), 3000)
    found = {}
    for method in ("em", "hard-em", "l2-em", "sgd"):
        fitted = reconstruct(patterns, method=method, seed=1, max_iterations=30, threads=2, std_error=method == "em")
        found[f"reconstruct {method}: master"] = numbers(fitted.master)
        found[f"reconstruct {method}: log-likelihood"] = [float(fitted.log_likelihood)]
    found["reconstruct em: standard error"] = numbers(reconstruct(patterns, max_iterations=30).std_error)
    scenes = [scene(seed) for seed in range(3)]
    micrographs = [micrograph for micrograph, _ in scenes]
    taught = Labelled(micrographs[:2], circles(*(centres[:10] for _, centres in scenes[:2])))
    picked = FilterBankPicker(DIAMETER).fit(taught).predict(micrographs[2:])
    best = np.argsort(-picked.probability, kind="stable")[:20]
    found["filter bank: centres"] = numbers(picked.circles.centres[best])
    found["filter bank: probability"] = numbers(picked.probability[best])
    return found


def numbers(value: np.ndarray) -> list[float]:
    """Products with unit vectors drawn once: any change of the array, of its order too, changes them."""
    flat = np.asarray(value, np.float64).ravel()
    against = np.random.default_rng(flat.size).normal(size=(N_NUMBERS, flat.size))
    against /= np.linalg.norm(against, axis=1, keepdims=True)
    return [float(product) for product in (against * flat).sum(axis=1)]


def of_instruction_set(isa: str) -> dict[str, Any]:
    """Everything, in a process of its own under this instruction set."""
    environment = os.environ | {"MOTES_ISA": isa, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, str(Path(__file__)), "--print"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(argument: str) -> None:
    if argument == "--print":
        print(json.dumps({"kernels": kernels(), "workflows": workflows()}))
        return
    if argument not in (TESTS.parent / "CHANGELOG.md").read_text(encoding="utf-8"):
        sys.exit(f"CHANGELOG.md: holds no {argument!r}; say there what changed in the results, and why")
    if FILE.exists() and json.loads(FILE.read_text(encoding="utf-8"))["changelog"] == argument:
        sys.exit(f"{FILE.name}: was made with this line already; another change needs another line")
    assert AVAILABLE == ["baseline", "v3", "v4"], "written only where all instruction sets are at hand"
    found = {isa: of_instruction_set(isa) for isa in AVAILABLE}
    names = found["baseline"]["kernels"]
    bits = {name: {isa: found[isa]["kernels"][name] for isa in AVAILABLE} for name in names}
    same = {name: of["baseline"] if len(set(of.values())) == 1 else of for name, of in bits.items()}
    content = {"changelog": argument, "kernels": same, "workflows": found["baseline"]["workflows"]}
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
