"""How often patterns held out support as many classes as there are: `python -m benchmarks.held_out_study [case ...]`.

Two pictures at contrast 0.5, turned, and a class that is nothing but background, which has as many photons: 40%, 40%
and 20% of the patterns, 25x25 pixels, Poisson. Half of them is fitted with one to four classes that rotate, beside one
that does not (`still`) or none, the best of three starts each, and the other half is scored. What is supported depends
on how many patterns there are: masters of half of them carry noise of their own, and a class that wins less than its
noise costs is not supported.

    numbers      which number of classes that rotate is supported
    background   whether two pictures with the class that does not rotate are supported against two without

Writes `results/held_out.json`, a case anew and the others kept; `--smoke` runs each once, small, and writes nothing.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

import numpy as np

import motes
from benchmarks.mixture_study import within_disc
from benchmarks.results import load, save
from motes import Patterns, simulate
from motes.maps import TemplateMap
from motes.rotations import Rotations, rotations_of
from motes.simulate.photons import draw

NAME = "held_out"
SIDE, CONTRAST, SHARES = 25, 0.5, (0.4, 0.4, 0.2)
CLASSES = (1, 2, 3, 4)
SEEDS = 10
CASES = (  # rotations, photons a pattern, patterns, classes that do not rotate, pictures
    ("C4", 60.0, 1_500, 1, 2),
    ("C4", 60.0, 3_000, 1, 2),
    ("C4", 60.0, 6_000, 1, 2),
    ("C4", 60.0, 6_000, 1, 1),
    ("C4", 60.0, 6_000, 0, 2),
    ("C4", 60.0, 24_000, 0, 2),
    ("C4", 200.0, 1_500, 1, 2),
    ("in-plane:12", 100.0, 4_000, 1, 2),
)


def patterns_of(turns: TemplateMap, photons: float, n: int, pictures: int, seed: int) -> Patterns:
    """Patterns of one picture or both, and of nothing but background."""
    rng = np.random.default_rng(seed)
    inside = Rotations.in_plane(4).support((SIDE, SIDE))
    masters = [
        within_disc(picture, photons, CONTRAST)
        for picture in (simulate.portrait(SIDE), simulate.creature(SIDE, seed=1))[:pictures]
    ]
    flat = photons * inside / inside.sum()
    means = np.concatenate([*(turns.expand(master) for master in masters), flat[None]])
    shares = np.array([*(SHARES[:2] if pictures == 2 else (SHARES[0] + SHARES[1],)), SHARES[2]])
    kinds = rng.choice(pictures + 1, n, p=shares)
    which = kinds * turns.n + np.where(kinds == pictures, 0, rng.integers(0, turns.n, n))
    keys, counts = draw(means.reshape(len(means), -1), which, "poisson", rng)
    rows, cols = np.divmod(keys, SIDE * SIDE)
    return Patterns.from_coo(rows, cols, counts=counts, shape=(SIDE, SIDE), n_patterns=n)


def case(rotations: str, photons: float, n: int, still: int, pictures: int, seeds: int) -> dict[str, Any]:
    """How often each number was supported, and what the others lose."""
    turns = rotations_of(rotations)
    found = [
        motes.held_out(
            patterns_of(turns, photons, n, pictures, seed), turns, "poisson", classes=CLASSES, still_classes=still,
            restarts=3, seed=seed, tolerance=1e-5,
        )
        for seed in range(seeds)
    ]  # fmt: skip
    lost = np.array([each.log_likelihood.max() - each.log_likelihood for each in found])
    return {
        "rotations": rotations, "photons": photons, "patterns": n, "still": still, "pictures": pictures,
        "seeds": seeds, "supported": {str(k): times for k, times in sorted(Counter(one.best for one in found).items())},
        "less_than_best": dict(zip(map(str, CLASSES), lost.mean(axis=0).tolist(), strict=True)),
        "std_error": dict(
            zip(map(str, CLASSES), np.mean([each.std_error for each in found], axis=0).tolist(), strict=True)
        ),
    }  # fmt: skip


def numbers(cases: tuple[tuple[str, float, int, int, int], ...] = CASES, seeds: int = SEEDS) -> list[dict[str, Any]]:
    """All cases."""
    return [case(*asked, seeds=seeds) for asked in cases]


def background(sizes: tuple[int, ...] = (1_500, 3_000, 6_000, 24_000), seeds: int = SEEDS) -> list[dict[str, Any]]:
    """What the class of nothing but background wins, nats a pattern, beside two that rotate; C4, 60 photons."""
    turns = rotations_of("C4")
    rows = []
    for n in sizes:
        wins = []
        for seed in range(seeds):
            patterns = patterns_of(turns, 60.0, n, 2, seed)
            without, beside = (
                motes.held_out(
                    patterns, turns, "poisson", classes=(2,), still_classes=still, restarts=3, seed=seed, tolerance=1e-5
                ).log_likelihood[0]
                for still in (0, 1)
            )
            wins.append(float(beside - without))
        rows.append(
            {"patterns": n, "seeds": seeds, "supported": int(np.sum(np.array(wins) > 0)),
             "won": float(np.mean(wins)), "least": min(wins), "most": max(wins)}
        )  # fmt: skip
    return rows


STUDIES = {"numbers": numbers, "background": background}
SMOKE: dict[str, dict[str, Any]] = {
    "numbers": {"cases": CASES[:1], "seeds": 1},
    "background": {"sizes": (400,), "seeds": 1},
}


def main() -> None:
    """Run the cases that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="case", help=", ".join(STUDIES))
    parser.add_argument("--smoke", action="store_true")
    asked = parser.parse_args()
    figures = {} if (before := load(NAME)) is None else before["figures"]
    for name in asked.cases or STUDIES:
        figures[name] = STUDIES[name](**SMOKE[name]) if asked.smoke else STUDIES[name]()
        print(name, figures[name], flush=True)
        if not asked.smoke:
            save(NAME, figures)


if __name__ == "__main__":
    main()
