"""A project, its server, and a browser."""

from __future__ import annotations

import pytest

from browser import Browser
from motes.labelling import Server
from projects import begin, write_micrographs


@pytest.fixture
def centres(tmp_path):
    """Where the particles of micrographs/*.tif are."""
    return write_micrographs(tmp_path / "micrographs")


@pytest.fixture
def asked(tmp_path, centres):
    """A project with a query of 24 questions on two micrographs."""
    return begin(tmp_path / "p", centres, per_micrograph=12)


@pytest.fixture
def server(asked):
    """Serving it."""
    with asked.writing("test"), Server(asked) as running:
        yield running.start()


@pytest.fixture(scope="module")
def browser():
    """One for all tests of a module."""
    with Browser() as running:
        yield running
