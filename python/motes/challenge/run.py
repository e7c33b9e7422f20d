"""All tasks of one archive, one after the other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from motes.challenge.answer import Answer, Progress
from motes.challenge.archive import CALCULATED, TaskData, read_tasks
from motes.challenge.faint import answer_faint
from motes.challenge.noiseless import answer_by_kmeans, answer_by_match
from motes.challenge.noisy import answer_noisy
from motes.challenge.task5 import answer_task5
from motes.devices import Device, device_of


@dataclass(frozen=True, eq=False)
class Solution:
    """What was answered of an archive.

    Attributes
    ----------
    source : str
        The archive.
    seed : int
        The same seed gives the same answers.
    answers : tuple of Answer
        In the order of the tasks.
    unanswered : tuple of int
        Tasks that Ctrl-C left without an answer.
    """

    source: str
    seed: int
    answers: tuple[Answer, ...]
    unanswered: tuple[int, ...] = ()

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return bool(self.unanswered)

    def __getitem__(self, task: int) -> Answer:
        """The answer to a task."""
        for answer in self.answers:
            if answer.task == task:
                return answer
        raise KeyError(task)

    def __repr__(self) -> str:
        told = ", ".join(str(answer.task) for answer in self.answers)
        left = f", unanswered {', '.join(map(str, self.unanswered))}" if self.unanswered else ""
        return f"Solution({self.source}: tasks {told}{left})"


def solve(
    path: str | os.PathLike[str],
    *,
    tasks: Sequence[int] | None = None,
    truth: str | os.PathLike[str] | None = None,
    n_patterns: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    device: Device | str | None = None,
    progress: Progress | None = None,
) -> Solution:
    """Answer the challenge: all tasks that an archive holds, and task 5, which is a calculation.

    Parameters
    ----------
    path : path
        ``endeavor.npz``, or an archive that holds only some of its tasks.
    tasks : sequence of int, optional
        Which tasks; all that are there, and 5, by default.
    truth : path, optional
        An archive of ``master1``, ``labels1`` and so on, to compare with.
    n_patterns : int, optional
        Of task 6 or 7, wanted alone, where the last patterns hold no photon.
    seed : int
        The same seed gives the same answers.
    threads : int, optional
        By default all that this process may use. The answers do not depend on it.
    device : str, optional
        Where the likelihood is climbed in tasks 4, 6 and 7: `"cpu"` (default), `"cuda"`, `"cuda:1"` or `"auto"`.
    progress : callable, optional
        Called with a task and what is done for it now.

    Returns
    -------
    Solution
        After Ctrl-C, the tasks that were finished, and which were not.

    Raises
    ------
    FormatError, OSError
        If a file can not be read or holds none of the tasks.
    ValueError
        If a pattern of tasks 1 to 3 is no rotation of the first, or an argument is out of range.
    KeyboardInterrupt
        If Ctrl-C came before the first answer.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> image = np.arange(9).reshape(3, 3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/endeavor.npz", task1=[image, np.rot90(image, -1), image])
    ...     solution = solve(f"{folder}/endeavor.npz", tasks=[1])
    >>> solution[1].counts.tolist(), solution[1].labels.tolist()
    ([2, 1, 0, 0], [0, 1, 0])
    """
    if seed < 0:
        raise ValueError(f"seed: expected 0 or more, got {seed}")
    place = device_of(device)
    data: dict[int, TaskData | None] = {found.task: found for found in read_tasks(path, tasks, truth, n_patterns)}
    if tasks is None or CALCULATED in tasks:
        data[CALCULATED] = None
    order = sorted(data)
    tell = progress or (lambda task, doing: None)
    answers: list[Answer] = []
    try:
        for task in order:
            answers.append(_answer(task, data[task], tell, seed, threads, place))  # noqa: PERF401 - kept when interrupted
    except KeyboardInterrupt:
        if not answers:
            raise
    return Solution(os.fspath(path), seed, tuple(answers), tuple(order[len(answers) :]))


def _answer(task: int, data: TaskData | None, tell: Progress, seed: int, threads: int | None, device: Device) -> Answer:
    if data is None:
        return answer_task5(tell, seed=seed)
    if task in (1, 2):
        return answer_by_match(data, tell)
    if task == 3:
        return answer_by_kmeans(data, tell, seed=seed, threads=threads)
    if task == 7:
        return answer_faint(data, tell, seed=seed, threads=threads, device=device)
    return answer_noisy(data, tell, seed=seed, threads=threads, device=device)
