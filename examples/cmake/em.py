"""The program of em.cpp again, in Python, through the same kernels: it prints the same bits."""

from __future__ import annotations

import math
import struct

import numpy as np

import motes
from motes import _core

SIDE, TURNS, PATTERNS = 25, 4, 100_000
PIXELS = SIDE * SIDE
AT_ONCE = 10_000  # patterns


class Uniform:
    """The linear congruential generator of em.cpp, many numbers at once."""

    MULTIPLIER, INCREMENT = np.uint64(6364136223846793005), np.uint64(1442695040888963407)

    def __init__(self) -> None:
        self.state = np.uint64(2026)

    def __call__(self, n: int) -> np.ndarray:
        """The next n numbers, in [0, 1)."""
        powers = np.cumprod(np.full(n, self.MULTIPLIER))  # modulo 2^64, as everything here
        states = powers * self.state + self.INCREMENT * (np.cumsum(powers) - powers + np.uint64(1))
        self.state = states[-1]
        return (states >> np.uint64(11)).astype(np.float64) / 9007199254740992.0


def draw(uniform: Uniform) -> motes.Patterns:
    """Patterns of a bar over a ramp, turned."""
    master = [(0.06 if i // SIDE < 9 else 0.01) + 0.03 * (i % SIDE) / SIDE for i in range(PIXELS)]
    templates = motes.C4.expand(np.reshape(master, (SIDE, SIDE))).reshape(TURNS, PIXELS)
    rows, columns = [], []
    for first in range(0, PATTERNS, AT_ONCE):
        numbers = uniform(AT_ONCE * (1 + PIXELS)).reshape(AT_ONCE, 1 + PIXELS)
        turns = (TURNS * numbers[:, 0]).astype(int)
        lit = np.nonzero(numbers[:, 1:] < templates[turns])
        rows.append(first + lit[0])
        columns.append(lit[1])
    return motes.Patterns.from_coo(
        np.concatenate(rows), np.concatenate(columns), shape=(SIDE, SIDE), n_patterns=PATTERNS
    )


def main() -> None:
    """Draw, climb, print."""
    uniform = Uniform()
    patterns = draw(uniform)
    master = 0.02 + 0.04 * uniform(PIXELS)
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
