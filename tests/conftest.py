"""Shared by all tests: hypothesis repeats itself in CI; a stand-in for a GPU where it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--gpu-standin", action="store_true", help="run tests marked gpu on a stand-in (tests/standin.py)")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--gpu-standin"):
        import standin

        standin.install()


@pytest.fixture(autouse=True)
def standin_is_clean(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if request.config.getoption("--gpu-standin"):
        import standin

        standin.check_after_test()
