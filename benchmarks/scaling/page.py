"""docs/scaling.md from the figures: tables between its marks, and two pictures."""

from __future__ import annotations

import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.pages import fill, table
from benchmarks.reduction_tree import Costs, crossing
from benchmarks.results import figures_of, save
from benchmarks.scaling.model import Fitted, fit, passes_of
from benchmarks.scaling.predictions import predictions
from benchmarks.scaling.reduction import compared, costs_of
from benchmarks.scaling.targets import machine_of, median, runs_of, targets

PAGE = Path(__file__).parent.parent.parent / "docs" / "scaling.md"
IMAGES = PAGE.parent / "images"
MB = 1e6
PLANES = (20_000, 200_000, 1_200_000, 10_000_000, 100_000_000)  # bytes, of which trees are asked
MEANINGS = {
    "fixed": ("of a sweep", 1e3, "ms"),
    "cell": ("of a pixel of a template", 1e9, "ns"),
    "photon": ("of a photon", 1e9, "ns"),
    "template": ("of a photon and template", 1e9, "ns"),
    "second": ("a second thread is worth", 1, "threads"),
    "read": ("of a byte read from the system's cache", 1e9, "ns"),
    "begin": ("before workers begin", 1e3, "ms"),
    "piece": ("of a piece of work", 1e3, "ms"),
    "byte": ("of a byte that workers send", 1e9, "ns"),
}


def digits(value: float | None, n: int = 3) -> str:
    """Significant digits, without powers of ten where a person would write none."""
    if value is None:
        return ""
    return f"{float(f'{value:.{n}g}'):,.10g}"


def targets_table(rows: dict[str, Any]) -> str:
    """What was asked for."""
    lines = [[one.what, one.asked, one.found, "yes" if one.reached else "**no**"] for one in targets(rows)]
    return table(("figure", "asked for", "measured", "reached"), lines)


def sizes_table(rows: dict[str, Any]) -> str:
    """By number of patterns."""
    lines = []
    for n in sorted({run["n_patterns"] for row in rows.values() if row["part"] == "sizes" for run in row["runs"]}):
        cells = [f"{n:,}"]
        for memory in ("all", "300MB"):
            swept, fitted = (runs_of(rows, part, n, memory=memory) for part in ("sizes", "fits"))
            peaks = [max((run[key] for run in fitted), default=0) / MB for key in ("peak", "own_peak")]
            told = f"{peaks[0]:,.0f} ({peaks[1]:,.0f})" if fitted else ""
            cells += [digits(median(swept)), digits(median(fitted)), told]
        lines.append(cells)
    header = ["patterns"]
    for where in ("in memory", "store, 300 MB"):
        header += [f"{where}: a sweep, s", "all, s", "peak (its own), MB"]
    return table(header, lines)


def phases_table(rows: dict[str, Any]) -> str:
    """What a whole reconstruction spends its time on."""
    lines = []
    for row in rows.values():
        if row["part"] == "fits" and row["point"]["memory"] == "300MB" and row["runs"]:
            runs = row["runs"]
            phases = [statistics.median(run["phases"][name] for run in runs) for name in runs[0]["phases"]]
            lines.append([f"{runs[0]['n_patterns']:,}", runs[0]["passes"], *(digits(seconds) for seconds in phases)])
    header = ("patterns", "passes", "the sample's maximum, s", "Newton steps on all, s", "error bars and labels, s")
    return table(header, lines)


def workers_table(rows: dict[str, Any]) -> str:
    """By threads and workers."""
    lines = []
    for n in sorted(
        {run.get("n_patterns", 0) for row in rows.values() if row["part"] == "workers" for run in row["runs"]}
    ):
        here = [median(runs_of(rows, "workers", n, kind="sweep", workers=0, threads=threads)) for threads in (1, 2)]
        runs = [runs_of(rows, "workers", n, kind="sweep", workers=workers) for workers in (1, 2, 4)]
        sent = [run[0]["sent"]["from_workers"] / 1e3 if run else None for run in runs]
        cells = [*map(digits, here), *(digits(median(run)) for run in runs)]
        lines.append([f"{n:,}", *cells, ", ".join(digits(kilobytes, 2) for kilobytes in sent)])
    header = ("patterns", "1 thread, s", "2 threads, s", "1 worker, s", "2 workers, s", "4 workers, s",
              "sent by 1, 2, 4 workers, kB")  # fmt: skip
    return table(header, lines)


def whole_text(rows: dict[str, Any]) -> str:
    """A whole reconstruction by two workers."""
    runs = runs_of(rows, "workers", kind="fit", workers=2)
    if not runs:
        return ""
    client, worker = (max(run[key] for run in runs) / MB for key in ("peak", "worker_peak"))
    return (
        f"All of {runs[0]['n_patterns']:,} patterns by two workers, start, error bars and labels included: "
        f"{digits(median(runs))} s; the client's peak is {digits(client)} MB, a worker's {digits(worker)} MB.\n"
    )


def shapes_table(rows: dict[str, Any]) -> str:
    """By pixels and rotations, of a million patterns."""
    lines = []
    for side in (25, 64):
        for group in ("C4", "D4", "in-plane:36"):
            store = f"{side}x{side}-1000000.zarr"
            asked = {"store": store, "rotations": group}
            here = [median(runs_of(rows, "shapes", workers=0, threads=threads, **asked)) for threads in (1, 2)]
            runs = runs_of(rows, "shapes", workers=2, **asked)
            if not runs:
                continue
            sent = [digits(runs[0]["sent"][who] / 1e3) for who in ("from_workers", "to_client", "to_workers")]
            lines.append([f"{side}x{side}", group, *map(digits, here), digits(median(runs)), *sent])
    header = ("pixels", "rotations", "1 thread, s", "2 threads, s", "2 workers, s", "workers send, kB",
              "the client gets, kB", "workers get, kB")  # fmt: skip
    return table(header, lines)


def model_table(found: Fitted) -> str:
    """Its parameters."""
    lines = []
    for name, (meaning, scale, unit) in MEANINGS.items():
        value, error = (getattr(one, name) * scale for one in (found.parameters, found.errors))
        lines.append([f"`{name}`", meaning, f"{digits(value)} ± {digits(error, 2)} {unit}"])
    return table(("parameter", "seconds", "fitted"), lines)


def residuals_text(names: list[str], found: Fitted) -> str:
    """How far the model is off."""
    worst = max(range(len(names)), key=lambda k: abs(found.residuals[k]))
    off = found.residuals[worst]
    return (
        f"Root mean square of the residuals of ln t over {len(names)} measurements: {found.scatter:.3f}; the largest, "
        f"{off:+.2f}, is of `{names[worst]}`.\n"
    )


def simulated_table(rows: dict[str, Any], costs: Costs) -> str:
    """Passes of workers, measured and simulated."""
    lines = []
    for one in compared(rows, costs):
        ratio, side = one["measured"] / one["simulated"], round(one["n_pixels"] ** 0.5)
        kilobytes = digits(one["n_bytes"] / 1e3)
        lines.append([
            f"{one['n_patterns']:,}", f"{side}x{side}, {one['rotations']}", one["workers"], kilobytes,
            digits(one["alone"]), digits(one["measured"]), digits(one["simulated"]), f"{ratio:.2f}",
        ])  # fmt: skip
    header = ("patterns", "pixels, rotations", "workers", "a message, kB", "without workers, s", "measured, s",
              "simulated, s", "ratio")  # fmt: skip
    return table(header, lines)


def costs_text(costs: Costs) -> str:
    """What messages cost."""
    return (
        f"{costs.begin * 1e3:.1f} ms before the first piece, {costs.message * 1e3:.2f} ms of the scheduler and the "
        f"client a message, {costs.byte * 1e9:.2f} ns a byte of it; {costs.merge * 1e3:.2f} ms and "
        f"{costs.merge_byte * 1e9:.2f} ns a byte where one worker adds up what another has.\n"
    )


def trees_table(costs: Costs) -> str:
    """From how many workers on a tree is ahead."""
    lines = []
    for n_bytes in PLANES:
        found = crossing(n_bytes, costs)
        told = f"{found[0]:,}, by a fan-in of {found[1]}" if found else "never, up to 4,096"
        lines.append([f"{n_bytes / 1e3:,.0f}", told])
    return table(("sums of a worker, kB", "a tree is ahead of one message a worker from this many on"), lines)


def predictions_table(found: Fitted, costs: Costs) -> str:
    """64 workers."""
    lines = []
    for one in predictions(found.parameters, costs):
        terms = [digits(one.terms[name], 2) for name in ("compute", "reading", "pieces", "sums")]
        told = [digits(one.seconds, 2), digits(one.simulated, 2), digits(one.by_tree, 2), one.bottleneck]
        power = "10⁸" if one.n_patterns == 1e8 else "10¹⁰"
        lines.append([power, f"{one.side}x{one.side}, {one.group}", one.where, one.pieces, *terms, *told])
    header = ("patterns", "pixels, rotations", "patterns are", "pieces of a worker", "compute, s", "reading, s",
              "pieces, s", "sums, s", "a sweep, s", "simulated, s", "with a tree, s", "first bottleneck")  # fmt: skip
    return table(header, lines)


def derived(rows: dict[str, Any]) -> dict[str, Any]:
    """What is fitted to the rows: kept beside them, so that the page does not hang on who fits it anew."""
    names, passes, seconds = passes_of(rows)
    found = fit(passes, seconds)
    return {
        "parameters": asdict(found.parameters),
        "errors": asdict(found.errors),
        "residuals": dict(zip(names, found.residuals.tolist(), strict=True)),
        "costs": asdict(costs_of(rows)),
    }


def texts(figures: dict[str, Any]) -> dict[str, str]:
    """What stands between the marks of the page."""
    rows, model = figures["rows"], figures["model"]
    found, costs = Fitted.told(model), Costs(**model["costs"])
    return {
        "scaling machine": machine_of(rows) + "\n",
        "scaling targets": targets_table(rows),
        "scaling sizes": sizes_table(rows),
        "scaling phases": phases_table(rows),
        "scaling workers": workers_table(rows),
        "scaling whole": whole_text(rows),
        "scaling shapes": shapes_table(rows),
        "scaling model": model_table(found),
        "scaling residuals": residuals_text(list(model["residuals"]), found),
        "scaling costs": costs_text(costs),
        "scaling simulated": simulated_table(rows, costs),
        "scaling trees": trees_table(costs),
        "scaling predictions": predictions_table(found, costs),
    }


def write() -> None:
    """The fit, the page and its pictures."""
    from benchmarks.scaling.pictures import of_model, of_reduction

    rows = figures_of("scaling", "run parts of benchmarks.scaling_study")["rows"]
    save("scaling", {"rows": rows, "model": derived(rows)})
    figures = figures_of("scaling")
    fill(PAGE, texts(figures))
    of_model(figures).savefig(IMAGES / "scaling.png")
    of_reduction(Costs(**figures["model"]["costs"])).savefig(IMAGES / "scaling-reduction.png")
