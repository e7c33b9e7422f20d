"""One picture after the other, each from where the last one ended, and now and then anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes.in_plane import InPlane
from motes.live.turning import Found, as_before, near
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

    def __init__(self, rotations: Rotations | InPlane, noise: Noise, how: dict[str, Any]) -> None:
        self._rotations, self._noise, self._how = rotations, noise, how
        self.forget()

    def forget(self) -> None:
        """Begin with other data."""
        self._last: Found | None = None
        self._of_its_own: tuple[str, Found] | None = None  # by the fingerprint of its patterns
        self._begun_with = 0  # patterns, when it was begun anew for the last time

    def next(self, patterns: StoredPatterns) -> tuple[Found, bool]:
        """The picture of these patterns, turned to be nearest to the last; whether it was also begun anew.

        It is climbed to from the last one. Where there are twice as many patterns as when it was begun anew, that is
        done again, and the more likely of the two taken.

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C; the last picture stays.
        """
        last = self._last
        begins = last is None or len(patterns) >= GROWN * self._begun_with
        if last is None:
            found = self.anew(patterns)
        else:
            found = self._fitted(patterns, _as_start(last.master))
            if begins:
                found = self._better(found, self.anew(patterns), last, patterns)
            if isinstance(found, Reconstruction):
                found = as_before(found, last.master)
        if begins:
            self._begun_with = len(patterns)
        self._last = found
        return found, begins

    def _better(self, followed: Found, anew: Found, last: Found, patterns: StoredPatterns) -> Found:
        """The more likely picture of two.

        Interpolation smooths what it turns, so that of in-plane rotations a picture of another start can not be shown
        as the last one stands: it is climbed to once more from there. If it is the same picture in another frame of
        pixels, there is nothing to climb to.
        """
        if followed.log_likelihood >= anew.log_likelihood:
            return followed
        if isinstance(anew, Reconstruction):
            return anew
        if _alike(anew, followed):
            return followed
        level = self._fitted(patterns, _as_start(near(anew, last.master)))
        return max(followed, level, key=lambda result: result.log_likelihood)

    def anew(self, patterns: StoredPatterns) -> Found:
        """What `motes.reconstruct` finds in these patterns, as it turns it; not again in the same ones."""
        if self._of_its_own is None or self._of_its_own[0] != patterns.fingerprint:
            self._of_its_own = patterns.fingerprint, self._fitted(patterns, None)
        return self._of_its_own[1]

    def won_by_the_last(self, result: Found, patterns: StoredPatterns) -> float:
        """Nats a pattern by which these patterns make another picture likelier: that which the last one leads to.

        0 where a result looks like the last picture, or the last is not likelier.
        """
        if self._last is None or _alike(result, self._last):
            return 0.0
        other = self._fitted(patterns, _as_start(self._last.master))
        return max(0.0, other.log_likelihood - result.log_likelihood)

    def _fitted(self, patterns: StoredPatterns, init: npt.NDArray[np.float64] | None) -> Found:
        result = reconstruct(patterns, self._rotations, self._noise, init=init, **self._how)
        if result.interrupted:
            raise KeyboardInterrupt
        return result


def _as_start(master: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A master, with its mean where it was never seen."""
    seen = np.isfinite(master)
    return np.where(seen, master, master[seen].mean() if seen.any() else 0.0)


def _alike(one: Found, other: Found) -> bool:
    """Whether two pictures are one, after the best turn."""
    return _correlation(near(one, other.master), other.master) >= LOW_AGREEMENT


def _correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    first, second = (master[both] - master[both].mean() for master in (one, other))
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size > 0 else 1.0
