"""Candidates on micrographs, from maxima of score maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from motes.circles import Circles
from motes.devices import CPU, Device
from motes.kernels.matching import match
from motes.micrograph import Micrograph
from motes.pickers.calibration import CONFIRMED, NONE, PARTICLE, UNSAID, Calibration, calibrate
from motes.pickers.detections import Detections
from motes.pickers.frame import Frame
from motes.pickers.labelled import Labelled
from motes.pickers.peaks import peaks
from motes.picking.edges import away_from_edges

FloatArray = npt.NDArray[np.float64]

DISTANCE = 0.46  # diameters: between two candidates
SAME = 0.26  # diameters: a candidate closer to a label is of it; IoU 0.5 of two circles


def candidates(
    scores: npt.NDArray[np.float32], frame: Frame, diameter: float, edge: float, *, device: Device = CPU
) -> tuple[Circles, npt.NDArray[np.int64]]:
    """Maxima of a score map in stored pixels, away from the edges of the micrograph.

    Parameters
    ----------
    scores : (h, w) float32 array
        Raw scores of a part of the micrograph.
    frame : Frame
        Which part.
    diameter, edge : float, stored pixels
        Of the particles; least distance from an edge.
    device : Device
        Where the maxima are looked for; the same are found.

    Returns
    -------
    circles : Circles
        N candidates, the best first, with raw scores.
    pixels : (N, 2) int64 array
        x and y of their maxima on the map.
    """
    places, heights, pixels = peaks(scores, DISTANCE * diameter / frame.binning, device=device)
    circles = Circles(frame.to_micrograph(places), diameter / 2, heights)
    kept = away_from_edges(circles, frame.shape, edge)
    return circles[kept], pixels[kept]


def worth(found: Sequence[Circles], labelled: Labelled, which: Sequence[int], drop: float = 0.0) -> Calibration:
    """What raw scores are worth, by the candidates of some of the labelled micrographs.

    Parameters
    ----------
    found : sequence of Circles
        Candidates of each of these micrographs.
    labelled : Labelled
        If some of them are complete, only these count.
    which : sequence of int
        The index of each among the labelled ones.
    drop : float
        By how much a label scores higher than if it had not been learned from.

    Returns
    -------
    Calibration
    """
    clean = any(labelled.complete[m] for m in which)
    scores, said = [np.zeros(0)], [np.zeros(0, np.int8)]
    for own, m in zip(found, which, strict=True):
        if len(own) and own.scores is not None and (labelled.complete[m] or not clean):
            said.append(known(own, labelled, m))
            scores.append(own.scores - drop * (said[-1] >= PARTICLE))
    return calibrate(np.concatenate(scores), np.concatenate(said))


def known(found: Circles, labelled: Labelled, m: int) -> npt.NDArray[np.int8]:
    """What has been said about the candidates of micrograph m, in the words of `calibrate`."""
    said = np.full(len(found), NONE if labelled.complete[m] else UNSAID, np.int8)
    near = SAME * 2 * float(found.radii[0])
    own = slice(*labelled.particles.indptr[m : m + 2])
    confirmed = labelled.asked[own] | labelled.complete[m]  # where all is known, so would be that it is none
    for places, words in (
        (labelled.rejected.of_micrograph(m), NONE),
        (labelled.particles.of_micrograph(m), np.where(confirmed, CONFIRMED, PARTICLE)),
    ):
        circles = Circles(places.centres.astype(np.float64), places.radii.astype(np.float64))
        found_there = match(found, circles, distance=near, threads=1)
        said[found_there.hit] = np.broadcast_to(words, len(places))[found_there.particle[found_there.hit]]
    return said


def detections(
    found: Sequence[Circles],
    micrographs: Sequence[Micrograph],
    calibration: Calibration,
    appearance: npt.NDArray[np.float32] | None = None,
) -> Detections:
    """Candidates of each micrograph, their raw scores turned into probabilities."""
    raw = Circles.concatenate(found)
    assert raw.scores is not None
    circles = Circles(raw.centres, raw.radii, calibration(raw.scores), indptr=raw.indptr)
    return Detections(circles, tuple(micrograph.name for micrograph in micrographs), appearance)
