"""Which way up labels from files are, as the micrographs that they are on make likely."""

from __future__ import annotations

from collections.abc import Sequence

from motes.picks import Picks, likely_flip, stem
from motes.picks.flips import Flip, Orientations
from motes.project.folder import Project

LOOKED_AT = 3  # micrographs, those with the most picks: enough to tell, and a second's work


def likelier_flip(project: Project, files: Sequence[Picks]) -> tuple[int, str, Orientations] | None:
    """The number of a file and a micrograph that clearly makes another flip likely, and how likely; None if none does.

    Files that come together are of one kind: three micrographs of all are looked at.

    Parameters
    ----------
    project : Project
    files : sequence of Picks
        As they were read.
    """
    parts = [
        (k, stem(name), part)
        for k, picks in enumerate(files)
        for name, part in picks.by_micrograph()
        if stem(name) in project.shapes
    ]
    for k, name, part in sorted(parts, key=lambda one: -len(one[2]))[:LOOKED_AT]:
        try:
            found = likely_flip(part, project.micrograph(name).data, radius=project.diameter / 2)
        except (ValueError, OSError):  # too few picks, or no image that tells: labels do not need one
            continue
        if found.clear and found.likeliest != Flip():
            return k, name, found
    return None
