"""The pool: candidates that a person may still be asked about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.circles import Circles, Indices
from motes.pickers import Detections
from motes.picking import near_pairs, suppress

SAME_PLACE = 0.3  # IoU above which two circles are of one place; the constraint of seed 001's correction on real data

Shapes = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False, repr=False)
class Pool:
    """Candidates of M micrographs, ragged, each of its own place, none at a place that was asked about.

    Parameters
    ----------
    detections : Detections
        N candidates.
    opened : (M,) bool array, optional
        Micrographs that a person has looked at already. By default none.
    known : Detections, optional
        Candidates at places that were asked about or labelled: what a diverse batch keeps away from. By default none.
    shapes : tuple of (height, width), optional
        Of the M micrographs, pixels.

    Raises
    ------
    ValueError
        If a number of micrographs differs.

    Examples
    --------
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [52, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> Pool.from_detections(Detections(found, ("grid1",)))
    <Pool: 2 candidates on 1 micrograph, probabilities 0.4 to 0.9, 0 opened>
    """

    detections: Detections
    opened: npt.NDArray[np.bool_]
    known: Detections
    shapes: Shapes | None

    def __init__(
        self,
        detections: Detections,
        opened: npt.ArrayLike | None = None,
        known: Detections | None = None,
        shapes: Shapes | None = None,
    ) -> None:
        m = len(detections.micrographs)
        set_ = object.__setattr__
        set_(self, "detections", detections)
        set_(self, "opened", np.zeros(m, bool) if opened is None else np.array(opened, bool))
        set_(self, "known", detections[:0] if known is None else known)
        set_(self, "shapes", shapes)
        if self.opened.shape != (m,):
            raise ValueError(f"opened: expected shape ({m},), one a micrograph, got {self.opened.shape}")
        if self.known.micrographs != detections.micrographs:
            raise ValueError("known: expected the micrographs of the candidates")
        if shapes is not None and len(shapes) != m:
            raise ValueError(f"shapes: expected {m}, one a micrograph, got {len(shapes)}")

    @classmethod
    def from_detections(
        cls,
        detections: Detections,
        *,
        labelled: Circles | None = None,
        rejected: Circles | None = None,
        distance: float | None = None,
        iou: float | None = None,
        min_probability: float = 0.0,
        opened: npt.ArrayLike | None = None,
        shapes: Shapes | None = None,
    ) -> Pool:
        """Suppress, then leave out the places that were asked about.

        One rule says what is one place: an IoU above `iou`, or centres closer than `distance`. By it the better of two
        candidates suppresses the other, and by it a candidate is at a labelled or a rejected place. If an answer is a
        label by the same IoU, no particle is lost with a rejected place: it would have been confirmed.

        Parameters
        ----------
        detections : Detections
            What a picker proposes, not suppressed.
        labelled, rejected : Circles, optional
            Labels, and places where a person saw none; of the same M micrographs.
        distance, iou : float
            One of them, pixels or a ratio; by default `iou=0.3`, the seed's constraint on real micrographs.
        min_probability : float
            Candidates below it are no candidates: a query for low probabilities needs one, for most of what a picker
            proposes is empty ice.
        opened : (M,) bool array, optional
            By default the micrographs that hold a label or a rejected place.
        shapes : tuple of (height, width), optional
            Of the M micrographs, pixels.

        Returns
        -------
        Pool
            In the order of the candidates.

        Raises
        ------
        ValueError
            If both or an impossible `iou` or `distance` are given, `min_probability` is none, or circles are of other
            micrographs.
        """
        if iou is distance is None:
            iou = SAME_PLACE
        if not 0 <= min_probability <= 1:
            raise ValueError(f"min_probability: expected 0 to 1, got {min_probability}")
        candidates = detections[detections.probability >= min_probability]
        candidates = candidates[suppress(candidates.circles, iou=iou, distance=distance)]
        asked, looked_at = np.zeros(len(candidates), bool), np.zeros(len(candidates.micrographs), bool)
        for name, places in (("labelled", labelled), ("rejected", rejected)):
            if places is None:
                continue
            if places.n_micrographs != len(looked_at):
                raise ValueError(f"{name}: of {places.n_micrographs} micrographs, expected {len(looked_at)}")
            near, _, _ = near_pairs(candidates.circles.astype(float), places.astype(float), iou=iou, distance=distance)
            asked[near] = True
            looked_at |= np.diff(places.indptr) > 0
        return cls(candidates[~asked], looked_at if opened is None else opened, candidates[asked], shapes)

    def __len__(self) -> int:
        return len(self.detections)

    @property
    def circles(self) -> Circles:
        """N candidates."""
        return self.detections.circles

    @cached_property
    def probability(self) -> npt.NDArray[np.float64]:
        """(N,): that each candidate is a particle."""
        return self.detections.probability.astype(np.float64)

    @cached_property
    def by_place(self) -> Indices:
        """(N,): rows in an order that does not depend on how candidates are listed: micrograph by name, then x, y."""
        names = np.argsort(np.argsort(self.detections.micrographs))
        circles = self.circles
        x, y = circles.centres.T
        return np.lexsort((self.probability, circles.radii, y, x, names[circles.micrograph])).astype(np.int64)

    def __repr__(self) -> str:
        told = repr(self.detections)[len("<Detections: ") : -1]
        return f"<Pool: {told}, {int(self.opened.sum()):,} opened>"
