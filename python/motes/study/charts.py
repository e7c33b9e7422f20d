"""Charts of the report as SVG: their colours are the page's, light or dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from motes.plotting.study import apart
from motes.study.mapped import Mapped
from motes.study.statistics import Comparison, FloatArray
from motes.study.summary import Setting, told

MARKS = {"better": "▲", "worse": "▼", "not distinguishable": "●"}
BEYOND = 2.0
CLASSES = {"better": "better", "worse": "worse", "not distinguishable": "neither"}


def forest(differences: Mapping[str, Comparison], baseline: str, what: str = "difference to") -> str:
    """Each strategy's difference with its interval, the best at the top."""
    known = [(name, one) for name, one in differences.items() if np.isfinite(one.difference)]
    known.sort(key=lambda item: -item[1].difference)
    ends = [value for _, one in known for value in (one.difference, one.low, one.high) if np.isfinite(value)]
    scale = _Scale([0.0, *ends], 250, 740)
    height = 30 * len(known) + 52
    parts = [
        _ticks_below(scale, height - 34),
        f'<line class="zero" x1="{scale(0):.1f}" x2="{scale(0):.1f}" y1="4" y2="{height - 34}"/>',
    ]
    for row, (name, one) in enumerate(known):
        y, kind = 20 + 30 * row, CLASSES[one.verdict]
        line = (
            ""
            if np.isnan(one.low)
            else f'<line x1="{scale(one.low):.1f}" x2="{scale(one.high):.1f}" y1="{y}" y2="{y}"/>'
        )
        mark = f'<text class="mark" x="{scale(one.difference):.1f}" y="{y + 5}">{MARKS[one.verdict]}</text>'
        parts.append(
            f'<g class="{kind}"><title>{escape(name)}: {told(one)}</title>{line}{mark}</g>'
            f'<text class="name" x="238" y="{y + 4.5}">{escape(name)}</text>'
        )
    parts.append(f'<text class="axis" x="{scale(0):.1f}" y="{height - 3}">{what} {escape(baseline)}</text>')
    return _svg(760, height, parts, f"{what} {baseline}, with intervals")


def curves(setting: Setting, metric: str, axis: str = "labels") -> str:
    """The metric over what was paid, the baseline in black; up to `BEYOND` times what the baseline paid."""
    most = BEYOND * setting.curve(setting.baseline, axis)[-1]
    points = {name: _cut(setting.curve(name, axis), setting.curve(name, metric), most) for name in setting.strategies}
    across = _Scale([value for x, _ in points.values() for value in x], 62, 560)
    up = _Scale([value for _, y in points.values() for value in y if np.isfinite(value)], 300, 12)
    parts = [_ticks_below(across, 300), _ticks_left(up, 62, 560)]
    beside = apart([up(y[-1]) for _, y in points.values()], 14, 8, 304)
    for (name, (x, y)), height in zip(points.items(), beside, strict=True):
        weight = ' class="baseline"' if name == setting.baseline else ""
        parts.append(
            f'<line class="grid" x1="{across(x[-1]) + 3:.1f}" x2="578" y1="{up(y[-1]):.1f}" y2="{height:.1f}"/>'
            f'<text x="582" y="{height + 4:.1f}"{weight}>{escape(name)}</text>'
        )
    for name in (*setting.others, setting.baseline):
        x, y = points[name]
        kind = "baseline" if name == setting.baseline else CLASSES[setting.primary[name].verdict]
        parts.append(f'<g class="{kind}"><title>{escape(name)}</title>{_path(across, up, x, y)}</g>')
    parts.append(f'<text class="axis" x="311" y="336">{axis.replace("_", " ")}</text>')
    parts.append(_beside(metric.replace("_", " ")))
    return _svg(760, 340, parts, f"{metric} over {axis}")


def correlations(made: Mapped) -> str:
    """Mean correlation of the half maps over frequency, the baseline in black, and the threshold."""
    points = {name: curve for name in (*made.others, made.baseline) if len((curve := made.curve(name))[0])}
    across = _Scale([0.0, *(float(x[-1]) for x, _ in points.values())], 62, 560)
    up = _Scale([0.0, 1.0, *(float(y.min()) for _, y in points.values())], 300, 12)
    level = up(made.threshold)
    parts = [_ticks_below(across, 300), _ticks_left(up, 62, 560)]
    parts.append(f'<line class="zero" x1="62" x2="560" y1="{level:.1f}" y2="{level:.1f}"/>')
    parts.append(f'<text x="566" y="{level + 4:.1f}">{made.threshold:g}</text>')
    for name, (x, y) in points.items():
        kind = "baseline" if name == made.baseline else CLASSES[made.finer[name].verdict]
        parts.append(f'<g class="{kind}"><title>{escape(name)}</title>{_path(across, up, x, y)}</g>')
    parts.append('<text class="axis" x="311" y="336">1 / Å</text>')
    parts.append(_beside("correlation of the half maps"))
    return _svg(760, 340, parts, "Fourier shell correlation of the half maps")


def small_multiples(setting: Setting) -> str:
    """Each strategy's difference to the baseline, round by round, with its interval."""
    found = setting.by_round()
    ends = [value for one in found.values() for each in one for value in (each.low, each.high, each.difference)]
    limits = [0.0, *(value for value in ends if np.isfinite(value))]
    figures = []
    for name, each in found.items():
        cost = setting.curve(name, "labels")
        across, up = _Scale(list(cost), 46, 226, few=True), _Scale(limits, 112, 8, few=True)
        low, middle, high = (np.array([getattr(one, end) for one in each]) for end in ("low", "difference", "high"))
        parts = [_ticks_below(across, 112), _ticks_left(up, 46, 226)]
        if np.isfinite(low).all():
            edge = [f"{across(x):.1f},{up(y):.1f}" for x, y in zip(cost, high, strict=True)]
            edge += [f"{across(x):.1f},{up(y):.1f}" for x, y in zip(cost[::-1], low[::-1], strict=True)]
            parts.append(f'<polygon class="band" points="{" ".join(edge)}"/>')
        parts.append(f'<line class="zero" x1="46" x2="226" y1="{up(0):.1f}" y2="{up(0):.1f}"/>')
        kind = CLASSES[setting.primary[name].verdict]
        parts.append(f'<g class="{kind}">{_path(across, up, cost, middle)}</g>')
        drawn = _svg(244, 132, parts, f"{name}: difference by round")
        figures.append(f'<figure class="small"><figcaption>{escape(name)}</figcaption>{drawn}</figure>')
    return f'<div class="multiples">{"".join(figures)}</div>'


class _Scale:
    """From values to places on the chart, with round numbers for ticks."""

    def __init__(self, values: Sequence[float], first: float, last: float, *, few: bool = False) -> None:
        low, high = (min(values), max(values)) if len(values) else (0.0, 1.0)
        if high <= low:
            low, high = low - 0.5, high + 0.5
        rough = (high - low) / (3 if few else 6)
        unit = 10.0 ** np.floor(np.log10(rough))
        step = unit * min((1, 2, 5, 10), key=lambda times: abs(times * unit - rough))
        self.low, self.high = np.floor(low / step) * step, np.ceil(high / step) * step
        self.first, self.last = first, last
        self.ticks = [float(t) for t in np.arange(self.low, self.high + step / 2, step)]
        self.digits = max(0, -int(np.floor(np.log10(step))))

    def __call__(self, value: float) -> float:
        return float(self.first + (value - self.low) / (self.high - self.low) * (self.last - self.first))

    def label(self, tick: float) -> str:
        return f"{tick + 0.0:.{self.digits}f}"


def _cut(x: FloatArray, y: FloatArray, most: float) -> tuple[FloatArray, FloatArray]:
    """A curve up to a cost."""
    if x[-1] <= most:
        return x, y
    inside = x < most
    return np.append(x[inside], most), np.append(y[inside], np.interp(most, x, y))


def _path(across: _Scale, up: _Scale, x: FloatArray, y: FloatArray) -> str:
    places = [f"{across(a):.1f},{up(b):.1f}" for a, b in zip(x, y, strict=True) if np.isfinite(b)]
    return f'<polyline points="{" ".join(places)}"/>'


def _beside(what: str) -> str:
    """The name of the vertical axis."""
    return f'<text class="axis" transform="translate(14 156) rotate(-90)">{escape(what)}</text>'


def _ticks_below(scale: _Scale, y: float) -> str:
    parts = [
        f'<line class="grid" x1="{scale(tick):.1f}" x2="{scale(tick):.1f}" y1="4" y2="{y}"/>'
        f'<text class="tick" x="{scale(tick):.1f}" y="{y + 14}">{scale.label(tick)}</text>'
        for tick in scale.ticks
    ]
    return "".join(parts)


def _ticks_left(scale: _Scale, left: float, right: float) -> str:
    parts = [
        f'<line class="grid" x1="{left}" x2="{right}" y1="{scale(tick):.1f}" y2="{scale(tick):.1f}"/>'
        f'<text class="tick left" x="{left - 6}" y="{scale(tick) + 3.5:.1f}">{scale.label(tick)}</text>'
        for tick in scale.ticks
    ]
    return "".join(parts)


def _svg(width: float, height: float, parts: Sequence[str], what: str) -> str:
    label = escape(what, quote=True)
    return f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
