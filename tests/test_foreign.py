"""Arrays of other libraries: read where they lie, refused by name, and no copy of size in silence."""

from __future__ import annotations

import array
import tracemalloc
import warnings

import numpy as np
import pytest
import scipy.sparse

import motes
from motes import Circles, CopyWarning, Patterns, Picks
from motes.foreign import array_of, in_place
from problems import master_of, patterns_of

N = 400_000  # of int64: 3.05 MiB
SHAPE = (16, 16)
MEBIBYTE = 2**20


class Interface:
    """Memory told by `__array_interface__` alone."""

    def __init__(self, values):
        self._values = values
        self.__array_interface__ = values.__array_interface__


class Dlpack:
    """Memory told by DLPack alone."""

    def __init__(self, values):
        self._values = values

    def __dlpack__(self, **options):
        return self._values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._values.__dlpack_device__()


def read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


def of_torch(values):
    return pytest.importorskip("torch").from_numpy(values)


def of_pandas(values):
    return pytest.importorskip("pandas").DataFrame({"other": values, "this": values})["this"]


def of_polars(values):
    return pytest.importorskip("polars").DataFrame({"this": values})["this"]


def of_arrow(values):
    return pytest.importorskip("pyarrow").array(values)


WAYS = {
    "numpy": np.asarray,
    "read-only": read_only,
    "interface": Interface,
    "memoryview": memoryview,
    "array.array": lambda values: array.array(values.dtype.char, values.tobytes()),
    "DLPack": Dlpack,
    "torch": of_torch,
    "pandas": of_pandas,
    "polars": of_polars,
    "pyarrow": of_arrow,
}
each_way = pytest.mark.parametrize("way", WAYS)


def entries(n=N, seed=0):
    rng = np.random.default_rng(seed)
    return np.sort(rng.integers(0, 2000, n)), rng.integers(0, 256, n)


def peak_of(call):
    """What a call gives, and the most memory that NumPy and Python held for it."""
    tracemalloc.start()
    try:
        result = call()
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@each_way
def test_memory_is_shared(way):
    values = np.arange(N)
    given = WAYS[way](values)
    seen = array_of("values", given)
    np.testing.assert_array_equal(seen, values)
    assert np.shares_memory(seen, array_of("values", given))  # a copy would be another one each time
    if way not in ("read-only", "array.array", "pandas", "polars", "pyarrow"):  # these had a copy made above
        assert np.shares_memory(seen, values)


@each_way
def test_photons_are_read_where_they_lie(way):
    rows, cols = entries()
    expected = Patterns.from_coo(rows, cols, shape=SHAPE, n_patterns=2000)
    given = WAYS[way](rows), WAYS[way](cols)
    found, peak = peak_of(lambda: Patterns.from_coo(*given, shape=SHAPE, n_patterns=2000, threads=2))
    assert found == expected
    assert peak < sum(part.nbytes for part in found._arrays) + MEBIBYTE


def test_the_measure_sees_a_copy():
    rows, cols = entries()
    _, peak = peak_of(lambda: Patterns.from_coo(rows.copy(), cols, shape=SHAPE, n_patterns=2000))
    assert peak > rows.nbytes


@pytest.mark.parametrize("kind", ["csr_array", "csr_matrix"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, bool])
def test_sparse_matrices_cost_their_rows_and_no_copy(kind, dtype):
    patterns = Patterns.from_coo(*entries(), shape=SHAPE, n_patterns=2000).to_scipy()
    patterns.data[:] = 1
    matrix = getattr(scipy.sparse, kind)(patterns.astype(dtype))
    found, peak = peak_of(lambda: Patterns.from_csr(matrix, shape=SHAPE))
    assert found == Patterns.from_dense(matrix.toarray(), shape=SHAPE)
    assert peak < sum(part.nbytes for part in found._arrays) + 4 * matrix.nnz + MEBIBYTE


@pytest.mark.parametrize("kind", ["csc_array", "coo_matrix", "lil_array", "bsr_array"])
def test_other_sparse_formats_are_scipys_to_convert(kind):
    counts = np.random.default_rng(0).poisson(0.1, (20, 16))
    assert Patterns.from_csr(getattr(scipy.sparse, kind)(counts)) == Patterns.from_dense(counts)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda rows: rows.astype(rows.dtype.newbyteorder()), "its byte order is another"),
        (lambda rows: np.column_stack([rows, rows])[:, 0], "its values are not side by side"),
        (lambda rows: rows[::-1], "its values are not side by side"),
    ],
)
def test_a_copy_of_size_is_told_and_right(made, why):
    rows, cols = entries()
    given = made(rows)
    with pytest.warns(CopyWarning, match=rf"^rows: 3\.1 MiB had to be copied: {why}$") as told:
        found = Patterns.from_coo(given, cols, shape=SHAPE, n_patterns=2000)
    assert told[0].filename == __file__
    assert found == Patterns.from_coo(np.ascontiguousarray(given, np.int64), cols, shape=SHAPE, n_patterns=2000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Patterns.from_coo(given[:1000], cols[:1000], shape=SHAPE, n_patterns=2000)  # a small one is nobody's matter


def test_columns_that_need_a_copy_tell():
    polars = pytest.importorskip("polars")
    rows, cols = entries()
    in_two = polars.concat([polars.Series(cols[:1000]), polars.Series(cols[1000:])], rechunk=False)
    with pytest.warns(CopyWarning, match="^cols: .* Series can not be read in place"):
        found = Patterns.from_coo(rows, in_two, shape=SHAPE)
    assert found.n_photons == N


DATA = patterns_of(master_of(5), 50)
TEMPLATES = motes.C4.expand(master_of(5))


@pytest.mark.parametrize("way", ["read-only", "interface", "DLPack", "torch"])
def test_kernels_take_them(way):
    gamma = motes.log_likelihood(DATA, TEMPLATES)
    templates, coefficients = WAYS[way](TEMPLATES), WAYS[way](gamma)
    np.testing.assert_array_equal(motes.log_likelihood(DATA, templates), gamma)
    np.testing.assert_array_equal(motes.back_rotate(DATA, coefficients), motes.back_rotate(DATA, gamma))


@pytest.mark.parametrize("way", ["read-only", "interface", "DLPack", "torch"])
def test_reconstruct_takes_them(way):
    start, mask = np.random.default_rng(1).uniform(0.1, 0.2, TEMPLATES[0].shape), np.zeros(TEMPLATES[0].shape, bool)
    mask[0, 0] = True
    options = {"max_iterations": 3, "std_error": False}
    expected = motes.reconstruct(DATA, init=start, mask=mask, **options)
    for taken in (mask, mask.astype(np.uint8)):
        found = motes.reconstruct(DATA, init=WAYS[way](start), mask=WAYS[way](taken), **options)
        np.testing.assert_array_equal(found.master, expected.master)
    other = motes.reconstruct(DATA, init=start.astype(">f8"), mask=mask.astype(">i2"), **options)
    np.testing.assert_array_equal(other.master, expected.master)


def test_reconstruct_refuses_by_name():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"^init: no array that NumPy can read, Tensor: "):
        motes.reconstruct(DATA, init=torch.full(TEMPLATES[0].shape, 0.1, requires_grad=True))
    with pytest.raises(TypeError, match=r"^mask: no array that NumPy can read, Tensor: "):
        motes.reconstruct(DATA, mask=torch.zeros(TEMPLATES[0].shape, dtype=torch.bool, device="meta"))


COLUMNS = [(way, dtype) for way in WAYS for dtype in ("f8", "f4", "i4")]
COLUMNS += [(way, ">f4") for way in ("numpy", "read-only", "interface", "pandas")]  # others know no other byte order


@pytest.mark.parametrize(("way", "dtype"), COLUMNS)
def test_picks_of_columns(way, dtype):
    x, y, index = np.arange(9).astype(dtype), np.full(9, 5).astype(dtype), np.arange(9) % 2
    make = WAYS[way]
    found = Picks(make(x), make(y), radius=make(y), score=make(x), micrographs=("a", "b"), index=make(index))
    assert found == Picks(range(9), [5] * 9, radius=5, score=range(9), micrographs=("a", "b"), index=index)
    assert found.x.dtype == np.float64
    assert not found.x.flags.writeable


def test_picks_never_change_and_share_what_nobody_can_write_to():
    x, y = np.arange(5.0), np.zeros(5)
    fixed, none = read_only(x), np.empty(0)
    picks = Picks(x, fixed, extra={"other": x})
    assert np.shares_memory(picks.y, fixed)
    x[:] = 7
    assert picks == Picks(range(5), range(5), extra={"other": np.arange(5.0)})
    Picks(none, none)
    assert x.flags.writeable
    assert none.flags.writeable
    assert np.shares_memory(picks.with_radius(3).x, picks.x)
    assert np.shares_memory(picks[1:3].x, picks.x)
    assert y.flags.writeable


def test_columns_of_picks_that_need_a_copy_tell():
    polars = pytest.importorskip("polars")
    values = np.arange(float(N))
    in_two = polars.concat([polars.Series(values[:1000]), polars.Series(values[1000:])], rechunk=False)
    with pytest.warns(CopyWarning, match="^y: .* Series can not be read in place"):
        found = Picks(values, in_two)
    np.testing.assert_array_equal(found.y, values)


def test_picks_refuse_by_name():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"^score: no array that NumPy can read, Tensor: "):
        Picks([1], [2], score=torch.ones(1, requires_grad=True))
    with pytest.raises(TypeError, match=r"^radius: a masked array with masked values"):
        Picks([1, 2], [3, 4], radius=np.ma.masked_equal([5, 6], 5))
    with pytest.raises(TypeError, match=r"^extra: column 'other': a masked array with masked values"):
        Picks([1, 2], [3, 4], extra={"other": np.ma.masked_equal([5, 6], 5)})
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"^x: nan at row 1, expected a finite number$"):
        Picks(pandas.Series([1, None], dtype="Int64"), [3, 4])


@pytest.mark.parametrize("way", ["read-only", "interface", "DLPack", "torch"])
def test_maps_and_boxes_are_taken(way):
    rng = np.random.default_rng(0)
    scores, boxes = rng.random((20, 30)), rng.uniform(1, 9, (7, 4))
    for found, expected in zip(
        motes.picking.suppress_map(WAYS[way](scores), 3)[0], motes.picking.suppress_map(scores, 3)[0], strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    given, expected = WAYS[way](boxes), motes.picking.pairwise_box_iou(boxes, boxes)
    np.testing.assert_array_equal(motes.picking.pairwise_box_iou(given, given), expected)


def test_a_copy_of_a_map_is_told():
    scores = np.random.default_rng(0).random((600, 800))
    with pytest.warns(CopyWarning, match=r"^score_map: 1\.8 MiB had to be copied: its values are not side by side$"):
        found = motes.picking.suppress_map(scores[:, ::2], 50)
    np.testing.assert_array_equal(found[0][0], motes.picking.suppress_map(scores[:, ::2].copy(), 50)[0][0])


@pytest.mark.parametrize("way", ["numpy", "interface", "torch"])
def test_results_are_written_in_place(way):
    expected = motes.log_likelihood(DATA, TEMPLATES)
    memory = np.zeros_like(expected)
    out = WAYS[way](memory)
    assert motes.log_likelihood(DATA, TEMPLATES, out=out) is out
    np.testing.assert_array_equal(memory, expected)


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (read_only(np.zeros((50, 4), np.float32)), ValueError, "^out: the array is read-only$"),
        (memoryview(bytes(800)), ValueError, "^out: the array is read-only$"),
        (np.zeros((50, 4), ">f4"), TypeError, "^out: expected dtype float32, got >f4$"),
        (np.zeros((4, 50), np.float32).T, ValueError, "^out: expected a C-contiguous"),
        ([[0.0] * 4] * 50, TypeError, "^out: expected an array to write to, got list$"),
    ],
)
def test_out_is_refused(out, error, message):
    with pytest.raises(error, match=message):
        motes.log_likelihood(DATA, TEMPLATES, out=out)


@pytest.mark.parametrize("way", ["numpy", "torch", "pandas", "polars"])
def test_circles_of_columns(way):
    centres = np.random.default_rng(0).uniform(0, 100, (9, 2))
    radii = np.linspace(1, 9, 9)
    found = Circles(array_of("centres", centres), WAYS[way](radii))
    np.testing.assert_array_equal(found.radii, radii)
    assert not np.shares_memory(found.radii, radii)  # it never changes, whatever its owner does
    fixed = read_only(radii)
    assert np.shares_memory(Circles(centres, fixed).radii, fixed)


def test_other_byte_orders_are_refused_where_reals_are_expected():
    with pytest.raises(TypeError, match=r"^centres: expected dtype float32 or float64, got >f8$"):
        Circles(np.zeros((3, 2), ">f8"), 1.0)
    with pytest.raises(TypeError, match=r"^coefficients: expected dtype float32 or float64, got >f4$"):
        motes.back_rotate(DATA, np.zeros((50, 4), ">f4"))


def test_what_is_no_array_is_refused_by_name():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"^coefficients: no array that NumPy can read, Tensor: "):
        motes.back_rotate(DATA, torch.zeros((50, 4), requires_grad=True))
    with pytest.raises(TypeError, match=r"^rows: no array that NumPy can read, Tensor: "):
        Patterns.from_coo(torch.zeros(3, dtype=torch.int64, device="meta"), [0, 0, 0], shape=SHAPE)
    with pytest.raises(TypeError, match=r"^rows: a masked array with masked values"):
        Patterns.from_coo(np.ma.masked_equal([0, 1, 2], 1), [0, 0, 0], shape=SHAPE)
    with pytest.raises(TypeError, match=r"^out: expected an array to write to, got object$"):
        in_place("out", object())
