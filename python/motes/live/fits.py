"""One picture after the other, each from where the last one ended, and now and then anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes.live.turning import as_before
from motes.noise import Noise
from motes.reconstruction.doubts import LOW_AGREEMENT
from motes.reconstruction.result import Reconstruction
from motes.reconstruction.run import reconstruct
from motes.rotations import Rotations
from motes.stored import StoredPatterns

GROWN = 2  # times as many patterns: what few of them led to may be a wrong maximum


class Fits:
    """Reconstructs growing data.

    Parameters
    ----------
    rotations, noise, how
        Of `motes.reconstruct`; `how` are its options.
    """

    def __init__(self, rotations: Rotations, noise: Noise, how: dict[str, Any]) -> None:
        self._rotations, self._noise, self._how = rotations, noise, how
        self.forget()

    def forget(self) -> None:
        """Begin with other data."""
        self._last: Reconstruction | None = None
        self._of_its_own: tuple[str, Reconstruction] | None = None  # by the fingerprint of its patterns
        self._begun_with = 0  # patterns, when it was begun anew for the last time

    def next(self, patterns: StoredPatterns) -> tuple[Reconstruction, bool]:
        """The picture of these patterns, turned to be nearest to the last; whether it was also begun anew.

        It is climbed to from the last one. Where there are twice as many patterns as when it was begun anew, that is
        done again, and the more likely of the two taken.

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C; the last picture stays.
        """
        found = []
        if self._last is not None:
            found.append(self._fitted(patterns, _as_start(self._last)))
        begins = not found or len(patterns) >= GROWN * self._begun_with
        if begins:
            found.append(self.anew(patterns))
            self._begun_with = len(patterns)
        best = max(found, key=lambda result: result.log_likelihood)
        self._last = best if self._last is None else as_before(best, self._last.master)
        return self._last, begins

    def anew(self, patterns: StoredPatterns) -> Reconstruction:
        """What `motes.reconstruct` finds in these patterns, turned by convention; not again in the same ones."""
        if self._of_its_own is None or self._of_its_own[0] != patterns.fingerprint:
            self._of_its_own = patterns.fingerprint, self._fitted(patterns, None)
        return self._of_its_own[1]

    def won_by_the_last(self, result: Reconstruction, patterns: StoredPatterns) -> float:
        """Nats a pattern by which these patterns make another picture likelier: that which the last one leads to.

        0 where a result looks like the last picture, or the last is not likelier.
        """
        if self._last is None or _correlation(as_before(result, self._last.master), self._last) >= LOW_AGREEMENT:
            return 0.0
        other = self._fitted(patterns, _as_start(self._last))
        return max(0.0, other.log_likelihood - result.log_likelihood)

    def _fitted(self, patterns: StoredPatterns, init: npt.NDArray[np.float64] | None) -> Reconstruction:
        result: Reconstruction = reconstruct(patterns, self._rotations, self._noise, init=init, **self._how)
        if result.interrupted:
            raise KeyboardInterrupt
        return result


def _as_start(result: Reconstruction) -> npt.NDArray[np.float64]:
    """Its master, with a mean where it was never seen."""
    seen = result.seen
    return np.where(seen, result.master, result.master[seen].mean() if seen.any() else 0.0)


def _correlation(one: Reconstruction, other: Reconstruction) -> float:
    both = one.seen & other.seen
    first, second = (result.master[both] - result.master[both].mean() for result in (one, other))
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size > 0 else 1.0
