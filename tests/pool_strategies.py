"""Pools of every kind, for the tests of queries."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from motes import Circles
from motes.active import Pool
from motes.pickers import Detections

KINDS = ("spread", "equal", "tied", "extreme")


def pool_of(probability, *, seed: int = 0, n_micrographs: int = 3, radius: float = 5.0, **more) -> Pool:
    """Candidates at random places of micrographs of 200 x 200 pixels."""
    rng = np.random.default_rng(seed)
    c = np.asarray(probability)
    c = c if c.dtype.kind == "f" else c.astype(float)
    micrograph = np.sort(rng.integers(0, n_micrographs, len(c)))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(micrograph, minlength=n_micrographs))])
    circles = Circles(rng.uniform(0, 200, (len(c), 2)).astype(c.dtype), radius, c, indptr=indptr)
    names = tuple(f"m{k}" for k in range(n_micrographs))
    extras = {name: more.pop(name) for name in ("members", "appearance") if name in more}
    return Pool(Detections(circles, names, **extras), **more)


def probabilities(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    drawn = {
        "spread": rng.random(n),
        "equal": np.full(n, 0.5),
        "tied": rng.integers(0, 5, n) / 4,
        "extreme": rng.choice([0.0, 1.0, 1e-300, 1e-12, 0.5, 1 - 1e-12], n),
    }
    return drawn[kind]


@st.composite
def pools(draw, max_size: int = 25) -> Pool:
    """With members and appearance, so that any strategy can be asked; may be empty."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = draw(st.integers(0, max_size)), draw(st.integers(1, 4))
    c = probabilities(draw(st.sampled_from(KINDS)), n, rng).astype(draw(st.sampled_from([np.float32, np.float64])))
    return pool_of(
        c,
        seed=draw(st.integers(0, 99)),
        n_micrographs=m,
        members=rng.random((n, 3)),
        appearance=rng.normal(size=(n, 2)).astype(np.float32),
        opened=rng.random(m) < 0.5,
    )


def reordered(pool: Pool, rng: np.random.Generator) -> tuple[Pool, np.ndarray]:
    """The same pool with the candidates of each micrograph shuffled; `order[new] = old`."""
    parts = [
        rng.permutation(np.arange(a, b)) for a, b in zip(pool.circles.indptr[:-1], pool.circles.indptr[1:], strict=True)
    ]
    order = np.concatenate([np.zeros(0, np.int64), *parts])
    found = pool.detections
    tables = (None if table is None else table[order] for table in (found.appearance, found.members))
    return Pool(Detections(found.circles[order], found.micrographs, *tables), pool.opened), order
