"""Data with known truth: masters and photon patterns drawn from them, cryo-EM micrographs. No estimator is used."""

from motes.simulate.challenge import TASKS, Task, challenge_task, task_patterns
from motes.simulate.cryoem import (
    PRESETS,
    Micrographs,
    Particles,
    Settings,
    SimulatedMicrograph,
    micrographs,
    write_micrographs,
)
from motes.simulate.masters import creature, picture, portrait, scaled, with_contrast
from motes.simulate.photons import PhotonTruth, patterns, templates

__all__ = [
    "PRESETS",
    "TASKS",
    "Micrographs",
    "Particles",
    "PhotonTruth",
    "Settings",
    "SimulatedMicrograph",
    "Task",
    "challenge_task",
    "creature",
    "micrographs",
    "patterns",
    "picture",
    "portrait",
    "scaled",
    "task_patterns",
    "templates",
    "with_contrast",
    "write_micrographs",
]
