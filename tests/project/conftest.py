"""Small projects on synthetic micrographs."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from motes.project import Project
from motes.project.queries import Asked, Question

SHAPE = (300, 400)
DIAMETER = 24.0


def write_micrographs(folder, n=3, shape=SHAPE, seed=0):
    """Noise with dark discs on a grid, as TIFF; their centres, by name."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    centres = {}
    for m in range(n):
        image = rng.normal(0, 1, shape)
        x, y = np.meshgrid(np.arange(40, shape[1] - 30, 60), np.arange(40, shape[0] - 30, 60))
        places = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-12, 12, (x.size, 2))
        for cx, cy in places:
            image -= 1.5 * ((columns - cx) ** 2 + (rows - cy) ** 2 < (DIAMETER / 2) ** 2)
        Image.fromarray(image.astype(np.float32)).save(folder / f"grid{m}.tif")
        centres[f"grid{m}"] = places
    return centres


@pytest.fixture
def centres(tmp_path):
    """Where the particles of micrographs/*.tif are."""
    (tmp_path / "micrographs").mkdir()
    return write_micrographs(tmp_path / "micrographs")


@pytest.fixture
def project(tmp_path, centres):
    """Begun, without labels."""
    return Project.create(tmp_path / "p", sorted((tmp_path / "micrographs").glob("*.tif")), DIAMETER)


@pytest.fixture
def asked(project, centres):
    """The project with a query of six questions on two micrographs."""
    questions = [
        Question(name, float(x), float(y), DIAMETER / 2, 0.5 + i / 10, i)
        for name in ("grid0", "grid1")
        for i, (x, y) in enumerate(centres[name][:3])
    ]
    with project.writing("test"):
        project.keep("queries", 1, Asked(1, "random", 0, tuple(questions)).told())
    return project
