"""Reconstruction: from patterns of unknown orientation to the master, with error bars."""

from motes.reconstruction.goodness import GoodnessOfFit, goodness_of_fit
from motes.reconstruction.halves import Halves, reconstruct_halves
from motes.reconstruction.mixture import MixtureReconstruction
from motes.reconstruction.mixture.held_out import HeldOut, held_out
from motes.reconstruction.result import Reconstruction
from motes.reconstruction.run import reconstruct

__all__ = [
    "GoodnessOfFit",
    "Halves",
    "HeldOut",
    "MixtureReconstruction",
    "Reconstruction",
    "goodness_of_fit",
    "held_out",
    "reconstruct",
    "reconstruct_halves",
]
