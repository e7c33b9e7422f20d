"""Evaluation, suppression and studies on workers: the results and the files of one machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import certificates
import clusters
from motes import Circles, distributed, picking
from motes.cli import app
from motes.distributed.each import Each
from motes.distributed.files import Files
from motes.errors import ClusterError
from motes.picks import Picks, write_picks
from motes.study import run_study
from toy_study import failing, same, toy, toy_config, toy_table, write_toy

FEW = {"strategies": ["random", "entropy_score", "committee"], "seeds": 2, "folds": {"n": 3, "run": 1}}


@pytest.fixture(scope="module")
def circles():
    """Picks and particles of seven micrographs, one of them empty."""
    rng = np.random.default_rng(0)
    indptr = [0, 40, 90, 90, 130, 300, 301, 400]
    particles = rng.uniform(0, 900, (400, 2))
    near = particles + rng.normal(0, 8, particles.shape)
    return Circles(near, 20.0, rng.random(400), indptr=indptr), Circles(particles, 20.0, indptr=indptr)


@pytest.mark.parametrize("options", [{}, {"rule": "best", "distance": 12.0, "n_bootstrap": 10, "seed": 3}])
def test_evaluation(client, circles, options):
    here, there = picking.evaluate(*circles, **options), distributed.evaluate(*circles, client=client, **options)
    assert here.as_dict() == there.as_dict()
    np.testing.assert_array_equal(here.matches.particle, there.matches.particle)


@pytest.mark.parametrize("near", [{"iou": 0.2}, {"distance": 30.0}])
def test_suppression(client, circles, near):
    many = Circles.concatenate([circles[0]] * 5)
    for picks in (many, circles[0], circles[0][:0]):
        np.testing.assert_array_equal(
            distributed.suppress(picks, client=client, **near), picking.suppress(picks, **near)
        )


def test_what_is_refused_is_refused_here(client, circles):
    with pytest.raises(ValueError, match="expected one of iou, box_iou and distance, got none"):
        distributed.suppress(circles[0], client=client)
    with pytest.raises(ValueError, match="scores are needed"):
        distributed.suppress(circles[1], client=client, iou=0.5)


def test_each_is_a_map(client):
    found = list(Each(client)(str.upper, (chr(97 + n % 26) for n in range(100))))
    assert found == [chr(65 + n % 26) for n in range(100)]
    assert list(Each(client)(str.upper, [])) == []


def test_files_that_workers_do_not_see(client, tmp_path):
    path = tmp_path / "grid.tif"
    path.write_bytes(b"pixels")
    files = Files.of([tmp_path])
    assert files.sizes == ((str(path), 6),)
    Each(client, files)
    path.write_bytes(b"more pixels")
    with pytest.raises(ClusterError, match=r"workers .*tls.*tls.*: sees another .*grid\.tif: of 11 bytes, not 6"):
        Each(client, files)
    path.unlink()
    with pytest.raises(ClusterError, match=r"can not see .*grid\.tif: no such file or directory; put it where"):
        Each(client, files)


@pytest.fixture
def commands(tmp_path, monkeypatch, client, capsys):
    """Picks, particles and micrographs in files; a command runs here, and on workers: its two folders of results."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for folder in ("picks", "truth", "micrographs"):
        Path(folder).mkdir()
    for name in ("a", "b", "c"):
        x, y = rng.uniform(10, 90, (2, 12))
        write_picks(f"truth/{name}.csv", Picks(x, y, 6.0, micrographs=(name,)))
        found = Picks(x + rng.normal(0, 2, 12), y, 6.0, rng.random(12), micrographs=(name,))
        write_picks(f"picks/{name}.cbox", found)
        Image.fromarray(rng.normal(0, 1, (100, 100)).astype(np.float32)).save(f"micrographs/{name}.tif")

    def run(*words):
        told = []
        on_workers = ("--scheduler", client.scheduler.address, *certificates.files_of(client.security, tmp_path))
        for place, more in (("here", ()), ("there", on_workers)):
            with pytest.raises(SystemExit) as ended:
                app([*words, "-o", place, *more])
            answer = capsys.readouterr()
            assert not ended.value.code, answer.err
            told.append(answer.out.replace(place, "out"))
        assert told[0] == told[1]
        return contents("here"), contents("there")

    return run


def contents(folder):
    """Every file's bytes; but for the command line in a report."""
    found = {}
    for path in Path(folder).iterdir():
        found[path.name] = path.read_bytes()
        if path.suffix == ".json":
            found[path.name] = {key: value for key, value in json.loads(path.read_text()).items() if key != "command"}
    return found


def test_the_command_evaluate(commands):
    here, there = commands("evaluate", "--picks", "picks", "--truth", "truth", "--micrographs", "micrographs")
    assert here == there
    assert {"metrics.json", "precision_recall.png", "overlay_a.png", "overlay_b.png", "overlay_c.png"} == here.keys()


def test_the_command_suppress(commands):
    here, there = commands("suppress", "picks", "--distance", "15")
    assert here == there
    assert len(here) == 3


def test_the_command_reconstruct(commands, store):
    here, there = commands("reconstruct", str(store.path), "--quiet")
    different = {"seconds", "input", "threads"}
    for told in (here, there):
        told["report.json"] = {key: value for key, value in told["report.json"].items() if key not in different}
        for name in ("reconstruction.npz", "convergence.png"):  # they hold, or show, seconds
            del told[name]
    assert here == there
    assert {"master.npy", "std_error.npy", "labels.npy"} <= here.keys()


def test_commands_name_the_option(commands, capsys):
    for words, message in (
        (("--scheduler", "somewhere"), "--scheduler: expected tcp://HOST:PORT"),
        (("--tls-ca", "picks"), "--tls-ca: is of --scheduler tls://"),
        (("--scheduler", "local:1", "--tls-key", "k"), "--tls-key: for an address that begins with tls://"),
        (("--scheduler", "local:1", "--device", "cuda"), "got --device cuda too; leave out one"),
    ):
        with pytest.raises(SystemExit) as ended:
            app(["suppress", "picks", "--distance", "15", "-o", "out", *words])
        assert ended.value.code == 2
        told = capsys.readouterr().err
        assert message in told
        assert told.count("\n") == 1


def test_a_study(client, tmp_path):
    home = write_toy(tmp_path / "data")
    here = run_study(toy_config(home, **FEW), tmp_path / "here", processes=1, picker=toy)
    counted = []
    there = distributed.study(
        toy_config(home, **FEW), tmp_path / "there", client=client, picker=toy, progress=lambda *n: counted.append(n)
    )
    assert counted == [(n, 6) for n in range(7)]
    for one, other in zip(here.results(), there.results(), strict=True):
        assert same(one, other)
    assert {path.name for path in (tmp_path / "there").iterdir()} == {
        path.name for path in (tmp_path / "here").iterdir()
    }
    left = client.run(lambda dask_worker: [path.name for path in Path(dask_worker.local_directory).glob("motes-*")])
    assert list(left.values()) == [[], []]
    config = toy_config(home, **FEW | {"seeds": 3})
    more = distributed.study(config, tmp_path / "there", client=client, resume=True, picker=toy)
    assert len(list(more.results())) == 9


def test_what_a_run_raises_is_raised(client, tmp_path):
    home = write_toy(tmp_path / "data")
    config = toy_config(home, **FEW, labels={"initial": 7, "per_round": 2, "rounds": 2})
    with pytest.raises(ValueError, match="too much to learn"):
        distributed.study(config, tmp_path / "study", client=client, picker=failing)


def test_ctrl_c_ends_a_study_and_its_workers(tmp_path):
    """As in a terminal, where it reaches every process of the group."""
    home = write_toy(tmp_path / "data")
    table = toy_table(home, strategies=["random", "margin"], seeds=500)
    written = [f"name = {json.dumps(table['name'])}", f"strategies = {json.dumps(table['strategies'])}", "seeds = 500"]
    written += ["[folds]", "n = 3", "run = 2", "[labels]", "initial = 3", "per_round = 2", "rounds = 3", "[data]"]
    written += [f"{key} = {json.dumps(value)}" for key, value in table["data"].items()]
    written += ["[picker]", 'name = "blob"']
    (tmp_path / "study.toml").write_text("\n".join(written))
    (tmp_path / "temporary").mkdir()
    paths = os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        [sys.executable, "-m", "motes", "study", "study.toml", "-o", "out", "--scheduler", "local:1"],
        cwd=tmp_path, start_new_session=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths, "TMPDIR": str(tmp_path / "temporary")},
    )  # fmt: skip
    try:
        clusters.until(lambda: process.poll() is not None or len(list((tmp_path / "out" / "runs").glob("*.npz"))) > 2)
        assert process.poll() is None, process.communicate()
        os.killpg(process.pid, signal.SIGINT)
        told = process.communicate(timeout=30)[1]
    finally:
        process.kill()
    assert process.returncode == 130, told
    *runs, last = told.splitlines()
    assert "go on with --resume" in last
    assert all(line.startswith("motes: ") and line.endswith(" runs") for line in runs), told
    assert not list((tmp_path / "temporary").iterdir())
    clusters.until(lambda: not alive(process.pid))


def alive(group):
    """Whether a group has a process left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
