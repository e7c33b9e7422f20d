"""What a network is taught at each pixel, from labels that are partial.

An unlabelled particle must not be taught as background. Pixels near a label are particle; pixels beyond a ring about
every label are background *on average*: most of them are, and the loss is half the mean over the first and half the
mean over the second, so that their number does not count. What a person said outright is apart from these: places that
were rejected, and micrographs on which every particle is labelled. Where another picker has learned from the same
labels, what it is sure of can stand in for labels that are missing, and what it doubts is taught as nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.circles import Circles
from motes.micrograph import Micrograph
from motes.pickers.frame import Frame
from motes.pickers.labelled import Labelled
from motes.pickers.preparation import Prepared

PARTICLE, REJECTED, EMPTY, UNLABELLED = range(4)
NEAR, RING = 0.15, 0.28  # diameters: a label's own pixels, and from where on there may be background
SHARE_OF_REJECTED = 0.25  # of the half that is background, where there are rejected places


@dataclass(frozen=True, eq=False)
class Hints:
    """What another picker thinks of places on the M micrographs that nobody has spoken about.

    Attributes
    ----------
    likely, doubtful : Circles
        Taught as particles; taught neither as particles nor as background.
    """

    likely: Circles
    doubtful: Circles


@dataclass(frozen=True, eq=False)
class Taught:
    """A micrograph and its labels on binned pixels.

    Attributes
    ----------
    prepared : Prepared
    frame : Frame
        Its part without padding.
    index : int
        Of the micrograph among those that were labelled.
    particles, rejected : (N, 2) float64 arrays, binned pixels
        x and y of the labels.
    sizes : (N,) float64 array, binned pixels
        Diameters of the particles.
    complete : bool
        Every particle has a label.
    likely, doubtful : (N, 2) float64 arrays, binned pixels
        Those of `Hints`, further than a ring from every rejected place.
    """

    prepared: Prepared
    frame: Frame
    index: int
    particles: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.float64]
    rejected: npt.NDArray[np.float64]
    complete: bool
    likely: npt.NDArray[np.float64]
    doubtful: npt.NDArray[np.float64]

    @cached_property
    def places(self) -> npt.NDArray[np.float64]:
        """(N, 2): whatever a person said something about."""
        return np.concatenate([self.particles, self.rejected])

    def pixels(self, diameter: float) -> npt.NDArray[np.bool_]:
        """(4, h, w): the class of each pixel, for particles of a diameter in binned pixels; it is of one or of none."""
        shape = self.prepared.image.shape
        taken = np.concatenate([self.particles, self.likely])
        to_particle, to_rejected, to_doubtful = (
            _distance(shape, places, 2 * diameter) for places in (taken, self.rejected, self.doubtful)
        )
        near, ring = max(NEAR * diameter, 1.0), max(RING * diameter, 2.0)
        beyond = np.minimum(to_particle, to_doubtful) > ring
        refused = (to_rejected <= near) & beyond
        background = beyond & ~refused
        classes = [to_particle <= near, refused, background & self.complete, background & (not self.complete)]
        masked: npt.NDArray[np.bool_] = np.stack(classes) & self.prepared.mask
        return masked


def teach(labelled: Labelled, prepare: Callable[[Micrograph], Prepared], hints: Hints | None = None) -> list[Taught]:
    """Micrographs with their labels, in the order of their names.

    Hints count only on micrographs that are not complete.

    Raises
    ------
    ValueError
        If no particle is labelled, or all of them on padding.
    """
    if not len(labelled.particles):
        raise ValueError("labelled: expected at least one particle, got none")
    result = []
    for m in np.argsort([micrograph.name for micrograph in labelled.micrographs]).tolist():
        prepared = prepare(labelled.micrographs[m])
        particles, rejected = labelled.particles.of_micrograph(m), labelled.rejected.of_micrograph(m)
        at = prepared.to_prepared(particles.centres)
        real = on_mask(prepared, at)
        sizes = 2.0 * particles.radii[real] / prepared.binning
        others = prepared.to_prepared(rejected.centres)
        frame, complete = frame_of(prepared, labelled.micrographs[m]), bool(labelled.complete[m])
        thought = [np.zeros((0, 2))] * 2
        if hints is not None and not complete:
            reach = RING * float(np.median(labelled.particles.radii)) * 2 / prepared.binning
            places = (prepared.to_prepared(some.of_micrograph(m).centres) for some in (hints.likely, hints.doubtful))
            thought = [_away(some, others, reach) for some in places]
        result.append(Taught(prepared, frame, m, at[real], sizes, others, complete, *thought))
    if not any(len(one.particles) for one in result):
        raise ValueError("labelled: every particle lies on padding, expected at least one that does not")
    return result


def weights(classes: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Weights (B, 2, h, w) of a batch's pixels: as particle, and as background.

    Over the batch particles sum up to a half, and all background to a half: a quarter of that for rejected places,
    where there are any; the rest for background that is known and that is not, evenly where there are both.
    """
    count = classes.sum(axis=(0, 2, 3))
    share = np.zeros(4)
    share[PARTICLE] = 0.5
    share[REJECTED] = 0.5 * SHARE_OF_REJECTED * (count[REJECTED] > 0)
    present = count[EMPTY:] > 0
    share[EMPTY:] = (0.5 - share[REJECTED]) * present / max(present.sum(), 1)
    each = (share / np.maximum(count, 1))[:, None, None] * classes
    return np.stack([each[:, PARTICLE], each[:, REJECTED:].sum(axis=1)], axis=1).astype(np.float32)


def frame_of(prepared: Prepared, micrograph: Micrograph) -> Frame:
    """Where the part without padding lies."""
    rows, columns = prepared.inside
    return Frame((columns.start, rows.start), prepared.binning, micrograph.shape)


def on_mask(prepared: Prepared, places: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which places, (N, 2) in binned pixels, are on no padding."""
    height, width = prepared.mask.shape
    x, y = np.rint(places).astype(np.int64).T
    real: npt.NDArray[np.bool_] = prepared.mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    return real


def _away(places: npt.NDArray[np.float64], others: npt.NDArray[np.float64], reach: float) -> npt.NDArray[np.float64]:
    """The places that are further than that from every other one."""
    distance = np.hypot(*(places[:, None] - others).transpose(2, 0, 1))
    away: npt.NDArray[np.float64] = places[(distance > reach).all(axis=1)]
    return away


def _distance(shape: tuple[int, ...], places: npt.NDArray[np.float64], reach: float) -> npt.NDArray[np.float64]:
    """(h, w): from each pixel to the nearest place; infinite beyond `reach`."""
    distance = np.full(shape, np.inf)
    for x, y in places:
        rows, columns = (slice(max(int(v - reach), 0), max(int(v + reach) + 2, 0)) for v in (y, x))
        part = distance[rows, columns]
        yy, xx = np.ogrid[rows.start : rows.start + part.shape[0], columns.start : columns.start + part.shape[1]]
        np.minimum(part, np.hypot(xx - x, yy - y), out=part)
    return distance
