"""Information and error bars of mixtures: scores differentiated numerically, curvatures, and truths covered."""

from __future__ import annotations

import numpy as np
import pytest

from mixtures import RandomMap
from motes import C1, C4, Bernoulli, Detector, Patterns, Poisson, Rotations, reconstruct, simulate
from motes.quotient import nearest_turn, tangent
from motes.reconstruction.em import Squarem
from motes.reconstruction.information import error_bars
from motes.reconstruction.mixture import bars as mixture_bars
from motes.reconstruction.mixture import scores as mixture_scores
from motes.reconstruction.mixture.bars import mixture_error_bars
from motes.reconstruction.mixture.information import (
    Sample,
    directions_of,
    inverted,
    observed,
    squared,
    turns_of,
)
from motes.reconstruction.mixture.problem import MixtureProblem
from motes.reconstruction.mixture.scores import Scores, matrix_of
from problems import problem_of

SIDE = 6
NOISES = {"poisson": Poisson(), "bernoulli": Bernoulli()}


def small(noise="poisson", maps=None, n=40, *, seed=0, corrected=False, estimate=True):
    """A problem anywhere, its masters, weights and counts."""
    rng = np.random.default_rng(seed)
    maps = maps or (Rotations.in_plane(5), C1)
    counts = rng.poisson(0.4, (n, SIDE, SIDE))
    counts = np.minimum(counts, 1) if noise == "bernoulli" else counts
    detector = Detector.from_mask(np.zeros((SIDE, SIDE), int))
    if corrected:
        bad = np.zeros((SIDE, SIDE), int)
        bad[2, 3] = 2
        background = rng.uniform(0.01, 0.1, (SIDE, SIDE)) if noise == "poisson" else None
        detector = Detector.from_mask(bad, correction=rng.uniform(0.5, 1, (SIDE, SIDE)), background=background)
    problem = MixtureProblem(
        Patterns.from_dense(counts), maps, NOISES[noise], detector, estimate, estimate, 1.0, np.float64, 1
    )
    vector = rng.uniform(0.1, 0.6, SIDE**2 * len(maps))
    weights = rng.dirichlet(np.full(problem.layout.n_templates, 5.0))
    return problem, vector, weights, counts.reshape(n, -1)


def evidence_of(problem, vector, weights, counts):
    """ln L of each pattern and its responsibilities, slowly."""
    means, good = problem.templates(vector, weights).means, problem.good
    scores = np.log(weights) + (problem.noise.base(means) * good).sum(axis=1)
    scores = scores + counts @ (problem.noise.weight(means) * good).T
    top = scores.max(axis=1, keepdims=True)
    total = np.exp(scores - top).sum(axis=1)
    return top[:, 0] + np.log(total), np.exp(scores - top) / total[:, None]


def along(function, vector, direction, step):
    return (function(vector + step * direction) - function(vector - step * direction)) / (2 * step)


def gathered(scores, problem, gamma, **options):
    return np.concatenate(list(scores.of(problem.patterns, gamma, **options)))


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("noise", NOISES)
def test_scores_are_the_gradient_of_the_likelihood(noise, corrected):
    problem, vector, weights, counts = small(noise, corrected=corrected)
    directions = directions_of(problem.layout, weights, classes=True, rotations=True)
    np.testing.assert_allclose(directions.sum(axis=1), 0, atol=1e-14)
    assert np.linalg.matrix_rank(directions) == len(directions) == problem.layout.n_templates - 1
    gamma = evidence_of(problem, vector, weights, counts)[1]
    found = gathered(Scores(problem, vector, weights, directions), problem, gamma)
    masters = np.stack(
        [along(lambda v: evidence_of(problem, v, weights, counts)[0], vector, unit, 1e-5) for unit in np.eye(72)]
    )
    frequencies = np.stack(
        [along(lambda w: evidence_of(problem, vector, w, counts)[0], weights, row, 1e-6) for row in directions]
    )
    np.testing.assert_allclose(found, np.concatenate([masters, frequencies]).T, atol=2e-5)


@pytest.mark.parametrize("noise", NOISES)
def test_louis_form_is_the_curvature_where_templates_fit(noise):
    """Its complete-data part is an expectation: exact where the photons of each template are what it expects."""
    problem, vector, weights, counts = small(noise, (C4, C1), n=400, corrected=False)
    state = Squarem(1e-12)
    point = state.begin(problem, problem.evaluate(vector, weights))
    for _ in range(400):
        point = state.step(problem, point)
    vector, weights = point.point.master, point.point.weights
    inside = (vector > 0.02) & (vector < 0.98)
    directions = np.zeros((0, len(weights)))
    scores = Scores(problem, vector, weights, directions)
    gamma = evidence_of(problem, vector, weights, counts)[1]
    sample = Sample(problem.patterns, gamma)
    found = observed(scores, sample, squared(scores, sample))

    def gradient(v):
        return gathered(
            Scores(problem, v, weights, directions), problem, evidence_of(problem, v, weights, counts)[1]
        ).mean(axis=0, dtype=np.float64)

    units = np.eye(len(vector))[inside]
    hessian = np.stack([along(gradient, vector, unit, 1e-3) for unit in units])
    expected = -hessian[:, inside]
    scale = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        found[np.ix_(inside, inside)] / np.outer(scale, scale), expected / np.outer(scale, scale), atol=0.02
    )


def test_of_exact_groups_they_are_those_of_one_master():
    truth = simulate.scaled(simulate.portrait(7), 8.0)
    data = simulate.patterns(truth, 4000, noise="poisson", seed=3)
    patterns = Patterns.from_coo(data.rows, data.cols, counts=data.counts, shape=(7, 7), n_patterns=4000)
    one = problem_of(patterns, noise="poisson")
    several = MixtureProblem(
        patterns, (C4,), Poisson(), Detector.from_mask(np.zeros((7, 7), int)), False, False, 1.0, np.float32, 1
    )
    master = truth.ravel()
    expected = error_bars(one, master, one.uniform, seed=0).std_error
    found = mixture_error_bars(several, master, several.uniform).std_error
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_a_fluence_of_each_pattern_enters_its_score():
    problem, vector, weights, counts = small(corrected=True, maps=(Rotations.in_plane(5),))
    fluence = np.random.default_rng(1).uniform(0.3, 2.0, len(counts))
    gamma = np.random.default_rng(2).dirichlet(np.ones(5), len(counts))
    scores = Scores(problem, vector, weights, np.zeros((0, 5)))
    found = gathered(scores, problem, gamma, fluence=fluence)
    c, b = problem.detector.correction, problem.detector.background
    merged = problem.merging.merged

    def expected_log_likelihood(v):
        means = fluence[:, None, None, None] * c * problem.layout.expand(v) + b
        return (gamma * ((counts.reshape(-1, 1, SIDE, SIDE) * np.log(means) - means) * merged).sum(axis=(2, 3))).sum(1)

    slopes = np.stack([along(expected_log_likelihood, vector, unit, 1e-5) for unit in np.eye(36)])
    np.testing.assert_allclose(found, slopes.T, atol=2e-5)


def test_blocks_and_rows_apart_add_up_to_the_same(monkeypatch):
    problem, vector, weights, counts = small()
    gamma = evidence_of(problem, vector, weights, counts)[1]
    scores = Scores(problem, vector, weights, directions_of(problem.layout, weights, classes=True, rotations=False))
    sample = Sample(problem.patterns, gamma)
    whole, apart = squared(scores, sample), squared(scores, sample, apart=True)
    known = [gathered(scores, problem, np.eye(len(weights))[np.full(len(counts), t)]) for t in range(len(weights))]
    slowly = sum((rows * gamma[:, t : t + 1]).T @ rows for t, rows in enumerate(known)) / len(counts)
    np.testing.assert_allclose(apart, slowly, atol=1e-4 * np.abs(slowly).max())
    monkeypatch.setattr(mixture_scores, "_AT_ONCE", 7)
    monkeypatch.setattr(mixture_scores, "_ENTRIES", 100)
    np.testing.assert_allclose(squared(scores, sample), whole, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(squared(scores, sample, apart=True), apart, rtol=1e-4, atol=1e-4)


class Blurred:
    """A map of one's own: two templates of wide neighbourhoods."""

    name, n, angles = "blurred", 2, None

    def __init__(self):
        self.matrix = np.random.default_rng(1).random((2 * SIDE**2, SIDE**2))

    def expand(self, master):
        return (self.matrix @ master.ravel()).reshape(2, SIDE, SIDE)

    def back_rotate(self, planes):
        return (self.matrix.T @ planes.ravel()).reshape(SIDE, SIDE)

    def support(self, shape):
        return np.ones(shape, bool)


@pytest.mark.parametrize(
    "turns", [Rotations.in_plane(7, mirrored=True), C4, C1, Blurred()], ids=lambda turns: turns.name
)
def test_a_map_as_a_matrix(turns):
    found = matrix_of(turns, (SIDE, SIDE))
    for seed in range(3):
        master = np.random.default_rng(seed).random((SIDE, SIDE))
        np.testing.assert_allclose(found @ master.ravel(), turns.expand(master).ravel(), atol=1e-12)


def test_maps_of_one_name_are_two():
    rng = np.random.default_rng(0)
    maps = tuple(RandomMap(n, (4, 4), (4, 4), rng) for n in (3, 3))
    patterns = Patterns.from_dense(rng.poisson(1.0, (5, 4, 4)))
    detector = Detector.from_mask(np.zeros((4, 4), int))
    problem = MixtureProblem(patterns, maps, Poisson(), detector, True, True, 1.0, np.float64, 1)
    scores = Scores(problem, problem.mean_masters, problem.uniform, np.zeros((0, 6)))
    for k, own in enumerate(maps):
        found = scores.maps[48 * k : 48 * (k + 1), 16 * k : 16 * (k + 1)].toarray()
        np.testing.assert_array_equal(found, own.matrix.reshape(48, 16))


def test_what_lies_across_a_turn_is_what_a_projection_leaves():
    """With the turn measurable, the covariance across it is the inverse, projected; without, it is the same limit."""
    problem, vector, weights, _ = small(maps=(Rotations.in_plane(5),), n=4000, estimate=False)
    scores = Scores(problem, vector, weights, np.zeros((0, 5)))
    turns = turns_of(scores)
    assert turns.shape == (36, 1)
    direction = tangent(vector.reshape(SIDE, SIDE)).ravel()
    np.testing.assert_allclose(turns[:, 0], direction / np.linalg.norm(direction))
    free = problem.layout.support.ravel()
    rng = np.random.default_rng(3)
    root = rng.standard_normal((36, 36)) * free[:, None]
    information = root @ root.T / 36 + np.diag(free * 1.0)
    project = np.eye(free.sum()) - np.outer(turns[free], turns[free])
    expected = np.diag(project @ np.linalg.inv(information[np.ix_(free, free)]) @ project)
    found = inverted(scores, information, turns=turns, n_sample=4000, floor=1e-9)
    np.testing.assert_allclose(found.variance[free], expected, rtol=1e-9)
    unknown = np.eye(36) - np.outer(turns, turns)
    information = unknown @ information @ unknown
    across = np.linalg.svd(project)[0][:, :-1]
    inner = across.T @ information[np.ix_(free, free)] @ across
    found = inverted(scores, information, turns=turns, n_sample=4000, floor=1e-9)
    np.testing.assert_allclose(found.variance[free], np.diag(across @ np.linalg.inv(inner) @ across.T), rtol=1e-9)


def drawn(truth, turns, n_patterns, noise, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, turns.n, n_patterns)
    means = turns.expand(truth)[labels]
    counts = rng.poisson(means) if noise == "poisson" else rng.random(means.shape) < means
    return labels, Patterns.from_dense(counts)


@pytest.mark.parametrize(("noise", "photons"), [("poisson", 150.0), ("bernoulli", 60.0)])
def test_error_bars_cover_the_truth_after_the_best_turn(noise, photons):
    turns = Rotations.in_plane(24)
    inside = turns.support((16, 16))
    truth = np.where(inside, simulate.with_contrast(simulate.portrait(16), 0.8), 0.0)
    truth *= photons / truth.sum()
    z, errors, bounds = [], [], []
    for seed in range(3):
        _, patterns = drawn(truth, turns, 4000, noise, seed)
        found = reconstruct(patterns, turns, noise, init=truth, tolerance=1e-6)
        near = nearest_turn(truth, found.master, turns)
        z.append(((found.master - near.master) / found.std_error[0])[inside])
        errors.append(near.distance / np.linalg.norm(truth[inside] - truth[inside].mean()))
        bounds.append(found.error_bound)
    assert 0.63 < np.mean(np.abs(z) < 1) < 0.75
    assert np.sqrt(np.mean(np.square(z))) == pytest.approx(1, abs=0.08)
    assert np.sqrt(np.mean(np.square(errors))) < 1.15 * np.mean(bounds)
    assert np.isnan(found.std_error[0][~inside]).all()


def test_classes_one_by_one_take_the_others_as_known(monkeypatch):
    problem, vector, weights, _ = small(maps=(C4, C1), n=3000)
    together = mixture_error_bars(problem, vector, weights)
    assert together.class_weights_std_error.shape == (2,)
    assert (together.class_weights_std_error > 0).all()
    monkeypatch.setattr(mixture_bars, "LARGEST_MATRIX", 40)
    apart = mixture_error_bars(problem, vector, weights)
    assert "error bars take the other classes as known" in apart.notes
    assert np.nanmean(apart.std_error) < np.nanmean(together.std_error)


def test_kinds_of_a_mixture():
    labels, patterns = drawn(np.full((6, 6), 0.5), Rotations.in_plane(6), 300, "poisson", 0)
    del labels
    options = {"rotations": "in-plane:6", "noise": "poisson", "max_iterations": 3}
    plain = reconstruct(patterns, **options)
    assert np.isfinite(plain.error_bound)
    robust = reconstruct(patterns, error_bars="sandwich", **options)
    assert any("sandwich" in note for note in robust.notes)
    none = reconstruct(patterns, std_error=False, **options)
    assert np.isnan(none.std_error).all()
    assert np.isnan(none.error_bound)
    with pytest.raises(ValueError, match="error_bars: of a mixture information or sandwich, got bootstrap"):
        reconstruct(patterns, error_bars="bootstrap", **options)


def test_a_climb_that_has_hardly_begun_has_no_absurd_error_bars():
    """Louis' form is then no information: of single pixels it may be negative."""
    problem, _, weights, _ = small(maps=(Rotations.in_plane(8),), n=400)
    flat = np.full(SIDE**2, 0.4)
    scores = Scores(problem, flat, weights, directions_of(problem.layout, weights, classes=False, rotations=True), (0,))
    size = len(scores.complete) + len(scores.directions)
    told = inverted(scores, -np.eye(size), turns=turns_of(scores), n_sample=400)
    assert told.untold
    seen = scores.complete > 0
    assert (told.variance[seen] * scores.complete[seen] <= 1.001e6).all()  # two floors of 1e-3
    assert np.isfinite(told.of_directions).all()
