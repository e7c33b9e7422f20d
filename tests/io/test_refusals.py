"""Every kind of bad file: one line that names the file, the place and what was expected, and nothing allocated."""

from __future__ import annotations

import os
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motes

ROWS, COLS = np.array([0, 0, 1], np.uint16), np.array([1, 5, 624], np.uint16)
CSR = {"indptr": [0, 2, 3], "indices": [0, 3, 1], "data": [1, 2, 1], "format": b"csr", "shape": (2, 4)}

Build = Callable[[Path], object]


def npz(**arrays: Any) -> Build:
    return lambda path: np.savez(path, **arrays)


def pairs(rows: Any = ROWS, cols: Any = COLS) -> Build:
    return npz(task7a=rows, task7b=cols)


def csr(**changes: Any) -> Build:
    return npz(**{name: value for name, value in (CSR | changes).items() if value is not None})


def npy(array: Any) -> Build:
    return lambda path: np.save(path, array, allow_pickle=True)


def raw(data: bytes) -> Build:
    return lambda path: path.write_bytes(data)


def npy_header(text: str, values: bytes = b"", version: bytes = b"\x01\x00") -> Build:
    return raw(b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text.encode() + values)


def emc(n_patterns: int, n_pixels: int, kind: int, *columns: int, more: bytes = b"") -> Build:
    header = struct.pack("<3i", n_patterns, n_pixels, kind).ljust(1024, b"\0")
    return raw(header + struct.pack(f"<{len(columns)}i", *columns) + more)


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Build:
    def build(path: Path) -> None:
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, data in members.items():
                archive.writestr(name, data)

    return build


def bomb(path: Path) -> None:
    """A quarter of a gigabyte of nothing, which a header vouches for."""
    size = 2**28 + 1
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size},)}}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("task7a.npy", "w") as member:
            member.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(size))
        archive.writestr("task7b.npy", b"")


def twice(path: Path) -> None:
    zipped({"task1.npy": b"", "task2.npy": b""})(path)
    path.write_bytes(path.read_bytes().replace(b"task2", b"task1"))


def encrypted(path: Path) -> None:
    np.savez(path, task1=np.zeros((1, 2, 2), np.uint8))
    data = bytearray(path.read_bytes())
    data[6] |= 1  # of the local header, and of the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


def overlapping(path: Path) -> None:
    """Two members, the second's directory entry pointing into the first: each is inflated from the same bytes."""
    noise = np.random.default_rng(1).integers(0, 2**8, (1, 1000), np.uint8)
    np.savez(path, task1=noise, task2=noise)
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    for entry in (first, data.index(b"PK\x01\x02", first + 4)):
        data[entry + 20 : entry + 24] = struct.pack("<I", len(data) - 100)
    path.write_bytes(data)


REFUSALS: dict[str, tuple[str, Build, dict[str, Any], str]] = {
    # files that are none of ours
    "empty": ("a.npz", raw(b""), {}, "a.npz: is empty"),
    "directory": ("a.npz", lambda path: path.mkdir(), {}, "a.npz: is a directory, expected a file"),
    "pipe": ("a.npz", lambda path: os.mkfifo(path), {}, "a.npz: is a device or a pipe, expected a regular file"),
    "wrong magic": ("a.npz", raw(b"GIF89a ..."), {}, "begins with b'GIF89a .', which no .npz file does"),
    "text": ("a.txt", raw(b"12 14\n13 15\n"), {}, "a.txt: not a format motes reads (challenge .npz, CSR"),
    # archives
    "no archive": ("a.npz", raw(b"PK\x03\x04 and no more"), {}, "a.npz: truncated or damaged, or no zip archive"),
    "empty archive": ("a.npz", zipped({}), {}, "a.npz: not a format motes reads"),
    "no arrays": ("a.npz", zipped({"readme.txt": b"hello"}), {}, "a.npz: not a format motes reads"),
    "other arrays": (
        "a.npz",
        npz(x=ROWS, y=ROWS),
        {},
        "a.npz: holds arrays x, y, no task of the challenge; for a list of photons see",
    ),
    "several tasks": (
        "a.npz",
        npz(task1=ROWS, task2=ROWS),
        {},
        "holds tasks 1, 2; expected one to be named, such as task=1",
    ),
    "task that is not there": ("a.npz", pairs(), {"task": 6}, "a.npz: holds task 7; expected task 6"),
    "half of the pairs": ("a.npz", npz(task7a=ROWS), {}, "found task7a, expected task7, or task7a and task7b"),
    "task twice": (
        "a.npz",
        npz(task7=ROWS, task7a=ROWS, task7b=ROWS),
        {},
        "found task7 and task7a and task7b, expected",
    ),
    "zip bomb": ("a.npz", bomb, {}, "a.npz: a zip bomb: "),
    "pickle in archive": ("a.npz", npz(task1=np.array([{}])), {}, "a.npz: task1: pickled objects, which are never"),
    "member that is no array": ("a.npz", zipped({"task1.npy": b"hello"}), {}, "a.npz: task1: begins with b'hello'"),
    "member twice": ("a.npz", twice, {}, "a.npz: two members of one name"),
    "encrypted member": ("a.npz", encrypted, {}, "a.npz: task1: is encrypted"),
    "members that overlap": ("a.npz", overlapping, {"task": 1}, "a.npz: "),
    "unknown compression": (
        "a.npz",
        zipped({"task1.npy": b"x"}, zipfile.ZIP_LZMA),
        {},
        "task1: compressed by method 14",
    ),
    # photon pairs
    "columns of different length": (
        "a.npz",
        pairs(ROWS[:2]),
        {},
        "task7a is (2,), task7b is (3,), expected columns of",
    ),
    "columns of two dimensions": ("a.npz", pairs(ROWS[None], COLS[None]), {}, "expected columns of one length"),
    "float rows": ("a.npz", pairs(ROWS.astype(float)), {}, "a.npz: task7a: float64, expected integers"),
    "float cols": ("a.npz", pairs(cols=np.array([1, np.nan, 2])), {}, "a.npz: task7b: float64, expected integers"),
    "negative row": (
        "a.npz",
        pairs(np.array([0, -1, 2])),
        {},
        "a.npz: task7 as images of 25x25: rows: negative at index 1",
    ),
    "negative col": ("a.npz", pairs(cols=np.array([0, 2, -1])), {}, "cols: negative at index 2"),
    "pixel outside": ("a.npz", pairs(cols=np.array([0, 625, 2])), {}, "cols: 625 at index 1 is outside 0..624"),
    "pixel outside a shape": ("a.npz", pairs(), {"shape": (5, 5)}, "task7 as images of 5x5: cols: 624 at index 2 is"),
    "a truth": (
        "a.npz",
        npz(master=np.zeros((2, 2)), labels=np.array([0])),
        {},
        "no photon patterns, but a truth",
    ),
    "a list of photons": ("a.npz", npz(rows=np.array([0]), cols=np.array([1])), {}, "Patterns.from_coo(rows, cols"),
    "a list of photons of other names": (
        "a.npz",
        npz(frame=np.array([0]), pixel=np.array([1])),
        {},
        "Patterns.from_coo(frame, pixel",
    ),
    "a list of photons in two dimensions": (
        "a.npz",
        npz(frame=np.array([0]), row=np.array([1]), col=np.array([1])),
        {},
        "Patterns.from_coo(frame, row * width + col, shape=(height, width))",
    ),
    "a list of photons by event": ("a.npz", npz(event=ROWS, pix=COLS), {}, "Patterns.from_coo(event, pix, shape=...)"),
    "a list of photons with counts": (
        "a.npz",
        npz(row=ROWS, col=COLS, data=ROWS),
        {},
        "Patterns.from_coo(row, col, counts=data, shape=...)",
    ),
    "a table of photons": ("a.npy", npy(np.ones((9, 2), int)), {}, "2 columns look like photons, not like"),
    "a reconstruction": (
        "a.npz",
        npz(master=np.zeros((2, 2)), std_error=np.zeros((2, 2)), labels=np.array([0]), record=np.zeros(3, np.uint8)),
        {},
        "a saved reconstruction; motes.Reconstruction.load reads it",
    ),
    "row outside": ("a.npz", pairs(), {"n_patterns": 1}, "rows: 1 at index 2 is outside 0..0"),
    "row of 10^10 and more": ("a.npz", pairs(np.array([0, 1, 10**10])), {}, "more than 10^10 patterns"),
    "no photons": ("a.npz", pairs(ROWS[:0], COLS[:0]), {}, "n_patterns: no photons, so the number of patterns must be"),
    # dense tables
    "pickle": ("a.npy", npy(np.array([{}])), {}, "a.npy: pickled objects, which are never unpickled"),
    "bare pickle": ("a.npy", raw(pickle.dumps([1])), {}, "which no .npy file does"),
    "strings": ("a.npy", npy(np.array([["a"]])), {}, "a.npy: <U1 array (1, 1), expected whole numbers of photons"),
    "complex": ("a.npy", npy(np.ones((1, 1), complex)), {}, "complex128 array (1, 1), expected whole numbers"),
    "records": ("a.npy", npy(np.zeros((1, 1), "i4,i4")), {}, "a.npy: [('f0', '<i4'), ('f1', '<i4')] array"),
    "one dimension": (
        "a.npy",
        npy(ROWS),
        {},
        "a.npy: uint16 array (3), expected (patterns, pixels) or (patterns, rows",
    ),
    "no pixels": ("a.npy", npy(np.zeros((3, 0), int)), {}, "a.npy: 0 pixels a pattern, expected 1 to 4294967296"),
    "negative count": (
        "a.npy",
        npy([[0, 1], [-2, 3]]),
        {"shape": (1, 2)},
        "pattern 1, pixel 0 is -2, expected a whole",
    ),
    "fraction": (
        "a.npy",
        npy([[0, 1], [2, 0.5]]),
        {"shape": (1, 2)},
        "pattern 1, pixel 1 is 0.5, expected a whole number",
    ),
    "NaN": (
        "a.npy",
        npy([[0, np.nan], [2, 1]]),
        {"shape": (1, 2)},
        "pattern 0, pixel 1 is nan, expected a whole number",
    ),
    "infinity": ("a.npy", npy(np.array([[np.inf]], np.float16)), {}, "pattern 0, pixel 0 is inf, expected"),
    "count too large": (
        "a.npy",
        npy([[2**31]]),
        {},
        "pattern 0, pixel 0 is 2147483648, expected a whole number from 0",
    ),
    "no square": ("a.npy", npy([[0, 1]]), {}, "a.npy: shape: 2 pixels are no square; give shape=(rows, columns)"),
    "shape that does not fit": ("a.npy", npy([[0, 1]]), {"shape": (2, 2)}, "shape: 2 x 2 does not hold 2 pixels"),
    "another shape": ("a.npy", npy([[[0, 1]]]), {"shape": (2, 1)}, "a.npy: images of (1, 2) pixels, expected (2, 1)"),
    "another number": ("a.npy", npy([[1]]), {"n_patterns": 2}, "a.npy: holds 1 patterns, expected 2"),
    "values missing": (
        "a.npy",
        npy_header("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 4)}", bytes(31)),
        {},
        "a.npy: int32 array (2, 4) needs 32 bytes, but 31 follow the header",
    ),
    "sizes that overflow": (
        "a.npy",
        npy_header("{'descr': '<i8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"),
        {},
        "needs 147573952589676412928 bytes, but 0 follow the header",
    ),
    "negative size": (
        "a.npy",
        npy_header("{'descr': '<i4', 'fortran_order': False, 'shape': (-1, 4)}"),
        {},
        "a.npy: shape (-1, 4), expected a tuple of sizes",
    ),
    "header that is code": ("a.npy", npy_header("__import__('os')"), {}, "a.npy: the header is not a Python literal"),
    "header too deep": ("a.npy", npy_header("[" * 9000), {}, "a.npy: the header is not a Python literal"),
    "header of other fields": (
        "a.npy",
        npy_header("{'shape': (1,)}"),
        {},
        "a.npy: the header is {'shape': (1,)}, expected",
    ),
    "header too long": ("a.npy", npy_header(" " * 10001), {}, "a.npy: a header of 10001 bytes, expected at most 10000"),
    "order that is none": (
        "a.npy",
        npy_header("{'descr': '<i4', 'fortran_order': 0, 'shape': ()}"),
        {},
        "fortran_order is 0",
    ),
    "version to come": (
        "a.npy",
        npy_header("{}", version=b"\x09\x00"),
        {},
        "expected b'\\x93NUMPY' and version 1.0 or 2.0",
    ),
    # CSR
    "another kind of matrix": ("a.npz", csr(format=b"csc"), {}, "a.npz: format: 'csc', expected 'csr': save matrix"),
    "number for a kind": ("a.npz", csr(format=5), {}, "a.npz: format: 5, expected 'csr'"),
    "indices missing": ("a.npz", csr(indices=None), {}, "a.npz: indices missing, expected a CSR matrix"),
    "a COO matrix": (
        "a.npz",
        npz(row=ROWS, col=COLS, data=ROWS, format=b"coo", shape=(2, 625)),
        {},
        "a.npz: format: 'coo', expected 'csr': save matrix.tocsr() instead",
    ),
    "fractional data": ("a.npz", csr(data=[1.0, 2.5, 1.0]), {}, "a.npz: data[1] is 2.5, expected a whole number"),
    "complex data": ("a.npz", csr(data=np.ones(3, np.complex64)), {}, "a.npz: data: complex64, expected integers"),
    "negative data": ("a.npz", csr(data=[1, -2, 1]), {}, "a.npz: data[1] is -2, expected a whole number"),
    "data too short": ("a.npz", csr(data=[1, 2]), {}, "a.npz: indices (3,), data (2,), expected columns of one length"),
    "index outside": ("a.npz", csr(indices=[0, 4, 1]), {}, "a.npz: indices[1] is 4, expected 0 to 3"),
    "negative index": ("a.npz", csr(indices=[0, 3, -1]), {}, "a.npz: indices[2] is -1, expected 0 to 3"),
    "ends too few": ("a.npz", csr(indptr=[0, 3]), {}, "a.npz: indptr: (2,), expected (3,) for 2 patterns"),
    "ends that fall": ("a.npz", csr(indptr=[0, 9, 3]), {}, "a.npz: indptr[2] is 3, expected at least 9"),
    "ends beyond": ("a.npz", csr(indptr=[0, 2, 4]), {}, "a.npz: indptr: from 0 to 4, expected 0 to 3"),
    "shape of one": ("a.npz", csr(shape=(2,)), {}, "a.npz: shape is [2], expected two sizes"),
    "negative shape": ("a.npz", csr(shape=(-2, 4)), {}, "a.npz: shape is [-2  4], expected two sizes"),
    "image of other size": (
        "a.npz",
        csr(image_shape=(3, 3)),
        {},
        "a.npz: images of (3, 3) pixels, but 4 pixels a pattern",
    ),
    # .emc
    "header cut": ("a.emc", raw(bytes(1023)), {}, "a.emc: 1023 bytes, expected an .emc header of 1024"),
    "2^31 patterns": (
        "a.emc",
        emc(-(2**31), 9, 0),
        {},
        "a.emc: header: -2147483648 patterns of 9 pixels, type 0; expected",
    ),
    "2^31 - 1 patterns": ("a.emc", emc(2**31 - 1, 9, 0), {}, "the file is 1024 bytes, expected at least 17179870200"),
    "2^31 - 1 dense patterns": ("a.emc", emc(2**31 - 1, 2**31 - 1, 2), {}, "1024 bytes, expected 36893488113059365896"),
    "no pixels in header": ("a.emc", emc(1, 0, 0), {}, "a.emc: header: 1 patterns of 0 pixels, type 0; expected"),
    "type to come": ("a.emc", emc(1, 9, 3), {}, "a.emc: header: 1 patterns of 9 pixels, type 3; expected"),
    "negative ones": ("a.emc", emc(2, 9, 0, 1, -1, 0, 0), {}, "a.emc: ones[1] is -1, expected 0 to 2147483647"),
    "more ones than bytes": ("a.emc", emc(2, 9, 0, 2**31 - 1, 2**31 - 1, 0, 0), {}, "1040 bytes, expected 17179870216"),
    "bytes left over": ("a.emc", emc(1, 9, 0, 1, 0, 4, 0), {}, "the file is 1040 bytes, expected 1036"),
    "place outside": (
        "a.emc",
        emc(1, 9, 0, 1, 0, 9),
        {},
        "a.emc: place_ones[0] is 9, expected 0 to 8",
    ),
    "multi of one photon": (
        "a.emc",
        emc(1, 9, 0, 0, 1, 4, 1),
        {},
        "count_multi[0] is 1, expected 2 to",
    ),
    "fraction in emc": (
        "a.emc",
        emc(1, 1, 2, more=struct.pack("<d", 0.5)),
        {},
        "a.emc: pattern 0, pixel 0 is 0.5, expected",
    ),
    "negative in emc": ("a.emc", emc(1, 1, 1, -1), {}, "a.emc: pattern 0, pixel 0 is -1, expected"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused(tmp_path, case):
    name, build, options, message = REFUSALS[case]
    path = tmp_path / name
    build(path)
    tracemalloc.start()
    try:
        with pytest.raises(motes.FormatError) as caught:
            motes.read_patterns(path, **options)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()
    text = str(caught.value)
    assert text.startswith(str(path))
    assert message in text
    assert "\n" not in text


def test_missing_file(tmp_path):
    for use in (motes.read_patterns, motes.describe):
        with pytest.raises(FileNotFoundError, match=r"a\.npz"):
            use(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(5,), (2.5, 4), (-5, -5), "5x5"])
def test_shape_that_is_none(tmp_path, shape):
    pairs()(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="shape: expected"):
        motes.read_patterns(tmp_path / "a.npz", shape=shape)


def test_trailing_patterns_without_photons(tmp_path):
    pairs()(tmp_path / "a.npz")
    assert len(motes.read_patterns(tmp_path / "a.npz")) == 2
    assert len(motes.read_patterns(tmp_path / "a.npz", n_patterns=7)) == 7
    pairs(ROWS[:0], COLS[:0])(tmp_path / "a.npz")
    assert motes.read_patterns(tmp_path / "a.npz", n_patterns=3) == motes.Patterns.empty((25, 25), 3)


def test_formats_that_can_not_hold_it(tmp_path, sample):
    with pytest.raises(ValueError, match=r"a\.mrc: suffix '\.mrc', expected one of \.npz, \.npy, \.emc, \.h5, \.hdf5"):
        motes.write_patterns(tmp_path / "a.mrc", sample)
    with pytest.raises(ValueError, match=r"a\.emc: a task of the challenge is written as \.npz"):
        motes.write_patterns(tmp_path / "a.emc", sample, task=7)
    with pytest.raises(ValueError, match=r"task 5: expected one of \(1, 2, 3, 4, 6, 7\)"):
        motes.write_patterns(tmp_path / "a.npz", sample, task=5)
    wide = motes.Patterns.empty((2**16, 2**15), 1)
    for name in ("a.emc", "a.h5"):
        with pytest.raises(ValueError, match="at most 2147483647"):
            motes.write_patterns(tmp_path / name, wide)
    once, extra = np.zeros(1, np.int64), np.array([2**31 - 1], np.int32)
    bright = motes.Patterns(np.array([0, 1]), once.astype(np.uint16), once, extra, shape=(1, 1))
    with pytest.raises(ValueError, match="2147483648 photons in a pixel, but files hold 2147483647"):
        motes.write_patterns(tmp_path / "a.npy", bright)
    assert not list(tmp_path.iterdir())
