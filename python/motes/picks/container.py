"""Circles on micrographs: what every coordinate file is read into and written from."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motes.micrograph import SUFFIXES

if TYPE_CHECKING:
    from motes.io.star import StarBlock

FloatArray = NDArray[np.float64]
Rows = slice | NDArray[np.bool_] | NDArray[np.integer]


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Picks:
    """Particle positions on one or more micrographs, immutable.

    Pixel (x, y) is ``micrograph.data[y, x]``: x counts columns and y counts stored rows, both from 0, and whole
    numbers are the middles of pixels.

    Parameters
    ----------
    x, y : (N,) array-like, pixels
        Centres; finite.
    radius : (N,) array-like or number, pixels, optional
        Radius of each circle, above zero; half the width of its box. None where it is not known.
    score : (N,) array-like, optional
        How sure the picker was; finite. None where it is not known.
    micrographs : tuple of str
        Names of the micrographs, each once, also of those without picks. A file of one micrograph gives its own stem.
    index : (N,) integer array-like, optional
        Which of `micrographs` each pick is on; may be left out where there is one.
    extra : mapping of str to (N, ...) arrays
        Further columns of the file, kept as they are for writing the same format.
    blocks : tuple of StarBlock
        Other blocks of a STAR file, such as its optics, kept likewise.
    format : str
        Name of the format that `extra` and `blocks` belong to; empty for picks that come from no file.
    convention : str
        How the coordinates were read, in words.

    Raises
    ------
    TypeError
        If an array holds no real numbers.
    ValueError
        If lengths differ, a value is not finite, a radius is not above zero, or an index names no micrograph. The
        message names the argument and the row.

    Examples
    --------
    >>> picks = Picks([10, 30, 50], [20, 20, 25], radius=8, score=[0.9, 0.4, 0.8], micrographs=("grid1",))
    >>> picks
    <Picks: 3 on 1 micrograph, radius 8, scores 0.4 to 0.9>
    >>> picks[picks.score > 0.5].x
    array([10., 50.])
    """

    x: FloatArray
    y: FloatArray
    radius: FloatArray | None
    score: FloatArray | None
    micrographs: tuple[str, ...]
    index: NDArray[np.int64]
    extra: Mapping[str, NDArray[Any]]
    blocks: tuple[StarBlock, ...]
    format: str
    convention: str

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        radius: ArrayLike | None = None,
        score: ArrayLike | None = None,
        micrographs: Sequence[str] = ("",),
        index: ArrayLike | None = None,
        extra: Mapping[str, NDArray[Any]] | None = None,
        blocks: tuple[StarBlock, ...] = (),
        format: str = "",
        convention: str = "",
    ) -> None:
        set_ = object.__setattr__
        set_(self, "x", _column("x", x, None))
        n = self.x.size
        set_(self, "y", _column("y", y, n))
        set_(self, "radius", None if radius is None else _column("radius", radius, n, positive=True))
        set_(self, "score", None if score is None else _column("score", score, n))
        set_(self, "micrographs", _names(micrographs))
        set_(self, "index", _index(index, n, len(self.micrographs)))
        columns = {name: _frozen(np.array(values)) for name, values in (extra or {}).items()}
        for name, values in columns.items():
            if values.shape[:1] != (n,):
                raise ValueError(f"extra: column {name!r} of shape {values.shape}, expected {n} rows")
        set_(self, "extra", MappingProxyType(columns))
        set_(self, "blocks", tuple(blocks))
        set_(self, "format", format)
        set_(self, "convention", convention)

    def __len__(self) -> int:
        return self.x.size

    def __repr__(self) -> str:
        m = len(self.micrographs)
        told = [f"{len(self):,} on {m:,} micrograph{'' if m == 1 else 's'}"]
        for word, values in (("radius", self.radius), ("scores", self.score)):
            if values is not None and values.size:
                low, high = values.min(), values.max()
                told.append(f"{word} {low:.4g}" if low == high else f"{word} {low:.4g} to {high:.4g}")
        return f"<Picks: {', '.join(told)}>"

    def __eq__(self, other: object) -> bool:
        """Whether the circles, their scores, micrographs and further columns are the same, row by row."""
        if not isinstance(other, Picks):
            return NotImplemented
        return (
            self.micrographs == other.micrographs
            and all(_same(getattr(self, name), getattr(other, name)) for name in ("x", "y", "radius", "score", "index"))
            and self.extra.keys() == other.extra.keys()
            and all(_same(values, other.extra[name]) for name, values in self.extra.items())
        )

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, rows: Rows) -> Picks:
        """Some of the picks: a slice, a mask or row numbers; the micrographs stay."""
        if isinstance(rows, (int, np.integer)):
            raise TypeError("rows: expected a slice, a mask or an array of row numbers, got one number")
        extra = {name: values[rows] for name, values in self.extra.items()}
        return replace(
            self,
            x=self.x[rows],
            y=self.y[rows],
            radius=None if self.radius is None else self.radius[rows],
            score=None if self.score is None else self.score[rows],
            index=self.index[rows],
            extra=extra,
        )

    def by_micrograph(self) -> Iterator[tuple[str, Picks]]:
        """Each micrograph's name and its picks, in their order; also those without picks."""
        order = np.argsort(self.index, kind="stable")
        bounds = np.searchsorted(self.index[order], np.arange(len(self.micrographs) + 1))
        for i, name in enumerate(self.micrographs):
            part = self[order[bounds[i] : bounds[i + 1]]]
            yield name, replace(part, micrographs=(name,), index=np.zeros(len(part), np.int64))

    def with_radius(self, radius: ArrayLike) -> Picks:
        """The same picks with another radius, one number or (N,)."""
        return replace(self, radius=_column("radius", radius, len(self), positive=True))

    def scaled(self, factor: float) -> Picks:
        """Picks of an image that is `factor` times as large.

        Coordinates and radii are multiplied, as Topaz does on the way from a down-sampled image to the micrograph.
        """
        if not (np.isfinite(factor) and factor > 0):
            raise ValueError(f"factor: expected a finite number above 0, got {factor}")
        radius = None if self.radius is None else self.radius * factor
        return replace(self, x=self.x * factor, y=self.y * factor, radius=radius)

    @classmethod
    def concatenate(cls, parts: Sequence[Picks]) -> Picks:
        """Picks one after the other; those on micrographs of one name come together.

        Raises
        ------
        ValueError
            If some have radii or scores and others none.

        Warns
        -----
        UserWarning
            If further columns or blocks are left out because not all parts have the same.

        Examples
        --------
        >>> both = Picks.concatenate([Picks([1], [2], micrographs=("a",)), Picks([3], [4], micrographs=("b",))])
        >>> both.micrographs, both.index
        (('a', 'b'), array([0, 1]))
        """
        names = tuple(dict.fromkeys(name for part in parts for name in part.micrographs))
        number = {name: i for i, name in enumerate(names)}
        index = [np.array([number[name] for name in part.micrographs], np.int64)[part.index] for part in parts]
        full = [part for part in parts if len(part)] or list(parts[:1])
        if not full:
            raise ValueError("parts: expected at least one, got none")
        columns, blocks = _shared(full)
        return cls(
            np.concatenate([part.x for part in full]),
            np.concatenate([part.y for part in full]),
            radius=_joined("radius", full),
            score=_joined("score", full),
            micrographs=names,
            index=np.concatenate(index),
            extra={name: np.concatenate([part.extra[name] for part in full]) for name in columns},
            blocks=blocks,
            format=full[0].format if len({part.format for part in full}) == 1 else "",
            convention="; ".join(dict.fromkeys(part.convention for part in full)),
        )


def stem(name: str) -> str:
    """What names of one micrograph and its files have in common: no folder, no suffix of an image.

    Examples
    --------
    >>> stem("MotionCorr/job002/grid1_0.5A.mrc"), stem("grid1_0.5A")
    ('grid1_0.5A', 'grid1_0.5A')
    """
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in (*SUFFIXES, ".eer") else path.name


def _column(name: str, values: ArrayLike, n: int | None, *, positive: bool = False) -> FloatArray:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name}: expected real numbers, got {array.dtype}")
    if array.ndim == 0 and n is not None:
        array = np.full(n, array)
    if array.ndim != 1 or (n is not None and array.size != n):
        raise ValueError(f"{name}: expected shape ({'N' if n is None else n},), got {array.shape}")
    good = np.isfinite(array) & ((array > 0) if positive else True)
    if not good.all():
        row = int(np.argmin(good))
        raise ValueError(f"{name}: {array[row]} at row {row}, expected a {'positive' if positive else 'finite'} number")
    return _frozen(np.array(array, np.float64))


def _index(index: ArrayLike | None, n: int, n_names: int) -> NDArray[np.int64]:
    if index is None:
        if n_names != 1:
            raise ValueError(f"index: needed with {n_names} micrographs")
        return _frozen(np.zeros(n, np.int64))
    array = np.asarray(index)
    if array.dtype.kind not in "iu":
        raise TypeError(f"index: expected integers, got {array.dtype}")
    if array.shape != (n,):
        raise ValueError(f"index: expected shape ({n},), got {array.shape}")
    bad = (array < 0) | (array >= n_names)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"index: {array[row]} at row {row}, expected 0 to {n_names - 1}")
    return _frozen(array.astype(np.int64))


def _names(names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"micrographs: expected a tuple of names, got {names!r:.80}")
    if len(set(names)) < len(names):
        raise ValueError("micrographs: a name comes twice")
    return tuple(str(name) for name in names)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


def _same(a: NDArray[Any] | None, b: NDArray[Any] | None) -> bool:
    return a is b or (a is not None and b is not None and np.array_equal(a, b))


def _joined(name: str, parts: Sequence[Picks]) -> FloatArray | None:
    columns: list[FloatArray | None] = [getattr(part, name) for part in parts]
    have = [column for column in columns if column is not None]
    if have and len(have) < len(columns):
        without = next(part for part, column in zip(parts, columns, strict=True) if column is None)
        raise ValueError(f"{name}: some picks have one, but those on {without.micrographs[0]!r} have none")
    return np.concatenate(have) if have else None


def _shared(parts: Sequence[Picks]) -> tuple[list[str], tuple[StarBlock, ...]]:
    """Columns and blocks that all parts have; a warning names what is left out."""
    first = parts[0]
    one_format = len({part.format for part in parts}) == 1
    shared = [name for name in first.extra if one_format and all(name in part.extra for part in parts)]
    lost = sorted({name for part in parts for name in part.extra} - set(shared))

    def content(part: Picks) -> list[tuple[str, bool, object]]:
        return [(block.name, block.loop, dict(block.columns)) for block in part.blocks]

    same = one_format and all(content(part) == content(first) for part in parts[1:])
    if not same and any(part.blocks for part in parts):
        lost.append("blocks beside the picks")
    if lost:
        warnings.warn(f"left out, because not all files have the same: {', '.join(lost)}", UserWarning, stacklevel=3)
    return shared, first.blocks if same else ()
