"""Task 5: what the likelihood of an orientation is, in symbols and in numbers."""

from __future__ import annotations

from motes.challenge.answer import Answer, Progress


def answer_task5(progress: Progress, *, seed: int) -> Answer:
    raise NotImplementedError
