"""The folder of `motes active`: plain files, of which a kill at any moment loses no label."""

from __future__ import annotations

import json
import os
import secrets
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motes.cached import cached_property
from motes.checks import positive
from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.lock import Lock
from motes.micrograph import Micrograph, read_micrograph
from motes.pickers.preparation import check_diameter
from motes.project.actions import Action, State, checked, fold
from motes.project.journal import Journal
from motes.project.queries import Asked, read_query
from motes.report import to_json

FORMAT, VERSION = "motes active", 1
FILE, LABELS, LOCK = "project.json", "labels.jsonl", "lock"
QUERIES, MODELS, PICKS, CACHE = "queries", "models", "picks", "cache"


@dataclass(frozen=True)
class Source:
    """Where a micrograph of a project is.

    Attributes
    ----------
    name : str
        Stem of its file.
    path : str
        As seen from the project's folder, or absolute.
    shape : (int, int)
        Rows and columns.
    """

    name: str
    path: str
    shape: tuple[int, int]


class Project:
    """A folder in which micrographs are labelled, a picker is trained on the labels, and asks for more.

    ====================  ==========================================================================================
    ``project.json``      version, diameter and micrographs; written once, by `create`
    ``labels.jsonl``      the journal: every action of a person, one a line; see `motes.project.actions`
    ``queries/0001.json`` what was asked, in order; ``queries/0001.npz`` the pool it was chosen from
    ``models/0001.json``  a picker that was trained, from which labels; ``models/0001.npz`` or alike the picker itself
    ``picks/``            what pickers found
    ``lock``              who is writing; see `motes.io.lock`
    ``cache/``            features of micrographs, to be deleted at will
    ====================  ==========================================================================================

    Reading needs no lock; every change is made inside `writing`.

    Parameters
    ----------
    folder : path
        That `create` made.

    Attributes
    ----------
    folder : pathlib.Path
    id : str
        Random; no other project has it.
    diameter : float
        Of the particles, pixels.
    pixel_size : float or None
        Angstrom.
    sources : tuple of Source
        The micrographs.

    Raises
    ------
    FormatError
        If the folder is no project, of a newer version, or damaged: the message names file and line.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        told = _told(self.folder)
        self.id: str = told["id"]
        self.diameter: float = told["diameter"]
        self.pixel_size: float | None = told["pixel_size"]
        self.sources = tuple(Source(one["name"], one["path"], tuple(one["shape"])) for one in told["micrographs"])
        self._questions: dict[int, list[str]] = {}  # names, by query
        self._journal = self._read_journal()
        self._known: set[str] = set()  # ids of the actions
        self._writing = False

    @classmethod
    def create(
        cls,
        folder: str | os.PathLike[str],
        micrographs: Sequence[str | os.PathLike[str]],
        diameter: float,
        *,
        pixel_size: float | None = None,
        watch: Callable[[Sequence[Path]], Iterable[Path]] = lambda paths: paths,
    ) -> Project:
        """Begin a project.

        Parameters
        ----------
        folder : path
            Created where it is missing; it must not hold a project yet.
        micrographs : sequence of path
            MRC, TIFF, PNG or JPEG files, no two of one stem. They stay where they are.
        diameter : float
            Of the particles, pixels; angstrom if `pixel_size` is given.
        pixel_size : float, optional
            Angstrom a pixel.
        watch : callable, optional
            Given the paths, gives them back one by one: a progress bar.

        Raises
        ------
        ValueError
            If there is no micrograph that is not blank, two have one stem, one is smaller than a particle, a particle
            is smaller than 4 pixels, or a number is not above 0.
        FormatError, OSError
            If a micrograph can not be read, or the folder not be written.

        Warns
        -----
        UserWarning
            For each micrograph that is blank, which is left out; and if the folder holds other files.
        """
        positive("diameter", diameter)
        pixels = check_diameter(diameter if pixel_size is None else diameter / positive("pixel_size", pixel_size))
        paths = sorted({Path(path) for path in micrographs})
        if not paths:
            raise ValueError("micrographs: expected at least one file, got none")
        _refuse_twins(paths)
        folder = Path(folder)
        _refuse_second(folder)
        sources = []
        for path in watch(paths):
            micrograph = read_micrograph(path)
            if _is_blank(micrograph):
                warnings.warn(f"{path}: is blank, every pixel is the same; left out", UserWarning, stacklevel=2)
                continue
            if min(micrograph.shape) < pixels:
                height, width = micrograph.shape
                raise ValueError(f"diameter: {pixels:g} pixels do not fit into {path}, {width} x {height} pixels")
            sources.append({"name": micrograph.name, "path": _seen_from(folder, path), "shape": micrograph.shape})
        if not sources:
            raise ValueError("micrographs: all of them are blank")
        folder.mkdir(parents=True, exist_ok=True)
        with Lock(folder / LOCK, "motes active init"):
            _refuse_second(folder)  # somebody may have begun one while the micrographs were read
            if any(file.name != LOCK for file in folder.iterdir()):
                others = "holds other files, too; a folder of its own is easier to move or delete"
                warnings.warn(f"{folder}: the project's folder {others}", UserWarning, stacklevel=2)
            told: dict[str, Any] = {"format": FORMAT, "version": VERSION, "id": secrets.token_urlsafe(9)}
            told |= {"diameter": pixels, "pixel_size": pixel_size}
            with atomic_path(folder / FILE) as temporary:
                temporary.write_text(to_json(told | {"micrographs": sources}, indent=1), encoding="utf-8")
        return cls(folder)

    # -- what is there ------------------------------------------------------------------------------------------------

    @cached_property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of each micrograph, by name."""
        return {source.name: source.shape for source in self.sources}

    @property
    def names(self) -> tuple[str, ...]:
        """Of the micrographs."""
        return tuple(self.shapes)

    def path(self, name: str) -> Path:
        """Where a micrograph is."""
        source = next(source for source in self.sources if source.name == name)
        return Path(os.path.normpath(self.folder / source.path))

    def micrograph(self, name: str) -> Micrograph:
        """Read a micrograph.

        Raises
        ------
        ValueError
            If it has changed its size since the project began.
        OSError
            If it is not there any more.
        """
        path, shape = self.path(name), self.shapes[name]
        micrograph = read_micrograph(path)
        if micrograph.shape != shape:
            raise ValueError(f"{path}: {micrograph.shape} pixels, but {shape} when the project began")
        return micrograph

    def micrographs(self) -> list[Micrograph]:
        """Read all micrographs; those of a mapped format (MRC, TIFF) take no memory yet."""
        return [self.micrograph(name) for name in self.names]

    @property
    def actions(self) -> list[Action]:
        """Every action so far."""
        return self._journal.entries

    def state(self) -> State:
        """What the actions add up to."""
        return fold(self.actions)

    def numbered(self, kind: str) -> list[int]:
        """Numbers of the queries, models or picks that are whole, ascending: those whose JSON is there."""
        paths = (self.folder / kind).glob("[0-9]*.json")
        return sorted(int(path.stem) for path in paths if path.stem.isdecimal())

    def place(self, kind: str, number: int, suffix: str) -> Path:
        """Path of a query, model or picks."""
        return self.folder / kind / f"{number:04}{suffix}"

    def queries(self) -> list[Asked]:
        """Every query, in order."""
        return [read_query(self.place(QUERIES, number, ".json")) for number in self.numbered(QUERIES)]

    def read_told(self, kind: str, number: int) -> dict[str, Any]:
        """The JSON of a query, model or picks."""
        return read_object(self.place(kind, number, ".json"))

    # -- changes ------------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, command: str) -> Iterator[Project]:
        """Be the only one to write, until the block ends.

        Parameters
        ----------
        command : str
            For the message that others get meanwhile.

        Raises
        ------
        BusyError
            If somebody else is.
        """
        with Lock(self.folder / LOCK, command):
            self._journal = self._read_journal()  # somebody may have written to it before
            self._known = {action["id"] for action in self.actions}
            self._writing = True
            try:
                yield self
            finally:
                self._writing = False

    def act(self, actions: Sequence[Action]) -> list[Action]:
        """Do actions: when this returns, they are on the disk.

        Parameters
        ----------
        actions : sequence of dict
            See `motes.project.actions`; those whose id is known already are left out.

        Returns
        -------
        list of dict
            Those that were new.

        Raises
        ------
        ValueError
            If one is none: then nothing is done.
        OSError
            If they can not be saved: then nothing is done, and it may be tried again.
        """
        assert self._writing, "only inside writing()"
        fresh: dict[str, Action] = {}
        for action in actions:
            sound = checked(action, self.shapes, self._was_asked)
            if sound["id"] not in self._known:
                fresh.setdefault(sound["id"], sound)
        if fresh:
            self._journal.append(list(fresh.values()))
            self._known |= fresh.keys()
        return list(fresh.values())

    def _read_journal(self) -> Journal:
        """The journal, each line an action; questions are not looked up, for their queries may be gone."""
        journal = Journal(self.folder / LABELS)
        for number, action in enumerate(journal.entries, 1):
            self._refuse_other(action, f"{journal.path}: line {number}")
        return journal

    def _refuse_other(self, line: Any, place: str) -> None:
        try:
            checked(line, self.shapes, lambda question: True)
        except ValueError as error:
            raise FormatError(f"{place}: {error}") from error

    def _was_asked(self, question: str) -> bool:
        """Whether a question was asked; a query is read once."""
        query = question.partition(".")[0]
        if not query.isdecimal() or len(query) > 9:
            return False
        number = int(query)
        if number not in self._questions:
            path = self.place(QUERIES, number, ".json")
            if not path.is_file():
                return False
            self._questions[number] = read_query(path).names
        return question in self._questions[number]

    def keep(self, kind: str, number: int, told: dict[str, Any]) -> Path:
        """Write the JSON of a query, model or picks, last of its files: what has none is not there."""
        path = self.place(kind, number, ".json")
        path.parent.mkdir(exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_text(to_json({"version": VERSION} | told, indent=1), encoding="utf-8")
        return path

    def __repr__(self) -> str:
        m, n = len(self.sources), self.state().n_particles
        return f"<Project {self.folder}: {m:,} micrograph{'s' * (m != 1)}, {n:,} particle{'s' * (n != 1)} labelled>"


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object from a file, of this version or an older one."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: no JSON ({str(error).splitlines()[0]})") from error
    if not isinstance(told, dict) or not isinstance(told.get("version"), int):
        raise FormatError(f"{path}: expected a JSON object with a version")
    if told["version"] > VERSION:
        raise FormatError(
            f"{path}: version {told['version']}, but this motes knows {VERSION}; "
            "use the motes it was made with, or newer"
        )
    return told


def _told(folder: Path) -> dict[str, Any]:
    """What project.json says, checked."""
    path = folder / FILE
    if not path.is_file():
        raise FormatError(f"{folder}: no project (it holds no {FILE}); begin one with motes active init")
    told = read_object(path)
    if told.get("format") != FORMAT:
        raise FormatError(f"{path}: format: expected {FORMAT!r}, got {told.get('format')!r:.60}")
    try:
        told["diameter"] = positive("diameter", told["diameter"])
        if told["pixel_size"] is not None:
            positive("pixel_size", told["pixel_size"])
        if not isinstance(told["id"], str):
            raise ValueError("id: expected a text")
        for one in told["micrographs"]:
            rows, columns = one["shape"]
            if not (isinstance(one["name"], str) and isinstance(one["path"], str) and rows >= 1 and columns >= 1):
                raise ValueError("micrographs: expected name, path and shape of each")
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: {error if isinstance(error, ValueError) else f'damaged ({error!r})'}") from error
    return told


def _refuse_second(folder: Path) -> None:
    if (folder / FILE).exists():
        raise ValueError(f"{folder}: holds a project already; choose another folder, or go on with this one")


def _is_blank(micrograph: Micrograph) -> bool:
    """Whether every pixel is the same; row by row, so that of others hardly anything is read."""
    first = micrograph.data[0, 0]
    return all((row == first).all() for row in micrograph.data)


def _refuse_twins(paths: Sequence[Path]) -> None:
    by_stem: dict[str, Path] = {}
    for path in paths:
        if (other := by_stem.setdefault(path.stem, path)) != path:
            raise ValueError(f"micrographs: {other} and {path} have one name but for folder and suffix")


def _seen_from(folder: Path, path: Path) -> str:
    """Relative to the folder, so that both may be moved together; absolute on another drive."""
    try:
        return os.path.relpath(path.resolve(), folder.resolve())
    except ValueError:
        return str(path.resolve())
