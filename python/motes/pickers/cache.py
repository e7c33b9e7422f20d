"""Features are kept: rounds of learning look at the same micrographs again and again."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import tokenize
import weakref
from collections import OrderedDict
from pathlib import Path

import numpy as np

from motes.checks import whole
from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.micrograph import Micrograph
from motes.pickers.features import VERSION, Features, features
from motes.pickers.frame import Frame
from motes.pickers.padding import Border
from motes.pickers.preparation import prepare

HEADER = 8  # numbers before the planes in a file: magic, corner, binning, shape of the micrograph, 2 spare
MAGIC = 0x6D6F7465  # "mote"


class FeatureCache:
    """Features of micrographs, computed once.

    Parameters
    ----------
    memory : int, bytes
        How much may be kept in memory; what was used longest ago goes first. 0 keeps nothing.
    folder : path, optional
        Kept there instead, as files that are mapped anew each time, for other processes and later runs. Several
        processes may share it. It is made if it is not there.

    Examples
    --------
    >>> import motes
    >>> micrograph, cache = motes.sample.load().micrograph, FeatureCache()
    >>> cache.get(micrograph, 27)
    <Features: 73 planes of 488 x 489, binned by 2>
    >>> cache.get(micrograph, 27) is cache.get(micrograph, 27)
    True
    """

    def __init__(self, memory: int = 4 * 1024**3, folder: str | os.PathLike[str] | None = None) -> None:
        self.memory = whole("memory", memory, 0)
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._kept: OrderedDict[str, Features] = OrderedDict()
        self._contents: weakref.WeakKeyDictionary[Micrograph, str] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()

    def get(self, micrograph: Micrograph, diameter: float, border: Border | None = None) -> Features:
        """Features of a micrograph for particles of this diameter; `border` None: padding is looked for.

        Raises
        ------
        TypeError, ValueError
            As `prepare`.
        FormatError
            If a file of the folder is damaged.
        OSError
            If it can not be opened.
        """
        key = self._key(micrograph, diameter, border)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = self._stored(key)
        if found is None:
            prepared = prepare(micrograph, diameter, border="auto" if border is None else border)
            found = features(prepared, diameter)
            found = self._store(key, found)
        if isinstance(found.planes, np.memmap):  # each that is held holds a file open, and mapping it again is cheap
            return found
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > 1 and self._bytes() > self.memory:
                self._kept.popitem(last=False)
            if self._bytes() > self.memory:
                del self._kept[key]
        return found

    def _bytes(self) -> int:
        return sum(kept.planes.nbytes for kept in self._kept.values())

    def _key(self, micrograph: Micrograph, diameter: float, border: Border | None) -> str:
        """Of all that features depend on; the content of a micrograph is read once while it lives."""
        content = self._contents.get(micrograph)
        if content is None:
            content = self._contents[micrograph] = micrograph.fingerprint()
        told = f"{VERSION} {float(diameter)!r} {border} {content}"
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

    def _stored(self, key: str) -> Features | None:
        if self.folder is None or not (path := self.folder / f"{key}.npy").exists():
            return None
        try:
            table = np.load(path, mmap_mode="r")
            head = table[:HEADER].view(np.int32).tolist()
            magic, left, top, binning, height, width, rows, columns = head
            planes = table[HEADER:].reshape(-1, rows, columns)
        except (ValueError, OSError, EOFError, SyntaxError, tokenize.TokenError) as error:  # the last two: its header's
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # EINVAL: nothing to be mapped
                raise
            raise FormatError(f"{path}: no cached features, or damaged ({error}); remove it") from error
        if magic != MAGIC:
            raise FormatError(f"{path}: no cached features; remove it")
        return Features(planes, Frame((left, top), binning, (height, width)))

    def _store(self, key: str, found: Features) -> Features:
        if self.folder is None:
            return found
        _, rows, columns = found.planes.shape
        frame = found.frame
        head = np.array([MAGIC, *frame.corner, frame.binning, *frame.shape, rows, columns], np.int32)
        with atomic_path(self.folder / f"{key}.npy") as temporary, temporary.open("wb") as file:
            np.save(file, np.concatenate([head.view(np.float32), found.planes.ravel()]))
        return self._stored(key) or found
