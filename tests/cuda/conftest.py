"""What the tests of `motes._cuda` share."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

import standin
from motes.devices import cuda_extension
from motes.errors import DeviceError


@pytest.fixture(scope="session")
def built() -> ModuleType:
    """The extension where it was built, with a GPU or without; the test is skipped elsewhere."""
    try:
        return cuda_extension()
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.fixture
def machine() -> Iterator[standin.Machine]:
    """The stand-in for a machine with GPUs, as it was at first when the test is over."""
    machine = standin.machine()
    yield machine
    machine.fail(-1, 0)
    machine.set()
