"""What is known after so many answers: labels, rejected places, micrographs opened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from motes.active.log import Record
from motes.active.oracle import Answer
from motes.circles import Circles, Indices


class Places:
    """Circles on M micrographs, gathered one by one."""

    def __init__(self, n_micrographs: int) -> None:
        self._n_micrographs = n_micrographs
        self._rows: list[tuple[int, float, float, float]] = []
        self._asked: list[bool] = []

    def add(self, micrograph: int, x: float, y: float, radius: float, *, asked: bool = True) -> None:
        """One more; whether it is the answer to a question."""
        self._rows.append((micrograph, x, y, radius))
        self._asked.append(asked)

    def __len__(self) -> int:
        return len(self._rows)

    def circles(self) -> Circles:
        """All, micrograph after micrograph, on each in the order they came."""
        return circles_from(self._rows, self._n_micrographs)

    def asked(self) -> npt.NDArray[np.bool_]:
        """Which of these circles are answers to questions."""
        order = np.argsort([row[0] for row in self._rows], kind="stable")
        return np.array(self._asked, bool)[order]


def circles_from(rows: Sequence[tuple[int, float, float, float]], n_micrographs: int) -> Circles:
    """Circles from rows of micrograph, x, y, radius in any order."""
    table = np.array(rows, np.float64).reshape(-1, 4)
    table = table[np.argsort(table[:, 0], kind="stable")]
    counts = np.bincount(table[:, 0].astype(np.int64), minlength=n_micrographs)
    return Circles(table[:, 1:3], table[:, 3], indptr=np.concatenate([[0], np.cumsum(counts)]))


class State:
    """Built from the records of a log, and from nothing else: a run that goes on knows what one undisturbed would.

    Attributes
    ----------
    particles, rejected : Places
        Labels, and places that hold none.
    closed : Places
        Places that are not asked about again: of every question but those that were off centre.
    off_centre : Places
        The other ones: a candidate that is all but the same circle is not asked about again, a shifted one may be.
    labelled : list of int
        Numbers, by the oracle, of the particles that have a label.
    opened : (M,) bool array
        Micrographs that hold a label or were asked about.
    n_questions : int
        Asked so far.
    """

    def __init__(self, micrographs: Sequence[str]) -> None:
        self._number = {name: m for m, name in enumerate(micrographs)}
        m = len(micrographs)
        self.particles, self.rejected, self.closed, self.off_centre = (Places(m) for _ in range(4))
        self.labelled: list[int] = []
        self.opened = np.zeros(m, bool)
        self.n_questions = 0

    @property
    def labelled_particles(self) -> Indices:
        """As an array."""
        return np.array(self.labelled, np.int64)

    def apply(self, record: Record) -> None:
        """Take note of one record."""
        kind = record["kind"]
        if kind not in ("initial", "question"):
            return
        m = self._number[record["micrograph"]]
        place = (m, record["x"], record["y"], record["radius"])
        self.opened[m] = True
        if record["particle"] >= 0:
            self.labelled.append(record["particle"])
        if kind == "initial":
            self.particles.add(*place, asked=False)
            return
        self.n_questions += 1
        (self.off_centre if record["answer"] == Answer.OFF_CENTRE.word else self.closed).add(*place)
        if record["label"] is not None:
            self.particles.add(m, *record["label"])
        elif record["answer"] == Answer.NOTHING.word:
            self.rejected.add(*place)
