"""Published picks on real micrographs (EMPIAR-10017): the figures of the data's README."""

from __future__ import annotations

import re

import pytest
from benchmarks import picking_study
from benchmarks.results import load

from motes.picking import align, evaluate, pool
from shared_data import DATA

EMPIAR10017 = DATA / "empiar10017"
needs_data = pytest.mark.skipif(not EMPIAR10017.is_dir(), reason="EMPIAR-10017 is not beside this repository")

# picks, average precision, best F1, precision and recall there: measured by others.
PUBLISHED = {
    "crYOLO": (5791, 0.872, 0.887, 0.843, 0.935),
    "Topaz": (6325, 0.693, 0.769, 0.752, 0.787),
    "DeepPicker": (2663, 0.112, 0.310, 0.459, 0.234),
}
METRICS = ("average_precision", "best_f1", "precision", "recall")


@pytest.fixture(scope="module")
def circles():
    return align(picking_study.read(EMPIAR10017), radius=picking_study.RADIUS).circles


@needs_data
@pytest.mark.parametrize("picker", PUBLISHED)
def test_figures_of_the_published_picks(circles, picker):
    n_picks, *figures = PUBLISHED[picker]
    picks, truth = circles[picker], circles["truth"]
    assert (len(picks), len(truth), picks.n_micrographs) == (n_picks, 5205, 8)
    found = evaluate(picks, truth, n_bootstrap=100)
    for metric, figure in zip(METRICS, figures, strict=True):
        assert getattr(found, metric).value == pytest.approx(figure, abs=0.003)
    assert found.average_precision.low < figures[0] < found.average_precision.high


@needs_data
def test_the_convention_matters_where_picks_are_not_suppressed(circles):
    every = pool([circles[name] for name in PUBLISHED])
    assert len(every) == sum(row[0] for row in PUBLISHED.values())
    one, several = (
        evaluate(every, circles["truth"], rule=rule, n_bootstrap=0).average_precision.value
        for rule in ("optimal", "best")
    )
    assert several > one + 0.3


def test_the_page_says_what_was_measured():
    figures = load("picking")["figures"]
    page = picking_study.PAGE.read_text()
    for mark, text in picking_study.tables_of(figures).items():
        assert re.search(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", page, re.DOTALL)[1] == text
    for row in figures["turned"]:
        n_picks, *published = PUBLISHED[row["picker"]]
        assert (row["n_picks"], row["n_truth"]) == (n_picks, 5205)
        for metric, figure in zip(METRICS, published, strict=True):
            assert row[metric]["value"] == pytest.approx(figure, abs=0.003)
