"""All tasks of a small archive with known truth: what is handed in is right, and says how sure it is."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import motes
from motes.challenge import solve
from shared_data import DATA

TASKS = (1, 2, 3, 4, 5, 6, 7)
SHARED = DATA / "endeavor"


def relative(labels):
    return (labels - labels[0]) % 4


def test_every_task_is_answered(solution):
    assert [answer.task for answer in solution.answers] == list(TASKS)
    assert not solution.interrupted
    assert all(answer.seconds >= 0 for answer in solution.answers)
    with pytest.raises(KeyError):
        solution[8]


@pytest.mark.parametrize("task", [1, 2, 3, 4, 6, 7])
def test_counts_are_those_of_the_labels_relative_to_the_first(solution, small, task):
    answer = solution[task]
    assert answer.labels[0] == 0
    np.testing.assert_array_equal(answer.counts, np.bincount(answer.labels, minlength=4))
    assert answer.counts.sum() == len(small.labels[task])
    assert answer.shape == small.masters[task].shape


@pytest.mark.parametrize("task", [1, 2, 3, 4])
def test_all_labels_are_right_where_they_can_be(solution, small, task):
    np.testing.assert_array_equal(solution[task].labels, relative(small.labels[task]))
    assert solution[task].details["accuracy"] == 1


@pytest.mark.parametrize("task", [6, 7])
def test_labels_are_as_good_as_with_the_master_known(solution, small, task):
    """The oracle's labels are made here from the truth, not taken from the answer."""
    patterns = motes.read_patterns(small.archive, task=task)
    master = np.clip(small.masters[task], 1e-9, 1)
    templates = motes.C4.expand(master).reshape(4, -1)
    scores = patterns.to_scipy() @ np.log(templates / (1 - templates)).T + np.log1p(-templates).sum(axis=1)
    oracle = np.mean(scores.argmax(axis=1) == small.labels[task])
    turns = (solution[task].labels - small.labels[task]) % 4
    accuracy = np.bincount(turns).max() / len(turns)
    assert accuracy == pytest.approx(solution[task].details["accuracy"])
    assert oracle == pytest.approx(solution[task].details["accuracy_with_master_known"], abs=1e-3)
    assert accuracy > oracle - 0.02


@pytest.mark.parametrize("task", [4, 6, 7])
def test_the_master_is_as_close_as_the_bound_says(solution, small, task):
    details = solution[task].details
    master, truth = np.asarray(details["master"]), small.masters[task]
    deviation = min(np.linalg.norm(master - np.rot90(truth, -k)) for k in range(4))
    error = deviation / np.linalg.norm(truth - truth.mean())
    assert error == pytest.approx(details["error"])
    assert error < 1.3 * details["error_bound"]
    covered = abs(master - motes.C4.turn_master(truth, best_turn(master, truth))) <= details["std_error"]
    assert 0.6 < covered.mean() < 0.76


def best_turn(master, truth):
    return int(np.argmin([np.linalg.norm(master - np.rot90(truth, -k)) for k in range(4)]))


@pytest.mark.parametrize("task", [4, 6, 7])
def test_mean_photons_are_counted(solution, small, task):
    patterns = motes.read_patterns(small.archive, task=task)
    assert solution[task].mean_photons == patterns.n_photons / len(patterns)


@pytest.mark.parametrize("task", [4, 6, 7])
def test_weights_lie_within_their_errors(solution, small, task):
    details = solution[task].details
    turn = best_turn(np.asarray(details["master"]), small.masters[task])
    true = np.bincount((small.labels[task] - turn) % 4, minlength=4) / len(small.labels[task])
    errors = details["weights_std_error"]
    assert (errors > 0).all()
    assert (abs(details["weights"] - true) < 4 * errors).all()
    assert details["first_pattern_posterior"].sum() == pytest.approx(1, abs=1e-5)


def test_sure_labels_leave_the_error_of_a_lot(solution, small):
    """Task 4 knows every orientation: its weights scatter as the draws of a lot do."""
    details = solution[4].details
    weights = details["weights"]
    lot = np.sqrt(weights * (1 - weights) / len(small.labels[4]))
    np.testing.assert_allclose(details["weights_std_error"], lot, rtol=0.02)


def test_methods_stand_beside_each_other(solution):
    methods = solution[7].details["methods"]
    assert list(methods) == ["EM", "SGD", "Hard L2 (seed 000)", "k-means", "PCA, k-means", "PCA, k-means, hard L2"]
    assert methods["EM"]["below_em"] == 0
    assert methods["EM"]["agreement"] == 1
    assert all(method["below_em"] > -1e-3 for method in methods.values())
    assert methods["SGD"]["distance"] < methods["EM"]["error"]
    assert methods["EM"]["log_likelihood"] == pytest.approx(solution[7].details["log_likelihood"], abs=1e-4)
    assert methods["EM"]["error"] == pytest.approx(solution[7].details["error"])
    for method in methods.values():
        assert method["log_likelihood"] == pytest.approx(methods["EM"]["log_likelihood"] - method["below_em"])
        assert 0 <= method["accuracy"] <= 1


def test_task_5_agrees_with_its_simulation(solution):
    checks = solution[5].details["checks"]
    for check in checks.values():
        assert abs(check["measured"] - check["expected"]) < 5 * check["std_error"]
    assert solution[5].counts is None
    assert "labels" not in solution[5].record()


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(small):
    one, two = (solve(small.archive, tasks=[3, 4, 6, 7], threads=threads) for threads in (1, 2))
    for first, second in zip(one.answers, two.answers, strict=True):
        np.testing.assert_array_equal(first.labels, second.labels)
        assert repr(without_time(first.details)) == repr(without_time(second.details))


def without_time(told):
    if isinstance(told, dict):
        return {name: without_time(value) for name, value in told.items() if name != "seconds"}
    return told.tolist() if isinstance(told, np.ndarray) else told


def test_without_truth_nothing_is_said_of_it(small):
    answer = solve(small.archive, tasks=[4])[4]
    assert not {"accuracy", "error"} & answer.record().keys()


def test_some_tasks_can_be_picked_and_some_be_absent(small, tmp_path):
    assert [answer.task for answer in solve(small.archive, tasks=[5, 2, 2]).answers] == [2, 5]
    with np.load(small.archive) as archive:
        np.savez(tmp_path / "part.npz", task2=archive["task2"], notes=np.zeros(3))
    assert [answer.task for answer in solve(tmp_path / "part.npz").answers] == [2, 5]


def test_a_truth_of_one_task_may_go_by_its_plain_name(small, tmp_path):
    np.savez(tmp_path / "truth.npz", master=small.masters[1], labels=small.labels[1])
    assert solve(small.archive, tasks=[1], truth=tmp_path / "truth.npz")[1].details["accuracy"] == 1


def interrupting(task):
    def progress(now, _):
        if now == task:
            raise KeyboardInterrupt

    return progress


def test_an_interrupted_run_keeps_what_is_finished(small):
    solution = solve(small.archive, tasks=[1, 2, 3, 7], progress=interrupting(3))
    assert [answer.task for answer in solution.answers] == [1, 2]
    assert solution.unanswered == (3, 7)
    assert "unanswered 3, 7" in repr(solution)


def test_a_fit_that_is_interrupted_is_no_answer(small, monkeypatch):
    fit = motes.challenge.likelihood.reconstruct

    def half(*args, **options):
        return fit(*args, **options, callback=lambda record: True)

    monkeypatch.setattr(motes.challenge.likelihood, "reconstruct", half)
    assert solve(small.archive, tasks=[1, 6]).unanswered == (6,)


def test_an_interruption_before_the_first_answer_is_passed_on(small):
    with pytest.raises(KeyboardInterrupt):
        solve(small.archive, progress=interrupting(1))


def test_pixels_that_caught_two_photons_are_counted_once_and_said_so(small, tmp_path):
    with np.load(small.archive) as archive:
        rows, cols = archive["task6a"], archive["task6b"]
    np.savez(tmp_path / "double.npz", task6a=np.append(rows, rows[:2]), task6b=np.append(cols, cols[:2]))
    once = solve(small.archive, tasks=[6])[6]
    twice = solve(tmp_path / "double.npz", tasks=[6])[6]
    np.testing.assert_array_equal(once.labels, twice.labels)
    assert twice.mean_photons > once.mean_photons
    assert "2 pixels caught several photons; each is counted once" in twice.notes


def test_a_symmetric_picture_is_told(tmp_path):
    np.savez(tmp_path / "same.npz", task1=np.stack([np.eye(4, dtype=int)] * 3))
    answer = solve(tmp_path / "same.npz")[1]
    assert answer.counts.tolist() == [3, 0, 0, 0]
    assert answer.notes == ("the first pattern looks the same turned by 180°: ambiguous",)


@pytest.mark.parametrize(("n_patterns", "lit"), [(1, 0.5), (2, 0.0), (5, 1.0)])
def test_little_data_is_an_answer_not_an_error(tmp_path, n_patterns, lit):
    rng = np.random.default_rng(n_patterns)
    dense = (rng.random((n_patterns, 9)) < lit).astype(np.uint8)
    np.savez(tmp_path / "little.npz", task3=dense[:1].repeat(n_patterns, axis=0), task4=dense, task6=dense, task7=dense)
    solution = solve(tmp_path / "little.npz")
    assert [answer.counts.sum() for answer in solution.answers if answer.task != 5] == [n_patterns] * 4
    assert "<html" in motes.challenge.page(solution)


def test_a_large_detector_goes_without_principal_components(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "large.npz", task7=(rng.random((20, 40, 40)) < 0.05).astype(np.uint8))
    answer = solve(tmp_path / "large.npz")[7]
    assert list(answer.details["methods"]) == ["EM", "SGD", "Hard L2 (seed 000)", "k-means"]
    assert "principal components are left out" in answer.notes[-1]


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the challenge's data beside the repository")
def test_the_real_first_task():
    answer = solve(SHARED / "real_task1.npz")[1]
    assert answer.counts.tolist() == [6, 10, 6, 3]


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the challenge's generator beside the repository")
@pytest.mark.parametrize(("seed", "order"), [(11, []), (12, ["--shuffle"])])
def test_archives_of_an_independent_generator(tmp_path, seed, order):
    archive, truth = tmp_path / "endeavor.npz", tmp_path / "truth.npz"
    words = [SHARED / "make_endeavor.py", "-o", archive, "--truth", truth, "--seed", seed, "--scale", 0.2, *order]
    subprocess.run([sys.executable, *map(str, words)], check=True, capture_output=True)
    solution = solve(archive, truth=truth)
    assert all(solution[task].details["accuracy"] == 1 for task in (1, 2, 3))
    assert solution[4].details["accuracy"] >= 0.999
    for task in (6, 7):
        details = solution[task].details
        assert details["accuracy"] > details["accuracy_with_master_known"] - 0.02
        assert details["error"] < 1.2 * details["error_bound"]
