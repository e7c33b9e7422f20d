"""What the page asks the server for, without any HTTP: the project, its actions, tiles, picks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.labelling.pyramid import APRON, TILE, Pyramids
from motes.project import Project
from motes.project.picks import PickSet, reviewed, write
from motes.project.status import status

MOST_ACTIONS = 1000  # in one request


class Session:
    """A project that is being labelled, shared by the threads of the server.

    Parameters
    ----------
    project : Project
        Inside its `writing`.
    sets : sequence of PickSet
        None, one or two sets of picks to be reviewed.
    """

    def __init__(self, project: Project, sets: Sequence[PickSet] = ()) -> None:
        self.project, self.sets = project, tuple(sets)
        self._pyramids = Pyramids(lambda number: project.micrograph(project.names[number]))
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Write nothing more: what is under way is ended first."""
        with self._lock:
            self._closed = True

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One thread at a time, and none once the project may be another's."""
        with self._lock:
            if self._closed:
                raise ConnectionAbortedError("the server has ended")
            yield

    def warm(self) -> None:
        """Make the tiles that the page will ask for first, while it is still loading."""
        queries = self.project.queries()
        with self._lock:
            answered = self.project.state().answered
        questions = zip(queries[-1].names, queries[-1].questions, strict=True) if queries else ()
        first = next((question.micrograph for name, question in questions if name not in answered), None)
        number = 0 if first is None else self.project.names.index(first)
        threading.Thread(target=self._make, args=(number,), daemon=True).start()

    def _make(self, number: int) -> None:
        with suppress(ValueError, OSError, ImportError):  # told when the page asks for it
            _ = self._pyramids[number]

    def told(self) -> dict[str, Any]:
        """Everything that the page begins with."""
        project = self.project
        number = {name: m for m, name in enumerate(project.names)}
        queries = project.queries()
        query = queries[-1] if queries else None
        with self._lock:
            actions = list(project.actions)
        return {
            "id": project.id,
            "name": project.folder.resolve().name,
            "folder": str(project.folder),
            "diameter": project.diameter,
            "pixel_size": project.pixel_size,
            "tile": TILE,
            "apron": APRON,
            "micrographs": [[source.name, *source.shape] for source in project.sources],
            "query": query
            and {
                "number": query.number,
                "strategy": query.strategy,
                "model": query.model,
                "questions": [
                    [number[one.micrograph], one.x, one.y, one.radius, one.probability] for one in query.questions
                ],
            },
            "actions": actions,
            "sets": [
                {"name": one.name, "probability": one.probability, "least": one.least, "n": len(one.circles)}
                for one in self.sets
            ],
        }

    def act(self, since: int, actions: Sequence[Any]) -> dict[str, Any]:
        """Do actions, and tell all that were done since the page last knew."""
        if len(actions) > MOST_ACTIONS:
            raise ValueError(f"actions: expected at most {MOST_ACTIONS} at a time, got {len(actions)}")
        with self._writing():
            self.project.act(actions)
            return {"actions": self.project.actions[since:]}

    def status(self) -> dict[str, Any]:
        """How the project stands, in words."""
        with self._lock:
            return {"lines": status(self.project).lines()[2:]}

    def tile(self, number: int, level: int, row: int, column: int) -> bytes:
        """A tile of a micrograph; `LookupError` if there is none."""
        if not 0 <= number < len(self.project.sources):
            raise LookupError(f"micrograph {number} of {len(self.project.sources)}")
        return self._pyramids[number].tile(level, row, column)

    def picks(self, which: int) -> bytes:
        """A set of picks: where each micrograph begins, then x, y and score of each pick; 4 bytes a number."""
        if not 0 <= which < len(self.sets):
            raise LookupError(f"set {which} of {len(self.sets)}")
        circles = self.sets[which].circles
        assert circles.scores is not None
        parts: list[npt.NDArray[Any]] = [circles.indptr.astype("<u4")]
        parts += [column.astype("<f4") for column in (circles.centres[:, 0], circles.centres[:, 1], circles.scores)]
        return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)

    def save(self, which: int, least: float) -> dict[str, Any]:
        """Write the picks of a set from a score on, as they were reviewed."""
        if not 0 <= which < len(self.sets):
            raise LookupError(f"set {which} of {len(self.sets)}")
        with self._writing():
            picks = reviewed(self.project, self.sets[which], least)
            path = write(self.project, picks, "reviewed", "star")
        return {"file": str(path), "n": len(picks)}
