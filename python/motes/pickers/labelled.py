"""What a picker learns from: micrographs, and what a person has said about some places on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.circles import Circles
from motes.micrograph import Micrograph


@dataclass(frozen=True, eq=False, repr=False)
class Labelled:
    """M micrographs and their labels.

    Labels are partial: a place without one is unknown, not background, unless its micrograph is `complete`.

    Parameters
    ----------
    micrographs : sequence of Micrograph
        M; of any sizes.
    particles : Circles
        Places that hold a particle: its centre and radius, in micrograph pixels; of M micrographs.
    rejected : Circles, optional
        Places that were looked at and hold none. By default there are no such places.
    complete : (M,) bool array, optional
        Micrographs on which every particle is labelled. By default none.
    asked : (N,) bool array, optional
        Which of the particles are answers to questions that a picker's scores have chosen, and would be among the
        rejected places had the answer been no. The others were labelled whatever a picker thinks of them: by lot, or
        as somebody came across them. By default none was asked. It matters for probabilities alone.

    Raises
    ------
    ValueError
        If numbers of micrographs differ, two have one name, or a label lies outside its micrograph; the message names
        micrograph and label.
    """

    micrographs: tuple[Micrograph, ...]
    particles: Circles
    rejected: Circles
    complete: npt.NDArray[np.bool_]
    asked: npt.NDArray[np.bool_]

    def __init__(
        self,
        micrographs: Sequence[Micrograph],
        particles: Circles,
        rejected: Circles | None = None,
        complete: npt.NDArray[np.bool_] | None = None,
        asked: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        set_, m = object.__setattr__, len(micrographs)
        set_(self, "micrographs", tuple(micrographs))
        set_(self, "particles", particles)
        nothing = Circles(np.zeros((0, 2)), np.zeros(0), indptr=np.zeros(m + 1, np.int64))
        set_(self, "rejected", nothing if rejected is None else rejected)
        set_(self, "complete", np.zeros(m, bool) if complete is None else np.array(complete, bool))
        set_(self, "asked", np.zeros(len(particles), bool) if asked is None else np.array(asked, bool))
        if m == 0:
            raise ValueError("micrographs: expected at least one")
        names = [micrograph.name for micrograph in self.micrographs]
        if len(set(names)) < m:
            raise ValueError(f"micrographs: {max(names, key=names.count)!r} comes twice")
        if self.complete.shape != (m,):
            raise ValueError(f"complete: expected shape ({m},), got {self.complete.shape}")
        if self.asked.shape != (len(particles),):
            raise ValueError(f"asked: expected shape ({len(particles)},), got {self.asked.shape}")
        for name in ("particles", "rejected"):
            self._check(name, getattr(self, name))

    def _check(self, name: str, circles: Circles) -> None:
        """Refuse labels of other micrographs than these, or outside of them."""
        if circles.n_micrographs != len(self.micrographs):
            raise ValueError(f"{name}: of {circles.n_micrographs} micrographs, expected {len(self.micrographs)}")
        sides = np.array([micrograph.shape[::-1] for micrograph in self.micrographs])[circles.micrograph]
        outside = ((circles.centres < -0.5) | (circles.centres > sides - 0.5)).any(axis=1)
        if outside.any():
            at = int(np.argmax(outside))
            x, y = circles.centres[at]
            where = self.micrographs[int(circles.micrograph[at])]
            width, height = sides[at]
            raise ValueError(
                f"{name}: label {at - int(circles.indptr[circles.micrograph[at]])} of {where.name} is at "
                f"({x:g}, {y:g}), outside its {width} x {height} pixels"
            )

    def __repr__(self) -> str:
        m = len(self.micrographs)
        return (
            f"<Labelled: {len(self.particles):,} particles and {len(self.rejected):,} rejected places "
            f"on {m:,} micrograph{'s' * (m != 1)}>"
        )
