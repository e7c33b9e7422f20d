"""Slow, obvious oracles: what each kernel promises, said again in dense float64 (mpmath where digits matter).

Nothing here imports motes. `counts` is (N, M), a row of photon counts for each pattern; groups are "C1", "C4" and "D4".
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

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


def in_plane(side: int, n: int, *, mirrored: bool = False) -> np.ndarray:
    """The map of a master's pixels to those of all templates, (R, M, M), point by point."""
    inside = [
        [(2 * i - side + 1) ** 2 + (2 * j - side + 1) ** 2 <= (side - 1) ** 2 for j in range(side)] for i in range(side)
    ]
    table = np.zeros((n * (1 + mirrored), side, side, side, side))
    middle = mpmath.mpf(side - 1) / 2
    for r, i, j in np.ndindex(table.shape[:3]):
        if not inside[i][j]:
            continue
        turn = 2 * mpmath.mpf(r % n) / n
        down, right = i - middle, j - middle  # turned back, against the clock
        x = mpmath.cospi(turn) * right + mpmath.sinpi(turn) * down
        y = mpmath.cospi(turn) * down - mpmath.sinpi(turn) * right
        x = middle + (x if r < n else -x)  # of the mirrored master
        y = middle + y
        for a, b in np.ndindex(side, side):
            if inside[a][b]:
                table[r, i, j, a, b] = max(0, 1 - abs(y - a)) * max(0, 1 - abs(x - b))
        table[r, i, j] /= table[r, i, j].sum()
    return table.reshape(len(table), side**2, side**2)


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


# -- circles --------------------------------------------------------------------------------------------------------
# A circle is (x, y, r), a box (x, y, width, height).


def circle_iou(a, b) -> float:
    """Intersection over union by the textbook's formula, in 80 digits."""
    with mpmath.workdps(80):
        x1, y1, r1, x2, y2, r2 = (mpmath.mpf(float(v)) for v in (*a, *b))
        d = mpmath.sqrt((x1 - x2) ** 2 + (y1 - y2) ** 2)
        if d >= r1 + r2:
            return 0.0
        areas = mpmath.pi * r1**2, mpmath.pi * r2**2
        lens = min(areas)
        if d > abs(r1 - r2):
            a1 = mpmath.acos((d**2 + r1**2 - r2**2) / (2 * d * r1))
            a2 = mpmath.acos((d**2 + r2**2 - r1**2) / (2 * d * r2))
            lens = r1**2 * (a1 - mpmath.sin(2 * a1) / 2) + r2**2 * (a2 - mpmath.sin(2 * a2) / 2)
        return float(lens / (sum(areas) - lens))


def box_iou(a, b) -> float:
    with mpmath.workdps(80):
        x1, y1, w1, h1, x2, y2, w2, h2 = (mpmath.mpf(float(v)) for v in (*a, *b))
        w, h = min(x1 + w1, x2 + w2) - max(x1, x2), min(y1 + h1, y2 + h2) - max(y1, y2)
        return float(w * h / (w1 * h1 + w2 * h2 - w * h)) if w > 0 and h > 0 else 0.0


def _square(circle):
    x, y, r = (mpmath.mpf(float(v)) for v in circle)
    return x - r, y - r, 2 * r, 2 * r


def _square_iou(a, b) -> float:
    with mpmath.workdps(80):
        (x1, y1, w1, _), (x2, y2, w2, _) = _square(a), _square(b)
        w, h = min(x1 + w1, x2 + w2) - max(x1, x2), min(y1 + w1, y2 + w2) - max(y1, y2)
        return float(w * h / (w1 * w1 + w2 * w2 - w * h)) if w > 0 and h > 0 else 0.0


def _distance2(a, b) -> float:
    dx, dy = np.float64(a[0]) - np.float64(b[0]), np.float64(a[1]) - np.float64(b[1])
    return float(dx * dx + dy * dy)


OVERLAP: dict[str, Callable[..., float]] = {
    "iou": circle_iou,
    "box_iou": _square_iou,
    "distance": lambda a, b: float(np.sqrt(_distance2(a, b))),
}


def near(a, b, measure: str, threshold: float) -> bool:
    if measure == "distance":
        return _distance2(a, b) < threshold * threshold
    return OVERLAP[measure](a, b) > threshold


def suppress(circles, scores, measure: str, threshold: float) -> tuple[list[int], list[int]]:
    """Kept indices in order of score, and who took whom."""
    kept: list[int] = []
    suppressor = [-1] * len(circles)
    for i in sorted(range(len(circles)), key=lambda i: (-scores[i], i)):
        better = [j for j in kept if near(circles[i], circles[j], measure, threshold)]
        if better:
            suppressor[i] = better[0]
        else:
            kept.append(i)
    return kept, suppressor


def soft_suppress(circles, scores, *, iou=None, sigma=None, min_score: float) -> tuple[list[int], np.ndarray]:
    scores = np.array(scores, np.float64)
    left, taken = list(range(len(circles))), []
    while left:
        best = min(left, key=lambda i: (-scores[i], i))
        if scores[best] < min_score:
            break
        left.remove(best)
        taken.append(best)
        for j in left:
            overlap = circle_iou(circles[best], circles[j])
            if sigma is not None:
                scores[j] *= np.exp(-(overlap**2) / sigma)
            elif overlap > iou:
                scores[j] *= 1 - overlap
    return taken, scores


def suppress_map(score_map, radius: float, threshold: float) -> list[tuple[int, int]]:
    """Peaks as (x, y)."""
    height, width = score_map.shape
    taken = np.zeros(score_map.shape, bool)
    rows, columns = np.mgrid[:height, :width]
    peaks = []
    for index in sorted(range(score_map.size), key=lambda i: (-score_map.flat[i], i)):
        y, x = divmod(index, width)
        if score_map[y, x] > threshold and not taken[y, x]:
            peaks.append((x, y))
            taken |= (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    return peaks


def match(picks, scores, truth, measure: str, threshold: float, rule: str) -> list[int]:
    """Particle of each pick or -1, by the rules that look at one pick after the other."""
    matched, claimed = [-1] * len(picks), set()
    for i in sorted(range(len(picks)), key=lambda i: (-scores[i], i)):
        possible = [j for j in range(len(truth)) if near(picks[i], truth[j], measure, threshold)]
        if rule == "greedy":
            possible = [j for j in possible if j not in claimed]
        if rule != "first":
            sign = 1 if measure == "distance" else -1
            possible.sort(key=lambda j: (sign * OVERLAP[measure](picks[i], truth[j]), j))
        if possible:
            matched[i] = possible[0]
            claimed.add(possible[0])
    return matched


def best_matching(weights) -> tuple[int, float]:
    """Most pairs, and of those the largest sum of weights; NaN: no pair. Every matching is tried."""
    if len(weights) == 0:
        return 0, 0.0
    first, rest = weights[0], weights[1:]
    best = best_matching(rest)
    for j, weight in enumerate(first):
        if not np.isnan(weight):
            without = rest.copy()
            without[:, j] = np.nan
            n, total = best_matching(without)
            best = max(best, (n + 1, total + weight))
    return best


# -- micrographs ----------------------------------------------------------------------------------------------------


def electron_wavelength(voltage: float) -> float:
    """Angstrom, of electrons of so many kV: h / p with the relativistic momentum, from the constants of nature."""
    with mpmath.workdps(30):
        h, m, e, c = (mpmath.mpf(x) for x in ("6.62607015e-34", "9.1093837015e-31", "1.602176634e-19", "299792458"))
        energy = e * voltage * 1000
        return float(h / mpmath.sqrt(2 * m * energy * (1 + energy / (2 * m * c**2))) * 10**10)


def ctf(kx: float, ky: float, u: float, v: float, angle: float, voltage, cs, amplitude, b_factor) -> float:
    """At one frequency, 1 / angstrom; defocus in angstrom, degrees, kV, mm; the phase shift of amplitude contrast."""
    length, aberration = electron_wavelength(voltage), cs * 1e7
    direction = np.arctan2(ky, kx) - np.deg2rad(angle)
    defocus = 0.5 * (u + v + (u - v) * np.cos(2 * direction))
    k2 = kx**2 + ky**2
    gamma = np.pi * length * defocus * k2 - np.pi / 2 * aberration * length**3 * k2**2
    value = np.sqrt(1 - amplitude**2) * np.sin(gamma) + amplitude * np.cos(gamma)
    return float(value * np.exp(-b_factor * k2 / 4))


def euler_zyz(rot: float, tilt: float, psi: float) -> np.ndarray:
    """The frame is turned about its z by rot, about its new y by tilt, about its new z by psi (degrees)."""

    def about(axis: int, degrees: float) -> np.ndarray:
        c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        return np.array([[[c, s, 0], [-s, c, 0], [0, 0, 1]], [[c, 0, -s], [0, 1, 0], [s, 0, c]]][axis == 1])

    return about(2, psi) @ about(1, tilt) @ about(2, rot)


def project_blobs(centres, sigma, weight, matrix, side: int, offset) -> np.ndarray:
    """Gaussian blobs (pixels) turned, then summed along the beam, each exactly; the origin is pixel side // 2."""
    x = np.arange(side) - side // 2
    image = np.zeros((side, side))
    for centre, width, mass in zip(np.asarray(centres) @ matrix.T, sigma, weight, strict=True):
        across = np.exp(-((x - centre[0] - offset[0]) ** 2) / (2 * width**2))
        down = np.exp(-((x - centre[1] - offset[1]) ** 2) / (2 * width**2))
        image += mass / (2 * np.pi * width**2) * np.outer(down, across)
    return image


def project_volume(volume, matrix, side: int) -> np.ndarray:
    """A volume [z, y, x] turned point by point (trilinear), then summed along the beam, step one voxel."""
    half = len(volume) // 2
    reach = int(np.ceil(half * np.sqrt(3)))
    image = np.zeros((side, side))
    for row in range(side):
        for column in range(side):
            for z in range(-reach, reach + 1):
                # A takes the volume's coordinates to the image's, so its transpose takes them back.
                x3, y3, z3 = matrix.T @ np.array([column - side // 2, row - side // 2, z], float)
                image[row, column] += _trilinear(volume, z3 + half, y3 + half, x3 + half)
    return image


def _trilinear(volume, z: float, y: float, x: float) -> float:
    total, base = 0.0, [int(np.floor(c)) for c in (z, y, x)]
    for corner in np.ndindex(2, 2, 2):
        at = [b + c for b, c in zip(base, corner, strict=True)]
        if all(0 <= i < len(volume) for i in at):
            total += volume[tuple(at)] * np.prod([1 - abs(c - i) for c, i in zip((z, y, x), at, strict=True)])
    return total


def shell_correlation(first, second):
    """Correlation in each Fourier shell, all of both transforms in complex128: (S,), and voxels in each."""
    n = max(first.shape)
    squares = np.ix_(*[(np.fft.fftfreq(side) * n) ** 2 for side in first.shape])
    shell = np.rint(np.sqrt(sum(squares))).astype(int).ravel()
    f, g = np.fft.fftn(first).ravel(), np.fft.fftn(second).ravel()
    cross = np.bincount(shell, (f * g.conj()).real)
    power = np.bincount(shell, abs(f) ** 2) * np.bincount(shell, abs(g) ** 2)
    last = n // 2 + 1
    return (cross / np.sqrt(power))[:last], np.bincount(shell)[:last]


# -- queries --------------------------------------------------------------------------------------------------------


def low_confidence(c) -> list[float]:
    return [1 - p for p in c]


def entropy_score(c) -> list[float]:
    """Seed 001, equation (1), as printed: from logits, in nats."""
    with mpmath.workdps(30):
        logits = [mpmath.log(mpmath.mpf(p) / (1 - mpmath.mpf(p))) for p in c]
        yes, no = ([1 / (1 + mpmath.exp(-sign * x)) for x in logits] for sign in (1, -1))
        return [float(-s * mpmath.log(s) - r * mpmath.log(r)) for s, r in zip(yes, no, strict=True)]


def entropy_score_normalised(c) -> list[float]:
    """Min-max scaling to [0.01, 0.99] first."""
    low, high = min(c), max(c)
    return entropy_score([0.01 + 0.98 * (p - low) / (high - low) if high > low else 0.5 for p in c])


def boundary_distance(c, t: float) -> list[float]:
    return [-abs(p - t) for p in c]


def least_confident(c) -> list[float]:
    return [1 - max(p, 1 - p) for p in c]


def margin(c) -> list[float]:
    """Minus the difference of the likelier and the other label."""
    return [-(max(p, 1 - p) - min(p, 1 - p)) for p in c]


def _entropy(p: float) -> float:
    return -sum(q * np.log(q) for q in (p, 1 - p) if q > 0)


def bald(members) -> float:
    return _entropy(sum(members) / len(members)) - sum(_entropy(p) for p in members) / len(members)


def vote_entropy(members) -> float:
    return _entropy(sum(p >= 0.5 for p in members) / len(members))


def divergence_from_mean(members) -> float:
    """Mean Kullback-Leibler divergence of the members' labels from their mean."""
    mean = sum(members) / len(members)
    pairs = [(q, r) for p in members for q, r in ((p, mean), (1 - p, 1 - mean)) if q > 0]
    return sum(q * np.log(q / r) for q, r in pairs) / len(members)


def distances(rows) -> np.ndarray:
    return np.array([[np.linalg.norm(np.subtract(a, b)) for b in rows] for a in rows]).reshape(len(rows), len(rows))


def position_distances(centres, micrograph, reach: float) -> np.ndarray:
    table = np.minimum(distances(centres), reach)
    for i, m in enumerate(micrograph):
        table[i, [k != m for k in micrograph]] = reach
    return table


def farthest_point_gains(table, n_known: int, chosen, weights, strength: float, unknown: float):
    """At each step: weight * distance ** strength of who was chosen, and the largest of all that were left."""
    taken = list(range(n_known))
    left = set(range(n_known, len(table)))
    for i in chosen:
        gain = {j: weights[j - n_known] * min((table[j, k] for k in taken), default=unknown) ** strength for j in left}
        yield gain[i], max(gain.values())
        taken.append(i)
        left.remove(i)


def best_value_per_cost(weights, micrograph, opened, n: int, opening: float, most: int) -> float:
    """Every set of micrographs is tried."""
    closed = [m for m in range(len(opened)) if not opened[m]]
    best = 0.0
    for k in range(most + 1):
        for more in combinations(closed, k):
            there = [w for w, m in zip(weights, micrograph, strict=True) if opened[m] or m in more]
            if len(there) >= n:
                best = max(best, sum(sorted(there, reverse=True)[:n]) / (n + opening * k))
    return best


def inclusion_probabilities(sizes, n: int) -> list[float]:
    """Proportional to size; whoever would be above 1 is certain, and the rest share what is left, until none is."""
    certain: set[int] = set()
    while True:
        rest = sum(size for i, size in enumerate(sizes) if i not in certain)
        found = [1.0 if i in certain else (n - len(certain)) * size / rest for i, size in enumerate(sizes)]
        above = {i for i, p in enumerate(found) if p >= 1}
        if above == certain:
            return found
        certain = above


def f_beta_of(c, y, t: float, beta: float = 1.0) -> float:
    """From the counts."""
    tp = sum(1 for p, one in zip(c, y, strict=True) if p >= t and one)
    predictions, particles = sum(1 for p in c if p >= t), sum(y)
    below = beta**2 * particles + predictions
    return (1 + beta**2) * tp / below if below else 0.0


def mean_square_residual(p: float, predicted: bool, f: float, beta: float) -> float:
    """Of what one candidate adds to the error of F-beta, over its two labels; Sawade et al. (2010)."""
    a = 1 / (1 + beta**2)
    residual = {y: y * predicted - f * (a * predicted + (1 - a) * y) for y in (0, 1)}
    return p * residual[1] ** 2 + (1 - p) * residual[0] ** 2


def _softmax(scores, log_prior, beta):
    """gamma, and ln[sum_t p_t L_pt^beta] / beta of each pattern."""
    powered = beta * scores + log_prior
    total = np.logaddexp.reduce(powered, axis=1, keepdims=True)
    return np.exp(powered - total), total[:, 0] / beta


def fluence_step(x, signal, background, good, log_prior, fluence, beta):
    """One E step of Poisson patterns (N, M) of unequal fluence, and the fluences' own: `mixture/fluence.py`."""
    n, t = len(x), len(signal)
    b = np.zeros(signal.shape[1]) if background is None else background
    scores = np.zeros((n, t))
    share = np.zeros((n, t, x.shape[1]))
    for p in range(n):
        for r in range(t):
            means = fluence[p] * signal[r] + b
            scores[p, r] = (x[p] * np.log(means) - means)[good].sum()
            share[p, r] = x[p] * fluence[p] * signal[r] / means
    gamma, value = _softmax(scores, log_prior, beta)
    claimed = np.einsum("pr,pri->p", gamma, share[:, :, good])
    after = claimed / (gamma @ signal[:, good].sum(axis=1))
    after = after / after.mean()
    return {
        "log_likelihood": value.sum(), "planes": np.einsum("pr,pri->ri", gamma, share), "weights": gamma.sum(axis=0),
        "exposure": after @ gamma, "expected": (gamma * scores).sum(), "rest": after, "gamma": gamma,
    }  # fmt: skip


def gaussian_step(x, means, good, log_prior, sigma, beta):
    """One E step of dense patterns (N, M) under Gaussian noise, and sigma's own: `mixture/gaussian.py`."""
    squares = np.array([[((row - mean)[good] ** 2).sum() for mean in means] for row in x])
    scores = -squares / (2 * sigma**2) - good.sum() * np.log(sigma * np.sqrt(2 * np.pi))
    gamma, value = _softmax(scores, log_prior, beta)
    return {
        "log_likelihood": value.sum(), "planes": gamma.T @ x, "weights": gamma.sum(axis=0),
        "expected": (gamma * scores).sum(), "rest": np.sqrt([(gamma * squares).sum() / len(x) / good.sum()]),
        "gamma": gamma,
    }  # fmt: skip
