"""Two runs compared case by case: what is slower by more than a margin, with intervals, and not more often by chance
than stated.

Let y be the log of a case's median time in a round, over that of a yardstick in the same round, which is copies for
what memory holds and reads for all else: a machine that is slower as a whole cancels. Rounds are processes of their
own; repetitions inside one are alike and count once. The difference d of the two runs' means of y has the variance s^2
and the degrees of freedom of Welch, and the hypothesis is not that nothing changed but that the change is within the
margin m:

    p = P(t > (|d| - m) / s) + P(t > (|d| + m) / s)

Runs that were taken in turns need no yardstick: y is the log of the median time itself, d the mean of its difference in
each pair of rounds, and t is Student's. Holm's procedure over all cases keeps the probability that any case within the
margin is called slower or faster below the level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p, sqrt
from statistics import mean, median, variance
from typing import Literal

from motes.bench.results import REFERENCE, Conditions, Run
from motes.checks import positive

Verdict = Literal["slower", "faster", "same", "unclear"]

MARGIN, LEVEL = 0.05, 0.05
LEAST_ROUNDS = 3
BUSY = 0.1  # of the processors' time, had by others: more is told


@dataclass(frozen=True)
class Change:
    """How a case's time changed.

    Attributes
    ----------
    case : str
        Its name.
    ratio : float
        Time after over time before, both over the yardstick's.
    low, high : float
        Interval of this ratio, for this case alone.
    p : float
        Probability of so large a change were it within the margin.
    verdict : {"slower", "faster", "same", "unclear"}
        The first two by Holm's procedure over all cases; `same` where the interval lies within the margin.
    """

    case: str
    ratio: float
    low: float
    high: float
    p: float
    verdict: Verdict

    def __str__(self) -> str:
        if self.verdict in ("same", "unclear"):
            word = "within the margin" if self.verdict == "same" else "unclear"
            return f"{self.case}: {word}, {_percent(self.ratio)}% [{_percent(self.low)}, {_percent(self.high)}]"
        ends = sorted((abs(self.low - 1), abs(self.high - 1)))
        return f"{self.case}: {self.verdict} by {abs(self.ratio - 1):.0%} [{100 * ends[0]:.0f}, {100 * ends[1]:.0f}]"


@dataclass(frozen=True)
class Comparison:
    """Two runs, case by case.

    Attributes
    ----------
    changes : tuple of Change
        In the order of the suite.
    left_out : dict of str to str
        Cases that could not be compared, and why.
    machine : dict of str to float
        By yardstick: its time after over its time before.
    notes : tuple of str
        What differs between the runs beside motes, and whether the machine was busy.
    in_turns : bool
        Whether rounds were compared in pairs.
    margin, level : float
        Changes up to this are not looked for; probability of a false alarm, of all cases together.
    """

    changes: tuple[Change, ...]
    left_out: dict[str, str]
    machine: dict[str, float]
    notes: tuple[str, ...]
    in_turns: bool
    margin: float
    level: float

    @property
    def slower(self) -> list[Change]:
        """Significantly, by more than the margin."""
        return [change for change in self.changes if change.verdict == "slower"]

    @property
    def faster(self) -> list[Change]:
        """Significantly, by more than the margin."""
        return [change for change in self.changes if change.verdict == "faster"]

    def __repr__(self) -> str:
        n = len(self.changes)
        return f"Comparison({n} cases: {len(self.slower)} slower, {len(self.faster)} faster)"


def compare(
    before: Run, after: Run, *, in_turns: bool = False, margin: float = MARGIN, level: float = LEVEL
) -> Comparison:
    """Say what is significantly slower or faster than it was.

    Parameters
    ----------
    before, after : Run
        Of the same machine, threads and size; of at least 3 rounds each.
    in_turns : bool
        Whether their rounds were taken in turns (`run_beside`), and are pairs.
    margin : float
        Changes up to this share are not looked for: 0.05 is five percent. It also stands for what differs from one
        run to the next and is no round's own, which no number of rounds shows.
    level : float
        Probability that any case whose change is within the margin is called slower or faster; intervals hold with
        one minus this probability, each for itself.

    Returns
    -------
    Comparison
        With intervals, and what could not be compared.

    Raises
    ------
    ValueError
        If the runs are of other machines, threads or sizes, or have no case in common.

    Examples
    --------
    >>> from motes.bench.bounds import Bound
    >>> from motes.bench.results import Round
    >>> def taken(*seconds):
    ...     rounds = [Round({"sweep": [one]}, {"reads": [1.0]}) for one in seconds]
    ...     work = {"sweep": Bound("as many patterns", {"reads": 1.0})}
    ...     return Run(Conditions("1.0", {}, 1, False), work, {"reads": 1.0}, rounds)
    >>> print(compare(taken(1.00, 1.02, 1.01, 1.01), taken(1.20, 1.22, 1.21, 1.23)).slower[0])
    sweep: slower by 20% [18, 22]
    """
    margin, level = positive("margin", margin), positive("level", level)
    if level >= 1:
        raise ValueError(f"level: expected less than 1, got {level:g}")
    notes = check_comparable(before.conditions, after.conditions)
    for run, when in ((before, "before"), (after, "now")):
        if run.interrupted:
            notes.append(f"{when} was interrupted, after {len(run.rounds)} round{'s' * (len(run.rounds) != 1)}")
    left_out, found = {}, {}
    for case in dict.fromkeys((*before.bounds, *after.bounds)):
        pairs = _in_pairs(case, before, after) if in_turns else []
        reason = _obstacle(case, before, after)
        if not reason and in_turns and len(pairs) < LEAST_ROUNDS:
            reason = f"{len(pairs)} pairs of rounds, {LEAST_ROUNDS} are needed"
        if reason:
            left_out[case] = reason
        elif in_turns:
            found[case] = mean(pairs), sqrt(variance(pairs) / len(pairs)), float(len(pairs) - 1)
        else:
            beside = "memory" if before.held_by(case)[0] == "memory" else REFERENCE
            found[case] = difference(before.relative(case, beside), after.relative(case, beside))
    if not found:
        told = "; ".join(f"{case}: {reason}" for case, reason in list(left_out.items())[:2]) or "no case"
        raise ValueError(f"before: nothing in common that could be compared ({told})")
    p = {case: p_value(*values, log1p(margin)) for case, values in found.items()}
    called = holm(list(p.values()), level)
    if not in_turns and max(before.others, after.others) > BUSY:
        others = f"others had {before.others:.0%} of the processors before, {after.others:.0%} now"
        notes.append(f"{others}: what is called slower or faster may be their doing")
    changes = tuple(
        _change(case, found[case], p[case], significant, margin, level)
        for (case, significant) in zip(found, called, strict=True)
    )
    return Comparison(changes, left_out, _machine(before, after), tuple(notes), in_turns, margin, level)


def check_comparable(before: Conditions, after: Conditions) -> list[str]:
    """What differs beside motes, in words; where times can not be compared at all, a ValueError says why."""
    if before.quick != after.quick:
        cure = "add --quick" if before.quick else "leave out --quick"
        raise ValueError(f"before: taken of {_size(before)}; this is of {_size(after)}: {cure}")
    for what, one, other in (
        ("processor", before.machine.get("processor"), after.machine.get("processor")),
        ("processor's cores", before.machine.get("cores"), after.machine.get("cores")),
        ("number of threads", before.threads, after.threads),
    ):
        if one != other:
            raise ValueError(f"before: taken with another {what}, {one}; this is {other}")
    told = ("instruction_set", "compiler", "blas", "python", "system")
    notes = [
        f"another {name.replace('_', ' ')}: {before.machine.get(name)} before, {after.machine.get(name)} now"
        for name in told
        if before.machine.get(name) != after.machine.get(name)
    ]
    return notes


def difference(before: Sequence[float], after: Sequence[float]) -> tuple[float, float, float]:
    """Mean of the second less that of the first, its standard error, and Welch's degrees of freedom.

    Examples
    --------
    >>> d, s, df = difference([0.0, 0.2, 0.1], [1.0, 1.2, 1.1])
    >>> round(d, 6), round(s, 6), round(df, 6)
    (1.0, 0.08165, 4.0)
    """
    parts = [(variance(side) / len(side), len(side)) for side in (before, after)]
    total = sum(part for part, _ in parts)
    d = mean(after) - mean(before)
    if total == 0:
        return d, 0.0, float(sum(n - 1 for _, n in parts))
    return d, sqrt(total), total**2 / sum(part**2 / (n - 1) for part, n in parts)


def p_value(d: float, std_error: float, df: float, margin: float) -> float:
    """Of a difference at least as large, were the true one at the margin.

    Examples
    --------
    >>> p_value(0.0, 0.1, 8.0, 0.05) > 0.5, p_value(0.5, 0.1, 8.0, 0.05) < 0.01
    (True, True)
    """
    from scipy.special import stdtr

    if std_error == 0:
        return 0.0 if abs(d) > margin else 1.0
    return min(1.0, float(stdtr(df, -(abs(d) - margin) / std_error) + stdtr(df, -(abs(d) + margin) / std_error)))


def holm(p: Sequence[float], level: float) -> list[bool]:
    """Which hypotheses fall: the k-th least of n values is held against level / (n - k), until one does not fall.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.02], 0.05)
    [True, True, True]
    >>> holm([0.01, 0.04, 0.03], 0.05)
    [True, False, False]
    """
    fall = [False] * len(p)
    for k, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[i] > level / (len(p) - k):
            break
        fall[i] = True
    return fall


def _change(
    case: str, found: tuple[float, float, float], p: float, significant: bool, margin: float, level: float
) -> Change:
    from scipy.special import stdtrit

    d, std_error, df = found
    reach = float(stdtrit(df, 1 - level / 2)) * std_error
    low, high = exp(d - reach), exp(d + reach)
    verdict: Verdict = "unclear"
    if significant:
        verdict = "slower" if d > 0 else "faster"
    elif 1 / (1 + margin) <= low and high <= 1 + margin:
        verdict = "same"
    return Change(case, exp(d), low, high, p, verdict)


def _obstacle(case: str, before: Run, after: Run) -> str:
    """Why a case can not be compared; empty if it can."""
    for run, when in ((before, "before"), (after, "now")):
        n = len(run.seconds(case)) if case in run.bounds else 0
        if n < LEAST_ROUNDS:
            return f"{n} rounds {when}, {LEAST_ROUNDS} are needed" if n else f"not measured {when}"
    if before.bounds[case] != after.bounds[case]:
        return f"other work: {before.bounds[case].work} before, {after.bounds[case].work} now"
    return ""


def _in_pairs(case: str, before: Run, after: Run) -> list[float]:
    """Log of the case's median time after over before, in each pair of rounds."""
    return [
        log(median(now.cases[case]) / median(then.cases[case]))
        for then, now in zip(before.rounds, after.rounds, strict=False)
        if case in then.cases and case in now.cases
    ]


def _machine(before: Run, after: Run) -> dict[str, float]:
    rates = before.rates(), after.rates()
    return {name: rates[0][name] / rates[1][name] for name in rates[0] if name in rates[1]}


def _size(conditions: Conditions) -> str:
    return "a tenth" if conditions.quick else "the whole work"


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.0f}"
