"""Every kind of bad input: one clear line, exit status 2, nothing written."""

from __future__ import annotations

import os
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest


def pairs(rows, cols, name="bad.npz"):
    np.savez(name, task7a=rows, task7b=cols)
    return name


def write(name, content):
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def emc(*header):
    return write("bad.emc", struct.pack("<256i", *header, *[0] * (256 - len(header))))


def zip_bomb():
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (314572800,), }"
    with zipfile.ZipFile("bad.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("task7a.npy", "task7b.npy"):
            with file.open(name, "w") as member:
                member.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
                for _ in range(300):
                    member.write(bytes(2**20))
    return "bad.npz"


def dense(array, name="bad.npy"):
    np.save(name, array)
    return name


class Pickled:
    """Would write a file when it is unpickled."""

    def __reduce__(self):
        return open, ("unpickled", "w")


FILES = {
    "missing": (lambda: "nowhere.npz", "nowhere.npz: no such file or directory; check the path"),
    "a folder": (lambda: ".", "is a directory"),
    "empty": (lambda: write("bad.npz", ""), "bad.npz: is empty"),
    "truncated": (lambda: write("bad.npz", Path("endeavor.npz").read_bytes()[:5000]), "bad.npz: truncated or damaged"),
    "columns of different length": (lambda: pairs([0, 1, 2], [3, 4]), "bad.npz.*3.*2"),
    "no photons": (lambda: pairs(np.zeros(0, int), np.zeros(0, int)), "bad.npz.*--patterns"),
    "too many patterns": (lambda: pairs([0, 10**10 + 1], [3, 4]), "bad.npz.*--patterns"),
    "pixel outside": (lambda: pairs([0, 1], [3, 625]), "bad.npz.*625"),
    "negative row": (lambda: pairs([0, -1], [3, 4]), "bad.npz.*negative at index 1"),
    "negative pixel": (lambda: pairs([0, 1], [3, -4]), "bad.npz.*negative at index 1"),
    "float rows": (lambda: pairs([0.0, 1.0], [3, 4]), "bad.npz.*float64.*integers"),
    "NaN": (lambda: dense([[0.0, np.nan, 1.0, 0.0]]), "bad.npy.*nan"),
    "half a photon": (lambda: dense([[0.0, 0.5, 1.0, 0.0]]), "bad.npy.*0.5"),
    "a negative count": (lambda: dense([[0, -2, 1, 0]]), "bad.npy.*-2"),
    "no square": (
        lambda: dense(np.ones((3, 6), int)),
        "bad.npy: --shape: 6 pixels are no square; give --shape ROWSxCO",
    ),
    "emc of 2^31 patterns": (lambda: emc(-(2**31), 625), "bad.emc"),
    "emc of 2^31 - 1 patterns": (lambda: emc(2**31 - 1, 625), "bad.emc"),
    "zip bomb": (zip_bomb, "bad.npz.*zip bomb"),
    "pickle": (lambda: dense(np.array([Pickled()], object)), "bad.npy.*pickle"),
    "a text": (lambda: write("bad.npz", "photons"), "bad.npz: .*not a format motes reads"),
    "a text of another name": (
        lambda: write("bad.txt", "photons"),
        "bad.txt: not a format motes reads .challenge .npz",
    ),
    "photons as text": (lambda: write("bad.csv", "0,1"), "bad.csv: .*for a list of photons see .*docs/formats.md"),
    "several tasks": (
        lambda: np.savez("bad.npz", task1=np.eye(4), task2=np.eye(4)) or "bad.npz",
        "bad.npz: holds tasks 1, 2; expected one to be named, such as --task 1$",
    ),
    "a table of photons": (lambda: dense(np.ones((9, 2), int)), "bad.npy.*2 columns look like photons"),
    "a picture": (lambda: write("bad.png", b"\x89PNG\r\n\x1a\n" + bytes(2000)), "bad.png: not a format motes reads"),
}


@pytest.mark.parametrize("kind", FILES)
def test_bad_files(archive, refused, kind):
    make, message = FILES[kind]
    file = make()
    assert re.search(message, refused(archive, "reconstruct", file, "-o", "out"))


@pytest.mark.parametrize("kind", ["missing", "a folder", "empty", "truncated", "zip bomb", "pickle", "a text"])
def test_info_refuses_what_is_no_file_of_arrays(archive, refused, kind):
    make, _ = FILES[kind]
    assert refused(archive, "info", make())


def test_an_archive_without_the_task(archive, refused):
    assert re.search(
        "endeavor.npz.*task.*7.*6", refused(archive, "reconstruct", "endeavor.npz", "--task", 6, "-o", "out")
    )


def save(name, array):
    np.save(name, array)
    return name


def save_truth(**arrays):
    np.savez("bad_truth.npz", **arrays)
    return "bad_truth.npz"


OPTIONS = {
    "shape that does not match": (lambda: ["--shape", "20x20"], "endeavor.npz"),
    "shape of one number": (lambda: ["--shape", "25"], "--shape: expected rows and columns, such as 25x25, got '25'"),
    "shape without pixels": (lambda: ["--shape", "0x25"], "--shape: expected rows and columns"),
    "shape that is no square": (lambda: ["--shape", "5x125"], "square"),
    "fewer patterns than rows": (lambda: ["--patterns", 10], "endeavor.npz"),
    "negative patterns": (lambda: ["--patterns", -1], "--patterns"),
    "more patterns than memory": (lambda: ["--patterns", 10**15], "memory"),
    "method": (lambda: ["--method", "magic"], "--method: expected one of em, .*'magic'"),
    "rotations": (lambda: ["--rotations", "C3"], "--rotations: expected C4, D4, C1, in-plane:K .*'C3'"),
    "rotations of no number": (lambda: ["--rotations", "in-plane:x"], "--rotations: expected C4, D4, C1, in-plane:K"),
    "noise": (lambda: ["--noise", "pink"], "--noise: expected bernoulli or poisson, got 'pink'"),
    "noise of real numbers": (lambda: ["--noise", "gaussian"], "endeavor.npz: "),
    "rotations by no angles": (lambda: ["--rotations", "in-plane:0"], "--rotations: expected C4, .*, got .in-plane:0."),
    "init": (lambda: ["--init", "guess"], "--init: expected one of .*'guess'"),
    "init of another shape": (lambda: ["--init", save("init.npy", np.eye(3))], r"--init: expected shape \(25, 25\)"),
    "init that is missing": (lambda: ["--init", "nowhere.npy"], "nowhere.npy: no such file"),
    "acceleration": (lambda: ["--acceleration", "warp"], "--acceleration: expected one of"),
    "weights": (lambda: ["--weights", "heavy"], "--weights: expected one of"),
    "tolerance": (lambda: ["--tolerance", "small"], "--tolerance"),
    "negative tolerance": (lambda: ["--tolerance", -1], "--tolerance"),
    "tolerance of nothing": (lambda: ["--tolerance", 0], "--tolerance: expected a positive"),
    "error bars": (lambda: ["--error-bars", "thin"], "--error-bars: expected one of information, sandwich, bootstrap"),
    "replicates": (lambda: ["--error-bars", "bootstrap", "--replicates", 1], "--replicates"),
    "restarts": (lambda: ["--restarts", 0], "--restarts"),
    "threads": (lambda: ["--threads", 0], "--threads"),
    "seed": (lambda: ["--seed", -5], "--seed"),
    "mask of another shape": (
        lambda: ["--mask", save("mask.npy", np.eye(3, dtype=bool))],
        r"--mask: expected shape \(25, 25\), got \(3, 3\)",
    ),
    "mask of numbers": (lambda: ["--mask", save("mask.npy", np.full((25, 25), 0.5))], "--mask: expected True .*0.5"),
    "mask of words": (lambda: ["--mask", save("mask.npy", np.full((25, 25), "bad"))], "mask.npy: expected numbers"),
    "init of complex numbers": (lambda: ["--init", save("init.npy", np.eye(25) * 1j)], "init.npy: expected numbers"),
    "mask of everything": (lambda: ["--mask", save("mask.npy", np.ones((25, 25), bool))], "--mask: every pixel is bad"),
    "mask that is missing": (lambda: ["--mask", "nowhere.npy"], "nowhere.npy: no such file"),
    "mask that is no array": (lambda: ["--mask", write("mask.npy", "bad")], "mask.npy"),
    "exclude an absent pattern": (lambda: ["--exclude", write("list", "3000\n")], "no pattern 3000, .* 0 to 2999"),
    "exclude a word": (lambda: ["--exclude", write("list", "1\ntwo\n")], "list: line 2: expected the number.*'two'"),
    "exclude a negative": (lambda: ["--exclude", save("list.npy", np.array([-1]))], "no pattern -1"),
    "exclude a negative line": (
        lambda: ["--exclude", write("list", "5\n-1\n")],
        "list: line 2: there is no pattern -1",
    ),
    "exclude a fraction": (lambda: ["--exclude", write("list", "1.5\n")], "list: line 1: expected the number.*'1.5'"),
    "exclude twice": (lambda: ["--exclude", write("list", "7\n8\n7\n")], "list: line 3: pattern 7 .* second time"),
    "exclude beyond all integers": (
        lambda: ["--exclude", write("list", "9" * 30)],
        "list: line 1: expected the number",
    ),
    "exclude an absent entry": (lambda: ["--exclude", write("a.json", "[1, 3000]")], "a.json: entry 1: there is no"),
    "exclude a word in JSON": (lambda: ["--exclude", write("a.json", '[1, "2"]')], 'a.json: entry 1: .*got "2"'),
    "exclude true": (lambda: ["--exclude", write("a.json", "[true]")], "a.json: entry 0: .*got true"),
    "exclude half a JSON": (lambda: ["--exclude", write("a.json", "[1,\n2")], "a.json: line 2: .*JSON list"),
    "exclude thousands of digits": (
        lambda: ["--exclude", write("a.json", "[" + "1" * 5000 + "]")],
        "a.json: a number of thousands of digits; expected a JSON list",
    ),
    "exclude an object": (lambda: ["--exclude", write("a.json", '{"a": 1}')], "a.json: .*JSON list.*an object"),
    "exclude a picture": (lambda: ["--exclude", write("list", b"\x89PNG\xff\xfe")], "list: expected a text"),
    "exclude what is missing": (lambda: ["--exclude", "nowhere.txt"], "nowhere.txt: no such file"),
    "exclude fractions": (lambda: ["--exclude", save("list.npy", np.array([0.5]))], "list.npy: .*float64"),
    "truth that is missing": (lambda: ["--truth", "nowhere.npz"], "nowhere.npz: no such file"),
    "truth without a master": (lambda: ["--truth", "endeavor.npz"], "endeavor.npz: no master in it"),
    "truth of another task": (lambda: ["--task", 7, "--truth", save_truth(master6=np.eye(25))], "no master7"),
    "truth of another shape": (lambda: ["--truth", save_truth(master=np.eye(9))], r"--truth: .*\(9, 9\).*\(25, 25\)"),
    "truth of other patterns": (
        lambda: ["--truth", save_truth(master=np.eye(25), labels=np.zeros(7, int))],
        "--truth: 7 labels, but there are 3000 patterns",
    ),
    "log that can not be written": (lambda: ["--log", "nowhere/log"], "nowhere/log: no such file or directory"),
    "an unknown option": (lambda: ["--colour", "red"], "--colour"),
    "an output that is a file": (lambda: ["-o", "endeavor.npz"], "endeavor.npz: is a file, not a folder"),
    "an output below a file": (lambda: ["-o", "endeavor.npz/out"], "endeavor.npz"),
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_bad_options(archive, refused, kind):
    make, message = OPTIONS[kind]
    assert re.search(message, refused(archive, "reconstruct", "endeavor.npz", "-o", "out", *make()))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_must_not_be_written(archive, refused):
    (archive / "locked").mkdir(mode=0o500)
    assert "locked" in refused(archive, "reconstruct", "endeavor.npz", "-o", "locked")
    assert "locked" in refused(archive, "reconstruct", "endeavor.npz", "-o", "locked/out")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write")
@pytest.mark.parametrize("out", ["/proc/self", "/proc/self/out"])
def test_a_folder_that_can_not_be_written(archive, refused, out):
    assert out in refused(archive, "reconstruct", "endeavor.npz", "-o", out)


def test_a_folder_in_the_place_of_a_result(archive, refused):
    (archive / "out" / "report.json").mkdir(parents=True)
    line = refused(archive, "reconstruct", "endeavor.npz", "-o", "out")
    assert "report.json: is a folder, where a result belongs" in line


def test_older_results_and_logs_outlive_a_failure(archive, refused):
    (archive / "out").mkdir()
    (archive / "out" / "master.npy").write_text("older")
    (archive / "log").write_text("older")
    refused(archive, "reconstruct", "endeavor.npz", "-o", "out", "--log", "log", "--weights", "heavy")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reconstruct", "-o", "out"], "expected a file of patterns"),
        (["reconstruct", "endeavor.npz"], "(?i)missing option.*--out"),
        (["unmake"], "unmake"),
        (["--loud"], "--loud"),
        (["info", "nowhere"], "nowhere: no such file"),
        (["simulate", "weather"], "weather"),
    ],
)
def test_bad_commands(archive, refused, words, message):
    assert re.search(message, refused(archive, *words))
