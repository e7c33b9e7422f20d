"""The log of a run: one JSON object a line, each sealed with what went before, and never rewritten.

The log is the whole state of a run. A run that was cut off is run again from its log: what it says once more must be
what is written, byte for byte, and what is missing is appended. A last line that was cut short is written anew.
"""

from __future__ import annotations

import errno
import json
import math
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from motes.errors import CheckpointError, FormatError

LAYOUT = 1
KINDS = ("run", "initial", "round", "question", "end")
Record: TypeAlias = dict[str, Any]


def encode(record: Mapping[str, Any], seal: int) -> tuple[bytes, int]:
    """A line, and its seal: the CRC-32 of all lines so far, by which a changed, lost or moved line is found."""
    body = json.dumps(record, allow_nan=False, ensure_ascii=False, separators=(",", ":"))[:-1].encode()
    seal = zlib.crc32(body, seal)
    return body + b',"check":"%08x"}\n' % seal, seal


def decode(data: bytes, place: str) -> tuple[list[Record], int, int]:
    """Records of the whole lines, the bytes that these take, and the seal of the last.

    Raises
    ------
    FormatError
        If a line is damaged, was lost or moved; it names the line. A last line without an end is left out.
    """
    records: list[Record] = []
    seal = end = 0
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        body, mark, rest = line.rpartition(b',"check":"')
        seal = zlib.crc32(body, seal)
        if not mark or rest != b'%08x"}' % seal:
            raise FormatError(
                f"{place}: line {number}: damaged, or not where it was written; what precedes it is whole"
            )
        record = json.loads(body + b"}")
        expected = "run" if number == 1 else "anything else"
        if record.get("kind") not in KINDS or (record["kind"] == "run") != (number == 1):
            raise FormatError(f"{place}: line {number}: of kind {record.get('kind')!r}, expected {expected}")
        records.append(record)
        end += len(line) + 1
    if records and records[0]["layout"] != LAYOUT:
        raise FormatError(f"{place}: line 1: layout {records[0]['layout']}, expected {LAYOUT}")
    return records, end, seal


def plain(value: Any) -> Any:
    """JSON's own types; numbers that are none become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy's arrays and scalars
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Log:
    """Records of a run: those that are written, and those that it adds.

    Attributes
    ----------
    records : list of dict
        All, in order.
    at : int
        How many of them the run has said (again) so far.
    """

    def __init__(self, place: str, data: bytes, file: int | None) -> None:
        self.place, self._file = place, file
        self.records, self._end, self._seal = decode(data, place)
        self.at, self._on_disk = 0, True

    def peek(self) -> Record | None:
        """The next record that is written already."""
        return self.records[self.at] if self.at < len(self.records) else None

    def has(self, kind: str, index: int | None = None) -> bool:
        """Whether a line of this kind, of this round if one is told, is written."""
        return any(r["kind"] == kind and (index is None or r["round"] == index) for r in self.records)

    def rest_of_round(self) -> list[Record]:
        """The next lines that are written, up to the end of the round that begins with the first."""
        rest = self.records[self.at :]
        after = [i for i, record in enumerate(rest[1:], 1) if record["kind"] in ("round", "end")]
        return rest[: after[0]] if after else rest

    def say(self, records: Iterable[Record]) -> None:
        """Say the next records: they must be those that are written, or are written now, at once if not on the disk.

        Raises
        ------
        CheckpointError
            If something else is written; nothing is changed.
        """
        new = []
        for record in records:
            written = self.peek()
            if written is None:
                line, self._seal = encode(record, self._seal)
                new.append(line)
                self.records.append(record)
            elif record != written:
                raise CheckpointError(self._differs(written, record))
            self.at += 1
        if new and self._file is not None:
            os.ftruncate(self._file, self._end)  # a line that was cut short
            os.lseek(self._file, self._end, os.SEEK_SET)
            left = memoryview(b"".join(new))
            self._end += len(left)
            while left:
                left = left[os.write(self._file, left) :]
            self._on_disk = False

    def sync(self) -> None:
        """Wait until all that was said is on the disk."""
        if self._file is not None and not self._on_disk:
            os.fsync(self._file)
            self._on_disk = True

    def _differs(self, written: Record, said: Record) -> str:
        names = [name for name in said if said[name] != written.get(name)]
        name = names[0] if names else next(name for name in written if name not in said)
        told = f"{name} is {written.get(name)!s:.60} there and {said.get(name)!s:.60} here"
        return f"{self.place}: line {self.at + 1}: another run, or data or picker have changed: {told}"


@contextmanager
def open_log(folder: str | os.PathLike[str] | None, header: Record) -> Iterator[Log]:
    """The log of a run in its folder, begun or to be gone on with; without a folder, in memory.

    Raises
    ------
    FormatError
        If a line is damaged.
    CheckpointError
        If it is of another configuration or version, or another process writes to it.
    """
    if folder is None:
        log = Log("log", b"", None)
        log.say([header])
        yield log
        return
    path = Path(folder, "log.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock(file, path)
        data = path.read_bytes()
        log = Log(os.fspath(path), data, file)
        first, _ = encode(header, 0)
        if not log.records and not first.startswith(data):
            raise FormatError(f"{path}: no whole line, and not the beginning of this run's first: no log of this run")
        if log.records:
            _check_header(path, log.records[0], header)
        log.say([header])
        yield log
        log.sync()
    finally:
        os.close(file)


def _lock(file: int, path: Path) -> None:
    """Held until the file is closed, also by a kill."""
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            return  # a file system without locks
        raise CheckpointError(f"{path}: another process is at work on this run") from None


def _check_header(path: Path, written: Record, header: Record) -> None:
    """Name what differs in words that a user knows, before lines are compared."""
    ours, theirs = plain(header), written
    if ours["version"] != theirs.get("version"):
        raise CheckpointError(
            f"{path}: of version {theirs.get('version')}, this is {ours['version']}; use a new folder"
        )
    there, here = theirs.get("settings", {}), ours["settings"]
    for name in (*here, *(name for name in there if name not in here)):
        if there.get(name) != here.get(name):
            raise CheckpointError(
                f"{path}: of another run: {name} is {there.get(name)!s:.60} there and {here.get(name)!s:.60} "
                "here; use a new folder"
            )
