"""The page in a real browser: keys and clicks that are really made, a server that dies, a disk that is full."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from browser import PATIENCE, Browser, executable
from motes.circles import Circles
from motes.labelling import Server
from motes.project import Project, fold, labelled
from motes.project.picks import PickSet
from projects import DIAMETER, SHAPE, add

pytestmark = pytest.mark.skipif(executable() is None, reason="no Chromium found (PATH, or MOTES_BROWSER)")


def wait(browser, expression, what=None):
    """Until an expression is true in the page."""
    deadline = time.monotonic() + PATIENCE
    while not browser.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < deadline, (what or expression, browser.text("body"), browser.errors)
        time.sleep(0.02)


def ready(browser, address):
    browser.open("about:blank")  # the page before asks no more
    browser.errors.clear()
    browser.requests.clear()
    browser.open(address)
    wait(
        browser,
        "document.documentElement.dataset.ready && document.querySelector('#view')?.dataset.complete === 'true'",
    )


def saved(browser):
    wait(browser, "/^✓/.test(document.querySelector('#saved').textContent)")


@pytest.fixture
def page(browser, server):
    """The page, freshly loaded; it must neither complain nor ask anybody else for anything."""
    ready(browser, server.address)
    yield browser
    assert [error for error in browser.errors if "Multiple readback operations" not in error] == []  # our own reading
    assert [url for url in browser.requests if not url.startswith((server.address, "data:", "blob:"))] == []


def answer(browser, key):
    """Answer a question as soon as its image has come."""
    wait(browser, "!document.querySelector('#accept').disabled", "an image")
    browser.press(key)


def title(browser):
    return browser.text("#asking-title")


def labels(server):
    """What is on the disk."""
    return Project(server.session.project.folder).state()


def centre(browser):
    """Where the middle of the view is, in pixels of the page."""
    return browser.evaluate(
        "(b => [b.x + b.width / 2, b.y + b.height / 2])(document.querySelector('#view').getBoundingClientRect())"
    )


def mouse(browser, kind, x, y, **more):
    browser.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **({"button": "left", "clickCount": 1} | more))


def click(browser, x, y):
    mouse(browser, "mouseMoved", x, y, button="none")
    mouse(browser, "mousePressed", x, y)
    mouse(browser, "mouseReleased", x, y)


def drag(browser, start, end):
    mouse(browser, "mouseMoved", *start, button="none")
    mouse(browser, "mousePressed", *start)
    for share in (0.3, 0.7, 1.0):
        mouse(browser, "mouseMoved", *(a + share * (b - a) for a, b in zip(start, end, strict=True)), buttons=1)
    mouse(browser, "mouseReleased", *end)


# -- questions --------------------------------------------------------------------------------------------------------


def test_the_first_question_is_shown(page, centres):
    assert title(page) == "Question 1 of 24"
    assert page.text("#told").startswith("The picker gives it 50%. Answer: not answered")
    assert page.text("#where") == "grid0 · 400 \N{MULTIPLICATION SIGN} 300 px · micrograph 1 of 3"
    grey = page.evaluate(
        "(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0))"
        "(document.querySelector('#closeup canvas'))"
    )
    side = int(len(grey) ** 0.5)
    shown = np.array(grey).reshape(side, side)
    inner, outer = shown[side // 2 - 20 : side // 2 + 20, side // 2 - 20 : side // 2 + 20], shown[:20]
    assert inner.mean() < outer.mean() - 30, "the dark disc is in the middle"


def test_keys_answer_and_go_on(page, server):
    for key in "ars":
        page.press(key)
    assert title(page) == "Question 4 of 24"
    saved(page)
    answers = labels(server).answered
    assert [answers[f"1.{i}"].particle for i in range(3)] == [True, False, None]
    page.press("p")
    assert title(page) == "Question 3 of 24"
    assert "Answer: unsure" in page.text("#told")
    page.press("a")
    assert title(page) == "Question 4 of 24"
    saved(page)
    assert labels(server).answered["1.2"].particle is True
    assert page.evaluate("[...document.querySelectorAll('#cost dd')].map((e) => e.textContent)")[:4] == [
        "3",
        "2",
        "1",
        "1 / 3",
    ]


def test_nothing_is_answered_before_its_image_has_come(browser, server, monkeypatch):
    gate, tile = threading.Event(), server.session.tile
    monkeypatch.setattr(server.session, "tile", lambda *which: gate.wait(PATIENCE) and tile(*which))
    browser.open("about:blank")
    browser.open(server.address)
    wait(browser, "document.documentElement.dataset.ready")
    assert browser.text("#told") == "Loading the image …"
    assert not browser.text("#saved").startswith("○"), "nothing was done yet"
    browser.press("a")
    assert title(browser) == "Question 1 of 24"
    gate.set()
    wait(browser, "/^The picker/.test(document.querySelector('#told').textContent)")
    browser.press("a")
    assert title(browser) == "Question 2 of 24"
    saved(browser)
    assert list(labels(server).answered) == ["1.0"]


def test_a_circle_is_moved_by_arrow_keys_before_it_is_accepted(page, server, centres):
    x, y = centres["grid0"][0]
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.press(key)
    page.press("Enter")
    saved(page)
    place = labels(server).answered["1.0"]
    assert (place.x, place.y) == pytest.approx((x + 2, y + 1), abs=0.011)
    page.press("p")
    up = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowUp', bubbles: true}));"
    page.evaluate(up + up)  # at once, however busy the computer is
    deadline = time.monotonic() + PATIENCE
    while labels(server).answered["1.0"].y != pytest.approx(y - 1, abs=0.011):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    moves = [action for action in Project(server.session.project.folder).actions if action["type"] == "move"]
    assert len(moves) == 1, "two presses in a row are one move"


def test_undo_takes_back_what_was_done_last(page, server):
    for key in "aar":
        page.press(key)
    page.press("u")
    assert title(page) == "Question 3 of 24"
    assert "not answered" in page.text("#told")
    page.press("u")
    assert title(page) == "Question 2 of 24"
    saved(page)
    assert list(labels(server).answered) == ["1.0"]


def test_a_click_adds_a_label_a_drag_moves_it_and_a_key_takes_it_away(page, server, centres):
    zoom = page.evaluate("parseFloat(document.querySelector('#scale-text').textContent.split('·')[1]) / 100")
    cx, cy = centre(page)
    qx, qy = centres["grid0"][0]
    free = (30.0, 30.0)  # micrograph pixels from the first question
    where = (cx + free[0] * zoom, cy + free[1] * zoom)
    click(page, *where)
    saved(page)
    added = [place for place in labels(server).places.values() if place.source == "added"]
    assert (added[0].x, added[0].y) == pytest.approx((qx + 30, qy + 30), abs=1)
    assert "nobody asked about" in page.text("#told")
    drag(page, where, (where[0] + 12 * zoom, where[1]))
    saved(page)
    moved = [place for place in labels(server).places.values() if place.source == "added"]
    assert (moved[0].x, moved[0].y) == pytest.approx((added[0].x + 12, added[0].y), abs=1)
    page.press("r")
    saved(page)
    assert labels(server).places == {}
    page.press("u")
    saved(page)
    assert len(labels(server).places) == 1


def test_dragging_the_ground_moves_the_micrograph_and_the_wheel_zooms(page, server):
    cx, cy = centre(page)
    before = page.text("#scale-text")
    drag(page, (cx + 200, cy + 200), (cx + 260, cy + 240))
    assert labels(server).places == {}
    mouse(page, "mouseWheel", cx, cy, button="none", deltaX=0, deltaY=-300)
    wait(page, f"document.querySelector('#scale-text').textContent !== {json.dumps(before)}")
    page.press("f")
    wait(page, "document.querySelector('#overview').hidden")


def test_contrast_low_pass_and_inversion_change_the_picture(page):
    def spread():
        wait(page, "document.querySelector('#view')?.dataset.complete === 'true'")
        time.sleep(0.1)
        return np.array(
            page.evaluate(
                "(c => [...c.getContext('2d').getImageData(c.width / 2 | 0, c.height / 2 | 0, 200, 200).data]"
                ".filter((_, i) => i % 4 === 0))(document.querySelector('#view canvas'))"
            )
        ).reshape(200, 200)

    plain = spread()
    page.press("i")
    inverted = spread()
    assert np.corrcoef(plain.ravel(), inverted.ravel())[0, 1] < -0.9
    page.press("i")
    for _ in range(8):
        page.press(".")
    assert spread().std() > 1.2 * plain.std()
    for _ in range(8):
        page.press(",")
    for _ in range(20):
        page.press("]")
    smooth = spread()
    rough = np.abs(np.diff(smooth, axis=1)).mean() / smooth.std()
    assert rough < 0.7 * np.abs(np.diff(plain, axis=1)).mean() / plain.std()
    assert page.text("#lowpass-told").startswith("\N{GREEK SMALL LETTER SIGMA} ")
    for _ in range(20):
        page.press("[")
    np.testing.assert_array_equal(spread(), plain)


def test_the_list_of_keys(page):
    page.press("?")
    assert page.evaluate("document.querySelector('#help').open")
    page.press("a")  # does nothing while the list is open
    page.press("?")
    assert not page.evaluate("document.querySelector('#help').open")
    assert title(page) == "Question 1 of 24"


def test_a_complete_micrograph(page, server):
    page.press("c")
    saved(page)
    assert labels(server).complete == {"grid0"}
    page.click("#complete")
    wait(page, "!document.querySelector('#complete').checked")
    saved(page)
    assert labels(server).complete == set()


def test_the_end_of_the_questions(page, server):
    for _ in range(24):
        answer(page, "a")
    saved(page)
    assert page.text("#told").startswith("All 24 are answered.")
    assert f"motes active train {server.session.project.folder}" in page.text("#told")
    assert labels(server).n_particles == 24


def test_the_page_adds_up_as_the_project_does(page, server):
    """`labels.js` and `motes.project.actions` are twins."""
    for key in ["a", "r", "s", "p", "ArrowLeft", "a", "u", "n", "r", "c", "u", "u", "a"]:
        page.press(key)
    click(page, *(value + 90 for value in centre(page)))
    page.press("ArrowRight")
    page.press("n")
    saved(page)
    told = page.evaluate(
        "(async () => { const {Labels} = await import(`${location.href}labels.js`);"
        " const {actions} = await (await fetch('project')).json(); const labels = new Labels(actions);"
        " return [Object.fromEntries(labels.places), [...labels.complete], [...labels.opened]]; })()"
    )
    state = fold(server.session.project.actions)
    assert told[0] == {name: vars(place) for name, place in state.places.items()}
    assert set(told[1]) == state.complete
    assert set(told[2]) == state.opened


# -- trouble ----------------------------------------------------------------------------------------------------------


def test_twenty_labels_outlive_a_killed_server(asked, browser, tmp_path):
    """Label twenty, kill the server, start it again, reload: nothing is lost, and training sees them."""
    code = (
        "import sys, time; from motes.labelling import Server; from motes.project import Project\n"
        "project = Project(sys.argv[1])\n"
        "with project.writing('server'), Server(project) as server:\n"
        "    print(server.address, flush=True); server.serve_forever()"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    def start():
        child = subprocess.Popen(
            [sys.executable, "-c", code, asked.folder], env=environment, stdout=subprocess.PIPE, text=True
        )
        return child, child.stdout.readline().strip()

    child, address = start()
    try:
        ready(browser, address)
        for i in range(20):
            answer(browser, "r" if i % 4 == 3 else "a")
        wait(browser, "/^✓/.test(document.querySelector('#saved').textContent)")
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        answer(browser, "a")  # the twenty-first is not acknowledged
        wait(browser, "!document.querySelector('#alarm').hidden")
        assert "Not saved: the server does not answer" in browser.text("#alarm")
        assert browser.text("#saved") == "● 1 action not saved yet"
        child, address = start()
        ready(browser, address)
        wait(browser, "/^✓/.test(document.querySelector('#saved').textContent)")
        assert title(browser) == "Question 22 of 24"  # the browser had kept the 21st, and the server is where it was
        state = Project(asked.folder).state()
        assert state.answered["1.20"].particle is True
        assert [state.answered[f"1.{i}"].particle for i in range(20)] == [i % 4 != 3 for i in range(20)]
        assert len(labelled(asked, state).particles) == 16
        assert len(labelled(asked, state).rejected) == 5
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_full_disk_is_told_and_the_label_is_kept(page, server):
    page.press("a")
    saved(page)
    journal = server.session.project.folder / "labels.jsonl"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 30, limits[1]))
    try:
        page.press("r")
        page.press("a")
        wait(page, "!document.querySelector('#alarm').hidden")
        assert re.search(r"Not saved: .*labels.jsonl: File too large. 2 actions kept in this page", page.text("#alarm"))
        assert page.text("#saved") == "● 2 actions not saved yet"
        assert len(labels(server).answered) == 1
        page.errors.clear()  # the browser notes the answers of status 507
        page.reload()  # also what is not saved outlives a reload
        wait(
            page,
            "document.documentElement.dataset.ready && /2 actions/.test(document.querySelector('#saved').textContent)",
        )
        assert title(page) == "Question 4 of 24"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    saved(page)
    assert page.evaluate("document.querySelector('#alarm').hidden")
    answers = labels(server).answered
    assert [answers[f"1.{i}"].particle for i in range(3)] == [True, False, True]
    page.errors.clear()


def test_two_browsers_on_one_project(page, server):
    with Browser() as other:
        ready(other, server.address)
        page.press("a")
        other.press("n")
        other.press("r")
        saved(page)
        saved(other)
        both = "document.querySelector('#cost dd').textContent === '2'"
        wait(page, both, "sees what the other did")
        wait(other, both, "sees what the other did")
        answers = labels(server).answered
        assert (answers["1.0"].particle, answers["1.1"].particle) == (True, False)
        other.press("u")  # its own, not the other's
        saved(other)
        assert list(labels(server).answered) == ["1.0"]
        assert other.errors == []


def test_what_two_windows_could_not_save_outlives_both(page, server, monkeypatch):
    """One browser, two windows, a disk that is full: what each of them keeps, the other must not wipe out."""
    page.press("a")
    saved(page)

    def full(*_):
        raise OSError(28, "No space left on device", "labels.jsonl")

    failing = "/ not saved yet$/.test(document.querySelector('#saved').textContent)"
    with monkeypatch.context() as broken:
        broken.setattr(Project, "act", full)
        for number, key in enumerate("ra", 1):
            answer(page, key)
            wait(page, failing)
            if number == 1:  # the next one is another window
                page.evaluate("sessionStorage.setItem('window', 'another')")
                page.reload()
                wait(page, "document.documentElement.dataset.ready")
        kept = page.evaluate(
            "Object.keys(localStorage).filter((key) => key.startsWith('motes '))"
            ".flatMap((key) => JSON.parse(localStorage.getItem(key))).map((action) => action.question).sort()"
        )
        assert kept == ["1.1", "1.2"], "the second window has taken up what the first could not save"
    saved(page)
    answers = labels(server).answered
    assert [answers[f"1.{i}"].particle for i in range(3)] == [True, False, True]
    page.reload()
    wait(page, "document.documentElement.dataset.ready")
    saved(page)
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('motes ')).length") == 0
    page.errors.clear()


def test_an_action_that_the_server_refuses_does_not_block_the_others(page, server):
    saved(page)
    page.evaluate(
        "localStorage.setItem(`motes ${'"
        + server.session.project.id
        + "'}`, JSON.stringify([{id: 'damaged1', type: 'add'}]))"
    )
    page.reload()
    wait(page, "/One action was refused: .*damaged1/.test(document.querySelector('#alarm')?.textContent)")
    answer(page, "a")
    saved(page)
    assert list(labels(server).answered) == ["1.0"]
    page.reload()
    wait(page, "document.documentElement.dataset.ready")
    saved(page)
    assert page.evaluate("document.querySelector('#alarm')?.textContent ?? ''") == "", "it is told once"
    page.errors.clear()  # the browser notes the answer of status 400


# -- review -----------------------------------------------------------------------------------------------------------


def pick_set(name, centres, scores, *, probability=True, least=0.5):
    indptr = np.concatenate([[0], np.cumsum([len(part) for part in centres])])
    return PickSet(
        name, Circles(np.concatenate(centres), DIAMETER / 2, np.concatenate(scores), indptr=indptr), probability, least
    )


@pytest.fixture
def picked(centres):
    """Picks of three micrographs: sure on the first, doubtful on the second, fewer on the third."""
    every = [centres[f"grid{m}"].astype(float) for m in range(3)]
    scores = [np.full(len(every[0]), 0.95), np.full(len(every[1]), 0.55), np.full(len(every[2]), 0.8)]
    scores[0][0] = 0.3
    return every, scores


def review(browser, server):
    ready(browser, server.address)
    browser.press("v")
    wait(browser, "document.querySelector('#order li[aria-current=true]')")


def order(browser):
    return browser.evaluate("[...document.querySelectorAll('#order li')].map((row) => row.firstChild.textContent)")


def test_review_begins_with_the_most_doubtful(asked, browser, picked):
    every, scores = picked
    with asked.writing("test"), Server(asked, [pick_set("picker 1", every, scores)]) as server:
        server.start()
        review(browser, server)
        assert order(browser) == ["grid1", "grid2", "grid0"]
        assert browser.text("#where").startswith("grid1 · ")
        figures = browser.text(".slider .figures")
        n, p = sum(map(len, every)), np.concatenate(scores)
        right = p[p >= 0.5].mean()
        assert figures.startswith(f"score ≥ 0.500: {n - 1} picks, {len(every[1])} here; expected precision {right:.1%}")
        browser.evaluate(
            "(s => { s.value = 700; s.dispatchEvent(new Event('input')); s.dispatchEvent(new Event('change')); })"
            "(document.querySelector('.slider input[type=range]'))"
        )
        n_high = int((p >= 0.7).sum())
        assert browser.text(".slider .figures").startswith(f"score ≥ 0.700: {n_high} picks, 0 here; expected precision")
        browser.press("n")
        assert browser.text("#where").startswith(
            f"{order(browser)[order(browser).index('grid1') + 1]} · "
        ) or browser.evaluate("document.querySelector('#later').disabled")
        assert browser.errors == []


def test_picks_are_removed_and_added_and_saved(asked, browser, picked):
    every, scores = picked
    with asked.writing("test"), Server(asked, [pick_set("picker 1", every, scores)]) as server:
        server.start()
        review(browser, server)
        zoom = browser.evaluate(
            "Math.min(...(v => [v.clientWidth / 400, v.clientHeight / 300])(document.querySelector('#view')))"
        )
        cx, cy = centre(browser)

        def at(x, y):
            return cx + (x - (SHAPE[1] - 1) / 2) * zoom, cy + (y - (SHAPE[0] - 1) / 2) * zoom

        click(browser, *at(*every[1][0]))
        click(browser, *at(5, 290))
        saved(browser)
        places = list(labels(server).places.values())
        assert [(place.micrograph, place.particle) for place in places] == [("grid1", False), ("grid1", True)]
        assert (places[0].x, places[0].y) == pytest.approx(tuple(every[1][0]), abs=0.01)
        assert (places[1].x, places[1].y) == pytest.approx((5, 290), abs=1)
        browser.click("#save")
        wait(browser, "/written/.test(document.querySelector('#saved-picks').textContent)")
        file = asked.folder / "picks" / "reviewed.star"
        n = int((np.concatenate(scores) >= 0.5).sum())
        assert browser.text("#saved-picks") == f"{n} picks written to {file}"
        import motes

        written = motes.read_picks(file)
        assert len(written) == n
        assert written.micrographs == ("grid0.tif", "grid1.tif", "grid2.tif")
        here = written[written.index == 1]
        assert np.hypot(here.x - every[1][0, 0], here.y - every[1][0, 1]).min() > 5, "it was removed"
        assert np.hypot(here.x - 5, here.y - 290).min() < 1, "it was added"
        click(browser, *at(*every[1][0]))  # a second click on a removed pick brings it back
        browser.press("u")
        browser.press("u")
        saved(browser)
        assert browser.errors == []


def test_two_sets_are_compared(asked, browser, picked):
    every, scores = picked
    other = [every[0][1:], every[1] + 2.0, every[2][:5]]
    other_scores = [np.linspace(-3, 5, len(part)) for part in other]
    sets = [pick_set("one", every, scores), pick_set("two", other, other_scores, probability=False, least=-3.0)]
    with asked.writing("test"), Server(asked, sets) as server:
        server.start()
        review(browser, server)
        assert order(browser)[0] == "grid2", "where the two agree least"
        assert "share of picks of one set that the other does not have" in browser.text("#doubt")
        told = browser.evaluate("[...document.querySelectorAll('.slider .figures')].map((e) => e.textContent)")
        assert "no precision is known: none was looked at" in told[1]
        small = "[...document.querySelectorAll('aside :is(.legend, .sample) canvas')].map((c) => c.clientWidth)"
        assert set(browser.evaluate(small)) == {28}, "pictures of marks, not over the micrograph"
        count = (
            "(async () => { await new Promise(requestAnimationFrame);"
            " const c = document.querySelector('#view canvas:nth-child(2)');"
            " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            " let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })()"
        )
        browser.click("#order li:nth-child(3)")
        everything = browser.evaluate(count)
        browser.press("d")
        assert browser.evaluate("document.querySelector('#differ').checked")
        assert browser.evaluate(count) < 0.2 * everything
        browser.press("d")


def test_review_without_picks_says_how_to_get_them(page):
    page.click("#tab-review")
    wait(page, "/no picks yet/.test(document.querySelector('#doubt').textContent)")
    page.press("n")
    assert page.text("#where").startswith("grid")
    page.click("#tab-label")
    wait(page, "!document.querySelector('#asking').hidden")


# -- looks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True])
def test_words_can_be_read(server, dark):
    from viewer.test_browser import CONTRAST

    with Browser(dark=dark) as browser:
        ready(browser, server.address)
        browser.press("a")
        saved(browser)
        assert browser.evaluate(CONTRAST) == []
        browser.press("?")
        assert browser.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_cut_at_any_width(page, width):
    page.send("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    cut = (
        "[...document.querySelectorAll('header *, aside *')]"
        ".filter((e) => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map((e) => e.outerHTML.slice(0, 80))"
    )
    assert page.evaluate(cut) == []
    page.send("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)


def test_every_control_has_a_name(page):
    nameless = (
        "[...document.querySelectorAll('button, input, [role=img], [role=application]')].filter((e) =>"
        " !(e.textContent.trim() || e.ariaLabel || e.labels?.length)).map((e) => e.outerHTML)"
    )
    assert page.evaluate(nameless) == []


def test_an_added_label_of_another_window_appears(page, server):
    server.session.act(0, [add(x=200.0, y=150.0)])
    wait(page, "document.querySelectorAll('#cost dd')[4].textContent === '1'")
