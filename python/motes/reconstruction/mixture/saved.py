"""A saved mixture, read without trust: every array and every field is what `MixtureReconstruction` says it is."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from motes.errors import FormatError
from motes.io.npz import open_archive
from motes.maps import TemplateMap
from motes.noise import noise_named
from motes.reconstruction.mixture.layout import Layout
from motes.reconstruction.saved import STEP, Fields, check_range, flag, number, read_record, text, texts, whole
from motes.rotations import rotations_of

ARRAYS = {
    "masters": np.float64,
    "std_error": np.float64,
    "labels": np.int32,
    "class_weights": np.float64,
    "weights": np.float64,
    "good": np.bool_,
    "correction": np.float64,
    "background": np.float64,
}
_STEP: Fields = STEP | {"change": number, "information": number, "beta": number}
_FIELDS: Fields = {
    **dict.fromkeys(("iterations", "sweeps", "seed", "threads", "n_patterns", "n_photons"), whole),
    **dict.fromkeys(("log_likelihood", "information", "seconds"), number),
    **dict.fromkeys(("converged", "interrupted"), flag),
    **dict.fromkeys(("acceleration", "init", "noise", "version"), text),
    "maps": texts,
}


def is_mixture(path: str | os.PathLike[str]) -> bool:
    """Whether an archive holds a mixture's masters; FormatError if it is none."""
    with open_archive(path) as archive:
        return "masters" in archive.names


def read(path: str | os.PathLike[str], maps: tuple[TemplateMap, ...] | None) -> dict[str, Any]:
    """The fields of a saved `MixtureReconstruction`.

    Raises
    ------
    FormatError
        If the file is damaged or none of `MixtureReconstruction.save`'s; it names the field.
    """
    place = os.fspath(path)
    with open_archive(path) as archive:
        missing = {*ARRAYS, "record"} - {*archive.names}
        if missing:
            raise FormatError(f"{place}: no saved mixture: it holds no {min(missing)}")
        record = read_record(archive, _FIELDS, _STEP)
        arrays = {name: archive.array(name) for name in ARRAYS}
        fluence = archive.array("fluence") if "fluence" in archive.names else None
    try:
        record["noise"] = noise_named(record["noise"])
        names, found = record["maps"], maps
        if found is None:
            found = tuple(rotations_of(name) for name in names)
    except ValueError as error:
        raise FormatError(f"{place}: record: {error}") from error
    if [turns.name for turns in found] != names:
        raise FormatError(f"{place}: record: maps: holds {names}, got {[turns.name for turns in found]}")
    record["maps"] = found
    _check(place, arrays, fluence, record)
    return {**arrays, "fluence": fluence, **record}


def _check(place: str, arrays: dict[str, Any], fluence: Any, record: dict[str, Any]) -> None:
    """Types, shapes and ranges."""
    maps, image, n = record["maps"], arrays["good"].shape, record["n_patterns"]
    if len(image) != 2 or 0 in image:
        raise FormatError(f"{place}: good: expected an image, got shape {image}")
    try:
        masters = (len(maps), *Layout(maps, image).master_shapes[0])
    except ValueError as error:
        raise FormatError(f"{place}: good: {error}") from error
    shapes = {
        "masters": masters, "std_error": masters, "labels": (n, 2), "class_weights": (len(maps),),
        "weights": (len(maps), max(turns.n for turns in maps)), "good": image, "correction": image, "background": image,
    }  # fmt: skip
    for name, dtype in ARRAYS.items():
        _check_kind(place, name, arrays[name], dtype, shapes[name])
    for name in ("masters", "std_error"):
        known = arrays[name][~np.isnan(arrays[name])]
        check_range(
            place, name, np.abs(known) if name == "masters" and record["noise"].name == "gaussian" else known, np.inf
        )
    for name, highest in (("class_weights", 1.0), ("weights", 1.0), ("correction", np.inf), ("background", np.inf)):
        check_range(place, name, arrays[name], highest)
    check_range(place, "labels", arrays["labels"][:, 0], len(maps) - 1)
    check_range(place, "labels", arrays["labels"][:, 1], max(turns.n for turns in maps) - 1)
    if fluence is not None:
        _check_kind(place, "fluence", fluence, np.float64, (n,))
        check_range(place, "fluence", fluence, np.inf)


def _check_kind(place: str, name: str, array: Any, dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    if array.dtype != dtype or array.shape != shape:
        expected = f"{np.dtype(dtype)} of shape {shape}"
        raise FormatError(f"{place}: {name}: expected {expected}, got {array.dtype} of shape {array.shape}")
