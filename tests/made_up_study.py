"""Studies without pickers: runs whose every pick is drawn by lot."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from PIL import Image

from motes.circles import Circles
from motes.study.cellresult import CellResult, Costs, Round, Seconds
from motes.study.config import parse_config
from motes.study.data import DataSet
from motes.study.plan import Plan

STRATEGIES = ("random", "low_confidence", "entropy_score", "boundary_distance", "diverse_position")


def made_up_plan(folder, *, strategies=STRATEGIES, seeds=6, m=9, **tables):
    """A plan on micrographs of one pixel."""
    paths = []
    for i in range(m):
        path = Path(folder, f"grid{i}.tif")
        Image.fromarray(np.array([[i]], np.uint8)).save(path)
        paths.append(path)
    truth = Circles(np.random.default_rng(0).uniform(0, 100, (40 * m, 2)), 5.0, indptr=np.arange(m + 1) * 40)
    table = {"strategies": list(strategies), "seeds": seeds, "data": {"source": "sample"}, "name": "Made up"}
    table |= {"folds": {"n": 3}, "labels": {"rounds": 4}} | tables
    return Plan(parse_config(table), DataSet("made up", tuple(paths), truth, 10.0))


def made_up_result(plan, cell, effect=0.0, slope=0.5):
    """A run whose picks are the better, the more labels there were, and the larger the effect."""
    fold, rng = plan.fold(cell), np.random.default_rng([cell.seed, cell.fold, len(cell.strategy)])
    initial, per_round = plan.amounts(cell)
    n_truth = tuple(40 for _ in fold.test)
    train = plan.data.particles(fold.train)[1]
    first = np.random.default_rng(cell.seed).permutation(train)[:initial]
    rest = rng.permutation(np.setdiff1d(train, first))
    rounds = []
    for r in range(plan.labels(cell).rounds):
        n = len(fold.test) * 60
        micrograph = np.repeat(np.arange(len(fold.test)), 60)
        found = np.tile(np.arange(60) < 40, len(fold.test))
        particle = np.where(found, np.cumsum(found) - 1, -1)
        sharpness = 0.8 + slope * np.log1p(r) + effect + 0.1 * rng.normal()
        probability = 1 / (1 + np.exp(-(rng.normal(size=n) + sharpness * (2 * found - 1))))
        iou = np.where(found, rng.uniform(0.6, 0.95, n), 0).astype(np.float32)
        labels = initial + r * per_round
        paid = (120, 1) if cell.strategy == "boundary_distance" else (0, 0)
        costs = Costs(labels, 2 * r * per_round, min(len(fold.train), 2 + r), *paid)
        t = None if cell.strategy == "random" else 0.5
        rounds.append(Round(costs, 0.5, t, Seconds(0.3, 0.5, 0.4, 0.01), probability, micrograph, particle, iou))
    ends = [each.costs.labels - initial for each in rounds]
    parts = [first, *(rest[begin:end] for begin, end in itertools.pairwise(ends))]
    gained = tuple(tuple(sorted(part.tolist())) for part in parts)
    return CellResult(cell, fold.test, n_truth, len(train), gained, tuple(rounds))


def made_up_results(plan, effects=None):
    return [made_up_result(plan, cell, (effects or {}).get(cell.strategy, 0.0)) for cell in plan.cells]
