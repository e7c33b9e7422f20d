"""Cut particles out of micrographs into one normalised stack, with its STAR file."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motes.checks import one_of, positive, whole
from motes.io.atomic import atomic_path
from motes.io.mrc import Section, StackWriter
from motes.io.star import write_star
from motes.micrograph import SUFFIXES, read_micrograph
from motes.particles import metadata
from motes.particles.images import Cutter, nearest
from motes.particles.metadata import Optics
from motes.picks import Picks
from motes.picks.container import stem
from motes.threads import available_threads

BACKGROUND = 0.375  # radius over box: RELION's default, a circle of 75% of the box
CHUNK_BYTES = 2**21  # of images that are made, and written, at once
AHEAD = 8  # chunks a thread, that are made before they are written
_SYNC = getattr(os, "fdatasync", os.fsync)  # there is no fdatasync on macOS and Windows
SAME = 1e-3  # relative: pixel sizes that differ by less are one

Edge = Literal["drop", "pad"]
Centring = Literal["nearest", "shift"]


@dataclass(frozen=True, eq=False)
class Extraction:
    """What became of the picks.

    Attributes
    ----------
    stack, star : Path
        The images and their table.
    n : int
        Particles in the stack.
    side : int
        Pixels along a side of each image.
    pixel_size : float
        Of the images, angstrom.
    n_picks : int
        Picks that came.
    at_edge : int
        Dropped because their box is not wholly on the micrograph; with padding, because their centre is not.
    flat : int
        Dropped because their background is one number all over.
    missing : tuple of str
        Micrographs of picks that there is no image of; their picks are dropped.
    lacking : tuple of str
        What RELION asks for that nobody told: columns of the optics, or of the CTF.
    rows : (n,) int64 array
        The rows of the picks that are in the stack, in its order.
    overruled : dict of Path to float
        Micrographs that tell another size of a pixel than was asked for, and what they tell, angstrom.
    """

    stack: Path
    star: Path
    n: int
    side: int
    pixel_size: float
    n_picks: int
    at_edge: int
    flat: int
    missing: tuple[str, ...]
    lacking: tuple[str, ...]
    rows: NDArray[np.int64] = field(repr=False)
    overruled: dict[Path, float] = field(default_factory=dict, repr=False)


def extract(
    picks: Picks,
    micrographs: Mapping[str, str | os.PathLike[str]],
    stack: str | os.PathLike[str],
    *,
    box: int,
    background: float | None = None,
    ramp: bool = True,
    invert: bool = False,
    downsample: int | None = None,
    centring: Centring = "nearest",
    edge: Edge = "drop",
    pixel_size: float | None = None,
    optics: Optics | None = None,
    ctf: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    follow: Callable[[Sequence[Any]], Iterable[Any]] = iter,
) -> Extraction:
    """Write the particles of picks as a stack (MRCS) and a table (STAR, RELION 3.1) beside it.

    Each image is a square whose pixel (box / 2, box / 2) is the pixel of the micrograph that is nearest to the pick's
    centre (halves go up); it is normalised as RELION does: a plane fitted to the background, all that is further than
    `background` from the middle, is subtracted, and the image divided by the background's standard deviation.
    What rounding the centre left over is in rlnOriginX/YAngst, which RELION subtracts:
    rlnCoordinate - rlnOriginAngst / pixel size is the pick's centre. Scores become rlnAutopickFigureOfMerit, further
    columns of a STAR file stay.

    One micrograph is held at a time, and what is written is written whole or not at all.

    Parameters
    ----------
    picks : Picks
        Origins that they already have (rlnOriginX/YAngst) move their centres.
    micrographs : mapping of str to path
        Images by stem.
    stack : path
        Ends in ``.mrcs``; the table gets the same name with ``.star``, and names the stack as it is given here.
    box : int, pixels
        Side of the squares; even.
    background : float, pixels, optional
        Radius of what is not background, in pixels of the micrograph; by default 0.375 box.
    ramp : bool
        False: subtract the background's mean, not a plane.
    invert : bool
        Change the sign: particles that are dark on the micrograph become bright, as refinement programs want them.
    downsample : int, pixels, optional
        Side of the images in the stack, by cutting their transforms down; even.
    centring : {"nearest", "shift"}
        "shift" moves each image by the fraction of a pixel in Fourier space, and leaves no origin over.
    edge : {"drop", "pad"}
        Of picks whose box is not wholly on the micrograph: left out, or the nearest pixels repeated (as RELION does).
        Those whose centre is not on it are left out in either case.
    pixel_size : float, angstrom, optional
        Of the micrographs; by default what the picks' optics groups tell, or else the micrographs.
    optics : Optics, optional
        Voltage, spherical aberration, amplitude contrast, instead of what the picks' file has.
    ctf : path, optional
        A STAR file of micrographs with their defocus (micrographs_ctf.star), for picks that hold none.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.
    follow : callable
        Given the list of micrographs, gives them back one by one: for a progress bar.

    Returns
    -------
    Extraction

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, the stack or its table would overwrite what is read, pixel sizes are unknown
        or differ, no particle is left, or a pixel is not finite. The message names the argument or the file.
    OSError
        If a file can not be read or written.

    References
    ----------
    RELION's conventions: https://relion.readthedocs.io/en/latest/Reference/Conventions.html

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image as Picture
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     noise = np.random.default_rng(0).standard_normal((60, 80)).astype(np.float32)
    ...     Picture.fromarray(noise).save(Path(folder, "grid1.tif"))
    ...     picks = Picks([30, 40.4, 79], [30, 20.2, 30], micrographs=("grid1",))
    ...     files = {"grid1": Path(folder, "grid1.tif")}
    ...     result = extract(picks, files, Path(folder, "particles.mrcs"), box=16, pixel_size=1.5)
    >>> result.n, result.at_edge
    (2, 1)
    """
    path = Path(stack)
    if path.suffix != ".mrcs":
        raise ValueError(f"stack: expected a name that ends in .mrcs, got {path}")
    refuse_inputs(path, [*micrographs.values(), *([] if ctf is None else [ctf])])
    cutter = _cutter(box, background, ramp, invert, downsample, centring, edge)
    files, missing = _matched(picks, micrographs)
    picks = picks if ctf is None else metadata.with_ctf(picks, ctf)
    size = _pixel_size(picks, pixel_size, next(iter(files.values())))
    image_size = size * cutter.box / cutter.side
    centres = metadata.centres(picks, size)
    star = path.with_suffix(".star")
    with atomic_path(star) as table, atomic_path(path) as images, images.open("wb") as file:
        writer = StackWriter(file, (cutter.side, cutter.side), image_size)
        done: list[_Done] = []
        synced: list[Future[None]] = []
        overruled: dict[Path, float] = {}
        workers = available_threads(threads)
        with ThreadPoolExecutor(workers) as pool, ThreadPoolExecutor(1) as disk:
            for m, rows in follow(_rows(picks, files)):
                done.append(_of_micrograph(writer, pool, AHEAD * workers, cutter, files[m], rows, centres))
                if (tells := done[-1].pixel_size) is not None and abs(tells - size) > SAME * size:
                    if pixel_size is None:
                        raise ValueError(
                            f"{files[m]}: {tells:g} angstrom a pixel, expected {size:g}; pixel_size says which it is"
                        )
                    overruled[files[m]] = tells
                synced.append(disk.submit(_SYNC, file.fileno()))  # while more is made, and not only at the end
            for future in synced:  # an error of the disk may be told once only
                future.result()
        rows = np.concatenate([each.rows for each in done])
        at_edge, flat = (sum(getattr(each, name) for each in done) for name in ("at_edge", "flat"))
        if not rows.size:
            counted = f"{at_edge} at an edge, {flat} with a flat background"
            raise ValueError(f"picks: none of {len(picks)} is left, {counted}")
        writer.close()
        kept = picks[rows]
        own = [values[rows] for values in centres]
        places = own if cutter.shift else [nearest(values).astype(np.float64) for values in own]
        blocks = metadata.blocks_of(
            kept,
            [_name_of(picks.micrographs[m], files[m]) for m in kept.index.tolist()],
            os.fspath(stack),
            places=places,
            origins=[(place - values) * size for place, values in zip(places, own, strict=True)],
            pixel_size=size,
            image_size=cutter.side,
            image_pixel_size=image_size,
            optics=optics or Optics(),
        )
        write_star(table, blocks, version="30001")
    lacking = tuple(metadata.lacking(kept, optics or Optics()))
    return Extraction(
        path, star, rows.size, cutter.side, image_size, len(picks), at_edge, flat, missing, lacking, rows, overruled
    )


def refuse_inputs(stack: Path, files: Iterable[str | os.PathLike[str]]) -> None:
    """Refuse a stack that would overwrite one of these files, or whose table would."""
    targets = {stack.resolve(): "it", stack.with_suffix(".star").resolve(): "its table"}
    for file in files:
        if target := targets.get(Path(file).resolve()):
            raise ValueError(f"stack: {stack}: {target} would overwrite {os.fspath(file)}, which is read")


def _cutter(
    box: int, background: float | None, ramp: bool, invert: bool, downsample: int | None, centring: str, edge: str
) -> Cutter:
    """How images are made, once every number is one that it can be."""
    sides = {"box": whole("box", box, 4), "downsample": whole("downsample", downsample or box, 4)}
    for name, side in sides.items():
        if side % 2:
            raise ValueError(f"{name}: expected an even number, as RELION asks for, got {side}")
    if sides["downsample"] > sides["box"]:
        raise ValueError(f"downsample: expected at most the box, {sides['box']}, got {sides['downsample']}")
    radius = BACKGROUND * box if background is None else positive("background", background)
    if radius > box / 2:
        raise ValueError(f"background: expected at most half the box, {box / 2:g}, got {radius:g}")
    return Cutter(
        box,
        sides["downsample"],
        radius,
        ramp=ramp,
        invert=invert,
        pad=one_of("edge", edge, ("drop", "pad")) == "pad",
        shift=one_of("centring", centring, ("nearest", "shift")) == "shift",
    )


def _matched(
    picks: Picks, micrographs: Mapping[str, str | os.PathLike[str]]
) -> tuple[dict[int, Path], tuple[str, ...]]:
    """The image of each micrograph of the picks, by its number, and the names of those that have none."""
    found: dict[int, Path] = {}
    missing = []
    names: dict[str, str] = {}
    for m in np.unique(picks.index).tolist():
        name = picks.micrographs[m]
        if stem(name) in names:
            raise ValueError(f"picks: {names[stem(name)]} and {name} have one stem, so no image is that of one of them")
        names[stem(name)] = name
        if stem(name) in micrographs:
            found[m] = Path(micrographs[stem(name)])
        else:
            missing.append(name)
    if not found:
        known = f"such as {missing[0]}" if missing else "for there are no picks"
        raise ValueError(f"micrographs: none is that of any pick, by its stem, {known}")
    return found, tuple(missing)


def _pixel_size(picks: Picks, asked: float | None, first: Path) -> float:
    if asked is not None:
        return positive("pixel_size", asked)
    size = metadata.pixel_size_of(picks) or read_micrograph(first).pixel_size
    if size is None:
        raise ValueError(f"pixel_size: needed, neither the picks nor {first} tell it")
    return size


def _rows(picks: Picks, files: Mapping[int, Path]) -> list[tuple[int, NDArray[np.int64]]]:
    """Each micrograph that there is an image of, and its picks."""
    order = np.argsort(picks.index, kind="stable")
    bounds = np.searchsorted(picks.index[order], np.arange(len(picks.micrographs) + 1))
    return [(m, order[bounds[m] : bounds[m + 1]]) for m in files]


@dataclass(frozen=True)
class _Done:
    """What became of one micrograph's picks: those that were written, and how many were not; the pixels it tells."""

    rows: NDArray[np.int64]
    at_edge: int
    flat: int
    pixel_size: float | None


def _of_micrograph(
    writer: StackWriter,
    pool: ThreadPoolExecutor,
    ahead: int,
    cutter: Cutter,
    file: Path,
    rows: NDArray[np.int64],
    centres: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> _Done:
    """Write the images of one micrograph; while some are written, the next ones are made."""
    micrograph = read_micrograph(file)
    places = np.stack([values[rows] for values in centres], axis=1)
    within = np.flatnonzero(cutter.inside(places, micrograph.shape))
    chunk = max(1, CHUNK_BYTES // (4 * cutter.side**2))
    waiting: deque[Future[tuple[Section, list[bool]]]] = deque()
    made: list[bool] = []
    try:
        for i in range(0, within.size, chunk):
            waiting.append(pool.submit(cutter, micrograph.data, places[within[i : i + chunk]]))
            if len(waiting) > ahead:
                made += _append(writer, waiting.popleft())
        for future in waiting:
            made += _append(writer, future)
    except FloatingPointError as error:
        raise ValueError(f"{file}: {error}") from None
    finally:
        for future in waiting:
            future.cancel()
    kept = rows[within[np.array(made, bool)]]
    return _Done(kept, rows.size - within.size, within.size - kept.size, micrograph.pixel_size)


def _append(writer: StackWriter, future: Future[tuple[Section, list[bool]]]) -> list[bool]:
    """Write images as soon as they are made; which there are."""
    section, made = future.result()
    writer.append(section)
    return made


def _name_of(name: str, file: Path) -> str:
    """The micrograph as the picks name it, or its file where they know the stem alone."""
    return name if "/" in name or Path(name).suffix.lower() in SUFFIXES else str(file)
