"""Files cut short anywhere, and files with bytes changed at random: refused, or read as patterns that are sound."""

from __future__ import annotations

import numpy as np
import pytest

import motes

FLIPPED = 400  # files with changed bytes, per format


def read_sound(path) -> motes.Patterns:
    """Read patterns, and look at all of them."""
    patterns = motes.read_patterns(path)
    assert patterns.total_image().sum() == patterns.n_photons
    return patterns


@pytest.fixture
def intact(tmp_path, writer, sample) -> bytes:
    """A good file in each format; photon pairs are spread over the 25 x 25 pixels that they are taken to have."""
    name, write = writer
    large = motes.Patterns.from_coo([0, 0, 2], [1, 1, 624], shape=(25, 25))
    write(tmp_path / name, large if name.startswith("task7") else sample)
    return (tmp_path / name).read_bytes()


def test_cut_anywhere(tmp_path, writer, intact):
    path = tmp_path / writer[0]
    read_sound(path)
    with path.open("r+b") as file:
        for size in range(len(intact) - 1, -1, -1):
            file.truncate(size)
            with pytest.raises(motes.FormatError) as caught:
                motes.read_patterns(path)
            assert str(caught.value).startswith(str(path)), size


def test_changed_anywhere(tmp_path, writer, intact):
    path = tmp_path / writer[0]
    first = intact.index(b"GCOL") if path.suffix == ".h5" else 0  # the HDF5 library reads its own directory on trust
    rng = np.random.default_rng(3)
    refused = 0
    for _ in range(FLIPPED):
        data = np.frombuffer(intact, np.uint8).copy()
        where = rng.integers(first, data.size, rng.integers(1, 5))
        data[where] = rng.choice([rng.integers(0, 256), 0, 1, 127, 128, 255], where.size)
        with path.open("r+b") as file:
            file.write(data.data)
        try:
            read_sound(path)
        except motes.FormatError:
            refused += 1
    assert refused > 0
