"""Checkpoints: a resumed run has the bits of an uninterrupted one, and no other run's checkpoint is taken."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import gpus
from motes import D4, CheckpointError, Patterns, Poisson, Reconstruction, reconstruct
from motes.reconstruction import climb, sampled
from problems import master_of, patterns_of

RUNS = {
    "squarem": {"acceleration": "squarem"},
    "fisher": {"acceleration": "fisher"},
    "plain em": {"acceleration": "none"},
    "estimated weights": {"acceleration": "squarem", "weights": "estimate"},
    "float64": {"acceleration": "fisher", "dtype": np.float64},
    "hard-em": {"method": "hard-em"},
    "l2-em": {"method": "l2-em"},
    "sampled": {"acceleration": "sampled"},
    "sampled, two restarts": {"acceleration": "sampled", "init": "random", "restarts": 2, "weights": "estimate"},
    "sgd": {"method": "sgd", "epochs": 5, "batch": 100},
    "an array": {"init": np.full((5, 5), 0.3) + np.arange(25).reshape(5, 5) / 100},
    "two restarts": {"init": "random", "restarts": 2, "max_iterations": 5},
    "two restarts of sgd": {"method": "sgd", "restarts": 2, "epochs": 3},
    "a mask": {"mask": np.eye(5, dtype=bool)},
}
SAME = (
    "master", "std_error", "labels", "weights", "weights_std_error", "counts", "first_pattern_posterior", "seen",
    "log_likelihood", "error_bound", "missing_information", "agreement", "iterations", "sweeps", "passes", "converged",
    "notes",
)  # fmt: skip


@pytest.fixture(scope="module")
def patterns() -> Patterns:
    return patterns_of(master_of(5, photons=8.0), 1500, seed=1)


@pytest.fixture(autouse=True)
def every_iteration_is_kept(monkeypatch):
    monkeypatch.setattr(climb, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(sampled, "SAMPLE", 700)


def without_time(history) -> list[dict[str, object]]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in history]


def assert_same_bits(one: Reconstruction, other: Reconstruction) -> None:
    for name in SAME:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert without_time(one.history) == without_time(other.history)


@gpus.each_device
@pytest.mark.parametrize("asked", RUNS)
def test_interrupted_at_every_iteration(patterns, asked, device, tmp_path):
    patterns = gpus.there(patterns, device)
    options = {"tolerance": 1e-6, "max_iterations": 12} | RUNS[asked]
    whole = reconstruct(patterns, **options)
    path = tmp_path / "checkpoint.npz"
    for attempt in range(len(whole.history)):
        part = reconstruct(patterns, **options, checkpoint=path, resume=True, std_error=False, callback=lambda _: True)
        assert part.interrupted
        assert len(part.history) == attempt + 1
    resumed = reconstruct(patterns, **options, checkpoint=path, resume=True)
    assert not resumed.interrupted
    assert_same_bits(resumed, whole)


@pytest.mark.parametrize("at", [1, 3])
def test_killed_between_two_iterations(patterns, tmp_path, at):
    """Without the farewell of an interrupted run: what lies on the disk is enough."""

    class KilledError(Exception):
        pass

    def die(record):
        if record["iteration"] == at:
            raise KilledError

    path = tmp_path / "checkpoint.npz"
    with pytest.raises(KilledError):
        reconstruct(patterns, checkpoint=path, callback=die)
    assert_same_bits(reconstruct(patterns, checkpoint=path, resume=True), reconstruct(patterns))
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.npz"]


def test_a_finished_run_is_not_run_again(patterns, tmp_path):
    path = tmp_path / "checkpoint.npz"
    whole = reconstruct(patterns, checkpoint=path)
    calls = []
    assert_same_bits(reconstruct(patterns, checkpoint=path, resume=True, callback=calls.append), whole)
    assert not calls


def test_threads_may_differ(patterns, tmp_path):
    path = tmp_path / "checkpoint.npz"
    reconstruct(patterns, checkpoint=path, threads=1, callback=lambda _: True)
    assert_same_bits(reconstruct(patterns, checkpoint=path, resume=True, threads=2), reconstruct(patterns, threads=1))


def test_without_resume_a_checkpoint_is_replaced(patterns, tmp_path):
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(b"something else")
    assert_same_bits(reconstruct(patterns, checkpoint=path), reconstruct(patterns))
    missing = tmp_path / "none.npz"
    anew = reconstruct(patterns, checkpoint=missing, resume=True)
    assert anew.notes == (f"nothing to resume: there is no {missing}, begun anew",)
    assert_same_bits(replace(anew, notes=()), reconstruct(patterns))
    assert missing.exists()
    assert not reconstruct(patterns, checkpoint=missing, resume=True).notes


def test_an_end_before_the_last_start_is_no_convergence(patterns, tmp_path):
    result = reconstruct(patterns, init="random", restarts=3, callback=lambda record: record["restart"] == 1)
    assert result.interrupted
    assert not result.converged
    assert result.notes[0] == "interrupted: in start 2 of 3, the best is kept"


def test_a_slice_of_the_same_patterns_is_the_same_run(patterns, tmp_path):
    path = tmp_path / "checkpoint.npz"
    reconstruct(patterns, checkpoint=path, callback=lambda _: True)
    padded = Patterns.concatenate([patterns[:10], patterns])[10:]
    assert_same_bits(reconstruct(padded, checkpoint=path, resume=True), reconstruct(patterns))


OTHER_OPTIONS = {
    "rotations": {"rotations": D4},
    "noise": {"noise": Poisson()},
    "method": {"method": "hard-em"},
    "acceleration": {"acceleration": "fisher"},
    "another acceleration": {"acceleration": "sampled"},
    "init": {"init": "random"},
    "array": {"init": np.full((5, 5), 0.4)},
    "weights": {"weights": "estimate"},
    "tolerance": {"tolerance": 1e-5},
    "max_iterations": {"max_iterations": 99},
    "restarts": {"restarts": 2},
    "seed": {"seed": 1},
    "mask": {"mask": np.eye(5, dtype=bool)},
    "dtype": {"dtype": np.float64},
}


@pytest.mark.parametrize("other", OTHER_OPTIONS)
def test_of_other_options(patterns, tmp_path, other):
    path = tmp_path / "checkpoint.npz"
    reconstruct(patterns, acceleration="squarem", checkpoint=path, callback=lambda _: True)
    before = path.read_bytes()
    asked = {"acceleration": "squarem"} | OTHER_OPTIONS[other]
    if other == "method":
        del asked["acceleration"]
    with pytest.raises(CheckpointError, match=re.escape(f"{path}: belongs to other patterns, options")):
        reconstruct(patterns, **asked, checkpoint=path, resume=True)
    assert path.read_bytes() == before


def test_of_other_patterns(patterns, tmp_path):
    path = tmp_path / "checkpoint.npz"
    reconstruct(patterns, noise=Poisson(), checkpoint=path, callback=lambda _: True)
    images = patterns.to_dense()
    images[7, 2, 2] += 1
    for other in (patterns[1:], patterns[::-1], Patterns.from_dense(images)):
        with pytest.raises(CheckpointError, match="belongs to other patterns"):
            reconstruct(other, noise=Poisson(), checkpoint=path, resume=True)


def test_counts_that_only_move_are_other_patterns(tmp_path):
    """The same lit pixels and the same total image: only who caught two photons differs."""
    path = tmp_path / "checkpoint.npz"
    one, other = ([[2, 0, 0, 1], [1, 0, 1, 0]] * 4, [[1, 0, 0, 1], [2, 0, 1, 0]] * 4)
    reconstruct(Patterns.from_dense(one), noise=Poisson(), checkpoint=path, callback=lambda _: True)
    with pytest.raises(CheckpointError, match="belongs to other patterns"):
        reconstruct(Patterns.from_dense(other), noise=Poisson(), checkpoint=path, resume=True)


def damaged(data: bytes, how: str) -> bytes:
    middle = len(data) // 2
    return {
        "empty": b"",
        "cut": data[:middle],
        "cut at the end": data[:-1],
        "a flipped byte": data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :],
        "text": b"hello",
    }[how]


@pytest.mark.parametrize("how", ["empty", "cut", "cut at the end", "a flipped byte", "text"])
def test_a_damaged_file(patterns, tmp_path, how):
    path = tmp_path / "checkpoint.npz"
    reconstruct(patterns, checkpoint=path, callback=lambda _: True)
    path.write_bytes(damaged(path.read_bytes(), how))
    with pytest.raises(CheckpointError, match=re.escape(str(path))):
        reconstruct(patterns, checkpoint=path, resume=True)


@pytest.mark.parametrize(
    "arrays",
    [
        {"master": np.zeros(3)},
        {"record": np.frombuffer(b"{}", np.uint8)},
        {"record": np.frombuffer(b"[1]", np.uint8)},
        {"record": np.frombuffer(b"\xff\xfe{", np.uint8)},
        {"record": np.zeros(3)},
    ],
)
def test_another_archive(patterns, tmp_path, arrays):
    path = tmp_path / "checkpoint.npz"
    np.savez(path, **arrays)
    with pytest.raises(CheckpointError, match="no whole checkpoint"):
        reconstruct(patterns, checkpoint=path, resume=True)


def test_a_folder_that_is_not_there_is_known_before_the_work(patterns, tmp_path):
    calls = []
    with pytest.raises(FileNotFoundError, match="nowhere"):
        reconstruct(patterns, checkpoint=tmp_path / "nowhere" / "checkpoint.npz", callback=calls.append)
    assert not calls


def test_patterns_that_say_nothing_are_kept_too(tmp_path):
    for k, patterns in enumerate((Patterns.empty((3, 3)), Patterns.empty((3, 3), 5))):
        path = tmp_path / f"{k}.npz"
        reconstruct(patterns, checkpoint=path, callback=lambda _: True)
        assert_same_bits(reconstruct(patterns, checkpoint=path, resume=True), reconstruct(patterns))
