"""Padding of micrographs that is no image: outermost lines, stretched."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.checks import whole
from motes.micrograph import Micrograph

Border = tuple[int, int, int, int]
"""Padding of a micrograph: rows at the top and at the bottom, columns at the left and at the right."""

STRIP_ROWS = 512
COPIED = 0.5  # of the median change from line to line: lines that change less are stretched
LEAST_COPIES = 3  # lines: a detector may repeat its outermost one
RAMP = 1 / 6  # diameters: where stretched lines were smoothed into real ones


def find_border(micrograph: Micrograph, diameter: float) -> Border:
    """Padding made by stretching the outermost lines of an image, as in some published micrographs.

    A line belongs to it while it differs from the next one inwards by less than half of what lines of this micrograph
    usually do; then a sixth of a diameter more, where denoising has smeared the two.

    Returns
    -------
    (int, int, int, int), pixels
        Rows at the top and the bottom, columns at the left and the right; 0 where there is none.
    """
    changes = _changes(micrograph)
    found = []
    for change in changes:
        usual = np.median(change) if len(change) else 0.0
        for profile in (change, change[::-1]):
            ahead = np.cumsum(np.where(profile < COPIED * usual, 1, -1))  # copies less others: a few others do no harm
            run = int(np.argmax(ahead)) + 1 if ahead.max(initial=0) >= LEAST_COPIES else 0
            found.append(run + round(RAMP * diameter) if run else 0)
    top, bottom, left, right = found
    return top, bottom, left, right


def _changes(micrograph: Micrograph) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean absolute difference of each row to the next, and of each column to the next."""
    height, width = micrograph.shape
    rows, columns = np.zeros(max(height - 1, 0)), np.zeros(max(width - 1, 0))
    for start in range(0, height, STRIP_ROWS):
        strip = np.asarray(micrograph.data[start : start + STRIP_ROWS + 1], np.float32)
        rows[start : start + len(strip) - 1] = np.abs(strip[1:] - strip[:-1]).mean(axis=1, dtype=np.float64)
        own = strip[:STRIP_ROWS]
        columns += np.abs(own[:, 1:] - own[:, :-1]).sum(axis=0, dtype=np.float64)
    return rows, columns / height


def check_border(border: object) -> Border:
    """What a user says about padding."""
    if not isinstance(border, tuple | list) or len(border) != 4:
        raise TypeError(f"border: expected 'auto' or four whole numbers, got {border!r}")
    top, bottom, left, right = (whole("border", side, 0) for side in border)
    return top, bottom, left, right


def binned_border(border: Border, binning: int, shape: tuple[int, int]) -> Border:
    """Padding in binned lines; one that is padding in part is padding."""
    top, bottom, left, right = border
    dropped = [side % binning for side in shape]  # lines that fill no binned one
    far = max(bottom - dropped[0], 0), max(right - dropped[1], 0)
    top, bottom, left, right = (-(-lines // binning) for lines in (top, far[0], left, far[1]))
    return top, bottom, left, right
