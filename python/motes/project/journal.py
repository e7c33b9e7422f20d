"""An append-only journal of JSON lines: what was acknowledged is on the disk, whatever happens next."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motes.errors import FormatError
from motes.report import to_json

Entry = dict[str, Any]


class Journal:
    """JSON objects, one a line, in the order in which they were written.

    `append` returns when the lines are on the disk (fsync): only then may anybody be told that they are kept. A line
    that a kill or a power cut left unfinished was never acknowledged: it is passed over, and cut off before the next
    line is written. A line that could not be written whole, on a full disk for one, is taken back.

    Parameters
    ----------
    path : path
        Read if it exists; created by the first `append`.

    Attributes
    ----------
    entries : list of dict
        All lines so far.

    Raises
    ------
    FormatError
        If a line before the last is no JSON object.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     journal = Journal(Path(folder, "labels.jsonl"))
    ...     journal.append([{"x": 1.5}])
    ...     Journal(journal.path).entries
    [{'x': 1.5}]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.entries, self._end = _read(self.path)
        self._checked = False  # whether what lies beyond the end has been cut off

    def append(self, entries: Sequence[Entry]) -> None:
        """Write lines, all or none, and wait until they are on the disk.

        Raises
        ------
        OSError
            If they can not be written, or another program has written to the file meanwhile; the journal is then as it
            was, and a later call may go well.
        """
        lines = "".join(f"{to_json(entry)}\n" for entry in entries).encode()
        try:
            self._write(lines)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self.entries += (json.loads(line) for line in lines.splitlines())
        self._end += len(lines)

    def _write(self, lines: bytes) -> None:
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            size = os.fstat(file).st_size
            if self._checked and size != self._end:
                raise OSError(errno.ESTALE, "changed by another program while it was open; close one of the two")
            self._checked = False
            if size != self._end:
                os.ftruncate(file, self._end)
            if not self._end:
                _keep_name(self.path)  # before there is a line: if it fails, nothing was written
            try:
                os.lseek(file, self._end, os.SEEK_SET)
                left = memoryview(lines)
                while left:
                    left = left[os.write(file, left) :]
                os.fsync(file)
            except BaseException:
                os.ftruncate(file, self._end)
                raise
            self._checked = True
        finally:
            os.close(file)


def _keep_name(path: Path) -> None:
    """A new file is found after a power cut only if its folder is on the disk, too."""
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # network file systems that sync files alone
                raise
        finally:
            os.close(folder)


def _read(path: Path) -> tuple[list[Entry], int]:
    """The whole lines of a file, and where they end."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    entries, end = [], 0
    *lines, torn = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            if not isinstance(entry, dict):
                raise ValueError("expected an object")
        except (ValueError, RecursionError) as error:
            if number == len(lines) and not torn:
                break  # a power cut may leave a last line of any bytes
            raise FormatError(f"{path}: line {number}: expected a JSON object, got {line[:40]!r}") from error
        entries.append(entry)
        end += len(line) + 1
    return entries, end
