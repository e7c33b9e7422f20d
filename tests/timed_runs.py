"""Runs of made-up times, and what a benchmark looks like whose truth is known."""

from __future__ import annotations

import numpy as np

from motes.bench.bounds import Bound
from motes.bench.results import Conditions, Round, Run

MACHINE = {"processor": "a processor", "cores": 2, "instruction_set": "v3", "blas": "openblas 0.3"}


def conditions(**changed):
    told = {"version": "1.0", "machine": MACHINE, "threads": 2, "quick": False}
    return Conditions(**(told | changed))


def made_up(rounds, *, own_share=1.0, **changed):
    """A run of cases with these times: one dict a round, of case to seconds."""
    cases = dict.fromkeys(case for each in rounds for case in each)
    bounds = {case: Bound(f"work of {case}", {"reads": 1e6}) for case in cases}
    return Run(
        conditions(**changed),
        bounds,
        {"reads": 1e6, "memory": 1e8},
        [Round(each, {"reads": [1e-3], "memory": [1e-2]}, [own_share]) for each in rounds],
    )


def simulated(rng, n_rounds, factors, *, n_repeats=5, case_spread=0.02, state_spread=0.1):
    """A run of a machine with moods: each round has a clock of its own, which times and yardsticks share; each case has
    a luck of its own in each round, which all of its repetitions share; a repetition is now and then held up.
    """
    mood = rng.normal(0, state_spread)
    rounds = []
    for _ in range(n_rounds):
        clock = np.exp(mood + rng.normal(0, state_spread))

        def times(n, luck=0.0, clock=clock):
            held_up = rng.exponential(0.2, n) * (rng.random(n) < 0.1)
            return [float(t) for t in 1e-3 * clock * np.exp(luck + rng.normal(0, 0.003, n)) * (1 + held_up)]

        cases = {
            name: [factor * t for t in times(n_repeats, rng.normal(0, case_spread))] for name, factor in factors.items()
        }
        rounds.append(Round(cases, {"reads": times(11), "memory": times(11)}))
    bounds = {name: Bound("work", {"reads": 1e6}) for name in factors}
    return Run(conditions(), bounds, {"reads": 1e6, "memory": 1e8}, rounds)
