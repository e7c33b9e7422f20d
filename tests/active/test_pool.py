"""The pool: suppression before ranking, and nothing that was asked about."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from circle_strategies import circle_layouts
from motes import Circles
from motes.active import Pool
from motes.pickers import Detections


def found(centres, probabilities, *, indptr=None, **more) -> Detections:
    circles = Circles(np.array(centres, float).reshape(-1, 2), 5.0, np.array(probabilities, float), indptr=indptr)
    return Detections(circles, tuple(f"m{k}" for k in range(circles.n_micrographs)), **more)


def test_suppression_precedes_everything():
    """The better of two hides the other, also where the better one is at a labelled place: one place, one question."""
    detections = found([[10, 10], [12, 10], [40, 10]], [0.9, 0.5, 0.1])
    assert Pool.from_detections(detections).probability.tolist() == [0.9, 0.1]
    label = Circles(np.array([[10.0, 10.0]]), 5.0)
    pool = Pool.from_detections(detections, labelled=label)
    assert pool.probability.tolist() == [0.1]
    assert pool.known.probability.tolist() == [0.9]


def test_labelled_and_rejected_places_are_left_out_on_their_micrographs():
    places = [[10, 10], [40, 10], [10, 10], [40, 10]]
    detections = found(places, [0.9, 0.8, 0.7, 0.6], indptr=[0, 2, 2, 4], members=np.arange(8.0).reshape(4, 2) / 8)
    labelled = Circles(np.array([[11, 10]], np.float32), 5.0, indptr=[0, 1, 1, 1])  # of another type
    rejected = Circles(np.array([[40.0, 10]]), 5.0, indptr=[0, 0, 0, 1])
    pool = Pool.from_detections(detections, labelled=labelled, rejected=rejected)
    assert pool.probability.tolist() == [0.8, 0.7]
    assert pool.detections.members[:, 0].tolist() == [0.25, 0.5]
    assert pool.opened.tolist() == [True, False, True]
    assert Pool.from_detections(detections, labelled=labelled, opened=[False] * 3).opened.sum() == 0
    assert len(Pool.from_detections(detections, min_probability=0.65)) == 3


@settings(max_examples=40)
@given(circle_layouts(max_size=8), circle_layouts(max_size=3), st.sampled_from([{"iou": 0.31}, {"distance": 5.5}]))
def test_from_detections_is_its_definition(layout, labels, rule):
    circles, scores = layout
    probability = (scores + 3) / 9
    ((measure, threshold),) = rule.items()
    kept, _ = reference.suppress(circles, probability, measure, threshold)
    expected = [
        i for i in sorted(kept) if not any(reference.near(circles[i], other, measure, threshold) for other in labels[0])
    ]
    detections = Detections(Circles(circles[:, :2], circles[:, 2], probability), ("grid",))
    pool = Pool.from_detections(detections, labelled=Circles(labels[0][:, :2], labels[0][:, 2]), **rule)
    np.testing.assert_array_equal(pool.probability, probability[expected])
    np.testing.assert_array_equal(pool.circles.centres, circles[expected, :2])


def test_no_particle_is_lost_with_a_rejected_place():
    """What is rejected by the IoU that excludes has no particle that a candidate there could show."""
    rng = np.random.default_rng(0)
    particles = Circles(rng.uniform(0, 300, (60, 2)), 5.0)
    asked = Circles(rng.uniform(0, 300, (400, 2)), 5.0)
    from motes.picking import correct

    rejected = asked[~correct(asked, particles, iou=0.3, rule="best").confirmed]
    on_target = Detections(Circles(particles.centres, 5.0, np.linspace(0.9, 0.1, 60)), ("m",))
    without = Pool.from_detections(on_target)
    assert len(Pool.from_detections(on_target, rejected=rejected)) == len(without)


def test_pool_refuses_and_tells():
    detections = found([[10, 10], [40, 10]], [0.9, 0.5])
    elsewhere = Circles(np.zeros((1, 2)), 5.0, indptr=[0, 1, 1])
    for options, message in (
        ({"labelled": elsewhere}, "labelled: of 2 micrographs, expected 1"),
        ({"rejected": elsewhere}, "rejected: of 2 micrographs, expected 1"),
        ({"iou": 0.3, "distance": 4.0}, "expected one of iou, box_iou and distance"),
        ({"min_probability": 1.5}, "min_probability: expected 0 to 1, got 1.5"),
        ({"opened": [True, False]}, r"opened: expected shape \(1,\)"),
        ({"shapes": ((9, 9), (9, 9))}, "shapes: expected 1, one a micrograph, got 2"),
    ):
        with pytest.raises(ValueError, match=message):
            Pool.from_detections(detections, **options)
    with pytest.raises(ValueError, match="known: expected the micrographs"):
        Pool(detections, known=found([], [], indptr=[0, 0, 0]))
    assert repr(Pool.from_detections(found([], []))) == "<Pool: 0 candidates on 1 micrograph, 0 opened>"
