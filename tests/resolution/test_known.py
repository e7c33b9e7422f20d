"""Picks beside the truth, up to a map."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import motes
from motes.resolution import map_of_picks, oriented, resolution_at
from motes.simulate import micrographs, write_micrographs

pytest.importorskip("mrcfile", reason="micrographs are MRC")

DIAMETER = 40


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """Simulated micrographs, bright enough for a map from few particles."""
    folder = tmp_path_factory.mktemp("micrographs")
    drawn = micrographs("seed", 4, seed=1, shape=(512, 512), diameter=DIAMETER, particles=40, pixel_size=4.0, snr=1.0)
    write_micrographs(folder, drawn)
    return motes.read_picks(folder / "particles.star"), {path.stem: path for path in folder.glob("*.mrc")}


def false_picks(truth, n, seed=0):
    """Places far from every particle, if there are such: random ones."""
    rng = np.random.default_rng(seed)
    index = rng.integers(0, len(truth.micrographs), n)
    return motes.Picks(*rng.uniform(40, 470, (2, n)), micrographs=truth.micrographs, index=index)


def together(*parts):
    return motes.Picks.concatenate([replace(part, extra={}, blocks=(), format="") for part in parts])


def test_each_pick_gets_its_particle(field):
    truth, _ = field
    order = np.random.default_rng(0).permutation(len(truth))
    near = replace(together(truth[order]), x=truth.x[order] + 1.0)
    found = oriented(near, truth, distance=5)
    assert found.true.all()
    for pick in range(0, len(truth), 17):
        same = truth.index == [truth.micrographs.index(found.picks.micrographs[i]) for i in found.picks.index][pick]
        at = np.flatnonzero(same & (truth.x == found.picks.x[pick] - 1) & (truth.y == found.picks.y[pick]))
        for name in ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi", "rlnDefocusU"):
            assert float(found.picks.extra[name][pick]) == float(truth.extra[name][at[0]])


def test_false_picks_have_random_angles_and_the_micrograph_s_defocus(field):
    truth, _ = field
    picks = together(motes.Picks([1.0], [1.0], micrographs=truth.micrographs[:1]))
    first, again, other = (oriented(picks, truth, distance=5, seed=seed) for seed in (0, 0, 1))
    assert not first.true.any()
    angles = [float(each.picks.extra["rlnAngleRot"][0]) for each in (first, again, other)]
    assert angles[0] == angles[1] != angles[2]
    own = truth.extra["rlnDefocusU"][truth.index == 0].astype(float).mean()
    assert float(first.picks.extra["rlnDefocusU"][0]) == pytest.approx(own)


def test_a_particle_is_that_of_one_pick(field):
    truth, _ = field
    twice = together(truth[:1], replace(truth[:1], x=truth.x[:1] + 1))
    assert oriented(twice, truth, distance=5).true.tolist() == [True, False]


def test_number_purity_and_centring_show_in_the_map(field):
    truth, files = field
    rng = np.random.default_rng(0)
    shaken = replace(truth, x=truth.x + rng.normal(0, 4, len(truth)), y=truth.y + rng.normal(0, 4, len(truth)))
    options = {"diameter": DIAMETER, "distance": 20.0}
    whole = map_of_picks(truth, truth, files, **options)
    assert whole.n == whole.n_true <= len(truth)
    value = resolution_at(whole.curve, 0.5).value
    for worse in (truth[::4], together(truth, false_picks(truth, 3 * len(truth))), shaken):
        assert resolution_at(map_of_picks(worse, truth, files, **options).curve, 0.5).value > value
    impure = map_of_picks(together(truth, false_picks(truth, 50)), truth, files, **options)
    assert impure.n > impure.n_true == whole.n_true


def test_the_same_seed_gives_the_same_map(field):
    truth, files = field
    maps = [map_of_picks(truth[:60], truth, files, diameter=DIAMETER, downsample=40, threads=t).maps for t in (1, 2)]
    np.testing.assert_array_equal(maps[0], maps[1])
    assert maps[0][0].shape == (40, 40, 40)


def test_a_truth_without_orientations(field):
    truth, files = field
    bare = together(truth)
    with pytest.raises(
        ValueError, match=re.escape("truth: expected orientations, got no column rlnAngleRot, rlnAngle")
    ):
        map_of_picks(truth, bare, files, diameter=DIAMETER)
