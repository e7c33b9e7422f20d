"""ASPIRE behind the same interface: the same particles in the same places, a clear word where it is not installed."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys

import numpy as np
import pytest

from motes import simulate
from motes.simulate.cryoem.densities import Density, built_in
from motes.simulate.cryoem.optics import Optics
from motes.simulate.cryoem.projection import Projector, even_angles

installed = pytest.mark.skipif(
    importlib.util.find_spec("aspire") is None, reason='ASPIRE is not installed: pip install "motes[aspire]"'
)
PLACE = {"shape": (400, 380), "particles": 10, "n_decoys": 4, "aggregates": 0, "ice_gradient": 0.0, "seed": 3, "n": 1}


def test_without_it_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "aspire", None)
    with pytest.raises(ImportError, match=r'engine "aspire" needs ASPIRE: pip install "motes\[aspire\]"'):
        simulate.micrographs("crowded", engine="aspire", **PLACE)


@installed
def test_importing_it_leaves_no_trace(tmp_path, monkeypatch):
    from motes.simulate.cryoem.aspire import import_aspire

    monkeypatch.chdir(tmp_path)
    hook, handlers = sys.excepthook, logging.getLogger().handlers[:]
    import_aspire()
    assert (sys.excepthook, logging.getLogger().handlers) == (hook, handlers)
    assert not list(tmp_path.iterdir())
    assert "ASPIREDIR" not in os.environ


@installed
@pytest.mark.parametrize(("side", "box"), [(60, 60), (60, 75), (61, 76)])
@pytest.mark.parametrize("defocus", [None, (20000.0, 12000.0, 30.0)])
def test_projections_are_the_same(side, box, defocus):
    """Orientation, offset, CTF with astigmatism and envelope, scale: two implementations, one convention."""
    from motes.simulate.cryoem.aspire import AspireProjector

    data = built_in("ribosome", 180.0, 4.0).data
    volume = np.zeros((side,) * 3, np.float32)
    before = side // 2 - len(data) // 2
    volume[(slice(before, before + len(data)),) * 3] = data
    density, angles = Density(volume, 4.0, 180.0), even_angles(6)
    offsets = np.random.default_rng(1).uniform(-3, 3, (6, 2))
    many = None if defocus is None else np.tile(defocus, (6, 1)) + np.arange(6)[:, None] * (100, 100, 0)
    optics = Optics(300, 2.7, 0.1, 100)
    ours = Projector(density, 4.0).images(angles, offsets, box, many, optics)
    theirs = AspireProjector(density, 4.0).images(angles, offsets, box, many, optics)
    for one, other in zip(ours, theirs, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.999
        assert np.sum(one * other) == pytest.approx(np.sum(one**2), rel=5e-3)


@installed
@pytest.mark.parametrize("defocus", [{}, {"defocus_spread": 0.1, "astigmatism": 0.3}])
def test_micrographs_are_the_same(defocus):
    quiet = PLACE | defocus | {"snr": 1e5, "coloured": 0.0}
    ours, theirs = (simulate.micrographs("crowded", engine=engine, **quiet) for engine in ("motes", "aspire"))
    one, other = ours[0], theirs[0]
    np.testing.assert_array_equal(one.particles.centres, other.particles.centres)
    assert np.corrcoef(one.data.ravel(), other.data.ravel())[0, 1] > 0.999


@installed
def test_a_volume_of_other_voxels_is_refused():
    from motes.simulate.cryoem.aspire import AspireProjector

    with pytest.raises(ValueError, match="pixel_size: 4 A, but ASPIRE projects onto the volume's grid, 2 A"):
        AspireProjector(built_in("rod", 100.0, 2.0), 4.0)
