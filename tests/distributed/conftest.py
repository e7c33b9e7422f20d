"""Clusters for a module's tests, and patterns in many sections."""

from __future__ import annotations

import pytest

import clusters
from motes import distributed


@pytest.fixture(scope="module")
def client():
    """Of two worker processes of this machine."""
    with distributed.connect("local:2") as client:
        yield client


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """Patterns on disk, fifteen sections."""
    return clusters.write_store(tmp_path_factory.mktemp("store") / "run.zarr")
