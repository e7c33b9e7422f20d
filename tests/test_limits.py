"""Limits: identities that hold for every master."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motes import C1, C4, D4, Bernoulli, Poisson, limits, simulate
from motes.limits.known import drawn
from problems import GROUPS, NOISES, SIDE, master_of, picture_of

masters = st.builds(
    master_of, st.sampled_from([3, 4, 5]), st.floats(0.5, 4), st.floats(0.3, 1), st.integers(0, 2**32 - 1)
).filter(lambda master: master.max() <= 1)  # what a Bernoulli pixel can have


# -- the bound --------------------------------------------------------------------------------------------------------


@settings(max_examples=10)
@given(masters, st.integers(100, 10_000), st.integers(2, 50))
def test_the_bound_falls_as_the_root_of_the_number_of_patterns(master, n_patterns, factor):
    options = {"n_simulated": 2000, "seed": 3}
    few = limits.cramer_rao(master, n_patterns, **options)
    many = limits.cramer_rao(master, n_patterns * factor, **options)
    np.testing.assert_allclose(many.std_error * np.sqrt(factor), few.std_error, rtol=1e-12)
    assert many.relative_error * np.sqrt(factor) == pytest.approx(few.relative_error, rel=1e-12)
    assert many.asymmetric_error * np.sqrt(factor) == pytest.approx(few.asymmetric_error, rel=1e-12)
    assert many.missing_information == few.missing_information


def test_a_pixel_at_the_end_of_its_range_is_known_to_one_photon():
    master = master_of(5)
    master[1, 2], master[3, 0] = 0.0, 1.0
    few, many = (limits.cramer_rao(master, n, n_simulated=4000) for n in (1000, 100_000))
    for pixel in ((1, 2), (3, 0)):
        assert few.std_error[pixel] == pytest.approx(1e-3)
        assert many.std_error[pixel] == pytest.approx(1e-5)
    assert few.std_error[0, 0] / many.std_error[0, 0] == pytest.approx(10)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("group", ["C4", "D4"])
def test_the_bound_is_no_less_than_with_labels_known(group, noise):
    master = master_of(6, 8.0)
    found = limits.cramer_rao(master, 1, GROUPS[group], NOISES[noise], n_simulated=20_000)
    told = limits.information(master, GROUPS[group], NOISES[noise], labels_known=True)
    assert (found.std_error.ravel() ** 2 > 0.93 / np.diag(told)).all()
    assert (found.std_error**2).sum() > (1 / np.diag(told)).sum()


def test_the_part_that_turns_not_at_all_is_as_sure_as_any_mean():
    """Where orientations tell nothing, what is known is the mean over the group, and it is known to v / N."""
    master = picture_of("portrait", 1.0, 20.0)
    found = limits.cramer_rao(master, 1)
    turning = np.linalg.norm(master - C4.expand(master).mean(axis=0))
    orbit = np.full((SIDE, SIDE), 4)
    orbit[SIDE // 2, SIDE // 2] = 1
    symmetric = (master * (1 - master) / orbit).sum()
    expected = np.sqrt((found.std_error**2).sum() - symmetric) / turning
    assert found.asymmetric_error == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", ["flat", "half turn", "quarter turn"])
def test_a_master_that_looks_the_same_turned_has_no_bound(kind):
    master = master_of(5)
    master = {
        "flat": np.full((5, 5), 0.2),
        "half turn": (master + np.rot90(master, 2)) / 2,
        "quarter turn": C4.expand(master).mean(axis=0),
    }[kind]
    found = limits.cramer_rao(master, 1000, n_simulated=20_000)
    assert found.relative_error == np.inf
    assert not found.solvable
    planned = limits.plan(master, 1000, n_simulated=4000)
    assert planned.solvable_from is None
    assert (
        "not solvable by maximum likelihood from 1,000 patterns: the master is flat, or looks the same"
        in planned.reason
    )
    with pytest.raises(ValueError, match=r"target_error: 0.1 is not reached by 1e18 patterns"):
        limits.patterns_needed(master, 0.1, n_simulated=4000)


# -- information ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [Bernoulli(), Poisson()])
def test_information_of_known_labels_is_diagonal(noise):
    master = master_of(5)
    told = limits.information(master, noise=noise, labels_known=True)
    np.testing.assert_array_equal(told, np.diag(np.diag(told)))
    variance = master * (1 - master) if noise.name == "bernoulli" else master
    np.testing.assert_allclose(np.diag(told), 1 / variance.ravel())
    ends = limits.information(np.array([[0.0, 1.0], [0.3, 0.4]]), noise=noise, labels_known=True)
    assert np.isinf(np.diag(ends)).tolist() == [True, noise.name == "bernoulli", False, False]


def test_unknown_labels_only_take_information_away():
    master = master_of(5, 8.0)
    scale = np.sqrt(master * (1 - master)).ravel()
    told = limits.information(master, n_simulated=40_000) * np.outer(scale, scale)
    values = np.linalg.eigvalsh(told)
    assert values.min() > 0
    assert values.max() < 1.1  # of a sample
    assert 1 - values.min() == pytest.approx(limits.em_rate(master, n_simulated=40_000), abs=0.03)


def test_em_rate_is_how_fast_plain_em_goes():
    master = picture_of("creature", 0.5, 20.0)
    sample = drawn(master, C4, Bernoulli(), 200_000, 5, None)
    far = sample.flat * (1 + 0.02 * np.random.default_rng(1).standard_normal(sample.flat.size))
    problem, steps = sample.problem, []
    for _ in range(40):
        near = problem.evaluate(far, problem.uniform).em_master
        steps.append(np.linalg.norm((near - far) / np.sqrt(sample.flat)))
        far = near
    assert steps[-1] / steps[-2] == pytest.approx(limits.em_rate(master), abs=0.03)


@pytest.mark.parametrize(("contrast", "photons", "within"), [(1.0, 80.0, 0.02), (0.5, 27.0, 0.03), (0.3, 27.0, 0.03)])
def test_many_pixels_do_not_pass_for_hidden_information(contrast, photons, within):
    """625 pixels: the extreme eigenvalue of a sampled information would be 0.2 off where labels are sure."""
    master = simulate.scaled(simulate.with_contrast(simulate.portrait(25), contrast), photons)
    sample = drawn(master, C4, Bernoulli(), 100_000, 5, None)
    far = sample.flat * (1 + 0.02 * np.random.default_rng(1).standard_normal(sample.flat.size))
    problem = sample.problem
    far, rates = problem.inside(far), []
    for _ in range(60):
        near = problem.evaluate(far, problem.uniform).em_master
        rates.append(np.linalg.norm((near - far) / np.sqrt(sample.flat)))
        far = near
    last = max(int((np.array(rates) > 1e-5 * rates[0]).sum()) - 1, 1)  # before rounding takes over
    measured = rates[last] / rates[last - 1]
    assert limits.em_rate(master) == pytest.approx(measured, abs=within)


# -- orientations -----------------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(masters, st.sampled_from([C4, D4]), st.sampled_from([Bernoulli(), Poisson()]))
def test_accuracy_and_mutual_information_keep_their_ranges(master, group, noise):
    options = {"n_simulated": 1000, "seed": 1}
    accuracy = limits.expected_accuracy(master, group, noise, **options)
    told = limits.mutual_information(master, group, noise, **options)
    assert 1 / group.n <= accuracy <= 1
    assert 0 <= told <= np.log(group.n)
    # Fano: what is not known of a label bounds how often it is mistaken.
    miss = min(1 - accuracy, 1 - 1e-12)
    doubt = -(miss * np.log(max(miss, 1e-300)) + (1 - miss) * np.log1p(-miss)) + miss * np.log(group.n - 1)
    assert np.log(group.n) - told <= doubt + 1e-6
    assert limits.expected_accuracy(master, group, noise, n_patterns=500, **options) <= accuracy + 1e-6


def test_clear_and_hopeless_orientations():
    clear = np.zeros((4, 4))
    clear[0, :2] = 0.99
    assert limits.expected_accuracy(clear, n_simulated=2000) > 0.99
    assert limits.mutual_information(clear, n_simulated=2000) > 0.99 * np.log(4)
    flat = np.full((4, 4), 0.3)
    assert limits.expected_accuracy(flat, n_simulated=2000) == pytest.approx(0.25, abs=1e-6)
    assert limits.mutual_information(flat, n_simulated=2000) == pytest.approx(0, abs=1e-6)


def test_accuracy_is_the_share_of_right_labels():
    sample = drawn(picture_of("portrait", 1.0, 10.0), C4, Bernoulli(), 40_000, 2, None)
    right = (sample.problem.labels(sample.flat, sample.problem.uniform) == sample.labels).mean()
    assert limits.expected_accuracy(sample.master) == pytest.approx(right, abs=0.006)


# -- likelihoods ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("group", ["C4", "D4"])
def test_expected_likelihoods_are_means_over_patterns(group, noise):
    from motes import log_likelihood

    master = picture_of("creature", 1.0, 12.0)
    sample = drawn(master, GROUPS[group], NOISES[noise], 60_000, 4, None)
    templates = GROUPS[group].expand(master)
    scores = log_likelihood(sample.problem.patterns, templates, NOISES[noise], dtype=np.float64)
    own = scores[np.arange(len(scores)), sample.labels]
    found = limits.expected_log_likelihood(master, GROUPS[group], NOISES[noise])
    assert own.mean() == pytest.approx(found.mean, abs=5 * found.std / np.sqrt(len(own)))
    assert own.std() == pytest.approx(found.std, rel=0.02)
    ratio = limits.likelihood_ratio(master, GROUPS[group], NOISES[noise])
    for r in range(GROUPS[group].n):
        lead = own[sample.labels == r, None] - scores[sample.labels == r]
        np.testing.assert_allclose(lead.mean(axis=0), ratio[r], atol=5 * lead.std(axis=0).max() / np.sqrt(len(lead)))


@given(masters, st.sampled_from([Bernoulli(), Poisson()]))
def test_the_truth_is_likelier_than_anything_else(master, noise):
    ratio = limits.likelihood_ratio(master, D4, noise)
    np.testing.assert_allclose(np.diag(ratio), 0, atol=1e-12)
    assert (ratio >= -1e-12).all()


def test_what_is_impossible_is_infinitely_unlikely():
    master = np.array([[1.0, 0.5], [0.5, 0.0]])
    ratio = limits.likelihood_ratio(master)
    assert np.isinf(ratio[~np.eye(4, dtype=bool)]).all()
    found = limits.expected_log_likelihood(master)
    assert found.mean == pytest.approx(2 * np.log(0.5))
    assert found.std == 0


# -- planning ---------------------------------------------------------------------------------------------------------


def test_patterns_needed_is_the_least_number():
    master = picture_of("portrait", 1.0, 20.0)
    n = limits.patterns_needed(master, 0.02)
    assert limits.cramer_rao(master, n).relative_error <= 0.02 < limits.cramer_rao(master, n - 1).relative_error


def test_a_rough_picture_takes_as_many_patterns_as_there_must_be_for_any():
    master = picture_of("portrait", 0.5, 20.0)
    n = limits.patterns_needed(master, 5.0)
    assert n == limits.patterns_needed(master, 2.0) == limits.plan(master, 10).solvable_from
    assert limits.cramer_rao(master, n).solvable
    assert not limits.cramer_rao(master, n - 1).solvable


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: limits.cramer_rao(master_of(5), 0), "n_patterns: expected 1 or more, got 0"),
        (lambda: limits.cramer_rao(master_of(5), 10, n_simulated=0), "n_simulated: expected 1000 or more, got 0"),
        (lambda: limits.cramer_rao(master_of(5), 10, n_simulated=90), "n_simulated: expected 1000 or more, got 90"),
        (lambda: limits.cramer_rao(master_of(5), 10, seed=-1), "seed: expected 0 or more, got -1"),
        (lambda: limits.cramer_rao(master_of(5), 10**19), "n_patterns: expected at most 1e18"),
        (lambda: limits.cramer_rao(np.ones((3, 5)), 10), "master: expected a square image"),
        (lambda: limits.cramer_rao(np.full((3, 3), 1.5), 10), "master: pixel .* fewer photons, less contrast"),
        (lambda: limits.mutual_information(np.full((3, 3), np.nan)), "master: pixel"),
        (lambda: limits.expected_accuracy(master_of(5), n_patterns=0), "n_patterns: expected 1 or more, got 0"),
        (lambda: limits.patterns_needed(master_of(5), 0), "target_error: expected a positive, finite number, got 0"),
        (
            lambda: limits.patterns_needed(master_of(5), np.nan),
            "target_error: expected a positive, finite number, got nan",
        ),
        (lambda: limits.patterns_needed(master_of(5), 1e-12, n_simulated=1000), "target_error: 1e-12 is not reached"),
        (
            lambda: limits.plan(master_of(5), 10, target_error=-1),
            "target_error: expected a positive, finite number, got -1",
        ),
        (lambda: limits.plan(master_of(5), 10**19), "n_patterns: expected at most 1e18"),
        (lambda: limits.information(np.full((40, 40), 0.1), n_simulated=10), "master: expected at most 1500 pixels"),
        (lambda: limits.master_from(np.ones((3, 3)), 0), "photons: expected a positive number, got 0"),
        (lambda: limits.master_from(np.eye(3), 1, contrast=np.inf), "contrast: expected a finite number, got inf"),
        (lambda: limits.master_from(np.eye(3), 1, contrast=2), "contrast: 2 makes a mean negative"),
        (lambda: limits.master_from(np.eye(3), 1, side=4), "image: expected 4x4 pixels, got 3x3"),
        (lambda: limits.master_from(-np.eye(3), 1), "image: expected finite numbers, 0 or more"),
        (lambda: limits.master_from(np.zeros((3, 3)), 1), "image: is black all over"),
        (lambda: limits.master_from(np.ones((3, 4)), 1), "image: expected a square image"),
    ],
)
def test_limits_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: limits.cramer_rao(master_of(5), np.nan), "n_patterns: expected a whole number, got nan"),
        (lambda: limits.cramer_rao(master_of(5), 100.5), "n_patterns: expected a whole number, got 100.5"),
        (lambda: limits.cramer_rao(master_of(5), True), "n_patterns: expected a whole number, got True"),
        (lambda: limits.plan(master_of(5), 1e4), "n_patterns: expected a whole number, got 10000.0"),
        (lambda: limits.expected_accuracy(master_of(5), n_patterns=2.0), "n_patterns: expected a whole number"),
        (lambda: limits.em_rate(master_of(5), n_simulated=1500.5), "n_simulated: expected a whole number, got 1500.5"),
        (lambda: limits.mutual_information(master_of(5), seed=0.5), "seed: expected a whole number, got 0.5"),
        (lambda: limits.patterns_needed(master_of(5), "a"), "target_error: expected a number, got 'a'"),
        (lambda: limits.plan(master_of(5), 10, target_error="a"), "target_error: expected a number, got 'a'"),
    ],
)
def test_limits_refuse_other_types(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("group", [C1, "c1"])
def test_without_turns_there_is_nothing_to_ask(group):
    master = master_of(5)
    for call in (
        lambda: limits.cramer_rao(master, 100, group),
        lambda: limits.information(master, group, labels_known=True),
        lambda: limits.em_rate(master, group),
        lambda: limits.expected_accuracy(master, group),
        lambda: limits.mutual_information(master, group),
        lambda: limits.expected_log_likelihood(master, group),
        lambda: limits.likelihood_ratio(master, group),
        lambda: limits.patterns_needed(master, 0.1, group),
        lambda: limits.plan(master, 100, group),
    ):
        with pytest.raises(ValueError, match="rotations: expected C4 or D4, got C1: it leaves no orientation unknown"):
            call()


def test_too_few_photons_to_say_what_is_hidden_give_no_bound():
    faint = limits.cramer_rao(master_of(5, 0.2), 10**6, n_simulated=1000)
    assert faint.relative_error == np.inf
    assert not faint.solvable
    certain = np.zeros((4, 4))
    certain[0, 1] = 1.0  # every pixel at an end of its range: nothing is hidden
    assert np.isfinite(limits.cramer_rao(certain, 1000, n_simulated=1000).relative_error)


def test_groups_and_noise_by_name():
    options = {"n_simulated": 1000}
    named = limits.plan(master_of(5), 100, "d4", "poisson", **options)
    assert repr(named.figures()) == repr(limits.plan(master_of(5), 100, D4, Poisson(), **options).figures())
    with pytest.raises(ValueError, match="noise: expected bernoulli or poisson, got 'pink'"):
        limits.cramer_rao(master_of(5), 100, noise="pink")
    with pytest.raises(TypeError, match=r"rotations: expected motes\.C4"):
        limits.mutual_information(master_of(5), 4)


def test_the_figures_do_not_depend_on_threads():
    master = picture_of("creature", 0.7, 12.0)
    one, three = (limits.plan(master, 5000, n_simulated=8000, threads=threads).figures() for threads in (1, 3))
    for name, value in one.items():
        np.testing.assert_array_equal(value, three[name])


def test_without_a_matrix_the_figures_are_the_same():
    """40 x 40 pixels: more than a matrix is built for; the same picture in fewer pixels has one."""
    master = simulate.scaled(simulate.creature(40, seed=1), 60.0)
    found = limits.plan(master, 20_000, n_simulated=20_000)
    assert found.solvable
    variance = (master * (1 - master)).sum() / 20_000
    contrast = np.linalg.norm(master - master.mean())
    assert found.bound.relative_error == pytest.approx(np.sqrt(variance) / contrast, rel=0.1)
    most = found.expected_accuracy_known_master
    assert most - 0.01 < found.expected_accuracy <= most


def test_very_bright_patterns_are_no_exception():
    """Their photons, squared, do not fit the exact sums that a matrix is made from."""
    master = simulate.scaled(simulate.portrait(5) + 0.1, 200_000.0)
    found = limits.plan(master, 10, noise=Poisson(), n_simulated=1000)
    expected = np.sqrt(master.sum() / 10) / np.linalg.norm(master - master.mean())
    assert found.bound.relative_error == pytest.approx(expected, rel=0.05)
    assert found.expected_accuracy == pytest.approx(1)
