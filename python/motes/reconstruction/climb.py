"""Starts, one after the other, each climbed to its end: history, callback, checkpoints, Ctrl-C."""

from __future__ import annotations

import errno
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from motes.reconstruction import checkpoint as checkpoints
from motes.reconstruction.account import Account
from motes.reconstruction.checkpoint import Progress
from motes.reconstruction.result import many
from motes.reconstruction.state import State

Callback = Callable[[dict[str, Any]], bool | None]
Told = Callable[[State, State], dict[str, float]]
"""What a record says beyond the usual, of the states before and after a step."""

CHECKPOINT_SECONDS = 5.0


@dataclass(frozen=True)
class Climbed:
    """Where the starts ended, in their order, and how they came there.

    Where they climbed on a sample alone, `reached` is where the best of them came to on all patterns.
    """

    states: tuple[State, ...]
    history: tuple[dict[str, Any], ...]
    interrupted: bool
    n_starts: int
    notes: tuple[str, ...]
    reached: State | None = None

    @property
    def best_start(self) -> State:
        """The start that ended highest."""
        return max(self.states, key=lambda state: state.point.log_likelihood)

    @property
    def best(self) -> State:
        """What is returned."""
        return self.best_start if self.reached is None else self.reached

    @property
    def others(self) -> list[State]:
        """Where the other starts ended."""
        return [state for state in self.states if state is not self.best_start]


class Keeper:
    """Saves the state now and then; loads it once."""

    def __init__(self, path: str | os.PathLike[str] | None, mark: Callable[[], str], resume: bool) -> None:
        self.path = None if path is None else Path(path)
        if self.path is not None and not self.path.parent.is_dir():  # known now, not when there is something to lose
            raise FileNotFoundError(errno.ENOENT, "no such folder to keep the checkpoint in", str(self.path.parent))
        self.mark = "" if self.path is None else mark()
        found = resume and self.path is not None and self.path.exists()
        self.progress = checkpoints.load(self.path, self.mark) if found and self.path else Progress()
        self._begun_anew = resume and not found
        self._refused: OSError | None = None
        self._saved = time.monotonic()
        self._account: Account | None = None

    def account(self, account: Account) -> None:
        """Keep an account of passes from now on, as it was kept before."""
        if self.progress.looked_at:
            account.patterns = self.progress.looked_at
        self._account = account

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of it."""
        anew = (f"nothing to resume: there is no {self.path}, begun anew",) if self._begun_anew else ()
        return anew if self._refused is None else (*anew, self._told(self._refused))

    def keep(self, progress: Progress, *, now: bool = False) -> None:
        """Take over a progress; write it where it is time.

        Where the disk refuses it, the last one that was written stays, and the climb, which needs none, goes on.
        """
        self.progress = progress if self._account is None else replace(progress, looked_at=self._account.patterns)
        if self.path is None or not (now or time.monotonic() - self._saved > CHECKPOINT_SECONDS):
            return
        self._saved = time.monotonic()
        try:
            checkpoints.save(self.path, self.progress, self.mark)
        except OSError as error:
            if self._refused is None:
                warnings.warn(self._told(error), RuntimeWarning, stacklevel=2)
            self._refused = error
        else:
            self._refused = None

    def _told(self, error: OSError) -> str:
        last = "the one before it is kept" if self.path is not None and self.path.exists() else "there is none"
        return f"the checkpoint {self.path} can not be written ({error.strerror or error}): {last}"


def climb_all(
    begin: Callable[[int], State],
    step: Callable[[State], State],
    *,
    n_starts: int,
    max_iterations: int,
    callback: Callback | None,
    keeper: Keeper,
    began: float,
    told: Told | None = None,
) -> Climbed:
    """Climb every start until it settles.

    Parameters
    ----------
    begin : callable
        The state that a start, by its number, begins with.
    step : callable
        The next state.
    n_starts, max_iterations : int
        How many starts, and the most steps of each.
    callback : callable, optional
        Called with each record; returning True ends the climb as Ctrl-C does.
    keeper : Keeper
        What was done before, and where to keep it.
    began : float
        `time.perf_counter()` of the beginning.
    told : callable, optional
        More for each record.
    """
    state = keeper.progress.current
    interrupted = False
    try:
        for restart in range(len(keeper.progress.finished), n_starts):
            if state is None:
                state = begin(restart)
                keeper.keep(replace(keeper.progress, current=state))
            while not state.converged and state.iteration < max_iterations:
                before, state = state, step(state)
                record = _record(state, restart, began) | ({} if told is None else told(before, state))
                keeper.keep(replace(keeper.progress, current=state, history=(*keeper.progress.history, record)))
                if callback is not None and callback(record):
                    raise KeyboardInterrupt
            keeper.keep(replace(keeper.progress, finished=(*keeper.progress.finished, state), current=None))
            state = None
    except KeyboardInterrupt:
        if not keeper.progress.finished and keeper.progress.current is None:
            raise  # nothing to return yet
        interrupted = True
    except Exception:  # of a cluster that was lost, or a section that is damaged: it takes nothing that was climbed
        if keeper.progress.finished or keeper.progress.current is not None:
            keeper.keep(keeper.progress, now=True)
        raise
    keeper.keep(keeper.progress, now=True)
    current = keeper.progress.current
    states = (*keeper.progress.finished, *(() if current is None else (current,)))
    return Climbed(states, keeper.progress.history, interrupted, n_starts, keeper.notes)


def _record(state: State, restart: int, began: float) -> dict[str, Any]:
    return {
        "restart": restart,
        "iteration": state.iteration,
        "sweeps": state.sweeps,
        "log_likelihood": state.point.log_likelihood,
        "gain": state.gain,
        "step": state.step,
        "seconds": time.perf_counter() - began,
    }


def ending(best: State, climbed: Climbed) -> list[str]:
    """How it ended, where that was too early."""
    last = f"the last iteration won {best.gain:.3g} nats a pattern"
    if not climbed.interrupted:
        return [] if best.converged else [f"not converged after {many(best.iteration, 'iteration')}: {last}"]
    among = climbed.n_starts > 1 and (climbed.reached is None or climbed.reached.sweeps == 1)
    where = f"in start {len(climbed.states)} of {climbed.n_starts}, the best is kept" if among else last
    return [f"interrupted: {where}"]
