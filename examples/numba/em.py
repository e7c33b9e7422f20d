"""An EM loop of one's own, compiled by numba around the library's kernels: `pip install "motes[numba]"`, then run this.

What a user would change is in the open: here the M step draws every pixel a little towards its neighbours' mean. With
`smoothness` 0 it is plain expectation maximisation, as `motes.reconstruct(..., acceleration="none")` does it.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from motes import C4, Patterns, reconstruct, simulate
from motes import numba_support as kernels


@numba.njit
def climb(
    patterns: kernels.PatternsView, master: Any, index: Any, n_iterations: int, smoothness: float
) -> tuple[Any, float]:
    """Expectation maximisation of one-photon (Bernoulli) patterns: the master, and nats of all of them."""
    n_templates, n_pixels = index.shape
    side = int(math.sqrt(n_pixels))
    templates = np.empty((n_pixels, n_templates))
    weights = np.empty((n_pixels, n_templates), np.float32)
    base = np.empty(n_templates, np.float32)
    planes = np.empty((n_pixels, n_templates), np.int64)
    orientation = np.empty(n_templates, np.int64)
    least = 1e-3 / patterns.n_patterns  # photons a pixel: too few to tell from none
    log_likelihood = 0.0
    for _ in range(n_iterations):
        kernels.expand(master, index, templates)
        common = 0.0  # of all templates alike: added back in float64
        for r in range(n_templates):
            none = -math.log(n_templates)
            for i in range(n_pixels):
                none += math.log1p(-templates[i, r])
                weights[i, r] = math.log(templates[i, r]) - math.log1p(-templates[i, r])
            common = none
            base[r] = 0.0  # exact rotations: the same for every template
        found = kernels.sweep(patterns, weights, base, planes, orientation)
        log_likelihood = found.log_likelihood + patterns.n_patterns * common
        kernels.rotate_home(planes * found.quantum, index, master)
        for i in range(n_pixels):
            master[i] = min(max(master[i] / patterns.n_patterns, least), 1 - least)
        if smoothness > 0:
            image = master.reshape(side, side).copy()
            for y in range(1, side - 1):
                for x in range(1, side - 1):
                    around = image[y - 1, x] + image[y + 1, x] + image[y, x - 1] + image[y, x + 1]
                    master[y * side + x] += smoothness * (around / 4 - image[y, x])
    return master, log_likelihood


def main() -> None:
    """Draw patterns, climb, compare."""
    truth = simulate.scaled(simulate.portrait(25), 27.4)
    drawn = simulate.patterns(truth, 20_000, seed=1)
    patterns = Patterns.from_coo(drawn.rows, drawn.cols, shape=truth.shape, n_patterns=20_000)
    start = np.random.default_rng(0).uniform(0.5, 1.5, truth.size) * patterns.n_photons / len(patterns) / truth.size
    view = kernels.view(patterns)
    for smoothness in (0.0, 0.1):
        master, log_likelihood = climb(view, start.copy(), C4.index(truth.shape), 200, smoothness)
        found = min(np.linalg.norm(np.rot90(master.reshape(truth.shape), k) - truth) for k in range(4))
        error = found / np.linalg.norm(truth - truth.mean())
        print(f"smoothness {smoothness}: {log_likelihood / len(patterns):.6f} nats a pattern, error {error:.3f}")
    ours = reconstruct(patterns, init=start.reshape(truth.shape), seed=0)
    print(f"motes.reconstruct: {ours.log_likelihood:.6f} nats a pattern")


if __name__ == "__main__":
    main()
