"""Processes that are killed and stopped amid the work: the bits of an undisturbed run, or an error and nothing lost."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time

import numpy as np
import pytest

import clusters
import motes
from motes import distributed
from motes.distributed.dispatch import Dispatcher, Piece
from motes.distributed.handing import Handing
from motes.distributed.photons import kept_in
from motes.errors import ClusterError

OPTIONS = {"acceleration": "squarem", "tolerance": 1e-6}


@pytest.fixture(scope="module")
def undisturbed(store):
    """What one machine finds."""
    return motes.reconstruct(store, **OPTIONS)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """With nobody at work yet."""
    with clusters.Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def workers(cluster):
    """Two workers, those that an earlier test left alive among them, and a client."""
    names = ["one", "other"]
    for name in names:
        if name in cluster.processes:
            cluster.signal(name, signal.SIGCONT)
    cluster.start(*(name for name in names if name not in cluster.processes))
    with cluster.connect(2) as client:
        yield client, names


def after(seconds, action):
    """Do something soon, beside what is done here."""
    threading.Timer(seconds, action).start()


def test_a_worker_that_is_killed_amid_a_pass(cluster, workers, store, tmp_path):
    client, (first, _) = workers
    victim = cluster.processes[first].pid
    log = tmp_path

    def kill():
        clusters.until(lambda: victim in clusters.who(log).values())
        cluster.kill(first)

    after(0.0, kill)
    engine = distributed.DaskEngine(client)
    total = sum(total for _, total in engine.run(store, clusters.PhotonSums(str(log), seconds=0.1), 1))
    np.testing.assert_array_equal(total, store.total_image())
    done = clusters.who(log)
    assert set(done.values()) - {victim}  # the file of a section that was done again names who did it last
    assert len(list(log.iterdir())) > len(done)


def test_a_worker_that_is_killed_amid_an_iteration(cluster, workers, store, undisturbed):
    client, (first, _) = workers
    killed = []

    def stop_then_kill(record):
        if not killed:
            killed.append(record["iteration"])
            cluster.signal(first, signal.SIGSTOP)  # so that it dies with its part of the next sweep in hand
            after(0.2, lambda: cluster.kill(first))

    found = distributed.reconstruct(store, client=client, callback=stop_then_kill, **OPTIONS)
    assert killed
    assert clusters.same(found, undisturbed)


def test_a_slow_worker_delays_nobody_for_long(cluster, workers, store, undisturbed):
    client, (first, _) = workers
    stopped = []

    def stop(record):
        if not stopped:
            stopped.append(time.monotonic())
            cluster.signal(first, signal.SIGSTOP)

    found = distributed.reconstruct(store, client=client, callback=stop, **OPTIONS)
    assert stopped
    assert clusters.same(found, undisturbed)


def test_a_slow_worker_comes_back(cluster, workers):
    client, (first, second) = workers
    dispatcher = Dispatcher(client)
    pids = {name: cluster.processes[name].pid for name in (first, second)}
    addresses = {pid: address for address, pid in client.run(os.getpid).items()}
    cluster.signal(first, signal.SIGSTOP)
    homes = [Piece(n, home=addresses[pids[name]]) for n, name in enumerate((first, second) * 4)]
    assert dict(dispatcher.run(clusters.Twice(0.02), homes)) == {n: 2 * n for n in range(8)}
    assert list(dispatcher.workers()) == [addresses[pids[second]]]
    cluster.signal(first, signal.SIGCONT)
    clusters.until(lambda: len(dispatcher.workers()) == 2)


@pytest.mark.parametrize("embedded", [1 << 16, 0], ids=["with each piece", "once"])
def test_all_workers_are_lost_and_return(cluster, workers, store, undisturbed, monkeypatch, embedded):
    """What they need goes along with each piece, or is in the memory of one that is lost."""
    monkeypatch.setattr("motes.distributed.parcel.EMBEDDED", embedded)
    client, names = workers
    lost = []

    def kill_all(record):
        if not lost:
            for name in names:
                cluster.signal(name, signal.SIGSTOP)
            after(0.2, lambda: cluster.kill(*names))
            lost.append(record)
            after(1.0, lambda: cluster.start("returned"))

    try:
        with pytest.warns(UserWarning, match="all workers are gone; waiting 300 s for one: dask worker tcp://"):
            found = distributed.reconstruct(store, client=client, callback=kill_all, **OPTIONS)
        assert clusters.same(found, undisturbed)
    finally:
        cluster.kill("returned")
        clusters.until(lambda: not client.nthreads())


def test_workers_that_do_not_return(cluster, workers):
    client, names = workers
    dispatcher = Dispatcher(client, patience=0.5)
    cluster.kill(*names)
    clusters.until(lambda: not client.nthreads())
    with (
        pytest.warns(UserWarning, match="all workers are gone"),
        pytest.raises(ClusterError, match=r"no worker for 0\.5 s; start one"),
    ):
        list(dispatcher.run(clusters.Twice(), [Piece(1)]))


def test_a_scheduler_that_is_killed_and_started_again(tmp_path, store, undisturbed):
    checkpoint = tmp_path / "state.npz"
    with clusters.Cluster(tmp_path) as cluster:
        cluster.start("before")

        def kill(record):
            if record["iteration"] == 3:
                cluster.signal("before", signal.SIGSTOP)  # so that it is amid a sweep
                after(0.2, lambda: cluster.kill("scheduler"))

        with (
            pytest.raises(
                ClusterError, match=r"the scheduler is gone.* kept in .*state\.npz: go on with resume"
            ) as told,
            cluster.connect() as client,
        ):
            distributed.reconstruct(store, client=client, checkpoint=checkpoint, callback=kill, **OPTIONS)
        assert cluster.address in str(told.value)
        cluster.kill("before")
        cluster.start_scheduler()
        cluster.start("after")
        records = []
        with cluster.connect() as client:
            found = distributed.reconstruct(
                store, client=client, checkpoint=checkpoint, resume=True, callback=records.append, **OPTIONS
            )
        assert records[0]["iteration"] == 4
        assert clusters.same(found, undisturbed)


def test_a_disk_that_is_full_takes_nothing(workers, store, undisturbed, tmp_path, monkeypatch):
    """The checkpoint before it stays whole, and the run goes on."""
    monkeypatch.setattr("motes.reconstruction.climb.CHECKPOINT_SECONDS", 0.0)
    checkpoint = tmp_path / "state.npz"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = []

    def fill_then_free(record):
        if record["iteration"] in (2, 4):
            kept.append(checkpoint.read_bytes())
            room = {2: 1000, 4: limits[0]}[record["iteration"]]
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))

    try:
        with pytest.warns(RuntimeWarning, match=r"state\.npz can not be written \(File too large\): the one before it"):
            found = distributed.reconstruct(
                store, client=workers[0], checkpoint=checkpoint, callback=fill_then_free, **OPTIONS
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert clusters.same(found, undisturbed)
    assert kept[0] == kept[1]
    again = distributed.reconstruct(store, client=workers[0], checkpoint=checkpoint, resume=True, **OPTIONS)
    assert clusters.same(again, undisturbed)


def test_without_a_checkpoint_it_is_told():
    with (
        pytest.raises(ClusterError, match="gone; nothing was kept: give checkpoint to be able to go on"),
        kept_in(None),
    ):
        raise ClusterError("tcp://10.0.0.1:8786: the scheduler is gone")


def test_a_worker_that_dies_with_its_answer(cluster, workers, monkeypatch):
    """It was told that it is done, and nobody has fetched it yet."""
    client, (first, _) = workers
    fetch = Handing._told
    victim = cluster.processes[first].pid
    (address,) = (address for address, pid in client.run(os.getpid).items() if pid == victim)

    def fetch_too_late(run, arrived):
        if first in cluster.processes and any(given.address == address for given in arrived.values()):
            cluster.kill(first)
            clusters.until(lambda: address not in client.nthreads())
        return fetch(run, arrived)

    monkeypatch.setattr(Handing, "_told", fetch_too_late)
    monkeypatch.setattr("motes.distributed.handing.FETCH", 0.2)
    assert dict(Dispatcher(client).run(clusters.Twice(), [Piece(n) for n in range(6)])) == {n: 2 * n for n in range(6)}
    assert first not in cluster.processes


@pytest.fixture
def watchful(monkeypatch):
    """It is soon asked who lives."""
    monkeypatch.setattr("motes.distributed.handing.QUIET", 0.2)
    monkeypatch.setattr("motes.distributed.handing.SIGN", 1.0)
    monkeypatch.setattr("motes.distributed.handing.FETCH", 0.2)


def addresses(cluster, client, names):
    """Of workers, by their names."""
    found = {pid: address for address, pid in client.run(os.getpid).items()}
    return [found[cluster.processes[name].pid] for name in names]


def test_all_workers_are_stopped(cluster, workers, watchful):
    """They are there as far as Dask can tell: it would wait for five minutes, and then for others."""
    client, names = workers
    dispatcher = Dispatcher(client, patience=1.5)
    every = "".join(rf".*{address}" for address in sorted(client.nthreads()))
    for name in names:
        cluster.signal(name, signal.SIGSTOP)
    with pytest.raises(ClusterError, match=rf"no sign of life for 1\.5 s from workers {every}; end them, or"):
        list(dispatcher.run(clusters.Twice(), [Piece(n) for n in range(4)]))
    for name in names:
        cluster.signal(name, signal.SIGCONT)
    assert dict(Dispatcher(client).run(clusters.Twice(), [Piece(1)])) == {0: 2}


def test_workers_that_are_at_work_may_take_their_time(workers, watchful):
    """Nothing comes for much longer than the patience, but they answer."""
    client, _ = workers
    dispatcher = Dispatcher(client, patience=0.3)
    assert dict(dispatcher.run(clusters.Twice(2.0), [Piece(1), Piece(2)])) == {0: 2, 1: 4}


def test_the_only_piece_is_with_one_that_is_stopped(cluster, workers, watchful):
    """Nobody has been measured yet: it is not for its slowness that others get it."""
    client, names = workers
    dispatcher = Dispatcher(client)
    stopped, _ = addresses(cluster, client, names)
    cluster.signal(names[0], signal.SIGSTOP)
    assert dict(dispatcher.run(clusters.Twice(), [Piece(1, home=stopped)])) == {0: 2}


def test_a_worker_that_is_stopped_with_its_answer(cluster, workers, watchful, monkeypatch):
    """It was told that it is done, and the answer does not come: another does it, and it comes back when it goes on."""
    client, names = workers
    dispatcher = Dispatcher(client)
    first, second = addresses(cluster, client, names)
    fetch = Handing._told
    stopped = []

    def stop_before(run, arrived):
        if not stopped and any(given.address == first for given in arrived.values()):
            stopped.append(first)
            cluster.signal(names[0], signal.SIGSTOP)
        return fetch(run, arrived)

    monkeypatch.setattr(Handing, "_told", stop_before)
    pieces = [Piece(n, home=home) for n, home in enumerate((first, second) * 3)]
    assert dict(dispatcher.run(clusters.Twice(), pieces)) == {n: 2 * n for n in range(6)}
    assert stopped
    assert list(dispatcher.workers()) == [second]
    cluster.signal(names[0], signal.SIGCONT)
    clusters.until(lambda: len(dispatcher.workers()) == 2)


@pytest.mark.parametrize("copies", [8, 1])
def test_what_is_large_is_with_one_that_is_stopped(cluster, workers, watchful, monkeypatch, copies):
    """Others have it from here, or from each other as far as they go on."""
    monkeypatch.setattr("motes.distributed.parcel.EMBEDDED", 0)
    monkeypatch.setattr("motes.distributed.parcel.COPIES", copies)
    client, names = workers
    dispatcher = Dispatcher(client)
    pieces = [Piece(n) for n in range(6)]
    assert dict(dispatcher.run(clusters.Twice(), pieces)) == {n: 2 * n for n in range(6)}
    if copies > 1:
        for name in names:
            clusters.until(lambda: len(dispatcher.workers()) == 2)
            cluster.signal(name, signal.SIGSTOP)
            assert dict(dispatcher.run(clusters.Twice(), pieces)) == {n: 2 * n for n in range(6)}
            cluster.signal(name, signal.SIGCONT)


def test_a_piece_that_kills_is_given_up(workers, monkeypatch):
    monkeypatch.setattr("motes.distributed.handing.DEATHS", 1)
    with pytest.raises(ClusterError, match="2 workers were lost with the same piece of work, the last of them tcp://"):
        list(Dispatcher(workers[0]).run(clusters.Deadly(), [Piece(1)]))
