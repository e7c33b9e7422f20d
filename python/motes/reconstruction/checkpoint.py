"""Checkpoints: a run's whole state in one file, replaced whole, used only by the run that it belongs to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.dense import DensePatterns
from motes.devices import CPU
from motes.errors import CheckpointError, FormatError
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz
from motes.patterns import Patterns
from motes.reconstruction.problem import Point, Problem
from motes.reconstruction.state import State
from motes.stored import StoredPatterns

_ARRAYS = ("master", "weights", "em_master", "em_weights")
_DAMAGE = (KeyError, IndexError, TypeError, AttributeError, RecursionError)
_COUNTS = ("iteration", "sweeps", "gain", "step", "converged")


@dataclass(frozen=True)
class Progress:
    """What a run has done: restarts that ended, the one at work, and patterns looked at (see `Account`)."""

    finished: tuple[State, ...] = ()
    current: State | None = None
    history: tuple[dict[str, Any], ...] = field(default=())
    looked_at: int = 0


def fingerprint_of(patterns: Patterns | StoredPatterns | DensePatterns) -> str:
    """Of patterns alone, in their order: the same from any file; of a store, that of its sections."""
    if isinstance(patterns, StoredPatterns):
        return patterns.fingerprint
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([patterns.shape, len(patterns)]).encode())
    if isinstance(patterns, DensePatterns):
        for block in patterns.blocks():
            digest.update(np.ascontiguousarray(patterns.values[block]).data)
    else:
        for array in patterns._arrays.own():
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def fingerprint(problem: Problem, options: dict[str, Any]) -> str:
    """Of the input, the options and the version: a resumed run must have the same."""
    digest = hashlib.blake2b(problem.good.tobytes(), digest_size=16)
    there = isinstance(problem.patterns, Patterns) and problem.patterns.device != CPU
    kernels = "cuda" if there else _core.isa()
    told = [_core.version, kernels, options, fingerprint_of(problem.patterns)]
    digest.update(json.dumps(told, default=str).encode())
    return digest.hexdigest()


def save(path: Path, progress: Progress, mark: str) -> None:
    """Write beside, then rename: a kill at any moment leaves the last whole checkpoint."""
    states = [*progress.finished, *([] if progress.current is None else [progress.current])]
    record = {
        "fingerprint": mark,
        "history": progress.history,
        "looked_at": progress.looked_at,
        "n_finished": len(progress.finished),
        "states": [
            {name: getattr(state, name) for name in _COUNTS} | {"log_likelihood": state.point.log_likelihood}
            for state in states
        ],
    }
    arrays: dict[str, Any] = {"record": np.frombuffer(json.dumps(record).encode(), np.uint8)}
    for k, state in enumerate(states):
        arrays.update({f"{k}.{name}": getattr(state.point, name) for name in _ARRAYS})
        arrays.update({f"{k}.memory.{key}": value for key, value in state.memory.items()})
    arrays["digest"] = _digest(arrays)
    write_npz(path, {name: array_table(array) for name, array in arrays.items()}, compress=False)


def load(path: Path, mark: str) -> Progress:
    """Read a checkpoint of this very run.

    Raises
    ------
    CheckpointError
        If the file is damaged, or belongs to other input, options or another version.
    """
    try:
        with open_archive(path) as archive:
            arrays = {name: archive.array(name) for name in archive.names}
        if arrays.pop("digest").tobytes() != _digest(arrays).tobytes():
            raise TypeError("its checksum is another")
        record = json.loads(arrays["record"].tobytes())
        if record["fingerprint"] != mark:
            raise CheckpointError(
                f"{path}: belongs to other patterns, options or another version; run without resume to start anew"
            )
        states = [_state(k, values, arrays) for k, values in enumerate(record["states"])]
        n_finished = record["n_finished"]
        current = states[n_finished] if len(states) > n_finished else None
        return Progress(tuple(states[:n_finished]), current, tuple(record["history"]), record["looked_at"])
    except (*_DAMAGE, FormatError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path}: no whole checkpoint ({error}); run without resume to start anew") from error


def _digest(arrays: dict[str, npt.NDArray[Any]]) -> npt.NDArray[np.uint8]:
    """Of all arrays: what is damaged may still look like a state, of another size or with other numbers."""
    digest = hashlib.blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode() + array.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def _state(k: int, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> State:
    parts = {name: arrays[f"{k}.{name}"] for name in _ARRAYS}
    if not all(part.dtype == np.float64 and np.isfinite(part).all() for part in parts.values()):
        raise TypeError("expected finite numbers of float64")
    point = Point(log_likelihood=values.pop("log_likelihood"), **parts)
    start = f"{k}.memory."
    memory = {key[len(start) :]: value for key, value in arrays.items() if key.startswith(start)}
    return State(point, memory=memory, **values)
