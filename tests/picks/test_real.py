"""Published picks of real micrographs: the sample of the package, and all of EMPIAR-10017 where it is at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import motes
from motes.picks import likely_flip
from shared_data import DATA

EMPIAR = DATA / "empiar10017"
PICKERS = ("crYOLO", "topaz", "deepPicker")
needs_data = pytest.mark.skipif(not EMPIAR.is_dir(), reason="EMPIAR-10017 is not beside this repository")
NAMES = sorted(path.stem for path in (EMPIAR / "picks/crYOLO").glob("*.box"))


def nearest(picks: motes.Picks, truth: motes.Picks) -> np.ndarray:
    """Offsets from each pick to the nearest particle, those within 15 pixels of one, (2, n)."""
    from scipy.spatial import KDTree

    a, b = (np.stack([each.x, each.y], axis=1) for each in (picks, truth))
    distance, which = KDTree(b).query(a)
    return (a - b[which])[distance < 15].T


def test_sample():
    sample = motes.sample.load()
    assert sample.micrograph.data.shape == (1024, 1024)
    assert sample.micrograph.pixel_size == pytest.approx(7.08)
    assert {name: len(picks) for name, picks in sample.picks.items()} == {
        "crYOLO": 719,
        "topaz": 789,
        "deepPicker": 381,
    }
    for picks in (sample.particles, *sample.picks.values()):
        assert picks.micrographs == (sample.micrograph.name,)
        report = likely_flip(picks, sample.micrograph.data, radius=13.5)
        assert str(report.likeliest) == "as they are"
        assert report.log_ratio > 10
    assert sum(path.stat().st_size for path in Path(motes.sample.__file__).parent.iterdir() if path.is_file()) < 400e3


def test_sample_picks_stand_on_its_particles():
    sample = motes.sample.load()
    offsets = nearest(sample.picks["crYOLO"].scaled(4), sample.particles.scaled(4))
    assert offsets.shape[1] > 500
    assert np.abs(offsets.mean(axis=1)).max() < 1


@needs_data
@pytest.mark.parametrize("name", NAMES)
def test_likely_flip_of_published_picks(name):
    image = motes.read_micrograph(EMPIAR / f"micrographs/{name}.jpg").data
    particles = motes.read_picks(EMPIAR / f"particles/{name}.csv")
    assert str(likely_flip(particles, image).likeliest) == "as they are"
    for picker in PICKERS:
        picks = motes.read_picks(EMPIAR / f"picks/{picker}/{name}.box")
        report = likely_flip(picks, image, radius=54)
        assert report.clear
        assert str(report.likeliest) == "flip y"
        by_its_boxes = likely_flip(picks, image)  # too large for the particles: right, or not clear
        assert str(by_its_boxes.likeliest) == "flip y" or not by_its_boxes.clear


@needs_data
@pytest.mark.parametrize("picker", ["crYOLO", "topaz"])
def test_boxes_flip_by_their_corners(picker):
    """Flipped as boxes, picks are as far from the particles in y as in x; flipped as centres, a pixel more."""
    offsets = []
    for name in NAMES:
        picks = motes.read_picks(EMPIAR / f"picks/{picker}/{name}.box", y_origin="bottom", height=4096)
        offsets.append(nearest(picks, motes.read_picks(EMPIAR / f"particles/{name}.csv")))
    x, y = np.concatenate(offsets, axis=1).mean(axis=1)
    assert abs(y - x) < 0.3
    assert abs((y - 1) - x) > 0.7


@needs_data
def test_every_format_holds_them(tmp_path):
    picks = motes.read_picks(EMPIAR / "picks/crYOLO", y_origin="bottom", height=4096)
    assert len(picks) == 5791
    assert len(picks.micrographs) == 8
    for name in ("all.star", "all.txt", "all.cs"):
        with pytest.warns(UserWarning, match="the radius"):
            motes.write_picks(tmp_path / name, picks, height=4096, width=4096)
        again = motes.read_picks(tmp_path / name)
        np.testing.assert_allclose([again.x, again.y], [picks.x, picks.y], atol=4096 * 2.0**-24)
    for name in ("box", "cbox"):
        (tmp_path / name).mkdir()
        motes.write_picks(tmp_path / name, picks, name)
        again = motes.read_picks(tmp_path / name)
        np.testing.assert_array_equal([again.x, again.y, again.radius], [picks.x, picks.y, picks.radius])
        np.testing.assert_array_equal(again.score, picks.score)
