"""`motes reconstruct --config config.ini`, its lists of patterns, and what it writes in Dragonfly's layout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import motes as library
from motes.dragonfly import read_output

pytest.importorskip("h5py", reason="HDF5 needs h5py")

N, SIDE = 600, 9


@pytest.fixture(scope="module")
def drawn():
    truth = library.simulate.scaled(library.simulate.portrait(SIDE), 30.0)
    return library.simulate.patterns(truth, N, noise="poisson", seed=2)


@pytest.fixture
def folder(drawn, tmp_path, monkeypatch):
    """Two files of patterns, a list of them, and a blacklist."""
    patterns = library.Patterns.from_coo(drawn.rows, drawn.cols, counts=drawn.counts, shape=(SIDE, SIDE), n_patterns=N)
    monkeypatch.chdir(tmp_path)
    library.write_patterns("one.npz", patterns[: N // 3])
    library.write_patterns("two.npz", patterns[N // 3 :])
    Path("runs.txt").write_text("one.npz\ntwo.npz\n")
    Path("blacklist.dat").write_text("".join(f"{int(i % 7 == 0)}\n" for i in range(N)))
    return patterns


def config(*lines: str) -> None:
    usual = ("[emc]", "recon_type = 2d", "in_photons_list = runs.txt", "num_rot = 4")
    Path("config.ini").write_text("\n".join((*usual, *lines, "")))


def report_of(out="out"):
    return json.loads(Path(out, "report.json").read_text(encoding="utf-8"))


def expected_kept() -> np.ndarray:
    kept = np.arange(N) % 7 != 0
    kept[np.flatnonzero(kept)[1::2]] = False
    return kept


def test_several_files_are_one_after_the_other(folder, motes):
    assert motes("reconstruct", "one.npz", "two.npz", "-o", "out", "--noise", "poisson").exit_code == 0
    expected = library.reconstruct(folder, noise="poisson")
    np.testing.assert_array_equal(np.load("out/labels.npy"), expected.labels)
    assert report_of()["input"]["path"] == [str(Path("one.npz").resolve()), str(Path("two.npz").resolve())]


def test_half_of_what_is_not_blacklisted(folder, motes):
    words = ("--blacklist", "blacklist.dat", "--selection", "odd", "--noise", "poisson")
    assert motes("reconstruct", "one.npz", "two.npz", "-o", "out", *words).exit_code == 0
    np.testing.assert_array_equal(np.load("out/labels.npy") >= 0, expected_kept())
    assert report_of()["input"]["n_excluded"] == N - expected_kept().sum()


def test_lists_that_do_not_fit_are_refused(folder, refused, tmp_path):
    both = ("reconstruct", "one.npz", "two.npz", "-o", "out")
    assert "--selection: expected odd or even, got 'all'" in refused(tmp_path, *both, "--selection", "all")
    told = refused(tmp_path, "reconstruct", "one.npz", "-o", "out", "--blacklist", "blacklist.dat")
    assert f"600 numbers, expected one for each of {N // 3} patterns" in told
    assert "--patterns: is for one file, got 2" in refused(tmp_path, *both, "--patterns", 700)
    assert "expected a file of patterns" in refused(tmp_path, "reconstruct", "-o", "out")


def test_files_of_other_shapes_are_refused(folder, refused, tmp_path):
    np.save("three.npy", np.zeros((3, 5, 5), int))
    told = refused(tmp_path, "reconstruct", "one.npz", "three.npy", "-o", "out")
    assert told.startswith("motes: error: three.npy: patterns of 5x5 and 9x9 pixels")


def test_options_override_the_configuration_and_are_told(folder, motes):
    config("selection = even_only", "blacklist_file = blacklist.dat", "num_div = 3", "beta = 1", "num_modes = 1")
    result = motes("reconstruct", "--config", "config.ini", "-o", "out", "--rotations", "C4", "--selection", "odd")
    assert result.exit_code == 0, result.stderr
    notes = report_of()["notes"]
    assert "config.ini: num_rot is overridden by --rotations" in notes
    assert "config.ini: selection is overridden by --selection" in notes
    assert [note for note in notes if note.startswith("config.ini: num_div: ")]
    assert not [note for note in notes if "blacklist" in note]
    assert report_of()["noise"] == "poisson"
    np.testing.assert_array_equal(np.load("out/labels.npy") >= 0, expected_kept())
    output = read_output(f"out/output_{report_of()['iterations']:03d}.h5")
    np.testing.assert_array_equal(output.orientations, np.load("out/labels.npy"))
    np.testing.assert_array_equal(output.intens[0], np.load("out/master.npy"))
    lines = Path("out/EMC.log").read_text().splitlines()
    rows = [line.split() for line in lines if line[:1].isdigit()]
    assert [int(row[0]) for row in rows] == list(range(1, report_of()["iterations"] + 1))
    assert {len(row) for row in rows} == {len(lines[-len(rows) - 1].split())}  # as many as there are names
    assert float(rows[-1][4]) == pytest.approx(report_of()["log_likelihood"], rel=1e-6)


def test_a_whole_configuration_is_what_the_library_does(folder, motes):
    """Classes, angles, fluences, annealing, a start, halves of what is not blacklisted."""
    start = np.random.default_rng(0).uniform(0.5, 1.5, (3, SIDE + 2, SIDE + 2))
    Path("start.bin").write_bytes(np.ascontiguousarray(start[:, 1:-1, 1:-1]).tobytes())
    model = ("num_modes = 2", "num_nonrot_modes = 1", "need_scaling = 1", "beta = 0.3", "beta_schedule = 2 1")
    config(*model, "selection = odd_only", "blacklist_file = blacklist.dat", "start_model_file = start.bin")
    result = motes("reconstruct", "--config", "config.ini", "-o", "out", "--max-iterations", 4)
    assert result.exit_code == 0, result.stderr
    kept = expected_kept()
    patterns, models = folder[kept], start[:, 1:-1, 1:-1]
    bright = models * (patterns.n_photons / len(patterns) / models.sum(axis=(1, 2)).mean())
    found = library.reconstruct(
        patterns, "in-plane:4", "poisson", classes=2, still_classes=1, fluence="estimate", beta=(0.3, 0.6, 1.0),
        init=bright, max_iterations=4,
    )  # fmt: skip
    np.testing.assert_array_equal(np.load("out/master.npy"), found.masters)
    told = motes("info", "out").stdout.splitlines()
    assert told[0] == "out: a mixture by em, poisson, in-plane:4, C1; motes view out shows it"
    output = read_output("out/output_004.h5")
    np.testing.assert_array_equal(output.intens, np.nan_to_num(found.masters))
    np.testing.assert_array_equal(output.scale[kept], found.fluence)
    np.testing.assert_array_equal(output.orientations >= 0, kept)
    kinds, turns = found.labels.T
    np.testing.assert_array_equal(output.orientations[kept], np.where(kinds < 2, 2 * turns + kinds, 8))
    rows = [line.split() for line in Path("out/EMC.log").read_text().splitlines() if line[:1].isdigit()]
    for row, record in zip(rows, found.history, strict=True):
        told = [record["change"], record["information"], record["log_likelihood"]]
        np.testing.assert_allclose([float(cell) for cell in row[2:5]], told, rtol=1e-4, atol=1e-6)
    assert [(row[5], float(row[6])) for row in rows] == [("4", 0.3), ("4", 0.6), ("4", 1.0), ("4", 1.0)]


def test_a_resumed_run_goes_on_with_its_log(tmp_path):
    from motes.cli.observers import EMCLog

    def record(iteration, seconds):
        return {"iteration": iteration, "seconds": seconds, "log_likelihood": -1.0, "change": 0.1, "information": 0.5}

    for resume, iterations in ((False, (1, 2)), (True, (3,)), (False, (1,))):
        log = EMCLog(tmp_path / "EMC.log", "in-plane:36", {"seed": 0}, resume)
        for iteration in iterations:
            log(record(iteration, 2.0 * iteration))
        lines = (tmp_path / "EMC.log").read_text().splitlines()
        rows = [line.split() for line in lines if line[:1].isdigit()]
        assert [int(row[0]) for row in rows] == ([1] if iterations == (1,) else list(range(1, iterations[-1] + 1)))
        assert sum(line.startswith("Iter") for line in lines) == 1
    log(record(2, 5.0))
    assert (tmp_path / "EMC.log").read_text().splitlines()[-1].split()[1] == "3.00"  # of this iteration alone


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["num_rots = 4"], "config.ini: [emc] num_rots: there is no such key; did you mean num_rot?"),
        (["in_photons_file = one.npz"], "config.ini: [emc] in_photons_list: given with in_photons_file"),
        (["[emc2]"], "config.ini: [emc2]: there is no such section; did you mean emc?"),
    ],
)
def test_a_configuration_that_is_wrong_is_one_line(folder, refused, tmp_path, lines, told):
    config(*lines)
    assert told in refused(tmp_path, "reconstruct", "--config", "config.ini", "-o", "out")
