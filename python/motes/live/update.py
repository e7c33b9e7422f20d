"""A picture of what had arrived, and what it tells of those to come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.live.outlook import Outlook
from motes.live.turning import Found
from motes.reconstruction.result import many
from motes.stored import StoredPatterns


@dataclass(frozen=True, eq=False)
class Update:
    """A picture of what had arrived.

    Attributes
    ----------
    result : Reconstruction, or MixtureReconstruction of in-plane rotations
        Turned to be nearest to the picture before; in the last update as `motes.reconstruct` turns it.
    outlook : Outlook
        Its error, and how many patterns the target takes.
    n_patterns : int
        That it was made from.
    rate : float or None
        Patterns a second that arrive, over the last minute; None before a second look.
    seconds, took : float
        Since the beginning; of them, what this picture took.
    closed : bool
        Whether the writer was done.
    ended : {"closed", "target", "patience"} or None
        Why this is the last one: all is there, the target is reached, nothing came any more; None: others follow.
    begun_anew : bool
        Whether it was fitted from a start of its own, not from the picture before alone.
    store : StoredPatterns
        The store as it was, all sections whose headers can be read.
    kept : (N,) bool array or None
        Of its patterns those that were fitted, the others being in damaged sections; None: all.
    left_out : tuple of int
        Sections that can not be read, by their numbers.
    notes : tuple of str
        What a user should know: sections that were left out, a writer that is silent.
    """

    result: Found
    outlook: Outlook
    n_patterns: int
    rate: float | None
    seconds: float
    took: float
    closed: bool
    ended: str | None
    begun_anew: bool
    store: StoredPatterns
    kept: npt.NDArray[np.bool_] | None
    left_out: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def last(self) -> bool:
        """Whether nothing follows."""
        return self.ended is not None

    @property
    def still_needed(self) -> int | None:
        """Patterns that the target still takes; None without one, or where it is not to be told yet."""
        return self.outlook.still_needed

    @property
    def seconds_needed(self) -> float | None:
        """Until these have come, at the present rate; None where that is not to be told."""
        if self.still_needed is None or (self.still_needed and not self.rate):
            return None
        return self.still_needed / self.rate if self.rate else 0.0

    def __repr__(self) -> str:
        error = f"error {self.outlook.error:.3g}" if self.outlook.told else "no picture yet"
        more = "" if self.still_needed is None else f", {many(self.still_needed, 'pattern')} still needed"
        return f"Update({many(self.n_patterns, 'pattern')}, {error}{more}{', the last' if self.last else ''})"
