"""A folder of results: made and probed before the work, filled whole or not at all after it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def output_folder(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """Give a staging folder; when the block ends well, its files appear in `folder`, else nothing does.

    The folder is created where it is missing, and the staging folder inside it shows that it can be written, before any
    work is done. Files of the same names are replaced, others are left. If the block raises, the staging folder and
    every folder that was created here are removed, unless something else has been put there.

    Parameters
    ----------
    folder : pathlib.Path
        Where the results belong.
    names : iterable of str
        What they will be called.

    Yields
    ------
    pathlib.Path
        An empty folder on the same file system.

    Raises
    ------
    OSError
        If the folder can not be created or written, or a folder stands in the place of a result.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as place:
    ...     with output_folder(Path(place, "out"), ["report.json"]) as staging:
    ...         _ = Path(staging, "report.json").write_text("{}")
    ...     os.listdir(Path(place, "out"))
    ['report.json']
    """
    with made(folder):
        for name in names:
            if (folder / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, "is a folder, where a result belongs", str(folder / name))
        staging = _staging(folder)
        try:
            yield staging
            _move(staging, folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def made(folder: Path) -> Iterator[None]:
    """Create a folder and its parents where they are missing; if the block raises, these are removed where empty."""
    created = _create(folder)
    try:
        yield
    except BaseException:
        for path in created:
            with suppress(OSError):
                path.rmdir()
        raise


def _create(folder: Path) -> list[Path]:
    """Create a folder and its parents; those that were missing, innermost first. A store of patterns is none for that.

    Files beside its own would go with it when it is replaced.
    """
    from motes.stored import is_store

    if is_store(folder):
        raise ValueError(f"--output: {folder} is a store of patterns; give another folder for the results")
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    if not missing and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "is a file, not a folder", str(folder))
    created: list[Path] = []
    try:
        for path in reversed(missing):
            path.mkdir()
            created.insert(0, path)
    except OSError:
        for path in created:
            path.rmdir()
        raise
    return created


def _staging(folder: Path) -> Path:
    """An empty folder inside a folder; an error names that one, which the user knows."""
    try:
        return Path(tempfile.mkdtemp(prefix=".motes-", dir=folder))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


def _move(staging: Path, folder: Path) -> None:
    """Put every staged file in its place, once all of them are on the disk."""
    files = sorted(staging.iterdir())
    for file in files:
        with file.open("rb+") as written:
            os.fsync(written.fileno())
    for file in files:
        file.replace(folder / file.name)
