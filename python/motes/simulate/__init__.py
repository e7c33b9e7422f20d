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
from motes.simulate.mixtures import MixtureTruth, mixture
from motes.simulate.photons import PhotonTruth, patterns, templates
from motes.simulate.turned import turned

__all__ = [
    "PRESETS",
    "TASKS",
    "Micrographs",
    "MixtureTruth",
    "Particles",
    "PhotonTruth",
    "Settings",
    "SimulatedMicrograph",
    "Task",
    "challenge_task",
    "creature",
    "micrographs",
    "mixture",
    "patterns",
    "picture",
    "portrait",
    "scaled",
    "task_patterns",
    "templates",
    "turned",
    "with_contrast",
    "write_micrographs",
]
