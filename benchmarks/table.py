"""docs/performance.md from the figures in benchmarks/results: `python -m benchmarks.table`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.floors import FLOORS
from benchmarks.growth import COPY
from benchmarks.pages import fill
from benchmarks.results import load
from motes.bench.kernels import KERNELS, Kernel
from motes.bench.peers import OURS, contenders

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
README = Path(__file__).parent.parent / "README.md"
NOISY_DAY = 0.75  # of a floor: less has fallen short
GROWTH, CIRCLE_GROWTH, ERROR, WORST, COVERAGE = 1.03, 1.15, 1.10, 1.3, (0.66, 0.71)
WHOLE_SECONDS, FIT_SECONDS = 6, 1
COPY_SHARE = 0.6
TURNED = ("sweep, R = 36", "interpolation", "interpolation, home")  # figures of their own
STRICT_CONTRAST = 0.3  # at lower contrast the error is reported, not bounded

INTRODUCTION = """# Performance

This page is made by `python -m benchmarks.table` from `benchmarks/results/*.json`, which `python -m benchmarks.run_all`
writes. Reference work W7: 100,000 patterns of 25x25 pixels, 27.4 photons a pattern (a portrait at contrast 0.5), 4
templates. Results of both sides are compared before anything is timed. Both then take turns in one process, each with
its inputs in its own best layout (making it is not timed) and the same number of threads; SciPy, and NumPy without
BLAS, use one thread whatever is allowed. A ratio is a peer's median time over motes' median time in the same race;
beside it stands the floor that a prototype reached before the first line was written.
"""


class Verdicts:
    """What fell short, collected while the tables are made."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.below: list[str] = []

    def require(self, good: bool, statement: str) -> None:
        """Remember what does not hold."""
        if not good:
            self.failed.append(statement)

    def ratio(self, value: float, floor: float, what: str) -> None:
        """Remember a ratio below its floor, and apart from these one below what a noisy day excuses."""
        statement = f"{what}: {_number(value)} beside a floor of {floor:g}"
        if value < NOISY_DAY * floor:
            self.failed.append(statement)
        elif value < floor:
            self.below.append(statement)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 99.5 else f"{value:.3g}"


def _table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    header = list(header)
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"
    yield ""


def _machine(told: dict[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    yield (
        f"Taken on {told['date']}: {told['processor']}, {told['threads']} threads, {told['system']}, Python "
        f"{told['python']}, {told['compiler']}, instruction set {told['instruction_set']}; {versions}."
    )
    yield ""


# -- the races --------------------------------------------------------------------------------------------------------


def _races(told: list[dict[str, Any]], verdicts: Verdicts) -> Iterator[str]:
    yield "## Kernels beside their peers"
    yield ""
    yield "Times: median (least) at one thread. 1T, 2T: ratios at one and at two threads, in brackets least over least."
    yield ""
    yield from _tables(told, verdicts)
    run = {(race["kernel"], race["contender"]) for race in told}
    missing = [
        f"{entry.name} ({kernel.name})"
        for kernel in KERNELS
        for entry in contenders(kernel.name)
        if kernel.name not in TURNED and (kernel.name, entry.name) not in run
    ]
    if missing:
        yield f"Not installed or not run, so without a row: {', '.join(missing)}."
        yield ""


def _turned(told: list[dict[str, Any]], verdicts: Verdicts) -> Iterator[str]:
    loads = sorted(race["load"] for race in told)
    yield "## Rotations by many angles"
    yield ""
    yield (
        f"Taken while the machine had other work: a load of {loads[0]:.1f} to {loads[-1]:.1f}. A step is the E step, "
        "its sums and the ratio update of the M step; its floors are what it was to reach."
    )
    yield ""
    yield from _tables(told, verdicts)


def _tables(told: list[dict[str, Any]], verdicts: Verdicts) -> Iterator[str]:
    races = {(race["kernel"], race["contender"], race["threads"]): race for race in told}
    run = {race["kernel"] for race in told}
    for kernel in (entry for entry in KERNELS if entry.name in run):
        yield f"### {kernel.name}: {kernel.work}"
        yield ""
        own = [races.get((kernel.name, OURS, threads)) for threads in (1, 2)]
        if all(own):
            times = "; ".join(f"{_time(race['ours'])} at {race['threads']}T" for race in own if race)
            yield f"motes: {times} (ms). The bound: {kernel.bound}."
            yield ""
        yield from _table(
            ("peer", "peer, ms", "motes, ms", "1T", "floor", "2T", "floor"), _race_rows(kernel, races, verdicts)
        )


def _time(side: dict[str, float]) -> str:
    return f"{_number(side['median_ms'])} ({_number(side['min_ms'])})"


def _race_rows(kernel: Kernel, races: dict[Any, Any], verdicts: Verdicts) -> Iterator[list[str]]:
    for entry in contenders(kernel.name):
        pair = [races.get((kernel.name, entry.name, threads)) for threads in (1, 2)]
        if entry.name == OURS or None in pair:
            continue
        row = [entry.name, _time(pair[0]["theirs"]), _time(pair[0]["ours"])]
        floors = FLOORS.get(kernel.name, {}).get(entry.name)
        for k, race in enumerate(pair):
            ratio = race["theirs"]["median_ms"] / race["ours"]["median_ms"]
            least = race["theirs"]["min_ms"] / race["ours"]["min_ms"]
            row += [f"{_number(ratio)} ({_number(least)})", f"{floors[k]:g}" if floors else ""]
            if floors:
                verdicts.ratio(ratio, floors[k], f"{kernel.name}, {entry.name}, {k + 1}T")
        yield row


# -- the other figures ------------------------------------------------------------------------------------------------


def _accuracy(rows: list[dict[str, Any]], verdicts: Verdicts) -> Iterator[str]:
    yield "## Accuracy of the default call"
    yield ""
    yield (
        "Error: ||master - truth|| / ||truth - mean(truth)|| after the best turn, beside the Cramer-Rao bound. Down to "
        f"contrast {STRICT_CONTRAST} its rms over seeds may be at most {ERROR} times the bound, no seed above {WORST} "
        f"times; within one `std_error` of the truth should lie {COVERAGE[0]:.0%} to {COVERAGE[1]:.0%} of the pixels "
        "(pooled, 20 seeds, contrast 0.5)."
    )
    yield ""
    cells = []
    for row in rows:
        rms, worst = (row[key] / row["bound"] for key in ("rms_error", "worst_error"))
        sweeps = sorted(row["sweeps"])
        cells.append([
            f"{row['contrast']:g}", row["seeds"], f"{row['bound']:.4f}", f"{row['rms_error']:.4f}", f"{rms:.3f}",
            f"{worst:.3f}", f"{sweeps[0]}-{sweeps[-1]}", f"{row['median_seconds']:.2f}", f"{row['converged']}",
            f"{row['within_one_std_error']:.1%}", f"{row['rms_z']:.3f}",
        ])  # fmt: skip
        if row["contrast"] >= STRICT_CONTRAST:
            verdicts.require(rms <= ERROR, f"rms error at contrast {row['contrast']:g}: {rms:.3f} bounds")
            verdicts.require(worst <= WORST, f"worst error at contrast {row['contrast']:g}: {worst:.3f} bounds")
        if row["contrast"] == 0.5:
            covered = row["within_one_std_error"]
            verdicts.require(COVERAGE[0] <= covered <= COVERAGE[1], f"coverage of the error bars: {covered:.1%}")
    header = ("contrast", "seeds", "bound", "rms error", "/ bound", "worst / bound", "sweeps", "seconds", "converged",
              "within one std_error", "rms z")  # fmt: skip
    yield from _table(header, cells)


def _memory(rows: list[dict[str, Any]], verdicts: Verdicts) -> Iterator[str]:
    yield "## Memory of reconstruct"
    yield ""
    yield (
        "Peak above that of the process after its imports, the container included. Allowed: 2.5 times the container, "
        "100 MB, and the information matrix."
    )
    yield ""
    keys = ("container_mb", "peak_mb", "allowed_mb")
    cells = [
        [f"{row['n_patterns']:,}", *(_number(row[key]) for key in keys), _number(row["seconds"]), row["sweeps"]]
        for row in rows
    ]
    yield from _table(("patterns", "container, MB", "peak, MB", "allowed, MB", "seconds", "sweeps"), cells)
    for row in rows:
        what = f"memory at {row['n_patterns']:,} patterns: {row['peak_mb']:.0f} MB"
        verdicts.require(row["peak_mb"] <= row["allowed_mb"], what)


def _growth(figures: dict[str, Any], verdicts: Verdicts) -> Iterator[str]:
    yield "## Growth with the number of patterns"
    yield ""
    yield (
        f"Median ms; the exponent is that of a fitted power law, and is to be at most {GROWTH}. Where memory is "
        "the bound, as in ingest, time grows faster while the data leave the cache: the last row is a plain copy."
    )
    yield ""
    cells = []
    for row in figures["rows"]:
        cells.append([row["kernel"], row["threads"], *map(_number, row["ms"]), f"{row['exponent']:.3f}"])
        if row["kernel"] == COPY:
            continue
        what = f"growth of {row['kernel']}, {row['threads']}T: exponent {row['exponent']:.3f}"
        verdicts.require(row["exponent"] <= GROWTH, what)
    yield from _table(("kernel", "threads", *(f"{size:,}" for size in figures["sizes"]), "exponent"), cells)


def _circle_growth(figures: dict[str, Any], verdicts: Verdicts) -> Iterator[str]:
    yield "## Growth of suppression with the number of circles"
    yield ""
    yield f"One micrograph, IoU > 0.5, one thread. Median ms; the exponent is to be at most {CIRCLE_GROWTH}."
    yield ""
    cells = []
    for row in figures["rows"]:
        cells.append([row["layout"], row["radii"], *map(_number, row["ms"]), f"{row['exponent']:.3f}"])
        what = f"growth of suppression, {row['layout']}, {row['radii']} radii: exponent {row['exponent']:.3f}"
        verdicts.require(row["exponent"] <= CIRCLE_GROWTH, what)
    yield from _table(("layout", "radii", *(f"{size:,}" for size in figures["sizes"]), "exponent"), cells)


def _end_to_end(figures: dict[str, Any], verdicts: Verdicts) -> Iterator[str]:
    whole, fit = (sorted(figures[key])[len(figures[key]) // 2] for key in ("whole_seconds", "fit_seconds"))
    yield "## From file to pictures"
    yield ""
    yield (
        f"`motes reconstruct` on W7 at contrast {figures['contrast']:g}: {whole:.2f} s for the whole process (allowed: "
        f"{WHOLE_SECONDS} s), {fit:.2f} s of it the estimation (allowed: {FIT_SECONDS} s); median of "
        f"{len(figures['whole_seconds'])} runs."
    )
    yield ""
    verdicts.require(whole < WHOLE_SECONDS, f"whole process: {whole:.2f} s")
    verdicts.require(fit < FIT_SECONDS, f"estimation: {fit:.2f} s")


def _extraction(rows: list[dict[str, Any]], verdicts: Verdicts) -> Iterator[str]:
    yield "## Extraction of particles"
    yield ""
    yield (
        f"Boxes of 256 x 256 pixels, normalised, into one stack, beside a plain copy of the stack; both end when the "
        f"data are on the disk. The rate is to be at least {COPY_SHARE:.0%} of the copy's."
    )
    yield ""
    cells = []
    for row in rows:
        rates = (_number(row[key]) for key in ("megabytes", "extract_mb_s", "copy_mb_s"))
        cells.append([row["threads"], *rates, f"{row['share']:.0%}"])
        what = f"extraction, {row['threads']}T: {row['share']:.0%} of a plain copy's rate"
        verdicts.require(row["share"] >= COPY_SHARE, what)
    yield from _table(("threads", "MB", "extraction, MB/s", "copy, MB/s", "share"), cells)


SECTIONS = {
    "kernels": _races,
    "turned": _turned,
    "accuracy": _accuracy,
    "memory": _memory,
    "growth": _growth,
    "circle_growth": _circle_growth,
    "end_to_end": _end_to_end,
    "extraction": _extraction,
}


def page() -> str:
    """All tables whose figures are there."""
    verdicts = Verdicts()
    body: list[str] = []
    machine: dict[str, Any] | None = None
    for name, section in SECTIONS.items():
        told = load(name)
        if told is None:
            body += [f"No figures of {name} yet.", ""]
            continue
        if told["machine"] != machine:
            machine = told["machine"]
            body += _machine(machine)
        body += section(told["figures"], verdicts)
    body += ["## What fell short", ""]
    body += [f"- {line}" for line in verdicts.failed] or ["Nothing of what was asked for."]
    if verdicts.below:
        body += ["", f"Below its floor, but above {NOISY_DAY} of it:", "", *(f"- {line}" for line in verdicts.below)]
    return "\n".join([INTRODUCTION, *body]).rstrip() + "\n"


# -- the short tables of the README -----------------------------------------------------------------------------------

SHORT = (
    ("likelihood", "likelihood", "SciPy CSR @ dense, float32"),
    ("sweep", "a whole EM iteration", "SciPy, in place, tuned"),
    ("sweep", "a whole EM iteration", "numba, fused by hand"),
    ("k-means", "k-means", "scikit-learn KMeans on CSR"),
    ("ingest", "COO to patterns", "SciPy coo_matrix(...).tocsr()"),
)
SHORT_OF_CIRCLES = (
    ("suppression, 1e5", "suppression of 100,000 picks", "SciPy cKDTree pairs, then greedy"),
    ("suppression, 1000 x 1000", "suppression on 1,000 micrographs", "numba, greedy O(n^2)"),
    ("map suppression", "peaks of a score map of 1024 x 1024", "Topaz non_maximum_suppression"),
    ("matching", "matching of 5,000 picks to 5,000 particles", "Topaz match_coordinates"),
    ("circle IoU matrix", "IoU of 2,000 x 2,000 circles", "NumPy"),
)


def short_table() -> str:
    """A few rows of each table, or nothing where figures are missing."""
    accuracy, whole = (load(name) for name in ("accuracy", "end_to_end"))
    if not (accuracy and whole):
        return ""
    rows = _speeds(SHORT)
    for row in accuracy["figures"]:
        if row["contrast"] >= STRICT_CONTRAST:
            error = f"{row['rms_error']:.4f}, {row['rms_error'] / row['bound']:.2f} times the Cramer-Rao bound"
            rows.append([f"error at contrast {row['contrast']:g}, rms of {row['seeds']} seeds", error])
    seconds = sorted(whole["figures"]["whole_seconds"])
    rows.append(["`motes reconstruct`, file to pictures", f"{seconds[len(seconds) // 2]:.1f} s"])
    return "\n".join(_table(("100,000 patterns of 25x25 pixels, 27 photons each", "measured"), rows)) + "\n"


def _speeds(short: Iterable[tuple[str, str, str]]) -> list[list[str]]:
    """Rows of the races that were run."""
    kernels = load("kernels") or {"figures": []}
    races = {(race["kernel"], race["contender"], race["threads"]): race for race in kernels["figures"]}
    rows = []
    for name, work, peer in short:
        pair = [races.get((name, peer, threads)) for threads in (1, 2)]
        if None not in pair:
            one, two = (_number(race["theirs"]["median_ms"] / race["ours"]["median_ms"]) for race in pair)
            rows.append([f"{work}, beside {peer}", f"{one} times as fast on one thread, {two} on two"])
    return rows


def picking_table() -> str:
    """What published picks score, and how fast circles are dealt with."""
    told = load("picking")
    if told is None:
        return ""
    rows = []
    for row in told["figures"]["turned"]:
        if row["turned"] == "corners":
            ap, f1, precision, recall = (row[key] for key in ("average_precision", "best_f1", "precision", "recall"))
            interval = f"average precision {ap['value']:.3f} ({ap['low']:.3f} to {ap['high']:.3f})"
            best = f"best F1 {f1['value']:.3f} (precision {precision['value']:.3f}, recall {recall['value']:.3f})"
            rows.append([f"{row['n_picks']:,} picks of {row['picker']}", f"{interval}, {best}"])
    n_truth = told["figures"]["turned"][0]["n_truth"]
    header = (f"{n_truth:,} particles on eight real micrographs, EMPIAR-10017", "measured")
    return "\n".join(_table(header, rows + _speeds(SHORT_OF_CIRCLES))) + "\n"


def main() -> None:
    """Write the page, and the README's short table."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
    fill(README, {"figures": short_table(), "particles": picking_table()})
    print(f"wrote {PAGE.relative_to(PAGE.parent.parent)} and the tables of {README.name}")


if __name__ == "__main__":
    main()
