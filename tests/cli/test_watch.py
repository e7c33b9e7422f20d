"""``motes watch``: files that are replaced at each update, the end by the writer, the target, patience or Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import time

import numpy as np
import pytest

from feeder import Feeder, patterns
from motes import PatternWriter, Reconstruction, open_patterns
from motes.cli.results import RESULTS
from motes.cli.watch_files import EACH, LAST, MOST_RECORDS, WatchFiles, duration
from stores import store_of

LONG = 60.0  # seconds that anything is waited for
ONCE = ["--every", 0, "--first", 500, "--patience", LONG, "--threads", 1]


@pytest.fixture(scope="module")
def seen():
    return patterns()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report_of(out):
    return json.loads((out / "report.json").read_text())


def names(out):
    return {path.name for path in out.iterdir()}


def until(holds):
    """Wait until something holds."""
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def n_patterns_of(out):
    try:
        return report_of(out)["n_patterns"]
    except FileNotFoundError:
        return 0


def test_a_closed_store_gives_what_reconstruct_gives(folder, motes, seen):
    store_of(folder, seen[:1500], a_section=500)
    told = motes("watch", "run.zarr", "-o", "live", "--target-error", "0.01", "--log", "log.jsonl", *ONCE)
    assert told.exit_code == 0
    assert told.stderr == ""
    first, *_ = told.stdout.splitlines()
    assert re.fullmatch(
        r"\d+\.\d s: patterns 1,500, a second unknown, relative error 0\.\d+, still "
        r"needed for 0\.01 [\d,]+, at this rate unknown",
        first,
    )
    assert "complete: the writer closed the store\n1,500 patterns of 11x11 pixels" in told.stdout
    assert told.stdout.endswith("look at live/watch.html\n")
    assert motes("reconstruct", "run.zarr", "-o", "whole", "--threads", 1).exit_code == 0
    assert names(folder / "live") == set(LAST) == set(RESULTS) | set(EACH)
    for name in ("master.npy", "std_error.npy", "labels.npy"):
        np.testing.assert_array_equal(np.load(folder / "live" / name), np.load(folder / "whole" / name), err_msg=name)
    ours, theirs = report_of(folder / "live"), report_of(folder / "whole")
    assert ours["input"] == theirs["input"]
    for name in ("log_likelihood", "error_bound", "counts", "converged", "evidence", "n_photons"):
        assert ours[name] == theirs[name]
    watch = ours["watch"]
    assert (watch["ended"], watch["closed"], watch["target_error"]) == ("closed", True, 0.01)
    (record,) = watch["updates"]
    assert record["still_needed"] == record["needed"] - 1500 > 0
    (line,) = (folder / "log.jsonl").read_text().splitlines()
    assert json.loads(line)["needed"] == record["needed"]


def test_ctrl_c_keeps_the_last_picture(folder, motes_process, seen):
    (folder / "live").mkdir()
    for name in ("labels.npy", "mine.txt"):
        (folder / "live" / name).write_text("of an earlier run")
    with Feeder(folder / "run.zarr") as feeder:
        process = motes_process("watch", "run.zarr", "-o", "live", *ONCE)
        feeder.append(0, 1000)
        until(lambda: n_patterns_of(folder / "live") == 1000)
        until(lambda: names(folder / "live") == {*EACH, "mine.txt"})  # of another master the labels say nothing
        page = (folder / "live" / "watch.html").read_text()
        assert '<meta http-equiv="refresh" content="1">' in page
        assert "patterns are arriving" in page
        assert report_of(folder / "live")["watch"]["ended"] is None
        feeder.append(1000, 1500)
        until(lambda: n_patterns_of(folder / "live") == 1500)
        process.send_signal(signal.SIGINT)
        told, errors = process.communicate(timeout=LONG)
    assert process.returncode == 130, errors
    assert "interrupted\n1,500 patterns" in told
    assert names(folder / "live") == {*LAST, "mine.txt"}
    labels, report = np.load("live/labels.npy"), report_of(folder / "live")
    assert labels[0] == 0
    assert np.bincount(labels, minlength=4).tolist() == report["counts"]
    assert report["watch"]["ended"] == "interrupted"
    assert [record["n_patterns"] for record in report["watch"]["updates"]] == [1000, 1500]
    result = Reconstruction.load("live/reconstruction.npz")
    np.testing.assert_array_equal(result.master, np.load("live/master.npy"))
    np.testing.assert_array_equal(result.assign(seen[:1500]).labels, labels)
    page = (folder / "live" / "watch.html").read_text()
    assert "refresh" not in page
    assert page.count("data:image/png;base64,") == 2


def test_ctrl_c_before_anything_leaves_nothing(folder, motes_process):
    process = motes_process("watch", "run.zarr", "-o", "live", stderr=(errors := (folder / "errors").open("w")))
    until(lambda: "nothing is there yet" in (folder / "errors").read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=LONG) == 130
    errors.close()
    assert (folder / "errors").read_text().endswith("motes: interrupted: nothing was written\n")
    assert names(folder) == {"errors"}


def test_the_target_ends_it_while_the_writer_goes_on(folder, motes, seen):
    with PatternWriter("run.zarr", seen.shape) as writer:
        writer.append(seen[:2000])
        writer.flush()
        told = motes("watch", "run.zarr", "-o", "live", "--target-error", 0.3, *ONCE)
    assert told.exit_code == 0
    assert "still needed for 0.3 0, at this rate 0 s" in told.stdout
    assert "the target is reached" in told.stdout
    watch = report_of(folder / "live")["watch"]
    assert (watch["ended"], watch["closed"]) == ("target", False)


def test_a_silent_writer_ends_it(folder, motes, seen):
    with PatternWriter("run.zarr", seen.shape) as writer:
        writer.append(seen[:600])
        writer.flush()
        told = motes("watch", "run.zarr", "-o", "live", *ONCE, "--patience", 0.2)
    assert told.exit_code == 0
    assert "ended: no pattern came any more" in told.stdout
    assert "note: no pattern came for 0.2 s, and the writer did not close the store" in told.stdout
    assert report_of(folder / "live")["watch"]["ended"] == "patience"


def test_an_error_later_on_keeps_the_last_picture(folder, motes, seen, monkeypatch):
    with PatternWriter("run.zarr", seen.shape) as writer:
        writer.append(seen[:1000])
        writer.flush()
        write = WatchFiles.write

        def and_more(files, update):
            write(files, update)
            writer.append(np.full((1, *seen.shape), 2))  # no Bernoulli pattern
            writer.flush()

        monkeypatch.setattr(WatchFiles, "write", and_more)
        told = motes("watch", "run.zarr", "-o", "live", *ONCE)
    assert told.exit_code == 2
    assert re.search("^motes: error: .*a pixel caught 2 photons.*use --noise poisson", told.stderr, re.MULTILINE)
    assert names(folder / "live") == set(LAST)
    report = report_of(folder / "live")
    assert (report["n_patterns"], report["watch"]["ended"]) == (1000, "failed")
    assert "ended by an error" in (folder / "live" / "watch.html").read_text()


def test_a_damaged_section_has_labels_of_minus_one(folder, motes, seen):
    store_of(folder, seen[:1500], a_section=500)
    chunk = folder / "run.zarr" / "sections" / "00000001" / "pixels" / "c" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    told = motes("watch", "run.zarr", "-o", "live", *ONCE, "--patience", 0.2)
    assert told.exit_code == 0
    assert "motes: note: section 1 can not be read and is left out: " in told.stderr
    assert np.flatnonzero(np.load("live/labels.npy") == -1).tolist() == list(range(500, 1000))
    report = report_of(folder / "live")
    assert report["input"]["n_excluded"] == 500
    assert any("section 1" in note for note in report["notes"])
    assert told.stdout.count("the writer closed the store, and 1 section of it can not be read: not complete") == 1
    assert report["watch"]["left_out"] == [1]
    page = (folder / "live" / "watch.html").read_text()
    assert '<p class="state stopped">the writer closed the store, and 1 section of it can not be read' in page


def test_a_table_where_a_person_looks_on(folder, motes_process, seen):
    pty = pytest.importorskip("pty")
    store_of(folder, seen[:1000])
    ours, theirs = pty.openpty()
    process = motes_process("watch", "run.zarr", "-o", "live", "--target-error", 0.01, *ONCE, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    told, _ = process.communicate(timeout=LONG)
    assert process.returncode == 0
    assert b"1,000" in shown
    assert b"Ctrl-C ends" in shown
    assert told.startswith("complete: ")


def test_quiet(folder, motes, seen):
    store_of(folder, seen[:600])
    told = motes("watch", "run.zarr", "-o", "live", "--quiet", *ONCE)
    assert told == (0, "", "")


def test_options_reach_the_fit(folder, motes, seen):
    store_of(folder, seen[:600])
    np.save("bad.npy", np.eye(11, dtype=bool))
    words = ["--rotations", "d4", "--noise", "poisson", "--weights", "estimate", "--mask", "bad.npy", "--seed", 3]
    assert motes("watch", "run.zarr", "-o", "live", *words, *ONCE, "--memory", "4GB").exit_code == 0
    assert motes("reconstruct", "run.zarr", "-o", "whole", *words, "--threads", 1).exit_code == 0
    for name in ("master.npy", "labels.npy"):
        np.testing.assert_array_equal(np.load(folder / "live" / name), np.load(folder / "whole" / name))


def test_workers_make_the_passes(folder, motes, seen):
    pytest.importorskip("distributed")
    store_of(folder, seen[:1500], a_section=500)
    told = motes("watch", "run.zarr", "-o", "live", "--scheduler", "local:1", *ONCE)
    assert told.exit_code == 0, told.stderr
    assert "complete: the writer closed the store" in told.stdout
    assert motes("reconstruct", "run.zarr", "-o", "whole", "--threads", 1).exit_code == 0
    for name in ("master.npy", "std_error.npy", "labels.npy"):
        np.testing.assert_array_equal(np.load(folder / "live" / name), np.load(folder / "whole" / name), err_msg=name)


def test_in_plane_rotations_give_what_reconstruct_gives(folder, motes, seen):
    store_of(folder, seen[:1200], a_section=400)
    words = ["--rotations", "in-plane:8", "--threads", 1]
    (folder / "live").mkdir()
    (folder / "live" / "fluence.npy").write_text("of an earlier run")
    told = motes("watch", "run.zarr", "-o", "live", "--target-error", 0.01, *words, *ONCE[:-2])
    assert told.exit_code == 0, told.stderr
    assert "complete: the writer closed the store\n1,200 patterns of 11x11 pixels" in told.stdout
    assert "still needed for 0.01 " in told.stdout
    assert motes("reconstruct", "run.zarr", "-o", "whole", *words).exit_code == 0
    assert names(folder / "live") == {*LAST, "angles.npy"}
    for name in ("master.npy", "std_error.npy", "labels.npy", "angles.npy"):
        np.testing.assert_array_equal(np.load(folder / "live" / name), np.load(folder / "whole" / name), err_msg=name)
    ours, theirs = report_of(folder / "live"), report_of(folder / "whole")
    assert ours["input"] == theirs["input"]
    for name in ("maps", "log_likelihood", "error_bound", "counts", "converged"):
        assert ours[name] == theirs[name]
    (record,) = ours["watch"]["updates"]
    assert record["still_needed"] == record["needed"] - 1200 > 0
    assert motes("watch", "run.zarr", "-o", "live", *ONCE).exit_code == 0
    assert names(folder / "live") == set(LAST)  # angles were of another master


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["none.zarr", "--wait", 0], "none.zarr: nothing came there within 0 s"),
        (["file.npz"], r"file.npz: expected a store of patterns \(.zarr\), got a file; motes convert makes one"),
        (["empty.zarr"], "empty.zarr: holds no pattern"),
        (["other.zarr"], "other.zarr/zarr.json: no attributes 'motes' of a group"),
        (["run.zarr", "--target-error", 0], "--target-error: expected a positive, finite number, got 0.0"),
        (["run.zarr", "--rotations", "in-plane"], "--rotations: expected C4, D4, C1, in-plane:K or in-plane:Km"),
        (["run.zarr", "--rotations", "in-plane:1"], "--rotations: expected several angles, got in-plane:1; C1 is for"),
        (["run.zarr", "--noise", "gaussian"], "--noise: "),
        (["run.zarr", "--tls-ca", "ca.pem"], "--tls-ca: is of --scheduler tls://HOST:PORT, which was not given"),
        (["run.zarr", "--scheduler", "host"], "--scheduler: expected tcp://HOST:PORT"),
        (["run.zarr", "--every", -1], "--every"),
        (["run.zarr", "--mask", "none.npy"], "none.npy: no such file"),
        (["run.zarr", "--memory", "1kB"], "memory: "),
        (["run.zarr", "-o", "file.npz"], "file.npz: is a file, not a folder"),
    ],
)
def test_refused(folder, refused, seen, words, expected):
    store_of(folder, seen[:600])
    store_of(folder, seen[:0], name="empty.zarr")
    (folder / "other.zarr").mkdir()
    (folder / "other.zarr" / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    np.savez("file.npz", a=1)
    assert re.search(expected, refused(folder, "watch", "-o", "live", "--quiet", *words))


def test_a_long_run_keeps_a_bounded_record(folder, seen):
    files = WatchFiles(folder / "live", folder / "run.zarr", "motes watch", None, 5.0)

    class Any:
        def __init__(self, n):
            self.n_patterns = n

        def __getattr__(self, name):
            return None

    (any_outlook := Any(0)).error = 0.1
    for n in range(3 * MOST_RECORDS):
        update = Any(n)
        update.outlook, update.result = any_outlook, any_outlook
        files._take_note(update)
    kept = [record["n_patterns"] for record in files._records]
    assert len(kept) <= MOST_RECORDS + 1
    assert kept == sorted(kept)
    assert (kept[0], kept[-1]) == (0, 3 * MOST_RECORDS - 1)


def test_time_in_words():
    assert [duration(seconds) for seconds in (0, 59.6, 3600, 90000)] == ["0 s", "1 min 0 s", "1 h 0 min", "1 d 1 h"]
    assert duration(float("1e30")).endswith(" h")


def test_the_store_is_only_read(folder, motes, seen):
    store_of(folder, seen[:600])
    before = open_patterns("run.zarr").fingerprint, names(folder / "run.zarr")
    assert motes("watch", "run.zarr", "-o", "live", *ONCE).exit_code == 0
    assert (open_patterns("run.zarr").fingerprint, names(folder / "run.zarr")) == before
