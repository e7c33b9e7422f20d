"""Resolution: correlation of two maps over frequency, and where it ends."""

from motes.resolution.correlation import frc, fsc
from motes.resolution.curve import ShellCurve
from motes.resolution.masks import soft_sphere
from motes.resolution.rules import RULES, Resolution, resolution_at, threshold

__all__ = ["RULES", "Resolution", "ShellCurve", "frc", "fsc", "resolution_at", "soft_sphere", "threshold"]
