"""The peers of the GPU benchmarks do the same work as the kernels: here torch does it on the processor."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
from benchmarks.gpu import machine, picking, scoring, whole
from benchmarks.gpu.__main__ import ROWS, measured
from benchmarks.gpu.peers import Peers, find
from benchmarks.gpu.rows import CPU, OURS, Target, beside, beside_best
from benchmarks.gpu.sizes import SMOKE
from benchmarks.gpu.sparse import torch_coo_to_csr
from benchmarks.gpu.table import lines_of
from benchmarks.gpu.timing import Side, in_turns, summary
from benchmarks.gpu.yardsticks import LIMITS

from gpus import gpu
from motes import Circles, Patterns
from motes.picking import suppress


@pytest.fixture(scope="module")
def peers() -> Peers:
    torch = pytest.importorskip("torch")
    return Peers(torch, None, None, place="cpu")


def result_of(prepared):
    call, read = prepared
    return read(call())


def counted(patterns: Patterns) -> Patterns:
    """With some photons twice, as Poisson data have them."""
    dense = patterns.to_dense()
    dense[::3] *= 2
    return Patterns.from_dense(dense)


@pytest.fixture(scope="module", params=[False, True], ids=["lit", "counts"])
def scored(request, peers) -> scoring.Scored:
    patterns, weights, base = scoring.w7(SMOKE.drawn)
    return scoring.Scored(counted(patterns) if request.param else patterns, weights, base, peers)


def test_torch_scores_the_same(scored):
    expected = result_of(scored.on_the_processor())
    scoring.same_scores(result_of(scored.with_torch()), expected, scoring.TORCH)
    scoring.same_scores(expected, expected, CPU)
    with pytest.raises(AssertionError):
        scoring.same_scores(expected + 0.1, expected, scoring.TORCH)


@pytest.mark.parametrize("way", ["sweep_with_torch", "sweep_with_index_add"])
def test_torch_sweeps_the_same(scored, way):
    expected = result_of(scored.sweep_on_the_processor())
    scoring.same_sums(result_of(getattr(scored, way)()), expected, way)
    with pytest.raises(AssertionError):
        scoring.same_sums((expected[0] * 1.1, expected[1]), expected, way)


def test_torch_makes_the_same_patterns(peers):
    rows, cols, n_patterns = whole.shuffled_photons(SMOKE.photons)
    assert rows.dtype == cols.dtype == np.int32
    assert 0 <= cols.min() <= cols.max() < 625
    patterns = Patterns.from_coo(rows, cols, shape=(25, 25), n_patterns=n_patterns)
    assert len(patterns.multi_extra) > 0
    there = (peers.torch.from_numpy(rows), peers.torch.from_numpy(cols))
    indptr, pixels, counts = (part.numpy() for part in torch_coo_to_csr(peers.torch, *there, n_patterns, 625))
    np.testing.assert_array_equal(indptr, patterns.indptr)
    np.testing.assert_array_equal(pixels, patterns.pixels)
    assert counts.sum() == patterns.n_photons == SMOKE.photons


def greedy(circles: Circles, near) -> np.ndarray:
    """What stays, slowly."""
    kept: list[int] = []
    for i in np.argsort(-circles.scores):
        if not any(near(circles.centres[i], circles.centres[j]) for j in kept):
            kept.append(int(i))
    return np.sort(kept)


def boxes_are_near(a, b) -> bool:
    width, height = np.maximum(2 * picking.RADIUS - np.abs(a - b), 0)
    shared = width * height
    return shared > picking.IOU * (8 * picking.RADIUS**2 - shared)


def test_circles_and_boxes_keep_the_same_by_construction():
    for seed in range(3):
        circles = picking.chains(203, seed)
        expected = greedy(circles, boxes_are_near)
        np.testing.assert_array_equal(np.sort(suppress(circles, iou=picking.IOU)), expected)
        np.testing.assert_array_equal(np.sort(suppress(circles, box_iou=picking.IOU)), expected)
        assert len(circles) / picking.CHAIN < len(expected) < len(circles)


def test_rank_by_rank_keeps_the_same(peers):
    circles = Circles.concatenate([picking.chains(50, seed) for seed in range(4)])
    boxes = peers.torch.from_numpy(picking.boxes_of(circles).reshape(4, 50, 4))
    out = picking.rank_by_rank(peers.torch, boxes, peers.torch.from_numpy(circles.scores.reshape(4, 50).copy()))
    np.testing.assert_array_equal(np.flatnonzero(out.numpy()), np.sort(suppress(circles, iou=picking.IOU)))


def waits_for(row: str) -> str:
    """What the library does not do on a GPU yet."""
    function = {"suppression": suppress, "many-images": suppress, "ingest": Patterns.from_coo}.get(row)
    knows = function is None or "device" in inspect.signature(function).parameters
    return "" if knows else f"{function.__name__} runs on no GPU yet"


@pytest.mark.gpu
@pytest.mark.parametrize("name", ROWS)
def test_rows_run_and_results_agree(name):
    cuda = gpu()
    if waits_for(name):
        pytest.skip(waits_for(name))
    report = measured(SMOKE, 0, [name], until=float("inf"))
    assert report["device"]["name"] == cuda.device_facts(0)["name"]
    for row in report["rows"]:
        assert "error" not in row, row
        assert row["failed"] == {}
        assert CPU in row["peers"]
        assert row["bound"]["holds"] in LIMITS
    assert json.loads(json.dumps(report))["yardsticks"]
    assert any(line.startswith(f"| {report['rows'][0]['row']} | motes |") for line in lines_of(report))


def test_peers_that_are_not_there_are_named():
    there = find()
    for name in ("torch", "torchvision", "cupy"):
        assert (getattr(there, name) is None) == (name in there.absent)


def test_sides_take_turns():
    seen: list[str] = []
    sides = [
        Side(lambda name=name: seen.append(name), lambda x: x, lambda call: float(call() is None)) for name in "ab"
    ]
    assert in_turns(sides, 0.0) == [[1.0], [1.0]]
    assert "".join(seen) == "abab"
    assert [len(times) for times in in_turns(sides, 1e-9)] == [5, 5]
    assert summary([1.0, 2.0, 3.0]) == {"median_ms": 2.0, "quartiles_ms": [1.5, 2.5], "min_ms": 1.0, "n": 3}


@pytest.mark.parametrize(
    ("target", "value", "reached"),
    [
        (Target("", beside("peer"), at_least=5), 4.0, False),
        (Target("", beside_best("peer", "other"), at_least=2), 2.0, True),
        (Target("", lambda ms: ms[OURS] / ms["bound"], at_most=1.5), 2.5, False),
        (Target("", beside("nobody"), at_least=1), None, None),
        (Target("", beside_best("nobody"), at_least=1), None, None),
    ],
)
def test_targets(target, value, reached):
    found = target.judged({OURS: 10.0, "peer": 40.0, "other": 20.0, "bound": 4.0})
    assert (found["value"], found["reached"]) == (value, reached)


def test_a_table_tells_what_failed():
    report = {
        "device": {"name": "Card", "cuda": "13.0"}, "versions": {"date": "2026-01-01", "motes": "0.1"},
        "yardsticks": {}, "rows": [{"row": "ingest", "error": "MemoryError: 5 GB"}],
    }  # fmt: skip
    assert "| ingest | failed: MemoryError: 5 GB | | | |" in lines_of(report)


def test_versions_are_told():
    assert {"python", "motes", "numpy", "date"} <= set(machine.versions())
