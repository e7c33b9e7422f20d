"""Pickers of a project: trained on its labels, kept, and asked what they see."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from motes import pickers
from motes.checks import one_of, whole
from motes.circles import Circles
from motes.pickers import Detections, FeatureCache, Picker
from motes.pickers.picker import device_option
from motes.project.folder import CACHE, MODELS, Project
from motes.project.labels import labelled

Watch: TypeAlias = Callable[[Sequence[str]], Iterable[str]]

PICKERS = {
    "filterbank": "FilterBankPicker",
    "compact": "CompactPicker",
    "phosaurus": "PhosaurusPicker",
    "combined": "CombinedPicker",
}
COLD = "blob"  # needs no labels
SUFFIX = ".npz"
MOST_CACHED = 64  # micrographs whose features are kept on the disk, some 100 MB each


def unwatched(names: Sequence[str]) -> Iterable[str]:
    """No progress bar."""
    return names


def train(project: Project, *, picker: str = "filterbank", seed: int = 0, device: str | None = None) -> dict[str, Any]:
    """Train a picker from scratch on all labels of a project, and keep it.

    Only micrographs that hold a label, or are said to be complete, are learned from.

    Parameters
    ----------
    project : Project
        Inside its `writing`.
    picker : str
        A key of `PICKERS`.
    seed : int
    device : str, optional
        Where the picker works, if it is one that can work on a GPU; by default where it chooses to.

    Returns
    -------
    dict
        ``number``, ``picker``, ``seed``, ``n_particles``, ``n_rejected``, ``n_actions`` (of the journal) and
        ``seconds``.

    Raises
    ------
    ValueError
        If there is no label of a particle, or the picker can not work on the device.
    ImportError
        If the picker needs an extra that is not installed.
    """
    whole("seed", seed, 0)
    one_of("picker", picker, tuple(PICKERS))
    labels = labelled(project)
    if not len(labels.particles):
        raise ValueError(f"{project.folder}: no particle is labelled yet; label some with motes active label")
    began = time.perf_counter()
    kind = getattr(pickers, PICKERS[picker])
    learner = kind(project.diameter, **_options(kind, project, device)).fit(labels, seed)
    number = max(project.numbered(MODELS), default=0) + 1
    path = project.place(MODELS, number, SUFFIX)
    path.parent.mkdir(exist_ok=True)
    learner.save(path)
    told = {
        "number": number,
        "picker": picker,
        "seed": seed,
        "n_particles": len(labels.particles),
        "n_rejected": len(labels.rejected),
        "n_actions": len(project.actions),
        "seconds": time.perf_counter() - began,
    }
    project.keep(MODELS, number, told)
    return told


def latest(project: Project) -> int:
    """Number of the picker that was trained last; 0 if there is none yet."""
    return max(project.numbered(MODELS), default=0)


def load(project: Project, number: int, device: str | None = None) -> Picker:
    """A picker of a project, to work on a device; 0 is the one that needs no labels.

    Raises
    ------
    ValueError
        If there is no such picker, or it can not work there.
    """
    if not number:
        blob = pickers.BlobPicker
        cold: Picker = blob(project.diameter, **_options(blob, project, device))
        return cold
    if number not in project.numbered(MODELS):
        raise ValueError(f"{project.folder}: holds no picker {number}")
    kind = getattr(pickers, PICKERS[one_of("picker", project.read_told(MODELS, number)["picker"], tuple(PICKERS))])
    loaded: Picker = kind.load(project.place(MODELS, number, SUFFIX), **_options(kind, project, device))
    return loaded


def detections(project: Project, picker: Picker, names: Sequence[str], watch: Watch = unwatched) -> Detections:
    """What a picker proposes on some micrographs; on the others of the project it proposes nothing.

    Warns
    -----
    UserWarning
        If there are micrographs that it can not look at, because they are blank or hold NaN: they are left out. If that
        is all of them, the first is a ValueError.
    """
    chosen, parts = set(names), {}
    refused: list[tuple[str, ValueError]] = []
    for name in watch([name for name in project.names if name in chosen]):
        micrograph = project.micrograph(name)
        try:
            found = picker.predict([micrograph])
        except ValueError as error:
            refused.append((name, error))
            continue
        parts[name] = Circles(found.circles.centres, found.circles.radii, found.probability)
    if refused and not parts:
        raise refused[0][1]
    for name, reason in refused:
        why = str(reason).removeprefix(f"{name}: ")
        warnings.warn(f"{project.path(name)}: {why}; left out", UserWarning, stacklevel=2)
    nothing = Circles(np.zeros((0, 2)), np.zeros(0), np.zeros(0))
    return Detections(Circles.concatenate([parts.get(name, nothing) for name in project.names]), project.names)


def _options(kind: Any, project: Project, device: str | None) -> dict[str, Any]:
    """What else a picker of some kind takes, when it is made and when it is read."""
    options: dict[str, Any] = {"cache": _cache(project)} if kind is pickers.FilterBankPicker else {}
    return options | device_option(kind, device)


def _cache(project: Project) -> FeatureCache:
    """Features on the disk, where they do not fill it."""
    return FeatureCache(folder=project.folder / CACHE if len(project.sources) <= MOST_CACHED else None)
