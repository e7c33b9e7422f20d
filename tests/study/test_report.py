"""What a study leaves: sentences, tables, a page and a picture."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import browser
from made_up_study import made_up_plan, made_up_results
from motes.study import Store, summarise, write_outputs
from motes.study.report import page
from motes.study.summary import told
from motes.study.table import COLUMNS

BETTER, WORSE = "boundary_distance", "low_confidence"
DOCS = Path(__file__).parents[2] / "docs" / "study.md"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A store with made-up runs, and what was found."""
    folder = tmp_path_factory.mktemp("made-up")
    plan = made_up_plan(folder, seeds=10, m=12, axes={"ratio": [0.5, 2.0]}, labels={"total": 45, "rounds": 4})
    store = Store(folder / "study", plan)
    for result in made_up_results(plan, {BETTER: 0.5, WORSE: -0.5}):
        store.save(result)
    return store, write_outputs(store, command="motes study <x>.toml -o out")


def test_sentences(written):
    for setting in written[1]:
        assert setting.primary[BETTER].verdict == "better"
        assert setting.primary[WORSE].verdict == "worse"
        sentence = setting.sentence(BETTER)
        assert re.fullmatch(
            rf"{BETTER} is better than random in average precision over \d+ to 45 labels: "
            r"\+0\.\d{4} \(\+0\.\d{4} to \+0\.\d{4}\); "
            r"by questions asked it is better: \+0\.\d{4} \(\+0\.\d{4} to \+0\.\d{4}\); "
            r"it also used 120 validation labels: with these charged no costs are common to both\.",
            sentence,
        ), sentence
        assert f"{WORSE} is worse than random" in setting.sentence(WORSE)
        assert "validation" not in setting.sentence(WORSE)


def test_few_seeds_are_told(tmp_path):
    """Nine are fewer than the intervals were checked with, ten are not."""
    for seeds, few in ((9, True), (10, False)):
        folder = tmp_path / str(seeds)
        folder.mkdir()
        plan = made_up_plan(folder, seeds=seeds)
        (setting,) = summarise(plan, made_up_results(plan))
        assert len(setting.seeds) == seeds
        assert ("few seeds (9)" in setting.caution) == few
        text = page(plan, [setting])
        assert ('<p class="note warning">Few seeds (9): ' in text) == few
        assert ("hints" in text) == few


def test_the_thesis_is_named_once_by_its_title(written):
    text = page(written[0].plan, written[1])
    assert text.count("The thesis: Yu-Hsuan Li, Comparison of Different Uncertainty Measurement Methods") == 1
    assert "seed 001" not in text.lower()


def test_both_axes_of_curves_are_named(written):
    text = page(written[0].plan, written[1])
    assert text.count(">average precision</text>") == 2 * len(written[1])  # over labels, and over questions
    for across in ("labels", "questions"):
        assert text.count(f'y="336">{across}</text>') == len(written[1])


def with_costs(result, change):
    """The run, its rounds having cost something else."""
    return replace(result, rounds=tuple(replace(each, costs=change(each.costs)) for each in result.rounds))


def costing(tmp_path, change, **options):
    """A setting in which the costs of `BETTER` are not those of the others."""
    plan = made_up_plan(tmp_path, **options)
    results = [
        with_costs(result, change) if result.cell.strategy == BETTER else result
        for result in made_up_results(plan, {BETTER: 0.5})
    ]
    return summarise(plan, results)[0]


def test_the_range_is_that_which_was_compared(tmp_path):
    """What a strategy spends beyond the baseline, or before it, is not compared, and not told as if it were."""
    labels = {"initial": 5, "per_round": 10, "rounds": 4}  # 5 to 35
    setting = costing(tmp_path, lambda costs: replace(costs, labels=5 + (costs.labels - 5) // 10), labels=labels)
    assert setting.range_of(BETTER, "labels") == (5, 8)
    assert "over 5 to 8 labels: " in setting.sentence(BETTER)
    assert "over 5 to 35 labels: " in setting.sentence(WORSE)


def test_no_common_range_is_told_as_such(tmp_path):
    setting = costing(tmp_path, lambda costs: replace(costs, labels=costs.labels + 1000))
    assert np.isnan(setting.range_of(BETTER, "labels")).all()
    assert setting.sentence(BETTER) == (
        f"{BETTER}: nothing can be said of its average precision over labels: in some run it has no range of them in "
        "common with random."
    )


def test_validation_labels_are_charged(tmp_path):
    setting = costing(tmp_path, lambda costs: replace(costs, validation_labels=2, validation_opened=1))
    charged = setting.over("labels_paid")[BETTER]
    assert charged.verdict == "better"
    assert setting.sentence(BETTER).endswith(
        f"; it also used 2 validation labels: with these charged it is better: {told(charged)}."
    )


def test_differences_by_hand(written):
    """The area under the difference, by the trapezoid rule over equal steps, averaged over runs and micrographs."""
    setting = written[1][0]
    found = []
    for one, base in zip(setting.runs[BETTER], setting.runs["random"], strict=True):
        assert (one.result.cell.seed, one.result.cell.fold) == (base.result.cell.seed, base.result.cell.fold)
        gap = one.mean("average_precision") - base.mean("average_precision")
        found.append((gap[0] / 2 + gap[1:-1].sum() + gap[-1] / 2) / (len(gap) - 1))
    assert setting.primary[BETTER].difference == pytest.approx(np.mean(found), rel=1e-9)


def test_validation_that_costs_more_than_all_labels_leaves_no_common_range(written):
    setting = written[1][0]
    assert np.isnan(setting.over("labels_paid")[BETTER].difference)
    assert np.isfinite(setting.over("labels_paid")[WORSE].difference)
    assert np.isfinite(setting.over("questions")[BETTER].low)


def test_distinctness_is_near_chance_where_labels_are_drawn_by_lot(written):
    count, chance = written[1][0].distinctness()
    apart = ~np.eye(len(count), dtype=bool)
    assert (count.diagonal() == 0).all()
    np.testing.assert_allclose(count[apart].mean(), chance[apart].mean(), rtol=0.1)


def test_the_table_has_a_line_for_each_round(written):
    store, settings = written
    text = (store.folder / "study.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(store.plan.cells) * 4
    setting = settings[0]
    own = [row for row in rows if (row["setting"], row["strategy"]) == (setting.name, BETTER)]
    last = [float(row["average_precision"]) for row in own if row["round"] == "3"]
    assert np.mean(last) == pytest.approx(setting.curve(BETTER, "average_precision")[-1], abs=1e-5)


def test_distinctness_is_told_round_by_round(written):
    store, [setting, *_] = written
    rows = list(csv.DictReader(io.StringIO((store.folder / "study.csv").read_text())))
    own = [row for row in rows if (row["setting"], row["strategy"]) == (setting.name, BETTER)]
    pairs = zip(setting.runs[BETTER], setting.runs["random"], strict=True)
    told = []
    for run, base in ((run.result, base.result) for run, base in pairs):
        for r, each in enumerate(run.rounds):
            mine, theirs = (set(itertools.chain(*result.gained[: r + 1])) for result in (run, base))
            n = each.costs.labels - len(run.initial)
            told.append((len(mine - theirs), n * (1 - n / (run.n_particles - len(run.initial)))))
    np.testing.assert_allclose([(float(row["distinct"]), float(row["distinct_by_chance"])) for row in own], told, 1e-5)
    assert max(count for count, _ in told) > 0
    assert {row["distinct"] for row in rows if row["strategy"] == "random"} == {""}


def test_every_column_is_documented():
    text = DOCS.read_text()
    for column in COLUMNS:
        assert f"`{column}`" in text, column


def test_the_figures_are_strict_json(written):
    told = json.loads((written[0].folder / "study.json").read_text())
    for setting in written[1]:
        own = told["settings"][setting.name]
        assert own["strategies"][BETTER]["verdict"] == "better"
        assert own["strategies"][BETTER]["difference"]["labels_paid"]["difference"] is None
        assert "verdict" not in own["strategies"]["random"]
        assert len(own["strategies"]["random"]["curves"]["labels"]) == 4
    assert told["n_runs"] == {"finished": len(written[0].plan.cells), "all": len(written[0].plan.cells)}


class Reader(HTMLParser):
    """What a page asks for, and whether its elements are closed."""

    VOID = frozenset({"meta", "link", "br", "img", "line", "polyline", "polygon"})

    def __init__(self):
        super().__init__()
        self.open, self.links = [], []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in self.VOID

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(written):
    reader = Reader()
    text = (written[0].folder / "report.html").read_text()
    reader.feed(text)
    assert reader.open == []
    assert reader.links == ["data:,"]
    assert "motes study &lt;x&gt;.toml -o out" in text
    for setting in written[1]:
        assert setting.sentence(BETTER) in text
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).lower()


@pytest.mark.skipif(browser.executable() is None, reason="no Chromium here")
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1200, 400])
def test_the_page_in_a_browser(written, dark, width):
    with browser.Browser(width=width, dark=dark) as page:
        page.open(written[0].folder / "report.html")
        assert page.errors == []
        assert len(page.requests) == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        colours = page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        ink, paper = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
        assert (ink > paper) == dark
        drawn = page.evaluate(
            "[...document.querySelectorAll('svg')].every(svg => svg.getBoundingClientRect().height > 50)"
        )
        assert drawn


def test_a_study_that_is_not_finished_reports_what_it_has(tmp_path):
    plan = made_up_plan(tmp_path)
    store = Store(tmp_path / "study", plan)
    with pytest.raises(ValueError, match="no seed has a run of every strategy yet"):
        write_outputs(store)
    results = made_up_results(plan)
    for result in results[:-1]:  # the last seed lacks one strategy
        store.save(result)
    [setting] = write_outputs(store)
    assert {run.result.cell.seed for run in setting.runs["random"]} == set(range(5))
    assert "5 of 30 runs are not there" in (store.folder / "report.html").read_text()


def test_one_seed_has_no_interval(tmp_path):
    plan = made_up_plan(tmp_path, seeds=1)
    [setting] = summarise(plan, made_up_results(plan))
    for strategy in setting.others:
        assert "one seed or one micrograph has no interval" in setting.sentence(strategy)
    store = Store(tmp_path / "study", plan)
    for result in made_up_results(plan):
        store.save(result)
    write_outputs(store)
