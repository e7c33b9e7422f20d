"""The kernels inside numba's `@njit`: no Python between one call and the next.

>>> import numba, numpy as np
>>> from motes import Patterns, numba_support as kernels
>>> @numba.njit
... def best(patterns, weights, base):
...     scores = np.empty((patterns.n_patterns, base.size), np.float32)
...     kernels.likelihood(patterns, weights, base, scores)
...     return scores.argmax()
>>> view = kernels.view(Patterns.from_dense([[0, 1, 0, 0]]))
>>> best(view, np.eye(4, dtype=np.float32), np.zeros(4, np.float32))
1

Shapes are checked when a call is made, dtypes and contiguity when numba compiles it; what the library refuses is a
ValueError with the library's words. Ctrl-C is seen once the compiled function returns. `motes.numba_support.c` has
the other functions of `motes.h`, as C declares them, pointers as integers.
"""

try:
    import numba as _numba  # noqa: F401
except ImportError as error:
    raise ImportError('motes.numba_support: needs numba (pip install "motes[numba]")') from error

from motes.numba_support.circles import circle_iou, pairwise_circle_iou, suppression
from motes.numba_support.patterns import (
    Clusters,
    Sums,
    assignment,
    backrotation,
    likelihood,
    posterior,
    sweep,
)  # fmt: skip
from motes.numba_support.rotations import expand, rotate_home
from motes.numba_support.views import PatternsView, view

__all__ = [
    "Clusters",
    "PatternsView",
    "Sums",
    "assignment",
    "backrotation",
    "circle_iou",
    "expand",
    "likelihood",
    "pairwise_circle_iou",
    "posterior",
    "rotate_home",
    "suppression",
    "sweep",
    "view",
]
