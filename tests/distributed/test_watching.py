"""Pictures of a store that is being written, the passes of which workers make."""

from __future__ import annotations

import numpy as np
import pytest

import clusters
import motes
from motes import distributed
from motes.errors import ClusterError


class Counted(distributed.DaskEngine):
    """Says over which patterns workers went."""

    def __init__(self, client):
        super().__init__(client)
        self.passes = []

    def run(self, store, task, threads, sections=None):
        """As it is, and noted."""
        self.passes.append(len(store))
        return super().run(store, task, threads, sections)


@pytest.mark.parametrize("rotations", ["C4", "in-plane:8"])
def test_workers_make_the_passes_of_every_picture(client, store, tmp_path, rotations):
    path, engine = tmp_path / "run.zarr", Counted(client)
    options = {"every": 0.0, "first": 500, "patience": clusters.PATIENT, "threads": 1}
    with motes.PatternWriter(path, store.shape) as writer:
        writer.append(store[:2000])
        writer.flush()
        updates = motes.follow(path, rotations, engine=engine, **options)
        assert next(updates).n_patterns == 2000
        writer.append(store[2000:3000])
        writer.flush()
        assert next(updates).n_patterns == 3000
    (last,) = updates
    assert last.ended == "closed"
    assert {2000, 3000} == set(engine.passes)
    here = motes.reconstruct(motes.open_patterns(path), rotations, threads=1)
    for name in ("master", "std_error", "labels"):
        np.testing.assert_array_equal(getattr(last.result, name), getattr(here, name), err_msg=name)
    assert last.result.log_likelihood == here.log_likelihood


def test_a_section_that_workers_find_damaged_is_left_out(client, store, tmp_path):
    path = clusters.write_store(tmp_path / "run.zarr", n=2100).path
    chunk = path / "sections" / "00000001" / "pixels" / "c" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    engine = Counted(client)
    (*_, last) = motes.follow(path, engine=engine, every=0.0, first=500, patience=0.2, threads=1)
    assert last.left_out == (1,)
    assert set(engine.passes) == {1400}


def test_workers_that_do_not_see_it_are_named(client, store):
    class Elsewhere(Counted):
        def check(self, store):
            """As of workers on a machine without this disk."""
            raise ClusterError("worker: can not open it")

    engine = Elsewhere(client)
    with pytest.raises(ClusterError, match="can not open it"):
        next(motes.follow(store.path, engine=engine, threads=1))
