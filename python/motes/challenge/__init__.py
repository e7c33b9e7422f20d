"""The challenge that seed 000 answers, as a solver would hand it in: seven tasks, one archive, one page."""

from motes.challenge.answer import Answer
from motes.challenge.page import page
from motes.challenge.run import Solution, solve

__all__ = ["Answer", "Solution", "page", "solve"]
