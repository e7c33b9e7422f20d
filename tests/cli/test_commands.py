"""The commands as such: help, version, configuration, the demonstration, and what they cost."""

from __future__ import annotations

import errno
import json
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
from typer.core import TyperGroup

import motes as library
from motes.cli.commands import explanation
from motes.cli.outputs import output_folder

COMMANDS = {
    (): [
        *("demo", "reconstruct", "info", "convert", "evaluate", "suppress", "consensus", "simulate", "show-config"),
        "--version",
    ],
    ("demo",): ["--out", "--seed"],
    ("info",): ["FILE", "--picks", "--micrograph", "--diameter"],
    ("convert",): [
        *("PICKS", "-o", "--from", "--to", "--flip-y", "--y-origin", "--to-y-origin", "--height", "--width"),
        *("--micrograph", "--scale", "--diameter"),
    ],
    ("evaluate",): [
        *("--picks", "--truth", "--radius", "--iou", "--flip-y", "--height", "--matching", "--missing", "--threads"),
        *("--micrographs", "--overlays", "--from", "--truth-from", "-o"),
    ],
    ("suppress",): [
        *("PICKS", "-o", "--iou", "--distance", "--edge", "--min-score", "--radius", "--from", "--to", "--height"),
        *("--width", "--micrograph", "--threads"),
    ],
    ("consensus",): [
        *("PICKERS", "-o", "--iou", "--distance", "--min-pickers", "--radius", "--missing", "--from", "--to"),
        *("--height", "--width", "--micrograph", "--threads"),
    ],
    ("show-config",): [],
    ("simulate",): ["patterns"],
    ("simulate", "patterns"): ["--task", "--image", "--contrast", "--patterns", "--photons", "--seed", "-o", "--truth"],
    ("reconstruct",): [
        "--task",
        "--shape",
        "--patterns",
        "--method",
        "--rotations",
        "--noise",
        "--seed",
        "--threads",
        "--truth",
        "-o",
        "--init",
        "--acceleration",
        "--weights",
        "--tolerance",
        "--max-iterations",
        "--restarts",
        "--mask",
        "--exclude",
        "--resume",
        "--quiet",
        "--log",
        "--binarise",
    ],
}


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("help_option", ["--help", "-h"])
def test_help_names_everything(motes, monkeypatch, words, help_option):
    monkeypatch.setenv("COLUMNS", "200")
    result = motes(*words, help_option)
    assert result.exit_code == 0, result.stderr
    for expected in COMMANDS[words]:
        assert expected.lower() in result.stdout.lower()


def test_no_command_is_help(motes):
    result = motes()
    assert result.exit_code == 0
    assert "reconstruct" in result.stdout


def test_help_loads_nothing_heavy():
    code = """
import sys
from motes.cli import main
sys.argv = ["motes", "--help"]
try:
    main()
finally:
    print(sorted({"numpy", "scipy", "matplotlib", "h5py", "torch"} & set(sys.modules)))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "reconstruct" in told
    assert told.endswith("[]\n")


def test_the_installed_command_is_the_module():
    installed = shutil.which("motes", path=str(library.__path__[0]) + "/../../../../bin") or shutil.which("motes")
    if installed is None:
        pytest.skip("the command is not on the path")
    told = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True).stdout
    assert told == f"motes {library.__version__}\n"


def test_version(motes):
    assert motes("--version").stdout == f"motes {library.__version__}\n"


def test_show_config(motes):
    told = motes("show-config").stdout
    for name, value in library.show_config().items():
        assert any(line.startswith(name.replace("_", " ")) for line in told.splitlines())
        assert str(value if not isinstance(value, list) else value[0]) in told


def test_demo(motes, tmp_path):
    result = motes("demo", "--out", tmp_path / "story")
    assert result.exit_code == 0, result.stderr
    for name in ("demo.png", "micrograph.png"):
        assert str(tmp_path / "story" / name) in result.stdout
    assert "1,889 picks on a real micrograph, 1,008 after suppression" in result.stdout
    assert "average precision 0.573 before, 0.760 after" in result.stdout
    assert "the saved master is turned so that the first pattern's label is 0" in result.stdout
    report = json.loads((tmp_path / "story" / "report.json").read_text())
    assert report["error"] < 1.3 * report["error_bound"]
    assert report["seconds"] < 20
    for name in ("demo.png", "micrograph.png", "master.png", "convergence.png"):
        assert (tmp_path / "story" / name).read_bytes().startswith(b"\x89PNG")
    assert np.load(tmp_path / "story" / "labels.npy").shape == (100_000,)
    viewed = motes("view", tmp_path / "story", "--no-open")
    assert viewed.exit_code == 0, viewed.stderr
    command = next(line for line in result.stdout.splitlines() if "motes reconstruct" in line)
    again = motes(*shlex.split(command.partition(": motes ")[2]), "--quiet")
    assert again.exit_code == 0, again.stderr
    for name in ("master.npy", "std_error.npy", "labels.npy"):
        first, second = tmp_path / "story" / name, tmp_path / "story" / "again" / name
        assert first.read_bytes() == second.read_bytes()
    assert json.loads((tmp_path / "story" / "again" / "report.json").read_text())["error"] == report["error"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "out/x"),
            "out/x: no space left on device; no results were written",
        ),
        (OSError("broken"), "broken"),
        (ValueError("two\nlines"), "two lines"),
        (MemoryError("1 TiB"), "not enough memory"),
        (ImportError("x.h5: HDF5 needs h5py: pip install 'motes[io]'"), "x.h5: HDF5 needs h5py"),
    ],
)
def test_mistakes_are_explained_in_one_line(error, expected):
    assert explanation(error).startswith(expected)
    assert "\n" not in explanation(error)


@pytest.mark.parametrize("error", [TypeError("a bug"), KeyError("a bug"), ImportError("a bug", name="motes._core")])
def test_bugs_keep_their_traceback(error):
    assert explanation(error) is None


def fill(folder, content, failure=None):
    with output_folder(folder, ["one"]) as staging:
        (staging / "one").write_text(content)
        assert not (folder / "one").exists() or (folder / "one").read_text() != content
        if failure is not None:
            raise failure


def test_outputs_appear_together_or_not_at_all(tmp_path):
    out = tmp_path / "a" / "b"
    with pytest.raises(RuntimeError):
        fill(out, "first", RuntimeError())
    assert not (tmp_path / "a").exists()
    fill(out, "second")
    with pytest.raises(KeyboardInterrupt):
        fill(out, "third", KeyboardInterrupt())
    assert {path.name: path.read_text() for path in out.iterdir()} == {"one": "second"}


def test_interrupted_while_it_loads():
    code = """
import sys

class Interrupt:
    def find_spec(self, name, path, target=None):
        if name == "motes.cli":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
import motes.__main__
motes.__main__.main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "motes: interrupted: nothing was written\n"


def test_interrupted_while_it_reads(motes, monkeypatch, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(library, "read_patterns", interrupt)
    ended = motes("reconstruct", "photons.npz", "-o", tmp_path / "out")
    assert (ended.exit_code, ended.stdout) == (130, "")
    assert ended.stderr.strip() == "motes: interrupted: nothing was written"
    assert not (tmp_path / "out").exists()


def test_interrupted_while_it_reads_the_command_line(motes, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(TyperGroup, "make_context", interrupt)
    ended = motes("reconstruct", "photons.npz", "-o", "out")
    assert (ended.exit_code, ended.stderr.strip()) == (130, "motes: interrupted: nothing was written")


def test_info_of_real_numbers_and_of_counts_of_a_real_type(tmp_path, motes):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "frames.npy", rng.normal(2.0, 1.0, (20, 9, 8)).astype(np.float32))
    told = motes("info", tmp_path / "frames.npy").stdout
    assert told.startswith("frames.npy: dense float32, 20 patterns of 9x8 pixels, mean 1.988, ")
    assert told.endswith("motes reconstruct --noise gaussian\n")
    np.save(tmp_path / "counts.npy", rng.poisson(1.0, (20, 9, 9)).astype(np.float64))
    assert "gaussian" not in motes("info", tmp_path / "counts.npy").stdout
