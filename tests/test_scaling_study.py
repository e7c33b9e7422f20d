"""The study of scaling: its fit against known answers, what it measures, its page against its figures."""

from __future__ import annotations

import json
import mmap
import re
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks import results, scaling_study
from benchmarks.reduction_tree import Costs, direct, finished, halves
from benchmarks.scaling import page, point
from benchmarks.scaling.model import START, Cluster, Parameters, Pass, bottleneck, exponent, fit, predicted, total
from benchmarks.scaling.point import Point
from benchmarks.scaling.reduction import costs_of
from benchmarks.scaling.stores import files_of, forget, read_plainly, store_of

import motes

# -- the model --------------------------------------------------------------------------------------------------------

TRUE = Parameters(
    fixed=2e-3, cell=2e-8, photon=1e-9, template=4e-10, second=0.8, read=1.5e-10, begin=8e-3, piece=2e-3, byte=3e-9
)


def made_up_passes() -> list[Pass]:
    found = []
    for n in (1e5, 1e6, 1e7):
        for n_templates in (4, 36):
            for threads in (1, 2):
                one = Pass(n, 27.0, 625 if n < 1e7 else 4096, n_templates, threads)
                found += [one, replace(one, read=57 * n), replace(one, pieces=4 * threads, sent=8e3 * n_templates)]
    return [*found, Pass(1e5, 27.0, 4096, 4, 2, pieces=16, sent=4e6)]


def test_the_fit_finds_what_times_were_made_from():
    passes = made_up_passes()
    found = fit(passes, [TRUE.seconds(one) for one in passes])
    assert found.scatter < 1e-4
    for name, value in asdict(TRUE).items():
        assert getattr(found.parameters, name) == pytest.approx(value, rel=0.02), name


def test_standard_errors_cover_what_noise_does():
    passes, rng = made_up_passes() * 3, np.random.default_rng(3)
    found = fit(passes, [TRUE.seconds(one) * np.exp(0.03 * rng.standard_normal()) for one in passes])
    assert 0.015 < found.scatter < 0.04
    z = [
        (getattr(found.parameters, name) - value) / getattr(found.errors, name) for name, value in asdict(TRUE).items()
    ]
    assert max(map(abs, z)) < 4


def test_a_cold_disk_is_hidden_by_computing_or_hides_it():
    one = Pass(1e6, 27.0, 625, 4, read=57e6)
    slow, fast = (TRUE.seconds(replace(one, disk=disk)) for disk in (1e8, 1e12))
    assert slow == pytest.approx(57e6 / 1e8 + TRUE.terms(one)["fixed"])
    assert fast == TRUE.seconds(one)


def test_the_bottleneck_is_what_takes_longest():
    one = Pass(1e8, 27.0, 625, 4, read=57e8)
    held = predicted(START, one, Cluster(held=True))
    assert held["reading"] == 0
    apart, shared = (predicted(START, one, cluster) for cluster in (Cluster(disk=1e7), Cluster(shared=1e8)))
    assert bottleneck(apart) == bottleneck(shared) == "reading"
    assert (apart["reading"], shared["reading"]) == (pytest.approx(57e8 / 64 / 1e7), pytest.approx(57))
    assert total(shared, 1) == pytest.approx(57 + held["pieces"] + held["sums"] + held["rest"])
    assert total(shared, 4) == pytest.approx(57 + (held["pieces"] + held["sums"]) / 4 + held["rest"])
    large = predicted(START, replace(one, n_pixels=512**2, n_templates=360), Cluster(held=True))
    assert bottleneck(large) == "sums"


@pytest.mark.parametrize("n_pieces", [1, 2, 4])
@pytest.mark.parametrize("work", [0.0, 0.3, 1.0, 2.0, 100.0])
def test_the_models_time_is_that_of_a_simulation_without_chance(work, n_pieces):
    hub, n_workers = 2.0, 64
    terms = {"compute": work, "reading": work / 2, "pieces": hub / 4, "sums": 3 * hub / 4, "rest": 0.125}
    ended = finished(work, n_workers, halves(n_pieces), 0.0, np.random.default_rng(0))
    n_messages = n_workers * n_pieces
    costs = Costs(hub / 4 / n_messages, 3 * hub / 4 / n_messages, begin=0.125)
    assert total(terms, n_pieces) == pytest.approx(direct(ended, 1, costs), rel=1e-6)


def test_exponents_and_their_errors():
    slope, error = exponent([1e5, 1e6, 1e7, 1e8], [1.0, 10.0, 110.0, 1000.0])
    assert slope == pytest.approx(1.004, abs=0.002)
    assert 0.005 < error < 0.05


# -- the measurements -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scaling")


def test_a_store_is_drawn_once_and_gone_on_with(folder, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.scaling.stores.AT_ONCE", 400)
    whole = motes.open_patterns(store_of(folder, 9, 1000))
    with motes.PatternWriter(folder / "half.zarr", (9, 9)) as writer:
        writer.append(whole[:500])
    (folder / "half.zarr").rename(folder / "9x9-1000-half")
    (folder / "9x9-1000.zarr").rename(folder / "whole.zarr")
    (folder / "9x9-1000-half").rename(folder / "9x9-1000.zarr")
    capsys.readouterr()
    again = motes.open_patterns(store_of(folder, 9, 1000))
    assert again.to_memory() == motes.open_patterns(folder / "whole.zarr").to_memory()
    assert "9x9-1000.zarr" in capsys.readouterr().out
    store_of(folder, 9, 1000)
    assert capsys.readouterr().out == ""


def test_files_are_read_plainly_and_forgotten(folder):
    path = store_of(folder, 9, 3000)
    size = sum(file.stat().st_size for file in files_of(path))
    forget(path)
    assert read_plainly(path) == size > 3000 * 40


@pytest.mark.parametrize("memory", [point.ALL, "16GB"])  # of the process of all tests, however much they hold
def test_a_sweep_is_measured(folder, monkeypatch, memory):
    monkeypatch.setattr(point, "SECONDS", 0.0)
    told = point.sweep(Point("sweep", str(store_of(folder, 9, 3000)), memory))
    assert len(told["seconds"]) == point.LEAST
    assert min(told["seconds"]) > 0
    assert (told["n_patterns"], told["n_pixels"]) == (3000, 81)
    if memory == point.ALL:
        assert told["read"] < told["n_photons"]
    json.dumps(told)


def test_a_reconstruction_and_a_cold_pass_are_measured_in_a_process_of_their_own(folder):
    store = str(store_of(folder, 9, 3000))
    told = scaling_study.measured(Point("fit", store, "400MB"))
    assert told["passes"] >= told["sweeps"] > 0
    assert sum(told["phases"].values()) == pytest.approx(told["seconds"])
    assert told["peak"] >= told["own_peak"] > told["imported"] / 2 > 10_000_000
    assert told["others"] >= 0
    cold = scaling_study.measured(Point("cold", store, "400MB"))
    assert {"cold plain", "cold read", "cold sweep"} <= cold.keys()
    assert cold["file_bytes"] == read_plainly(store_of(folder, 9, 3000))


def test_memory_of_its_own_is_told_from_mapped_files(tmp_path):
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell")
    (tmp_path / "file").write_bytes(bytes(40_000_000))
    with point.own_peak() as before:
        pass
    with point.own_peak() as with_a_file, (tmp_path / "file").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        sum(mapped[::4096])
        time.sleep(5 * point.LOOK)
        mapped.close()
    with point.own_peak() as with_memory:
        room = mmap.mmap(-1, 40_000_000)
        room[::4096] = bytes(len(room[::4096]))
        time.sleep(5 * point.LOOK)
        room.close()
    assert with_a_file[0] - before[0] < 20_000_000
    assert with_memory[0] - before[0] > 20_000_000


def test_a_point_that_fails_says_which(folder):
    with pytest.raises(SystemExit, match=r"nothing\.zarr"):
        scaling_study.measured(Point("sweep", str(folder / "nothing.zarr")))


def test_bytes_of_workers_are_counted(folder, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(point, "SECONDS", 0.0)
    told = point.sweep(Point("sweep", str(store_of(folder, 9, 3000)), workers=1))
    sums = 8 * 81 * 4 * told["pieces"]
    assert sums < told["sent"]["from_workers"] < sums + 60_000
    assert sums < told["sent"]["to_client"] <= told["sent"]["from_workers"]
    echoed = point.echo(Point("echo", workers=1, n_bytes=1_000_000))
    assert 4e6 < echoed["sent"]["from_workers"] < 4.1e6
    assert echoed["pieces"] == 4


def test_parts_are_gone_on_with(folder, monkeypatch):
    asked = []

    def stand_in(one: Point) -> dict[str, object]:
        asked.append(one)
        return {"seconds": 1.0, "others": 0.0}

    monkeypatch.setattr(results, "FOLDER", folder)
    monkeypatch.setattr(scaling_study, "measured", stand_in)
    monkeypatch.setitem(scaling_study.PARTS, "messages", lambda: iter([Point("echo", workers=n) for n in (1, 2)]))
    scaling_study.measure("messages", folder, 1)
    scaling_study.measure("messages", folder, 1)
    assert [one.workers for one in asked] == [1, 2]
    scaling_study.measure("messages", folder, 3)
    assert [one.workers for one in asked] == [1, 2, 1, 2, 1, 2]
    rows = scaling_study.measured_before()
    assert [len(row["runs"]) for row in rows.values()] == [3, 3]


# -- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_says_what_was_measured():
    written = page.PAGE.read_text(encoding="utf-8")
    for mark, text in page.texts(results.figures_of("scaling")).items():
        assert re.search(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", written, re.DOTALL)[1] == text


def test_the_model_is_that_of_the_rows():
    figures = results.figures_of("scaling")
    again = page.derived(figures["rows"])
    assert list(again["residuals"]) == list(figures["model"]["residuals"])
    for name, off in again["residuals"].items():
        assert off == pytest.approx(figures["model"]["residuals"][name], abs=0.02)
    assert again["costs"] == pytest.approx(figures["model"]["costs"], rel=0.01)


def test_costs_need_echoes():
    with pytest.raises(ValueError, match="expected 4 echoes"):
        costs_of({})
