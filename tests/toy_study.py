"""A study of the toy picker on small files, for this process and for others, which find `toy` here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from motes.picks import Picks, write_picks
from motes.study import parse_config
from toy_picker import RADIUS, ToyPicker, problem

STRATEGIES = ("random", "low_confidence", "entropy_score", "boundary_distance", "diverse_appearance", "committee")


class FromFiles(ToyPicker):
    """Of micrographs that are mapped from files, whose pixels may lie at any byte."""

    def predict(self, micrographs):
        return super().predict([replace(micrograph, data=np.array(micrograph.data)) for micrograph in micrographs])


def toy(name, diameter, options, *, cache=None):
    return FromFiles(diameter)


def slow(name, diameter, options, *, cache=None):
    return FromFiles(diameter, pause=0.02)


def failing(name, diameter, options, *, cache=None):
    return Failing(diameter)


def warm(name, diameter, options, *, cache=None):
    return Warm(diameter)


FITS = []  # of every fit of a `Warm`: whether it should have learned on


class Warm(FromFiles):
    """Takes note of how it was to learn."""

    warm_start = False

    def fit(self, labelled, seed=0):
        FITS.append(self.warm_start)
        return super().fit(labelled, seed)


class Failing(FromFiles):
    """Can not learn from more than seven labels."""

    def fit(self, labelled, seed=0):
        if len(labelled.particles) > 7:
            raise ValueError("too much to learn")
        return super().fit(labelled, seed)


def write_toy(folder, n=7):
    """Micrographs and their particles in files."""
    (folder / "micrographs").mkdir(parents=True)
    (folder / "particles").mkdir()
    micrographs, truth = problem(n, size=80, particles=8, others=12)
    for m, micrograph in enumerate(micrographs):
        Image.fromarray(micrograph.data).save(folder / "micrographs" / f"{micrograph.name}.tif")
        x, y = truth.of_micrograph(m).centres.T
        write_picks(
            folder / "particles" / f"{micrograph.name}.csv", Picks(x, y, RADIUS, micrographs=(micrograph.name,))
        )
    return folder


def toy_table(folder, **changes):
    data = {"source": "folder", "micrographs": str(folder / "micrographs"), "truth": str(folder / "particles")}
    table = {"name": "Toy", "data": data, "strategies": list(STRATEGIES), "seeds": 3, "folds": {"n": 3, "run": 2}}
    return table | {"labels": {"initial": 3, "per_round": 2, "rounds": 3}} | changes


def toy_config(folder, **changes):
    return parse_config(toy_table(folder, **changes))


def same(one, other):
    """Whether two runs are the same, but for the time that they took."""
    mine, theirs = ([(each.costs, each.t, each.t_opt) for each in result.rounds] for result in (one, other))
    if (one.cell, one.gained, mine) != (other.cell, other.gained, theirs):
        return False
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for a, b in zip(one.rounds, other.rounds, strict=True)
        for name in ("probability", "micrograph", "particle", "iou")
    )
