"""Figures, one a module: each function returns a Matplotlib `Figure` and touches no global state."""

from motes.plotting.class_numbers import held_out
from motes.plotting.convergence import convergence
from motes.plotting.curve import precision_recall
from motes.plotting.cut import cut
from motes.plotting.demo import demo
from motes.plotting.demo_picks import demo_picks
from motes.plotting.design import design_matrices
from motes.plotting.limits import limits
from motes.plotting.master import master
from motes.plotting.masters import masters
from motes.plotting.occupancy import occupancy
from motes.plotting.overlay import overlay
from motes.plotting.pixels import pixels_png
from motes.plotting.progress import progress
from motes.plotting.shells import shell_curves
from motes.plotting.simulated import simulated
from motes.plotting.study import study
from motes.plotting.task5 import task5

__all__ = [
    "convergence",
    "cut",
    "demo",
    "demo_picks",
    "design_matrices",
    "held_out",
    "limits",
    "master",
    "masters",
    "occupancy",
    "overlay",
    "pixels_png",
    "precision_recall",
    "progress",
    "shell_curves",
    "simulated",
    "study",
    "task5",
]
