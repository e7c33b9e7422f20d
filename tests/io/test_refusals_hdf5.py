"""Bad HDF5 files: refused before the library can stumble over them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motes

h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py")

Build = Callable[[Path], object]


def h5(**changes: Any) -> Build:
    """A good Dragonfly file, but for what is changed: another value, or None for a dataset that is missing."""

    def build(path: Path) -> None:
        ones, multi, counts = [[1, 8], [2]], [[4], []], [[3], []]
        contents = {"num_pix": [9], "place_ones": ones, "place_multi": multi, "count_multi": counts}
        with h5py.File(path, "w") as file:
            for name, value in (contents | changes).items():
                if name == "image_shape":
                    file.attrs[name] = value
                elif isinstance(value, list) and isinstance(value[0], list):
                    dtype = np.result_type(*[np.array(row or [0]) for row in value])
                    dataset = file.create_dataset(name, (len(value),), h5py.vlen_dtype(dtype))
                    for i, row in enumerate(value):
                        dataset[i] = np.array(row, dtype)
                elif value is not None:
                    file[name] = value

    return build


def unwritten_rows(path: Path) -> None:
    h5()(path)
    with h5py.File(path, "a") as file:
        for name in ("place_ones", "place_multi", "count_multi"):
            del file[name]
            file.create_dataset(name, (2**40,), h5py.vlen_dtype(np.int32))


def changed_h5(change: Callable[[bytearray], None]) -> Build:
    def build(path: Path) -> None:
        h5()(path)
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(data)

    return build


def endless_heap(data: bytearray) -> None:
    heap = data.index(b"GCOL")
    data[heap + 16 : heap + 4096] = bytes(4080)


def heap_elsewhere(data: bytearray) -> None:
    address = struct.pack("<Q", data.index(b"GCOL"))
    data[:] = data.replace(address, struct.pack("<Q", 2**62))


def rows_of_one_object(path: Path) -> None:
    """Four hundred rows, each of them the same 10,000 pixels: 120 kB that would become 32 MB."""
    ones = [list(range(10_000)), *[[0]] * 399]
    h5(num_pix=[10_000], place_ones=ones, place_multi=[[]] * 400, count_multi=[[]] * 400)(path)
    data = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        start = file["place_ones"].id.get_offset()
    data[start : start + 400 * 16] = data[start : start + 16] * 400
    path.write_bytes(data)


def compressed_rows_of_one_object(path: Path) -> None:
    h5(num_pix=[10_000], place_ones=None, place_multi=[[]] * 400, count_multi=[[]] * 400)(path)
    with h5py.File(path, "a") as file:
        rows = file.create_dataset("place_ones", (400,), h5py.vlen_dtype(np.int64), chunks=(400,), compression="gzip")
        rows[0] = np.arange(10_000)
        rows.flush()
        references = zlib.decompress(rows.id.read_direct_chunk((0,))[1])
        rows.id.write_direct_chunk((0,), zlib.compress(references[:16] * 400))


H5_REFUSALS: dict[str, tuple[Build, str]] = {
    "no HDF5 after all": (
        lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n and no more"),
        "truncated or damaged, or no HDF5 file",
    ),
    "column missing": (h5(place_multi=None), "place_multi missing or not a column, expected one row a pattern"),
    "column is a number": (h5(place_ones=5), "place_ones missing or not a column"),
    "rows of one length": (
        h5(place_ones=np.zeros(2, np.int32)),
        "place_ones: int32, expected variable-length integers",
    ),
    "rows of floats": (h5(place_ones=[[1.0], [2.0]]), "place_ones: object, expected variable-length integers"),
    "columns of different length": (h5(place_ones=[[1], [2], [3]]), "[(3,), (2,), (2,)] rows, expected columns of one"),
    "rows of different length": (h5(count_multi=[[3], [2]]), "pattern 1: place_multi and count_multi differ in length"),
    "pixel outside": (h5(place_ones=[[1], [9]]), "place_ones[1] is 9, expected 0 to 8"),
    "negative pixel": (h5(place_multi=[[-1], []]), "place_multi[0] is -1, expected 0 to 8"),
    "multi of one photon": (h5(count_multi=[[1], []]), "count_multi[0] is 1, expected 2 to"),
    "num_pix missing": (h5(num_pix=None), "num_pix missing or not one integer"),
    "num_pix twice": (h5(num_pix=[9, 9]), "num_pix missing or not one integer"),
    "num_pix negative": (h5(num_pix=[-9]), "-9 pixels a pattern, expected 1 to"),
    "image of other size": (h5(image_shape=(3, 4)), "images of (3, 4) pixels, but 9 pixels a pattern"),
    "image of negative size": (h5(image_shape=(-3, -3)), "images of (-3, -3) pixels, but 9 pixels a pattern"),
    "image of one size": (h5(image_shape=(9,)), "attribute image_shape: expected two integers"),
    "2^40 rows never written": (unwritten_rows, "1099511627776 rows, more than "),
    "heap that never ends": (changed_h5(endless_heap), "place_ones: no whole heap at byte "),
    "rows of one object": (rows_of_one_object, "place_ones: rows of 32000000 bytes, more than a file of "),
    "compressed rows of one object": (compressed_rows_of_one_object, "place_ones: rows of 32000000 bytes, more than"),
    "heap beyond the file": (changed_h5(heap_elsewhere), "place_ones: no whole heap at byte 4611686018427387904"),
}


@pytest.mark.parametrize("case", H5_REFUSALS)
def test_refused_hdf5(tmp_path, case):
    build, message = H5_REFUSALS[case]
    path = tmp_path / "a.h5"
    build(path)
    with pytest.raises(motes.FormatError) as caught:
        motes.read_patterns(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_hdf5_without_h5py(tmp_path, monkeypatch, sample):
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    monkeypatch.setattr("motes.io.h5.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'a\.h5: HDF5 needs h5py: pip install "motes\[io\]" \(from a clone'):
        motes.read_patterns(tmp_path / "a.h5")
    with pytest.raises(ImportError, match=r"b\.h5: HDF5 needs h5py"):
        motes.write_patterns(tmp_path / "b.h5", sample)
    assert not (tmp_path / "b.h5").exists()
