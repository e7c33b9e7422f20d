"""`motes reconstruct` from a file to its results."""

from __future__ import annotations

import json
import os
import re
import select
import signal
from pathlib import Path

import numpy as np
import pytest

import motes as library
from gpus import gpu

ARRAYS = {"master.npy", "std_error.npy", "labels.npy", "reconstruction.npz"}
RESULTS = ARRAYS | {"report.json", "master.png", "convergence.png"}


def names(folder):
    return {path.name for path in folder.iterdir()}


def report_of(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)


def test_from_archive_to_results(archive, motes, drawn):
    result = motes("reconstruct", "endeavor.npz", "--task", 7, "--truth", "truth.npz", "-o", "out/deep")
    assert result.exit_code == 0, result.stderr
    out = archive / "out" / "deep"
    assert names(out) == RESULTS
    patterns = library.read_patterns("endeavor.npz", task=7)
    expected = library.reconstruct(patterns)
    np.testing.assert_array_equal(np.load(out / "master.npy"), expected.master)
    np.testing.assert_array_equal(np.load(out / "std_error.npy"), expected.std_error)
    np.testing.assert_array_equal(np.load(out / "labels.npy"), expected.labels)
    everything = library.Reconstruction.load(out / "reconstruction.npz")
    np.testing.assert_array_equal(everything.master, expected.master)
    assert everything.history[-1]["log_likelihood"] == expected.history[-1]["log_likelihood"]
    report = report_of(out)
    assert report["input"]["path"] == str(archive / "endeavor.npz")
    assert report["command"] == "motes reconstruct endeavor.npz --task 7 --truth truth.npz -o out/deep"
    assert report["counts"] == np.bincount(np.load(out / "labels.npy"), minlength=4).tolist()
    assert np.load(out / "labels.npy")[0] == 0
    assert report["error"] < 1.3 * report["error_bound"]
    assert report["accuracy"] > 0.85
    for picture in ("master.png", "convergence.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")
    for told in ("3,000 patterns of 25x25 pixels", "converged after", f"error {report['error']:.4g}"):
        assert told in result.stdout


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".emc", ".h5"])
def test_every_format_gives_the_same_bits(archive, motes, suffix):
    if suffix == ".h5":
        pytest.importorskip("h5py")
    patterns = library.read_patterns("endeavor.npz", task=7)
    library.write_patterns(f"again{suffix}", patterns)
    assert motes("reconstruct", "endeavor.npz", "-o", "one").exit_code == 0
    assert motes("reconstruct", f"again{suffix}", "-o", "two").exit_code == 0
    for array in ("master.npy", "std_error.npy", "labels.npy"):
        np.testing.assert_array_equal(np.load(archive / "one" / array), np.load(archive / "two" / array))


def test_options_reach_the_library(archive, motes):
    np.save("mask.npy", np.eye(25, dtype=np.uint8))
    np.save("start.npy", np.full((25, 25), 0.04))
    options = {
        "--method": "em",
        "--rotations": "d4",
        "--noise": "poisson",
        "--weights": "estimate",
        "--init": "start.npy",
        "--acceleration": "none",
        "--tolerance": 1e-3,
        "--max-iterations": 3,
        "--seed": 5,
        "--threads": 1,
        "--mask": "mask.npy",
        "--shape": "25x25",
        "--patterns": 3001,
    }
    words = [word for option in options.items() for word in option]
    result = motes("reconstruct", "endeavor.npz", "-o", "out", "--binarise", *words)
    assert result.exit_code == 0, result.stderr
    report = report_of(archive / "out")
    told = {name: report[name] for name in ("method", "rotations", "noise", "acceleration", "init", "seed", "threads")}
    expected = ["em", "D4", "poisson", "none", "array", 5, 1]
    assert list(told.values()) == expected
    assert report["n_patterns"] == 3001
    assert report["iterations"] <= 3
    assert all(error > 0 for error in report["weights_std_error"])
    assert f"weights {report['weights'][0]:.4f} ± " in result.stdout
    fitted = library.reconstruct(
        library.read_patterns("endeavor.npz", n_patterns=3001),
        library.D4,
        library.Poisson(),
        weights="estimate",
        init=np.full((25, 25), 0.04),
        acceleration="none",
        tolerance=1e-3,
        max_iterations=3,
        seed=5,
        mask=np.eye(25, dtype=bool),
    )
    np.testing.assert_array_equal(np.load(archive / "out" / "master.npy"), fitted.master)


@pytest.mark.parametrize(
    ("rows", "cols", "options"),
    [
        ([], [], ["--patterns", 5]),
        ([0, 0], [3, 77], []),
        ([0, 1, 3], [0, 0, 0], ["--shape", "1x1"]),
        ([0, 1, 3, 3, 2], [0, 0, 1, 3, 2], ["--shape", "2x2", "--rotations", "D4"]),
        (np.repeat(np.arange(9), 625), np.tile(np.arange(625), 9), []),
    ],
    ids=["no photon", "one pattern", "one pixel", "four pixels", "all pixels lit"],
)
def test_little_data_is_an_answer_not_an_error(archive, motes, rows, cols, options):
    np.savez("little.npz", task7a=np.array(rows, int), task7b=np.array(cols, int))
    result = motes("reconstruct", "little.npz", "-o", "out", *options)
    assert result.exit_code == 0, result.stderr
    assert names(archive / "out") == RESULTS
    report = report_of(archive / "out")
    assert sum(report["counts"]) == report["n_patterns"]
    assert np.isfinite(np.load("out/master.npy")).all()


def test_no_pattern_is_refused(archive, refused):
    np.save("none.npy", np.zeros((0, 5, 5), int))
    assert "holds no pattern" in refused(archive, "reconstruct", "none.npy", "-o", "out")
    assert "--patterns" in refused(archive, "reconstruct", "endeavor.npz", "-o", "out", "--patterns", 0)
    np.save("all.npy", np.arange(3000))
    assert "no pattern is left" in refused(archive, "reconstruct", "endeavor.npz", "-o", "out", "--exclude", "all.npy")


def test_an_empty_list_excludes_nothing_and_says_so(archive, motes):
    Path("none.json").write_text("[]")
    assert motes("reconstruct", "endeavor.npz", "-o", "out", "--exclude", "none.json").exit_code == 0
    assert "none.json names no pattern: none was left out" in report_of(archive / "out")["notes"]


def test_restarts_and_their_agreement(archive, motes):
    assert motes("reconstruct", "endeavor.npz", "-o", "out", "--restarts", 2, "--init", "random").exit_code == 0
    assert 0 < report_of(archive / "out")["agreement"] <= 1


def test_error_bars_of_another_kind_say_so(archive, motes):
    words = ["reconstruct", "endeavor.npz", "--max-iterations", 3]
    assert motes(*words, "-o", "plain").exit_code == 0
    assert motes(*words, "-o", "robust", "--error-bars", "sandwich").exit_code == 0
    np.testing.assert_array_equal(np.load("robust/master.npy"), np.load("plain/master.npy"))
    assert (np.load("robust/std_error.npy") != np.load("plain/std_error.npy")).any()
    assert any("sandwich" in note for note in report_of(archive / "robust")["notes"])
    assert motes(*words, "-o", "drawn", "--error-bars", "bootstrap", "--replicates", 2).exit_code == 0
    assert any("bootstrap of 2 fits" in note for note in report_of(archive / "drawn")["notes"])


def test_binarise_counts_a_pixel_once(archive, motes, refused, drawn):
    np.savez("double.npz", task7a=np.append(drawn.rows, drawn.rows[:1]), task7b=np.append(drawn.cols, drawn.cols[:1]))
    assert "use --noise poisson, or --binarise" in refused(archive, "reconstruct", "double.npz", "-o", "out")
    assert motes("reconstruct", "double.npz", "-o", "out", "--binarise").exit_code == 0
    assert motes("reconstruct", "endeavor.npz", "-o", "once").exit_code == 0
    np.testing.assert_array_equal(np.load("out/master.npy"), np.load("once/master.npy"))


@pytest.mark.parametrize("written", ["text", "json", "npy"])
def test_excluded_patterns_take_no_part(archive, motes, drawn, written):
    excluded = [0, 17, 2999]
    if written == "text":
        (archive / "bad").write_text("# double hits\n0\n17  # twice as bright\n\n2999\n", encoding="utf-8")
    elif written == "json":
        (archive / "bad").write_text(json.dumps(excluded[::-1]))
    else:
        np.save("bad.npy", np.array(excluded))
    file = "bad.npy" if written == "npy" else "bad"
    result = motes("reconstruct", "endeavor.npz", "--truth", "truth.npz", "--task", 7, "--exclude", file, "-o", "out")
    assert result.exit_code == 0, result.stderr
    kept = np.setdiff1d(np.arange(3000), excluded)
    fitted = library.reconstruct(library.read_patterns("endeavor.npz")[kept])
    labels = np.load("out/labels.npy")
    assert labels[excluded].tolist() == [-1, -1, -1]
    np.testing.assert_array_equal(labels[kept], fitted.labels)
    report = report_of(archive / "out")
    assert report["n_patterns"] == 2997
    assert report["input"]["n_patterns"] == 3000
    assert report["input"]["n_excluded"] == 3
    assert report["accuracy"] > 0.85


def test_the_folder_keeps_other_files_and_replaces_its_own(archive, motes):
    out = archive / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "master.npy").write_text("old")
    assert motes("reconstruct", "endeavor.npz", "-o", "out", "--quiet").stdout == ""
    assert names(out) == RESULTS | {"notes.txt"}
    assert np.load(out / "master.npy").shape == (25, 25)


def test_log_is_one_json_object_an_iteration(archive, motes):
    (archive / "log.jsonl").write_text("an old log, much longer than nothing\n" * 100)
    assert motes("reconstruct", "endeavor.npz", "-o", "out", "--log", "log.jsonl").exit_code == 0
    records = [json.loads(line) for line in (archive / "log.jsonl").read_text().splitlines()]
    assert len(records) == report_of(archive / "out")["iterations"]
    assert {"time", "iteration", "sweeps", "log_likelihood", "gain", "step", "seconds"} <= records[0].keys()
    assert records[-1]["log_likelihood"] == report_of(archive / "out")["log_likelihood"]


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs a device that stands for the output")
def test_a_log_can_go_down_a_pipe(archive, motes_process):
    process = motes_process("reconstruct", "endeavor.npz", "-o", "out", "--quiet", "--log", "/dev/stdout")
    lines = process.communicate()[0].splitlines()
    assert process.returncode == 0
    assert len([json.loads(line) for line in lines]) == report_of(archive / "out")["iterations"]


def test_a_person_sees_progress(archive, motes_process):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = motes_process("reconstruct", "endeavor.npz", "-o", "out", stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    assert b"log-likelihood" in seen


def test_a_pipe_sees_none(archive, motes_process):
    process = motes_process("reconstruct", "endeavor.npz", "-o", "out")
    assert process.communicate()[1] == ""
    assert process.returncode == 0


@pytest.fixture
def interrupted(archive, motes_process):
    """Run a command and send Ctrl-C while it climbs: its log is a pipe that is full until then, so it can not end."""
    fcntl = pytest.importorskip("fcntl")
    if not hasattr(fcntl, "F_SETPIPE_SZ"):
        pytest.skip("needs a pipe that can be made small")

    def run(*words):
        pipe = archive / "log"
        os.mkfifo(pipe)
        both_ends = os.open(pipe, os.O_RDWR)  # so that it can be made small before anything is in it
        fcntl.fcntl(both_ends, fcntl.F_SETPIPE_SZ, 4096)
        process = motes_process(*words, "--log", pipe)
        with pipe.open("rb") as log:
            assert select.select([log], [], [], 60)[0]
            os.close(both_ends)
            process.send_signal(signal.SIGINT)
            log.read()
        pipe.unlink()
        told, errors = process.communicate(timeout=60)
        assert process.returncode == 130, errors
        return told

    return run


def test_interrupted_then_resumed_gives_the_bits_of_an_uninterrupted_run(archive, motes, interrupted):
    words = ["reconstruct", "endeavor.npz", "--init", "random", "--restarts", 20]
    told = interrupted(*words, "-o", "halves")
    assert re.search("note: interrupted: in start [0-9]+ of 20, the best is kept", told)
    assert told.endswith("to go on from here: the same command with --resume\n")
    assert names(archive / "halves") == RESULTS | {"checkpoint.npz"}
    report = report_of(archive / "halves")
    assert report["interrupted"]
    assert not report["converged"]
    assert np.isfinite(np.load("halves/master.npy")).all()

    assert motes(*words, "-o", "halves", "--resume").exit_code == 0
    assert motes(*words, "-o", "whole").exit_code == 0
    assert names(archive / "halves") == names(archive / "whole") == RESULTS
    for array in ("master.npy", "std_error.npy", "labels.npy"):
        np.testing.assert_array_equal(np.load(archive / "halves" / array), np.load(archive / "whole" / array))
    assert not report_of(archive / "halves")["interrupted"]


def test_a_checkpoint_of_another_run_is_refused(interrupted, archive, refused):
    words = ["reconstruct", "endeavor.npz", "--init", "random", "--restarts", 20, "-o", "out"]
    interrupted(*words)
    assert re.search("checkpoint.npz: belongs to other", refused(archive, *words, "--seed", 9, "--resume"))


def test_nothing_to_resume_is_told(archive, motes):
    told = motes("reconstruct", "endeavor.npz", "-o", "out", "--resume")
    assert told.exit_code == 0
    assert "note: nothing to resume: there is no out/checkpoint.npz, begun anew" in told.stdout


def test_a_finished_result_is_not_replaced_by_resuming_nothing(archive, motes, refused):
    words = ["reconstruct", "endeavor.npz", "-o", "out"]
    assert motes(*words, "--quiet").exit_code == 0
    line = refused(archive, *words, "--seed", 9, "--resume")
    assert "out: holds a finished result and no checkpoint.npz, nothing to resume" in line
    assert motes(*words, "--seed", 9, "--quiet").exit_code == 0


def test_info_sums_up_a_folder(archive, motes, refused):
    words = ["reconstruct", "endeavor.npz", "--truth", "truth.npz", "-o", "out"]
    told = motes(*words).stdout.splitlines()
    answer = motes("info", "out")
    assert answer.exit_code == 0, answer.stderr
    first, *lines = answer.stdout.splitlines()
    assert first == "out: a reconstruction by em, bernoulli, C4; motes view out shows it"
    assert lines[-1] == "reconstructed by: motes reconstruct endeavor.npz --truth truth.npz -o out"
    assert lines[:-1] == [line for line in told if not line.startswith("error 0")]  # which takes the truth
    (archive / "out" / "reconstruction.npz").write_bytes(b"PK")
    assert "reconstruction.npz: " in refused(archive, "info", "out")


def test_other_shapes_are_for_patterns_that_are_not_turned(archive, motes, refused):
    np.save("oblong.npy", np.ones((5, 2, 3), np.uint8))
    words = ["reconstruct", "oblong.npy", "-o", "out"]
    line = refused(archive, *words)
    assert "need a square image, got 2x3; crop or pad it to a square, or take --rotations C1 for patterns that" in line
    assert motes(*words, "--rotations", "C1").exit_code == 0


def test_what_to_doubt_is_told(archive, motes, drawn):
    told = motes("reconstruct", "endeavor.npz", "-o", "out", "--restarts", 2)
    assert f"agreement of the starts {report_of(archive / 'out')['agreement']:.4f}" in told.stdout
    assert "least correlation with the best is" not in told.stdout
    told = motes("reconstruct", "endeavor.npz", "-o", "out", "--shape", "26x26")
    assert "note: the last row caught no photon, and the first did: is the shape right?" in told.stdout
    np.savez("dark.npz", task7a=np.array([], int), task7b=np.array([], int))
    assert (
        "note: no photons: the master is dark" in motes("reconstruct", "dark.npz", "-o", "out", "--patterns", 9).stdout
    )
    assert report_of(archive / "out")["notes"][0].startswith("no photons")
    told = motes("reconstruct", "endeavor.npz", "-o", "out", "--method", "hard-em", "--truth", "truth.npz", "--task", 7)
    assert "error bound (Cramer-Rao) unknown" in told.stdout
    assert "note: hard assignment is biased" in told.stdout
    assert "efficiency" not in told.stdout
    assert "efficiency" not in report_of(archive / "out")


@pytest.mark.parametrize("limit", [1000, 20_000])
def test_a_full_disk_leaves_nothing_half_written(archive, motes, motes_process, limit):
    """The system refuses to let any file grow beyond the limit: before the first result, or after some."""
    resource = pytest.importorskip("resource")
    process = motes_process(
        "reconstruct",
        "endeavor.npz",
        "-o",
        "out",
        warnings="default",  # a checkpoint that can not be written is told beside the error
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    _, errors = process.communicate()
    assert process.returncode == 2, errors
    *notes, last = errors.splitlines()
    assert "file too large" in last
    assert all("checkpoint" in note and "can not be written" in note for note in notes), notes
    # A checkpoint that there was room for is not lost with the results: --resume ends where it ended.
    assert names(archive) - {"out"} == {"endeavor.npz", "truth.npz"}
    if limit < 10_000:
        assert "out" not in names(archive)
    else:
        assert names(archive / "out") == {"checkpoint.npz"}
        assert "converged" in motes("reconstruct", "endeavor.npz", "-o", "out", "--resume").stdout
        assert "checkpoint.npz" not in names(archive / "out")


@pytest.mark.gpu
def test_the_report_says_the_device(archive, motes):
    gpu()
    for device, place in (("cuda", "cuda:0"), ("cpu", "cpu")):
        words = ("--shape", "25x25", "--max-iterations", 2, "--device", device)
        result = motes("reconstruct", "endeavor.npz", "-o", device, *words)
        assert result.exit_code == 0, result.stderr
        assert report_of(archive / device)["device"] == place
