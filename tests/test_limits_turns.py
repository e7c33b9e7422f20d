"""Limits of in-plane turns: against exact groups where they agree, and against what fits and patterns do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from motes import C4, Patterns, Poisson, Rotations, limits, reconstruct, simulate
from motes.limits.turns import known_of, resolution_of
from motes.quotient import nearest_turn

SIDE = 13
TURNS = Rotations.in_plane(24)
INSIDE = TURNS.support((SIDE, SIDE))


def master_of(photons: float, seed: int = 2) -> np.ndarray:
    picture = np.where(INSIDE, simulate.creature(SIDE, seed=seed) + 0.2, 0.0)
    return simulate.scaled(picture, photons)


def test_four_angles_are_the_group():
    """But for the turn of the whole master, which four angles measure and the quotient does not count."""
    master = master_of(60.0)
    few, group = (known_of(master, name, "poisson", 4000, 3, 1) for name in ("in-plane:4", C4))
    sample = limits.information(master, "in-plane:4", "poisson", n_simulated=20_000)
    expected = limits.information(master, C4, "poisson", n_simulated=20_000)
    inside = np.ix_(INSIDE.ravel(), INSIDE.ravel())
    scale = np.sqrt(np.diag(expected)[INSIDE.ravel()])
    assert np.abs((sample[inside] - expected[inside]) / np.outer(scale, scale)).max() < 0.1
    complete = limits.information(master, "in-plane:4", "poisson", labels_known=True)
    np.testing.assert_allclose(np.diag(complete)[INSIDE.ravel()], 1 / master[INSIDE], rtol=1e-9)
    assert few.symmetric_variance == pytest.approx(group.symmetric_variance, rel=1e-2)
    np.testing.assert_allclose(few.turning, group.turning, atol=1e-12)
    assert few.contrast == pytest.approx(np.linalg.norm(master[INSIDE] - master[INSIDE].mean()))


def test_the_bound_is_what_a_fit_reaches():
    master, n = master_of(120.0), 3000
    bound = limits.cramer_rao(master, n, TURNS, "poisson", n_simulated=4000)
    assert np.isnan(bound.std_error[~INSIDE]).all()
    assert np.isfinite(bound.std_error[INSIDE]).all()
    errors = []
    for seed in range(4):
        drawn = simulate.mixture([TURNS.expand(master)], n, seed=seed)
        patterns = Patterns.from_coo(drawn.rows, drawn.cols, counts=drawn.counts, shape=(SIDE, SIDE), n_patterns=n)
        found = reconstruct(patterns, TURNS, "poisson", init=master, tolerance=1e-6, std_error=False)
        errors.append(nearest_turn(master, found.master, TURNS).distance)
    contrast = np.linalg.norm(master[INSIDE] - master[INSIDE].mean())
    assert np.sqrt(np.mean(np.square(errors))) / contrast == pytest.approx(bound.relative_error, rel=0.1)
    assert bound.solvable
    more = limits.cramer_rao(master, 100 * n, TURNS, "poisson", n_simulated=4000)
    seen = INSIDE & (master > 1e-3)
    np.testing.assert_allclose(10 * more.std_error[seen], bound.std_error[seen], rtol=1e-9)


def test_the_angular_resolution_is_the_spread_of_angles():
    """Of bright patterns, the most likely of very many angles scatters about the true one by it."""
    rows, columns = np.mgrid[-1:1:25j, -1:1:25j]
    blobs = np.exp(-8 * ((rows - 0.4) ** 2 + columns**2)) + np.exp(-12 * (rows**2 + (columns - 0.5) ** 2)) + 0.05
    turns = Rotations.in_plane(720)
    master = simulate.scaled(np.where(turns.support((25, 25)), blobs, 0.0), 4000.0)
    templates = turns.expand(master)
    expected = resolution_of(master, Rotations.in_plane(36), Poisson())
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 720, 600)
    counts = rng.poisson(templates[labels]).reshape(600, -1)
    inside = turns.support((25, 25)).ravel()
    logs = np.log(templates.reshape(720, -1)[:, inside])
    found = (counts[:, inside] @ logs.T - templates.reshape(720, -1).sum(axis=1)).argmax(axis=1)
    off = ((found - labels + 360) % 720 - 360) * 0.5
    spread = np.sqrt(np.mean(off**2) - 0.5**2 / 12)  # the step of the angles is half a degree
    assert spread == pytest.approx(expected, rel=0.1)
    assert resolution_of(4 * master, turns, Poisson()) == pytest.approx(expected / 2, rel=0.02)


def test_everything_is_planned_at_once():
    master = master_of(120.0)
    found = limits.plan(master, 3000, "in-plane:24", "poisson", target_error=0.2, n_simulated=3000)
    assert found.angular_resolution is not None
    assert 1 < found.angular_resolution < 30
    assert 1 / 24 < found.expected_accuracy_known_master < 1
    assert 0 < found.mutual_information < np.log(24)
    assert np.isnan(found.expected_accuracy)
    assert found.likelihood_ratio.shape == (24, 24)
    assert (np.diag(found.likelihood_ratio) == 0).all()
    assert 0 <= found.bound.missing_information <= 1
    assert found.patterns_needed is not None
    assert limits.plan(master, 3000, "C4", "poisson", n_simulated=1000).angular_resolution is None


def test_a_round_master_has_no_bound():
    rows, columns = np.mgrid[-6:7, -6:7]
    ring = simulate.scaled(np.where(INSIDE, 1.0, 0.0), 60.0)
    assert limits.cramer_rao(ring, 1000, TURNS, "poisson", n_simulated=2000).relative_error == np.inf
    assert (rows**2 + columns**2 <= 36)[INSIDE].all()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"rotations": "in-plane:1"}, "rotations: expected C4, D4 or several angles, got in-plane:1"),
        ({"master": np.full((70, 70), 0.1)}, "master: expected at most 4096 pixels for in-plane turns, got 4900"),
        ({"master": np.full((3, 4), 0.1)}, r"master: expected a square image, got shape \(3, 4\)"),
        ({"master": np.full((3, 3), 1.1)}, r"master: pixel \(0, 0\) has the mean 1.1"),
    ],
)
def test_what_has_no_limits_is_refused(asked, message):
    options = {"master": np.full((5, 5), 0.1), "rotations": TURNS} | asked
    with pytest.raises(ValueError, match=message):
        limits.cramer_rao(options["master"], 100, options["rotations"])
    with pytest.raises(ValueError, match="n_patterns: of in-plane:24 the accuracy is known of a known master only"):
        limits.expected_accuracy(master_of(4.0), TURNS, n_patterns=10, n_simulated=1000)


def test_on_the_command_line(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from motes.cli import app

    monkeypatch.chdir(tmp_path)
    np.save("master.npy", master_of(1.0))
    words = ["limits", "--image", "master.npy", "--photons", "2000", "--patterns", "2000", "--noise", "poisson"]
    found = CliRunner().invoke(app, [*words, "--rotations", "in-plane:18", "-o", "out"])
    assert found.exit_code == 0, found.output
    assert "angle of one pattern" in found.output
    told = json.loads(Path("out/limits.json").read_text())
    assert told["rotations"] == "in-plane:18"
    assert 0.3 < told["angular_resolution_degrees"] < 10
    assert told["expected_accuracy"] is None
    assert Path("out/limits.png").stat().st_size > 1000
