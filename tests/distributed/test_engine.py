"""Passes on workers: the bits of one machine, whoever does what and whenever it ends."""

from __future__ import annotations

import re
from functools import reduce

import numpy as np
import pytest
from distributed import Client

import clusters
import motes
from motes import distributed
from motes.distributed.engine import memory_here, pieces_of
from motes.errors import ClusterError, DamagedSection


@pytest.fixture(scope="module")
def engine(client):
    return distributed.DaskEngine(client)


def test_sums_are_added_on_the_workers(engine, store):
    task = clusters.PhotonSums(seconds=0.02, jitter=True)
    found = [result for _, result in engine.run(store, task, 1)]
    assert 2 <= len(found) < store.n_sections
    np.testing.assert_array_equal(sum(found), store.total_image())


def test_what_is_large_is_sent_once(engine, store, monkeypatch):
    monkeypatch.setattr("motes.distributed.parcel.EMBEDDED", 100)
    for _ in range(2):
        found = [result for _, result in engine.run(store.select(np.ones(len(store), bool)), clusters.PhotonSums(), 1)]
        np.testing.assert_array_equal(sum(found), store.total_image())


def test_results_that_do_not_add_up_come_section_by_section_in_any_order(engine, store):
    task = clusters.Photons(seconds=0.02, jitter=True, last=clusters.mark(store.section(0).total_image()))
    found = list(engine.run(store, task, 1))
    order = [section for section, _ in found]
    assert sorted(order) == list(range(store.n_sections))
    assert order[0] != 0
    for section, total in found:
        np.testing.assert_array_equal(total, store.section(section).total_image())


@pytest.mark.parametrize("which", ["some", "a few", "none"])
def test_patterns_that_are_selected(engine, store, which):
    kept = np.random.default_rng(0).random(len(store)) < {"some": 0.3, "a few": 0.001, "none": 0.0}[which]
    some = store.select(kept)
    found = dict(engine.run(some, clusters.Photons(), 1))
    assert found.keys() == {k for k in range(store.n_sections) if some.bounds[k] < some.bounds[k + 1]}
    np.testing.assert_array_equal(sum(found.values(), np.zeros(store.shape, np.int64)), some.total_image())


def test_what_selected_patterns_come_to_is_summed_on_workers(engine, store, monkeypatch):
    kept = np.random.default_rng(0).random(len(store)) < 0.3
    kept[store.bounds[2] : store.bounds[3]] = True
    expected = store.select(kept)
    expected = (expected.n_photons, expected.max_count, expected.total_image())
    monkeypatch.delattr(motes.StoredPatterns, "parts")  # of this process
    some = store.using(engine=engine).select(kept)
    assert (some.n_photons, some.max_count) == expected[:2]
    np.testing.assert_array_equal(some.total_image(), expected[2])


def test_a_worker_does_the_same_sections_again(engine, store, tmp_path):
    passes = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        clusters.until(lambda: len(engine._dispatcher.workers()) == 2)  # nobody rests who was too slow before
        list(engine.run(store, clusters.PhotonSums(str(tmp_path / name), seconds=0.05), 1))
        passes.append(clusters.who(tmp_path / name))
    first, second = passes
    assert len(set(first.values())) == 2
    moved = [section for section in first if first[section] != second[section]]
    assert len(moved) <= store.n_sections // 4  # the last pieces are whose hands are free


def test_pieces_are_shared_by_threads_and_end_small():
    pieces = list(pieces_of([100] * 64, {"a": 1, "b": 3}))
    assert [len(piece.argument) for piece in pieces] == [8, 4, 2, 2, 24, 12, 6, 6]
    assert sorted(section for piece in pieces for section in piece.argument) == list(range(64))
    assert {piece.home for piece in pieces[:4]} == {"a"}


@pytest.mark.parametrize(
    "options", [{}, {"acceleration": "squarem", "weights": "estimate"}, {"rotations": "in-plane:8"}]
)
def test_a_reconstruction_has_the_bits_of_one_machine(client, store, options):
    options = {"max_iterations": 4, "tolerance": 1e-4} | options
    here = motes.reconstruct(store, **options)
    there = distributed.reconstruct(store, client=client, **options)
    if isinstance(here, motes.Reconstruction):
        assert clusters.same(here, there)
    np.testing.assert_array_equal(here.labels, there.labels)
    assert here.log_likelihood == there.log_likelihood


def test_k_means_has_the_bits_of_one_machine(engine, store):
    """What else goes over a store section by section."""
    there = store.using(engine=engine)
    one, other = (motes.classify.kmeans(own, 4, max_iterations=3) for own in (store, there))
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.centroids, other.centroids)


def test_one_two_and_three_workers(store):
    here = motes.reconstruct(store.to_memory(), acceleration="squarem")
    with distributed.connect("local:1") as client:
        for n in (1, 2, 3):
            client.cluster.scale(n)
            client.wait_for_workers(n)
            assert clusters.same(distributed.reconstruct(str(store.path), client=client, acceleration="squarem"), here)


def test_workers_stay_within_what_dask_lets_them_have(tmp_path):
    with clusters.Cluster(tmp_path) as cluster:
        cluster.start("few", options=("--memory-limit", "512MiB"))
        cluster.start("any", options=("--memory-limit", "0"))
        with Client(cluster.address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=clusters.PATIENT)

            def of(worker, asked):
                return client.submit(memory_here, asked, workers=[worker], pure=False).result()

            assert of("few", None) == 2**28
            assert of("few", "1GB") == "1GB"
            assert of("any", None) is None


def test_what_a_task_raises_is_raised(engine, store):
    with pytest.raises(ValueError, match="not with these patterns"):
        list(engine.run(store, clusters.Refusing(), 1))


def test_a_damaged_section_is_named(client, tmp_path):
    store = clusters.write_store(tmp_path / "run.zarr", n=3000)
    file = tmp_path / "run.zarr" / "sections" / "00000002" / "pixels" / "c" / "0"
    content = bytearray(file.read_bytes())
    content[100] ^= 4
    file.write_bytes(content)
    with pytest.raises(DamagedSection, match=r"run\.zarr.sections.00000002.pixels") as caught:
        distributed.reconstruct(store, client=client)
    assert caught.value.section == 2


def test_a_store_that_workers_do_not_see(client, tmp_path):
    store = clusters.write_store(tmp_path / "run.zarr", n=2000)
    (tmp_path / "run.zarr").rename(tmp_path / "elsewhere.zarr")
    every = "".join(rf".*{re.escape(address)}" for address in sorted(client.nthreads()))
    with pytest.raises(ClusterError, match=rf"workers {every}.*: can not open .*run\.zarr: no such file"):
        distributed.reconstruct(store, client=client)
    clusters.write_store(tmp_path / "run.zarr", n=2000, seed=2)
    with pytest.raises(ClusterError, match=rf"{every}.*: sees other patterns in .*run\.zarr"):
        distributed.reconstruct(store, client=client)


def test_a_store_that_grows_is_what_it_was(engine, tmp_path):
    store = clusters.write_store(tmp_path / "run.zarr", n=1400)
    with motes.PatternWriter(store.path, store.shape, append=True) as writer:
        writer.append(store.section(0))
    task = clusters.PhotonSums()
    totals = [sum(total for _, total in engine.run(own, task, 1)) for own in (store, store.refresh())]
    np.testing.assert_array_equal(totals[0], store.total_image())
    np.testing.assert_array_equal(totals[1] - totals[0], store.section(0).total_image())


def test_what_is_no_store(client, store):
    with pytest.raises(TypeError, match="source: expected a store or its path, got Patterns"):
        distributed.reconstruct(store[:10], client=client)
    with pytest.raises(FileNotFoundError):
        distributed.reconstruct("nowhere.zarr", client=client)


def test_a_sum_is_exact_in_any_order(store):
    """What all this rests on, with the reconstruction's own sums."""
    from motes.kernels.sweep import SweepTask
    from motes.noise import linear_model, noise_of

    master = store.mean_image() * np.random.default_rng(0).uniform(0.8, 1.2, store.shape)
    model = linear_model(noise_of(None), motes.C4.expand(master).reshape(4, -1).clip(1e-4, 0.9))
    task = SweepTask(model, False)
    parts = [task(store.section(k), 1) for k in range(store.n_sections)]
    whole = task(store.to_memory(), 2)
    for order in (range(len(parts)), np.random.default_rng(1).permutation(len(parts))):
        total = reduce(task.combine, (parts[k] for k in order))
        np.testing.assert_array_equal(total.planes, whole.planes)
        assert (total.log_likelihood, total.n_impossible) == (whole.log_likelihood, whole.n_impossible)
