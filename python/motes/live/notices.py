"""What a user should know while pictures are followed, each sentence said once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from motes.reconstruction.result import many
from motes.writing import SECTION_BYTES

SILENT = 30.0  # seconds without a pattern that are worth a word; half of the patience, where that is less


class Notices:
    """Sentences for a user, and those that still hold, for the next update.

    Parameters
    ----------
    notify : callable, optional
        Called with each.

    Examples
    --------
    >>> notices = Notices(print)
    >>> notices.faults({3: "expected 540 bytes, got 512"})
    section 3 can not be read and is left out: expected 540 bytes, got 512
    >>> notices.faults({3: "expected 540 bytes, got 512"})
    >>> notices.faults({})
    section 3 can be read now
    """

    def __init__(self, notify: Callable[[str], None] | None) -> None:
        self._notify = notify
        self._said = ""
        self._faults: dict[int, str] = {}
        self._silent = False

    @property
    def standing(self) -> tuple[str, ...]:
        """What holds of the sections, as it is now."""
        return tuple(_left_out(number, why) for number, why in self._faults.items())

    def nothing_there(self, path: Path, wait: float) -> None:
        """There is no store."""
        self._once(f"{path}: nothing is there yet; waiting for it, up to {wait:g} s")

    def too_few(self, n_patterns: int, least: int) -> None:
        """There is a store, with too few patterns for a picture."""
        shown = (
            ""
            if n_patterns
            else f" (a writer shows them at each flush(), and whenever {SECTION_BYTES >> 20} MiB are full)"
        )
        self._once(f"waiting for the first {many(least, 'pattern')}", f"{many(n_patterns, 'pattern')} so far{shown}; ")

    def replaced(self, path: Path) -> None:
        """The store that was followed is not there any more."""
        self._faults = {}
        self._say(f"{path}: is gone, or another store than before: beginning anew")

    def faults(self, faults: Mapping[int, str]) -> None:
        """Sections that can not be read, and why."""
        for number, why in faults.items():
            if self._faults.get(number) != why:
                self._say(_left_out(number, why))
        for number in self._faults.keys() - faults.keys():
            self._say(f"section {number} can be read now")
        self._faults = dict(faults)

    def silence(self, seconds: float | None, patience: float) -> None:
        """How long no pattern has come of a writer that is not done; None where it is."""
        silent = seconds is not None and seconds >= min(SILENT, patience / 2)
        if silent and not self._silent:
            self._say(
                f"no pattern came for {seconds:.0f} s, and the writer has not closed the store; after {patience:g} s "
                "without any the last update comes"
            )
        self._silent = silent

    def _once(self, text: str, before: str = "") -> None:
        """Say what is said again and again, the first time."""
        if text != self._said:
            self._said = text
            self._say(before + text)

    def _say(self, text: str) -> None:
        if self._notify is not None:
            self._notify(text)


def _left_out(number: int, why: str) -> str:
    return f"section {number} can not be read and is left out: {why}"
