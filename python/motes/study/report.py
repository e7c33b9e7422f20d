"""The page of a study: one file that fetches nothing, in light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files

import numpy as np

from motes.study.charts import CLASSES, MARKS, correlations, curves, forest, small_multiples
from motes.study.mapped import WHAT, Mapped
from motes.study.metrics import METRICS
from motes.study.plan import Plan
from motes.study.presets import THESIS
from motes.study.statistics import Comparison, Verdict
from motes.study.summary import AXES, Setting, told

FINAL = ("average_precision", "auc_grid", "best_f1", "f1", "precision", "recall", "mean_iou_matched", "mean_iou_truth")


def page(plan: Plan, settings: Sequence[Setting], *, command: str = "") -> str:
    """Make the page.

    Parameters
    ----------
    plan : Plan
        Of the study.
    settings : sequence of Setting
        What was found.
    command : str
        The command line that it came from.

    Returns
    -------
    str
        HTML, complete.
    """
    from motes import __version__

    config = plan.config
    style = files("motes.study").joinpath("page.css").read_text(encoding="utf-8")
    ran = sum(len(runs) for one in settings for runs in one.runs.values())
    facts = [
        f"{len(plan.data.paths):,} micrographs, {len(plan.data.truth):,} particles ({plan.data.name})",
        f"picker {config.picker.name}",
        f"{len(config.strategies)} strategies, {len(config.seeds)} seeds, {ran:,} runs",
    ]
    missing = len(plan.cells) - ran
    note = f'<p class="note warning">{missing:,} of {len(plan.cells):,} runs are not there.</p>\n' if missing else ""
    made = f"motes {__version__}" + (f": <code>{escape(command)}</code>" if command else "")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(config.name)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<header>
<h1>{escape(config.name)}</h1>
<p class="facts">{escape(" · ".join(facts))}</p>
{f"<p>{escape(config.description)}</p>" if config.description else ""}
{note}</header>
<main>
{"".join(_setting(setting, alone=len(settings) == 1) for setting in settings)}
{_method(plan)}</main>
<footer>{made}. Every round of every run is in <code>study.csv</code>, all figures in <code>study.json</code>.</footer>
</body>
</html>
"""


def _setting(setting: Setting, *, alone: bool) -> str:
    metric = setting.statistics.metric
    words = metric.replace("_", " ")
    name = "What was found" if alone else setting.name[:1].upper() + setting.name[1:]
    return f"""<section>
<h2>{escape(name)}</h2>
{_sentences(setting)}
<figure>{forest(setting.primary, setting.baseline)}
<figcaption>Mean {words} over the labels gained, less that of {escape(setting.baseline)}, with intervals of
{setting.statistics.confidence:.0%} that hold for all {len(setting.others)} strategies together.</figcaption></figure>
<figure>{curves(setting, metric)}
<figcaption>Mean {words} on test micrographs. Heavy: {escape(setting.baseline)}; blue: better; orange, dashed: worse;
grey: not distinguishable.</figcaption></figure>
<figure>{curves(setting, metric, "questions")}
<figcaption>The same over the questions that a person answered for it, up to twice as many as for
{escape(setting.baseline)}.</figcaption></figure>
<h3>Round by round</h3>
<p class="caption">Difference to {escape(setting.baseline)} in {words} over labels; each round's intervals hold for all
strategies together, but not for all rounds.</p>
{small_multiples(setting)}
<h3>What it costs</h3>
{_costs(setting)}
<h3>After the last round</h3>
{_final(setting)}
{"".join(_maps(made, setting.n_rounds) for made in setting.mapped)}
{_distinctness(setting)}
{_seconds(setting)}
</section>
"""


def _sentences(setting: Setting) -> str:
    ordered = _by_difference(setting.primary)
    note = (
        f'<p class="note warning">{setting.caution[:1].upper()}{setting.caution[1:]}.</p>\n' if setting.caution else ""
    )
    return note + _list([(setting.primary[name].verdict, setting.sentence(name)) for name in ordered])


def _by_difference(found: Mapping[str, Comparison]) -> list[str]:
    """Strategies, the best first."""
    return sorted(found, key=lambda name: -np.nan_to_num(found[name].difference, nan=-np.inf))


def _list(items: Sequence[tuple[Verdict, str]]) -> str:
    """Sentences, each with the mark of its verdict."""
    lines = []
    for verdict, sentence in items:
        mark = f'<span class="mark" aria-hidden="true">{MARKS[verdict]}</span>'
        lines.append(f'<li class="{CLASSES[verdict]}">{mark} {escape(sentence)}</li>')
    return f'<ul class="sentences">{"".join(lines)}</ul>'


def _costs(setting: Setting) -> str:
    """Differences by each kind of cost, and what was spent."""
    found = {axis: setting.over(axis) for axis in AXES}
    header = ["per label", "per label, validation paid", "per question", "per micrograph opened"]
    rows = []
    for name in setting.strategies:
        last = {axis: setting.curve(name, axis)[-1] for axis in AXES}
        spent = [
            f"{last['labels']:,.0f}",
            f"{last['labels_paid'] - last['labels']:,.0f}",
            f"{last['questions']:,.0f}",
            _percent(setting.confirmed(name)),
            f"{last['opened']:,.1f}",
        ]
        differences = [_cell(found[axis][name]) if name != setting.baseline else "<td></td>" for axis in AXES]
        rows.append((name, "".join(differences) + "".join(f"<td>{text}</td>" for text in spent)))
    columns = [*header, "labels", "validation labels", "questions", "confirmed", "micrographs opened"]
    caption = (
        "Area under the cost curve less that of the baseline, over the costs that both cover, with its interval; and "
        "what was spent at the end, on average."
    )
    return _table(columns, rows, caption)


def _final(setting: Setting) -> str:
    rows = []
    for name in setting.strategies:
        numbers = [setting.curve(name, metric)[-1] for metric in FINAL] + [setting.t_opt(name)[-1]]
        rows.append((name, "".join(f"<td>{_figure(number)}</td>" for number in numbers)))
    columns = [*(metric.replace("_", " ") for metric in FINAL), "T_opt"]
    explained = "; ".join(f"{name.replace('_', ' ')}: {what}" for name, what in METRICS.items())
    return _table(columns, rows, f"Means over runs. {explained}.")


def _maps(made: Mapped, n_rounds: int) -> str:
    """Resolution of each strategy's picks, beside F1 and average precision of the same picks."""
    n_maps = sum(map(len, made.maps[made.baseline]))
    when = "the last round" if made.round == n_rounds - 1 else f"round {made.round + 1} of {n_rounds}"
    items = [(made.finer[name].verdict, made.sentence(name)) for name in _by_difference(made.finer)]
    rows = []
    for name in made.maps:
        means = [f"{made.mean(name, 'resolution'):.2f}", f"{made.mean(name, 'n_images'):,.0f}"]
        means += [_percent(made.mean(name, "n_true") / max(1.0, made.mean(name, "n_images")))]
        means += [_figure(made.mean(name, metric)) for metric in ("f1", "recall", "mean_iou_matched")]
        found = (made.finer, made.beside["f1"], made.beside["average_precision"])
        compared = [_cell(one[name]) if name != made.baseline else "<td></td>" for one in found]
        rows.append((name, "".join(compared) + "".join(f"<td>{text}</td>" for text in means)))
    columns = ["finer by, Å", "F1", "average precision", "resolution, Å", "images", "of which true"]
    columns += ["F1", "recall", "mean IoU matched"]
    lacking = sum(made.without(name) for name in made.maps)
    none = f" {lacking} maps have no resolution and count as {made.longest:.0f} Å." if lacking else ""
    caption = (
        f"Differences to {made.baseline} with their intervals, then means over {n_maps} maps of each strategy, all of "
        f"the same micrographs, that nobody asked about.{none}"
    )
    return f"""<h3>Maps from the picks, after {when}</h3>
<p>{WHAT} {escape(made.answer())}</p>
{_list(items)}
<figure>{forest(made.finer, made.baseline, "Å finer than")}
<figcaption>Resolution where the half maps' correlation falls below {made.threshold:g}, of the picks at T_opt or above.
Intervals of {made.confidence:.0%} over seeds, for all strategies together, on these micrographs.</figcaption></figure>
{_table(columns, rows, caption)}
<figure>{correlations(made)}
<figcaption>Mean correlation of the half maps. Heavy: {escape(made.baseline)}; blue: finer; orange, dashed: coarser;
grey: not distinguishable.</figcaption></figure>
"""


def _distinctness(setting: Setting) -> str:
    count, chance = setting.distinctness()
    rows = []
    for i, name in enumerate(setting.strategies):
        cells = [
            "<td></td>" if i == j else f"<td>{count[i, j]:,.0f} <small>{chance[i, j]:,.0f}</small></td>"
            for j in range(len(setting.strategies))
        ]
        rows.append((name, "".join(cells)))
    caption = "Labels of the row's strategy that are not the column's, at the end; small: by chance alone."
    table = _table(list(setting.strategies), rows, caption)
    return f"<details><summary>How much the strategies' labels differ</summary>{table}</details>"


def _seconds(setting: Setting) -> str:
    rows, columns = [], []
    for name in setting.strategies:
        spent = setting.seconds(name)
        columns = [*spent, "own share"]
        total = sum(spent.values())
        cells = [f"<td>{value:.2f}</td>" for value in spent.values()]
        rows.append((name, "".join(cells) + f"<td>{_percent(spent['own'] / total if total else np.nan)}</td>"))
    caption = "Seconds a round, one thread: within the picker, measuring on validation and test, and all else."
    return f"<details><summary>Where the time went</summary>{_table(columns, rows, caption)}</details>"


def _method(plan: Plan) -> str:
    config = plan.config
    parts, statistics = config.folds, config.statistics
    shuffled = (
        "the last by name tests, always" if parts.fixed else f"each seed shuffles them, and tests {parts.run} of them"
    )
    return f"""<section>
<h2>How it was compared</h2>
<p>The micrographs are cut into {parts.n} parts: {shuffled}. Those that follow validate, the rest are learned from. All
strategies of a seed share micrographs, initial labels and random numbers, and are compared in pairs.</p>
<p>Seeds and micrographs are both samples, so the intervals count both: the standard error is clustered by seeds and by
micrographs, and {statistics.n_bootstrap:,} samples of a crossed bootstrap say how far the largest error of all
strategies goes, with Student's tails for few seeds. A strategy is called better or worse if its interval does not
hold 0; were all strategies the baseline in disguise, some would be called different in at most about
{1 - statistics.confidence:.0%} of all such studies.</p>
<p>Picks match particles one to one, in order of probability, where circles overlap by more than 0.5. F1, precision,
recall and mean IoU are at T_opt of the validation micrographs, unless they say best. T_opt's labels are charged only to
strategies that use it.</p>
<p>The thesis: {THESIS}.</p>
</section>
"""


def _cell(found: Comparison) -> str:
    if np.isnan(found.difference):
        return '<td class="muted">no common range</td>'
    mark = f'<span class="{CLASSES[found.verdict]} mark">{MARKS[found.verdict]}</span>'
    low, high = ("" if np.isnan(end) else f"{end:+.3f}" for end in (found.low, found.high))
    interval = f"<br><small>{low} to {high}</small>" if low else ""
    return f'<td title="{told(found)}">{mark} {found.difference:+.3f}{interval}</td>'


def _table(columns: Sequence[str], rows: Sequence[tuple[str, str]], caption: str) -> str:
    header = "".join(f"<th scope=col>{escape(cell)}</th>" for cell in columns)
    body = "".join(f"<tr><th scope=row>{escape(name)}</th>{cells}</tr>\n" for name, cells in rows)
    return (
        f'<div class="table"><p class="caption">{escape(caption)}</p><div class="scroll"><table>'
        f"<thead><tr><th>strategy</th>{header}</tr></thead>\n<tbody>\n{body}</tbody></table></div></div>\n"
    )


def _figure(number: float) -> str:
    return f"{number:.3f}" if np.isfinite(number) else ""


def _percent(number: float) -> str:
    return f"{number:.0%}" if np.isfinite(number) else ""
