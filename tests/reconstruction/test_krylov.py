"""Largest eigenvalues of operators, against LAPACK's of the matrices."""

import numpy as np
import pytest

from motes.reconstruction.krylov import leading


def found(matrix, count, *, block=4, steps=12, seed=0, settled=0.0):
    rng = np.random.default_rng(seed)
    return leading(
        lambda vectors: matrix @ vectors, len(matrix), count, block=block, steps=steps, rng=rng, settled=settled
    )


def bulk_and(values, n, seed=0):
    """A matrix with these eigenvalues above a bulk from 0.9 to 1.1, as of a covariance of whitened noise."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((n, n)))[0]
    spectrum = np.concatenate([values, rng.uniform(0.9, 1.1, n - len(values))])
    return (basis * spectrum) @ basis.T, basis[:, : len(values)]


@pytest.mark.parametrize("n", [4, 30, 48, 49, 300])
def test_values_and_vectors_are_those_of_the_matrix(n):
    matrix, vectors = bulk_and([3.0, 2.0, 2.0], n)
    values, directions = found(matrix, 3)
    np.testing.assert_allclose(values, [3, 2, 2], rtol=1e-9)
    np.testing.assert_allclose(directions.T @ directions, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(directions @ directions.T, vectors @ vectors.T, atol=1e-6)


def test_better_than_powers_where_the_bulk_is_near():
    matrix, vectors = bulk_and([1.13], 600)
    lanczos = found(matrix, 1, block=3)[1]
    powers = np.random.default_rng(0).standard_normal((600, 3))
    for _ in range(60):
        powers = np.linalg.qr(matrix @ powers)[0]
    inside = np.linalg.norm(powers.T @ vectors)
    assert np.linalg.norm(lanczos.T @ vectors) > inside


@pytest.mark.parametrize("rank", [0, 1, 5])
def test_operators_of_low_rank_have_no_eigenvalue_twice(rank):
    """Their Krylov space ends early: what is left is rounding, which is no direction of it."""
    rng = np.random.default_rng(3)
    tall = rng.standard_normal((200, rank))
    expected = np.zeros(3)
    expected[: min(rank, 3)] = np.linalg.eigvalsh(tall.T @ tall)[::-1][:3] if rank else 0
    values, vectors = found(tall @ tall.T, 3)
    np.testing.assert_allclose(values, expected, atol=1e-9)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-9)


def test_it_stops_when_settled_and_the_same_draw_gives_the_same_bits():
    matrix, _ = bulk_and([5.0], 400)
    calls = []

    def apply(vectors):
        calls.append(vectors.shape)
        return matrix @ vectors

    first = leading(apply, 400, 1, block=4, steps=40, rng=np.random.default_rng(1), settled=1e-6)
    assert len(calls) < 12
    assert set(calls) == {(400, 4)}
    again = leading(apply, 400, 1, block=4, steps=40, rng=np.random.default_rng(1), settled=1e-6)
    np.testing.assert_array_equal(first[1], again[1])
    assert first[0][0] == pytest.approx(5, rel=1e-6)


def test_few_distinct_eigenvalues_end_the_space_early():
    matrix = np.diag([*np.ones(98), 3.0, 5.0])
    values, vectors = found(matrix, 4)
    np.testing.assert_allclose(values, [5, 3, 1, 1], atol=1e-9)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(4), atol=1e-9)
