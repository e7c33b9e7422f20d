"""Reconstruction: what it says of patterns, and that a file gives it back."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

import gpus
import reference
from motes import C4, Bernoulli, FormatError, Patterns, Reconstruction, reconstruct
from motes.reconstruction import blocks
from problems import GROUPS, NOISES, counts_of, master_of, patterns_of

BAD = np.zeros((5, 5), bool)
BAD[2, 2] = BAD[0, 3] = True


@pytest.fixture(scope="module", params=["C4 bernoulli", "D4 poisson", "masked"])
def fitted(request) -> tuple[Patterns, Reconstruction]:
    group, noise = ("C4", "bernoulli") if request.param == "masked" else request.param.split()
    patterns = patterns_of(master_of(5, photons=8.0), 600, group=group, noise=noise, seed=2)
    mask = BAD if request.param == "masked" else None
    return patterns, reconstruct(patterns, GROUPS[group], NOISES[noise], weights="estimate", mask=mask)


def scores(patterns: Patterns, result: Reconstruction) -> np.ndarray:
    master = np.nan_to_num(result.master, nan=0.5)
    return reference.mixture_scores(
        counts_of(patterns), master, result.rotations.name, result.weights, result.noise.name, result.good
    )


@gpus.each_device
def test_new_patterns_are_assigned_by_the_mixture(fitted, device):
    _, result = fitted
    new = patterns_of(master_of(5, seed=9), 200, group=result.rotations.name, noise=result.noise.name, seed=8)
    score = scores(new, result)
    new = gpus.there(new, device)
    found = result.assign(new)
    exact = reference.evidence(score)
    np.testing.assert_allclose(found.log_likelihood, exact, atol=5e-5)
    chosen = np.take_along_axis(score, found.labels[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(chosen, score.max(axis=1), atol=5e-5)
    gamma = result.responsibilities(new)
    np.testing.assert_allclose(gamma, reference.responsibilities(score), atol=5e-5)
    np.testing.assert_array_equal(result.assign(new, threads=2).log_likelihood, found.log_likelihood)


@gpus.each_device
def test_its_own_patterns_keep_their_labels(fitted, device):
    patterns, result = fitted
    patterns = gpus.there(patterns, device)
    score = np.sort(scores(patterns, result), axis=1)
    sure = score[:, -1] - score[:, -2] > 1e-3
    found = result.assign(patterns)
    np.testing.assert_array_equal(found.labels[sure], result.labels[sure])
    assert found.log_likelihood.mean() == pytest.approx(result.log_likelihood, abs=2e-5)
    np.testing.assert_allclose(result.responsibilities(patterns[:1])[0], result.first_pattern_posterior, atol=1e-5)
    assert result.labels[0] == 0


def test_likelihoods_do_not_depend_on_blocks(fitted, monkeypatch):
    patterns, result = fitted
    whole = result.assign(patterns).log_likelihood
    monkeypatch.setattr(blocks, "MOST", 50)
    np.testing.assert_array_equal(result.assign(patterns).log_likelihood, whole)


def test_patterns_that_do_not_fit(fitted):
    _, result = fitted
    with pytest.raises(ValueError, match=re.escape("patterns: expected shape (5, 5), got (4, 4)")):
        result.assign(Patterns.empty((4, 4), 1))
    if isinstance(result.noise, Bernoulli):
        with pytest.raises(ValueError, match="a pixel caught 2 photons"):
            result.responsibilities(Patterns.from_dense(np.full((1, 5, 5), 2)))
    assert result.assign(Patterns.empty((5, 5))).labels.shape == (0,)


def test_a_file_gives_it_back(fitted, tmp_path):
    _, result = fitted
    result.save(tmp_path / "result.npz")
    again = Reconstruction.load(tmp_path / "result.npz")
    for field in dataclasses.fields(result):
        one, other = getattr(result, field.name), getattr(again, field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other, err_msg=field.name, strict=True)
        else:
            assert (type(one), one) == (type(other), other), field.name
    assert repr(again) == repr(result)


def test_a_run_without_error_bars_or_patterns_is_given_back_too(tmp_path):
    result = reconstruct(Patterns.empty((3, 3)), std_error=False)
    result.save(tmp_path / "result.npz")
    again = Reconstruction.load(tmp_path / "result.npz")
    assert np.isnan(again.error_bound)
    assert np.isnan(again.std_error).all()


@pytest.mark.parametrize("record", [None, b"{}", b"[1]", b'{"version": 1', b"\xff\xfe{", b"[" * 100_000, b"1" * 5000])
def test_another_file(tmp_path, record):
    path = tmp_path / "result.npz"
    reconstruct(Patterns.empty((3, 3))).save(path)
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "record"}
    if record is not None:
        arrays["record"] = np.frombuffer(record, np.uint8)
    np.savez(path, **arrays)
    with pytest.raises(FormatError, match=re.escape(str(path))):
        Reconstruction.load(path)
    path.write_bytes(b"hello")
    with pytest.raises(FormatError, match=re.escape(str(path))):
        Reconstruction.load(path)
    with pytest.raises(FileNotFoundError):
        Reconstruction.load(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("labels", np.full(40, 9, np.int32), "labels: expected 0 to 3, got 9"),
        ("labels", np.zeros(39, np.int32), "labels: expected int32 of shape (40,), got int32 of shape (39,)"),
        ("master", np.zeros((3, 3), complex), "master: expected float64 of shape (3, 3), got complex128"),
        ("master", np.full((3, 3), 2.0), "master: expected 0 to 1, got 2"),
        ("master", np.zeros((3, 4)), "master: "),
        ("master", np.zeros(9), "master: expected an image, got shape (9,)"),
        ("good", np.ones((2, 3), bool), "good: expected bool of shape (3, 3)"),
        ("weights", np.ones(3), "weights: expected float64 of shape (4,)"),
        ("weights", np.full(4, 0.5), "weights: expected a sum of 1, got 2"),
        ("weights", np.full(4, np.nan), "weights: expected 0 to 1, got nan"),
        ("counts", np.full(4, -1), "counts: expected 0 to 40, got -1"),
        ("seen", None, "it holds no seen"),
        ("history", [1, 2], "record: history: expected a list of records of iterations, got [1, 2]"),
        ("history", [{"restart": "x"}], "record: history: expected a list of records of iterations"),
        ("notes", [1], "record: notes: expected a list of texts, got [1]"),
        ("n_patterns", "many", 'record: n_patterns: expected a whole number, got "many"'),
        ("n_photons", 10**400, "record: n_photons: expected a whole number, got "),
        ("converged", 1, "record: converged: expected true or false, got 1"),
        ("error_bound", None, "record: error_bound: expected a number, got null"),
        ("agreement", "good", "record: agreement: expected a number or null"),
        ("rotations", "C3", "record: rotations: expected C4, D4 or C1, got 'C3'"),
        ("noise", 5, "record: noise: expected a text, got 5"),
        ("more", 5, "record: no saved reconstruction: missing, or not known: more"),
    ],
)
def test_fields_that_can_not_be(tmp_path, name, value, message):
    path = tmp_path / "result.npz"
    reconstruct(patterns_of(master_of(3, photons=2.0), 40)).save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    if name in arrays:
        arrays[name] = value
    else:
        record = json.loads(arrays["record"].tobytes()) | {name: value}
        arrays["record"] = np.frombuffer(json.dumps(record).encode(), np.uint8)
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
    with pytest.raises(FormatError, match=re.escape(str(path)) + ".*" + re.escape(message)):
        Reconstruction.load(path)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    result = reconstruct(Patterns.empty((3, 3), 2))
    path = tmp_path / "result.npz"
    path.write_bytes(b"before")
    broken = dataclasses.replace(result, history=({"step": object()},))
    with pytest.raises(TypeError):
        broken.save(path)
    assert path.read_bytes() == b"before"
    result.save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["result.npz"]


def test_what_it_says_of_itself(fitted):
    _, result = fitted
    text = repr(result)
    assert text.startswith("Reconstruction(5x5 master from 600 patterns of ")
    assert f"converged after {result.sweeps} sweeps" in text
    assert "interrupted" in repr(dataclasses.replace(result, interrupted=True))
    assert "not converged" in repr(dataclasses.replace(result, converged=False))
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.seed = 3


def test_counts_are_relative_to_the_first_pattern():
    """Whichever pattern comes first, its label is 0 and the picture is turned to it."""
    data = patterns_of(master_of(5, photons=12.0), 3000, seed=3)
    shown = reconstruct(data).labels
    patterns = data[(shown < 2) | (np.arange(3000) % 8 == 0)]  # two orientations are rare
    one = reconstruct(patterns, weights="estimate")
    assert one.weights_std_error.max() > 1.2 * one.weights_std_error.min()
    for first in (1, 2, 3, 4, 5):
        order = np.r_[first, 0:first, first + 1 : len(patterns)]
        other = reconstruct(patterns[order], init=one.master, weights="estimate")
        turn = int(one.labels[first])
        moved = C4.relabel(np.arange(4), turn)
        np.testing.assert_allclose(other.weights[moved], one.weights, atol=1e-3)
        np.testing.assert_allclose(other.weights_std_error[moved], one.weights_std_error, rtol=0.02)
        np.testing.assert_allclose(other.master, C4.turn_master(one.master, turn), atol=1e-3)
        assert other.labels[0] == 0
        assert (C4.relabel(one.labels, turn)[order] != other.labels).mean() < 0.01
