"""Slow, obvious oracles: what each kernel promises, said again in dense float64 (mpmath where digits matter).

Nothing here imports motes. `counts` is (N, M), a row of photon counts for each pattern; groups are "C1", "C4" and "D4".
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np

GROUP_SIZE = {"C1": 1, "C4": 4, "D4": 8}


def counts_of(rows, cols, n_patterns: int, n_pixels: int, photons=None) -> np.ndarray:
    counts = np.zeros((n_patterns, n_pixels), np.int64)
    values = np.ones(len(rows), np.int64) if photons is None else np.asarray(photons, np.int64)
    np.add.at(counts, (np.asarray(rows, np.int64), np.asarray(cols, np.int64)), values)
    return counts


# -- likelihood -----------------------------------------------------------------------------------------------------


def scores(counts, weights, base) -> np.ndarray:
    """base[r] + sum_i x[p, i] w[i, r]; a photon where w = -inf makes it -inf, no photon there does not."""
    weights, base = np.asarray(weights, np.float64), np.asarray(base, np.float64)
    impossible = counts.astype(np.float64) @ np.isneginf(weights) > 0
    total = counts @ np.where(np.isneginf(weights), 0.0, weights) + base
    return np.where(impossible, -np.inf, total)


def score_bound(counts, weights, base, unit: float) -> np.ndarray:
    """unit * n_p * max |partial sum|: photons in order, then the base, then what pixels caught beyond one photon."""
    weights = np.where(np.isneginf(weights), 0.0, np.asarray(weights, np.float64))
    base = np.where(np.isneginf(base), 0.0, np.asarray(base, np.float64))
    bound = np.zeros((len(counts), weights.shape[1]))
    for p, row in enumerate(counts):
        lit = np.flatnonzero(row)
        terms = np.concatenate([weights[lit], base[None], (row[lit, None] - 1) * weights[lit]])
        bound[p] = unit * max(row.sum(), 1) * np.abs(np.cumsum(terms, axis=0)).max(axis=0)
    return bound


def log_likelihood(counts, templates, noise: str) -> np.ndarray:
    """ln of the product of every pixel's probability, in 50 digits; Poisson without x!."""
    with mpmath.workdps(50):
        values = [[_log_probability(row, template, noise) for template in templates] for row in counts]
    return np.array(values, np.float64).reshape(len(counts), len(templates))


def _log_probability(row, template, noise: str) -> float:
    product = mpmath.mpf(1)
    for x, mean in zip(row.ravel(), template.ravel(), strict=True):
        mu = mpmath.mpf(float(mean))
        if noise == "bernoulli":
            product *= mu if x else 1 - mu
        else:
            product *= mu ** int(x) * mpmath.exp(-mu)
    return float(mpmath.log(product)) if product > 0 else -np.inf


def evidence(score) -> np.ndarray:
    """ln sum_r exp score[p, r], in 50 digits."""
    with mpmath.workdps(50):
        return np.array([_log_sum_exp(row) for row in score], np.float64)


def _log_sum_exp(row) -> float:
    total = mpmath.fsum(mpmath.exp(mpmath.mpf(float(value))) for value in row if np.isfinite(value))
    return float(mpmath.log(total)) if total > 0 else -np.inf


def responsibilities(score) -> np.ndarray:
    """exp score / sum of it; zeros where no template can have made the pattern."""
    score = np.asarray(score, np.float64)
    largest = score.max(axis=1, keepdims=True)
    gamma = np.exp(score - np.where(np.isneginf(largest), 0.0, largest))
    return gamma / np.where(np.isneginf(largest), 1.0, gamma.sum(axis=1, keepdims=True))


# -- sums over patterns ---------------------------------------------------------------------------------------------


def sweep(counts, score, *, hard: bool = False) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Planes (M, R), weights (R,), log-likelihood of the possible patterns, number of the impossible ones."""
    score = np.asarray(score, np.float64)
    possible = score.max(axis=1, initial=-np.inf) > -np.inf
    if hard:
        gamma = np.eye(score.shape[1])[score.argmax(axis=1)] * possible[:, None]
        value = score.max(axis=1, initial=-np.inf)[possible].sum()
    else:
        gamma = responsibilities(score)
        value = evidence(score[possible]).sum()
    return counts.T @ gamma, gamma.sum(axis=0), float(value), int((~possible).sum())


def back_rotation(counts, coefficients) -> np.ndarray:
    return counts.T.astype(np.float64) @ np.asarray(coefficients, np.float64)


def nearest(counts, centres) -> np.ndarray:
    """argmin_k |x_p - c_k|, the first of equals."""
    return np.array([((row - centres) ** 2).sum(axis=1).argmin() for row in counts], np.int64)


def outer(counts, coefficients, orbit, phase, turn, n_orbits: int, *, with_coefficients: bool) -> np.ndarray:
    """sum_p u_p u_p^T with u_p built photon by photon."""
    r = len(turn)
    sums = np.zeros(((n_orbits + with_coefficients) * r,) * 2)
    for row, c in zip(counts, coefficients, strict=True):
        u = np.zeros(len(sums))
        for i in np.flatnonzero(row):
            for slot in range(r):
                u[orbit[i] * r + slot] += row[i] * c[turn[phase[i], slot]]
        if with_coefficients:
            u[n_orbits * r :] = c[turn[0]]
        sums += np.outer(u, u)
    return sums


# -- rotations ------------------------------------------------------------------------------------------------------


def turned(image, group: str, r: int) -> np.ndarray:
    """Template r of an image: r clockwise quarter turns; 4 to 7, of the mirror image."""
    assert 0 <= r < GROUP_SIZE[group]
    return np.rot90(image if r < 4 else image[:, ::-1], -(r % 4))


def turned_home(image, group: str, r: int) -> np.ndarray:
    assert 0 <= r < GROUP_SIZE[group]
    home = np.rot90(image, r % 4)
    return home if r < 4 else home[:, ::-1]


def templates(master, group: str) -> np.ndarray:
    return np.stack([turned(master, group, r) for r in range(GROUP_SIZE[group])])


def pattern_home(row, gamma, group: str, shape) -> np.ndarray:
    """v_p: the pattern turned home from every orientation by its responsibilities, and these."""
    home = sum(g * turned_home(row.reshape(shape), group, r) for r, g in enumerate(gamma))
    return np.concatenate([home.ravel(), gamma])


# -- the mixture ----------------------------------------------------------------------------------------------------


def mixture_scores(counts, master, group: str, weights, noise: str, good=None) -> np.ndarray:
    """ln weights[k] P(x_p | template k), (N, R), over good pixels."""
    means = templates(np.asarray(master, np.float64), group).reshape(GROUP_SIZE[group], -1)
    good = np.ones(means.shape[1], bool) if good is None else np.asarray(good, bool).ravel()
    if noise == "bernoulli":
        lit, dark = np.log(means), np.log1p(-means)
        per_template = counts @ (lit * good).T + (1 - counts) @ (dark * good).T
    else:
        per_template = counts @ (np.log(means) * good).T - (means * good).sum(axis=1)
    return per_template + np.log(weights)


def mixture_log_likelihood(counts, master, group: str, weights, noise: str, good=None) -> np.ndarray:
    """ln of the mixture for each pattern, (N,)."""
    score = mixture_scores(counts, master, group, weights, noise, good)
    largest = score.max(axis=1, keepdims=True)
    return (largest + np.log(np.exp(score - largest).sum(axis=1, keepdims=True)))[:, 0]


def numerical_scores(counts, master, group: str, weights, noise: str, good=None, tangent=None) -> np.ndarray:
    """(N, M + T): central differences of ln mixture along every pixel, then along directions of the weights."""

    def along(moved: Callable[[float], np.ndarray], step: float) -> np.ndarray:
        return (moved(step) - moved(-step)) / (2 * step)

    columns = []
    for j in range(master.size):
        unit = np.zeros(master.size)
        unit[j] = 1.0
        unit = unit.reshape(master.shape)
        columns.append(
            along(
                lambda h, unit=unit: mixture_log_likelihood(counts, master + h * unit, group, weights, noise, good),
                1e-4 * master.ravel()[j] * (1 - min(master.ravel()[j], 0.9)),
            )
        )
    columns += [
        along(lambda h, d=d: mixture_log_likelihood(counts, master, group, weights + h * d, noise, good), 1e-5)
        for d in ([] if tangent is None else tangent)
    ]
    return np.column_stack(columns)


def numerical_hessian(counts, master, group: str, weights, noise: str, good=None) -> np.ndarray:
    """(M, M): second differences of the mean log-likelihood, from the scores at neighbouring masters."""

    def gradient(moved: np.ndarray) -> np.ndarray:
        return numerical_scores(counts, moved.reshape(master.shape), group, weights, noise, good).mean(axis=0)

    rows = []
    for j in range(master.size):
        step = np.zeros(master.size)
        step[j] = 1e-3 * master.ravel()[j] * (1 - min(master.ravel()[j], 0.9))
        rows.append((gradient(master.ravel() + step) - gradient(master.ravel() - step)) / (2 * step[j]))
    hessian = np.array(rows)
    return (hessian + hessian.T) / 2


def algorithm_1(images, rounds: int = 5) -> tuple[np.ndarray, float]:
    """Seed 000's Algorithm 1, line by line: nearest turn of the model, patterns turned home, their mean.

    Beside the model, the least difference between the two nearest turns of any pattern: a tie is rounding's to break.
    """
    closest = np.inf
    model = images.mean(axis=0)
    for _ in range(rounds):
        turns = templates(model, "C4")
        new_model = np.zeros_like(model)
        for image in images:
            distances = [np.linalg.norm(image - turn) for turn in turns]
            new_model += turned_home(image, "C4", int(np.argmin(distances)))
            closest = min(closest, float(np.diff(np.sort(distances)[:2])[0]))
        model = new_model / len(images)
    return model, closest
