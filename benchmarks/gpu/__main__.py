"""`python -m benchmarks.gpu [--smoke] [--out FILE] [--row NAME ...]`: figures of one device, as JSON and as a table."""

from __future__ import annotations

import argparse
import json
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.gpu import machine, peers, picking, scoring, whole
from benchmarks.gpu.rows import Row, measure
from benchmarks.gpu.sizes import FULL, SMOKE, Sizes
from benchmarks.gpu.table import lines_of
from benchmarks.gpu.timing import Clock
from benchmarks.gpu.yardsticks import Yardsticks
from motes.bench.workloads import SIDE
from motes.devices import cuda_extension, device_of

Rows = Callable[[ModuleType, int, Sizes, peers.Peers], Iterator[Row]]

ROWS: dict[str, Rows] = {
    "scoring": scoring.few_templates,
    "many-templates": scoring.many_templates,
    "reconstruct": whole.reconstruction,
    "suppression": picking.one_image,
    "many-images": picking.many_images,
    "ingest": whole.ingest,
}
LEFT_OUT = "no time was left"


def measured(sizes: Sizes, device: int, chosen: list[str], until: float) -> dict[str, Any]:
    """The report; what fails costs its own rows only."""
    cuda, there = cuda_extension(), peers.find()
    clock = Clock(cuda, device)
    yardsticks = Yardsticks(cuda, device, clock, sizes)
    facts = machine.device_told(cuda, device)
    memory = int(cuda.device_facts(device)["memory"])
    rows: list[dict[str, Any]] = []
    before: dict[str, float] = {}
    for name in chosen:
        began = time.monotonic()
        if began > until:
            rows.append({"row": name, "error": LEFT_OUT})
            continue
        try:
            rows.extend(  # one at a time: those before one that fails stay
                measure(row, there, clock, yardsticks, memory=memory, seconds=sizes.seconds, before=before)
                for row in ROWS[name](cuda, device, sizes, there)
            )
        except Exception as error:
            traceback.print_exc()
            rows.append({"row": name, "error": f"{type(error).__name__}: {error}"[:400]})
        print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    if sizes.seconds:  # the layout that the sweep has not
        yardsticks.additions(SIDE * SIDE, planar=False)
    return {
        "device": facts, "versions": machine.versions(), "absent": there.absent, "yardsticks": yardsticks.measured,
        "rows": rows,
    }  # fmt: skip


def main() -> int:
    """Measure, print, write; 1 if anything failed or results differed."""
    parser = argparse.ArgumentParser(prog="benchmarks.gpu", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="everything once, and small: does it still run?")
    parser.add_argument("--device", default="cuda", help="which GPU: cuda:1")
    parser.add_argument("--row", nargs="+", choices=list(ROWS), default=list(ROWS), help="by default all")
    parser.add_argument("--seconds", type=float, default=300.0, help="no row is begun after as many")
    parser.add_argument("--out", type=Path, help="file for the JSON")
    asked = parser.parse_args()
    device = device_of(asked.device).index
    report = measured(SMOKE if asked.smoke else FULL, device, asked.row, time.monotonic() + asked.seconds)
    report["smoke"] = asked.smoke
    if asked.out:
        asked.out.write_text(json.dumps(report, indent=1) + "\n")
    print("\n".join(lines_of(report)))
    return int(any("error" in row or row["failed"] for row in report["rows"]))


if __name__ == "__main__":
    raise SystemExit(main())
