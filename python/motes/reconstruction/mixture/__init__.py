"""Mixtures: several masters, each seen through a map of its own, with annealing and a detector."""

from motes.reconstruction.mixture.result import MixtureReconstruction

__all__ = ["MixtureReconstruction"]
