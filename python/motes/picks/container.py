"""Circles on micrographs: what every coordinate file is read into and written from."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motes.arrays import kept
from motes.foreign import array_of
from motes.micrograph import SUFFIXES

if TYPE_CHECKING:
    from motes.io.star import StarBlock

FloatArray = NDArray[np.float64]
Rows = slice | NDArray[np.bool_] | NDArray[np.integer]

OPTIONAL = ("radius", "score", "box_size", "image_shape")
# Further columns that scale with the image, and with which power: crYOLO's estimates of a particle's size, RELION's
# shifts in pixels, and how large a pixel is.
POWERS = {
    **dict.fromkeys(("EstWidth", "EstHeight", "rlnOriginX", "rlnOriginY"), 1),
    **dict.fromkeys(("rlnMicrographPixelSize", "location/micrograph_psize_A"), -1),
}


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
    box_size : (N, 2) array-like, pixels, optional
        Width and height of the boxes, where some are no squares; the radius is half the smaller. None for squares.
    image_shape : (N, 2) array-like, pixels, optional
        Rows and columns of the micrograph that each pick is on. None where they are not known.
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
    box_size: FloatArray | None
    image_shape: FloatArray | None
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
        box_size: ArrayLike | None = None,
        image_shape: ArrayLike | None = None,
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
        set_(self, "box_size", None if box_size is None else _pairs("box_size", box_size, n))
        set_(self, "image_shape", None if image_shape is None else _pairs("image_shape", image_shape, n))
        columns = {name: _own(array_of(f"extra: column {name!r}", values)) for name, values in (extra or {}).items()}
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
        """Whether circles, boxes, scores, micrographs and further columns are the same, row by row."""
        if not isinstance(other, Picks):
            return NotImplemented
        return (
            self.micrographs == other.micrographs
            and all(_same(getattr(self, name), getattr(other, name)) for name in ("x", "y", "index", *OPTIONAL))
            and self.extra.keys() == other.extra.keys()
            and all(_same(values, other.extra[name]) for name, values in self.extra.items())
        )

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, rows: Rows) -> Picks:
        """Some of the picks: a slice, a mask or row numbers; the micrographs stay."""
        if isinstance(rows, (int, np.integer)):
            raise TypeError("rows: expected a slice, a mask or an array of row numbers, got one number")
        return replace(self, **self._rows(rows), index=self.index[rows])

    def _rows(self, rows: Rows) -> dict[str, Any]:
        """Some rows of every column but the index."""
        columns = {name: getattr(self, name) for name in ("x", "y", *OPTIONAL)}
        some = {name: None if values is None else values[rows] for name, values in columns.items()}
        return {**some, "extra": {name: values[rows] for name, values in self.extra.items()}}

    def by_micrograph(self) -> Iterator[tuple[str, Picks]]:
        """Each micrograph's name and its picks, in their order; also those without picks."""
        order = np.argsort(self.index, kind="stable")
        bounds = np.searchsorted(self.index[order], np.arange(len(self.micrographs) + 1))
        for i, name in enumerate(self.micrographs):
            rows = order[bounds[i] : bounds[i + 1]]
            # In one step: parts that still named all micrographs would make this quadratic in their number.
            yield name, replace(self, **self._rows(rows), micrographs=(name,), index=np.zeros(rows.size, np.int64))

    def with_radius(self, radius: ArrayLike) -> Picks:
        """The same picks with another radius, one number or (N,); boxes become squares around the new circles."""
        return replace(self, radius=_column("radius", radius, len(self), positive=True), box_size=None)

    def scaled(self, factor: float) -> Picks:
        """Picks of an image that is `factor` times as large.

        Coordinates, radii, boxes and the image's own shape are multiplied, as Topaz does on the way from a
        down-sampled image to the micrograph; so are further columns that are known to hold lengths in pixels.
        """
        if not (np.isfinite(factor) and factor > 0):
            raise ValueError(f"factor: expected a finite number above 0, got {factor}")
        lengths = {name: getattr(self, name) for name in ("x", "y", "radius", "box_size", "image_shape")}
        scaled: dict[str, Any] = {name: None if column is None else column * factor for name, column in lengths.items()}
        extra = {name: _times(column, factor ** POWERS.get(name, 0)) for name, column in self.extra.items()}
        return replace(self, **scaled, extra=extra)

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
        columns, shapes, blocks = _shared(full)
        return cls(
            np.concatenate([part.x for part in full]),
            np.concatenate([part.y for part in full]),
            radius=_joined("radius", full),
            score=_joined("score", full),
            micrographs=names,
            index=np.concatenate(index),
            box_size=_joined_boxes(full),
            image_shape=_joined("image_shape", full) if shapes else None,
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
    array = array_of(name, values)
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
    return _own(array, np.float64)


def _times(values: NDArray[Any], factor: float) -> NDArray[Any]:
    """Numbers, or texts that are numbers, times a factor; other texts, as <NA>, as they are."""
    if factor == 1:
        return values
    if values.dtype.kind in "iuf":
        return np.asarray(values * factor, values.dtype if values.dtype.kind == "f" else np.float64)
    scaled = values.copy()
    for i, text in enumerate(values.tolist()):
        with suppress(TypeError, ValueError):
            scaled[i] = repr(float(text) * factor)
    return scaled


def _pairs(name: str, values: ArrayLike, n: int) -> FloatArray:
    array = array_of(name, values)
    if array.shape != (n, 2):
        raise ValueError(f"{name}: expected shape ({n}, 2), got {array.shape}")
    return _frozen(np.stack([_column(name, side, n, positive=True) for side in array.T], axis=1))


def _index(index: ArrayLike | None, n: int, n_names: int) -> NDArray[np.int64]:
    if index is None:
        if n_names != 1:
            raise ValueError(f"index: needed with {n_names} micrographs")
        return _frozen(np.zeros(n, np.int64))
    array = array_of("index", index)
    if array.dtype.kind not in "iu":
        raise TypeError(f"index: expected integers, got {array.dtype}")
    if array.shape != (n,):
        raise ValueError(f"index: expected shape ({n},), got {array.shape}")
    bad = (array < 0) | (array >= n_names)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"index: {array[row]} at row {row}, expected 0 to {n_names - 1}")
    return _own(array, np.int64)


def _names(names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"micrographs: expected a tuple of names, got {names!r:.80}")
    if len(set(names)) < len(names):
        raise ValueError("micrographs: a name comes twice")
    return tuple(str(name) for name in names)


def _own(values: NDArray[Any], dtype: type[np.generic] | None = None) -> NDArray[Any]:
    """Of this type, and nobody's to change: a copy, unless it is so already."""
    array = np.asarray(values, dtype, order="C")
    return _frozen(kept(array) if array is values else array)


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


def _joined_boxes(parts: Sequence[Picks]) -> FloatArray | None:
    """Sizes of boxes, where any part has some that are no squares."""
    if all(part.box_size is None for part in parts):
        return None
    sizes = []
    for part in parts:
        if part.box_size is not None:
            sizes.append(part.box_size)
        elif part.radius is not None:
            sizes.append(np.repeat(2 * part.radius[:, None], 2, axis=1))
        else:
            raise ValueError(f"box_size: some picks have one, but those on {part.micrographs[0]!r} have no size")
    return np.concatenate(sizes)


def _shared(parts: Sequence[Picks]) -> tuple[list[str], bool, tuple[StarBlock, ...]]:
    """Columns that all parts have, whether all have shapes, and their blocks; a warning names what is left out."""
    first = parts[0]
    one_format = len({part.format for part in parts}) == 1
    shared = [name for name in first.extra if one_format and all(name in part.extra for part in parts)]
    lost = sorted({name for part in parts for name in part.extra} - set(shared))
    shapes = all(part.image_shape is not None for part in parts)
    if not shapes and any(part.image_shape is not None for part in parts):
        lost.append("shapes of the micrographs")

    def content(part: Picks) -> list[tuple[str, bool, object]]:
        return [(block.name, block.loop, dict(block.columns)) for block in part.blocks]

    same = one_format and all(content(part) == content(first) for part in parts[1:])
    if not same and any(part.blocks for part in parts):
        lost.append("blocks beside the picks")
    if lost:
        warnings.warn(f"left out, because not all files have the same: {', '.join(lost)}", UserWarning, stacklevel=3)
    return shared, shapes, first.blocks if same else ()
