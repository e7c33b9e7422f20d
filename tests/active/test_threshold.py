"""T_opt on validation micrographs."""

from __future__ import annotations

import numpy as np
import pytest

from motes import Circles
from motes.active import optimal_threshold
from motes.pickers import Detections
from motes.picking import best_threshold, match


def validation(dtype=np.float64) -> tuple[Detections, Circles]:
    """Forty particles on two micrographs, found with high probabilities beside false ones of low."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.arange(10), np.arange(8)), axis=-1).reshape(-1, 2) * 30.0
    rng.shuffle(grid)
    probability = np.where(np.arange(80) % 2, rng.beta(2, 5, 80), rng.beta(5, 2, 80)).astype(dtype)
    circles = Circles(grid.astype(dtype), 8.0, probability, indptr=[0, 40, 80])
    return Detections(circles, ("one", "two")), Circles(grid[::2], 8.0, indptr=[0, 20, 40])


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_threshold_is_that_of_the_matches(beta):
    detections, truth = validation()
    found = optimal_threshold(detections, truth, beta=beta, n_bootstrap=50)
    expected = best_threshold(match(detections.circles, truth), beta=beta, n_bootstrap=50)
    assert found == expected
    np.testing.assert_array_equal(found.samples, expected.samples)


def test_recall_counts_for_more_at_a_lower_threshold():
    detections, truth = validation()
    f1, f2 = (optimal_threshold(detections, truth, beta=beta).threshold.value for beta in (1.0, 2.0))
    assert f2 < f1


def test_candidates_are_suppressed_first_unless_they_are():
    detections, truth = validation(np.float32)  # and of another type than the truth
    circles = detections.circles
    twice = Circles(
        np.repeat(circles.centres, 2, axis=0), 8.0, np.repeat(circles.scores, 2) * np.tile([1, 0.99], 80).astype("f4"),
        indptr=circles.indptr * 2,
    )  # fmt: skip
    doubled = Detections(twice, detections.micrographs)
    assert optimal_threshold(doubled, truth) == optimal_threshold(detections, truth)
    assert optimal_threshold(doubled, truth, suppression=None) != optimal_threshold(detections, truth)


def test_validation_without_particles_is_told():
    detections, truth = validation()
    with pytest.raises(ValueError, match="truth: the validation micrograph holds no particle, so no threshold"):
        optimal_threshold(Detections(detections.circles.of_micrograph(0), ("grid1",)), Circles(np.zeros((0, 2)), 8.0))
    with pytest.raises(ValueError, match="truth: the 2 validation micrographs hold no particle, so no threshold"):
        optimal_threshold(detections, truth[:0])
    with pytest.raises(ValueError, match="detections: nothing was found on the validation micrographs"):
        optimal_threshold(detections[:0], truth)
    with pytest.raises(ValueError, match="truth: of 1 micrographs, expected 2"):
        optimal_threshold(detections, Circles(np.zeros((1, 2)), 8.0))
