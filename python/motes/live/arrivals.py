"""How many patterns a second arrive."""

from __future__ import annotations

from collections import deque

WINDOW = 60.0  # seconds


class Arrivals:
    """Rate of the last minute, or since the last arrival before it: sections come in lumps.

    Examples
    --------
    >>> arrivals = Arrivals()
    >>> arrivals.note(0.0, 1000), arrivals.note(2.0, 1000), arrivals.note(4.0, 1200)
    (None, 0.0, 50.0)
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()  # when there were more than before

    def note(self, seconds: float, n_patterns: int) -> float | None:
        """Take note of how many there are now; patterns a second, None before there is anything to compare with."""
        if not self._seen or n_patterns != self._seen[-1][1]:
            self._seen.append((seconds, n_patterns))
        while len(self._seen) > 1 and self._seen[1][0] <= seconds - WINDOW:
            self._seen.popleft()
        since, before = self._seen[0]
        return max(0.0, (n_patterns - before) / (seconds - since)) if seconds > since else None
