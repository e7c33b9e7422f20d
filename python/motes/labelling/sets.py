"""Sets of picks that are reviewed on the page, and what is left of one after a person has been through it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motes.circles import Circles
from motes.picking import circles_of
from motes.picks import Picks, read_picks, stem, write_picks
from motes.project import Project
from motes.project.labels import settled

REVIEWED = "reviewed.star"


@dataclass(frozen=True, eq=False)
class PickSet:
    """Picks of the micrographs of a project.

    Attributes
    ----------
    name : str
        Of the file or model they come from.
    circles : Circles
        Of the project's micrographs, with scores.
    probability : bool
        Whether the scores are probabilities, so that they tell an expected precision.
    least : float
        Score from which on picks are shown at first.
    """

    name: str
    circles: Circles
    probability: bool
    least: float


def read_set(project: Project, path: Path) -> PickSet:
    """Picks from a coordinate file or a folder of them, on the micrographs of a project.

    Raises
    ------
    ValueError
        If none of the picks' micrographs is the project's.
    """
    picks = read_picks(path)
    number = {name: m for m, name in enumerate(project.names)}
    of_project = np.array([number.get(stem(name), -1) for name in picks.micrographs], np.int64)
    if not (of_project >= 0).any():
        raise ValueError(f"{path}: is of {', '.join(picks.micrographs[:3])}, none of the project's micrographs")
    rows = np.flatnonzero(of_project[picks.index] >= 0) if len(picks) else np.zeros(0, np.int64)
    chosen = Picks(
        picks.x[rows],
        picks.y[rows],
        project.diameter / 2,
        np.ones(rows.size) if picks.score is None else picks.score[rows],
        project.names,
        of_project[picks.index[rows]],
    )
    circles, _ = circles_of(chosen)
    assert circles.scores is not None
    return PickSet(path.name, circles, probability=False, least=float(circles.scores.min(initial=np.inf)))


def reviewed(project: Project, picks: PickSet, least: float) -> Picks:
    """The picks of a set from a score on, without those that were rejected, with the particles that were labelled.

    A pick and a label are of one place if they are closer than half a radius; the label's position counts.
    """
    labels = settled(project.state())
    circles = picks.circles
    assert circles.scores is not None
    xs, ys, scores, index = [], [], [], []
    for m, name in enumerate(project.names):
        here = circles.of_micrograph(m)
        assert here.scores is not None
        kept = here[here.scores >= least]
        assert kept.scores is not None
        own = [place for place in labels if place.micrograph == name]
        centres = np.array([(place.x, place.y) for place in own], np.float64).reshape(-1, 2)
        apart = np.hypot(*np.moveaxis(kept.centres[:, None] - centres[None], -1, 0))
        left = ~(apart < project.diameter / 4).any(axis=1)
        yes = np.array([place.particle is True for place in own], bool)
        xs += [kept.centres[left, 0], centres[yes, 0]]
        ys += [kept.centres[left, 1], centres[yes, 1]]
        scores += [kept.scores[left], np.ones(int(yes.sum()))]
        index += [np.full(int(left.sum() + yes.sum()), m)]
    return Picks(
        np.concatenate(xs),
        np.concatenate(ys),
        project.diameter / 2,
        np.concatenate(scores),
        project.names,
        np.concatenate(index),
    )


def save_reviewed(project: Project, picks: PickSet, least: float) -> tuple[Path, int]:
    """Write reviewed picks into the project, as `picks/reviewed.star`; the file and the number of picks in it."""
    result = reviewed(project, picks, least)
    path = project.folder / "picks" / REVIEWED
    path.parent.mkdir(exist_ok=True)
    write_picks(path, result)
    return path, len(result)
