"""Patterns to a store on disk, as they come."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from motes import _core, checks
from motes.arrays import Arrays
from motes.errors import FormatError
from motes.io.lock import Lock
from motes.io.store.checksum import require_crc32c
from motes.io.store.layout import (
    HEADER,
    MAX_SECTION,
    MAX_TOTAL,
    SECTIONS,
    read_root,
    read_section_header,
    section_folder,
    section_numbers,
)
from motes.io.store.writing import Content, write_root, write_section, write_sections_group
from motes.patterns import Patterns
from motes.shapes import Shape, check_shape
from motes.threads import available_threads

SECTION_BYTES = 2**24
FEW = 256  # containers
BESIDE = 512  # bytes that a section takes beside its patterns: checksums, and what lies between arrays
PATTERN_BYTES, MULTI_BYTES = 8, 12  # that a pattern takes in memory beside its pixels, and a pixel of several photons
WRITING = ".writing"  # folder of the writer: its lock, and the section that is not committed yet


class PatternWriter:
    """Appends patterns to a store, section by section; what is committed stays, however the writer ends.

    Use it in a ``with`` block, whose end commits what is left and closes the store. If the block raises, what was
    appended is committed, and the store stays open: `append=True` goes on.

    Parameters
    ----------
    path : path
        The store, a folder, ``run.zarr``.
    shape : (int, int)
        Rows and columns of the detector, in pixels.
    section_bytes : int
        What a section takes in memory, at most, but for a pattern that takes more alone.
    append : bool
        Go on with a store that is there; without it that is an error.

    Raises
    ------
    FileExistsError
        If there is something, and it is no store or `append` was not asked for.
    ValueError
        If another process writes to the store, or its images have another shape.

    Examples
    --------
    >>> import tempfile
    >>> from motes import open_patterns
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "run.zarr")
    >>> with PatternWriter(path, (2, 2)) as writer:
    ...     writer.append(Patterns.from_dense([[1, 0, 0, 1]]))
    >>> with PatternWriter(path, (2, 2), append=True) as writer:
    ...     writer.append([[0, 2, 0, 0]])
    >>> open_patterns(path).total_image()
    array([[1, 2],
           [0, 1]])
    >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        shape: tuple[int, int],
        *,
        section_bytes: int = SECTION_BYTES,
        append: bool = False,
    ) -> None:
        self.path = Path(path)
        require_crc32c(os.fspath(path))
        self.shape: Shape = check_shape(shape)
        if min(self.shape) < 1:
            raise ValueError(f"shape: expected one row and column or more, got {self.shape}")
        self.section_bytes = checks.whole("section_bytes", section_bytes, 1)
        self._most_bytes = max(1, self.section_bytes - BESIDE)
        self._pending: list[Patterns] = []
        self._joined = 0  # of the first of them, each made of many
        self._pending_bytes = 0
        self._squares = 0  # of all counts of the store, summed
        self._committing: tuple[int, list[Patterns]] | None = None
        self._lock: Lock | None = None
        is_there = (self.path / HEADER).exists()
        if is_there and not append:
            raise FileExistsError(f"{self.path}: is there already; append=True goes on with a store")
        if not is_there and _holds_something(self.path):
            raise FileExistsError(f"{self.path}: is there already, and is no store; give another path")
        self.path.mkdir(parents=True, exist_ok=True)
        lock = _locked(self.path)
        try:
            self._sweep_up()
            if (self.path / HEADER).exists():
                root = read_root(self.path)
                if root.shape != self.shape:
                    raise ValueError(f"shape: {self.path} holds images of {root.shape}, got {self.shape}")
                self.n_sections = section_numbers(self.path, root.n_sections)
                self._squares = _squares_in(self.path, self.n_sections, self.shape)
                if root.closed:
                    write_root(self.path, self.shape)
            else:
                write_sections_group(self.path)
                write_root(self.path, self.shape)
                self.n_sections = 0
        except BaseException:
            _let_go(lock)
            raise
        self._lock = lock

    def append(self, patterns: Patterns | npt.ArrayLike) -> None:
        """Take patterns; they are on the disk once a section is full, or `flush` or `close` was called.

        Parameters
        ----------
        patterns : Patterns, or (N, H, W) or (N, M) array of counts

        Raises
        ------
        TypeError, ValueError
            If they are no patterns, of another shape, or of so many photons that a store's sums do not hold their
            squares. Nothing is taken then.
        OSError
            If the disk is full, say: sections that are committed are whole. All patterns were taken all the same; what
            to try again is `flush`. To append them once more would write them twice.
        """
        self._take(patterns)
        try:
            self._commit_full()
        except OSError as error:
            if error.errno is None:
                raise
            told = f"{error.strerror}; the patterns were taken all the same: try flush() again, and do not append them"
            raise OSError(error.errno, f"{told} once more", error.filename) from error

    def _take(self, patterns: Patterns | npt.ArrayLike) -> None:
        self._require_open()
        if not isinstance(patterns, Patterns):
            patterns = Patterns.from_dense(patterns, shape=None if np.ndim(patterns) == 3 else self.shape)
        if patterns.shape != self.shape:
            raise ValueError(f"patterns: expected images of {self.shape}, got {patterns.shape}")
        if len(patterns) == 0:
            return
        squares = self._squares + patterns.sum_of_squares()
        if squares >= MAX_TOTAL:
            raise ValueError(
                f"patterns: up to {patterns.max_count} photons in a pixel: the squared counts of all patterns of the "
                f"store come to {squares}, expected less than {MAX_TOTAL}"
            )
        self._settle()
        self._squares = squares
        self._pending.append(patterns)
        self._pending_bytes += _bytes_of(patterns)
        if len(self._pending) >= self._joined + FEW:  # frames one by one: thousands would take long to join at once
            parts, last = self._pending[: self._joined], self._pending[self._joined :]
            self._pending = [*parts, Patterns.concatenate(last)]
            self._joined = len(self._pending)

    def _commit_full(self) -> None:
        """Write the sections that can be filled."""
        while self._pending_bytes >= self._most_bytes:
            self._commit()

    def flush(self) -> None:
        """Commit what was taken, as a section that may be short. Where the disk was full, it can be tried again."""
        self._require_open()
        self._settle()
        while self._pending:
            self._commit()

    def close(self) -> None:
        """Commit what was taken, and mark the store as complete. Where the disk was full, it can be tried again."""
        if self._lock is None:
            return
        self.flush()
        write_root(self.path, self.shape, self.n_sections)
        self._leave()

    def __enter__(self) -> PatternWriter:
        self._require_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is None:
            return
        try:
            if error is None:
                self.close()
            elif isinstance(error, OSError):  # a full disk, which would refuse once more; or a detector that is gone
                with suppress(OSError):
                    self.flush()
            else:
                self.flush()
        finally:
            self._leave()

    def _require_open(self) -> None:
        if self._lock is None:
            raise ValueError(f"{self.path}: the writer is closed")

    def _leave(self) -> None:
        """Let others write."""
        lock, self._lock = self._lock, None
        if lock is not None:
            self._sweep_up()
            _let_go(lock)

    def _sweep_up(self) -> None:
        """Remove the section that a killed writer was at."""
        for left in (self.path / WRITING).iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)

    def _settle(self) -> None:
        """Where a commit was interrupted, tell by the disk whether it was done."""
        if self._committing is not None:
            number, rest = self._committing
            if section_folder(self.path, number).exists():
                self._done(number, rest)
            self._committing = None

    def _done(self, number: int, rest: list[Patterns]) -> None:
        self._joined = 0
        self._pending = rest
        self._pending_bytes = sum(map(_bytes_of, rest))
        self.n_sections = number + 1

    def _commit(self) -> None:
        """Write one section of the patterns that were taken: whole patterns, as many as it holds, one at least."""
        whole = Patterns.concatenate(self._pending)
        n = _that_fit(whole, self._most_bytes)
        rest = [whole[n:]] if n < len(whole) else []
        self._committing = self.n_sections, rest
        write_section(self.path, self.n_sections, self.path / WRITING / "section", _content(whole[:n]))
        self._done(*self._committing)
        self._committing = None


def _squares_in(store: Path, n_sections: int, shape: Shape) -> int:
    """Sum of the squared counts of a store's sections, but for those whose header can not be read."""
    found = 0
    for number in range(n_sections):
        with suppress(FormatError):
            found += read_section_header(section_folder(store, number), shape[0] * shape[1]).sum_of_squares
    return found


def _bytes_of(patterns: Patterns) -> int:
    """What patterns take in a section, in memory."""
    return patterns.nbytes - PATTERN_BYTES  # the end of the last is not counted


def _that_fit(patterns: Patterns, n_bytes: int) -> int:
    """How many of the patterns a section of so many bytes holds; one at least."""
    patterns = patterns[: max(1, n_bytes // PATTERN_BYTES + 1)]
    indptr = patterns.indptr - patterns.indptr[0]
    several = np.searchsorted(patterns.multi_position, patterns.indptr)
    taken = (
        PATTERN_BYTES * np.arange(indptr.size)
        + patterns.pixels.itemsize * indptr
        + MULTI_BYTES * (several - several[0])
    )
    n = int(np.searchsorted(taken, n_bytes, side="right")) - 1
    return min(max(1, n), MAX_SECTION)


def _content(patterns: Patterns) -> Content:
    own: Arrays = patterns._arrays.own()
    lengths = np.diff(own.indptr)
    total = _core.total_image(patterns._core, threads=available_threads())
    return Content(lengths, own.pixels, own.multi_position, own.multi_extra, total)


def _holds_something(path: Path) -> bool:
    """Whether there is more than what a writer leaves that was killed before its first section."""
    if not path.is_dir():
        return path.exists() or path.is_symlink()
    names = {entry.name for entry in path.iterdir()} - {WRITING}
    if names == {SECTIONS}:
        return any(entry.name != HEADER for entry in (path / SECTIONS).iterdir())
    return bool(names)


@contextmanager
def alone(store: Path) -> Iterator[None]:
    """Nobody writes to the store meanwhile.

    Raises
    ------
    ValueError
        If somebody does.
    """
    lock = _locked(store)
    try:
        yield
    finally:
        _let_go(lock)


def _locked(store: Path) -> Lock:
    """The lock of a store's writer, in a folder that is there only while somebody writes."""
    while True:
        folder = store / WRITING
        folder.mkdir(exist_ok=True)
        lock = Lock(folder / "lock", "a motes.PatternWriter")
        try:
            lock.__enter__()
        except FileNotFoundError:  # whose folder was removed just now
            continue
        if lock.is_there():
            return lock
        lock.__exit__(None, None, None)


def _let_go(lock: Lock) -> None:
    try:
        if lock.is_there():  # in its place is another's, where another store took that of the one that was locked
            lock.path.unlink(missing_ok=True)
            lock.path.parent.rmdir()
    except OSError:
        pass  # somebody else is at it
    lock.__exit__(None, None, None)


__all__ = ["PatternWriter"]
