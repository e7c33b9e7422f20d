"""How fast particles are extracted, beside a plain copy of the bytes that are written, both on the disk at the end."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.results import save
from motes import Picks
from motes.io.mrc import Section, StackWriter
from motes.particles import extract

SIDE, N_MICROGRAPHS, N_PICKS, BOX = 4096, 8, 250, 256
ROUNDS = 5
MB = 1e6


def simulate(folder: Path) -> tuple[Picks, dict[str, Path]]:
    """Micrographs of noise, and random picks."""
    rng = np.random.default_rng(0)
    files = {}
    for m in range(N_MICROGRAPHS):
        files[f"m{m}"] = folder / f"m{m}.mrc"
        with files[f"m{m}"].open("wb") as file:
            writer = StackWriter(file, (SIDE, SIDE), 1.0)
            writer.append(Section.of(rng.standard_normal((SIDE, SIDE), dtype=np.float32)))
            writer.close()
    n = N_MICROGRAPHS * N_PICKS
    places = rng.uniform(BOX, SIDE - BOX, (2, n))
    return Picks(places[0], places[1], micrographs=tuple(files), index=np.arange(n) // N_PICKS), files


def seconds(call: Callable[[], object], target: Path) -> float:
    """One call that writes a new file, after everything older is on the disk."""
    target.unlink(missing_ok=True)
    os.sync()
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def copy(source: Path, target: Path) -> None:
    """Read and write, and wait for the disk as `extract` does."""
    with source.open("rb") as read, target.open("wb") as written:
        shutil.copyfileobj(read, written, 2**24)
        written.flush()
        os.fsync(written.fileno())


def main() -> None:
    """Both in turns, by each number of threads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured")
    rows = []
    with tempfile.TemporaryDirectory(dir=parser.parse_args().folder) as place:
        folder = Path(place)
        picks, files = simulate(folder)
        stack, other = folder / "particles.mrcs", folder / "copy.mrcs"
        extract(picks, files, stack, box=BOX)
        source = stack.rename(folder / "source.mrcs")
        for threads in (1, 2):

            def ours(threads: int = threads) -> object:
                return extract(picks, files, stack, box=BOX, threads=threads)

            pairs = [(seconds(ours, stack), seconds(lambda: copy(source, other), other)) for _ in range(ROUNDS)]
            extracted, copied = (statistics.median(side) for side in zip(*pairs, strict=True))
            size = source.stat().st_size / MB
            rows.append({
                "threads": threads, "megabytes": size, "extract_mb_s": size / extracted, "copy_mb_s": size / copied,
                "share": statistics.median(copied / extracted for extracted, copied in pairs),
            })  # fmt: skip
            print(rows[-1], flush=True)
    save("extraction", rows)


if __name__ == "__main__":
    main()
