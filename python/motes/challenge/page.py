"""The page that a judge reads: one file, pictures inside, nothing fetched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from html import escape
from importlib.resources import files
from io import BytesIO

import numpy as np

from motes.challenge.answer import DEGREES, Answer, Block, Gallery, Panel, Plot, Table, Text
from motes.challenge.run import Solution
from motes.plotting import pixels_png
from motes.plotting.style import PICTURE

TITLES = {
    1: "Turned pictures",
    2: "Turned pictures, flattened",
    3: "A thousand patterns of untold shape",
    4: "Noise on half of the pixels",
    5: "The likelihood of an orientation",
    6: "Sparse patterns, by the ten thousand",
    7: "A faint picture in a hundred thousand patterns",
}
LABELS_SHOWN = 1000
FEW = 4  # panels of a gallery that can be larger


def page(solution: Solution, *, command: str = "", drawing: Callable[[int], None] | None = None) -> str:
    """Make the page.

    Parameters
    ----------
    solution : Solution
        What was answered.
    command : str
        The command line that it came from.
    drawing : callable, optional
        Called with each task before its pictures are drawn.

    Returns
    -------
    str
        HTML, complete; it refers to nothing outside itself.
    """
    from motes import __version__

    sections = []
    for answer in solution.answers:
        if drawing is not None:
            drawing(answer.task)
        sections.append(_section(answer))
    style = files("motes.challenge").joinpath("page.css").read_text(encoding="utf-8")
    made = f"motes {__version__}, random seed {solution.seed}" + (
        f": <code>{escape(command)}</code>" if command else ""
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Answers to {escape(solution.source)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<header>
<h1>One hidden picture, turned: the answers</h1>
<p>Every pattern of <code>{escape(solution.source)}</code> is one picture, turned clockwise by 0, 90, 180 or 270 degrees
and, from task 4 on, seen through a few photons. Orientations are relative to the first pattern of each task.</p>
{_unanswered(solution)}{_overview(solution)}
</header>
<main>
{"".join(sections)}</main>
<footer>{made}. All labels, and all figures to full precision, are in <code>answers.json</code>.</footer>
</body>
</html>
"""


def _unanswered(solution: Solution) -> str:
    if not solution.unanswered:
        return ""
    tasks = ", ".join(map(str, solution.unanswered))
    return f'<p class="note warning">Interrupted: unanswered are tasks {tasks}.</p>\n'


def _overview(solution: Solution) -> str:
    with_truth = any("accuracy" in answer.details for answer in solution.answers)
    rows = []
    for answer in solution.answers:
        name = f'<a href="#task{answer.task}">{answer.task}. {TITLES[answer.task]}</a>'
        counts = [""] * 4 if answer.counts is None else [f"{count:,}" for count in answer.counts]
        accuracy = answer.details.get("accuracy")
        last = [] if not with_truth else ["" if accuracy is None else f"{accuracy:.2%}"]
        cells = "".join(f"<td>{cell}</td>" for cell in [*counts, f"{answer.seconds:.2f}", *last])
        rows.append(f"<tr><th scope=row>{name}</th>{cells}</tr>\n")
    header = [*DEGREES, "seconds", *(["labels right"] if with_truth else [])]
    cells = "".join(f"<th scope=col>{cell}</th>" for cell in header)
    return (
        '<nav class="table"><p class="caption">Patterns per clockwise turn, relative to the first pattern.</p>'
        '<div class="scroll"><table>\n'
        f"<thead><tr><th>task</th>{cells}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody></table></div></nav>"
    )


def _section(answer: Answer) -> str:
    facts = [] if answer.shape is None else [f"{answer.shape[0]} x {answer.shape[1]} pixels"]
    facts += [answer.method, f"{answer.seconds:.2f} s"]
    parts = [
        f'<section id="task{answer.task}">\n',
        f'<h2><span class="number">Task {answer.task}</span> {TITLES[answer.task]}</h2>\n',
        f'<p class="facts">{escape(" · ".join(facts))}</p>\n',
        _counts(answer),
        *(f'<p class="note">Note: {escape(note)}.</p>\n' for note in answer.notes),
        *(_block(block) for block in answer.blocks),
        _labels(answer),
        "</section>\n",
    ]
    return "".join(parts)


def _counts(answer: Answer) -> str:
    if answer.counts is None:
        return ""
    items = [
        f"<li><b>{count:,}</b><span>{degrees}</span></li>"
        for degrees, count in zip(DEGREES, answer.counts, strict=True)
    ]
    if answer.mean_photons is not None:
        items.append(f"<li><b>{answer.mean_photons:,.3f}</b><span>photons a pattern</span></li>")
    if answer.details.get("accuracy") is not None:
        items.append(f"<li><b>{answer.details['accuracy']:.2%}</b><span>labels right</span></li>")
    return f'<ul class="answer">{"".join(items)}</ul>\n'


def _labels(answer: Answer) -> str:
    if answer.labels is None:
        return ""
    shown = "".join(map(str, answer.labels[:LABELS_SHOWN].tolist()))
    rest = len(answer.labels) - LABELS_SHOWN
    more = f" … and {rest:,} more in answers.json" if rest > 0 else ""
    told = "Labels, clockwise quarter turns relative to the first pattern, pattern by pattern"
    return f'<details><summary>{told}</summary><p class="digits">{shown}{more}</p></details>\n'


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return f"<p>{escape(block.words)}</p>\n"
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Gallery):
        return _gallery(block)
    return _plot(block)


def _table(table: Table) -> str:
    header = "".join(f"<th scope=col>{escape(cell)}</th>" for cell in table.header)
    rows = "".join(
        f"<tr><th scope=row>{escape(row[0])}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>\n"
        for row in table.rows
    )
    caption = f'<p class="caption">{escape(table.caption)}</p>'
    head = f"<thead><tr>{header}</tr></thead>"
    kind = ' class="symbols"' if table.symbols else ""
    drawn = f"<table{kind}>\n{head}\n<tbody>\n{rows}</tbody></table>"
    return f'<div class="table">{caption}<div class="scroll">{drawn}</div></div>\n'


def _gallery(gallery: Gallery) -> str:
    common = gallery.limits or _limits([panel for panel in gallery.panels if not panel.colours])
    panels = []
    for panel in gallery.panels:
        limits = _limits([panel]) if panel.colours else common
        scale = _scale(limits, panel.colours) if panel.colours else ""
        drawn = _image(pixels_png(panel.image, *limits, panel.colours or PICTURE), panel.title)
        below = f"<b>{escape(panel.title)}</b>{escape(panel.below)}"
        panels.append(f'<div class="panel">{drawn}{below}{scale}</div>\n')
    kind = "gallery" if len(panels) > FEW else "gallery few"
    caption = f"<figcaption>{escape(gallery.caption)}</figcaption>"
    below = f"{_scale(common, PICTURE, gallery.unit)}{caption}"
    return f'<figure><div class="{kind}">\n{"".join(panels)}</div>{below}</figure>\n'


def _limits(panels: Sequence[Panel]) -> tuple[float, float]:
    """The least and the largest value of all images."""
    values = np.concatenate([panel.image[np.isfinite(panel.image)].ravel() for panel in panels])
    return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)


def _scale(limits: tuple[float, float], colours: str, unit: str = "") -> str:
    ramp = _image(pixels_png(np.linspace(0, 1, 256)[None], 0, 1, colours), "scale")
    return f'<div class="scale"><span>{limits[0]:.3g}</span> {ramp} <span>{limits[1]:.3g} {escape(unit)}</span></div>'


def _plot(plot: Plot) -> str:
    buffer = BytesIO()
    plot.draw().savefig(buffer, format="png")
    drawn = _image(buffer.getvalue(), plot.caption)
    return f'<figure><div class="scroll plot">{drawn}</div><figcaption>{escape(plot.caption)}</figcaption></figure>\n'


def _image(png: bytes, alternative: str) -> str:
    return f'<img alt="{escape(alternative, quote=True)}" src="data:image/png;base64,{b64encode(png).decode()}">'
