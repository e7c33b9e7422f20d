"""motes: fast kernels and workflows for single-particle imaging.

From photons to a picture::

    import motes

    patterns = motes.read_patterns("endeavor.npz", task=7)
    result = motes.reconstruct(patterns)
    result.master, result.std_error

Names are loaded when first used, so that `import motes` costs what `import numpy` does.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motes import (
        active,
        bench,
        challenge,
        classify,
        distributed,
        dragonfly,
        limits,
        live,
        particles,
        pickers,
        picking,
        picks,
        plotting,
        resolution,
        sample,
        simulate,
        viewer,
    )
    from motes._core import version as __version__
    from motes.circles import Circles
    from motes.config import show_config
    from motes.dense import DensePatterns, read_dense, write_dense
    from motes.detector import Detector, read_detector
    from motes.errors import CheckpointError, ClusterError, CopyWarning, DamagedSection, DeviceError, FormatError
    from motes.files import describe, read_patterns, write_patterns
    from motes.in_plane import InPlane
    from motes.kernels.backrotation import back_rotate
    from motes.kernels.likelihood import log_likelihood
    from motes.kernels.sweep import Sweep, sweep
    from motes.live.follow import follow
    from motes.maps import TemplateMap
    from motes.micrograph import Micrograph, read_micrograph
    from motes.noise import Bernoulli, Gaussian, Poisson
    from motes.patterns import Patterns
    from motes.picks import Picks, read_picks, write_picks
    from motes.reconstruction import (
        GoodnessOfFit,
        Halves,
        HeldOut,
        MixtureReconstruction,
        Reconstruction,
        goodness_of_fit,
        held_out,
        reconstruct,
        reconstruct_halves,
    )
    from motes.rotations import C1, C4, D4, Rotations
    from motes.stored import StoredPatterns, open_patterns
    from motes.writing import PatternWriter

_HOME = {
    "Bernoulli": "noise",
    "C1": "rotations",
    "C4": "rotations",
    "CheckpointError": "errors",
    "ClusterError": "errors",
    "Circles": "circles",
    "CopyWarning": "errors",
    "D4": "rotations",
    "DamagedSection": "errors",
    "DensePatterns": "dense",
    "Detector": "detector",
    "DeviceError": "errors",
    "FormatError": "errors",
    "Gaussian": "noise",
    "GoodnessOfFit": "reconstruction",
    "Halves": "reconstruction",
    "HeldOut": "reconstruction",
    "InPlane": "in_plane",
    "Micrograph": "micrograph",
    "MixtureReconstruction": "reconstruction",
    "PatternWriter": "writing",
    "Patterns": "patterns",
    "Picks": "picks",
    "Poisson": "noise",
    "Reconstruction": "reconstruction",
    "Rotations": "rotations",
    "StoredPatterns": "stored",
    "Sweep": "kernels.sweep",
    "TemplateMap": "maps",
    "back_rotate": "kernels.backrotation",
    "describe": "files",
    "follow": "live.follow",
    "goodness_of_fit": "reconstruction",
    "held_out": "reconstruction",
    "log_likelihood": "kernels.likelihood",
    "open_patterns": "stored",
    "read_dense": "dense",
    "read_detector": "detector",
    "read_micrograph": "micrograph",
    "read_patterns": "files",
    "read_picks": "picks",
    "reconstruct": "reconstruction",
    "reconstruct_halves": "reconstruction",
    "show_config": "config",
    "sweep": "kernels.sweep",
    "write_dense": "dense",
    "write_patterns": "files",
    "write_picks": "picks",
}
_MODULES = (
    "active",
    "bench",
    "challenge",
    "classify",
    "distributed",
    "dragonfly",
    "limits",
    "live",
    "particles",
    "pickers",
    "picking",
    "picks",
    "plotting",
    "resolution",
    "sample",
    "simulate",
    "study",
    "viewer",
)

__all__ = [
    "C1",
    "C4",
    "D4",
    "Bernoulli",
    "CheckpointError",
    "Circles",
    "ClusterError",
    "CopyWarning",
    "DamagedSection",
    "DensePatterns",
    "Detector",
    "DeviceError",
    "FormatError",
    "Gaussian",
    "GoodnessOfFit",
    "Halves",
    "HeldOut",
    "InPlane",
    "Micrograph",
    "MixtureReconstruction",
    "PatternWriter",
    "Patterns",
    "Picks",
    "Poisson",
    "Reconstruction",
    "Rotations",
    "StoredPatterns",
    "Sweep",
    "TemplateMap",
    "__version__",
    "active",
    "back_rotate",
    "bench",
    "challenge",
    "classify",
    "describe",
    "distributed",
    "dragonfly",
    "follow",
    "goodness_of_fit",
    "held_out",
    "limits",
    "live",
    "log_likelihood",
    "open_patterns",
    "particles",
    "pickers",
    "picking",
    "picks",
    "plotting",
    "read_dense",
    "read_detector",
    "read_micrograph",
    "read_patterns",
    "read_picks",
    "reconstruct",
    "reconstruct_halves",
    "resolution",
    "sample",
    "show_config",
    "simulate",
    "study",
    "sweep",
    "viewer",
    "write_dense",
    "write_patterns",
    "write_picks",
]


def __getattr__(name: str) -> Any:
    value: Any
    if name in _MODULES:
        value = importlib.import_module(f"motes.{name}")
    elif name == "__version__":
        value = importlib.import_module("motes._core").version
    elif name in _HOME:
        value = getattr(importlib.import_module(f"motes.{_HOME[name]}"), name)
    else:
        raise AttributeError(f"module 'motes' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
