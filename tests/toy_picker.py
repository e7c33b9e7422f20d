"""A small problem for active learning, and a picker that learns one number: quick, and wrong often enough."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from motes import Circles, Micrograph
from motes.pickers import Detections, Labelled, NotFittedError
from motes.picking import suppress_map

RADIUS = 4.0


def problem(n=3, size=64, particles=6, others=10, seed=0, stem="grid"):
    """Micrographs of bright dots, the brighter of which are mostly particles; and the particles."""
    rng = np.random.default_rng(seed)
    micrographs, centres = [], []
    for m in range(n):
        step = np.arange(8, size - 7, 11)
        grid = np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2)
        places = rng.permutation(grid)[: particles + others] + rng.integers(-1, 2, (particles + others, 2))
        data = np.zeros((size, size), np.float32)
        level = np.where(np.arange(len(places)) < particles, 6.0, 4.0) + rng.normal(size=len(places))
        data[places[:, 1], places[:, 0]] = np.maximum(level, 0.1)
        micrographs.append(Micrograph(data, f"{stem}{m}", "array"))
        centres.append(places[:particles] + rng.normal(size=(particles, 2)) * 0.3)
    truth = Circles.concatenate([Circles(part, RADIUS) for part in centres])
    return micrographs, truth


class ToyPicker:
    """Dots, with a probability that rises with their brightness about that of the labels; the seed adds a little."""

    def __init__(self, diameter=2 * RADIUS, pause=0.0):
        self.diameter, self.pause, self.level = diameter, pause, None
        self.warm_start, self.fits = False, 0

    def fit(self, labelled: Labelled, seed=0):
        time.sleep(self.pause)
        if not len(labelled.particles):
            raise ValueError("labelled: expected at least one particle")
        bright, dim = (self._brightness(labelled, which) for which in ("particles", "rejected"))
        level = bright.mean() if not len(dim) else (bright.mean() + dim.mean()) / 2
        level += 0.01 * np.random.default_rng(seed).normal()
        self.level = (self.level + level) / 2 if self.warm_start and self.level is not None else level
        self.fits += 1
        return self

    @staticmethod
    def _brightness(labelled, which):
        circles = getattr(labelled, which)
        found = []
        for m, (x, y) in zip(circles.micrograph, np.rint(circles.centres).astype(int), strict=True):
            found.append(labelled.micrographs[m].data[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].max(initial=0))
        return np.array(found, float)

    def predict(self, micrographs):
        if self.level is None:
            raise NotFittedError("toy")
        time.sleep(self.pause)
        parts = []
        for micrograph in micrographs:
            [(centres, values)] = suppress_map(micrograph.data, 1.0, threshold=0.0)
            chance = 1 / (1 + np.exp(self.level - values.astype(float)))
            parts.append(Circles(centres.astype(float), self.diameter / 2, chance))
        circles = Circles.concatenate(parts)
        appearance = np.stack([circles.scores, circles.scores**2], axis=1).astype(np.float32)
        return Detections(circles, tuple(m.name for m in micrographs), appearance)

    def save(self, path):
        Path(path).write_text(f"{self.diameter} {float(self.level)}")

    @classmethod
    def load(cls, path):
        diameter, level = map(float, Path(path).read_text().split())
        picker = cls(diameter)
        picker.level = level
        return picker
