"""`motes active`: from micrographs to picks, on the command line."""

from __future__ import annotations

import json
import re
import signal
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path

import numpy as np
import pytest

import gpus
from motes import read_picks
from motes.labelling import Server
from motes.project import Project
from motes.project.labels import new_id
from projects import DIAMETER, write_micrographs


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with micrographs/*.tif and their particles as CryoPPP tables."""
    monkeypatch.chdir(tmp_path)
    centres = write_micrographs(tmp_path / "micrographs", n=4)
    (tmp_path / "particles").mkdir()
    for name, places in centres.items():
        rows = "\n".join(f"{x:.2f},{y:.2f},{DIAMETER}" for x, y in places)
        (tmp_path / "particles" / f"{name}.csv").write_text(f"X-Coordinate,Y-Coordinate,Diameter\n{rows}\n")
    return centres


@pytest.fixture
def begun(here, motes):
    """A project, P."""
    assert motes("active", "init", "P", "--micrographs", "micrographs/*.tif", "--diameter", 24).exit_code == 0
    return here


def answer_all(centres, folder="P"):
    """A person who knows where the particles are answers the last query."""
    project = Project(folder)
    asked = project.queries()[-1]
    actions = []
    for name, question in zip(asked.names, asked.questions, strict=True):
        places = centres[question.micrograph]
        apart = np.hypot(places[:, 0] - question.x, places[:, 1] - question.y)
        x, y = places[apart.argmin()] if apart.min() < 6 else (question.x, question.y)
        place = {"micrograph": question.micrograph, "x": float(x), "y": float(y), "radius": question.radius}
        particle = bool(apart.min() < 6)
        actions.append({"id": new_id(), "type": "answer", "question": name, "particle": particle, **place})
    with project.writing("test"):
        project.act(actions)


def test_the_whole_way(begun, motes):
    """Begin, ask before any label, answer, train, ask, answer, pick: what was found is what is there."""
    told = motes("active", "query", "P", "-n", 40)
    assert told.exit_code == 0, told.stderr
    source = "by importance, of a picker that needs no labels"
    assert re.match(rf"query 1: 40 questions on \d micrographs, {source}\n", told.stdout)
    assert told.stdout.endswith("next: motes active label P\n")
    answer_all(begun)
    told = motes("active", "train", "P")
    assert re.match(r"picker 1: filterbank, \d+ particles and \d+ rejected places, [\d.]+ s\n", told.stdout), told
    assert "of picker 1" in motes("active", "query", "P", "-n", 30, "--seed", 3).stdout
    answer_all(begun)
    told = motes("active", "pick", "P")
    assert (told.exit_code, told.stderr) == (0, "")
    found = read_picks("P/picks/picker1.star")
    said = found.extra["motesLabelled"] != "0"
    assert re.match(
        rf"P/picks/picker1.star: {len(found)} picks: {int((~said).sum())} of probability [\d.e-]+ or more "
        rf"\(where F1 is expected to be best\), {int(said.sum())} that you labelled\n",
        told.stdout,
    )
    told = motes("evaluate", "--picks", "P/picks/picker1.star", "--truth", "particles", "-o", "E", "--no-overlays")
    assert told.exit_code == 0, "the file holds the radius: " + told.stderr
    assert f"picker1.star: a person has labelled {int(said.sum())} of the picks, and may have removed" in told.stderr
    assert json.loads(Path("E/metrics.json").read_text())["best_threshold"]["value"] < 1
    hits = 0
    for name, picks in found.by_micrograph():
        places = begun[name.removesuffix(".tif")]
        apart = np.hypot(picks.x[:, None] - places[:, 0], picks.y[:, None] - places[:, 1])
        hits += int((apart.min(axis=1) < 6).sum())
    n = sum(map(len, begun.values()))
    assert hits / len(found) > 0.75
    assert hits / n > 0.75
    lines = motes("active", "status", "P").stdout.splitlines()
    assert lines[0].startswith("labels: ")
    assert lines[0].endswith(", on 4 of 4 micrographs")
    assert lines[1] == "cost: 70 questions answered (0 wait), 4 of 4 micrographs opened on the page"
    f1 = r"F1 [01]\.\d+ \(0\.\d+ to [01]\.\d+\), precision"
    assert re.match(rf"picker 1 \(\d+ labels\), by 30 answers: {f1}", lines[3])
    assert re.match(r"the next 50 labels: \+0\.\d+ \(\+0\.\d+ to \+0\.\d+\) of F1; the chance", lines[4])
    assert re.match(r"(stop|go on): the rule is to stop once that chance is 90%", lines[5])
    assert lines[6:] == ["next: motes active train P"]
    told = json.loads(motes("active", "status", "P", "--json").stdout)
    assert told["n_answered"] == 70
    assert told["model"] == 1
    assert 0.5 < told["judged"][-1]["f_beta"]["value"] <= 1


def test_labels_from_files_train_a_picker(begun, motes):
    told = motes("active", "label", "P", "particles/grid0.csv", "particles/grid1.csv")
    n = len(begun["grid0"])
    assert told.stdout.startswith(
        f"particles/grid0.csv: {n} labels, 0 known before (centres in pixels, y from the first stored row)\n"
    )
    assert f"{n} labels" not in motes("active", "label", "P", "particles/grid0.csv").stdout
    assert "micrographs not of this project left out" not in motes("active", "label", "P", "particles").stdout
    assert motes("active", "train", "P").exit_code == 0
    assert motes("active", "pick", "P").stderr == (
        "motes: note: no question has been answered yet, so the threshold is a guess and may cost many particles: "
        "motes active query P and label first, or give --threshold\n"
    )
    told = motes("active", "pick", "P", "--format", "cbox", "--threshold", 0.5)
    assert "no question has been answered yet" not in told.stderr
    assert told.stdout.startswith("P/picks/picker1-cbox: ")
    assert sorted(path.name for path in (Project("P").folder / "picks" / "picker1-cbox").iterdir()) == [
        f"grid{m}.cbox" for m in range(4)
    ]
    assert len(read_picks("P/picks/picker1-cbox")) >= n


FRACTIONS = "fractions of a pixel (corners are integers: moved by up to half a pixel)"
LOST = {  # once for all micrographs
    "box": f"EMAN box does not hold {FRACTIONS}; columns motesLabelled",
    "topaz": "Topaz does not hold the radius; columns motesLabelled",
    "cryoppp": "CryoPPP CSV does not hold the score; columns motesLabelled",
    "cryosparc": "cryoSPARC does not hold the radius; columns motesLabelled",
}


@pytest.mark.parametrize("format", ["star", "star30", "box", "topaz", "cryoppp", "cryosparc"])
def test_every_format_can_be_picked(begun, motes, format):
    assert motes("active", "label", "P", "particles/grid0.csv").exit_code == 0
    assert motes("active", "train", "P").exit_code == 0
    told = motes("active", "pick", "P", "--format", format, "--threshold", 0.5)
    assert told.exit_code == 0, told.stderr
    path = told.stdout.partition(": ")[0]
    assert told.stderr == ("" if format.startswith("star") else f"motes: note: {path}: {LOST[format]}\n")
    height = None if format == "cryosparc" else 300
    assert len(read_picks(path, format, height=height)) > 0


def test_y_from_the_bottom(begun, motes):
    (Project("P").folder / "grid2.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n50,20,24\n")
    told = motes("active", "label", "P", "P/grid2.csv", "--y-origin", "bottom")
    assert "y from the last stored row of 300" in told.stdout
    (place,) = Project("P").state().places.values()
    assert (place.x, place.y) == (50, 279)


def test_labels_that_are_turned_over_are_told_and_taken_back(begun, motes, refused, tmp_path):
    told = motes("active", "label", "P", "particles/grid0.csv", "--y-origin", "bottom", "--complete")
    assert re.fullmatch(
        r"motes: note: particles/grid0.csv: turned over\? On grid0 the likeliest is flip y \(.* nats\); if so, take "
        r"them back with motes active label P --undo, and give the other --y-origin\n",
        told.stderr,
    )
    n = len(begun["grid0"])
    told = motes("active", "label", "P", "--undo")
    assert told.stdout == (
        f"particles/grid0.csv: {n} labels taken back\n1 micrograph: no longer said to be complete by these files\n"
        "next: motes active query P\n"
    )
    assert not Project("P").state().places
    assert motes("active", "label", "P", "particles/grid0.csv").stderr == ""
    assert "--undo: goes with no files" in refused(tmp_path, "active", "label", "P", "particles", "--undo")
    assert motes("active", "label", "P", "--undo").exit_code == 0
    assert "no labels from files are there" in refused(tmp_path, "active", "label", "P", "--undo")


def test_a_diameter_in_angstrom_and_patterns_that_the_shell_spread(here, motes):
    files = sorted(str(path) for path in Path("micrographs").iterdir())
    told = motes("active", "init", "Q", "--micrographs", *files, "--diameter", 48, "--pixel-size", 2)
    assert told.exit_code == 0, told.stderr
    assert told.stdout == "Q: 4 micrographs, particles of 24 pixels (48 A)\nnext: motes active query Q\n"


def test_a_folder_of_micrographs_and_files_of_others(here, motes):
    told = motes("active", "init", "P", "--micrographs", "micrographs", "--diameter", 24)
    assert told.stdout.startswith("P: 4 micrographs, particles of 24 pixels\n"), told.stderr
    Path("particles/other.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n50,20,24\n")
    told = motes("active", "label", "P", *sorted(Path("particles").iterdir()))
    assert told.exit_code == 0
    assert told.stderr == ("motes: note: 1 file of micrographs that the project lacks left out: particles/other.csv\n")
    assert told.stdout.count("known before") == 4


def test_status_names_the_next_step_and_few_labels_are_told(begun, motes):
    def step():
        return motes("active", "status", "P").stdout.splitlines()[-1]

    told = motes("active", "status", "P").stdout
    assert "F1: not known yet; it is once all questions of a query of --strategy importance are answered\n" in told
    assert step() == "next: motes active query P"
    x, y = begun["grid0"][0]
    Path("grid0.csv").write_text(f"X-Coordinate,Y-Coordinate,Diameter\n{x},{y},24\n")
    assert motes("active", "label", "P", "grid0.csv").stdout.startswith("grid0.csv: 1 label, 0 known before")
    told = motes("active", "status", "P").stdout.splitlines()
    assert told[0] == "labels: 1 particle, 0 rejected, 0 unsure, on 1 of 4 micrographs"
    assert step() == "next: motes active train P"
    told = motes("active", "train", "P")
    assert told.stdout.startswith("picker 1: filterbank, 1 particle and 0 rejected places")
    assert told.stderr == "motes: note: 1 particle to learn from: very few, label 10 or more\n"
    assert step() == "next: motes active query P"
    assert motes("active", "query", "P", "-n", 5).exit_code == 0
    assert step() == "next: motes active label P"
    told = motes("active", "label", "P", "particles/grid1.csv")
    assert told.stdout.splitlines()[-1] == step(), "label says what status says"


def test_questions_that_are_put_aside_are_told(begun, motes):
    assert motes("active", "query", "P", "-n", 5).stderr == ""
    assert "note: 5 questions of query 1 had no answer and are put aside" in motes("active", "query", "P").stderr


def test_a_pool_smaller_than_the_query_is_asked_to_its_end_and_told(begun, motes):
    told = motes("active", "query", "P", "-n", 5000)
    assert told.exit_code == 0
    n = len(Project("P").queries()[0].questions)
    assert 0 < n < 5000
    assert told.stdout.startswith(f"query 1: {n} questions on ")
    assert told.stderr == "motes: note: 5,000 were to be asked, but no more candidates are left there\n"


def test_strategies(begun, motes, refused, tmp_path):
    assert motes("active", "label", "P", "particles/grid0.csv").exit_code == 0
    assert motes("active", "train", "P").exit_code == 0
    for strategy in ("random", "low_confidence", "boundary_distance", "diverse_position"):
        told = motes("active", "query", "P", "-n", 5, "--strategy", strategy, "--most-micrographs", 2)
        assert told.exit_code == 0, told.stderr
        assert f"by {strategy}, of picker 1" in told.stdout
    assert "strategy: expected one of" in refused(tmp_path, "active", "query", "P", "--strategy", "best")
    assert "committee needs members" in refused(tmp_path, "active", "query", "P", "--strategy", "committee")
    assert "threshold: random takes none" in refused(
        tmp_path, "active", "query", "P", "--strategy", "random", "--threshold", 0.5
    )


def test_the_same_seed_asks_the_same(here, motes):
    asked = []
    for folder in ("A", "B"):
        motes("active", "init", folder, "--micrographs", "micrographs/*.tif", "--diameter", 24)
        assert motes("active", "query", folder, "-n", 10, "--seed", 5).exit_code == 0
        asked.append(Project(folder).queries()[0].questions)
    assert asked[0] == asked[1]


def test_help_tells_every_argument(motes, monkeypatch):
    """Also those that a pattern without quotes becomes."""
    monkeypatch.setenv("COLUMNS", "80")
    for command, words in (("init", "More micrographs"), ("label", "Coordinate files or folders")):
        told = motes("active", command, "--help").stdout
        assert re.search(r"Usage: .* active \w+ \[OPTIONS\] \S+ \[?FILE", told), told
        assert "[more]" not in told
        assert re.search(rf"FILE\b.*{words}", told), told


def test_a_project_in_a_folder_of_other_files_is_told(here, motes):
    words = ("--micrographs", "micrographs", "--diameter", 24)
    told = motes("active", "init", "micrographs", *words)
    assert told.exit_code == 0, told.stderr
    assert told.stderr == (
        "motes: note: micrographs: the project's folder holds other files, too; a folder of its own is easier to move "
        "or delete\n"
    )
    Path("empty").mkdir()
    for folder in ("empty", "new"):
        assert motes("active", "init", folder, *words).stderr == ""


@pytest.mark.gpu
def test_a_gpu_asks_and_picks_the_same(here, motes):
    """The picker's maps on a GPU: the same questions and picks as the processor's."""
    gpus.gpu()
    found = {}
    for device in ("cpu", "cuda"):
        assert motes("active", "init", device, "--micrographs", "micrographs/*.tif", "--diameter", 24).exit_code == 0
        assert motes("active", "label", device, "particles").exit_code == 0
        for words in (("train",), ("query", "-n", 10), ("pick",)):
            done = motes("active", words[0], device, *words[1:], "--device", device)
            assert done.exit_code == 0, done.stderr
        asked = Project(device).queries()[-1].questions
        found[device] = [(question.x, question.y) for question in asked], Path(done.stdout.split(":")[0]).read_text()
    assert found["cpu"] == found["cuda"]


def test_refusals(begun, refused, tmp_path):
    def check(message, *words):
        assert message in refused(tmp_path, "active", *words)

    check("P: holds a project already", "init", "P", "--micrographs", "micrographs/*.tif", "--diameter", 24)
    check("no file matches 'none/*.mrc'", "init", "Q", "--micrographs", "none/*.mrc", "--diameter", 24)
    check("expected a finite number above 0", "init", "Q", "--micrographs", "micrographs/*.tif", "--diameter", -1)
    for command in ("query", "label", "train", "pick", "status"):
        check("no project (it holds no project.json)", command, "micrographs")
    check("nothing is labelled yet", "train", "P")
    check("no picker is trained yet", "pick", "P")
    check("picker: expected one of filterbank", "train", "P", "--picker", "best")
    check("--format: expected one of star", "pick", "P", "--format", "pdf")
    check("--device: expected cpu, cuda, cuda:N or auto, got 'gpu'", "query", "P", "--device", "gpu")
    check("--device: cuda was asked for, but BlobPicker works on the", "query", "P", "--device", "cuda")
    check("other.csv", "label", "P", "other.csv")
    check("--y-origin: expected top or bottom", "label", "P", "particles", "--y-origin", "left")
    check("--y-origin, --complete: of files, and none is given", "label", "P", "--complete")
    check("at most two sets, got 3", "label", "P", *(["--picks", "particles"] * 3), "--no-browser")
    (tmp_path / "P" / "project.json").write_text('{"version": 99}')
    check("version 99, but this motes knows 1", "status", "P")


def test_one_at_a_time(begun, refused, tmp_path):
    with Project("P").writing("motes active label P"):
        line = refused(tmp_path, "active", "train", "P")
    assert re.search(r"P: in use by motes active label P \(process \d+ on .*\); end that first", line)


def test_the_page_is_served_until_interrupted(begun, motes_process):
    process = motes_process("active", "label", "P", "--no-browser")
    address = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", address), process.communicate()
    with urllib.request.urlopen(address) as answer:
        assert b"motes active" in answer.read()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address[:-2])
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert out.endswith("0 particles labelled, 0 questions answered\n")


def test_the_browser_is_opened(begun, motes, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)

    def interrupted(server):
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "serve_forever", interrupted)
    told = motes("active", "label", "P")
    assert told.exit_code == 0, told.stderr
    assert opened == [told.stdout.splitlines()[0]]
