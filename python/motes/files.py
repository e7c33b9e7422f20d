"""Photon patterns from files and to files, and what a file holds."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import isqrt
from pathlib import Path

from motes.advice import OWN_DATA, of_arrays, of_table
from motes.blocks import patterns_of_raw, raw_of
from motes.errors import FormatError
from motes.io.challenge import FLAT_TASKS, PAIRS_SHAPE, PAIRS_TASKS, read_challenge, tasks, write_challenge
from motes.io.csr import is_csr, read_csr, write_csr
from motes.io.emc import read_emc, write_emc
from motes.io.h5 import MAGIC as H5_MAGIC
from motes.io.h5 import read_h5, write_h5
from motes.io.npy import MAGIC as NPY_MAGIC
from motes.io.npy import NpyHeader, npy_header, read_npy, write_npy
from motes.io.npz import MAGIC as ZIP_MAGIC
from motes.io.npz import Archive, open_archive
from motes.io.raw import MAX_COUNT, PatternBlocks, RawPatterns
from motes.io.source import open_file
from motes.patterns import Patterns, check_patterns
from motes.shapes import Shape, check_shape
from motes.stored import SUFFIX as STORE_SUFFIX
from motes.stored import StoredPatterns, is_store, open_patterns
from motes.storing import asked_of, parts_of, write_store

READERS = {NPY_MAGIC: read_npy, H5_MAGIC: read_h5}
WRITERS = {".npz": write_csr, ".npy": write_npy, ".emc": write_emc, ".h5": write_h5, ".hdf5": write_h5}


def read_patterns(
    path: str | os.PathLike[str],
    task: int | None = None,
    shape: Shape | None = None,
    n_patterns: int | None = None,
) -> Patterns:
    """Read photon patterns; the first bytes of the file tell its format.

    Formats: an archive of the challenge (`endeavor.npz`), a CSR matrix of `scipy.sparse.save_npz`, a dense table of
    counts, (N, M) or (N, H, W), as .npy or alone in an .npz, Dragonfly's .emc of three types and its HDF5, and a store
    (`motes.open_patterns` opens one without reading it).

    Parameters
    ----------
    path : path
        A regular file, or the folder of a store. Nothing in it is ever unpickled, and no size it states is believed
        before it is compared with the bytes that are there.
    task : int, optional
        Which task of an archive of the challenge; needed where it holds several. Other files hold one set of patterns,
        and are refused where one is named.
    shape : (int, int), optional
        Rows and columns of the image. By default what the file tells; 25 x 25 for photon pairs (tasks 6 and 7); the
        square of the number of pixels otherwise.
    n_patterns : int, optional
        Number of patterns N. Photon pairs do not tell how many patterns without photons follow the last photon; by
        default none. Of other files it must be what they hold.

    Returns
    -------
    Patterns

    Raises
    ------
    FormatError
        If the file is not as its format says; the message names the file, the place and what was expected.
    FileNotFoundError
        If there is no such file.
    ImportError
        If it is HDF5 and h5py is not installed.

    Warns
    -----
    UserWarning
        If it is a square table of which neither shape nor number of patterns was given: it may be one image.
        If a task is named, and the file holds one set of patterns without a number.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "counts.npy")
    ...     np.save(path, np.array([[0, 1, 2, 0], [1, 0, 0, 0]]))
    ...     patterns = read_patterns(path)
    >>> len(patterns), patterns.shape, patterns.n_photons
    (2, (2, 2), 4)
    """
    shape = None if shape is None else check_shape(shape)
    if is_store(path):
        _tell_no_tasks(path, task)
        return asked_of(open_patterns(path), shape, n_patterns).to_memory()
    with open_raw(path, task, shape) as raw:
        patterns = patterns_of_raw(raw, shape, n_patterns)
        if shape is None and n_patterns is None and (doubt := of_table(raw)):
            warnings.warn(f"{raw.source}: {doubt}", UserWarning, stacklevel=2)
        return patterns


@contextmanager
def open_raw(
    path: str | os.PathLike[str], task: int | None = None, shape: Shape | None = None
) -> Iterator[RawPatterns]:
    """The patterns of a file as its format has them, to be read while it is open; arguments as of `read_patterns`."""
    start = _first_bytes(path)
    if start.startswith(ZIP_MAGIC):
        with open_archive(path) as archive:
            yield _from_archive(archive, task, shape)
        return
    raw = _reader(path, start)(path)
    _tell_no_tasks(path, task)
    yield raw


def write_patterns(
    path: str | os.PathLike[str], patterns: Patterns | StoredPatterns, *, task: int | None = None
) -> None:
    """Write photon patterns, whole or not at all, in the format that the suffix names.

    =====================  ==========================================================================
    .npz                   CSR matrix as `scipy.sparse.load_npz` reads it, and the image shape beside
    .npz with a `task`     that task of the challenge's archive: photon pairs (6, 7), dense (1 to 4)
    .npy                   dense table of counts, (N, H, W)
    .emc                   Dragonfly, sparse (type 0)
    .h5, .hdf5             Dragonfly HDF5, and the image shape beside
    .zarr                  a store, as `motes.PatternWriter` writes it
    =====================  ==========================================================================

    Parameters
    ----------
    path : path
        An existing file is replaced once the new one is complete, and left as it is if writing fails.
    patterns : Patterns or StoredPatterns
        The latter are never in memory at once.
    task : int, optional
        Task of the challenge, 1, 2, 3, 4, 6 or 7.

    Raises
    ------
    ValueError
        If the suffix names no format, or the format can not hold these patterns.
    OSError
        If the file can not be written; on a full disk for one.
    ImportError
        If it is HDF5 and h5py is not installed.

    Warns
    -----
    UserWarning
        If the file does not tell the image shape or the number of patterns, and reading it needs them to be given.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> patterns = Patterns.from_coo(np.array([0, 0, 1]), np.array([5, 5, 624]), shape=(25, 25))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "endeavor.npz")
    ...     write_patterns(path, patterns, task=7)
    ...     read_patterns(path).n_photons
    3
    """
    if not isinstance(patterns, StoredPatterns):
        check_patterns(patterns)
    suffix = Path(path).suffix.lower()
    if suffix == STORE_SUFFIX and task is None:
        write_store(path, patterns.shape, parts_of(patterns))
        return
    if task is not None and suffix != ".npz":
        raise ValueError(f"{os.fspath(path)}: a task of the challenge is written as .npz")
    if suffix not in WRITERS:
        known = ", ".join((*WRITERS, STORE_SUFFIX))
        raise ValueError(f"{os.fspath(path)}: suffix {suffix!r}, expected one of {known}")
    if patterns.max_count > MAX_COUNT:
        raise ValueError(f"{os.fspath(path)}: {patterns.max_count} photons in a pixel, but files hold {MAX_COUNT}")
    raw = raw_of(patterns, os.fspath(path))
    if task is None:
        WRITERS[suffix](path, raw)
    else:
        write_challenge(path, raw, task)
    if untold := _untold(patterns, suffix, task):
        warnings.warn(f"{os.fspath(path)}: to read it back, give {' and '.join(untold)}", UserWarning, stacklevel=2)


@dataclass(frozen=True)
class Finding:
    """One thing that a file holds.

    Attributes
    ----------
    name : str
        Task or array of an archive; empty where the file holds one thing.
    kind : str
        The layout in words.
    n_patterns, n_pixels : int, optional
        Number of patterns, and pixels of each. This and what follows is None for an array that is no set of patterns.
    shape : (int, int), optional
        Rows and columns of the image; None also where the file does not tell and the pixels are no square.
    n_photons : int, optional
        Photons, over all patterns.
    max_count : int, optional
        The most photons in one pixel of one pattern.
    n_empty : int, optional
        Patterns without photons.
    note : str
        Why an array that stands alone is no set of patterns, or may be none.
    """

    name: str
    kind: str
    n_patterns: int | None = None
    n_pixels: int | None = None
    shape: Shape | None = None
    n_photons: int | None = None
    max_count: int | None = None
    n_empty: int | None = None
    note: str = ""

    @property
    def mean_photons(self) -> float | None:
        """Mean photons a pattern; None without patterns."""
        return self.n_photons / self.n_patterns if self.n_photons is not None and self.n_patterns else None


def describe(path: str | os.PathLike[str]) -> list[Finding]:
    """Tell what a file holds, and read all of it to be sure.

    Parameters
    ----------
    path : path
        Any file that `read_patterns` reads. Arrays that are no photon patterns (a truth, a picture) are named with
        their type and shape.

    Returns
    -------
    list of Finding
        Tasks first, in order, then other arrays.

    Raises
    ------
    FormatError, FileNotFoundError, ImportError
        As `read_patterns`.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "endeavor.npz")
    ...     np.savez(path, task7a=[0, 1, 1], task7b=[3, 4, 4], labels7=[0, 2])
    ...     for finding in describe(path):
    ...         print(finding.name, finding.kind, finding.n_patterns, finding.mean_photons, sep=" | ")
    task7 | photon pairs | 2 | 1.5
    labels7 | int64 array (2) | None | None
    """
    if is_store(path):
        store = open_patterns(path)
        store.verify()
        return [finding_of_store(store)]
    start = _first_bytes(path)
    if start.startswith(ZIP_MAGIC):
        with open_archive(path) as archive:
            return _findings_of_archive(archive)
    reader = _reader(path, start)
    if reader is read_npy:
        return [_finding_of_table("", npy_header(path), partial(read_npy, path))]
    return [_finding("", reader(path))]


def _first_bytes(path: str | os.PathLike[str]) -> bytes:
    with open_file(path) as (file, _):
        return file.read(8)


def _reader(path: str | os.PathLike[str], start: bytes) -> Callable[[str | os.PathLike[str]], PatternBlocks]:
    """Reader of a file that is no archive: .emc is what has no magic number."""
    for magic, reader in READERS.items():
        if start.startswith(magic):
            return reader
    suffix = Path(path).suffix.lower()
    if suffix in WRITERS and suffix != ".emc":
        raise FormatError(f"{os.fspath(path)}: begins with {start!r}, which no {suffix} file does; {_unknown()}")
    return read_emc if suffix == ".emc" else _read_unknown


def _read_unknown(path: str | os.PathLike[str]) -> PatternBlocks:
    """An .emc file of another name; what is none is more likely something else than a damaged one."""
    try:
        return read_emc(path)
    except FormatError as error:
        raise FormatError(f"{os.fspath(path)}: {_unknown()}") from error


def _unknown() -> str:
    return f"not a format motes reads (challenge .npz, CSR .npz, .npy, .emc, .h5); {OWN_DATA}"


def _from_archive(archive: Archive, task: int | None, shape: Shape | None) -> RawPatterns:
    """The one set of patterns of an archive that was asked for, or that there is."""
    found = tasks(archive)
    if not found and not is_csr(archive) and (other := of_arrays(archive.names)):
        raise FormatError(f"{archive.path}: no photon patterns, but {other}")
    if is_csr(archive) or (not found and len(archive.names) == 1):
        _tell_no_tasks(archive.path, task)
        return read_csr(archive) if is_csr(archive) else archive.patterns(archive.names[0])
    if task is None and len(found) == 1:
        task = next(iter(found))
    if not archive.names:
        raise FormatError(f"{archive.path}: {_unknown()}")
    if not found:
        raise FormatError(
            f"{archive.path}: holds arrays {', '.join(archive.names)}, no task of the challenge; {OWN_DATA}"
        )
    if task not in found:
        what = f"task{'s' * (len(found) > 1)} {', '.join(map(str, found))}"
        wanted = f"one to be named, such as task={min(found)}" if task is None else f"task {task}"
        raise FormatError(f"{archive.path}: holds {what}; expected {wanted}")
    return read_challenge(archive, task, shape)


def _tell_no_tasks(path: str | os.PathLike[str], task: int | None) -> None:
    """A task of the challenge may have been saved in another format: its number then only tells which truth is its."""
    if task is not None:
        told = f"{os.fspath(path)}: holds one set of patterns and no tasks; it is taken for task {task}"
        warnings.warn(told, UserWarning, stacklevel=5)


def _untold(patterns: Patterns | StoredPatterns, suffix: str, task: int | None) -> list[str]:
    """What a reader of the written file must be given."""
    untold = []
    height, width = patterns.shape
    if task in PAIRS_TASKS:
        if patterns.shape != PAIRS_SHAPE:
            untold.append(f"shape=({height}, {width})")
        if len(patterns) == 0 or not patterns[-1].any():
            untold.append(f"n_patterns={len(patterns)}")
    elif height != width and (suffix == ".emc" or task in FLAT_TASKS):
        untold.append(f"shape=({height}, {width})")
    return untold


def _findings_of_archive(archive: Archive) -> list[Finding]:
    if is_csr(archive):
        return [_finding("", read_csr(archive))]
    found = tasks(archive)
    if not found and len(archive.names) == 1:
        name = archive.names[0]
        return [_finding_of_table(name, archive.header(name), partial(archive.patterns, name))]
    of_tasks = [_finding(f"task{task}", read_challenge(archive, task)) for task in found]
    others = sorted(set(archive.names).difference(*found.values()))
    return of_tasks + [Finding(name, str(archive.header(name))) for name in others]


def finding_of_store(store: StoredPatterns) -> Finding:
    """What the headers of a store say."""
    told = "a store" if store.closed else "a store that is still written to, or whose writer was killed"
    return Finding(
        "",
        f"{told}, {store.n_sections} section{'s' * (store.n_sections != 1)}",
        n_patterns=len(store),
        n_pixels=store.n_pixels,
        shape=store.shape,
        n_photons=store.n_photons,
        max_count=store.max_count,
        n_empty=store.n_empty,
    )


def _finding_of_table(name: str, header: NpyHeader, read: Callable[[], PatternBlocks]) -> Finding:
    """Patterns, or else a picture or what an array may be: nothing but its values tells."""
    try:
        return _finding(name, read())
    except FormatError as error:
        return Finding(name, str(header), note=f"no photon patterns: {error}")


def _finding(name: str, raw: RawPatterns) -> Finding:
    line = None
    if isinstance(raw, PatternBlocks) and raw.shape is None and isqrt(raw.n_pixels) ** 2 != raw.n_pixels:
        line = (1, raw.n_pixels)  # any shape does for counting
    patterns = patterns_of_raw(raw, line, None)
    return Finding(
        name,
        raw.kind,
        n_patterns=len(patterns),
        n_pixels=patterns.n_pixels,
        shape=patterns.shape if line is None else None,
        n_photons=patterns.n_photons,
        max_count=patterns.max_count,
        n_empty=patterns.n_empty,
        note=of_table(raw),
    )
