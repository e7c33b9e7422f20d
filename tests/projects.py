"""Small projects of `motes active` on synthetic micrographs."""

from __future__ import annotations

import numpy as np
from PIL import Image

from motes.project import Project
from motes.project.labels import new_id
from motes.project.queries import Asked, Question

SHAPE = (300, 400)
DIAMETER = 24.0


def write_micrographs(folder, n=3, shape=SHAPE, seed=0):
    """Noise with dark discs on a grid, as TIFF; their centres, by name."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    centres = {}
    folder.mkdir(exist_ok=True)
    for m in range(n):
        image = rng.normal(0, 1, shape)
        x, y = np.meshgrid(np.arange(40, shape[1] - 30, 60), np.arange(40, shape[0] - 30, 60))
        places = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-12, 12, (x.size, 2))
        for cx, cy in places:
            image -= 1.5 * ((columns - cx) ** 2 + (rows - cy) ** 2 < (DIAMETER / 2) ** 2)
        Image.fromarray(image.astype(np.float32)).save(folder / f"grid{m}.tif")
        centres[f"grid{m}"] = places
    return centres


def begin(folder, centres, per_micrograph=3):
    """A project on micrographs beside it, with a query: some particles of the first two micrographs."""
    project = Project.create(folder, sorted((folder.parent / "micrographs").glob("*.tif")), DIAMETER)
    questions = [
        Question(name, float(x), float(y), DIAMETER / 2, 0.5 + i / 100, i)
        for name in ("grid0", "grid1")
        for i, (x, y) in enumerate(centres[name][:per_micrograph])
    ]
    with project.writing("test"):
        project.keep("queries", 1, Asked(1, "random", 0, tuple(questions)).told())
    return project


def add(x=50.0, y=60.0, particle=True, micrograph="grid0"):
    """An action that labels a place."""
    where = {"micrograph": micrograph, "x": x, "y": y, "radius": DIAMETER / 2}
    return {"id": new_id(), "type": "add", "particle": particle, **where}
