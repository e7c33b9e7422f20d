"""What a person does to the labels of a project, one action a line of its journal, and what the actions add up to.

Every action has an `id` (whoever sends one twice, because the answer was lost on the way, does it once) and a `type`:

========  ====================================================  ===================================================
type      further fields                                        what it does
========  ====================================================  ===================================================
answer    question, particle (true, false, null), micrograph,   answers a question of a query; null: can not be told
          x, y, radius
add       particle (true, false), micrograph, x, y, radius      labels a place that nobody asked about
move      place, x, y                                           moves a label
remove    place                                                 takes a label away
complete  micrograph, complete (true, false)                    says that all its particles are labelled, or not
open      micrograph                                            notes that it was looked at, which is part of the cost
import    file, places (micrograph, x, y, radius of each)       labels from a coordinate file, all of them particles
undo      action                                                takes back an action, as if it had never been
========  ====================================================  ===================================================

The name of a place is that of its question (`3.17`: query 3, question 17), of the action that added it, or that of the
import and a number (`ID.0`, `ID.1`, ...). Coordinates and radii are in pixels of the micrograph, stored rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Action = dict[str, Any]

NAME = re.compile(r"[A-Za-z0-9_-]{6,40}\Z")
FIELDS = {
    "answer": {"question", "particle", "micrograph", "x", "y", "radius"},
    "add": {"particle", "micrograph", "x", "y", "radius"},
    "move": {"place", "x", "y"},
    "remove": {"place"},
    "complete": {"micrograph", "complete"},
    "open": {"micrograph"},
    "import": {"file", "places"},
    "undo": {"action"},
}
NOTED = {"time", "by"}  # when, and in which window or with which files


@dataclass(frozen=True)
class Place:
    """A place that somebody has looked at.

    Attributes
    ----------
    micrograph : str
    x, y, radius : float, pixels
    particle : bool or None
        Whether there is a particle; None if it could not be told.
    source : "question", "added" or "file"
    order : int
        The later the higher; of two labels of one place the later counts.
    """

    micrograph: str
    x: float
    y: float
    radius: float
    particle: bool | None
    source: str
    order: int


@dataclass
class State:
    """What a journal adds up to.

    Attributes
    ----------
    places : dict of str to Place
        By name.
    complete, opened : set of str
        Micrographs all of whose particles are labelled; micrographs that were looked at on the page.
    """

    places: dict[str, Place] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)

    @property
    def answered(self) -> dict[str, Place]:
        """Places that were asked about, by the name of the question."""
        return {name: place for name, place in self.places.items() if place.source == "question"}

    @property
    def n_particles(self) -> int:
        """Labels of particles."""
        return sum(place.particle is True for place in self.places.values())


def fold(actions: Iterable[Mapping[str, Any]]) -> State:
    """Add up actions.

    Examples
    --------
    >>> here = {"micrograph": "grid1", "x": 5.0, "y": 9.0, "radius": 4.0}
    >>> answer = {"id": "first1", "type": "answer", "question": "1.0", "particle": True, **here}
    >>> fold([answer]).places["1.0"].particle
    True
    >>> fold([answer, {"id": "second", "type": "undo", "action": "first1"}]).places
    {}
    """
    every = list(actions)
    undone = {action["action"] for action in every if action["type"] == "undo"}
    state = State()
    for order, action in enumerate(every):
        if action["id"] not in undone:
            _do(state, action, order)
    return state


def _do(state: State, action: Mapping[str, Any], order: int) -> None:
    kind, places = action["type"], state.places
    if kind in ("answer", "add"):
        name, source = (action["question"], "question") if kind == "answer" else (action["id"], "added")
        places[name] = _place(action, action["particle"], source, order)
    elif kind == "import":
        for i, place in enumerate(action["places"]):
            places[f"{action['id']}.{i}"] = _place(place, True, "file", order)
    elif kind == "move" and action["place"] in places:
        moved = places[action["place"]]
        places[action["place"]] = replace(moved, x=action["x"], y=action["y"], order=order)
    elif kind == "remove":
        places.pop(action["place"], None)
    elif kind == "complete":
        (state.complete.add if action["complete"] else state.complete.discard)(action["micrograph"])
    if kind in ("open", "answer", "add"):  # on the page; a file that is complete opens nothing
        state.opened.add(action["micrograph"])


def _place(told: Mapping[str, Any], particle: bool | None, source: str, order: int) -> Place:
    return Place(told["micrograph"], told["x"], told["y"], told["radius"], particle, source, order)


def checked(action: Any, shapes: Mapping[str, tuple[int, int]], was_asked: Callable[[str], bool]) -> Action:
    """An action as it came from outside, or a ValueError that says what is wrong with it.

    Parameters
    ----------
    action : Any
        As JSON has it.
    shapes : mapping of str to (rows, columns)
        Of the micrographs.
    was_asked : callable
        Whether a question of this name was asked.
    """
    if not isinstance(action, dict):
        raise ValueError(f"action: expected an object, got {type(action).__name__}")
    kind, name = action.get("type"), action.get("id")
    if not isinstance(name, str) or not NAME.match(name):
        raise ValueError(f"action: id: expected 6 to 40 letters, digits, - or _, got {name!r:.60}")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise ValueError(f"action {name}: type: expected one of {', '.join(FIELDS)}, got {kind!r:.60}")
    given, expected = set(action) - {"id", "type"} - NOTED, FIELDS[kind]
    if given != expected:
        raise ValueError(f"action {name}: {kind}: expected the fields {sorted(expected)}, got {sorted(given)!r:.200}")
    for key in NOTED & set(action):
        _require(
            name, key, action[key], "a text of at most 40", isinstance(action[key], str) and len(action[key]) <= 40
        )
    places = action["places"] if kind == "import" else [action]
    _require(name, "places", "no list", "a list", isinstance(places, list))
    for place in places:
        _check_place(name, place, shapes)
    if kind == "import":
        needed = {"micrograph", "x", "y", "radius"}
        _require(name, "places", "others", f"{sorted(needed)} of each", all(set(place) == needed for place in places))
        _require(name, "file", action["file"], "a text", isinstance(action["file"], str))
    if kind == "answer":
        known = isinstance(action["question"], str) and was_asked(action["question"])
        _require(name, "question", action["question"], "a question that was asked", known)
    for key, values in (
        ("particle", (True, False, None) if kind == "answer" else (True, False)),
        ("complete", (True, False)),
    ):
        if key in action:
            fine = any(action[key] is value for value in values)
            _require(name, key, action[key], "true or false", fine)
    for key in {"place", "action"} & set(action):
        fine = isinstance(action[key], str) and len(action[key]) <= 60
        _require(name, key, action[key], "a name", fine)
    return action


def _check_place(name: str, place: Any, shapes: Mapping[str, tuple[int, int]]) -> None:
    """Numbers that are numbers, on a micrograph that there is."""
    _require(name, "places", place, "objects", isinstance(place, dict))
    if "micrograph" in place:
        known = isinstance(place["micrograph"], str) and place["micrograph"] in shapes
        _require(name, "micrograph", place["micrograph"], "one of the project", known)
    for key in ("x", "y", "radius"):
        if key in place:
            value = place[key]
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            _require(name, key, value, "a finite number", number)
    if "radius" in place:
        _require(name, "radius", place["radius"], "a number above 0, at most 1e6", 0 < place["radius"] <= 1e6)
    if "x" in place and "micrograph" in place:
        height, width = shapes[place["micrograph"]]
        inside = -0.5 <= place["x"] <= width - 0.5 and -0.5 <= place["y"] <= height - 0.5
        where = f"({place['x']:g}, {place['y']:g})"
        _require(name, "x, y", where, f"a place on {place['micrograph']} of {width} x {height} pixels", inside)


def _require(name: str, key: str, value: object, expected: str, fine: bool) -> None:
    if not fine:
        raise ValueError(f"action {name}: {key}: expected {expected}, got {value!r:.80}")
