"""The page in a real browser: clicks and keys that are really made, and what they do."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import motes
from browser import Browser, executable
from motes import Patterns, simulate
from motes.viewer import page

pytestmark = pytest.mark.skipif(executable() is None, reason="no Chromium found (PATH, or MOTES_BROWSER)")

N_PATTERNS, ALREADY_OUT = 3000, 5
DOUBLE = [40, 1500, 2999]


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    """A page with three double hits, and what it was made from."""
    drawn = simulate.task_patterns(7, n_patterns=N_PATTERNS, seed=3)
    patterns = Patterns.from_coo(drawn.rows, drawn.cols, shape=(25, 25), n_patterns=N_PATTERNS)
    counts = patterns.to_dense()
    counts[DOUBLE] |= counts[[1, 2, 3]] | counts[[4, 5, 6]]
    patterns = Patterns.from_dense(counts)
    kept = np.arange(N_PATTERNS) != ALREADY_OUT
    result = motes.reconstruct(patterns[kept])
    file = tmp_path_factory.mktemp("view") / "view.html"
    file.write_text(page(result, patterns, kept, name="a run"), encoding="utf-8")
    return file, result, patterns, kept


@pytest.fixture(scope="module", params=["light", "dark"])
def browser(request, view):
    with Browser(dark=request.param == "dark") as running:
        yield running


@pytest.fixture
def opened(browser, view):
    """The page, freshly loaded; it must neither complain nor ask for anything."""
    file, _, _, _ = view
    browser.errors.clear()
    browser.requests.clear()
    browser.open(file)
    yield browser
    assert browser.errors == []
    assert [url for url in browser.requests if not url.startswith(("data:", "blob:"))] == [file.as_uri()]


def pixels(browser, selector):
    """Red of each pixel of a canvas."""
    shades = browser.evaluate(
        f"(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0))"
        f"(document.querySelector({json.dumps(selector)}))"
    )
    return np.array(shades).reshape(25, 25)


def chosen(browser):
    return int(browser.text("#detail h3").removeprefix("Pattern "))


def listed(browser):
    return browser.evaluate("[...document.querySelectorAll('#excluded button')].map(b => Number(b.textContent))")


def test_everything_is_drawn(opened, view):
    _, result, _, _ = view
    assert opened.text("h1") == "a run"
    assert opened.evaluate("document.title") == "a run · motes"
    grey = pixels(opened, "#master")
    spread = result.master.max() - result.master.min()
    np.testing.assert_allclose(grey / 255, (result.master - result.master.min()) / spread, atol=0.01)
    assert np.ptp(pixels(opened, "#std-error")) > 100
    assert opened.evaluate("document.querySelectorAll('#classes canvas').length") == 4
    for chart, least in (("convergence", 1), ("chart-deviance", 10), ("chart-photons", 10), ("chart-confidence", 10)):
        assert opened.evaluate(f"document.querySelectorAll('#{chart} :is(rect, polyline)').length") >= least
    assert opened.evaluate("document.querySelectorAll('#grid button').length") == 24


def test_a_pixel_is_read_by_mouse_and_by_keyboard(opened, view):
    _, result, _, _ = view
    opened.point("#master", 3.5 / 25, 7.5 / 25)
    told = opened.text("#readout")
    value, error = told.removesuffix(" photons").rpartition(": ")[2].split(" ± ")
    assert told.startswith("row 7, column 3: ")
    assert float(value) == pytest.approx(result.master[7, 3], rel=1e-3)
    assert float(error) == pytest.approx(result.std_error[7, 3], rel=0.06)
    opened.evaluate("document.querySelector('#std-error').focus()")
    opened.press("ArrowRight")
    assert opened.text("#readout").startswith("row 12, column 13: ")


def test_the_worst_comes_first_and_a_click_shows_another(opened, view):
    _, result, patterns, kept = view
    assert chosen(opened) in DOUBLE
    assert "Flagged: more photons" in opened.text("#detail .why")
    opened.click("#grid button:nth-child(9)")
    number = chosen(opened)
    assert number == int(opened.evaluate("document.querySelector('#grid [aria-pressed=true]').dataset.number"))
    seen = patterns[number]
    np.testing.assert_array_equal(pixels(opened, "#detail figure:nth-child(1) canvas") > 0, seen > 0)
    row = int(np.flatnonzero(np.flatnonzero(kept) == number)[0])
    home = np.rot90(seen, int(result.labels[row]))  # clockwise turns taken back
    np.testing.assert_array_equal(pixels(opened, "#detail figure:nth-child(2) canvas") > 0, home > 0)
    told = opened.evaluate("[...document.querySelectorAll('.posterior span')].map(span => span.textContent)")
    posterior = result.responsibilities(patterns[number : number + 1])[0]
    np.testing.assert_allclose([float(text) for text in told[1::2]], posterior, atol=6e-4)


def test_orders_filter_and_pages(opened):
    opened.evaluate("document.querySelector('#order').value = 'number'")
    opened.evaluate("document.querySelector('#order').dispatchEvent(new Event('change'))")
    assert chosen(opened) == 0
    opened.click("#after")
    assert opened.text("#place").startswith("page 2 of")
    opened.click("#only-flagged")
    flagged = opened.evaluate("[...document.querySelectorAll('#grid button')].map(b => Number(b.dataset.number))")
    assert set(DOUBLE) <= set(flagged)
    assert len(flagged) < 10


def test_search_by_number(opened):
    opened.type("#number", "0")
    opened.press("Enter")
    assert chosen(opened) == 0
    opened.type("#number", "3000")
    opened.click("#find button")
    assert "no pattern 3000: they are numbered 0 to 2999" in opened.text("#found")
    assert chosen(opened) == 0


def test_the_keyboard_is_enough(opened):
    opened.click("#grid button:nth-child(2)")
    second = chosen(opened)
    opened.press("ArrowRight")
    third = chosen(opened)
    assert third != second
    opened.press("x")
    assert third in listed(opened)
    opened.press("ArrowLeft")
    assert chosen(opened) == second
    opened.press("ArrowRight")
    opened.press("x")
    assert third not in listed(opened)
    assert opened.evaluate("document.activeElement.dataset.number") == str(third)


def test_a_list_is_made_by_clicks_and_saved(opened, view):
    _, _, patterns, _ = view
    assert listed(opened) == [ALREADY_OUT]
    worst = chosen(opened)
    opened.click("#toggle")
    assert listed(opened) == sorted([ALREADY_OUT, worst])
    assert opened.text("#toggle") == "Take it back"
    assert opened.evaluate("document.querySelector('#grid [aria-pressed=true]').classList.contains('out')")
    opened.click("#toggle")
    assert listed(opened) == [ALREADY_OUT]
    opened.click("#exclude-flagged")
    assert set(DOUBLE) < set(listed(opened))
    opened.click("#excluded li:first-child button")
    expected = listed(opened)
    assert ALREADY_OUT not in expected
    assert opened.text("#excluded-count") == str(len(expected))

    from motes.cli.arguments import read_excluded

    for button, name in (("#save-text", "exclude.txt"), ("#save-json", "exclude.json")):
        opened.click(button)
        saved = opened.downloaded(name)
        np.testing.assert_array_equal(np.flatnonzero(read_excluded(saved, len(patterns))), expected)
        saved.unlink()
    opened.click("#exclude-none")
    assert listed(opened) == []
    assert opened.evaluate("document.querySelector('#save-text').disabled")


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_nothing_sticks_out_at_any_width(opened, width):
    opened.send("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    assert opened.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    opened.send("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)


def test_text_can_be_told_from_its_ground(opened):
    """Contrast of 4.5 and more (WCAG AA) of every text that is shown; disabled buttons need none."""
    poor = opened.evaluate(CONTRAST)
    assert poor == []


CONTRAST = """(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (rgb) => rgb.slice(0, 3).map((v) => linear(v / 255)).reduce(
    (sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest("script, style, noscript, title, :disabled")) continue;
    const style = getComputedStyle(e), svg = e.namespaceURI.endsWith("svg");
    const [a, b] = [light(parse(svg ? style.fill : style.color)), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${e.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`);
  }
  return poor;
})()"""


def test_a_page_without_patterns_opens(browser, tmp_path):
    patterns = Patterns.empty((25, 25))
    file = tmp_path / "empty.html"
    file.write_text(page(motes.reconstruct(patterns), patterns), encoding="utf-8")
    browser.errors.clear()
    browser.open(file)
    assert browser.errors == []
    assert "no patterns" in browser.text("#detail")


def test_an_extreme_error_does_not_darken_the_map_and_none_is_told(browser, view, tmp_path):
    _, result, patterns, kept = view
    file = tmp_path / "changed.html"

    def opened(std_error):
        changed = dataclasses.replace(result, std_error=std_error)
        file.write_text(page(changed, patterns, kept, command="motes reconstruct <a> -o out"), encoding="utf-8")
        browser.errors.clear()
        browser.open(file)
        assert browser.errors == []
        return browser.text("#std-error-scale")

    extreme = result.std_error.copy()
    extreme[0, 0] = 1e3
    assert opened(extreme).endswith("photons a pixel, the largest 1000")
    assert np.ptp(np.delete(pixels(browser, "#std-error").ravel(), 0)) > 100
    assert browser.text("#made") == "Reconstructed by motes reconstruct <a> -o out"
    assert opened(np.full_like(extreme, np.nan)).startswith("not known")


@pytest.mark.parametrize("width", [320, 360, 480])
def test_no_figure_at_the_head_is_cut(opened, width):
    opened.send("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    cut = "[...document.querySelectorAll('#told div')].filter(e => e.getBoundingClientRect().right > innerWidth).length"
    assert opened.evaluate(cut) == 0
    opened.send("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)


def test_a_long_history_is_drawn(browser, view, tmp_path):
    """More records than a call takes arguments."""
    _, result, patterns, kept = view
    record = result.history[-1]
    history = tuple(record | {"sweeps": k, "log_likelihood": -1 / (k + 1)} for k in range(130_000))
    file = tmp_path / "long.html"
    file.write_text(page(dataclasses.replace(result, history=history), patterns, kept), encoding="utf-8")
    browser.errors.clear()
    browser.open(file)
    assert browser.errors == []
    assert browser.evaluate("document.querySelectorAll('#convergence polyline').length") == 1
