"""What a picker proposes: candidate particles with the probability that each is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.circles import Circles


@dataclass(frozen=True, eq=False, repr=False)
class Detections:
    """Candidates of M micrographs, ragged: each micrograph has its own number of them.

    Not suppressed yet: two candidates may be of one particle. A picker proposes every place that might hold a particle,
    down to probabilities near 0, since a query may want to ask about exactly those.

    Parameters
    ----------
    circles : Circles
        N candidates of M micrographs, in micrograph pixels; the scores are probabilities, 0 to 1.
    micrographs : tuple of str
        M names, the stems of their files.
    appearance : (N, F) float32 array, optional
        What each candidate looks like, for queries that want a batch of different ones; distances between rows count.
    members : (N, K) float64 array, optional
        Probabilities by each of K members of a committee; the scores are then their means.

    Raises
    ------
    TypeError, ValueError
        If there are no scores, one is no probability, or a shape does not fit.

    Examples
    --------
    >>> found = Circles(np.array([[10.0, 20.0], [50.0, 20.0]]), 8.0, np.array([0.9, 0.4]))
    >>> Detections(found, ("grid1",))
    <Detections: 2 candidates on 1 micrograph, probabilities 0.4 to 0.9>
    """

    circles: Circles
    micrographs: tuple[str, ...]
    appearance: npt.NDArray[np.float32] | None = None
    members: npt.NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        scores, n = self.circles.scores, len(self.circles)
        if scores is None:
            raise ValueError("circles: scores are needed, the probabilities of the candidates")
        outside = ~((scores >= 0) & (scores <= 1))
        if outside.any():
            at = int(np.argmax(outside))
            raise ValueError(f"circles: expected scores that are probabilities, got {scores[at]} at index {at}")
        if len(self.micrographs) != self.circles.n_micrographs:
            raise ValueError(
                f"micrographs: expected {self.circles.n_micrographs} names, one a micrograph, "
                f"got {len(self.micrographs)}"
            )
        for name in ("appearance", "members"):
            table = getattr(self, name)
            if table is not None and (table.ndim != 2 or len(table) != n):
                raise ValueError(f"{name}: expected shape ({n}, any), got {table.shape}")

    @property
    def probability(self) -> npt.NDArray[Any]:
        """(N,): that each candidate is a particle."""
        assert self.circles.scores is not None
        return self.circles.scores

    def __len__(self) -> int:
        return len(self.circles)

    def __getitem__(self, which: Any) -> Detections:
        """Chosen candidates, by mask or ascending indices; the micrographs stay."""
        rows = np.sort(np.arange(len(self))[which])
        appearance, members = (None if table is None else table[rows] for table in (self.appearance, self.members))
        return Detections(self.circles[rows], self.micrographs, appearance, members)

    def __repr__(self) -> str:
        n, m = len(self), len(self.micrographs)
        told = f"{n:,} candidate{'s' * (n != 1)} on {m:,} micrograph{'s' * (m != 1)}"
        if n:
            told += f", probabilities {self.probability.min():.4g} to {self.probability.max():.4g}"
        return f"<Detections: {told}>"
