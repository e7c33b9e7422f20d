"""Tables of coordinates beside each other: circles of the same micrographs, which are matched by their stems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from motes.circles import Circles, Indices
from motes.picks import Picks, stem

Missing: TypeAlias = Literal["leave-out", "count"]
TOLD = 3  # names in a message


@dataclass(frozen=True, eq=False)
class Aligned:
    """Circles of several tables on the same micrographs.

    Attributes
    ----------
    micrographs : tuple of str
        M stems, in the order of the first table.
    circles : dict of str to Circles
        Of each table, by its name; of M micrographs.
    rows : dict of str to (N,) int64 array
        The row of its table that each circle comes from.
    missing : dict of str to tuple of str
        Micrographs that some table lacks, and the tables that lack them; left out of `micrographs`, or counted as empty
        there.
    """

    micrographs: tuple[str, ...]
    circles: dict[str, Circles]
    rows: dict[str, Indices]
    missing: dict[str, tuple[str, ...]]

    def __repr__(self) -> str:
        told = ", ".join(f"{name} {len(circles):,}" for name, circles in self.circles.items())
        return f"<Aligned: {told} on {len(self.micrographs):,} micrographs, {len(self.missing):,} not in every table>"


def align(tables: Mapping[str, Picks], *, radius: float | None = None, missing: Missing = "leave-out") -> Aligned:
    """Bring tables of coordinates to the same micrographs.

    Names are compared without folder and suffix: ``MotionCorr/grid1.mrc`` is ``grid1``. A table that names a micrograph
    has it, be it without picks.

    Parameters
    ----------
    tables : mapping of str to Picks
        At least one, by the names that messages use.
    radius : float, pixels, optional
        Of every circle; by default each table's own.
    missing : "leave-out" or "count"
        What becomes of micrographs that some table lacks: they are left out, or count as empty in that table.

    Returns
    -------
    Aligned

    Raises
    ------
    ValueError
        If a table holds no radius and none is given, names two micrographs of one stem, or no micrograph is left.

    Examples
    --------
    >>> picks = Picks([10, 20, 30], [5, 5, 5], micrographs=("a.mrc", "b.mrc"), index=[1, 0, 1])
    >>> truth = Picks([11], [5], micrographs=("b",))
    >>> aligned = align({"picks": picks, "truth": truth}, radius=4)
    >>> aligned.micrographs, aligned.rows["picks"], aligned.missing
    (('b',), array([0, 2]), {'a': ('truth',)})
    """
    if missing not in ("leave-out", "count"):
        raise ValueError(f"missing: expected leave-out or count, got {missing!r}")
    if not tables:
        raise ValueError("tables: expected at least one")
    stems = {name: _stems(name, picks) for name, picks in tables.items()}
    every = dict.fromkeys(own for names in stems.values() for own in names)
    lacking = {own: tuple(name for name, names in stems.items() if own not in names) for own in every}
    lacking = {own: names for own, names in lacking.items() if names}
    kept = tuple(own for own in every if missing == "count" or own not in lacking)
    if not kept:
        told = "; ".join(f"{name} is of {_some(names)}" for name, names in stems.items())
        raise ValueError(
            f"no micrograph is in every table, by the stems of their names: {told}; "
            "name the files of one micrograph after it"
        )
    number = {own: m for m, own in enumerate(kept)}
    circles, rows = {}, {}
    for name, picks in tables.items():
        micrograph = np.array([number.get(own, -1) for own in stems[name]], np.int64)[picks.index]
        circles[name], rows[name] = _grouped(name, picks, micrograph, len(kept), radius)
    return Aligned(kept, circles, rows, lacking)


def circles_of(picks: Picks, *, radius: float | None = None) -> tuple[Circles, Indices]:
    """Circles of one table, micrograph after micrograph.

    Parameters
    ----------
    picks : Picks
        N rows, in any order.
    radius : float, pixels, optional
        Of every circle; by default the table's own.

    Returns
    -------
    circles : Circles
        Of as many micrographs as the table names.
    rows : (N,) int64 array
        The row of the table that each circle comes from.

    Raises
    ------
    ValueError
        If the table holds no radius and none is given.

    Examples
    --------
    >>> circles, rows = circles_of(Picks([1, 2, 3], [5, 5, 5], micrographs=("a", "b"), index=[1, 0, 1]), radius=4)
    >>> circles, rows
    (Circles(3 circles, 2 micrographs), array([1, 0, 2]))
    """
    return _grouped("picks", picks, picks.index, len(picks.micrographs), radius)


def on_micrographs(
    name: str, picks: Picks, micrographs: Sequence[str], *, radius: float | None = None
) -> tuple[Circles, Indices]:
    """Circles of one table on the micrographs that are asked for, which are matched by their stems.

    Parameters
    ----------
    name : str
        Of the table, for messages.
    picks : Picks
        A micrograph that it does not name has none there; rows of others are left out.
    micrographs : sequence of str
        M names.
    radius : float, pixels, optional
        Of every circle; by default the table's own.

    Returns
    -------
    circles : Circles
        Of M micrographs.
    rows : int64 array
        The row of the table that each circle comes from.

    Raises
    ------
    ValueError
        If the table names none of the micrographs, two of one stem, or holds no radius and none is given.

    Examples
    --------
    >>> picks = Picks([1, 2, 3], [5, 5, 5], micrographs=("a.mrc", "b.mrc"), index=[1, 0, 1])
    >>> on_micrographs("picks", picks, ["b", "c"], radius=4)
    (Circles(2 circles, 2 micrographs), array([0, 2]))
    """
    own, wanted = _stems(name, picks), {stem(micrograph): m for m, micrograph in enumerate(micrographs)}
    if not own.keys() & wanted.keys():
        raise ValueError(
            f"{name}: of {_some(own)}, by the stems of their names, expected any of {_some(dict.fromkeys(wanted))}"
        )
    micrograph = np.array([wanted.get(each, -1) for each in own], np.int64)[picks.index]
    return _grouped(name, picks, micrograph, len(micrographs), radius)


def _stems(name: str, picks: Picks) -> dict[str, None]:
    stems = [stem(micrograph) for micrograph in picks.micrographs]
    twice = [own for own, next_ in zip(sorted(stems), sorted(stems)[1:], strict=False) if own == next_]
    if twice:
        raise ValueError(f"{name}: two micrographs have the stem {twice[0]!r}, so they can not be told apart")
    return dict.fromkeys(stems)


def _grouped(
    name: str, picks: Picks, micrograph: Indices, n_micrographs: int, radius: float | None
) -> tuple[Circles, Indices]:
    """Circles of the rows that are on a micrograph (0 or more), and these rows."""
    if radius is not None:
        picks = picks.with_radius(radius)
    elif picks.radius is None and len(picks):
        raise ValueError(f"{name}: hold no radius; give radius")
    order = np.argsort(micrograph, kind="stable")
    rows = order[micrograph[order] >= 0]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(micrograph[rows], minlength=n_micrographs))])
    centres = np.column_stack([picks.x, picks.y])[rows]
    if not len(picks):  # a file without any can not tell whether they would have had radii and scores: none lacks them
        return Circles(centres, np.zeros(0), np.zeros(0), indptr=indptr), rows
    scores = None if picks.score is None else picks.score[rows]
    return Circles(centres, np.asarray(picks.radius)[rows], scores, indptr=indptr), rows


def _some(names: Mapping[str, None]) -> str:
    told = ", ".join(list(names)[:TOLD])
    return f"{told} and {len(names) - TOLD} more" if len(names) > TOLD else told
