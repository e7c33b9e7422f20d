"""One writer of a folder at a time: a lock that the system lets go of when its process ends, however it ends."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

PLACE = 1 << 30  # of the locked byte where whole files can not be locked: beyond what is written


class BusyError(ValueError):
    """A folder is in use by another process; the message says by which."""


class Lock:
    """Lock of a file, taken by `with`.

    The file itself says who holds the lock. It stays when the lock is let go or its holder is killed: what counts is
    the system's own lock on it, so a file that a crash left behind blocks nobody.

    Parameters
    ----------
    path : path
        Created where it is missing.
    command : str
        What the holder does, for the message that others get.

    Raises
    ------
    BusyError
        If another process holds it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Lock(Path(folder, "lock"), "motes active train"):
    ...         pass
    """

    def __init__(self, path: str | os.PathLike[str], command: str) -> None:
        self.path, self.command = Path(path), command
        self._file: int | None = None

    def __enter__(self) -> Lock:
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not _taken(file):
                raise BusyError(f"{self.path.parent}: in use by {_holder(file)}; end that first")
            try:
                holder = {"command": self.command, "process": os.getpid(), "host": socket.gethostname()}
                told = json.dumps(holder | {"since": time.strftime("%Y-%m-%d %H:%M:%S")}).encode()
                os.ftruncate(file, 0)
                os.pwrite(file, told, 0) if hasattr(os, "pwrite") else os.write(file, told)
            except OSError:
                pass  # a full disk: the lock holds all the same, only its holder is not told
        except BaseException:
            os.close(file)
            raise
        self._file = file
        return self

    def is_there(self) -> bool:
        """Whether the file that is locked is still the one at this path: its last holder may have removed it."""
        assert self._file is not None
        try:
            return os.path.samestat(os.fstat(self._file), self.path.stat())
        except FileNotFoundError:
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        file, self._file = self._file, None
        try:
            os.ftruncate(file, 0)
        finally:
            os.close(file)  # lets go of the lock


def _taken(file: int) -> bool:
    """Whether the lock could be had."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, PLACE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _holder(file: int) -> str:
    """Who holds the lock, in words."""
    try:
        os.lseek(file, 0, os.SEEK_SET)
        told: Any = json.loads(os.read(file, 4096))
        return f"{told['command']} (process {told['process']} on {told['host']}, since {told['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"  # it is just writing its name
