"""What a call from numba costs, and a compiled EM loop beside the library's: `python -m benchmarks.numba_calls`.

The smallest call of two kernels (one pattern of one photon, one template) from a compiled loop, through
`motes.numba_support` and straight at the address in the C ABI: the difference is what the wrapper costs. The same call
from Python, beside a call through pybind11 that does nothing. Then the loop of `examples/numba/em.py` beside
`motes.reconstruct(acceleration="none")`, both as many sweeps from one start on W7-shaped data (10^5 patterns of 25x25
pixels, 27.4 photons), two threads; masters are compared. Medians of alternating runs. Writes `numba_calls.json` into
results, and the table in docs/numba.md; `--small` measures less and writes nothing.
"""

from __future__ import annotations

import argparse
import runpy
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numba
import numpy as np

from benchmarks.pages import fill, table
from benchmarks.results import load, save
from motes import C4, Patterns, _core, reconstruct, simulate
from motes import numba_support as kernels
from motes.numba_support import c

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "numba.md"
ITERATIONS = 30
LIKELIHOOD, SWEEP, SUMS = c.motes_likelihood_f32, c.motes_sweep_f32, c.motes_sums


@numba.njit
def likelihoods(patterns, weights, base, out, n):  # type: ignore[no-untyped-def]
    for _ in range(n):
        kernels.likelihood(patterns, weights, base, out)


@numba.njit
def bare_likelihoods(patterns, weights, base, out, n):  # type: ignore[no-untyped-def]
    status = 0
    for _ in range(n):
        status += LIKELIHOOD(
            patterns.address, weights.ctypes.data, base.ctypes.data, 1, out.ctypes.data, patterns.run_address, 0
        )
    return status


@numba.njit
def sweeps(patterns, weights, base, planes, orientation, n):  # type: ignore[no-untyped-def]
    for _ in range(n):
        kernels.sweep(patterns, weights, base, planes, orientation)


@numba.njit
def bare_sweeps(patterns, weights, base, planes, orientation, n):  # type: ignore[no-untyped-def]
    sums = np.zeros(1, SUMS)
    sums[0].struct_size = sums.itemsize
    sums[0].planes, sums[0].weights = planes.ctypes.data, orientation.ctypes.data
    status = 0
    for _ in range(n):
        status += SWEEP(
            patterns.address, weights.ctypes.data, base.ctypes.data, 1, np.uint32(0), sums.ctypes.data,
            patterns.run_address, 0,
        )  # fmt: skip
    return status + sums[0].n_impossible


def nanoseconds(calls: dict[str, Callable[[int], Any]], n: int, rounds: int) -> dict[str, float]:
    """Median time of one call, all kinds in turn."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            call(n)
            times[name].append((time.perf_counter() - began) / n * 1e9)
    return {name: median(found[1:]) for name, found in times.items()}


def repeat(call: Callable[[], Any]) -> Callable[[int], None]:
    """The call n times, from Python."""

    def calls(n: int) -> None:
        for _ in range(n):
            call()

    return calls


def smallest_calls(n: int, rounds: int) -> dict[str, float]:
    """Nanoseconds of the smallest calls."""
    patterns = Patterns.from_dense([[1, 0, 0, 0]])
    view, weights, base = kernels.view(patterns, threads=1), np.ones((4, 1), np.float32), np.zeros(1, np.float32)
    out, planes, orientation = np.zeros((1, 1), np.float32), np.zeros((4, 1), np.int64), np.zeros(1, np.int64)
    assert bare_likelihoods(view, weights, base, out, 1) == 0  # what is refused at once costs nothing
    assert bare_sweeps(view, weights, base, planes, orientation, 1) == 0
    return nanoseconds(
        {
            "likelihood": lambda k: likelihoods(view, weights, base, out, k),
            "likelihood, bare": lambda k: bare_likelihoods(view, weights, base, out, k),
            "sweep": lambda k: sweeps(view, weights, base, planes, orientation, k),
            "sweep, bare": lambda k: bare_sweeps(view, weights, base, planes, orientation, k),
            "python": repeat(lambda: _core.likelihood(patterns._core, weights, base, threads=1, out=out)),
            "python, nothing": repeat(_core.isa),
        },
        n,
        rounds,
    )


def loops(n_patterns: int, rounds: int) -> dict[str, float]:
    """Milliseconds of an iteration: the example's loop and the library's, from one start to one master."""
    climb = runpy.run_path(str(ROOT / "examples" / "numba" / "em.py"))["climb"]
    truth = simulate.scaled(simulate.portrait(25), 27.4)
    drawn = simulate.patterns(truth, n_patterns, seed=1)
    patterns = Patterns.from_coo(drawn.rows, drawn.cols, shape=truth.shape, n_patterns=n_patterns)
    start = np.random.default_rng(0).uniform(0.5, 1.5, truth.shape) * patterns.n_photons / n_patterns / truth.size
    view, index, masters = kernels.view(patterns), C4.index(truth.shape), {}

    def compiled(n: int) -> None:
        masters["numba"] = climb(view, start.ravel().copy(), index, n, 0.0)[0].reshape(truth.shape)

    def own(n: int) -> int:
        result = reconstruct(
            patterns, init=start, acceleration="none", max_iterations=n, tolerance=1e-300, std_error=False
        )
        masters["library"] = result.master
        return result.sweeps

    compiled(1)
    n_sweeps = own(ITERATIONS)  # it may end sooner: where the likelihood does not rise any more
    found = nanoseconds({"numba": compiled, "library": own}, n_sweeps, rounds)
    turns = [np.rot90(masters["numba"], k) for k in range(4)]
    difference = min(float(np.abs(turn - masters["library"]).max()) for turn in turns)
    assert difference < 1e-4 * truth.max(), difference
    return {name: value / 1e6 for name, value in found.items()} | {"difference": difference}


def page(figures: dict[str, Any]) -> None:
    """The table in docs/numba.md."""
    call, loop = figures["calls"], figures["loops"]
    rows = [
        [kernel, f"{call[kernel]:.0f} ns", f"{call[f'{kernel}, bare']:.0f} ns",
         f"{call[kernel] - call[f'{kernel}, bare']:.0f} ns (at most 100)"]
        for kernel in ("likelihood", "sweep")
    ]  # fmt: skip
    beyond = call["python"] - call["likelihood, bare"] - call["python, nothing"]
    rows.append(
        ["likelihood, from Python", f"{call['python']:.0f} ns", f"{call['likelihood, bare']:.0f} ns",
         f"{beyond:.0f} ns beyond a call through pybind11 that does nothing (at most 2000)"]
    )  # fmt: skip
    text = table(["smallest call", "takes", "of which the kernel", "the rest"], rows)
    ratio = loop["numba"] / loop["library"]
    text += (
        f"\nAn iteration of the example's loop on 10^5 patterns: {loop['numba']:.2f} ms, of `motes.reconstruct`: "
        f"{loop['library']:.2f} ms, ratio {ratio:.2f} (at most 1.1).\n"
    )
    fill(PAGE, {"numba calls": text})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--tables", action="store_true")
    asked = parser.parse_args()
    if asked.tables:
        page((load("numba_calls") or {})["figures"])
        return
    figures = {
        "calls": smallest_calls(200 if asked.small else 100_000, 3 if asked.small else 31),
        "loops": loops(2000 if asked.small else 100_000, 3 if asked.small else 15),
    }
    print(figures)
    if not asked.small:
        save("numba_calls", figures)
        page(figures)


if __name__ == "__main__":
    main()
