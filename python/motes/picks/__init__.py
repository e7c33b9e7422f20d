"""Particle coordinates: the container, the files that hold them, and which way up they are."""

from __future__ import annotations

from motes.picks.container import Picks, stem
from motes.picks.files import FORMATS, SUFFIXES, Format, files_of, format_of, read_picks, write_picks
from motes.picks.flips import FLIPS, Flip, Orientations, likely_flip
from motes.picks.yaxis import Origin

__all__ = [
    "FLIPS",
    "FORMATS",
    "SUFFIXES",
    "Flip",
    "Format",
    "Orientations",
    "Origin",
    "Picks",
    "files_of",
    "format_of",
    "likely_flip",
    "read_picks",
    "stem",
    "write_picks",
]
