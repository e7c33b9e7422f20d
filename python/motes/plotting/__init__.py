"""Figures, one a module: each function returns a Matplotlib `Figure` and touches no global state."""

from motes.plotting.convergence import convergence
from motes.plotting.demo import demo
from motes.plotting.limits import limits
from motes.plotting.master import master
from motes.plotting.task5 import task5

__all__ = ["convergence", "demo", "limits", "master", "task5"]
