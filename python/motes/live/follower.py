"""Look, wait or fit, and tell: the loop behind `motes.follow`."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from motes.errors import DamagedSection
from motes.live.arrivals import Arrivals
from motes.live.fits import Fits
from motes.live.growing import Growing, Look
from motes.live.notices import Notices
from motes.live.outlook import Outlook, outlook
from motes.live.turning import Found
from motes.live.update import Update
from motes.shapes import Shape
from motes.stored import StoredPatterns

LEAST, MOST = 100, 10_000  # patterns that the first picture waits for: two a pixel, within these
POLL, SHORTEST = 1.0, 0.02  # seconds from one look to the next, where something is waited for

Mark: TypeAlias = tuple[int, tuple[int, ...]]


@dataclass
class Follower:
    """What `motes.follow` was asked for; `updates` does it, once."""

    growing: Growing
    fits: Fits
    notices: Notices
    every: float
    target_error: float | None
    first: int | None
    wait: float
    patience: float

    def _start_over(self, now: float) -> None:
        self._arrivals = Arrivals()
        self._rate: float | None = None
        self._seen: Mark = (0, ())  # patterns that can be read and sections that can not
        self._changed = now  # since when that is so
        self._made_from: Mark = (0, ())  # what the last picture was made from
        self._looked_out: tuple[Found, Outlook] | None = None
        self.fits.forget()

    def updates(self) -> Iterator[Update]:
        """As `motes.follow` yields them."""
        self._began = due = time.monotonic()
        self._start_over(due)
        while True:
            look = self.growing.look()
            now = time.monotonic()
            self._take_note(look, now)
            ended = self._why_last(look, now)
            if ended is None and (now < due or not self._shows_more(look)):
                time.sleep(max(SHORTEST, min(POLL, due - now if now < due else self.every)))
                continue
            if not look.n_patterns:
                raise ValueError(f"{self.growing.path}: holds no pattern{_why(ended)}")
            due = now + self.every
            try:
                update = self._update(look, ended)
            except DamagedSection as error:  # it was whole when it was looked at
                self.growing.doubt(error.section)
                time.sleep(SHORTEST)
                continue
            self._made_from = look.n_patterns, look.damaged
            yield update
            if update.last:
                return

    def _take_note(self, look: Look, now: float) -> None:
        """Of what came since the last look; what there is to be told is told."""
        if look.replaced:
            self._start_over(now)
            self.notices.replaced(self.growing.path)
        mark = look.n_patterns, tuple(look.faults)
        if mark != self._seen:
            self._seen, self._changed = mark, now
        if look.store is None:
            if now - self._changed >= self.wait:
                why = f"nothing came there within {self.wait:g} s"
                raise FileNotFoundError(errno.ENOENT, why, str(self.growing.path))
            self.notices.nothing_there(self.growing.path, self.wait)
            return
        self._rate = self._arrivals.note(now, look.n_patterns)
        self.notices.faults(look.faults)
        self.notices.silence(None if look.closed else now - self._changed, self.patience)
        if look.n_patterns < self._least(look.store.shape) and not look.closed:
            self.notices.too_few(look.n_patterns, self._least(look.store.shape))

    def _least(self, shape: Shape) -> int:
        """Patterns that a first picture takes."""
        return min(max(LEAST, 2 * shape[0] * shape[1]), MOST) if self.first is None else self.first

    def _why_last(self, look: Look, now: float) -> str | None:
        """Why no more is to be expected; None where it is. Sections that can not be read may still be mended."""
        if look.store is None:
            return None
        if look.closed and not look.faults:
            return "closed"
        if now - self._changed < self.patience:
            return None
        return "closed" if look.closed else "patience"

    def _shows_more(self, look: Look) -> bool:
        """Whether there are enough patterns, and others than the last picture was made from."""
        if look.store is None or look.n_patterns < self._least(look.store.shape):
            return False
        return (look.n_patterns, look.damaged) != self._made_from

    def _update(self, look: Look, ended: str | None) -> Update:
        assert look.store is not None
        began = time.monotonic()
        patterns, notes = look.patterns, list(self.notices.standing)
        if ended is None:
            result, anew = self.fits.next(patterns)
            found = self._outlook(result, patterns)
            if found.reached and self._outlook(self.fits.anew(patterns), patterns).reached:
                ended = "target"
        if ended is not None:
            result, anew = self.fits.anew(patterns), True
            found = self._outlook(result, patterns)
            lost = self.fits.won_by_the_last(result, patterns)
            if lost > 0:
                notes.append(
                    f"the picture before, followed on, is likelier by {lost:.3g} nats a pattern than this one, which "
                    "comes from a start of its own: reconstruct with several (restarts)"
                )
        if ended == "patience":
            notes.append(f"no pattern came for {self.patience:g} s, and the writer did not close the store")
        now = time.monotonic()
        return Update(
            result=result,
            outlook=found,
            n_patterns=len(patterns),
            rate=self._rate,
            seconds=now - self._began,
            took=now - began,
            closed=look.closed,
            ended=ended,
            begun_anew=anew,
            store=look.store,
            kept=look.kept,
            left_out=tuple(look.faults),
            notes=tuple(notes),
        )

    def _outlook(self, result: Found, patterns: StoredPatterns) -> Outlook:
        """Of a result of these patterns; not again of the one that was asked for just before."""
        if self._looked_out is None or self._looked_out[0] is not result:
            self._looked_out = result, outlook(result, self.target_error, patterns)
        return self._looked_out[1]


def _why(ended: str | None) -> str:
    return ", and none came any more" if ended == "patience" else ""
