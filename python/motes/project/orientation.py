"""Whether labels from a file are turned over, as a micrograph that they are on makes likely."""

from __future__ import annotations

from motes.picks import Picks, likely_flip, stem
from motes.picks.flips import Flip, Orientations
from motes.project.folder import Project

LOOKED_AT = 3  # micrographs, those with the most picks: enough to tell, and a second's work


def turned_over(project: Project, picks: Picks) -> tuple[str, Orientations] | None:
    """A micrograph that clearly makes another flip of picks likely, and how likely; None where there is none.

    Parameters
    ----------
    project : Project
    picks : Picks
        As they were read.
    """
    parts = [(stem(name), part) for name, part in picks.by_micrograph() if stem(name) in project.shapes]
    for name, part in sorted(parts, key=lambda one: -len(one[1]))[:LOOKED_AT]:
        try:
            found = likely_flip(part, project.micrograph(name).data, radius=project.diameter / 2)
        except (ValueError, OSError):  # too few picks, or no image that tells: labels do not need one
            continue
        if found.clear and found.likeliest != Flip():
            return name, found
    return None
