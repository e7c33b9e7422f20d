"""Patterns built on a GPU of a sparse matrix that is there, as CuPy has it: those of the processor."""

from __future__ import annotations

import re

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from gpus import gpu, on_device
from motes import Patterns
from motes.devices import Device

pytestmark = pytest.mark.gpu


class Matrix:
    """A matrix of CuPy: three device arrays and a shape."""

    def __init__(self, matrix: scipy.sparse.csr_array) -> None:
        self.shape = matrix.shape
        self.indptr, self.indices, self.data = (
            on_device(array) for array in (matrix.indptr, matrix.indices, matrix.data)
        )

    def tocsr(self) -> Matrix:
        return self


@pytest.fixture(autouse=True)
def machine():
    return gpu()


def random_matrix(rng: np.random.Generator, dtype: object, most: int) -> scipy.sparse.csr_array:
    """With empty rows, stored zeros and repeated entries that are not in order."""
    n, n_rows = int(rng.integers(0, 800)), int(rng.integers(1, 60))
    rows = np.sort(rng.choice(rng.integers(0, n_rows, 20), n))
    indptr = np.searchsorted(rows, np.arange(n_rows + 1)).astype(rng.choice([np.int32, np.int64]))
    data = rng.integers(0 if most > 1 else 1, most + 1, n).astype(dtype)
    return scipy.sparse.csr_array((data, rng.integers(0, 35, n).astype(np.int32), indptr), shape=(n_rows, 35))


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.float32, np.float64, np.int32, np.uint8, np.int64]),
    st.sampled_from([1, 3]),
)
def test_patterns_are_those_of_the_processor(seed, dtype, most):
    matrix = random_matrix(np.random.default_rng(seed), dtype, most)
    expected = Patterns.from_csr(matrix, shape=(5, 7))
    found = Patterns.from_csr(Matrix(matrix), shape=(5, 7))
    assert found.device == Device("cuda")
    assert found._place.unfetched is not None
    assert found == expected


def test_counts_that_are_bits():
    matrix = scipy.sparse.csr_array(np.array([[True, False, True, True], [False, False, False, True]]))
    assert Patterns.from_csr(Matrix(matrix)) == Patterns.from_csr(matrix)


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"data": np.array([1, 0.5, 1])}, ValueError, "matrix: expected whole photon counts, got 0.5 at entry 1"),
        ({"data": np.array([1, 1, 0.1], np.float32)}, ValueError, "got 0.10000000149011612 at entry 2"),
        ({"data": np.array([1, np.nan, 1])}, ValueError, "matrix: expected whole photon counts, got nan at entry 1"),
        ({"data": np.array([1, 1, 2.0**31])}, ValueError, "whole photon counts, got 2147483648.0 at entry 2"),
        ({"data": np.array([-1, 1, 1])}, ValueError, "matrix: expected whole photon counts, got -1 at entry 0"),
        ({"data": np.array([1, 1, 2**31])}, ValueError, "counts: 2147483648 at index 2 is outside 0..2147483647"),
        ({"data": np.array([1, 1, 2j])}, TypeError, "matrix: expected counts, got dtype complex128"),
        ({"indices": np.array([0, 3, 4])}, ValueError, "cols: 4 at index 2 is outside 0..3; pixel indices of a 2x2"),
    ],
)
def test_it_refuses_in_the_words_of_the_processor(change, error, message, there):
    matrix = scipy.sparse.csr_array((np.ones(3), np.array([0, 1, 2]), np.array([0, 2, 3])), shape=(2, 4))
    for name, array in change.items():
        setattr(matrix, name, array)
    with pytest.raises(error, match=re.escape(message)):
        Patterns.from_csr(Matrix(matrix) if there else matrix)


@pytest.mark.parametrize(("indptr", "row"), [([0, 3, 2], 1), ([1, 2, 3], 0), ([0, 1, 2], 2), ([0, 2, -1], 1)])
def test_rows_that_are_none(indptr, row):
    matrix = scipy.sparse.csr_array((np.ones(3), np.array([0, 1, 2]), np.array([0, 2, 3])), shape=(2, 4))
    matrix.indptr = np.array(indptr)
    with pytest.raises(
        ValueError, match=f"matrix: expected an indptr that ascends from 0 to 3, got another at row {row}"
    ):
        Patterns.from_csr(Matrix(matrix))
