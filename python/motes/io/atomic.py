"""Replace a file whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path`, and rename it to `path` when the block ends well.

    The data are on the disk before the rename, so a reader sees the old file or the whole new one, also after a power
    cut. If the block raises, on a full disk for one, the temporary file is removed and what was at `path` is untouched.

    Parameters
    ----------
    path : path
        File to write. A symbolic link is followed; an existing file keeps its permissions.

    Yields
    ------
    pathlib.Path
        An empty file in the same directory with the same suffix.

    Raises
    ------
    OSError
        If the directory can not be written, if `path` is a directory or a device, or if the disk is full. It names
        `path`, not the temporary file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder, "report.json")) as temporary:
    ...         _ = temporary.write_text("{}")
    ...     os.listdir(folder)
    ['report.json']
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".motes-{secrets.token_hex(8)}{target.suffix}")
    try:
        mode = _mode_of(target)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            if mode is not None:
                temporary.chmod(mode)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary), temporary):
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


@contextmanager
def atomic_folder(
    path: str | os.PathLike[str], guarded: Callable[[], AbstractContextManager[object]] = nullcontext
) -> Iterator[Path]:
    """Give the path of a folder to be made beside `path`, and rename it to `path` when the block ends well.

    A folder that is there gives way at that moment: on Linux the two exchange their names in one step, so that there
    is always one, whenever the process is killed. Where the file system can not do that, a kill between two renames
    leaves both beside `path`: the old one as ``.motes-*.old``, the new one as ``.motes-*``. If the block raises, what
    was at `path` is untouched.

    Parameters
    ----------
    path : path
        Folder to make. A symbolic link is followed.
    guarded : callable, optional
        Gives the context of the renames: a lock that keeps others away, say.

    Yields
    ------
    pathlib.Path
        Nothing is there yet; of the same suffix.

    Raises
    ------
    OSError
        If it can not be renamed. Where somebody made something at `path` between two renames both folders stay, and
        it says where.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_folder(Path(folder, "run.zarr")) as temporary:
    ...         temporary.mkdir()
    ...     os.listdir(folder)
    ['run.zarr']
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".motes-{secrets.token_hex(8)}{target.suffix}")
    before = temporary.with_suffix(".old")
    try:
        yield temporary
        temporary.stat()  # it was made
        with guarded():
            if not (target.exists() and exchange(temporary, target)):
                _rename_both(temporary, target, before)
    except OSError as error:
        if error.errno is None or not str(error.filename or temporary).startswith(os.fspath(temporary)):
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    finally:
        if not before.exists():
            shutil.rmtree(temporary, ignore_errors=True)
        elif not temporary.exists():  # it has become the target; else neither can be spared
            shutil.rmtree(before, ignore_errors=True)


def _rename_both(temporary: Path, target: Path, before: Path) -> None:
    """Have a folder take the place of what may be there: in two steps, between which there is nothing."""
    try:
        if target.exists():
            target.rename(before)
        temporary.rename(target)
    except BaseException:
        if before.exists() and temporary.exists():
            try:
                before.rename(target)
            except OSError as error:
                told = (
                    f"{error.strerror}; somebody made something there just now: what was there is {before}, what was "
                    f"to take its place is {temporary}"
                )
                raise OSError(error.errno, told, os.fspath(target)) from error
        raise


def exchange(one: Path, other: Path) -> bool:
    """Have two files or folders of one file system change their names, in one step; whether the system can."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # no Linux, or an old one
        return False
    rename.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    rename.restype = ctypes.c_int
    return bool(rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


def _mode_of(target: Path) -> int | None:
    """Permissions of the file to be replaced, if there is one; only a regular file can be replaced."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Not a regular file", str(target))
    return stat.S_IMODE(mode)
