"""What is called slower, and how often by chance."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from motes import bench
from motes.bench.compare import difference, holm, p_value
from timed_runs import MACHINE, made_up, simulated

CASES = [f"case {k}" for k in range(12)]
EQUAL = dict.fromkeys(CASES, 1.0)
MARGIN, LEVEL = 0.05, 0.05


def alarms(found):
    return found.slower + found.faster


def test_the_difference_is_welchs():
    rng = np.random.default_rng(0)
    before, after = rng.normal(0, 1, 6), rng.normal(0.5, 3, 9)
    d, s, df = difference(list(before), list(after))
    expected = stats.ttest_ind(after, before, equal_var=False)
    assert d / s == pytest.approx(expected.statistic)
    assert df == pytest.approx(expected.df)
    assert p_value(d, s, df, 0.0) == pytest.approx(expected.pvalue)


def test_holm_is_its_definition():
    rng = np.random.default_rng(1)
    for _ in range(100):
        p = rng.random(7) ** 3
        adjusted = np.maximum.accumulate(np.sort(p) * np.arange(7, 0, -1))
        expected = np.empty(7, bool)
        expected[np.argsort(p)] = adjusted <= 0.05
        assert holm(list(p), 0.05) == list(expected)


def family_alarms(n, factor, rounds=8):
    """Share of comparisons with any alarm where every case changed by this factor."""
    rng = np.random.default_rng(2)
    after = dict.fromkeys(CASES, factor)
    found = [
        bench.compare(simulated(rng, rounds, EQUAL), simulated(rng, rounds, after), margin=MARGIN, level=LEVEL)
        for _ in range(n)
    ]
    return float(np.mean([bool(alarms(one)) for one in found]))


@pytest.mark.parametrize("factor", [1.0, 1 + MARGIN, 1 / (1 + MARGIN)])
def test_false_alarms_are_as_rare_as_stated(factor):
    n = 200
    assert family_alarms(n, factor) <= LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / n)


def test_alarms_are_not_rarer_than_needed():
    """Of one case at the margin itself, the level is used up."""
    rng = np.random.default_rng(3)
    pairs = ((simulated(rng, 8, {"a": 1.0}), simulated(rng, 8, {"a": 1 + MARGIN})) for _ in range(400))
    share = np.mean([bool(alarms(bench.compare(*pair, margin=MARGIN, level=LEVEL))) for pair in pairs])
    assert 0.01 < share <= LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / 400)


def test_a_slowdown_of_a_fifth_is_found_and_nothing_else():
    rng = np.random.default_rng(4)
    found = [bench.compare(simulated(rng, 8, EQUAL), simulated(rng, 8, EQUAL | {"case 7": 1.2})) for _ in range(60)]
    names = [[change.case for change in alarms(one)] for one in found]
    assert np.mean([one == ["case 7"] for one in names]) > 0.9
    slower = [change for one in found for change in one.slower if change.case == "case 7"]
    assert np.mean([change.low < 1.2 < change.high for change in slower]) > 0.88
    assert abs(np.mean([change.ratio for change in slower]) - 1.2) < 0.01


def test_a_faster_case_is_told_as_such():
    rng = np.random.default_rng(5)
    (change,) = bench.compare(simulated(rng, 10, {"a": 1.0}), simulated(rng, 10, {"a": 0.5})).changes
    assert change.verdict == "faster"
    assert re.fullmatch(r"a: faster by 5\d% \[4\d, 5\d\]|a: faster by 49% \[4\d, 5\d\]", str(change))


def test_repetitions_are_no_rounds():
    """Were each repetition counted, chance would alarm in most comparisons: what rounds are for."""
    rng = np.random.default_rng(6)
    n_alarms = 0
    for _ in range(40):
        sides = [simulated(rng, 3, EQUAL, n_repeats=20, case_spread=0.06) for _ in range(2)]
        counted = [
            {case: [np.log(t) for each in side.rounds for t in each.cases[case]] for case in CASES} for side in sides
        ]
        p = [p_value(*difference(counted[0][case], counted[1][case]), np.log1p(MARGIN)) for case in CASES]
        n_alarms += any(holm(p, LEVEL))
    assert n_alarms > 30


def test_a_slower_clock_cancels():
    before = made_up([{"a": [0.1 + 0.001 * k]} for k in range(4)])
    after = made_up([{"a": [0.2 + 0.002 * k]} for k in range(4)])
    for each in after.rounds:
        each.yardsticks["reads"] = [2e-3]
    found = bench.compare(before, after)
    assert found.changes[0].ratio == pytest.approx(1)
    assert found.changes[0].verdict == "same"
    assert found.machine == {"reads": pytest.approx(2), "memory": pytest.approx(1)}
    assert repr(found) == "Comparison(1 cases: 0 slower, 0 faster)"


def rounds_of(*names, n=4):
    return [{name: [0.1 + 0.001 * k] for name in names} for k in range(n)]


def test_what_can_not_be_compared_is_named():
    before = made_up(rounds_of("a", "b", "c", "d"))
    after = made_up([*rounds_of("a", "b", "d", "e"), *rounds_of("a", "b", n=2)])
    after.bounds["b"] = replace(after.bounds["b"], work="twice the work")
    after.rounds[0].cases.pop("d")
    after.rounds[1].cases.pop("d")
    found = bench.compare(before, after)
    assert [change.case for change in found.changes] == ["a"]
    assert found.left_out == {
        "b": "other work: work of b before, twice the work now",
        "c": "not measured now",
        "d": "2 rounds now, 3 are needed",
        "e": "not measured before",
    }


def test_nothing_in_common_is_refused():
    with pytest.raises(
        ValueError, match=r"before: nothing in common .* \(a: not measured now; b: not measured before\)"
    ):
        bench.compare(made_up(rounds_of("a")), made_up(rounds_of("b")))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"threads": 4}, "before: taken with another number of threads, 4; this is 2"),
        ({"quick": True}, "before: taken of a tenth; this is of the whole work: add --quick"),
        ({"machine": MACHINE | {"processor": "another"}}, "another processor, another; this is a processor"),
        ({"machine": MACHINE | {"cores": 64}}, "another processor's cores, 64; this is 2"),
    ],
)
def test_other_conditions_are_refused(changed, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        bench.compare(made_up(rounds_of("a"), **changed), made_up(rounds_of("a")))


def test_other_libraries_are_told():
    other = made_up(rounds_of("a"), machine=MACHINE | {"blas": "mkl 2025"})
    assert bench.compare(other, made_up(rounds_of("a"))).notes == ("another blas: mkl 2025 before, openblas 0.3 now",)


def test_a_busy_machine_is_told():
    quiet, busy = made_up(rounds_of("a")), made_up(rounds_of("a"), own_share=0.6)
    assert bench.compare(quiet, quiet).notes == ()
    (note,) = bench.compare(quiet, busy).notes
    assert note.startswith("others had 0% of the processors before, 40% now: ")
    (note,) = bench.compare(busy, quiet).notes
    assert note.startswith("others had 40% of the processors before, 0% now: ")
    assert bench.compare(busy, busy, in_turns=True).notes == ()  # pairs share it


def in_turns(rng, n_rounds, factor, spread):
    """Two runs on a machine whose mood, shared by a pair of rounds, no yardstick sees."""
    moods = np.exp(rng.normal(0, spread, n_rounds))
    return [
        made_up([{"a": [0.1 * f * mood * float(np.exp(rng.normal(0, 0.01)))]} for mood in moods]) for f in (1.0, factor)
    ]


def test_pairs_see_through_moods_that_no_yardstick_sees():
    rng = np.random.default_rng(7)
    pairs = [in_turns(rng, 8, 1.2, 0.4) for _ in range(30)]
    assert all(bench.compare(*pair, in_turns=True).changes[0].verdict == "slower" for pair in pairs)
    assert sum(bool(bench.compare(*pair).slower) for pair in pairs) < 10


@pytest.mark.parametrize("factor", [1.0, 1 + MARGIN, 1 / (1 + MARGIN)])
def test_false_alarms_of_pairs_are_as_rare_as_stated(factor):
    rng = np.random.default_rng(8)
    found = [bench.compare(*in_turns(rng, 6, factor, 0.4), in_turns=True) for _ in range(300)]
    assert np.mean([bool(alarms(one)) for one in found]) <= LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / 300)


def test_rounds_without_a_partner_are_no_pairs():
    before, after = made_up(rounds_of("a", n=5)), made_up(rounds_of("a", "b", n=5))
    for lone, k in ((before, 0), (after, 1), (after, 2)):
        lone.rounds[k].cases.pop("a")
    before.rounds[0].cases["b"] = [0.1]
    with pytest.raises(ValueError, match="2 pairs of rounds, 3 are needed"):
        bench.compare(before, after, in_turns=True)


@pytest.mark.parametrize("wrong", [{"margin": 0.0}, {"margin": -1}, {"level": 0.0}, {"level": 1.5}, {"level": True}])
def test_margin_and_level_are_checked(wrong):
    run = made_up(rounds_of("a"))
    with pytest.raises((ValueError, TypeError), match=next(iter(wrong))):
        bench.compare(run, run, **wrong)
