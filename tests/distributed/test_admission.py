"""Workers that are asked whether they can do the work: beside what else they do, as long as it takes, and once."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest

import clusters
import motes
from motes import distributed, sections
from motes.distributed import admission, dispatch
from motes.distributed.admission import admit
from motes.distributed.dispatch import Dispatcher, Piece
from motes.distributed.engine import _Place
from motes.distributed.few import Few
from motes.errors import ClusterError
from motes.io.store.buffers import whole_steps


@pytest.fixture
def hasty(monkeypatch):
    """Who does not answer soon is taken for lost."""
    monkeypatch.setattr(admission, "AT_WORK", 0.1)
    monkeypatch.setattr(admission, "SECONDS", 3.0)


def test_a_worker_that_looks_for_long_answers_meanwhile(client, tmp_path, hasty):
    """As one that reads the headers of a large store; it is not asked to begin anew."""
    question = clusters.Looking(tmp_path)
    admitted = threading.Thread(target=admit, args=(client, question.unfit))
    admitted.start()
    try:
        clusters.until(lambda: len(clusters.askers(tmp_path)) == 2)
        asked = [client.run(os.getpid, callback_timeout=clusters.PATIENT) for _ in range(20)]
        assert len({pid for pids in asked for pid in pids.values()}) == 2
        assert admitted.is_alive()
    finally:
        (tmp_path / "enough").touch()
        admitted.join()
    assert len(clusters.askers(tmp_path)) == 2


def test_who_never_ends_to_look_is_named(client, tmp_path, hasty):
    try:
        with pytest.raises(ClusterError, match=r"workers .*: had not seen within 0\.5 s whether it can do"):
            admit(client, clusters.Looking(tmp_path).unfit, patience=0.5)
    finally:
        (tmp_path / "enough").touch()


def test_one_that_is_unfit_is_told_before_others_have_looked(client, tmp_path, hasty):
    first, second = client.nthreads()
    pids = client.run(os.getpid)
    try:
        with pytest.raises(ClusterError, match=rf"worker .*{first}\): is not the one") as told:
            admit(client, clusters.Looking(tmp_path, only=pids[second]).unfit)
        assert second not in str(told.value)
    finally:
        (tmp_path / "enough").touch()


def test_each_worker_is_asked_once_about_a_store(store, monkeypatch):
    asked = []

    def noted(client, unfit=None, workers=None, **options):
        asked.append(sorted(workers or ()))
        admit(client, unfit, workers, **options)

    with distributed.connect("local:1") as client:
        engine = distributed.DaskEngine(client)
        monkeypatch.setattr(dispatch, "admit", noted)
        (first,) = client.nthreads()
        some = store.select(np.arange(len(store)) % 3 == 0)
        for own in (store, store.using(engine=engine), some, motes.open_patterns(store.path)):
            engine.check(own)
        assert asked == [[first], [], [], []]
        total = sum(total for _, total in engine.run(some, clusters.PhotonSums(), 1))
        np.testing.assert_array_equal(total, some.total_image())
        client.cluster.scale(2)
        client.wait_for_workers(2)
        engine._dispatcher.look()
        asked.clear()
        engine.check(store)
        engine.check(some)
        (second,) = client.nthreads().keys() - {first}
        assert asked == [[second], []]


def test_a_selection_that_does_not_fit_a_worker_s_memory(store):
    """It is told as that, and is soon forgotten: the same workers do what fits."""
    need = whole_steps(int(store._sections.sizes.max()))
    with distributed.connect("local:2") as client:
        client.run(clusters.weightless)
        engine = distributed.DaskEngine(client)
        tight = 5 * need // 2  # for two sections, and not for the copies of a third
        whole, some = (own._with(memory=tight) for own in (store, store.select(np.arange(len(store)) % 3 == 0)))
        engine.check(whole)
        for _ in range(2):
            with pytest.raises(
                ClusterError, match=r"workers .*, .*\): memory: .* is too little: .*; give at least [^;]*$"
            ):
                list(engine.run(some, clusters.PhotonSums(), 1))
        for own in (whole, some._with(memory=3 * need), some._with(memory=None)):
            total = sum(total for _, total in engine.run(own, clusters.PhotonSums(), 1))
            np.testing.assert_array_equal(total, own._with(memory=None).total_image())
        assert len(engine._dispatcher.workers()) == 2


def test_who_can_not_do_one_work_does_the_next(client):
    dispatcher = Dispatcher(client)
    pids = client.run(os.getpid)
    first, second = pids
    numbers, expected = [Piece(n) for n in range(8)], {n: 2 * n for n in range(8)}
    with pytest.warns(UserWarning, match=rf"{first}\) takes no part: is not the one") as told:
        found = [dict(dispatcher.run(clusters.Choosy(pids[first]), numbers)) for _ in range(3)]
    assert found == [expected] * 3
    assert len(told) == 1
    with (
        pytest.warns(UserWarning, match="takes no part"),
        pytest.raises(ClusterError, match=r"no worker fits: .*: is not the one; .*: is not the one"),
    ):
        dict(dispatcher.run(clusters.Choosy(*pids.values()), numbers))
    assert not dispatcher.refused
    assert dict(dispatcher.run(clusters.Choosy(pids[first]), [Piece(1, home=first), Piece(2, home=second)])) == {
        0: 2,
        1: 4,
    }
    clusters.until(lambda: len(dispatcher.workers()) == 2)
    assert dict(dispatcher.run(clusters.Twice(), numbers)) == expected


def test_a_few_headers_tell_another_store(tmp_path, monkeypatch):
    """Those of all sections are read only where these are the same."""
    store = clusters.write_store(tmp_path / "run.zarr")
    place = _Place.of(store)
    read = []

    def counted(folder, n_pixels, header=sections.read_section_header):
        read.append(int(folder.name))
        return header(folder, n_pixels)

    monkeypatch.setattr(sections, "read_section_header", counted)
    assert place.unfit() is None
    assert len(read) == sections.GLIMPSE + store.n_sections
    assert place.unfit() is None  # it is open already
    assert len(read) == sections.GLIMPSE + store.n_sections

    shutil.rmtree(store.path)
    other = _Place.of(clusters.write_store(tmp_path / "run.zarr", seed=2))
    shutil.rmtree(store.path)
    clusters.write_store(tmp_path / "run.zarr", seed=3)
    read.clear()
    assert other.unfit() == f"sees other patterns in {store.path}"
    assert read == [0, 3, 7, 10, 14]


def test_each_header_of_a_store_that_grows_is_read_once(tmp_path, monkeypatch):
    """However many pictures of it are looked at; those that are looked at again are a few."""
    read = []

    def counted(folder, n_pixels, header=sections.read_section_header):
        read.append(int(folder.name))
        return header(folder, n_pixels)

    path = tmp_path / "run.zarr"
    places = []
    with motes.PatternWriter(path, (2, 2)) as writer:
        for n in range(1, 61):
            writer.append([[1, 0, 0, n]])
            writer.flush()
            if n % 20 == 0:
                places.append(_Place.of(motes.open_patterns(path)))
                with monkeypatch.context() as patched:
                    patched.setattr(sections, "read_section_header", counted)
                    read.clear()
                    assert places[-1].unfit() is None
                assert len(read) == sections.GLIMPSE + 20 + (n > 20)  # and the last that was known
    assert places[0].unfit() is None
    assert places[0].open().n_sections == 20
    np.testing.assert_array_equal(places[0].open().total_image(), [[20, 0], [0, 210]])


def test_another_store_that_ends_alike(tmp_path):
    """What was known of one is not taken for the other."""
    store, another = (clusters.write_store(tmp_path / f"{seed}.zarr", seed=seed) for seed in (1, 2))
    assert _Place.of(store).unfit() is None
    shutil.rmtree(store.path / "sections" / "00000001")
    shutil.copytree(another.path / "sections" / "00000001", store.path / "sections" / "00000001")
    assert _Place.of(motes.open_patterns(store.path)).unfit() is None
    shutil.rmtree(store.path)
    other = clusters.write_store(store.path, seed=3)
    assert _Place.of(other).unfit() is None


def test_few_questions_are_remembered(client):
    """Those that were asked last; a run that follows a store asks about a new picture of it for days."""
    dispatcher = Dispatcher(client)
    for about in [*range(3 * dispatch.KEPT), 0]:
        dispatcher.admit(clusters.Choosy().unfit, about)
    assert list(dispatcher._admitted) == [*range(2 * dispatch.KEPT + 1, 3 * dispatch.KEPT), 0]
    assert dispatcher._admitted[0] == set(client.nthreads())


def test_a_store_that_differs_where_nobody_glimpsed(tmp_path):
    """Its headers are all held against those of the process that asks."""
    store, another = (clusters.write_store(tmp_path / f"{seed}.zarr", seed=seed) for seed in (1, 2))
    place = _Place.of(store)
    shutil.rmtree(store.path / "sections" / "00000001")
    shutil.copytree(another.path / "sections" / "00000001", store.path / "sections" / "00000001")
    assert sections.glimpse(store.path, store.n_sections) == store._sections.glimpse
    assert place.unfit() == f"sees other patterns in {store.path}"


def test_what_keeps_a_worker_from_a_store_is_told_as_it_is(tmp_path):
    """Only what is not found by its path is to be put there."""
    store = clusters.write_store(tmp_path / "run.zarr", n=2000)
    place = _Place.of(store)
    header = store.path / "sections" / "00000001" / "zarr.json"
    text = header.read_bytes()
    header.write_text("{")
    told = place.unfit()
    assert told.startswith(f"{header.parent}")
    assert "put it where" not in told
    header.write_bytes(text)
    assert replace(place, memory="1MB").unfit().startswith("memory: 1 MB is too little")
    store.path.rename(tmp_path / "elsewhere.zarr")
    gone = replace(place, origin=replace(place.origin, n_sections=2))  # the other is open already
    expected = f"can not open {store.path}: no such file or directory; put it where every worker finds it by this path"
    assert gone.unfit() == expected


def test_what_is_made_is_made_once():
    made = []
    few = Few(2)

    def slowly(key):
        def make():
            made.append(key)
            threading.Event().wait(0.05)
            return key

        return make

    threads = [threading.Thread(target=few.get, args=(key, slowly(key))) for key in (1, 1, 2, 2, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [1, 2]
    few.get(3, slowly(3))
    assert [few.get(key, slowly(key)) for key in (3, 1, 2)] == [3, 1, 2]
    assert len(made) > 3  # one of the first two went
