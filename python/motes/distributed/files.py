"""Files that workers read too: each of them must see the same."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Files:
    """Paths and sizes, as this process sees them.

    Parameters
    ----------
    sizes : tuple of (str, int)
        Absolute path, and bytes.
    """

    sizes: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, paths: Iterable[str | os.PathLike[str]]) -> Files:
        """Files that are there; of a folder all of its files.

        Raises
        ------
        OSError
            If one is not there.
        """
        found = [file for path in paths for file in _files(Path(path))]
        return cls(tuple((str(file.resolve()), file.stat().st_size) for file in found))

    def unseen(self) -> str | None:
        """The first that this process does not see, or sees otherwise, in words.

        Examples
        --------
        >>> Files((("/no/such/grid1.mrc", 10),)).unseen()
        'can not see /no/such/grid1.mrc: no such file or directory; put it where every worker finds it by this path'
        """
        for path, size in self.sizes:
            try:
                own = Path(path).stat().st_size
            except OSError as error:
                why = (error.strerror or type(error).__name__).lower()
                return f"can not see {path}: {why}; put it where every worker finds it by this path"
            if own != size:
                return f"sees another {path}: of {own} bytes, not {size}"
        return None


def _files(path: Path) -> Iterable[Path]:
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else (path,)
