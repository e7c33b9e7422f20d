"""Pictures of a store that is being written: they follow what comes, and the last has the bits of `reconstruct`."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import motes
from feeder import Feeder, patterns
from motes import C4, D4, Patterns, PatternWriter, follow, open_patterns, reconstruct, simulate
from motes.live import Outlook, by_convention, fits, outlook, turned
from motes.live.growing import Growing
from motes.live.turning import as_before
from motes.scratch import gathered
from stores import store_of

LONG = 40.0  # seconds: what a test waits for at most; then `follow` ends, for another reason than expected
ARRAYS = ("master", "std_error", "labels", "weights", "weights_std_error", "counts", "first_pattern_posterior")


@pytest.fixture(scope="module")
def seen() -> Patterns:
    return patterns()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.zarr"


def following(path, **options):
    return follow(path, **({"every": 0, "patience": LONG, "wait": LONG, "first": 500, "threads": 1} | options))


def same(one, other) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one.log_likelihood == other.log_likelihood
    assert one.error_bound == other.error_bound


def test_pictures_follow_a_writer_in_another_process(path):
    with Feeder(path) as feeder:
        feeder.append(0, 1000)
        updates = following(path, target_error=1e-3)
        found = [next(updates)]
        for first, last in ((1000, 1600), (1600, 2500), (2500, 3000)):
            feeder.append(first, last)
            found.append(next(updates))
        feeder.append(3000, 4000)
        feeder.close()
        found += updates
    assert [update.n_patterns for update in found[:4]] == [1000, 1600, 2500, 3000]
    assert [update.begun_anew for update in found[:4]] == [True, False, True, False]
    assert [update.ended for update in found] == [None] * (len(found) - 1) + ["closed"]
    assert found[0].rate is None
    assert all(update.rate > 0 for update in found[1:4])
    assert all(update.outlook.told and update.still_needed > 0 for update in found)
    assert [update.seconds for update in found] == sorted(update.seconds for update in found)
    assert found[3].outlook.error < found[0].outlook.error
    last = found[-1]
    assert last.last
    assert last.closed
    assert last.n_patterns == 4000
    same(last.result, reconstruct(open_patterns(path), threads=1))


def test_a_writer_that_is_killed_and_goes_on(path):
    with Feeder(path) as feeder:
        feeder.append(0, 1000)
        updates = following(path)
        assert next(updates).n_patterns == 1000
        feeder.die(1000, 2000)
    with Feeder(path) as feeder:
        feeder.append(1000, 1500)
        assert next(updates).n_patterns == 1500
        feeder.close()
    (*_, last) = updates
    assert last.ended == "closed"
    same(last.result, reconstruct(open_patterns(path), threads=1))


def test_a_writer_that_is_killed_and_does_not_go_on(path):
    told = []
    with Feeder(path) as feeder:
        feeder.append(0, 1000)
        updates = following(path, patience=0.3, notify=told.append)
        next(updates)
        feeder.die(1000, 2000)
        (last,) = updates
    assert last.ended == "patience"
    assert not last.closed
    assert "the writer did not close the store" in last.notes[-1]
    assert any("the writer has not closed the store; after 0.3 s" in text for text in told)
    same(last.result, reconstruct(open_patterns(path), threads=1))


def test_what_a_picture_foretells_is_asked_once(path, seen, monkeypatch):
    """Of the last one as well, which ends it: that may take patterns to be drawn."""
    from motes.live import follower

    asked, outlook = [], follower.outlook
    monkeypatch.setattr(follower, "outlook", lambda result, *of: asked.append(result) or outlook(result, *of))
    store_of(path.parent, seen[:4000], a_section=1000)
    (path / "zarr.json").write_text((path / "zarr.json").read_text().replace('"closed": true', '"closed": false'))
    (last,) = following(path, target_error=0.15)
    assert last.ended == "target"
    assert len(asked) == len(set(map(id, asked))) == 1


def test_the_target_ends_it(path, seen):
    with PatternWriter(path, seen.shape) as writer:
        writer.append(seen[:500])
        writer.flush()
        updates = following(path, target_error=0.15)
        first = next(updates)
        assert not first.last
        assert first.outlook.needed == first.n_patterns + first.still_needed
        writer.append(seen[500:4000])
        writer.flush()
        (last,) = updates
        assert last.ended == "target"
        assert last.still_needed == last.seconds_needed == 0
        assert last.outlook.error <= 0.15
        assert last.result.error_bound <= 0.15
        assert not last.closed
        same(last.result, reconstruct(open_patterns(path), threads=1))


def test_nothing_there(path):
    told = []
    with pytest.raises(FileNotFoundError, match=r"nothing came there within 0.05 s") as error:
        next(following(path, wait=0.05, notify=told.append))
    assert error.value.filename == str(path)
    assert told == [f"{path}: nothing is there yet; waiting for it, up to 0.05 s"]


def test_it_comes_later_and_few_at_a_time(path, seen):
    told = []
    writer = None

    def notify(text):
        nonlocal writer
        told.append(text)
        if "nothing is there yet" in text:
            writer = PatternWriter(path, seen.shape)
        elif "0 patterns so far" in text:
            writer.append(seen[:600])
            writer.close()

    (update,) = following(path, first=500, notify=notify)
    assert update.n_patterns == 600
    hint = "(a writer shows them at each flush(), and whenever 16 MiB are full)"
    assert told[1:] == [f"0 patterns so far {hint}; waiting for the first 500 patterns"]


def test_too_few_to_the_end_are_shown_all_the_same(path, seen):
    store_of(path.parent, seen[:20])
    (update,) = following(path)
    assert update.n_patterns == 20
    assert update.ended == "closed"


def test_no_pattern_at_all(path, seen):
    store_of(path.parent, seen[:0])
    with pytest.raises(ValueError, match=r"run.zarr: holds no pattern$"):
        next(following(path))


def test_what_is_no_store(path):
    path.write_text("photons")
    with pytest.raises(motes.FormatError, match=r"run.zarr: expected a store of patterns \(.zarr\), got a file"):
        next(following(path))


def chunk_of(path, section):
    return path / "sections" / f"{section:08d}" / "pixels" / "c" / "0"


def test_a_section_that_can_not_be_read_yet(path, seen):
    with PatternWriter(path, seen.shape) as writer:
        for first in range(0, 2000, 500):
            writer.append(seen[first : first + 500])
            writer.flush()
        whole = chunk_of(path, 1).read_bytes()
        chunk_of(path, 1).write_bytes(whole[:100])  # of a copy that is under way
        header = path / "sections" / "00000003" / "zarr.json"
        header.rename(path / "aside")
        told = []
        updates = following(path, notify=told.append)
        update = next(updates)
        assert update.n_patterns == 1000
        assert np.flatnonzero(~update.kept).tolist() == list(range(500, 1000))
        assert [note.partition(":")[0] for note in update.notes] == [
            "section 1 can not be read and is left out",
            "section 3 can not be read and is left out",
        ]
        same(update.result, reconstruct(update.store.select(update.kept), threads=1))
        chunk_of(path, 1).write_bytes(whole)
        update = next(updates)
        assert update.n_patterns == 1500
        assert update.kept is None
        (path / "aside").rename(header)
    (*_, last) = updates
    assert last.n_patterns == 2000
    assert last.notes == ()
    assert told.count("section 1 can be read now") == told.count("section 3 can be read now") == 1
    same(last.result, reconstruct(open_patterns(path), threads=1))


def test_a_section_that_stays_damaged_is_waited_for_then_left_out(path, seen):
    store = store_of(path.parent, seen[:2000], a_section=500)
    bad = bytearray(chunk_of(path, 0).read_bytes())
    bad[7] ^= 1
    chunk_of(path, 0).write_bytes(bad)
    (*_, last) = following(path, patience=0.2)
    assert last.ended == "closed"
    assert last.kept.tolist() == store.verify(skip_damaged=True).tolist()
    assert "section 0 can not be read" in last.notes[0]
    assert last.left_out == (0,)
    same(last.result, reconstruct(store.select(last.kept), threads=1))


def test_a_section_that_is_damaged_after_it_was_read(path, seen, monkeypatch):
    monkeypatch.setattr("motes.sections.FOR_SECTIONS", 0.0)  # none stays in memory
    with PatternWriter(path, seen.shape) as writer:
        for first in (0, 500):
            writer.append(seen[first : first + 500])
            writer.flush()
        updates = following(path)
        assert next(updates).n_patterns == 1000
        chunk_of(path, 0).write_bytes(b"")
        writer.append(seen[1000:1700])
        writer.flush()
        update = next(updates)
    assert update.n_patterns == 1200
    assert not update.kept[:500].any()


def test_another_store_in_its_place(path, seen):
    store = store_of(path.parent, seen[:3000], a_section=1000)
    (path / "zarr.json").write_text((path / "zarr.json").read_text().replace('"closed": true', '"closed": false'))
    told = []
    updates = following(path, notify=told.append)
    assert next(updates).n_patterns == 3000
    shutil.rmtree(path)
    with PatternWriter(path, seen.shape) as writer:
        writer.append(seen[4000:5500])
    (*_, last) = updates
    assert last.n_patterns == 1500
    assert f"{path}: is gone, or another store than before: beginning anew" in told
    assert last.store.fingerprint != store.fingerprint
    same(last.result, reconstruct(open_patterns(path), threads=1))


def test_a_section_that_comes_late(path, seen):
    store_of(path.parent, seen[:1500], a_section=500)
    one = path / "sections" / "00000001"
    one.rename(path / "aside")
    growing = Growing(path)
    look = growing.look()
    assert look.n_patterns == 1000
    assert look.faults == {1: f"{one}: is missing, though section 2 is there"}
    assert look.patterns.to_memory() == Patterns.concatenate([seen[:500], seen[1000:1500]])
    (path / "aside").rename(one)
    look = growing.look()
    assert not look.faults
    assert look.patterns.to_memory() == seen[:1500]


def test_every_section_that_is_missing_is_told(path, seen):
    store_of(path.parent, seen[:3500], a_section=500)
    sections = path / "sections"
    for k in (1, 2, 4):
        shutil.rmtree(sections / f"{k:08d}")
    look = Growing(path).look()
    assert look.n_patterns == 2000
    assert look.faults == {k: f"{sections}/{k:08d}: is missing, though section 6 is there" for k in (1, 2, 4)}
    shutil.rmtree(sections / "00000006")
    assert Growing(path).look().faults[6] == f"{sections}/00000006: is missing, of a closed store"


def test_beyond_so_many_in_a_row_missing_sections_are_told_together(path, seen):
    store_of(path.parent, seen[:1000], a_section=500)
    (path / "sections" / "999999999999").mkdir()  # nobody wrote so many
    faults = Growing(path).look().faults
    assert list(faults) == [*range(2, 103), 999999999999]
    assert faults[102].endswith("00000102 to 999999999998: are missing, though section 999999999999 is there")


def test_a_store_with_other_patterns_of_as_many_sections_is_another(path, seen):
    growing = Growing(path)
    assert growing.look().store is None
    store_of(path.parent, seen[:1000], a_section=500)
    assert not growing.look().replaced
    assert not growing.look().replaced
    shutil.rmtree(path)
    store_of(path.parent, seen[1000:2000], a_section=500)
    look = growing.look()
    assert look.replaced
    assert look.patterns.to_memory() == seen[1000:2000]
    shutil.rmtree(path)
    assert growing.look().replaced
    assert not growing.look().replaced


def test_pictures_do_not_turn_when_the_first_label_changes(path):
    faint = patterns(contrast=0.4)
    few, many = reconstruct(faint[:1500]), reconstruct(faint[:3000])
    level = as_before(many, few.master)
    first = int(np.flatnonzero(few.labels != level.labels[:1500])[0])  # whose label says otherwise once there are more
    order = np.arange(3000)
    order[[0, first]] = order[[first, 0]]
    ordered = faint[order]
    with PatternWriter(path, faint.shape) as writer:
        writer.append(ordered[:1500])
        writer.flush()
        updates = following(path)
        before = next(updates)
        writer.append(ordered[1500:])
        writer.flush()
        after = next(updates)
        convention = by_convention(after.result)
    near = [np.linalg.norm(C4.turn_master(after.result.master, r) - before.result.master) for r in range(4)]
    assert np.argmin(near) == 0
    assert np.linalg.norm(convention.master - before.result.master) > 2 * near[0]  # what it is spared


@pytest.mark.parametrize("luck", [-1.0, 1.0])
def test_of_two_starts_the_more_likely_is_shown(path, seen, monkeypatch, luck):
    def lucky(patterns, rotations, noise, *, init, **how):
        result = reconstruct(patterns, rotations, noise, init=init, **how)
        return result if init is not None else dataclasses.replace(result, log_likelihood=result.log_likelihood + luck)

    monkeypatch.setattr(fits, "reconstruct", lucky)
    store = store_of(path.parent, seen[:2000], a_section=500)
    pictures = fits.Fits(C4, motes.Bernoulli(), {"threads": 1})
    few = store.select(np.arange(2000) < 500)
    assert [result.init for result, _ in (pictures.next(few), pictures.next(store))] == [
        "spectral",
        "array" if luck < 0 else "spectral",
    ]


def test_a_last_picture_that_is_less_likely_than_another_says_so(path, seen, monkeypatch):
    store = store_of(path.parent, seen[:1500])
    pictures = fits.Fits(C4, motes.Bernoulli(), {"threads": 1})
    result, _ = pictures.next(store)
    assert pictures.won_by_the_last(turned(result, 1), store) == 0
    other = dataclasses.replace(result, master=result.master[:, ::-1], log_likelihood=result.log_likelihood - 0.5)
    assert pictures.won_by_the_last(other, store) == pytest.approx(0.5, abs=1e-5)

    monkeypatch.setattr(fits.Fits, "won_by_the_last", lambda self, result, patterns: 0.01)
    (update,) = following(path)
    assert "is likelier by 0.01 nats a pattern than this one" in update.notes[0]


@pytest.mark.parametrize("group", [C4, D4], ids=str)
def test_a_turn_takes_everything_with_it(seen, group):
    result = reconstruct(seen[:1000], group, weights="estimate")
    some = seen[:50]
    for rotation in range(group.n):
        other = turned(result, rotation)
        np.testing.assert_array_equal(other.assign(some).labels, other.labels[:50])
        np.testing.assert_array_equal(np.bincount(other.labels, minlength=group.n), other.counts)
        np.testing.assert_allclose(other.responsibilities(seen[:1])[0], other.first_pattern_posterior, atol=1e-4)
        same(as_before(other, result.master), result)
        same(by_convention(other), result)
        stored = dataclasses.replace(result, labels=gathered([(0, result.labels)], result.labels.size, np.int32))
        same(turned(stored, rotation), other)


def test_pixels_that_nobody_sees(path, seen):
    mask = np.zeros(seen.shape, np.bool_)
    mask[5, 5] = True  # the centre, which no quarter turn moves
    with PatternWriter(path, seen.shape) as writer:
        writer.append(seen[:800])
        writer.flush()
        updates = following(path, mask=mask)
        assert np.isnan(next(updates).result.master[5, 5])
        writer.append(seen[800:1200])
    (*_, last) = updates
    assert np.isnan(last.result.master).sum() == 1
    assert last.outlook.told
    same(last.result, reconstruct(open_patterns(path), mask=mask, threads=1))


@pytest.mark.parametrize("contrast", [1.0, 0.5])
def test_a_tenth_of_the_patterns_tells_how_many_it_takes(contrast):
    truth = simulate.scaled(simulate.with_contrast(simulate.portrait(25), contrast), 27.4)
    drawn = simulate.patterns(truth, 40_000, seed=7)
    whole = Patterns.from_coo(drawn.rows, drawn.cols, shape=(25, 25), n_patterns=40_000)
    target = outlook(reconstruct(whole)).error
    early = outlook(reconstruct(whole[:4000]), target)
    assert 0.8 * 40_000 < early.needed < 1.2 * 40_000
    assert early.still_needed == early.needed - 4000


def test_the_error_is_that_of_the_estimate():
    truth = simulate.scaled(simulate.with_contrast(simulate.portrait(11), 0.6), 25.0)
    ratios = []
    for seed in range(8):
        drawn = simulate.patterns(truth, 3000, seed=seed)
        result = reconstruct(Patterns.from_coo(drawn.rows, drawn.cols, shape=(11, 11), n_patterns=3000))
        error = min(np.linalg.norm(C4.turn_master(result.master, r) - truth) for r in range(4))
        ratios.append(error / np.linalg.norm(truth - truth.mean()) / outlook(result).error)
    assert np.mean(ratios) == pytest.approx(1, abs=0.15)


def test_noise_tells_nothing():
    flat = simulate.patterns(np.full((11, 11), 0.2), 2000, seed=1)
    result = reconstruct(Patterns.from_coo(flat.rows, flat.cols, shape=(11, 11), n_patterns=2000))
    found = outlook(result, 0.05)
    assert not found.told
    assert found.error == float("inf")
    assert found.needed is found.still_needed is None
    assert not found.reached


def test_without_rotations_nothing_turns(seen):
    found = outlook(reconstruct(seen[:1000], motes.C1), 0.5)
    assert found.told
    assert found.asymmetric_error == 0


def test_a_picture_whose_turning_part_is_not_told_has_not_reached_its_target(seen):
    result = reconstruct(seen[:1000])
    assert outlook(result, 10.0).reached
    rough = dataclasses.replace(result, std_error=3 * result.std_error)
    found = outlook(rough, 10.0)
    assert found.asymmetric_error > 0.3
    assert not found.reached


@given(
    n=st.integers(1, 10**9),
    error=st.floats(0, 10) | st.just(float("inf")),
    asymmetric=st.floats(0, 10) | st.just(float("inf")),
    target=st.none() | st.floats(1e-6, 10),
)
def test_what_is_still_needed_is_never_negative(n, error, asymmetric, target):
    found = Outlook(n, error, asymmetric, target)
    if target is None or error == float("inf") or asymmetric == float("inf"):
        assert found.still_needed is None
        assert not found.reached
    else:
        assert found.still_needed >= 0
        assert found.reached == (found.needed <= n)
        assert found.reached or error > target * 0.99 or asymmetric > 0.29


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("every", -1, ValueError),
        ("target_error", 0, ValueError),
        ("first", 0, ValueError),
        ("wait", -1.0, ValueError),
        ("patience", "long", TypeError),
        ("weights", "some", ValueError),
        ("rotations", "in-plane:1", ValueError),
        ("rotations", "C3", ValueError),
        ("noise", "gaussian", ValueError),
        ("memory", "much", ValueError),
        ("seed", -1, ValueError),
        ("tolerance", 0, ValueError),
    ],
)
def test_options_are_refused_before_any_wait(path, option, value, error):
    with pytest.raises(error, match=f"^{option}: "):
        follow(path, **{option: value})
