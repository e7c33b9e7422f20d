"""Reconstruction: from patterns of unknown orientation to the master, with error bars."""

from motes.reconstruction.result import Reconstruction
from motes.reconstruction.run import reconstruct

__all__ = ["Reconstruction", "reconstruct"]
