"""What was asked: a query of a project and its file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from motes.errors import FormatError


@dataclass(frozen=True)
class Question:
    """Whether there is a particle here.

    Attributes
    ----------
    micrograph : str
    x, y, radius : float, pixels
    probability : float
        As the picker has it.
    row : int
        Of the pool.
    """

    micrograph: str
    x: float
    y: float
    radius: float
    probability: float
    row: int


@dataclass(frozen=True)
class Asked:
    """A query: its number, where it came from, and its questions in the order in which they are to be asked."""

    number: int
    strategy: str
    model: int
    questions: tuple[Question, ...]

    @property
    def names(self) -> list[str]:
        """Names of the questions: number of the query and of the question."""
        return [f"{self.number}.{i}" for i in range(len(self.questions))]

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"strategy": self.strategy, "model": self.model, "questions": [asdict(one) for one in self.questions]}


def read_query(path: Path) -> Asked:
    """Read what `Project.keep` wrote of a query."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        questions = tuple(Question(**one) for one in told["questions"])
        return Asked(int(path.stem), told["strategy"], told["model"], questions)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FormatError(f"{path}: no query of a project ({error!r:.100})") from error
