"""How much memory this process may take: as it is told, or a quarter of what is available."""

from __future__ import annotations

import os
import re
from pathlib import Path

from motes.errors import kind_of

_OWN_GROUPS, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_WRITTEN = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*((?:[kmgt]i?)?)b?", re.IGNORECASE | re.ASCII)
_FEW = 10**6  # bytes: no process has so few
SHARE = 4  # of what is available, by default one part of so many


def memory_bytes(memory: object = None, name: str = "memory") -> int:
    """Bytes that the process may take.

    Parameters
    ----------
    memory : str or int, optional
        ``"300MB"``, ``"1.5 GiB"``, a number of bytes, or None: what the process has now, and a quarter of what is
        available beside it.
    name : str
        Of the argument, for messages.

    Raises
    ------
    TypeError, ValueError
        If it says no number of bytes.

    Examples
    --------
    >>> memory_bytes("300MB"), memory_bytes("1.5GiB"), memory_bytes(10**9)
    (300000000, 1610612736, 1000000000)
    """
    if memory is None:
        return resident_bytes() + available_bytes() // SHARE
    expected = f'{name}: expected bytes, such as "300MB" or "2GiB", or a whole number of them'
    if isinstance(memory, str):
        written = _WRITTEN.fullmatch(memory.strip())
        if written is None:
            raise ValueError(f"{expected}; got {memory!r:.40}")
        unit = written[2].lower()
        bytes_ = int(float(written[1]) * (_BINARY if unit.endswith("i") else _UNITS)[unit] + 0.5)
    elif isinstance(memory, int) and not isinstance(memory, bool):
        bytes_ = memory
    else:
        raise TypeError(f"{expected}; got {kind_of(memory)}")
    if not 1 <= bytes_ < 2**62:
        raise ValueError(f"{expected}; got {memory!r:.40}")
    return bytes_


def in_words(n_bytes: int) -> str:
    """Bytes as a person writes them, rounded up.

    Examples
    --------
    >>> in_words(181_234_567), in_words(2_500_000_000), in_words(900)
    ('182 MB', '2500 MB', '1 MB')
    """
    return f"{-(-n_bytes // 10**6)} MB"


def without_unit(memory: object) -> str:
    """The end of a message about a memory that is too little: a few bytes may have been meant as megabytes.

    Examples
    --------
    >>> without_unit("300"), without_unit(2), without_unit("1MB")
    ('; "300" is 300 bytes: write 300MB or 300GB', '; "2" is 2 bytes: write 2MB or 2GB', '')
    """
    written = str(memory).strip()
    if not (written.isascii() and written.isdigit() and int(written) < _FEW):
        return ""
    return f'; "{written}" is {written} bytes: write {written}MB or {written}GB'


def resident_bytes() -> int:
    """What this process takes now; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        pass
    try:
        import resource
        import sys

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # the peak: what a Mac tells without asking further
        return most if sys.platform == "darwin" else most * 1024
    except (ImportError, OSError):
        return 0


def available_bytes() -> int:
    """What the system would give this process beside what it has: the least of the machine's and its groups' rest."""
    found = [_machine(), *(_group(_OWN_GROUPS, _GROUPS))]
    return max(0, min((n for n in found if n is not None), default=2**32))


def _machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return None


def _group(own: Path, mounted: Path) -> list[int]:
    """What is left of the limits of the control groups that this process is in, from its own up to the root."""
    try:
        groups = [line.split(":", 2) for line in own.read_text().splitlines()]
    except OSError:
        return []
    left = []
    for _, controllers, path in (group for group in groups if len(group) == 3):
        if controllers == "":
            root, limit, used = mounted, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            root, limit, used = mounted / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        inner = root / path.lstrip("/")
        for folder in (inner, *inner.parents):
            if folder.is_relative_to(root):
                left += _left(folder, limit, used)
    return left


def _left(folder: Path, limit: str, used: str) -> list[int]:
    """Limit less use, without the files that the system keeps for speed; nothing where there is no limit."""
    try:
        most, now = int((folder / limit).read_text()), int((folder / used).read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return []
    cached = 0
    try:
        for line in (folder / "memory.stat").read_text().splitlines():
            name, _, value = line.partition(" ")
            cached += int(value) if name in ("inactive_file", "active_file") else 0
    except (OSError, ValueError):
        pass
    return [max(0, most - now + cached)]
