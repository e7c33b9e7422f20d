"""Labels as pickers learn from them, and labels from coordinate files."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from motes.circles import Circles
from motes.pickers import Labelled
from motes.pickers.preparation import fault
from motes.picking import suppress
from motes.picks import Origin, Picks, read_picks, stem
from motes.picks.flips import Orientations
from motes.project.actions import Action, Place, State
from motes.project.folder import Project
from motes.project.orientation import likelier_flip

SAME = 0.5  # radii: two labels that are closer are of one place
KNOWN = 1.0  # pixels: a row of a file that is closer to a label of a particle says nothing new
FILES = "files-"  # how the `by` of actions from files begins


def by_micrograph(places: Sequence[Place], names: Sequence[str]) -> list[Place]:
    """Places in the order of their circles: micrograph after micrograph, on each as they came."""
    number = {name: m for m, name in enumerate(names)}
    return sorted(places, key=lambda place: (number[place.micrograph], place.order))


def circles(places: Sequence[Place], names: Sequence[str]) -> Circles:
    """Places as circles of these micrographs."""
    number, ordered = {name: m for m, name in enumerate(names)}, by_micrograph(places, names)
    counts = np.bincount([number[place.micrograph] for place in ordered], minlength=len(names))
    rows = np.array([(place.x, place.y, place.radius) for place in ordered], np.float64).reshape(-1, 3)
    return Circles(rows[:, :2], rows[:, 2], indptr=np.concatenate([[0], np.cumsum(counts)]))


def settled(state: State) -> list[Place]:
    """Places that were decided, one label each: of two within half a radius the later counts."""
    places = [place for place in state.places.values() if place.particle is not None]
    if not places:
        return []
    names = sorted({place.micrograph for place in places})
    number = {name: m for m, name in enumerate(names)}
    places.sort(key=lambda place: number[place.micrograph])  # as `Circles` has them
    counts = np.bincount([number[place.micrograph] for place in places], minlength=len(names))
    later = Circles(
        np.array([(place.x, place.y) for place in places], np.float64),
        1.0,
        np.array([place.order for place in places], np.float64),
        indptr=np.concatenate([[0], np.cumsum(counts)]),
    )
    kept = suppress(later, distance=SAME * float(np.median([place.radius for place in places])))
    return [places[i] for i in np.sort(kept)]


def labelled(project: Project, state: State | None = None) -> Labelled:
    """The labels of a project, with the micrographs that hold some or are complete, for a picker to learn from.

    Raises
    ------
    ValueError
        If there is no label at all.

    Warns
    -----
    UserWarning
        For each micrograph with labels that is blank or not finite, which is left out.
    """
    state = project.state() if state is None else state
    every = settled(state)
    looked_at = {place.micrograph for place in every} | state.complete
    names = [name for name in project.names if name in looked_at]
    if not names:
        raise ValueError(f"{project.folder}: nothing is labelled yet; label some with motes active label")
    faults = {name: fault(project.micrograph(name)) for name in names}
    for name, why in faults.items():
        if why:
            warnings.warn(f"{project.path(name)}: {why}; left out, with its labels", UserWarning, stacklevel=2)
    names = [name for name in names if not faults[name]]
    if not names:
        raise ValueError(f"{project.folder}: nothing is labelled but micrographs that no picker can look at")
    every = [place for place in every if place.micrograph in names]
    yes, no = ([place for place in every if place.particle is kind] for kind in (True, False))
    return Labelled(
        [project.micrograph(name) for name in names],
        circles(yes, names),
        circles(no, names),
        np.array([name in state.complete for name in names]),
        np.array([place.source == "question" for place in by_micrograph(yes, names)], bool),
    )


@dataclass(frozen=True)
class Imported:
    """What became of a file: rows that were new, that were known, and micrographs of the project and not of it.

    Where a micrograph makes it likely that they lie otherwise, `flip` names it and tells how likely; of several files
    one has it.
    """

    file: str
    n_new: int
    n_known: int
    n_here: int
    elsewhere: tuple[str, ...]
    convention: str
    flip: tuple[str, Orientations] | None = None


def import_labels(
    project: Project, paths: Sequence[Path], *, y_origin: Origin | None = None, complete: bool = False
) -> list[Imported]:
    """Take labels from coordinate files, all of them or, if one can not be read, none.

    Parameters
    ----------
    project : Project
        Inside its `writing`.
    paths : sequence of path
        Files of any format, or folders of them; matched to the micrographs by their stems.
    y_origin : "top" or "bottom", optional
        Where y counts from; by default as each format has it.
    complete : bool
        Whether the files hold every particle of their micrographs.

    Raises
    ------
    FormatError, OSError
        If one can not be read.
    ValueError
        If none holds a micrograph of the project, or a row lies outside its micrograph.
    """
    state = project.state()
    known = {}
    for name in project.names:
        centres = [(place.x, place.y) for place in state.places.values() if place.particle and place.micrograph == name]
        known[name] = np.array(centres, np.float64).reshape(-1, 2)
    actions: list[Action] = []
    by = f"{FILES}{new_id()}"
    told, read = [], []
    for path in paths:
        picks = read_coordinates(project, path, y_origin)
        read.append(picks)
        places, n_known, elsewhere = _fresh(project, path, picks, known)
        n_here = len(picks.micrographs) - len(elsewhere)
        told.append(Imported(str(path), len(places), n_known, n_here, elsewhere, picks.convention))
        if places:
            actions.append({"id": new_id(), "type": "import", "file": str(path), "places": places, "by": by})
        if complete:
            here = [stem(name) for name in picks.micrographs if stem(name) in known]
            marks = ({"type": "complete", "micrograph": name, "complete": True, "by": by} for name in here)
            actions += ({"id": new_id(), **mark} for mark in marks)
    if told and not any(one.n_here for one in told):
        others = [name for one in told for name in one.elsewhere]
        raise ValueError(
            f"{told[0].file}: is of {', '.join(others[:3])}, none of the project's micrographs "
            f"({', '.join(project.names[:3])}, ...)"
        )
    project.act(actions)
    fresh = [k for k, one in enumerate(told) if one.n_new]
    if found := likelier_flip(project, [read[k] for k in fresh]):
        k, name, likely = found
        told[fresh[k]] = replace(told[fresh[k]], flip=(name, likely))
    return told


def take_back(project: Project) -> list[Action]:
    """Take back what the last `import_labels` that still counts has done; the journal keeps it.

    Parameters
    ----------
    project : Project
        Inside its `writing`.

    Returns
    -------
    list of dict
        The actions that were taken back: "import" and, of complete micrographs, "complete".

    Raises
    ------
    ValueError
        If there is none.
    """
    undone = {action["action"] for action in project.actions if action["type"] == "undo"}
    of_files = [
        action
        for action in project.actions
        if action["id"] not in undone and (action["type"] == "import" or action.get("by", "").startswith(FILES))
    ]
    if not of_files:
        raise ValueError(f"{project.folder}: no labels from files are there to be taken back")
    last = [action for action in of_files if _call(action) == _call(of_files[-1])]
    project.act([{"id": new_id(), "type": "undo", "action": action["id"]} for action in last])
    return last


def _call(action: Action) -> str:
    """What the actions of one `import_labels` share."""
    return str(action.get("by", action["id"]))


def read_coordinates(project: Project, path: Path, y_origin: Origin | None = None) -> Picks:
    """Picks of one file or folder; a flip takes the height of the micrographs, which has to be one."""
    if y_origin is None:
        return read_picks(path)
    heights = {shape[0] for shape in project.shapes.values()}
    if path.is_file() and path.stem in project.shapes:
        heights = {project.shapes[path.stem][0]}
    if len(heights) > 1:
        raise ValueError(f"y_origin: the micrographs are of several heights; give one file a micrograph, not {path}")
    return read_picks(path, y_origin=y_origin, height=heights.pop())


def _fresh(
    project: Project, path: Path, picks: Picks, known: dict[str, np.ndarray[Any, Any]]
) -> tuple[list[dict[str, Any]], int, tuple[str, ...]]:
    """Rows that are not labelled yet; how many are; micrographs that the project lacks."""
    places: list[dict[str, Any]] = []
    n_known, elsewhere = 0, []
    for name, part in picks.by_micrograph():
        own = stem(name)
        if own not in known:
            elsewhere.append(name)
            continue
        height, width = project.shapes[own]
        outside = (part.x < -0.5) | (part.y < -0.5) | (part.x > width - 0.5) | (part.y > height - 0.5)
        if outside.any():
            row = int(np.argmax(outside))
            raise ValueError(
                f"{path}: row {row + 1} of {own} is at ({part.x[row]:g}, {part.y[row]:g}), outside its "
                f"{width} x {height} pixels"
            )
        radius = project.diameter / 2  # boxes are larger than particles, so what the file says is no radius
        centres = np.column_stack([part.x, part.y])
        before = known[own]
        for x, y in centres.tolist():
            if len(before) and (np.abs(before - (x, y)).max(axis=1) <= KNOWN).any():
                n_known += 1
            else:
                places.append({"micrograph": own, "x": x, "y": y, "radius": radius})
        known[own] = np.concatenate([before, centres])
    return places, n_known, tuple(elsewhere)


def new_id() -> str:
    """A name for an action that no other has."""
    return secrets.token_urlsafe(12)
