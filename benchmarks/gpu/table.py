"""The figures as tables of Markdown: `python -m benchmarks.gpu.table FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def lines_of(report: dict[str, Any]) -> list[str]:
    """Yardsticks, rows and targets of a report of `benchmarks.gpu`."""
    device, versions = report["device"], report["versions"]
    facts = [str(device["name"]), f"CUDA {device['cuda']}"]
    if "driver_version" in device:
        facts.append(f"driver {device['driver_version']}, {device['clocks.max.sm']} MHz at most")
    facts += [f"{name} {versions[name]}" for name in versions if name not in ("date", "python")]
    lines = [f"Taken on {versions['date']}: {', '.join(facts)}.", ""]
    lines += ["| yardstick | a second | median ms |", "|---|---|---|"]
    for name, found in report["yardsticks"].items():
        lines.append(f"| {name} | {found['per_second']:.3g} | {found['median_ms']:.3g} |")
    lines += ["", "| row | who | median ms | quartiles | times as fast as it |", "|---|---|---|---|---|"]
    for row in report["rows"]:
        lines += _row(row) if "ours" in row else [f"| {row['row']} | failed: {row['error']} | | | |"]
    lines += ["", "| row | target | found | reached |", "|---|---|---|---|"]
    for row in report["rows"]:
        for target in row.get("targets", []):
            limit = f"at most {target['at_most']:g}" if "at_most" in target else f"at least {target['at_least']:g}"
            value = f"{target['value']:.3g}" if target["value"] is not None else f"no {target['absent']}"
            reached = {True: "yes", False: "no", None: "not measured"}[target["reached"]]
            lines.append(f"| {row['row']} | {target['target']} ({limit}) | {value} | {reached} |")
    return lines


def _row(row: dict[str, Any]) -> list[str]:
    ours, bound = row["ours"], row["bound"]
    lines = [f"| {row['row']} | motes | {ours['median_ms']:.3g} | {_spread(ours)} | |"]
    holds = f"its bound: {bound['holds']}"
    lines.append(f"| | {holds} | {bound['ms'][bound['holds']]:.3g} | | {1 / bound['ours_over_bound']:.3g} |")
    for name, peer in row["peers"].items():
        lines.append(f"| | {name} | {peer['median_ms']:.3g} | {_spread(peer)} | {peer['times_as_fast_as_it']:.3g} |")
    lines += [f"| | {name} | absent: {why} | | |" for name, why in row["absent"].items()]
    return lines + [f"| | {name} | failed: {why} | | |" for name, why in row["failed"].items()]


def _spread(side: dict[str, Any]) -> str:
    low, high = side["quartiles_ms"]
    return f"{low:.3g} to {high:.3g}"


if __name__ == "__main__":
    print("\n".join(lines_of(json.loads(Path(sys.argv[1]).read_text()))))
