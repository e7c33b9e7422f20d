"""`motes view`: from the folder of a reconstruction to its page, and back with a list of patterns to exclude."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import webbrowser

import numpy as np
import pytest

from browser import Browser, executable
from motes import Reconstruction, read_patterns, write_patterns


@pytest.fixture
def done(archive, motes):
    """A reconstruction in the folder out, without two of the patterns."""
    (archive / "two.txt").write_text("10\n20\n")
    words = ["reconstruct", "endeavor.npz", "--task", 7, "-o", "out", "--exclude", "two.txt", "--quiet"]
    assert motes(*words).exit_code == 0
    return archive


def data_of(page):
    text = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)[1]
    return json.loads(text)


def test_the_page_is_written_and_opened(done, motes, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    result = motes("view", "out")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("out/view.html: ")
    assert opened == [(done / "out" / "view.html").as_uri()]
    told = data_of(done / "out" / "view.html")
    assert told["n_patterns"] == 3000
    assert told["command"] == "motes reconstruct endeavor.npz --task 7 -o out --exclude two.txt --quiet"
    assert result.stdout.splitlines()[-1] == f"reconstructed by: {told['command']}"
    assert told["n_fitted"] == 2998
    excluded = np.unpackbits(np.frombuffer(base64.b64decode(told["excluded"]), np.uint8), bitorder="little")
    assert np.flatnonzero(excluded).tolist() == [10, 20]
    assert told["shown"]["label"] == np.load("out/labels.npy")[told["shown"]["number"]].tolist()


def test_no_browser_is_opened_unasked(done, motes, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", pytest.fail)
    assert motes("view", "out", "--no-open", "-o", "elsewhere.html").exit_code == 0
    assert (done / "elsewhere.html").stat().st_size < 5e6
    assert not (done / "out" / "view.html").exists()


def test_the_folder_and_the_patterns_may_move(done, motes, refused):
    (done / "away").mkdir()
    shutil.move("out", "away/out")
    shutil.move("endeavor.npz", "away/photons.npz")
    line = refused(done, "view", "away/out", "--no-open")
    assert "endeavor.npz: is not there any more; say where the patterns are now with --patterns FILE" in line
    os.chdir("away")
    assert motes("view", "out", "--patterns", "photons.npz", "--no-open").exit_code == 0


@pytest.mark.parametrize("name", ["plain.npz", "plain.npy", "plain.emc"])
def test_a_copy_in_another_format_has_no_task(done, motes, name):
    """The run named task 7; the copy has none, and view has no --task that could be left out."""
    write_patterns(name, read_patterns("endeavor.npz"))
    answer = motes("view", "out", "--patterns", name, "--no-open")
    assert answer.exit_code == 0, answer.stderr


def test_binarised_patterns_are_binarised_again(archive, motes, drawn):
    np.savez("double.npz", task7a=np.append(drawn.rows, drawn.rows[:9]), task7b=np.append(drawn.cols, drawn.cols[:9]))
    assert motes("reconstruct", "double.npz", "-o", "out", "--binarise", "--quiet").exit_code == 0
    assert motes("view", "out", "--no-open").exit_code == 0


def test_refusals(done, motes, refused, drawn, monkeypatch):
    assert "nowhere: expected a folder that motes reconstruct wrote" in refused(done, "view", "nowhere")
    assert ": holds no reconstruction.npz; expected a folder" in refused(done, "view", ".")
    np.savez("less.npz", task7a=drawn.rows[1:], task7b=drawn.cols[1:])
    line = refused(done, "view", "out", "--patterns", "less.npz")
    assert re.search(r"less.npz: not the patterns that out was made from, which held [\d,]+ photons, not [\d,]+", line)
    np.savez("more.npz", task7a=np.append(drawn.rows, 5000).astype(int), task7b=np.append(drawn.cols, 3).astype(int))
    assert "more.npz" in refused(done, "view", "out", "--patterns", "more.npz")
    assert "no such file" in refused(done, "view", "out", "--no-open", "-o", "nowhere/page.html")
    with monkeypatch.context() as before_any_work:
        before_any_work.setattr(Reconstruction, "load", pytest.fail)
        assert "no such file" in refused(done, "view", "out", "-o", "nowhere/page.html")
    report = json.loads((done / "out" / "report.json").read_text())
    del report["input"]
    (done / "out" / "report.json").write_text(json.dumps(report))
    assert "names no file of patterns; give it with --patterns FILE" in refused(done, "view", "out")
    for damage in ("[1]", "{", '{"input": {"task": 7}}'):
        (done / "out" / "report.json").write_text(damage)
        assert "report.json: no report of a reconstruction" in refused(done, "view", "out")
    (done / "out" / "reconstruction.npz").write_bytes(b"PK")
    assert "reconstruction.npz" in refused(done, "view", "out")


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"path": 5}, "report.json: input: path: expected a text, or a list of texts, got 5"),
        ({"path": None}, "report.json: input: path: expected a text, or a list of texts, got null"),
        ({"path": "endeavor.npz", "task": [1]}, "report.json: input: task: expected a whole number or null, got [1]"),
        ({"path": "endeavor.npz", "task": True}, "report.json: input: task: expected a whole number or null, got true"),
        ({"path": "endeavor.npz", "binarise": "no"}, "report.json: input: binarise: expected true or false"),
        ({"path": "endeavor.npz", "fingerprint": 1}, "report.json: input: fingerprint: expected a text, got 1"),
        ([1], "report.json: no report of a reconstruction"),
    ],
)
def test_a_report_with_another_input(done, refused, stated, message):
    (done / "out" / "report.json").write_text(json.dumps({"input": stated}))
    assert message in refused(done, "view", "out", "--no-open")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"input": ' + "1" * 5000 + "}", "\udcff"])
def test_a_report_that_is_none(done, refused, text):
    (done / "out" / "report.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    assert "report.json: no report of a reconstruction" in refused(done, "view", "out", "--no-open")


@pytest.mark.parametrize(
    "labels", [np.zeros((3, 1000), int), np.array(["a"] * 3000), np.zeros(3000), np.zeros(3000, int), np.zeros(2, int)]
)
def test_other_labels(done, refused, labels):
    np.save(done / "out" / "labels.npy", labels)
    assert "labels.npy: " in refused(done, "view", "out", "--no-open")


def test_the_same_patterns_in_another_order(done, refused, drawn):
    """As many photons as there were: only a fingerprint tells."""
    rows = np.asarray(drawn.rows).astype(int)
    swapped = np.where(rows == 0, 1, np.where(rows == 1, 0, rows))
    np.savez("swapped.npz", task7a=swapped, task7b=drawn.cols)
    line = refused(done, "view", "out", "--patterns", "swapped.npz", "--no-open")
    assert "swapped.npz: not the patterns that out was made from: as many photons, but in other places" in line


@pytest.mark.skipif(executable() is None, reason="no Chromium found (PATH, or MOTES_BROWSER)")
def test_what_is_excluded_in_the_browser_is_left_out_by_the_next_run(done, motes):
    assert motes("view", "out", "--no-open").exit_code == 0
    with Browser() as browser:
        browser.open(done / "out" / "view.html")
        worst = int(browser.text("#detail h3").removeprefix("Pattern "))
        browser.click("#toggle")
        browser.click("#save-text")
        shutil.copy(browser.downloaded("exclude.txt"), "exclude.txt")
    assert motes("reconstruct", "endeavor.npz", "--exclude", "exclude.txt", "-o", "again", "--quiet").exit_code == 0
    assert np.flatnonzero(np.load("again/labels.npy") == -1).tolist() == sorted([10, 20, worst])
