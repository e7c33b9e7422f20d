"""What extensions of one's own compute, beside Python: `python examples/extensions.py motes_cython motes_pybind11`.

Both do the same: examples/cython, examples/pybind11.
"""

from __future__ import annotations

import sys
from importlib import import_module

import numpy as np

import motes

SHAPE = (25, 25)


def main(names: list[str]) -> None:
    """Draw patterns, score them with each extension, compare every bit with what `motes` says."""
    truth = motes.simulate.scaled(motes.simulate.portrait(SHAPE[0]), 27.4)
    drawn = motes.simulate.patterns(truth, 20_000, seed=1)
    patterns = motes.Patterns.from_coo(drawn.rows, drawn.cols, shape=SHAPE, n_patterns=20_000)
    templates = motes.C4.expand(truth)
    scores = np.sort(motes.log_likelihood(patterns, templates), axis=1)
    expected = scores[:, -1] - scores[:, -2]

    means, noise = templates.reshape(len(templates), -1), motes.Bernoulli()
    weights = np.ascontiguousarray(noise.weight(means).T, np.float32)
    base = noise.base(means).sum(axis=1).astype(np.float32)
    for name in names:
        found = import_module(name).margin(patterns.indptr, patterns.pixels, weights, base)
        same = "the same bits as Python's" if np.array_equal(found, expected) else "NOT what Python finds"
        print(f"{name}: the best template is ahead by {np.median(found):.3f} nats in the middle; {same}")


if __name__ == "__main__":
    main(sys.argv[1:])
