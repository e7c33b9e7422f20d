"""Figures, one a module: each function returns a Matplotlib `Figure` and touches no global state."""

from motes.plotting.convergence import convergence
from motes.plotting.demo import demo
from motes.plotting.master import master

__all__ = ["convergence", "demo", "master"]
