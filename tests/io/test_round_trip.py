"""What is written comes back bit for bit, through every format that motes writes and those that others write."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import motes
from strategies import cases

quiet = pytest.mark.filterwarnings("ignore:.*to read it back")


@quiet
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases(shapes=[(1, 1), (3, 3), (25, 25), (1, 5), (5, 7), (257, 256)]))
def test_round_trip(tmp_path, writer, case):
    name, write = writer
    write(tmp_path / name, case.patterns)
    back = motes.read_patterns(tmp_path / name, shape=case.patterns.shape, n_patterns=len(case.patterns))
    assert back == case.patterns
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_blocks_join_without_a_seam(tmp_path, writer, monkeypatch):
    monkeypatch.setattr("motes.blocks.BLOCK_CELLS", 1000)
    monkeypatch.setattr("motes.io.raw.BLOCK_CELLS", 700)
    monkeypatch.setattr("motes.io.raw.BLOCK_PHOTONS", 23)
    monkeypatch.setattr("motes.io.h5.ROWS_PER_BLOCK", 3)
    monkeypatch.setattr("motes.io.source.READ_BYTES", 7)
    name, write = writer
    rng = np.random.default_rng(1)
    patterns = motes.Patterns.from_dense(rng.poisson(0.1, (100, 25, 25)))
    write(tmp_path / name, patterns)
    assert motes.read_patterns(tmp_path / name) == patterns


@quiet
def test_the_same_patterns_give_the_same_bytes(tmp_path, writer, sample):
    name, write = writer
    write(tmp_path / name, sample)
    first = (tmp_path / name).read_bytes()
    write(tmp_path / name, sample)
    assert (tmp_path / name).read_bytes() == first


@quiet
def test_part_of_a_container_is_written_alone(tmp_path, writer, sample):
    name, write = writer
    write(tmp_path / name, sample[2:6])
    assert motes.read_patterns(tmp_path / name, shape=(3, 3)) == sample[2:6]


@pytest.mark.parametrize(
    ("name", "task", "shape", "advice"),
    [
        ("a.emc", None, (2, 3), {"shape": (2, 3)}),
        ("a.npz", 4, (2, 3), {"shape": (2, 3)}),
        ("a.npz", 6, (2, 3), {"shape": (2, 3), "n_patterns": 4}),
        ("a.npz", 7, (25, 25), {"n_patterns": 4}),
        ("a.npz", None, (2, 3), {}),
        ("a.npz", 1, (2, 3), {}),
        ("a.npy", None, (2, 3), {}),
        ("a.h5", None, (2, 3), {}),
        ("a.emc", None, (25, 25), {}),
        ("a.npz", 4, (25, 25), {}),
    ],
)
def test_what_a_file_does_not_tell_is_said(tmp_path, name, task, shape, advice):
    if name.endswith(".h5"):
        pytest.importorskip("h5py", reason="HDF5 needs h5py")
    patterns = motes.Patterns.from_coo([0, 0, 2], [1, 1, 5], shape=shape, n_patterns=4)
    if advice:
        words = " and ".join(f"{key}={value}" for key, value in advice.items())
        with pytest.warns(UserWarning, match="to read it back") as caught:
            motes.write_patterns(tmp_path / name, patterns, task=task)
        assert [str(warning.message) for warning in caught] == [f"{tmp_path / name}: to read it back, give {words}"]
        assert caught[0].filename == __file__
    else:
        motes.write_patterns(tmp_path / name, patterns, task=task)
    assert motes.read_patterns(tmp_path / name, **advice) == patterns


def test_scipy_reads_what_we_write_and_we_read_what_scipy_writes(tmp_path, sample):
    sparse = pytest.importorskip("scipy.sparse")
    motes.write_patterns(tmp_path / "ours.npz", sample)
    ours = sparse.load_npz(tmp_path / "ours.npz")
    assert isinstance(ours, sparse.csr_array)
    assert (ours != sample.to_scipy()).nnz == 0
    counts = sample.to_scipy()
    for matrix in (counts, sparse.csr_matrix(counts.astype(np.uint8)), counts.astype(np.float32)):
        for compressed in (True, False):
            sparse.save_npz(tmp_path / "scipy.npz", matrix, compressed=compressed)
            assert motes.read_patterns(tmp_path / "scipy.npz") == sample


def test_a_column_of_ones_is_no_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr("motes.io.source.BOMB_BYTES", 0)
    rng = np.random.default_rng(1)
    patterns = motes.Patterns.from_dense(rng.random((2000, 25, 25)) < 0.05)
    motes.write_patterns(tmp_path / "a.npz", patterns)
    assert motes.read_patterns(tmp_path / "a.npz") == patterns


def test_csr_with_repeated_unsorted_and_zero_entries(tmp_path):
    arrays = {"indptr": [0, 4, 4], "indices": [3, 1, 3, 0], "data": [1, 2, 1, 0], "format": b"csr", "shape": (2, 4)}
    np.savez(tmp_path / "a.npz", **arrays)
    assert motes.read_patterns(tmp_path / "a.npz").to_dense().tolist() == [[[0, 2], [0, 2]], [[0, 0], [0, 0]]]


@pytest.mark.parametrize("dtype", ["?", "u1", "i1", "<u2", ">u2", "<i4", ">i8", "<u8", "<f2", ">f4", "<f8"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_dense_tables_of_any_number_type(tmp_path, dtype, order, dims, suffix):
    counts = np.array([[0, 1, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1]]).reshape((3, 4) if dims == 2 else (3, 2, 2))
    path = tmp_path / f"a.{suffix}"
    table = counts.astype(dtype, order=order)
    if suffix == "npy":
        np.save(path, table)
    else:
        np.savez(path, anything=table)
    assert motes.read_patterns(path) == motes.Patterns.from_dense(counts)


def test_the_second_version_of_npy(tmp_path, sample):
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array(file, sample.to_dense(), version=(2, 0))
    assert motes.read_patterns(tmp_path / "a.npy") == sample


def test_emc_byte_by_byte(tmp_path):
    header = struct.pack("<256i", 2, 9, 0, *[0] * 253)
    body = struct.pack(
        "<2i 2i 3i 1i 1i", 2, 1, 0, 1, 5, 7, 0, 3, 4
    )  # ones, multi, place_ones, place_multi, count_multi
    (tmp_path / "a.emc").write_bytes(header + body)
    patterns = motes.read_patterns(tmp_path / "a.emc")
    assert patterns.to_dense().reshape(2, 9).tolist() == [[0, 0, 0, 0, 0, 1, 0, 1, 0], [1, 0, 0, 4, 0, 0, 0, 0, 0]]
    motes.write_patterns(tmp_path / "b.emc", patterns)
    assert (tmp_path / "b.emc").read_bytes() == header + body


@pytest.mark.parametrize("layout", [{}, {"chunks": (2,)}, {"chunks": (4,), "compression": "gzip"}])
@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_dragonfly_hdf5_of_any_layout(tmp_path, layout, libver):
    h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py")
    rows = {
        "place_ones": [[1, 8], [], [2], []],
        "place_multi": [[4], [], [], [0]],
        "count_multi": [[3], [], [], [2]],
    }
    with h5py.File(tmp_path / "a.h5", "w", libver=libver) as file:
        file["num_pix"] = np.array([9], np.int32)
        for name, values in rows.items():
            dataset = file.create_dataset(name, (4,), h5py.vlen_dtype(np.int32), **layout)
            for i, row in enumerate(values):
                dataset[i] = np.array(row, np.int32)
    counts = [[0, 1, 0, 0, 3, 0, 0, 0, 1], [0] * 9, [0, 0, 1, 0, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0, 0, 0, 0]]
    assert motes.read_patterns(tmp_path / "a.h5") == motes.Patterns.from_dense(counts)


def test_rows_that_were_never_written_are_empty(tmp_path):
    h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["num_pix"] = np.array([9], np.int32)
        for name in ("place_ones", "place_multi", "count_multi"):
            file.create_dataset(name, (4,), h5py.vlen_dtype(np.int32))
    assert motes.read_patterns(tmp_path / "a.h5") == motes.Patterns.empty((3, 3), 4)


@quiet
def test_the_content_tells_the_format_not_the_suffix(tmp_path, writer, sample):
    name, write = writer
    write(tmp_path / name, sample)
    for disguise in ("a.dat", "a.npz", "a.emc"):
        if not (name.endswith(".emc") and disguise == "a.npz"):  # .emc has no magic number
            (tmp_path / name).replace(tmp_path / disguise)
            assert motes.read_patterns(tmp_path / disguise, shape=(3, 3)) == sample
            (tmp_path / disguise).replace(tmp_path / name)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".emc", ".h5"])
def test_a_task_of_a_file_without_tasks_is_told(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    patterns = motes.Patterns.empty((2, 2), 3)
    motes.write_patterns(path, patterns)
    with pytest.warns(UserWarning, match=rf"a\{suffix}: holds one set of patterns and no tasks; .* for task 7"):
        assert motes.read_patterns(path, task=7, shape=(2, 2), n_patterns=3) == patterns
