"""Where two half reconstructions stop to agree, beside where the whole stops to agree with the truth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

import motes
from benchmarks.results import save
from motes.maps import TemplateMap
from motes.quotient import nearest_turn
from motes.reconstruction.halves import correlate
from motes.resolution import resolution_at
from motes.rotations import rotations_of
from motes.simulate.photons import draw

SIDE, BLUR = 33, 1.6  # pixels; without a blur the last ring would still correlate
CASES = (
    ("in-plane:24", 150.0, 4800),
    ("in-plane:24", 150.0, 1200),
    ("in-plane:24", 150.0, 600),
    ("in-plane:24", 60.0, 2400),
    ("C4", 60.0, 1200),
    ("C4", 30.0, 1200),
    ("C4", 30.0, 600),
)
SEEDS = 5


def patterns_of(truth: npt.NDArray[np.float64], turns: TemplateMap, n: int, seed: int) -> motes.Patterns:
    """Poisson patterns at the templates of a map."""
    rng = np.random.default_rng(seed)
    means = turns.expand(truth).reshape(turns.n, -1)
    keys, counts = draw(means, rng.integers(0, turns.n, n), "poisson", rng)
    rows, cols = np.divmod(keys, means.shape[1])
    return motes.Patterns.from_coo(rows, cols, counts=counts, shape=truth.shape, n_patterns=n)


def one(rotations: str, photons: float, n: int, seed: int) -> dict[str, float]:
    """Resolutions in pixels, with what the halves know of theirs."""
    turns = rotations_of(rotations)
    truth = motes.simulate.scaled(gaussian_filter(motes.simulate.portrait(SIDE), BLUR), photons)
    patterns = patterns_of(truth, turns, n, seed)
    (found,) = motes.reconstruct_halves(patterns, turns, "poisson", seed=seed).resolution("0.143")
    whole = motes.reconstruct(patterns, turns, "poisson", seed=seed)
    beside = nearest_turn(truth, whole.master, turns).master
    known = resolution_at(correlate(whole.master, beside, turns), "0.5")
    return {"halves": found.value, "low": found.low, "high": found.high, "truth": known.value}


def main() -> None:
    """All cases."""
    rows = []
    for rotations, photons, n in CASES:
        found = [one(rotations, photons, n, seed) for seed in range(SEEDS)]
        ratios = [each["halves"] / each["truth"] for each in found]
        rows.append(
            {
                "rotations": rotations,
                "photons": photons,
                "n_patterns": n,
                "halves": float(np.median([each["halves"] for each in found])),
                "truth": float(np.median([each["truth"] for each in found])),
                "worst_ratio": max(ratios, key=lambda ratio: abs(np.log(ratio))),
                "within_band": sum(each["low"] <= each["truth"] <= each["high"] for each in found),
                "seeds": SEEDS,
            }
        )
        print(rows[-1], flush=True)
    save("halves", rows)


if __name__ == "__main__":
    main()
