"""A study whose runs are made on workers: the runs that one machine makes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motes.distributed.admission import ask
from motes.distributed.dispatch import Dispatcher, Piece
from motes.distributed.files import Files
from motes.distributed.libraries import STUDY, Libraries
from motes.errors import ClusterError
from motes.study.cell import PickerOf, run_cell
from motes.study.cellresult import Cell, CellResult
from motes.study.config import StudyConfig
from motes.study.field import Field
from motes.study.pickers import code_versions, new_picker
from motes.study.plan import Plan
from motes.study.run import Progress, field_of, run_by
from motes.study.store import Store
from motes.threads import at_most, one_blas_thread

if TYPE_CHECKING:
    from distributed import Client


def study(
    config: StudyConfig,
    folder: str | os.PathLike[str],
    *,
    client: Client,
    resume: bool = False,
    progress: Progress | None = None,
    picker: PickerOf = new_picker,
) -> Store:
    """What `motes.study.run_study` gives, with runs that workers make, one at a time each.

    Parameters
    ----------
    config, folder, resume, progress, picker
        As of `motes.study.run_study`. Workers read the micrographs by the paths that they have here; nobody else writes
        to the folder. The picker is a function of a module that workers have.
    client : distributed.Client
        Of the workers: `motes.distributed.connect`, or one's own. Each process makes one run at a time, with one
        thread: `dask worker --nworkers auto --nthreads 1` starts as many as there are processors.

    Returns
    -------
    Store
        With all runs finished, and figures of the same bits where processors are of one kind.

    Raises
    ------
    ValueError
        As `run_study` does, and what a run raises: runs that were finished are kept.
    BusyError
        If another process is at work in the folder.
    ClusterError
        If a worker does not fit, has another version of a library that decides figures, does not see a micrograph, or
        the cluster is lost: finished runs are kept.
    """
    dispatcher = Dispatcher(client)  # before a study is begun that it could not run
    home = Path(folder).resolve()  # so that paths of what is drawn there are the same everywhere

    def runs(store: Store, todo: Sequence[Cell], picker_of: PickerOf) -> Iterator[Cell]:
        return _on_workers(dispatcher, store, todo, picker_of)

    try:
        return run_by(runs, config, home, resume=resume, progress=progress, picker=picker)
    except ClusterError as error:
        raise ClusterError(f"{error}; finished runs are kept in {folder}: go on with resume (--resume)") from error


def _on_workers(dispatcher: Dispatcher, store: Store, todo: Sequence[Cell], picker: PickerOf) -> Iterator[Cell]:
    work = _Runs.of(store, picker)
    dispatcher.admit(work.unfit)
    try:
        for number, result in dispatcher.run(work, [Piece(cell) for cell in todo], ahead=1):
            store.save(result)
            yield todo[number]
    finally:
        with suppress(ClusterError):
            ask(dispatcher.client, _Forgotten(work.name), workers=dispatcher.workers())


@dataclass(frozen=True)
class _Runs:
    """The runs of one plan."""

    plan: Plan
    picker: PickerOf
    field: Field | None
    files: Files
    code: dict[str, int]
    libraries: Libraries
    name: str

    @classmethod
    def of(cls, store: Store, picker: PickerOf) -> _Runs:
        data = replace(store.plan.data, paths=tuple(path.resolve() for path in store.plan.data.paths))
        field = field_of(store)
        files = Files.of([*data.paths, *(() if field is None else field.data.paths)])
        name = f"motes-features-{os.urandom(8).hex()}"
        return cls(Plan(store.plan.config, data), picker, field, files, code_versions(), Libraries.here(STUDY), name)

    def unfit(self) -> str | None:
        """What other code or other libraries would make, or files that are not there."""
        if code_versions() != self.code:
            return f"makes models with {code_versions()}, this process with {self.code}; install the same version"
        if unlike := self.libraries.unlike_here():
            return unlike
        choice = self.plan.config.picker
        try:  # what is not installed, or is read from a file that is not there
            self.picker(choice.name, self.plan.data.diameter, choice.options)
        except (ImportError, OSError) as error:
            return f"can not make a picker: {error}"
        return self.files.unseen()

    def __call__(self, cell: Cell, turn: AbstractContextManager[Any], threads: int) -> CellResult:
        with turn, at_most(1), one_blas_thread():
            return run_cell(self.plan, cell, self.picker, _features(self.name), self.field)


def _features(name: str) -> Path:
    """Where this worker keeps features, until the study or the worker ends."""
    from distributed import get_worker

    return Path(get_worker().local_directory) / name


@dataclass(frozen=True)
class _Forgotten:
    """Asked of a worker: it keeps features no longer."""

    name: str

    def __call__(self, dask_worker: Any) -> None:
        shutil.rmtree(Path(dask_worker.local_directory) / self.name, ignore_errors=True)
