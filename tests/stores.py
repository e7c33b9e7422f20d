"""Stores of patterns, small."""

from __future__ import annotations

from pathlib import Path

import motes
from motes import Patterns, StoredPatterns


def store_of(folder: Path, patterns: Patterns, *, a_section: int = 50, name: str = "run.zarr") -> StoredPatterns:
    """A store of these patterns, so many in a section."""
    with motes.PatternWriter(folder / name, patterns.shape) as writer:
        for first in range(0, len(patterns), a_section):
            writer.append(patterns[first : first + a_section])
            writer.flush()
    return motes.open_patterns(folder / name)
