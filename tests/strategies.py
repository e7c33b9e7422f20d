"""What hypothesis draws: small containers whose counts are known apart from them, and tables of weights for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from motes import Patterns

SMALL = [(1, 1), (1, 5), (3, 3), (4, 4), (5, 7)]
WIDE = (257, 256)  # beyond 65,536 pixels: uint32
INTEGERS = [np.dtype(kind + size) for kind in "iu" for size in "1248"]
MOST_PHOTONS = 200  # lit pixels a pattern


@dataclass(frozen=True)
class Case:
    """Patterns, and what they hold."""

    patterns: Patterns
    counts: np.ndarray  # (N, M)

    @property
    def n_pixels(self) -> int:
        return self.counts.shape[1]


def case_of(counts, shape) -> Case:
    """Patterns built through COO entries, of counts that stay at hand."""
    counts = np.asarray(counts, np.int64)
    rows, cols = np.nonzero(counts)
    patterns = Patterns.from_coo(rows, cols, shape=shape, n_patterns=len(counts), counts=counts[rows, cols])
    return Case(patterns, counts)


def random_case(rng: np.random.Generator, n_patterns: int, shape, *, density: float = 0.2, max_count: int = 1) -> Case:
    n_pixels = shape[0] * shape[1]
    density = min(density, MOST_PHOTONS / max(n_pixels, 1))
    counts = (rng.random((n_patterns, n_pixels)) < density) * rng.integers(1, max_count + 1, (n_patterns, n_pixels))
    return case_of(counts, shape)


@st.composite
def cases(draw, shapes=(*SMALL, WIDE), max_patterns: int = 40, max_count: int = 4) -> Case:
    """Patterns of all densities, empty ones and none at all, counts, and slices of a longer container."""
    shape = draw(st.sampled_from(shapes))
    n_patterns = draw(st.integers(0, 6 if shape == WIDE else max_patterns))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0.0, 0.02, 0.2, 0.7, 1.0]))
    most = draw(st.sampled_from([1, 2, max_count, 1000]))
    case = random_case(rng, n_patterns, shape, density=density, max_count=most)
    start = draw(st.integers(0, n_patterns))
    return Case(case.patterns[start:], case.counts[start:]) if draw(st.booleans()) else case


@dataclass(frozen=True)
class Table:
    """Weights (M, R) and bases (R,) of one dtype."""

    weights: np.ndarray
    base: np.ndarray


def random_table(
    rng: np.random.Generator, n_pixels: int, n_templates: int, dtype, *, impossible: float = 0.0, spread: float = 3.0
) -> Table:
    weights = rng.normal(-1.0, spread, (n_pixels, n_templates)).astype(dtype)
    base = rng.normal(0.0, spread, n_templates).astype(dtype)
    weights[rng.random(weights.shape) < impossible] = -np.inf
    base[rng.random(base.shape) < impossible] = -np.inf
    return Table(weights, base)


TEMPLATES = (1, 2, 3, 4, 5, 8, 22, 31, 32, 33, 64, 1000)


@st.composite
def scored_cases(draw, dtypes=(np.float32, np.float64), *, max_impossible: float = 0.3) -> tuple[Case, Table]:
    """Patterns with a table that fits them."""
    case = draw(cases())
    n_templates = draw(st.sampled_from(TEMPLATES if case.n_pixels < 1000 else (1, 3, 4, 9)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    impossible = draw(st.sampled_from([0.0, max_impossible])) if max_impossible else 0.0
    table = random_table(rng, case.n_pixels, n_templates, draw(st.sampled_from(dtypes)), impossible=impossible)
    return case, table


@dataclass(frozen=True)
class Entries:
    """One (pattern, pixel) for each photon, or several with counts."""

    arrays: tuple[np.ndarray, np.ndarray, np.ndarray | None]  # rows, columns, counts
    extents: dict[str, int]  # n_patterns, n_pixels


@st.composite
def coo_entries(draw) -> Entries:
    """Of any integer types, in order or not, with repeats and zeros."""
    shape = draw(st.sampled_from([*SMALL, WIDE]))
    n_patterns, n_pixels = draw(st.integers(1, 100)), shape[0] * shape[1]
    n_entries = draw(st.integers(0, 400))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    row_type, col_type, count_type = (draw(st.sampled_from(INTEGERS)) for _ in range(3))
    rows = rng.integers(0, min(n_patterns, np.iinfo(row_type).max + 1), n_entries).astype(row_type)
    cols = rng.integers(0, min(n_pixels, np.iinfo(col_type).max + 1), n_entries).astype(col_type)
    if draw(st.booleans()):
        order = np.lexsort((cols, rows))
        rows, cols = rows[order], cols[order]
    counts = rng.integers(0, 4, n_entries).astype(count_type) if draw(st.booleans()) else None
    return Entries((rows, cols, counts), {"n_patterns": n_patterns, "n_pixels": n_pixels})
