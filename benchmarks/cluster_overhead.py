"""What the workers of a cluster cost beside one process: `python -m benchmarks.cluster_overhead run.zarr`.

Sweeps over a store (`motes convert`, `motes.PatternWriter`), in turns by this process with two threads and by one
worker on the loopback with two threads, so that whatever else the machine does hits both; sums are compared bit by bit
before anything is timed. `--workers 2`: that many workers share the threads.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np

import motes
from motes import distributed
from motes.kernels.passes import summed
from motes.kernels.sweep import ExactSums, SweepTask
from motes.noise import linear_model, noise_of
from motes.stored import StoredPatterns


def task_of(store: StoredPatterns) -> SweepTask:
    """A sweep with four templates about as bright as the patterns."""
    master = store.mean_image() * np.random.default_rng(0).uniform(0.8, 1.2, store.shape)
    templates = motes.C4.expand(master).reshape(4, -1).clip(1e-5, 0.999)
    return SweepTask(linear_model(noise_of(None), templates, log_prior=np.log(np.full(4, 0.25))), False)


def seconds(sweep: Callable[[], ExactSums]) -> float:
    began = time.perf_counter()
    sweep()
    return time.perf_counter() - began


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("store")
    arguments.add_argument("--workers", type=int, default=1)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--turns", type=int, default=15)
    asked = arguments.parse_args()
    store = motes.open_patterns(asked.store)
    task = task_of(store)
    with distributed.connect(f"local:{asked.workers}", threads=asked.threads) as client:
        there = store.using(engine=distributed.DaskEngine(client))
        sweeps = [partial(summed, own, task, asked.threads) for own in (store, there)]
        one, other = (sweep() for sweep in sweeps)
        assert np.array_equal(one.planes, other.planes)
        assert one.log_likelihood == other.log_likelihood
        times = np.array([[seconds(sweep) for sweep in sweeps] for _ in range(asked.turns)])
    for name, at in (("least", times.min(axis=0)), ("median", np.median(times, axis=0))):
        more = at[1] - at[0]
        print(f"{name:<7} here {at[0]:.3f} s, workers {at[1]:.3f} s: {more * 1e3:+.0f} ms, {more / at[0]:+.1%}")


if __name__ == "__main__":
    main()
