"""Run a study: every run that is missing, in parallel processes, none of which is lost by an interruption."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

from motes.io.lock import Lock
from motes.study.cell import PickerOf, run_cell
from motes.study.cellresult import Cell
from motes.study.config import StudyConfig
from motes.study.data import load_data
from motes.study.field import Field, draw_field
from motes.study.pickers import new_picker
from motes.study.plan import Plan
from motes.study.store import CACHE, DATA, LOCK, STATE, Store
from motes.threads import at_most, available_threads, one_blas_thread

Progress: TypeAlias = Callable[[int, int], None]
Runner: TypeAlias = Callable[[Store, Sequence[Cell], PickerOf], Iterator[Cell]]
"""Makes runs, saves them, and gives each that is saved."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_study(
    config: StudyConfig,
    folder: str | os.PathLike[str],
    *,
    processes: int | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    picker: PickerOf = new_picker,
) -> Store:
    """Run all of a study that is not finished yet.

    Parameters
    ----------
    config : StudyConfig
        What is compared.
    folder : path
        Every finished run is a file there, written whole or not at all.
    processes : int, optional
        By default as many as this process may use threads; each computes with one. The figures do not depend on it.
    resume : bool
        Go on with the study in the folder, after an interruption, or with more seeds, strategies or settings.
    progress : callable, optional
        Called with the number of runs that are finished, and of all.
    picker : callable, optional
        Gives a picker by name, diameter and options; a function of a module, so that other processes find it.

    Returns
    -------
    Store
        With all runs finished.

    Raises
    ------
    ValueError
        If the configuration asks for what the data do not have, or the folder holds another study; then nothing was
        run. What a run raises is raised, too: runs that were finished are kept.
    BusyError
        If another process is at work in the folder.
    RuntimeError
        If a process died.
    """
    return run_by(
        lambda store, todo, picker: _on_this_machine(store, todo, picker, processes),
        config,
        folder,
        resume=resume,
        progress=progress,
        picker=picker,
    )


def run_by(
    runner: Runner,
    config: StudyConfig,
    folder: str | os.PathLike[str],
    *,
    resume: bool,
    progress: Progress | None,
    picker: PickerOf,
) -> Store:
    """As `run_study`, the runs that are missing made by others."""
    place = Path(folder)
    new = not place.exists()
    try:
        data = load_data(config.data, place / DATA)
        picker(config.picker.name, data.diameter, config.picker.options)  # what is not installed is told here
        plan = Plan(config, data)
    except Exception:
        if new and not (place / STATE).exists():  # micrographs that were drawn for nothing
            shutil.rmtree(place / DATA, ignore_errors=True)
            with suppress(OSError):
                place.rmdir()
        raise
    place.mkdir(parents=True, exist_ok=True)
    with Lock(place / LOCK, "motes study"):
        store = Store(place, plan, resume=resume)
        _run_missing(store, picker, runner, progress or (lambda done, total: None))
    return store


def _run_missing(store: Store, picker: PickerOf, runner: Runner, tell: Progress) -> None:
    todo = store.missing()
    if todo:
        field_of(store)
    total = len(store.plan.cells)
    tell(total - len(todo), total)
    if todo:
        for n, _ in enumerate(runner(store, todo, picker), 1):
            tell(total - len(todo) + n, total)
    shutil.rmtree(store.folder / CACHE, ignore_errors=True)


def _on_this_machine(store: Store, todo: Sequence[Cell], picker: PickerOf, processes: int | None) -> Iterator[Cell]:
    workers = min(available_threads() if processes is None else processes, len(todo))
    return _in_this_process(store, todo, picker) if workers == 1 else _in_processes(store, todo, picker, workers)


def _in_this_process(store: Store, todo: Sequence[Cell], picker: PickerOf) -> Iterator[Cell]:
    with at_most(1), one_blas_thread():
        for cell in todo:
            _make(store, cell, picker)
            yield cell


def _in_processes(store: Store, todo: Sequence[Cell], picker: PickerOf, workers: int) -> Iterator[Cell]:
    spawn = multiprocessing.get_context("spawn")
    with _one_thread_each():
        executor = ProcessPoolExecutor(workers, spawn, initializer=_begin, initargs=(store, picker))
        try:
            runs = [executor.submit(_run, cell) for cell in todo]
            for run in as_completed(runs):
                yield run.result()
        except BrokenProcessPool as error:
            raise RuntimeError(
                "a process of the study died, for want of memory perhaps; finished runs are kept: resume with fewer "
                "processes"
            ) from error
        finally:
            # Python 3.14 has `terminate_workers`; before, no public way ends a worker amid a run, and to wait for it
            # would make Ctrl-C take as long as the longest run.
            running = list((executor._processes or {}).values())
            executor.shutdown(wait=False, cancel_futures=True)
            for process in running:  # after the last run, or one that failed: nothing of theirs is wanted any more
                process.terminate()
            for process in running:
                process.join()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that are started within it compute with one thread."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_shared: tuple[Store, PickerOf]


def _begin(store: Store, picker: PickerOf) -> None:
    """In a new process: Ctrl-C is the parent's to answer, and without a parent there is nothing to do."""
    global _shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _shared = store, picker


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _run(cell: Cell) -> Cell:
    store, picker = _shared
    _make(store, cell, picker)
    return cell


def _make(store: Store, cell: Cell, picker: PickerOf) -> None:
    store.save(run_cell(store.plan, cell, picker, store.folder / CACHE, field_of(store)))


def field_of(store: Store) -> Field | None:
    """Micrographs for maps, drawn where they are not there."""
    config = store.plan.config
    return draw_field(config.data, config.resolution, store.folder / DATA) if config.resolution is not None else None
