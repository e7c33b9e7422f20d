"""What workers compute of sweeps does not depend on their NumPy; where it does, their versions are compared."""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import ExitStack
from unittest import mock

import numpy as np
import pytest

import clusters
import motes
from motes import distributed
from motes.distributed.dispatch import Dispatcher, Piece
from motes.distributed.each import Each
from motes.distributed.libraries import STUDY, Libraries
from motes.errors import ClusterError
from toy_study import toy, toy_config, write_toy


class Elsewhere:
    """An engine whose workers have another NumPy: what it would round otherwise fails there."""

    def run(self, store, task, threads, sections=None):
        sent = pickle.loads(pickle.dumps(task))
        with ExitStack() as other:
            for name in ("log", "log1p", "exp", "sqrt", "sum", "einsum", "dot"):
                other.enter_context(mock.patch.object(np, name, side_effect=AssertionError(f"np.{name} on a worker")))
            for name in ("kernels.assignment.base_of", "reconstruction.mixture.templates.annealed_model"):
                other.enter_context(mock.patch(f"motes.{name}", side_effect=AssertionError(f"{name} on a worker")))
            found = [(section, sent(patterns, threads)) for section, patterns in store.parts(sections)]
        yield from found


def test_sweeps_do_not_depend_on_the_numpy_of_workers(store):
    there = store.using(engine=Elsewhere())
    one, other = (motes.reconstruct(own, max_iterations=2) for own in (store, there))
    assert clusters.same(one, other)


@pytest.mark.parametrize("options", [{"rotations": "in-plane:8"}, {"classes": 2}])
def test_mixtures_do_not_depend_on_it(store, options):
    options |= {"max_iterations": 2, "seed": 1}
    one, other = (motes.reconstruct(own, **options) for own in (store, store.using(engine=Elsewhere())))
    np.testing.assert_array_equal(one.labels, other.labels)


def test_k_means_does_not_depend_on_it(store):
    one, other = (motes.classify.kmeans(own, 3, max_iterations=2) for own in (store, store.using(engine=Elsewhere())))
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.centroids, other.centroids)


def test_classes_are_told_by_sums_that_have_no_order(store):
    """Of many rotations, in whichever order they are added up."""
    result = motes.reconstruct(store.to_memory(), classes=2, max_iterations=2, seed=1)
    gamma = result.responsibilities(store.to_memory()).reshape(len(store), 2, -1).astype(np.float64)
    np.testing.assert_array_equal(result.labels[:, 0], gamma.sum(axis=2).argmax(axis=1))


def test_versions_that_differ_are_named():
    here = Libraries.here(STUDY)
    assert here.unlike_here() is None
    versions = dict(here.versions)
    old = Libraries(tuple((versions | {"python": "2.7", "numpy": "0.0.1"}).items()))
    assert old.unlike(here) == (
        f"has Python 2.7 and NumPy 0.0.1, this process {versions['python']} and {versions['numpy']}: last bits of "
        "figures may differ; install the same version"
    )
    without = Libraries(tuple((name, number) for name, number in here.versions if name != "scipy"))
    assert (
        without.unlike(here) is here.unlike(without) is None
    )  # where SciPy is needed, it is told that it is not there


@pytest.fixture
def other_numpy(tmp_path):
    """Words of an environment where NumPy is said to be older: what a worker of another installation has."""
    told = tmp_path / "elsewhere" / "numpy-0.0.1.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.0.1\n")
    return {"PYTHONPATH": os.pathsep.join([str(told.parent), *(path for path in sys.path if path)])}


def test_workers_with_another_numpy(tmp_path, store, other_numpy):
    """Are of no use to evaluations and studies, and of as much as others to sweeps."""
    home = write_toy(tmp_path / "data")
    refusal = rf"worker old \(tcp://.*\): has NumPy 0\.0\.1, this process {np.__version__}: last bits"
    with clusters.Cluster(tmp_path) as cluster:
        cluster.start("fine")
        with cluster.connect() as client:
            each = Each(client)
            cluster.start("old", **other_numpy)
            clusters.until(lambda: len(client.nthreads()) == 2)
            with pytest.raises(ClusterError, match=refusal):
                Each(client)
            with pytest.raises(ClusterError, match=refusal) as told:
                distributed.study(toy_config(home), tmp_path / "study", client=client, picker=toy)
            assert "fine" not in str(told.value)
            with pytest.warns(UserWarning, match=r"old \(.*\) takes no part: has NumPy 0\.0\.1"):
                assert list(each(clusters.slowly_upper, "abcdefghijklmnop")) == list("ABCDEFGHIJKLMNOP")

            engine = distributed.DaskEngine(client)
            total = sum(total for _, total in engine.run(store, clusters.PhotonSums(), 1))
            np.testing.assert_array_equal(total, store.total_image())
            assert dict(Dispatcher(client).run(clusters.Twice(), [Piece(1)])) == {0: 2}
