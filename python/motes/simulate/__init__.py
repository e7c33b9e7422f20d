"""Data with known truth: masters, and photon patterns drawn from them. NumPy only, independent of the estimators."""

from motes.simulate.challenge import TASKS, Task, challenge_task, task_patterns
from motes.simulate.masters import creature, picture, portrait, scaled, with_contrast
from motes.simulate.photons import PhotonTruth, patterns, templates

__all__ = [
    "TASKS",
    "PhotonTruth",
    "Task",
    "challenge_task",
    "creature",
    "patterns",
    "picture",
    "portrait",
    "scaled",
    "task_patterns",
    "templates",
    "with_contrast",
]
