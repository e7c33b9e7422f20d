"""A reconstruction against the truth: the group's free turn taken out, then error and accuracy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motes.errors import FormatError
from motes.io.npy import array_table
from motes.io.npz import Archive, open_archive, write_npz

if TYPE_CHECKING:
    from motes.patterns import Patterns
    from motes.reconstruction import Reconstruction
    from motes.stored import StoredPatterns

FLAT = 1e-9  # contrast relative to the mean: less is rounding, and no picture


@dataclass(frozen=True)
class Truth:
    """What patterns were made from.

    Attributes
    ----------
    master : (H, W) float64 array, photons a pixel
        Their mean, before it was turned.
    labels : (N,) integer array or None
        Template of each pattern, as in `motes.Rotations`; None where it is not known.
    """

    master: NDArray[np.float64]
    labels: NDArray[np.integer] | None

    def select(self, which: NDArray[np.bool_]) -> Truth:
        """The truth behind some of the patterns, (N,)."""
        return Truth(self.master, None if self.labels is None else self.labels[which])

    def require(self, shape: tuple[int, int], n_patterns: int) -> None:
        """Check that this can be the truth behind `n_patterns` patterns of a shape; ValueError if it can not."""
        if self.master.shape != shape:
            raise ValueError(f"truth: a master of shape {self.master.shape}, but the patterns have shape {shape}")
        if self.labels is not None and self.labels.shape != (n_patterns,):
            raise ValueError(f"truth: {self.labels.size} labels, but there are {n_patterns} patterns")


@dataclass(frozen=True)
class Comparison:
    """A reconstruction against the truth, which is known up to one member of the group.

    Attributes
    ----------
    turn : int
        The template of the true master that the estimate is nearest to.
    master : (H, W) float64 array, photons a pixel
        That template.
    labels : (N,) int32 array or None
        The true labels, counted from it.
    error : float
        ||estimate - truth|| / ||truth - mean(truth)|| over the pixels that were seen; NaN for a constant truth.
    accuracy : float or None
        Share of the patterns whose most likely label is the true one; None where that is not known, and for a constant
        truth, which looks the same in every orientation.
    """

    turn: int
    master: NDArray[np.float64]
    labels: NDArray[np.int32] | None
    error: float
    accuracy: float | None


def write_truth(path: str | os.PathLike[str], truth: Truth) -> None:
    """Write a truth file, whole or not at all: ``master`` and, where they are known, ``labels``.

    Parameters
    ----------
    path : path
        An .npz file; an existing one is replaced.
    truth : Truth
        What patterns were made from.

    Raises
    ------
    OSError
        If the file can not be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_truth(f"{folder}/truth.npz", Truth(np.eye(2), np.array([0, 3])))
    ...     read_truth(f"{folder}/truth.npz").labels
    array([0, 3])
    """
    arrays = {"master": truth.master} | ({} if truth.labels is None else {"labels": truth.labels})
    write_npz(path, {name: array_table(array) for name, array in arrays.items()})


def read_truth(
    path: str | os.PathLike[str], task: int | None = None, patterns: Patterns | StoredPatterns | None = None
) -> Truth:
    """Read a truth file: ``master`` and ``labels``, or ``master7`` and ``labels7`` for task 7.

    Parameters
    ----------
    path : path
        An .npz archive, such as ``motes simulate patterns --truth`` writes; labels may be absent.
    task : int, optional
        Which of several masters; not needed where there is one.
    patterns : Patterns or StoredPatterns, optional
        What was made from it: of several masters, the one of these patterns' shape and number of labels.

    Returns
    -------
    Truth
        What it holds.

    Raises
    ------
    FormatError
        If it is no archive, holds no master or several, or something else under these names.
    OSError
        If it can not be opened.
    """
    with open_archive(path) as archive:
        name = _master_name(path, _fitting(archive, task, patterns), task)
        of_labels = _labels_of(name)
        master = archive.array(name)
        labels = archive.array(of_labels) if of_labels in archive.names else None
    if master.ndim != 2 or master.dtype.kind not in "biuf" or not np.isfinite(master).all():
        raise FormatError(f"{path}: {name} is no image of finite numbers")
    if labels is not None and (labels.ndim != 1 or labels.dtype.kind not in "iu"):
        raise FormatError(f"{path}: {of_labels} is no list of whole numbers")
    return Truth(master.astype(np.float64), labels)


def _fitting(archive: Archive, task: int | None, patterns: Patterns | StoredPatterns | None) -> tuple[str, ...]:
    """Names of the archive's arrays without the masters that can not be that of these patterns, if one is left."""
    masters = [name for name in archive.names if name.startswith("master")]
    if task is not None or patterns is None or len(masters) < 2:
        return archive.names
    fit = [
        name
        for name in masters
        if archive.array(name).shape == patterns.shape
        and _labels_of(name) in archive.names
        and archive.array(_labels_of(name)).shape == (len(patterns),)
    ]
    return tuple(fit) if len(fit) == 1 else archive.names


def _labels_of(master: str) -> str:
    return master.replace("master", "labels")


def _master_name(path: str | os.PathLike[str], names: tuple[str, ...], task: int | None) -> str:
    """The array that holds the master: its task's own, else the only one."""
    for name in (f"master{task}", "master"):
        if name in names:
            return name
    numbered = [name for name in names if name.startswith("master")]
    if task is not None or not numbered:
        wanted = "master" if task is None else f"master{task} and no master"
        raise FormatError(f"{path}: no {wanted} in it, only {', '.join(names) or 'nothing'}")
    if len(numbered) > 1:
        raise FormatError(f"{path}: holds {', '.join(numbered)}; the task must be given")
    return numbered[0]


def best_turn(result: Reconstruction, master: ArrayLike) -> int:
    """The template of a true master that an estimate is nearest to.

    Parameters
    ----------
    result : Reconstruction
        The estimate.
    master : (H, W) array, photons a pixel
        The truth in any orientation.

    Returns
    -------
    int
        A member of the group, 0 to R - 1.

    Raises
    ------
    ValueError
        If the truth has another shape than the estimate.
    """
    image = np.asarray(master, np.float64)
    Truth(image, None).require(result.master.shape, result.n_patterns)
    deviation = result.rotations.expand(image)[:, result.seen] - result.master[result.seen]
    return int(np.argmin((deviation**2).sum(axis=1)))


def compare(result: Reconstruction, truth: Truth) -> Comparison:
    """Compare a reconstruction with the truth after the group's best turn.

    Parameters
    ----------
    result : Reconstruction
        The estimate.
    truth : Truth
        What its patterns were made from.

    Returns
    -------
    Comparison
        Error, accuracy, and the truth turned alike.

    Raises
    ------
    ValueError
        If the truth has another shape, labels for another number of patterns, or of another group.
    """
    truth.require(result.master.shape, result.n_patterns)
    turn = best_turn(result, truth.master)
    master = result.rotations.turn_master(truth.master, turn)
    shown = master[result.seen]
    contrast = float(np.linalg.norm(shown - shown.mean())) if shown.size else 0.0
    flat = contrast <= FLAT * float(np.linalg.norm(shown))
    error = float("nan") if flat else float(np.linalg.norm(result.master[result.seen] - shown)) / contrast
    labels = accuracy = None
    if truth.labels is not None:
        if truth.labels.size and (truth.labels.min() < 0 or truth.labels.max() >= result.rotations.n):
            found = f"labels from {truth.labels.min()} to {truth.labels.max()}"
            raise ValueError(f"truth: {found}, but {result.rotations.name} has 0 to {result.rotations.n - 1}")
        labels = result.rotations.relabel(truth.labels, turn)
        accuracy = float(np.mean(labels == result.labels)) if labels.size and not flat else None
    return Comparison(turn, master, labels, error, accuracy)
