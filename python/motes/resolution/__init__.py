"""Resolution: correlation of two maps over frequency, and where it ends."""

from motes.resolution.correlation import frc, fsc
from motes.resolution.curve import ShellCurve
from motes.resolution.halves import half_maps
from motes.resolution.known import MapOfPicks, Oriented, map_of_picks, oriented
from motes.resolution.masks import soft_sphere
from motes.resolution.rules import RULES, Resolution, resolution_at, threshold

__all__ = [
    "RULES",
    "MapOfPicks",
    "Oriented",
    "Resolution",
    "ShellCurve",
    "frc",
    "fsc",
    "half_maps",
    "map_of_picks",
    "oriented",
    "resolution_at",
    "soft_sphere",
    "threshold",
]
