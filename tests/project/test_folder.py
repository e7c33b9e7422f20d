"""The project's folder: begun, opened, written by one at a time, and refused where it is none."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import motes
from motes.project import BusyError, Project, labelled
from motes.project.asking import ask, waiting
from motes.project.labels import import_labels, new_id, take_back
from motes.project.teaching import train
from projects import add


def test_begun_and_opened_again(project, tmp_path):
    again = Project(tmp_path / "p")
    assert again.names == ("grid0", "grid1", "grid2")
    assert again.diameter == 24
    assert again.shapes["grid1"] == (300, 400)
    assert again.micrograph("grid2").shape == (300, 400)
    assert repr(again) == f"<Project {tmp_path / 'p'}: 3 micrographs, 0 particles labelled>"


def test_a_diameter_in_angstrom(tmp_path, centres):
    made = Project.create(tmp_path / "p", (tmp_path / "micrographs").glob("*.tif"), 48, pixel_size=2.0)
    assert (made.diameter, made.pixel_size) == (24, 2)


def test_both_may_be_moved_together(project, tmp_path):
    (tmp_path / "away").mkdir()
    for name in ("p", "micrographs"):
        (tmp_path / name).rename(tmp_path / "away" / name)
    assert Project(tmp_path / "away" / "p").micrograph("grid0").shape == (300, 400)


def test_what_create_refuses(project, tmp_path):
    files = sorted((tmp_path / "micrographs").glob("*.tif"))
    with pytest.raises(ValueError, match=r"p: holds a project already; choose another folder"):
        Project.create(tmp_path / "p", files, 24)
    with pytest.raises(ValueError, match="expected at least one file, got none"):
        Project.create(tmp_path / "q", [], 24)
    with pytest.raises(ValueError, match="diameter: expected a positive, finite number, got 0"):
        Project.create(tmp_path / "q", files, 0)
    with pytest.raises(ValueError, match="diameter: expected at least 4 pixels, got 2"):
        Project.create(tmp_path / "q", files, 4, pixel_size=2.0)
    with pytest.raises(ValueError, match=r"diameter: 500 pixels do not fit into .*grid0.tif, 400 x 300 pixels"):
        Project.create(tmp_path / "q", files, 500)
    with pytest.raises(ValueError, match="have one name but for folder and suffix"):
        Project.create(tmp_path / "q", [*files, tmp_path / "grid1.mrc"], 24)
    with pytest.raises(FileNotFoundError):
        Project.create(tmp_path / "q", [tmp_path / "nothing.tif"], 24)
    assert not (tmp_path / "q").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 2, but this motes knows 1; use the motes it was made with, or newer"),
        ({"version": "1"}, "expected a JSON object with a version"),
        ({"format": "other"}, "format: expected 'motes active', got 'other'"),
        ({"diameter": 0}, "diameter: expected a positive, finite number, got 0"),
        ({"diameter": None}, "damaged"),
        ({"micrographs": [{"name": "a"}]}, "damaged"),
        ({"micrographs": [{"name": 3, "path": "a", "shape": [2, 2]}]}, "expected name, path and shape"),
    ],
)
def test_a_project_file_that_is_none(project, change, message):
    path = project.folder / "project.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(motes.FormatError, match=f"project.json: .*{re.escape(message)}"):
        Project(project.folder)


def test_a_folder_without_a_project(tmp_path):
    with pytest.raises(motes.FormatError, match=r"no project \(it holds no project.json\); begin one"):
        Project(tmp_path)
    (tmp_path / "project.json").write_text("{")
    with pytest.raises(motes.FormatError, match=r"project.json: no JSON"):
        Project(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({}, "action: id: expected 6 to 40 letters"),
        ({"id": "theirs", "type": "open", "micrograph": "grid9"}, "micrograph: expected one of the project, got"),
        ({"id": "theirs", "type": "add"}, "add: expected the fields"),
        (add() | {"x": None}, "x: expected a finite number, got None"),
    ],
)
def test_a_journal_of_something_else(project, line, message):
    path = project.folder / "labels.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in (add(), line, add())))
    with pytest.raises(motes.FormatError, match=f"labels.jsonl: line 2: .*{re.escape(message)}"):
        Project(project.folder)


def test_of_two_that_begin_at_once_one_is_refused(tmp_path, centres):
    files = sorted((tmp_path / "micrographs").glob("*.tif"))

    def meanwhile(paths):
        yield from paths
        Project.create(tmp_path / "p", files[:1], 24)

    with pytest.raises(ValueError, match=r"p: holds a project already"):
        Project.create(tmp_path / "p", files, 30, watch=meanwhile)
    assert Project(tmp_path / "p").names == ("grid0",)


def test_a_micrograph_that_changed_its_size(project, tmp_path):
    Image.fromarray(np.zeros((50, 50), np.float32)).save(tmp_path / "micrographs" / "grid0.tif")
    with pytest.raises(ValueError, match=r"grid0.tif: \(50, 50\) pixels, but \(300, 400\) when the project began"):
        project.micrograph("grid0")


# -- one writer -----------------------------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_writes(project):
    second = Project(project.folder).writing("motes active train p")
    with project.writing("motes active label p"), pytest.raises(BusyError) as refused, second:
        pass
    assert re.search(
        r"p: in use by motes active label p \(process \d+ on .*, since 2.*\); end that first", str(refused.value)
    )
    with Project(project.folder).writing("motes active train p"):
        pass


def test_a_lock_that_a_crash_left_blocks_nobody(project):
    code = (
        "import sys, time; from motes.project import Project\n"
        f"with Project({str(project.folder)!r}).writing('doomed'): print('in', flush=True); time.sleep(60)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "in\n"
        with pytest.raises(BusyError, match=f"doomed \\(process {child.pid} on"), project.writing("test"):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert "doomed" in (project.folder / "lock").read_text()
    began = time.monotonic()
    with project.writing("test"):
        project.act([add()])
    assert time.monotonic() - began < 5


def test_writing_reads_what_others_wrote_before(project):
    other = Project(project.folder)
    with other.writing("one"):
        other.act([add()])
    with project.writing("two"):
        project.act([add(x=200.0)])
    assert Project(project.folder).state().n_particles == 2


# -- labels ---------------------------------------------------------------------------------------------------------


def test_actions_add_up(asked):
    def answer(i, particle, x=41.0):
        return {"id": new_id(), "type": "answer", "question": f"1.{i}", "particle": particle,
                "micrograph": "grid0", "x": x, "y": 40.0, "radius": 12.0}  # fmt: skip

    one, two, three, new = answer(0, True), answer(1, False), answer(2, None), add(x=300.0)
    with asked.writing("test"):
        assert asked.act([one, two, three, new]) == [one, two, three, new]
        assert asked.act([one]) == []  # its acknowledgement was lost, so it came twice
        asked.act([{"id": new_id(), "type": "move", "place": new["id"], "x": 310.0, "y": 20.0}])
        asked.act([{"id": new_id(), "type": "complete", "micrograph": "grid2", "complete": True}])
    state = Project(asked.folder).state()
    assert {name: place.particle for name, place in state.answered.items()} == {"1.0": True, "1.1": False, "1.2": None}
    assert (state.places[new["id"]].x, state.places[new["id"]].y) == (310, 20)
    assert state.n_particles == 2
    assert state.opened == {"grid0"}, "that it is complete may be known from a file"
    assert state.complete == {"grid2"}
    with asked.writing("test"):
        asked.act([answer(0, False)])  # a second thought
        assert asked.state().answered["1.0"].particle is False
        asked.act([{"id": new_id(), "type": "undo", "action": asked.actions[-1]["id"]}])
        assert asked.state().answered["1.0"].particle is True
        asked.act([{"id": new_id(), "type": "remove", "place": new["id"]}])
    assert asked.state().n_particles == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "short"}, "id: expected 6 to 40 letters"),
        ({"id": None}, "id: expected 6 to 40 letters"),
        ({"id": "../../etc/x"}, "id: expected 6 to 40 letters"),
        ({"type": "format"}, "type: expected one of answer, add"),
        ({"type": ["add"]}, "type: expected one of answer, add"),
        ({"x": float("nan")}, "x: expected a finite number, got nan"),
        ({"x": "5"}, "x: expected a finite number, got '5'"),
        ({"x": True}, "x: expected a finite number, got True"),
        ({"x": 1e9}, "expected a place on grid0 of 400 x 300 pixels, got"),
        ({"radius": -1}, "radius: expected a number above 0"),
        ({"micrograph": "../secret"}, "micrograph: expected one of the project, got '../secret'"),
        ({"particle": 1}, "particle: expected true or false, got 1"),
        ({"particle": None}, "particle: expected true or false, got None"),
        ({"more": 1}, "expected the fields"),
        ({"by": "x" * 99}, "by: expected a text of at most 40"),
        ({"type": "answer", "question": "7.0"}, "question: expected a question that was asked, got '7.0'"),
        ({"type": "answer", "question": ["1.0"]}, "question: expected a question that was asked"),
        ({"type": "answer", "question": "1/../1.0"}, "question: expected a question that was asked"),
    ],
)
def test_what_is_no_action(asked, change, message):
    with asked.writing("test"):
        with pytest.raises(ValueError, match=re.escape(message)):
            asked.act([add(), add() | change])
        assert asked.actions == []


def test_questions_wait_until_they_are_answered(asked):
    assert waiting(asked) == (1, 6)
    with asked.writing("test"):
        where = {"micrograph": "grid0", "x": 41.0, "y": 40.0, "radius": 12.0}
        asked.act([{"id": new_id(), "type": "answer", "question": "1.3", "particle": None, **where}])
    assert waiting(asked) == (1, 5)


def test_a_label_of_a_place_replaces_the_one_before(project):
    with project.writing("test"):
        project.act([add(50, 60), add(55, 60, particle=False), add(200, 60, particle=False), add(201, 60)])
    learned = labelled(project)
    assert learned.particles.centres.tolist() == [[201, 60]]
    assert learned.rejected.centres.tolist() == [[55, 60]]


def test_labels_from_files(project, centres, tmp_path):
    places = centres["grid1"]
    rows = "\n".join(f"{x},{y},24" for x, y in places)
    (tmp_path / "grid1.csv").write_text(f"X-Coordinate,Y-Coordinate,Diameter\n{rows}\n")
    with project.writing("test"):
        first = import_labels(project, [tmp_path / "grid1.csv"], complete=True)
        again = import_labels(project, [tmp_path / "grid1.csv"])
    assert (first[0].n_new, again[0].n_new, again[0].n_known) == (len(places), 0, len(places))
    learned = labelled(project)
    assert [micrograph.name for micrograph in learned.micrographs] == ["grid1"]
    assert learned.complete.tolist() == [True]
    np.testing.assert_allclose(learned.particles.centres, places)


def test_the_last_files_are_taken_back(project, centres, tmp_path):
    """One call, all that it did; then the call before. The journal keeps it, and other labels stay."""
    for name in ("grid0", "grid1", "grid2"):
        rows = "\n".join(f"{x},{y},24" for x, y in centres[name])
        (tmp_path / f"{name}.csv").write_text(f"X-Coordinate,Y-Coordinate,Diameter\n{rows}\n")
    with project.writing("test"):
        import_labels(project, [tmp_path / "grid0.csv"])
        first = project.state()
        import_labels(project, [tmp_path / "grid1.csv", tmp_path / "grid2.csv"], complete=True)
        project.act([add(5, 6)])
        lines = len(project.actions)
        taken = take_back(project)
        now = project.state()
        assert [action["type"] for action in taken] == ["import", "complete"] * 2
        assert len(project.actions) == lines + 4
        assert now.complete == set()
        assert {name for name in now.places if name not in first.places} == {project.actions[lines - 1]["id"]}
        assert now.n_particles == first.n_particles + 1
        import_labels(project, [tmp_path / "grid1.csv"])
        assert project.state().n_particles == now.n_particles + len(centres["grid1"]), "and may come again"
        take_back(project)
        assert [Path(action["file"]).name for action in take_back(project)] == ["grid0.csv"]
        assert project.state().n_particles == 1
        with pytest.raises(ValueError, match="no labels from files are there to be taken back"):
            take_back(project)
    assert Project(project.folder).state() == project.state()


def test_an_import_of_an_older_journal_is_taken_back(project):
    """It does not tell which call it was of: one file at a time."""
    place = {"micrograph": "grid0", "x": 50.0, "y": 60.0, "radius": 12.0}
    with project.writing("test"):
        project.act([{"id": f"import{i}", "type": "import", "file": f"{i}.csv", "places": [place]} for i in range(2)])
        assert [action["file"] for action in take_back(project)] == ["1.csv"]
        assert [action["file"] for action in take_back(project)] == ["0.csv"]


def test_labels_that_are_turned_over_are_told(project, centres, tmp_path):
    def told(flip):
        rows = "\n".join(f"{x},{299 - y if flip else y},24" for x, y in centres["grid1"])
        (tmp_path / "grid1.csv").write_text(f"X-Coordinate,Y-Coordinate,Diameter\n{rows}\n")
        with project.writing("test"):
            (one,) = import_labels(project, [tmp_path / "grid1.csv"])
            take_back(project)
        return one.flip

    assert told(flip=False) is None
    name, likely = told(flip=True)
    assert (name, str(likely.likeliest)) == ("grid1", "flip y")
    project.path("grid1").unlink()
    assert told(flip=True) is None, "labels do not need the image"


def test_of_files_that_are_turned_over_one_is_told(project, centres, tmp_path):
    paths = [tmp_path / f"{name}.csv" for name in project.names]
    for path in paths:
        rows = "\n".join(f"{x},{299 - y},24" for x, y in centres[path.stem])
        path.write_text(f"X-Coordinate,Y-Coordinate,Diameter\n{rows}\n")
    with project.writing("test"):
        told = import_labels(project, paths)
    assert [one.file for one in told] == [str(path) for path in paths]
    (flipped,) = [one for one in told if one.flip]
    assert flipped.flip[0] == Path(flipped.file).stem, "the file that the micrograph is of"


def test_labels_from_a_file_that_counts_from_the_bottom(project, centres, tmp_path):
    places = centres["grid1"]
    rows = "\n".join(f"{x - 12}\t{300 - (y + 12)}\t24\t24" for x, y in places)
    (tmp_path / "grid1.box").write_text(f"{rows}\n")
    with project.writing("test"):
        import_labels(project, [tmp_path / "grid1.box"], y_origin="bottom")
    np.testing.assert_allclose(labelled(project).particles.centres, places, atol=1e-9)


def test_files_that_are_refused_leave_nothing(project, tmp_path):
    (tmp_path / "grid0.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n50,50,24\n")
    (tmp_path / "other.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n50,50,24\n")
    (tmp_path / "grid1.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n5,5,24\n4000,50,24\n")
    with project.writing("test"):
        with pytest.raises(ValueError, match=r"other.csv: is of other, none of the project's micrographs \(grid0, "):
            import_labels(project, [tmp_path / "other.csv"])
        with pytest.raises(ValueError, match=r"row 2 of grid1 is at \(4000, 50\), outside its 400 x 300 pixels"):
            import_labels(project, [tmp_path / "grid0.csv", tmp_path / "grid1.csv"])
    assert project.actions == []


def test_files_of_other_micrographs_are_passed_over(project, tmp_path):
    for name in ("other", "grid0"):
        (tmp_path / f"{name}.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n50,50,24\n")
    with project.writing("test"):
        other, own = import_labels(project, [tmp_path / "other.csv", tmp_path / "grid0.csv"])
    assert (other.n_new, other.n_here, other.elsewhere) == (0, 0, ("other",))
    assert (own.n_new, own.n_here, own.elsewhere) == (1, 1, ())


# -- micrographs that can not be looked at --------------------------------------------------------------------------


def test_blank_micrographs_are_left_out(tmp_path, centres):
    blank = tmp_path / "micrographs" / "blank.tif"
    Image.fromarray(np.full((300, 400), 7, np.float32)).save(blank)
    with pytest.warns(UserWarning, match=r"blank.tif: is blank, every pixel is the same; left out"):
        made = Project.create(tmp_path / "p", (tmp_path / "micrographs").glob("*.tif"), 24)
    assert made.names == ("grid0", "grid1", "grid2")
    with (
        pytest.warns(UserWarning, match="is blank"),
        pytest.raises(ValueError, match="micrographs: all of them are blank"),
    ):
        Project.create(tmp_path / "q", [blank], 24)


def test_what_became_blank_or_nan_is_left_out_of_a_query(project, tmp_path):
    for name, value in (("grid0", 0), ("grid1", np.nan)):
        Image.fromarray(np.full((300, 400), value, np.float32)).save(tmp_path / "micrographs" / f"{name}.tif")
    with project.writing("test"):
        with pytest.warns(UserWarning, match="left out") as told:
            asked = ask(project, 10)
        assert {question.micrograph for question in asked.questions} == {"grid2"}
        assert re.search(r"grid\d.tif: is blank, every pixel is 0; left out", " ".join(str(w.message) for w in told))
        assert re.search(r"micrographs/grid1.tif: .*; left out", " ".join(str(w.message) for w in told))
        Image.fromarray(np.zeros((300, 400), np.float32)).save(tmp_path / "micrographs" / "grid2.tif")
        with pytest.raises(ValueError, match="grid"):
            ask(project, 10)


def test_labels_on_a_micrograph_that_became_nan_are_left_out_of_the_training(project, tmp_path):
    for m in range(2):
        (tmp_path / f"grid{m}.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n150,120,24\n")
    image = tmp_path / "micrographs" / "grid1.tif"
    with project.writing("test"):
        import_labels(project, [tmp_path / "grid0.csv", tmp_path / "grid1.csv"])
        Image.fromarray(np.full((300, 400), np.nan, np.float32)).save(image)
        with pytest.warns(UserWarning, match=r"grid1\.tif: holds values that are no finite numbers; left out, with"):
            assert train(project)["n_particles"] == 1
        Image.fromarray(np.zeros((300, 400), np.float32)).save(tmp_path / "micrographs" / "grid0.tif")
        with (
            pytest.warns(UserWarning, match="left out"),
            pytest.raises(ValueError, match="nothing is labelled but micrographs that no picker can look at"),
        ):
            train(project)
