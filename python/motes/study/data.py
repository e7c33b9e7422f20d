"""Micrographs with all of their particles: what a study learns from and is measured on."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motes.checks import positive
from motes.circles import Circles
from motes.errors import FormatError, did_you_mean
from motes.micrograph import Micrograph, images_of, read_micrograph
from motes.pickers import Labelled
from motes.pickers.preparation import fault
from motes.picks import Picks, files_of, format_of, read_picks, stem, write_picks
from motes.study.sources import CryoPPPData, Data, FolderData, SampleData, SimulatedData

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 3  # to learn from, to validate on, to test on
TRUTH = "particles.star"
TOLD = 3  # names in a message


@dataclass(frozen=True, eq=False, repr=False)
class DataSet:
    """M micrographs in files, and their particles.

    Attributes
    ----------
    name : str
        What it is, in a few words.
    paths : tuple of pathlib.Path
        M files, in the order of their names.
    truth : Circles
        Particles of the M micrographs, all of radius `diameter / 2`.
    diameter : float, pixels
        Of a particle.
    """

    name: str
    paths: tuple[Path, ...]
    truth: Circles
    diameter: float

    @property
    def names(self) -> tuple[str, ...]:
        """M stems."""
        return tuple(path.stem for path in self.paths)

    def micrographs(self, which: Iterable[int]) -> list[Micrograph]:
        """Some of them; a process reads each once."""
        return [_opened(self.paths[m]) for m in which]

    def particles(self, which: Sequence[int]) -> tuple[Circles, NDArray[np.int64]]:
        """Particles of some micrographs, in their order, and which of all particles these are."""
        rows = [np.arange(self.truth.indptr[m], self.truth.indptr[m + 1]) for m in which]
        numbers = np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)
        indptr = np.cumsum([0, *(len(part) for part in rows)])
        return Circles(self.truth.centres[numbers], self.truth.radii[numbers], indptr=indptr), numbers

    def fingerprint(self) -> str:
        """Of names, pixels and particles: other data have another. It reads every micrograph."""
        told = sha256(repr([(path.name, read_micrograph(path).fingerprint()) for path in self.paths]).encode())
        for array in (self.truth.centres, self.truth.radii, self.truth.indptr):
            told.update(np.ascontiguousarray(array).tobytes())
        return told.hexdigest()[:16]

    def __repr__(self) -> str:
        n, m = len(self.truth), len(self.paths)
        return f"<DataSet {self.name}: {n:,} particles of {self.diameter:g} pixels on {m:,} micrographs>"


@lru_cache(maxsize=128)
def _opened(path: Path) -> Micrograph:
    return read_micrograph(path)


def load_data(data: Data, folder: str | os.PathLike[str]) -> DataSet:
    """Find a study's micrographs and particles, or make them.

    Parameters
    ----------
    data : FolderData, CryoPPPData, SimulatedData or SampleData
        Which.
    folder : path
        Where micrographs that are made are kept; those that are there are used again.

    Returns
    -------
    DataSet

    Raises
    ------
    ValueError
        If there are fewer than three micrographs with particles, or nothing tells a diameter; if a micrograph is blank
        or not finite, or a particle lies outside of it.
    FormatError, OSError
        If a file can not be read.
    """
    place = Path(folder)
    if isinstance(data, FolderData):
        found = _of_folder(data, Path(data.micrographs), Path(data.truth), data.truth_format)
    elif isinstance(data, CryoPPPData):
        found = _of_cryoppp(data)
    elif isinstance(data, SimulatedData):
        found = _simulated(data, place)
    else:
        found = _tiles(data, place / f"sample-{data.tiles}")
    _check(found)
    return found


def _check(data: DataSet) -> None:
    """What a picker would refuse amid a run is refused before the work; one micrograph at a time is held."""
    for m, path in enumerate(data.paths):
        micrograph = read_micrograph(path)
        Labelled([micrograph], data.particles((m,))[0])  # refuses particles outside
        if why := fault(micrograph):
            raise ValueError(f"{path}: {why}")


def _of_folder(data: FolderData | CryoPPPData, micrographs: Path, truth: Path, truth_format: str | None) -> DataSet:
    images = images_of(micrographs)
    picks = _turned(truth, truth_format, images) if data.flip_y else read_picks(truth, truth_format)
    home = micrographs.resolve()
    name = home.parent.name if home.name.lower() == "micrographs" else home.name  # the folder of all, or of the images
    diameter = data.diameter
    if diameter is None and picks.radius is None:
        diameter = _simulated_diameter(home)
    return aligned(name, images, picks, diameter, limit=data.limit)


def _simulated_diameter(folder: Path) -> float | None:
    """What `motes simulate micrographs` says of the particles in its own folder, pixels; None in other folders."""
    from motes.simulate.cryoem.writing import DESCRIPTION

    told = folder / DESCRIPTION
    if not told.is_file():
        return None
    try:
        return positive("diameter", json.loads(told.read_text(encoding="utf-8"))["diameter"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FormatError(f"{told}: no diameter of particles as motes simulate micrographs writes it") from error


def _turned(truth: Path, truth_format: str | None, images: Mapping[str, Path]) -> Picks:
    """Particles with y counted from the other end, on each micrograph in its own height."""
    heights = {name: float(read_micrograph(path).shape[0]) for name, path in images.items()}
    highest = max(heights.values())
    picks = read_picks(truth, truth_format, flip_y=True, height=highest)
    origins = {format_of(file, truth_format).origin for file in files_of(truth, truth_format)}
    if len(origins) > 1:
        raise ValueError(f"{truth}: tables that count y from the top, and from the bottom; name data.truth_format")
    if origins == {"bottom"}:  # turned over, it counts from the top, and no height is in it
        return picks
    # A reader knows one height, and a flip is that less y: what it is too high for a micrograph comes off.
    excess = np.array([highest - heights.get(stem(name), highest) for name in picks.micrographs])[picks.index]
    turned = replace(picks, y=picks.y - excess)
    outside = turned.y < -1  # by corners or by centres makes a pixel
    if outside.any():
        name = stem(picks.micrographs[picks.index[np.argmax(outside)]])
        raise FormatError(
            f"{truth}: {name}: a particle is at y = {turned.y[outside][0]:g} in stored rows: the height of its "
            f"micrograph is not {heights[name]:g}"
        )
    return replace(turned, y=np.maximum(turned.y, -0.5))  # the edge of the first row


def _of_cryoppp(data: CryoPPPData) -> DataSet:
    """``micrographs`` and ``ground_truth/particle_coordinates`` of a data set's folder."""
    if not data.folder:
        raise ValueError("data.folder: needed, the folder of a CryoPPP data set; from the command line --data DIR")
    home = Path(data.folder)
    if not home.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(home))
    tables = home / "ground_truth" / "particle_coordinates"
    for place in (home / "micrographs", tables):
        if not place.is_dir():
            raise ValueError(f"{home}: no {place.relative_to(home)} in it, as a CryoPPP data set has")
    return _of_folder(data, home / "micrographs", tables, "cryoppp")


def aligned(
    name: str, images: Mapping[str, Path], picks: Picks, diameter: float | None, *, limit: int | None = None
) -> DataSet:
    """The first micrographs, with their particles by their stems; what has no counterpart is told and left out."""
    tables: dict[str, Picks] = {}
    for micrograph, part in picks.by_micrograph():
        if stem(micrograph) in tables:
            raise ValueError(f"data: two tables of particles for {stem(micrograph)}, expected one; {micrograph} is one")
        tables[stem(micrograph)] = part
    astray = [table for table in tables if table not in images]
    images = dict(islice(images.items(), limit))
    both = [image for image in images if image in tables]
    lacking = [image for image in images if image not in tables]
    if len(both) < FEWEST:
        raise ValueError(
            f"data: {len(both)} of {len(images)} micrographs have a table of particles by their stems, expected "
            f"{FEWEST} or more: to learn from, to validate on and to test on"
        )
    for what, left in (("table of particles", lacking), ("micrograph", astray)):
        if left:
            told = ", ".join(left[:TOLD]) + (f" and {len(left) - TOLD} more" if len(left) > TOLD else "")
            warnings.warn(f"data: no {what} for {told}: left out", UserWarning, stacklevel=2)
    if diameter is None:
        known = [part.radius for part in tables.values() if part.radius is not None and len(part)]
        if not known:
            raise ValueError("data.diameter: needed, under [data] of the configuration, for the truth holds none")
        diameter = 2 * float(np.median(np.concatenate(known)))
    parts = [tables[image] for image in both]
    centres = np.concatenate([np.column_stack([part.x, part.y]) for part in parts])
    indptr = np.cumsum([0, *map(len, parts)])
    if not len(centres):
        raise ValueError("data: the truth holds no particle")
    return DataSet(
        name, tuple(images[image] for image in both), Circles(centres, diameter / 2, indptr=indptr), diameter
    )


def _simulated(data: SimulatedData, folder: Path) -> DataSet:
    """Drawn once; each file is there whole or not at all, and the particles are written last."""
    from motes.simulate import PRESETS, micrographs

    if data.preset not in PRESETS:
        raise ValueError(f"data.preset: {data.preset!r}{did_you_mean(data.preset, PRESETS)}")
    try:
        drawn = micrographs(data.preset, data.n, data.seed, **data.options)
    except TypeError as error:
        raise ValueError(f"data.options: {error}") from error
    told = sha256(repr((drawn.settings, data.seed)).encode()).hexdigest()[:8]
    home = folder / f"{data.preset}-{told}"
    home.mkdir(parents=True, exist_ok=True)
    truth = home / TRUTH
    if not truth.exists():
        parts = []
        for one in drawn:
            _write_image(home / f"{one.name}.tif", one.data)
            x, y = one.particles.centres.T
            parts.append(Picks(x, y, micrographs=(one.name,)))
        write_picks(truth, Picks.concatenate(parts))
    return aligned(f"simulated, {data.preset}", images_of(home), read_picks(truth), drawn.diameter)


def _tiles(data: SampleData, folder: Path) -> DataSet:
    """The micrograph of the package without its padding, cut up; a particle belongs to the tile of its centre."""
    from motes import sample

    whole = sample.load()
    down, across = 24, 30  # padding, rows and columns
    image = whole.micrograph.data[down:-down, across:-across]
    rows, columns = (side // data.tiles for side in image.shape)
    truth = whole.particles
    folder.mkdir(parents=True, exist_ok=True)
    x, y = truth.x - across, truth.y - down
    images, parts = {}, []
    for i in range(data.tiles):
        for j in range(data.tiles):
            name = f"tile_{i}{j}"
            images[name] = folder / f"{name}.tif"
            tile = image[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns]
            _write_image(images[name], tile)
            own_x, own_y = x - j * columns, y - i * rows
            inside = (own_x > -0.5) & (own_x < columns - 0.5) & (own_y > -0.5) & (own_y < rows - 0.5)
            parts.append(Picks(own_x[inside], own_y[inside], micrographs=(name,)))
    assert truth.radius is not None
    return aligned("sample", images, Picks.concatenate(parts), 2 * float(truth.radius[0]))


def _write_image(path: Path, image: NDArray[Any]) -> None:
    """As TIFF that can be mapped, whole or not at all."""
    from PIL import Image

    from motes.io.atomic import atomic_path

    if not path.exists():
        with atomic_path(path) as temporary:
            Image.fromarray(np.ascontiguousarray(image)).save(temporary, format="TIFF")
