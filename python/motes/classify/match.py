"""Exact matching: which rotation of a reference a pattern without noise is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from motes.devices import Device
from motes.foreign import array_of
from motes.kernels.assignment import Clusters, assign
from motes.kernels.passes import results
from motes.patterns import Patterns
from motes.rotations import C4, Rotations, exact_rotations_of
from motes.scratch import BLOCK, gathered
from motes.stored import StoredPatterns
from motes.threads import available_threads

UNMATCHED = -1

_CHUNK = 2**22  # pixels compared at a time
_EXACT = 2**53  # whole numbers below it are exact in float64


def match(
    patterns: Patterns | StoredPatterns | npt.ArrayLike,
    reference: npt.ArrayLike | None = None,
    rotations: Rotations | str = C4,
    *,
    threads: int | None = None,
    device: Device | str | None = None,
) -> npt.NDArray[np.int32]:
    """Find the rotation of a reference that each pattern is, pixel by pixel (the seed's "master key", tasks 1 and 2).

    Parameters
    ----------
    patterns : Patterns, StoredPatterns, or (N, L, L) or (N, L * L) array of whole numbers
        Without noise; flattened ones are folded back to squares.
    reference : (L, L) or (L * L,) array, photons, optional
        The first pattern by default.
    rotations : Rotations or str
        The group, or its name.
    threads : int, optional
        By default all that this process may use.
    device : {"cpu", "cuda", "cuda:1", "auto"}, optional
        Where patterns are compared; by default where they are (`Patterns.to`). Compiled, not yet run on hardware.

    Returns
    -------
    (N,) int32 array
        Template of the reference that each pattern equals: clockwise quarter turns for C4. Where several do, the first.

    Raises
    ------
    ValueError
        If a pattern equals no rotation of the reference; the message names the first such pattern. If there is no
        pattern, the shape is no square, or a value is no count.

    Warns
    -----
    UserWarning
        If the reference looks the same after some turn, so that its orientations can not be told apart.

    Examples
    --------
    >>> master = np.array([[1, 2], [3, 4]])
    >>> match([master, np.rot90(master, -1), np.rot90(master, 2)])
    array([0, 1, 2], dtype=int32)
    >>> match([master.ravel(), master.T.ravel()])
    Traceback (most recent call last):
        ...
    ValueError: pattern 1 is no rotation of the reference: the nearest, 0, differs in 2 of 4 pixels
    """
    rotations = exact_rotations_of(rotations)
    threads = available_threads(threads)
    stack = patterns if isinstance(patterns, Patterns | StoredPatterns) else Patterns.from_dense(_of_one_size(patterns))
    if device is not None:
        if isinstance(stack, StoredPatterns):
            raise ValueError(f"device: patterns of a store are compared by the processor, got {device}")
        stack = stack.to(device)
    if not len(stack):
        raise ValueError("patterns: expected at least one, got none")
    templates = _templates(stack[0] if reference is None else reference, stack, rotations)
    same = symmetries(templates)
    if same:
        told = ", ".join(map(str, same))
        warnings.warn(f"the reference looks the same in rotation {told} as in 0", UserWarning, stacklevel=2)
    task = MatchTask(templates)
    labels = task(stack, threads) if isinstance(stack, Patterns) else _of_store(stack, task, threads)
    for first in range(0, len(labels), BLOCK):
        unmatched = np.flatnonzero(labels[first : first + BLOCK] == UNMATCHED)
        if unmatched.size:
            _refuse(first + int(unmatched[0]), stack, templates)
    return labels


@dataclass(frozen=True)
class MatchTask:
    """Which template each pattern equals; `UNMATCHED` where it is none. Part by part: see `motes.kernels.passes`."""

    templates: npt.NDArray[Any]

    def __call__(self, patterns: Patterns, threads: int) -> npt.NDArray[np.int32]:
        """Of patterns in memory."""
        found = _nearest_of_all(patterns, self.templates, threads)
        return _pixel_by_pixel(patterns, self.templates) if found is None else found


def _of_store(store: StoredPatterns, task: MatchTask, threads: int) -> npt.NDArray[np.int32]:
    found = results(store, task, threads)
    return gathered(((int(store.bounds[k]), part) for k, part in found), len(store), np.int32)


def _nearest_of_all(stack: Patterns, templates: npt.NDArray[Any], threads: int) -> npt.NDArray[np.int32] | None:
    """The nearest template of each pattern where that is the pattern itself; None where one is no template.

    The sum of all squared distances tells, in whole numbers: sum |x|^2 - 2 sum_r S_r . t_r + sum_r n_r |t_r|^2.
    """
    if templates.dtype.kind not in "biuf" or stack.n_photons * stack.max_count >= _EXACT:
        return None
    means = templates.astype(np.float64)
    if not (np.abs(means) < _EXACT).all() or not (np.rint(means) == templates).all():
        return None
    if (means**2).sum(axis=1).max() >= _EXACT:
        return None
    clusters = Clusters.none(len(stack), stack.n_pixels, len(means), stack.device)
    assign(stack, means, clusters, threads=threads)
    images = means.astype(np.int64).astype(object)
    cross = (clusters.photons.T.astype(object) * images).sum()
    own = (clusters.members.astype(object) * (images**2).sum(axis=1)).sum()
    return clusters.labels_at_home() if stack.sum_of_squares() - 2 * cross + own == 0 else None


def _pixel_by_pixel(stack: Patterns, templates: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    labels = np.empty(len(stack), np.int32)
    step = max(1, _CHUNK // max(1, stack.n_pixels))
    for first in range(0, len(stack), step):
        part = stack[first : first + step].to_dense().reshape(-1, stack.n_pixels)
        equal = np.stack([(part == template).all(axis=1) for template in templates], axis=1)
        labels[first : first + step] = np.where(equal.any(axis=1), equal.argmax(axis=1), UNMATCHED)
    return labels


def _refuse(which: int, stack: Patterns | StoredPatterns, templates: npt.NDArray[Any]) -> NoReturn:
    differing = (stack[which].ravel() != templates).sum(axis=1)
    nearest = int(differing.argmin())
    raise ValueError(
        f"pattern {which} is no rotation of the reference: "
        f"the nearest, {nearest}, differs in {differing[nearest]} of {stack.n_pixels} pixels"
    )


def _of_one_size(patterns: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        return np.asarray(patterns)
    except ValueError:  # NumPy has no arrays of different lengths
        raise ValueError("patterns: expected patterns of one size, got several") from None


def symmetries(templates: npt.NDArray[Any]) -> list[int]:
    """The templates, but for the first, that equal the first.

    Examples
    --------
    >>> symmetries(C4.expand(np.array([[1, 0], [0, 1]])))
    [2]
    """
    return [r for r in range(1, len(templates)) if np.array_equal(templates[r], templates[0])]


def _templates(
    reference: npt.ArrayLike, patterns: Patterns | StoredPatterns, rotations: Rotations
) -> npt.NDArray[np.float64]:
    image = array_of("reference", reference)
    if image.size != patterns.n_pixels or image.ndim not in (1, 2):
        raise ValueError(f"reference: expected shape {patterns.shape}, got {image.shape}")
    return rotations.expand(image.reshape(patterns.shape)).reshape(rotations.n, -1)
