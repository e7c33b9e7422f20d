"""Figures on disk: small JSON files from which the tables are made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from motes.bench.environment import machine

FOLDER = Path(__file__).parent / "results"


def save(name: str, figures: Any) -> None:
    """Write figures with the machine that they were taken on."""
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps({"machine": machine(), "figures": _short(figures)}, indent=1)
    (FOLDER / f"{name}.json").write_text(text + "\n")


def load(name: str) -> dict[str, Any] | None:
    """What `save` wrote, or None."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def figures_of(name: str, hint: str = "") -> Any:
    """The figures that `save` wrote, or an end that says what to do."""
    stored = load(name)
    if stored is None:
        raise SystemExit(f"results/{name}.json: not there yet{hint and f', {hint}'}")
    return stored["figures"]


def condense(report: Path) -> list[dict[str, Any]]:
    """Of pytest-benchmark's report, what the table needs: no single rounds."""
    races = json.loads(report.read_text())["benchmarks"]
    return [race["extra_info"] for race in races if "rounds" in race["extra_info"]]


def _short(value: Any) -> Any:
    """Floats to five digits."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_short(item) for item in value]
    return value
