"""Projects to be tested."""

from __future__ import annotations

import pytest

from motes.project import Project
from projects import DIAMETER, begin, write_micrographs


@pytest.fixture
def centres(tmp_path):
    """Where the particles of micrographs/*.tif are."""
    return write_micrographs(tmp_path / "micrographs")


@pytest.fixture
def project(tmp_path, centres):
    """Begun, without labels."""
    return Project.create(tmp_path / "p", sorted((tmp_path / "micrographs").glob("*.tif")), DIAMETER)


@pytest.fixture
def asked(tmp_path, centres):
    """With a query of six questions on two micrographs."""
    return begin(tmp_path / "p", centres)
