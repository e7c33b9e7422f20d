"""What the fixture `race` takes."""

from __future__ import annotations

from collections.abc import Callable

from motes.bench.peers import Contender

Race = Callable[[Contender, int], None]
