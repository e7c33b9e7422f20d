"""Who answers: is there a particle at this place, and where is its centre?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.checks import one_of, whole
from motes.circles import Circles, Indices
from motes.kernels.matching import near_pairs
from motes.picking.correction import correct
from motes.picking.tables import on_micrographs
from motes.picks import Picks, read_picks

Rule: TypeAlias = Literal["optimal", "best", "first"]
FloatArray: TypeAlias = npt.NDArray[np.float64]

OVERLAP = 0.3  # IoU with a particle above which a place must not teach a picker that it is background


class Answer(IntEnum):
    """What an oracle says about one place."""

    NOTHING = 0
    """It holds no particle."""
    PARTICLE = 1
    """It holds a particle, which gets a label."""
    DUPLICATE = 2
    """It holds a particle that has its label already, or gets it from another question: neither label nor negative."""
    OFF_CENTRE = 3
    """It overlaps a particle by more than `OVERLAP`, but not enough to be about it: neither label nor negative."""
    UNANSWERED = 4
    """The oracle does not know: neither label nor negative."""

    @property
    def word(self) -> str:
        """As the log has it."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, eq=False)
class Answers:
    """What an oracle says about N places.

    Attributes
    ----------
    answer : (N,) int8 array
        Of `Answer`.
    position : (N, 2) float64 array, pixels
        Where the label belongs: the particle's own position, not the question's; NaN where there is none.
    radius : (N,) float64 array, pixels
        The label's; NaN where there is none.
    particle : (N,) int64 array
        Which particle got a label; -1: none, or one that is there for the oracle alone.
    """

    answer: npt.NDArray[np.int8]
    position: FloatArray
    radius: FloatArray
    particle: Indices

    @property
    def confirmed(self) -> npt.NDArray[np.bool_]:
        """(N,): the question gained a label."""
        return np.asarray(self.answer == Answer.PARTICLE)

    def __len__(self) -> int:
        return len(self.answer)

    def __repr__(self) -> str:
        counts = np.bincount(self.answer, minlength=len(Answer))
        told = ", ".join(f"{counts[kind]} {kind.word}" for kind in Answer if counts[kind])
        return f"<Answers: {told or 'none'}>"


class Oracle(Protocol):
    """Answers questions about places; the same question always gets the same answer."""

    @property
    def n_micrographs(self) -> int:
        """Number of micrographs that it knows."""
        ...

    def examples(self, n: int, seed: int) -> tuple[Circles, Indices]:
        """What was labelled before the first question: n particles by lot, their circles and numbers, ascending."""
        ...

    def answer(self, questions: Circles, labelled: Indices | None = None) -> Answers:
        """Answer a batch of questions, knowing which particles have their label already.

        Of several questions about one particle the first on its micrograph counts, save where the rule is one-to-one.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Plain values that tell this oracle from another."""
        ...


class GroundTruth:
    """Seed 001's oracle: it knows every particle.

    A question about a particle becomes a label at the particle's own position; each particle gets one label. A question
    that is about a particle and gets none, since another got it, is no rejection: it must not teach a picker that a
    particle is background. Nor is one that overlaps a particle, but less than the constraint asks.

    Parameters
    ----------
    truth : Circles
        K particles of M micrographs.
    iou : float
        A question is about a particle if their IoU is above it: the seed takes 0.7 for its synthetic data, 0.3 for the
        real.
    rule : str
        As in `motes.picking.correct`. By `"optimal"`, questions of a batch are matched one-to-one with the particles
        that have no label yet; by `"best"` and `"first"` each is about the closest, or the first, of all particles.

    Raises
    ------
    ValueError
        If the rule is none of these, or the constraint out of range.

    Examples
    --------
    >>> oracle = GroundTruth(Circles(np.array([[20.0, 20.0], [80.0, 20.0]]), 10.0))
    >>> answers = oracle.answer(Circles(np.array([[22.0, 21.0], [50.0, 50.0]]), 10.0))
    >>> answers, answers.position[0]
    (<Answers: 1 nothing, 1 particle>, array([20., 20.]))
    """

    def __init__(self, truth: Circles, *, iou: float = 0.3, rule: Rule = "optimal") -> None:
        self.truth = truth.astype(np.float64)
        one_of("rule", rule, ("optimal", "best", "first"))
        self.iou, self.rule = float(iou), rule
        near_pairs(self.truth[:0], self.truth[:0], iou=self.iou)  # a constraint out of range is told now

    @property
    def n_micrographs(self) -> int:
        """Number of micrographs."""
        return self.truth.n_micrographs

    def examples(self, n: int, seed: int) -> tuple[Circles, Indices]:
        """Choose n particles by lot: their circles and numbers, ascending.

        Raises
        ------
        ValueError
            If there are not so many.
        """
        rows = self._example_rows(n, seed, np.arange(len(self.truth)))
        return self.truth[rows], rows

    @staticmethod
    def _example_rows(n: int, seed: int, known: Indices) -> Indices:
        if whole("initial", n, least=0) > len(known):
            raise ValueError(f"initial: {n} labels asked for, but the oracle knows {len(known)} particles")
        return np.sort(np.random.default_rng(seed).choice(known, n, replace=False))

    def answer(self, questions: Circles, labelled: Indices | None = None) -> Answers:
        """Answer a batch of questions, given the particles that have their label already."""
        questions = questions.astype(np.float64)
        n, truth = len(questions), self.truth
        free = np.ones(len(truth), bool)
        free[np.asarray([] if labelled is None else labelled, np.int64)] = False
        question, near, overlap = near_pairs(questions, truth, iou=min(self.iou, OVERLAP), threads=1)
        above = overlap > self.iou
        possible = np.unique(near[above])
        if self.rule == "optimal":
            possible = possible[free[possible]]
        found = correct(questions, truth[possible], iou=self.iou, rule=self.rule, threads=1).particle
        particle = np.where(found >= 0, np.append(possible, -1)[found], -1)
        if self.rule != "optimal":
            claimed, first = np.unique(particle, return_index=True)
            gains = np.isin(np.arange(n), first[claimed >= 0]) & (particle >= 0)
            gains[gains] = free[particle[gains]]
            particle[~gains] = -1
        answer = np.full(n, Answer.NOTHING, np.int8)
        answer[question] = Answer.OFF_CENTRE
        answer[question[above]] = Answer.DUPLICATE
        has = particle >= 0
        answer[has] = Answer.PARTICLE
        position, radius = np.full((n, 2), np.nan), np.full(n, np.nan)
        position[has], radius[has] = truth.centres[particle[has]], truth.radii[particle[has]]
        return Answers(answer, position, radius, particle)

    def describe(self) -> dict[str, Any]:
        """Plain values that tell this oracle from another."""
        return {"oracle": type(self).__name__, "iou": self.iou, "rule": self.rule, "truth": self.truth.fingerprint()}


class NoisyOracle(GroundTruth):
    """A person who overlooks particles, clicks beside them, and sees some where there are none.

    Every error belongs to its place: asked again, in any order, the oracle errs in the same way.

    Parameters
    ----------
    truth : Circles
        K particles of M micrographs.
    misses : float, 0 to 1
        Part of the particles that are taken for nothing.
    jitter : float, pixels
        Standard deviation of a label's x and of its y about the particle's.
    wrong : float, 0 to 1
        Part of the empty places where a particle is seen; a place is a square whose side is the question's radius.
    seed : int
        Of the errors.
    iou, rule
        As of `GroundTruth`.

    Raises
    ------
    ValueError
        If a part is not within 0 to 1, or the jitter negative.
    """

    def __init__(
        self,
        truth: Circles,
        *,
        misses: float = 0.0,
        jitter: float = 0.0,
        wrong: float = 0.0,
        seed: int = 0,
        iou: float = 0.3,
        rule: Rule = "optimal",
    ) -> None:
        super().__init__(truth, iou=iou, rule=rule)
        for name, part in (("misses", misses), ("wrong", wrong)):
            if not 0 <= part <= 1:
                raise ValueError(f"{name}: expected 0 to 1, got {part}")
        if not 0 <= jitter < np.inf:
            raise ValueError(f"jitter: expected 0 or more pixels, got {jitter}")
        self.misses, self.jitter, self.wrong = float(misses), float(jitter), float(wrong)
        self.seed = whole("seed", seed, least=0)
        rng, k = np.random.default_rng(self.seed), len(self.truth)
        self._seen = np.flatnonzero(rng.random(k) >= self.misses)
        self._clicked = self.truth.centres + self.jitter * rng.standard_normal((k, 2))

    def examples(self, n: int, seed: int) -> tuple[Circles, Indices]:
        """Choose n of the particles that were seen by lot: circles where they were clicked, and numbers."""
        rows = self._example_rows(n, seed, self._seen)
        part = self.truth[rows]
        return Circles(self._clicked[rows], part.radii, indptr=part.indptr), rows

    def answer(self, questions: Circles, labelled: Indices | None = None) -> Answers:
        """Answer a batch of questions, with this person's errors."""
        seen = GroundTruth(self.truth[self._seen], iou=self.iou, rule=self.rule)
        known = np.searchsorted(self._seen, np.intersect1d([] if labelled is None else labelled, self._seen))
        told = seen.answer(questions, known)
        answer, position, radius = told.answer.copy(), told.position.copy(), told.radius.copy()
        particle = np.where(told.particle >= 0, np.append(self._seen, -1)[told.particle], -1)
        position[particle >= 0] = self._clicked[particle[particle >= 0]]
        for row in np.flatnonzero(answer == Answer.NOTHING):
            centre, side = questions.centres[row], questions.radii[row]
            place = np.maximum(np.floor(centre / side).astype(np.int64) + 1, 0)
            rng = np.random.default_rng([self.seed, int(questions.micrograph[row]), *place.tolist()])
            if rng.random() < self.wrong:
                answer[row], radius[row] = Answer.PARTICLE, side
                position[row] = centre + self.jitter * rng.standard_normal(2)
        return Answers(answer, position, radius, particle)

    def describe(self) -> dict[str, Any]:
        """Plain values that tell this oracle from another."""
        errors = {name: getattr(self, name) for name in ("misses", "jitter", "wrong", "seed")}
        return super().describe() | errors


class FromFile(GroundTruth):
    """A person's own file: where they saw particles, and perhaps where they looked and saw none.

    Parameters
    ----------
    picks : Picks or path
        Particles; a path is read with `motes.read_picks`.
    micrographs : sequence of str
        M names in the order of the loop's micrographs; matched by stem. One that is in no table holds no particle.
    diameter : float, pixels, optional
        Of the particles; by default the file's own.
    rejected : Picks or path, optional
        Places that hold none. Where they are given, a question near neither kind is unanswered; otherwise the file is
        taken to be complete, and such a question is answered: nothing.
    iou, rule
        As of `GroundTruth`.

    Raises
    ------
    ValueError
        If a file names none of the micrographs, or holds no radius and no diameter is given.
    """

    def __init__(
        self,
        picks: Picks | str | os.PathLike[str],
        micrographs: Sequence[str],
        *,
        diameter: float | None = None,
        rejected: Picks | str | os.PathLike[str] | None = None,
        iou: float = 0.3,
        rule: Rule = "optimal",
    ) -> None:
        radius = None if diameter is None else diameter / 2
        tables = [
            None if table is None else on_micrographs(name, _table(table), micrographs, radius=radius)[0]
            for name, table in (("picks", picks), ("rejected", rejected))
        ]
        assert tables[0] is not None
        super().__init__(tables[0], iou=iou, rule=rule)
        self.rejected = None if tables[1] is None else tables[1].astype(np.float64)

    def answer(self, questions: Circles, labelled: Indices | None = None) -> Answers:
        """Answer a batch of questions from the file."""
        told = super().answer(questions, labelled)
        if self.rejected is None:
            return told
        known = np.zeros(len(told), bool)
        known[near_pairs(questions.astype(np.float64), self.rejected, iou=self.iou, threads=1)[0]] = True
        answer = np.where((told.answer == Answer.NOTHING) & ~known, Answer.UNANSWERED, told.answer)
        return Answers(answer.astype(np.int8), told.position, told.radius, told.particle)

    def describe(self) -> dict[str, Any]:
        """Plain values that tell this oracle from another."""
        told = super().describe()
        if self.rejected is not None:
            told["rejected"] = self.rejected.fingerprint()
        return told


def _table(table: Picks | str | os.PathLike[str]) -> Picks:
    return table if isinstance(table, Picks) else read_picks(table)
