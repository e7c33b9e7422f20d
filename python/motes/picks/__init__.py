"""Particle coordinates: the container, the files that hold them, and which way up they are."""

from __future__ import annotations

from motes.picks.container import Picks, stem
from motes.picks.files import FORMATS, read_picks, write_picks
from motes.picks.flips import FLIPS, Flip, Orientations, likely_flip

__all__ = ["FLIPS", "FORMATS", "Flip", "Orientations", "Picks", "likely_flip", "read_picks", "stem", "write_picks"]
