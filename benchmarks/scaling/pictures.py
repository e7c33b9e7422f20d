"""The pictures of docs/scaling.md."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from benchmarks.reduction_tree import Costs, direct, finished, halves, tree
from benchmarks.scaling.model import Fitted, passes_of
from benchmarks.scaling.predictions import FANS
from motes.distributed.engine import PIECES
from motes.plotting.style import BLUE, GREEN, INK, MUTED, ORANGE, RC, new_figure, place

SERIES = (
    ("in memory", "sizes", {"memory": "all"}, BLUE, "o"),
    ("store, 300 MB", "sizes", {"memory": "300MB"}, ORANGE, "s"),
    ("2 workers", "workers", {"workers": 2, "kind": "sweep"}, GREEN, "^"),
)
PLANES = ((20_000, "20 kB: C4, 25x25"), (1_180_000, "1.2 MB: 36 in-plane, 64x64"), (75_000_000, "75 MB: 36, 512x512"))
WORKERS = tuple(2**k for k in range(11))


def of_model(figures: dict[str, Any]) -> Figure:
    """Left, a sweep's time over the number of patterns, with the model; right, what the model leaves."""
    rows, found = figures["rows"], Fitted.told(figures["model"])
    names, passes, seconds = passes_of(rows)
    told = {name: (one, taken) for name, one, taken in zip(names, passes, seconds, strict=True)}
    with matplotlib.rc_context(RC):
        figure = new_figure(8.8, 3.9)
        left, right = place(figure, 0.75, 0.6, 3.5, 2.85), place(figure, 5.15, 0.6, 3.45, 2.85)
        for label, part, point, colour, marker in SERIES:
            chosen = [
                told[name]
                for name, row in rows.items()
                if name in told and row["part"] == part and all(row["point"][key] == v for key, v in point.items())
            ]
            chosen.sort(key=lambda pair: pair[0].n_patterns)
            n = [one.n_patterns for one, _ in chosen]
            left.plot(n, [taken for _, taken in chosen], marker, color=colour, ms=5.5, label=label)
            left.plot(n, [found.parameters.seconds(one) for one, _ in chosen], color=colour, lw=1)
        left.set(xscale="log", yscale="log", xlabel="patterns", ylabel="seconds a sweep")
        left.set_title("Measured, and the model's lines")
        left.legend(loc="upper left")
        _residuals(right, rows, names, seconds, found.residuals)
    return figure


def _residuals(axes: Any, rows: dict[str, Any], names: list[str], seconds: list[float], residuals: Any) -> None:
    off, part = np.exp(residuals), np.array([rows[name]["part"] for name in names])
    axes.axhspan(1 / 1.1, 1.1, color="#EDEDEA", lw=0)
    axes.axhline(1, color=MUTED, lw=0.8)
    for label, colour, marker in (
        ("sizes", BLUE, "o"),
        ("workers", GREEN, "^"),
        ("shapes", ORANGE, "s"),
        ("messages", INK, "x"),
    ):
        here = part == label
        edge = {} if marker == "x" else {"mec": "white", "mew": 0.5}
        axes.plot(np.array(seconds)[here], off[here], marker, color=colour, ms=5, label=label, **edge)
    most = max(1.5, 1.2 * float(np.exp(np.abs(residuals).max())))
    axes.set(
        xscale="log", yscale="log", xlabel="measured seconds", ylabel="measured / model", ylim=(1 / most, most**1.5)
    )
    ticks = [tick for tick in (0.25, 0.5, 0.8, 1, 1.25, 2, 4) if 1 / most < tick < most]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.set_title("What the model leaves; grey: within 10%")
    axes.legend(loc="upper center", ncols=4, columnspacing=0.8, handletextpad=0.1, fontsize=8.5)


def of_reduction(costs: Costs) -> Figure:
    """What the reduction adds to a pass whose workers end together, for three sizes of sums."""
    with matplotlib.rc_context(RC):
        figure = new_figure(8.8, 3.5)
        for k, (n_bytes, title) in enumerate(PLANES):
            axes = place(figure, 0.75 + 2.75 * k, 0.6, 2.3, 2.35)
            lines: dict[str, list[float]] = {"4 messages a worker": [], "1 message a worker": [], "best tree": []}
            for n_workers in WORKERS:
                ended = finished(1e-3, n_workers, halves(PIECES), 0.05, np.random.default_rng(0))
                lines["4 messages a worker"].append(direct(ended, n_bytes, costs))
                lines["1 message a worker"].append(direct(ended[:, -1], n_bytes, costs))
                lines["best tree"].append(min(tree(ended[:, -1], n_bytes, costs, fan) for fan in FANS))
            for (label, taken), colour in zip(lines.items(), (MUTED, BLUE, ORANGE), strict=True):
                axes.plot(WORKERS, taken, color=colour, lw=1.8, label=label)
            axes.axvline(64, color=INK, lw=0.6, ls=":")
            axes.text(64, 1.0, "64 ", transform=axes.get_xaxis_transform(), ha="right", va="top", fontsize=8.5)
            axes.set(xscale="log", yscale="log", xlabel="workers")
            axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
            axes.set_title(title, fontsize=10)
            if k == 0:
                axes.set_ylabel("seconds until the client has all")
                figure.legend(*axes.get_legend_handles_labels(), loc="upper center", ncols=3)
    return figure
