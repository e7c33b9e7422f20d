"""A detector in a process of its own: appends patterns to a store when it is told to, and can be killed at its work.

``python feeder.py STORE`` reads orders from its input, a line each, and answers with a line when one is carried out:
``append FIRST LAST``, ``hang FIRST LAST`` (stops amid writing the section, for good), ``close``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import motes
from motes import Patterns, simulate

SIDE, PHOTONS, N = 11, 25.0, 8000


def patterns(contrast: float = 1.0) -> Patterns:
    """What the detector sees, all of it."""
    truth = simulate.scaled(simulate.with_contrast(simulate.portrait(SIDE), contrast), PHOTONS)
    drawn = simulate.patterns(truth, N, seed=4)
    return Patterns.from_coo(drawn.rows, drawn.cols, shape=(SIDE, SIDE), n_patterns=N)


class Feeder:
    """The process, and orders to it; each returns when it is carried out."""

    def __init__(self, store: Path) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(store)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment,
        )  # fmt: skip
        self._answer("open")

    def append(self, first: int, last: int) -> None:
        self._order(f"append {first} {last}")

    def close(self) -> None:
        self._order("close")
        assert self._process.wait(timeout=30) == 0

    def die(self, first: int, last: int) -> None:
        """Killed amid a section."""
        self._order(f"hang {first} {last}")
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(timeout=30)

    def _order(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._answer(text)

    def _answer(self, expected: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == expected + "\n"

    def __enter__(self) -> Feeder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def main(store: Path) -> None:
    from motes.io.store import writing

    def tell(text: str) -> None:
        print(text, flush=True)

    seen = patterns()
    writer = motes.PatternWriter(store, seen.shape, append=True)
    tell("open")
    for line in sys.stdin:
        order, *numbers = line.split()
        if order == "close":
            writer.close()
            tell("close")
            return
        first, last = map(int, numbers)
        writer.append(seen[first:last])
        if order == "hang":

            def hang(folder: Path, said: str = line.strip()) -> None:
                tell(said)
                time.sleep(600)

            writing._sync_all = hang
        writer.flush()
        tell(line.strip())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
