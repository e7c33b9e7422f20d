"""The program of main.cpp again, in Python, through the same kernels: it prints the same bits."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

import numpy as np

import motes
from motes import _core

SIDE, TURNS, PATTERNS = 25, 4, 2000
PIXELS = SIDE * SIDE


def uniform_numbers() -> Iterator[float]:
    """The linear congruential generator of main.cpp: numbers in [0, 1)."""
    state = 2026
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (state >> 11) / 9007199254740992.0


def draw(uniform: Iterator[float]) -> motes.Patterns:
    """Patterns of a bar over a ramp, turned."""
    master = [(0.06 if i // SIDE < 9 else 0.01) + 0.03 * (i % SIDE) / SIDE for i in range(PIXELS)]
    templates = motes.C4.expand(np.reshape(master, (SIDE, SIDE))).reshape(TURNS, PIXELS).tolist()
    entries = []
    for p in range(PATTERNS):
        turn = int(TURNS * next(uniform))
        entries += [(p, i) for i, mean in enumerate(templates[turn]) if next(uniform) < mean]
    rows, columns = np.array(entries).T
    return motes.Patterns.from_coo(rows, columns, shape=(SIDE, SIDE), n_patterns=PATTERNS)


def main() -> None:
    """Draw, climb, print."""
    uniform = uniform_numbers()
    patterns = draw(uniform)
    master = np.array([0.02 + 0.04 * next(uniform) for _ in range(PIXELS)])
    for _ in range(20):
        weights, base = np.empty((PIXELS, TURNS), np.float32), np.empty(TURNS, np.float32)
        for r, template in enumerate(motes.C4.expand(master.reshape(SIDE, SIDE)).reshape(TURNS, PIXELS).tolist()):
            none = math.log(1.0 / TURNS)  # the C library's logarithm, as in C++; NumPy's may differ in the last bit
            for i, mean in enumerate(template):
                weights[i, r] = math.log(mean) - math.log1p(-mean)
                none += math.log1p(-mean)
            base[r] = none
        planes, _, whole, fraction, _, quantum = _core.sweep(patterns._core, weights, base, hard=False, threads=2)
        log_likelihood = (whole + fraction / 2**30) / PATTERNS
        home = motes.C4.back_rotate((planes * quantum).T.reshape(TURNS, SIDE, SIDE)).ravel()
        master = np.maximum(home / PATTERNS, 1e-6)
    checksum = 14695981039346656037
    for mean in master:
        checksum = (checksum ^ struct.unpack("<Q", struct.pack("<d", mean))[0]) * 1099511628211 % 2**64
    print(f"photons {patterns.n_photons}\nlog-likelihood {log_likelihood:.17g}\nmaster {checksum:016x}")


if __name__ == "__main__":
    main()
