"""Committees: members that learn from resampled labels, and where they disagree."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from motes import Circles, FormatError, pickers, sample
from motes.active import GroundTruth, run
from motes.pickers import Committee, Detections, FeatureCache, FilterBankPicker, Labelled, NotFittedError, Picker
from motes.pickers.committee import MEMBERS
from motes.picking import circles_of
from toy_picker import RADIUS, ToyPicker, problem

MICROGRAPHS, TRUTH = problem()
LABELLED = Labelled(MICROGRAPHS, TRUTH[::2])


class Noting(ToyPicker):
    """Remembers what it was taught."""

    def fit(self, labelled, seed=0):
        self.taught, self.seed = labelled, seed
        return super().fit(labelled, seed)


def test_the_first_member_learns_from_all_labels_and_the_others_from_resampled_ones():
    rejected = TRUTH[1::2]
    complete = np.array([True, True, False])
    committee = Committee(Noting, 6).fit(Labelled(MICROGRAPHS, TRUTH[::2], rejected, complete), seed=3)
    first, *others = committee.members
    assert len(first.taught.particles) == 9
    every = {tuple(centre) for centre in TRUTH[::2].centres}
    chosen = []
    for member in others:
        drawn = [tuple(centre) for centre in member.taught.particles.centres]
        assert len(set(drawn)) == len(drawn)
        assert set(drawn) < every
        assert 0 < len(member.taught.rejected) < 9
        chosen.append(frozenset(drawn))
        # A label that was not drawn is unknown: its micrograph can not be complete.
        lost = np.diff(member.taught.particles.indptr) + np.diff(member.taught.rejected.indptr) < 6
        np.testing.assert_array_equal(member.taught.complete, complete & ~lost)
    assert len(set(chosen)) == 5
    assert len({member.seed for member in committee.members}) == 6


def test_a_member_sees_two_thirds_of_the_labels():
    micrographs, truth = problem(n=12, particles=16, others=4, size=90)
    committee = Committee(Noting, 40).fit(Labelled(micrographs, truth))
    seen = [len(member.taught.particles) / len(truth) for member in committee.members[1:]]
    assert abs(np.mean(seen) - (1 - np.exp(-1))) < 0.02


def test_the_probability_is_the_mean_of_the_members():
    committee = Committee(ToyPicker(), 4).fit(LABELLED)
    found = committee.predict(MICROGRAPHS)
    alone = committee.members[0].predict(MICROGRAPHS)
    assert found.members.shape == (len(alone), 4)
    np.testing.assert_array_equal(found.members[:, 0], alone.probability)
    np.testing.assert_allclose(found.probability, found.members.mean(axis=1), rtol=1e-15)
    np.testing.assert_array_equal(found.circles.centres, alone.circles.centres)
    np.testing.assert_array_equal(found.appearance, alone.appearance)
    assert (found.members.std(axis=1) > 0).all()
    for k, member in enumerate(committee.members):  # the toy proposes the same places in every fit
        np.testing.assert_array_equal(found.members[:, k], member.predict(MICROGRAPHS).probability)


class Shifted(ToyPicker):
    """Its candidates are beside those of the others, some twice, some not at all."""

    number = 0

    def __init__(self):
        super().__init__()
        Shifted.number += 1
        self.shift = [None, 1.0, 3.0][(Shifted.number - 1) % 3]

    def predict(self, micrographs):
        found = super().predict(micrographs)
        if self.shift is None:
            return found
        parts = []
        for m in range(len(micrographs)):
            part = found.circles.of_micrograph(m)
            beside = np.array([self.shift, 0.0])
            centres = np.concatenate([part.centres + beside, part.centres - beside])
            parts.append(Circles(centres, RADIUS, np.concatenate([part.scores, part.scores / 2])))
        return Detections(Circles.concatenate(parts), found.micrographs)


def test_members_are_matched_within_reach():
    """A quarter of a diameter is 2 pixels here: of two candidates beside a place the more probable counts, else 0."""
    committee = Committee(Shifted, 3).fit(LABELLED)
    found = committee.predict(MICROGRAPHS)
    unshifted = ToyPicker.predict(committee.members[1], MICROGRAPHS)
    np.testing.assert_array_equal(found.members[:, 1], unshifted.probability)
    assert (found.members[:, 2] == 0).all()


def test_the_same_labels_and_seed_give_the_same_committee():
    one, two, other = (Committee(ToyPicker(), 3).fit(LABELLED, seed=s).predict(MICROGRAPHS).members for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_a_copied_picker_shares_its_cache_and_nothing_that_it_learns():
    data = sample.load()
    particles, _ = circles_of(data.particles, radius=13.5)
    cache = FeatureCache()
    picker = FilterBankPicker(27, cache=cache)
    committee = Committee(picker, 2).fit(Labelled([data.micrograph], particles[::10]))
    assert all(member.cache is cache for member in committee.members)
    found = committee.predict([data.micrograph])
    assert (found.members[:, 0] != found.members[:, 1]).any()
    with pytest.raises(NotFittedError):
        picker.predict([data.micrograph])


def test_what_is_saved_predicts_the_same(tmp_path):
    data = sample.load()
    particles, _ = circles_of(data.particles, radius=13.5)
    committee = Committee(FilterBankPicker(27), 2).fit(Labelled([data.micrograph], particles[::10]))
    path = tmp_path / "committee"
    committee.save(path)
    loaded = Committee.load(path)
    np.testing.assert_array_equal(
        loaded.predict([data.micrograph]).members, committee.predict([data.micrograph]).members
    )
    assert (loaded.n_members, loaded.diameter, repr(loaded)) == (2, 27, repr(committee))
    assert [file.name for file in tmp_path.iterdir()] == ["committee"]


def test_members_of_ones_own_class_need_to_be_told_how_they_are_loaded(tmp_path):
    committee = Committee(ToyPicker(), 2).fit(LABELLED)
    committee.save(tmp_path / "committee")
    with pytest.raises(ValueError, match="a committee of ToyPicker, which is none of"):
        Committee.load(tmp_path / "committee")
    loaded = Committee.load(tmp_path / "committee", member=ToyPicker.load)
    np.testing.assert_array_equal(loaded.predict(MICROGRAPHS).members, committee.predict(MICROGRAPHS).members)


def test_other_files_are_no_committees(tmp_path):
    path = tmp_path / "committee"
    for text in (b"", b"no archive"):
        path.write_bytes(text)
        with pytest.raises(FormatError, match="holds no committee"):
            Committee.load(path)
    Committee(ToyPicker(), 2).fit(LABELLED).save(path)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(FormatError, match="holds no committee, or is damaged"):
        Committee.load(path, member=ToyPicker.load)


def archive_of(path, manifest, members=(b"", b""), **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr("committee.json", manifest)
        for k, content in enumerate(members):
            archive.writestr(f"member{k}", content)


@pytest.mark.parametrize(
    ("manifest", "options", "message"),
    [
        ('{"members": []}', {}, "members: expected the classes of two or more"),
        ('{"members": ["BlobPicker"]}', {}, "members: expected the classes of two or more"),
        ('{"members": [1, 2]}', {}, "members: expected the classes of two or more"),
        ("[]", {}, "holds no committee, or is damaged"),
        ("{}", {}, "holds no committee, or is damaged"),
        ("[" * 30_000, {}, "holds no committee, or is damaged"),
        (b"\xff", {}, "holds no committee, or is damaged"),
        (" " * 70_000, {}, "committee.json has more than 65536 bytes"),
        ('{"members": ["FeatureCache", "FeatureCache"]}', {}, "a committee of FeatureCache, which can be no member"),
        ('{"members": ["Committee", "Committee"]}', {}, "a committee of Committee, which can be no member"),
        ('{"members": ["BlobPicker", "BlobPicker", "BlobPicker"]}', {}, "no item named 'member2'"),
        ('{"members": ["BlobPicker", "BlobPicker"]}', {}, "committee: member0: is empty"),
        ('{"members": ["BlobPicker", "BlobPicker"]}', {"compression": zipfile.ZIP_DEFLATED}, "a member is compressed"),
    ],
)
def test_manifests_and_members_are_checked(tmp_path, manifest, options, message):
    archive_of(tmp_path / "committee", manifest, **options)
    with pytest.raises(FormatError, match=message):
        Committee.load(tmp_path / "committee")


def test_every_picker_of_the_package_can_be_a_member():
    methods = ("fit", "predict", "save", "load")
    found = [name for name in pickers.__all__ if all(hasattr(getattr(pickers, name), one) for one in methods)]
    assert sorted(MEMBERS) == sorted(set(found) - {"Committee", "Picker", "WarmPicker"})


def test_a_committee_of_committees_is_refused():
    with pytest.raises(TypeError, match="picker: expected a picker that is one, got a Committee"):
        Committee(Committee(ToyPicker(), 2), 2)


def test_a_committee_is_a_picker_and_has_to_be_fitted(tmp_path):
    committee = Committee(ToyPicker(), 2)
    assert isinstance(committee, Picker)
    for call in (lambda: committee.predict(MICROGRAPHS), lambda: committee.save(tmp_path / "committee")):
        with pytest.raises(NotFittedError, match="Committee: fit"):
            call()
    with pytest.raises(ValueError, match="n_members: expected 2 or more, got 1"):
        Committee(ToyPicker(), 1)
    with pytest.raises(ValueError, match="at least one particle"):
        committee.fit(Labelled(MICROGRAPHS, TRUTH[:0]))


def test_one_label_is_enough():
    found = Committee(ToyPicker(), 3).fit(Labelled(MICROGRAPHS, TRUTH[:1])).predict(MICROGRAPHS)
    assert len(found) > 0


def test_a_loop_asks_where_members_disagree():
    history = run(MICROGRAPHS, GroundTruth(TRUTH), Committee(ToyPicker(), 4), "committee", initial=3, n=3, rounds=3)
    assert history.n_labels == 9
    assert history.settings["picker"]["picker"]["class"].endswith("ToyPicker")
