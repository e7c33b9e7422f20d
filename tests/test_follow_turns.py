"""Pictures of a store that is being written, of patterns that in-plane rotations turn."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import motes
from motes import Bernoulli, Patterns, PatternWriter, Rotations, follow, limits, open_patterns, reconstruct, simulate
from motes.live import by_convention, evidence, fits, outlook
from motes.live.turning import near
from motes.quotient import nearest_turn, turned
from stores import store_of

SHAPE, PHOTONS, N = (11, 11), 40.0, 4000
TURNS = Rotations.in_plane(12)
LONG = 60.0


def drawn(turns, *, noise="bernoulli", n=N, contrast=1.0, seed=2):
    """Patterns at the templates of the very map, and the master."""
    inside = turns.support(SHAPE)
    truth = np.where(inside, simulate.with_contrast(simulate.portrait(SHAPE[0]), contrast), 0.0)
    truth *= PHOTONS / truth.sum()
    found = simulate.mixture([turns.expand(truth)], n, noise=noise, seed=seed)
    return Patterns.from_coo(found.rows, found.cols, counts=found.counts, shape=SHAPE, n_patterns=n), truth


@pytest.fixture(scope="module")
def seen():
    return drawn(TURNS)[0]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.zarr"


def following(path, rotations=TURNS, noise=None, **options):
    options = {"every": 0, "patience": LONG, "wait": LONG, "first": 500, "threads": 1} | options
    return follow(path, rotations, noise, **options)


def same(one, other) -> None:
    for name in ("masters", "std_error", "labels", "weights", "class_weights"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one.log_likelihood == other.log_likelihood


@pytest.mark.parametrize(
    ("rotations", "noise"), [("in-plane:12", "bernoulli"), ("in-plane:8m", "poisson")], ids=["turns", "mirrored"]
)
def test_the_last_has_the_bits_of_reconstruct(path, rotations, noise):
    patterns, _ = drawn(motes.rotations.rotations_of(rotations), noise=noise, n=2500)
    with PatternWriter(path, SHAPE) as writer:
        writer.append(patterns[:1000])
        writer.flush()
        updates = following(path, rotations, noise, target_error=0.01)
        found = [next(updates)]
        for first, last in ((1000, 1500), (1500, 2500)):
            writer.append(patterns[first:last])
            writer.flush()
            found.append(next(updates))
    (last,) = updates
    assert [update.n_patterns for update in (*found, last)] == [1000, 1500, 2500, 2500]
    assert [update.begun_anew for update in found] == [True, False, True]
    assert last.ended == "closed"
    assert last.still_needed > 0
    same(last.result, reconstruct(open_patterns(path), rotations, noise, threads=1))
    assert by_convention(last.result) is last.result


def test_pictures_stand_as_the_one_before(path, seen, monkeypatch):
    fitted = reconstruct

    def turned_by_a_start(patterns, rotations, noise, *, init, **how):
        if init is None and len(patterns) > 1000:  # of the same patterns another start finds it turned, and likelier
            there = reconstruct(seen[:1000], rotations, noise, **how).master
            result = fitted(patterns, rotations, noise, init=turned(there, 75.0), **how)
            return dataclasses.replace(result, log_likelihood=result.log_likelihood + 1)
        return fitted(patterns, rotations, noise, init=init, **how)

    monkeypatch.setattr(fits, "reconstruct", turned_by_a_start)
    monkeypatch.setattr(fits, "_alike", lambda one, other: False)
    store = store_of(path.parent, seen[:2000], a_section=500)
    pictures = fits.Fits(TURNS, Bernoulli(), {"threads": 1})
    before, _ = pictures.next(store.select(np.arange(2000) < 1000))
    after, begun = pictures.next(store)
    assert begun
    found = nearest_turn(after.master, before.master, TURNS)
    assert min(found.degrees, 360 - found.degrees) < 5
    assert np.isnan(after.master[0, 0])


def test_of_one_picture_in_two_frames_none_is_sought_again(path, seen, monkeypatch):
    """A start of its own comes to rest in another frame of pixels, and may be likelier there."""
    asked = []

    def counted(patterns, rotations, noise, *, init, **how):
        asked.append("spectral" if init is None else "array")
        result = reconstruct(patterns, rotations, noise, init=init, **how)
        return result if init is not None else dataclasses.replace(result, log_likelihood=result.log_likelihood + 1)

    monkeypatch.setattr(fits, "reconstruct", counted)
    store = store_of(path.parent, seen[:2000], a_section=500)
    pictures = fits.Fits(TURNS, Bernoulli(), {"threads": 1})
    pictures.next(store.select(np.arange(2000) < 1000))
    result, _ = pictures.next(store)
    assert asked == ["spectral", "array", "spectral"]
    assert result.init == "array"
    assert pictures.won_by_the_last(pictures.anew(store), store) == 0


def test_a_picture_is_near_however_it_stands(seen):
    result = reconstruct(seen[:1500], TURNS)
    other = dataclasses.replace(result, masters=turned(result.master, 40.0)[None])
    assert fits._alike(other, result)
    level = near(other, result.master)
    inside = TURNS.support(SHAPE)
    assert np.isnan(level[~inside]).all()
    contrast = np.linalg.norm((result.master - np.nanmean(result.master))[inside])
    assert np.linalg.norm((level - result.master)[inside]) < 0.5 * contrast  # what two interpolations smooth
    assert not fits._alike(dataclasses.replace(result, masters=result.masters[:, :, ::-1]), result)


def test_the_error_is_that_of_the_estimate():
    ratios = []
    for seed in range(6):
        patterns, truth = drawn(TURNS, n=3000, contrast=0.8, seed=seed)
        result = reconstruct(patterns, TURNS, init=truth)  # any other start may end in another frame
        found = outlook(result, 0.05, patterns)
        assert found.told
        inside = TURNS.support(SHAPE)
        error = nearest_turn(result.master, np.where(inside, truth, np.nan), TURNS).distance
        ratios.append(error / np.linalg.norm((truth - truth[inside].mean())[inside]) / found.error)
    assert np.mean(ratios) == pytest.approx(1, abs=0.15)


def test_what_turns_is_told_as_limits_tell_it():
    patterns, truth = drawn(TURNS, n=20_000)
    found = outlook(reconstruct(patterns, TURNS, init=truth), patterns=patterns)
    bound = limits.cramer_rao(truth, 20_000, TURNS)
    assert found.error == pytest.approx(bound.relative_error, rel=0.1)
    assert found.asymmetric_error == pytest.approx(bound.asymmetric_error, rel=0.15)


def test_an_early_part_tells_how_many_it_takes(seen):
    target = outlook(reconstruct(seen, TURNS), None, seen).error
    early = seen[: N // 4]
    found = outlook(reconstruct(early, TURNS), target, early)
    assert 0.75 * N < found.needed < 1.25 * N


@pytest.mark.parametrize("noise", ["bernoulli", "poisson"])
def test_noise_tells_nothing(noise):
    rng = np.random.default_rng(5)
    bright = np.hypot(*np.mgrid[-5:6, -5:6]) / 20  # round, and steeper than turns by interpolation can be
    frames = rng.random((2000, *SHAPE)) < bright if noise == "bernoulli" else rng.poisson(bright, (2000, *SHAPE))
    patterns = Patterns.from_dense(frames.astype(np.int64))
    result = reconstruct(patterns, TURNS, noise)
    found = outlook(result, 0.05, patterns)
    assert not found.told
    assert found.needed is None
    assert evidence.evidence_of_turns(result, patterns) < evidence.evidence_of_turned_noise(result)


def test_the_patterns_of_turns_are_asked_for(seen):
    result = reconstruct(seen[:1000], TURNS)
    with pytest.raises(ValueError, match=r"patterns: expected the 1,000 .* got none"):
        outlook(result)
    with pytest.raises(ValueError, match=r"patterns: expected the 1,000 .* got 900"):
        outlook(result, patterns=seen[:900])
    two = reconstruct(seen[:1000], TURNS, classes=2, max_iterations=2)
    with pytest.raises(ValueError, match="result: expected one master of exact or in-plane rotations, got in-plane:12"):
        outlook(two, patterns=seen[:1000])


def test_turns_that_are_none_are_refused(path):
    class Slices:
        name, n, angles = "slices", 3, None

        def expand(self, master):
            return np.array(master, np.float64)

        def back_rotate(self, planes):
            return np.array(planes, np.float64)

        def support(self, shape):
            return np.ones(shape, bool)

    with pytest.raises(ValueError, match=r"^rotations: expected C4, D4, C1 or in-plane turns, got slices: "):
        follow(path, Slices())
    with pytest.raises(ValueError, match=r"^rotations: expected several angles, got in-plane:1; C1 is for"):
        follow(path, "in-plane:1")
