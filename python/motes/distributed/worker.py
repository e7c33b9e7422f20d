"""What runs on a worker: one piece of work at a time, with all threads that the worker has."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from motes.distributed.build import Build

Argument = TypeVar("Argument", contravariant=True)
Result = TypeVar("Result", covariant=True)
KEPT = 8  # works that a process remembers

_turn = threading.Lock()
_remembering = threading.Lock()
_known: OrderedDict[str, tuple[Any, str | None]] = OrderedDict()


class Work(Protocol[Argument, Result]):
    """What workers do with each of many arguments. It is sent to a process once."""

    def unfit(self) -> str | None:
        """What keeps this process from it, in words."""

    def __call__(self, argument: Argument, turn: AbstractContextManager[Any], threads: int, /) -> Result:
        """Do it; what takes processors is done within `turn`, by one at a time, with so many threads."""


@dataclass(frozen=True)
class Answer:
    """What a worker made of an argument, or why it refused, this work or all: which worker that was."""

    worker: str
    name: str
    result: Any = None
    refusal: str | None = None
    lasting: bool = False


def answer(asker: Build, token: str, work: bytes, subject: bytes | None, argument: bytes) -> Answer:
    """Do one piece of work, unless this process does not fit.

    Parameters
    ----------
    asker : Build
        Of the process that asks.
    token : str
        Of the work; what is known by it is not unpickled again.
    work, argument : bytes
        Pickled.
    subject : bytes, optional
        Pickled: what several works are about; `work.about(subject)` is then done.
    """
    from distributed import get_worker
    from distributed.protocol.pickle import loads

    worker = get_worker()
    if unlike := Build.here().unlike(asker):
        return Answer(worker.address, str(worker.name), refusal=unlike, lasting=True)
    known, refusal = _remembered(token, work, subject)
    if refusal is not None:
        return Answer(worker.address, str(worker.name), refusal=refusal)
    result = known(loads(argument), _turn, worker.state.nthreads)
    return Answer(worker.address, str(worker.name), result)


def _remembered(token: str, pickled: bytes, subject: bytes | None) -> tuple[Any, str | None]:
    from distributed.protocol.pickle import loads

    with _remembering:
        if token not in _known:
            work = loads(pickled) if subject is None else loads(pickled).about(loads(subject))
            _known[token] = work, work.unfit()
            while len(_known) > KEPT:
                _known.popitem(last=False)
        _known.move_to_end(token)
        return _known[token]
