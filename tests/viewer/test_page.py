"""The page of a reconstruction: what is in it, and what is not."""

from __future__ import annotations

import base64
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

import motes
from motes import Patterns
from motes.viewer import data, page
from problems import GROUPS, NOISES, master_of, patterns_of


def data_of(html):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)[1]
    return json.loads(text, parse_constant=pytest.fail)


def integers(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def photons_of(told, row):
    """As the page's script draws them."""
    shown = told["shown"]
    begins = integers(shown["begins"], "<u4")
    pixels = integers(shown["pixels"], "<u4" if shown["wide"] else "<u2")[begins[row] : begins[row + 1]]
    image = np.zeros(np.prod(told["shape"]), int)
    image[pixels] = (
        1
        if shown["counts"] is None
        else integers(shown["counts"], "<u2" if shown["many"] else "u1")[begins[row] : begins[row + 1]]
    )
    return image


@pytest.mark.parametrize(("group", "noise"), [("C4", "bernoulli"), ("D4", "poisson")])
def test_the_page_holds_what_was_found(group, noise):
    patterns = patterns_of(master_of(7), 400, group=group, noise=noise)
    kept = np.arange(400) % 10 != 3
    result = motes.reconstruct(patterns[kept], GROUPS[group], NOISES[noise], max_iterations=30)
    told = data_of(page(result, patterns, kept, name="my run"))
    assert told["name"] == "my run"
    np.testing.assert_allclose(told["master"], result.master.ravel(), rtol=1e-4)
    np.testing.assert_allclose(told["std_error"], result.std_error.ravel(), rtol=1e-4)
    assert [found["count"] for found in told["classes"]] == np.bincount(
        result.labels, minlength=result.rotations.n
    ).tolist()
    for rotation, found in enumerate(told["classes"]):
        mean = patterns[kept][result.labels == rotation].mean_image()
        np.testing.assert_allclose(found["mean"], mean.ravel(), rtol=1e-3)
    fit = motes.goodness_of_fit(result, patterns[kept])
    for name in ("confidence", "deviance", "photons"):
        assert sum(told[name]["all"]) == 360
        assert sum(told[name]["flagged"]) == fit.flagged.sum() == told["n_flagged"]
    excluded = np.unpackbits(integers(told["excluded"], np.uint8), bitorder="little")[:400]
    np.testing.assert_array_equal(excluded, ~kept)
    flagged = np.flatnonzero(np.unpackbits(integers(told["flagged"], np.uint8), bitorder="little"))
    np.testing.assert_array_equal(flagged, np.flatnonzero(kept)[fit.flagged])

    numbers = np.array(told["shown"]["number"])
    assert set(numbers) == set(np.flatnonzero(kept))  # so few that all are there
    for row in (0, 17, 359):
        np.testing.assert_array_equal(photons_of(told, row), patterns[int(numbers[row])].ravel())
    home = integers(told["home"], "<u4").reshape(result.rotations.n, -1)
    label = told["shown"]["label"][5]
    turned = np.zeros(49, int)
    turned[home[label]] = photons_of(told, 5)
    back = np.flatnonzero(
        [np.array_equal(t.ravel(), photons_of(told, 5)) for t in result.rotations.expand(turned.reshape(7, 7))]
    )
    assert label in back
    posterior = integers(told["shown"]["posterior"], "<u2").reshape(360, -1) / 65535
    np.testing.assert_allclose(posterior, result.responsibilities(patterns[kept]), atol=1e-5)


def test_it_fetches_nothing_and_ends_no_script_early():
    patterns = patterns_of(master_of(5), 60)
    html = page(motes.reconstruct(patterns), patterns, name="</script><b>&{{DATA}} http://example.org")
    assert html.count("</script>") == 2
    assert "<b>" not in html
    assert "default-src 'none'" in html
    markup = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    targets = re.findall(r"""(?:src|href)\s*=\s*["']?([^"'\s>]*)""", markup)
    assert sorted(targets) == ["#patterns", "data:,"]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg|example\.org)|@import|url\(", html)


def test_a_large_page_stays_small(monkeypatch):
    monkeypatch.setattr(data, "MOST_LIT", 20_000)
    patterns = patterns_of(master_of(9, photons=30.0), 3000)
    told = data_of(page(motes.reconstruct(patterns, max_iterations=5), patterns))
    assert 300 < len(told["shown"]["number"]) < 1000
    assert integers(told["shown"]["begins"], "<u4")[-1] <= 20_000
    assert 0 in told["shown"]["number"]


def test_the_worst_are_chosen():
    patterns = patterns_of(master_of(9, photons=8.0), 6000)
    counts = patterns.to_dense()
    counts[4321] = 1
    counts[1234, :4] = 1
    patterns = Patterns.from_dense(counts)
    told = data_of(page(motes.reconstruct(patterns), patterns))
    shown = told["shown"]
    assert len(shown["number"]) < 4000
    worst = shown["number"][int(np.argmin(shown["p_value"]))]
    assert worst == 4321
    assert 1234 in shown["number"]


def test_bright_patterns_do_not_crowd_out_the_worst(monkeypatch):
    """The first hundred hold half of what the page can, one holds more than all of it; the worst is the last."""
    monkeypatch.setattr(data, "MOST_LIT", 20_000)
    n = 5000
    lit = np.full(n, 10)
    lit[:100], lit[2500] = 100, 30_000
    p_value = np.linspace(1.0, 0.0, n)
    fit = SimpleNamespace(p_value=p_value, z_photons=np.zeros(n), z_deviance=np.zeros(n))
    chosen = data.choose(fit, np.linspace(0.0, 1.0, n), lit, seed=0)
    assert lit[chosen].sum() <= 20_000
    assert 2500 not in chosen
    assert set(range(n - 600, n)) <= set(chosen)  # a third of the page for the worst
    assert set(range(60)) <= set(chosen)  # the least sure
    assert (np.diff(chosen) > 0).all()


def test_a_pattern_that_fills_the_page_is_passed_over_not_the_end(monkeypatch):
    monkeypatch.setattr(data, "MOST_LIT", 1000)
    lit = np.array([5000, 10, 10])
    fit = SimpleNamespace(p_value=np.array([0.0, 0.5, 1.0]), z_photons=np.zeros(3), z_deviance=np.zeros(3))
    assert data.choose(fit, np.ones(3), lit, seed=0).tolist() == [1, 2]


def test_a_name_that_is_no_utf_8():
    patterns = patterns_of(master_of(5), 20)
    html = page(motes.reconstruct(patterns), patterns, name="run\udcff")
    assert data_of(html)["name"] == "run?"
    assert "<title>run?" in html.encode("utf-8").decode()


@pytest.mark.parametrize("n_patterns", [0, 1])
def test_next_to_nothing(n_patterns):
    patterns = Patterns.empty((3, 3), n_patterns)
    told = data_of(page(motes.reconstruct(patterns), patterns))
    assert len(told["shown"]["number"]) == n_patterns


def test_pixels_that_nobody_saw_are_told():
    patterns = patterns_of(master_of(5), 200)
    mask = np.zeros((5, 5), bool)
    mask[2, 2] = True
    told = data_of(page(motes.reconstruct(patterns, mask=mask), patterns))
    assert told["master"][12] is None


def test_refusals():
    patterns = patterns_of(master_of(5), 50)
    result = motes.reconstruct(patterns)
    with pytest.raises(ValueError, match=r"kept: expected 50 truth values, got shape \(3,\)"):
        page(result, patterns, np.ones(3, bool))
    with pytest.raises(ValueError, match="patterns: expected the 50 that the reconstruction was made from, got 49"):
        page(result, patterns[:49])
