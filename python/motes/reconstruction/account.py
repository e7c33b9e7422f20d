"""Passes over all patterns, counted where they happen: where patterns lie on a disk, they are what a run costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Account:
    """Patterns that were looked at, each as often as it was: a pass is as many as there are.

    A sample that is drawn from all patterns counts as a pass over them, since chunks of a file are read whole.
    """

    patterns: int = 0

    def passes(self, n_patterns: int) -> int:
        """As passes over so many.

        Examples
        --------
        >>> Account(patterns=2500).passes(1000)
        3
        """
        return -(-self.patterns // max(n_patterns, 1))
