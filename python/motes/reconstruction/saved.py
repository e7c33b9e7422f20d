"""A saved reconstruction, read without trust: every array and every field is what `Reconstruction` says it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from motes.errors import FormatError
from motes.io.npz import Archive, open_archive
from motes.noise import noise_of
from motes.rotations import exact_rotations_of

ARRAYS = {
    "master": np.float64,
    "std_error": np.float64,
    "labels": np.int32,
    "weights": np.float64,
    "weights_std_error": np.float64,
    "counts": np.int64,
    "first_pattern_posterior": np.float64,
    "seen": np.bool_,
    "good": np.bool_,
}
Fields: TypeAlias = dict[str, Callable[[object], bool]]
_TOLD = 60  # characters of a wrong value


def whole(value: object) -> bool:
    """Whether a field is a whole number, 0 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def number(value: object) -> bool:
    """Whether a field is a number."""
    return isinstance(value, float) or whole(value)


def perhaps(value: object) -> bool:
    """Whether a field is a number, or there is none."""
    return value is None or number(value)


def whole_or_none(value: object) -> bool:
    """Whether a field is a whole number, or there is none."""
    return value is None or whole(value)


def flag(value: object) -> bool:
    """Whether a field is true or false."""
    return isinstance(value, bool)


def text(value: object) -> bool:
    """Whether a field is a text."""
    return isinstance(value, str)


def texts(value: object) -> bool:
    """Whether a field is a list of texts, at least one."""
    return isinstance(value, list) and bool(value) and all(map(text, value))


STEP: Fields = {
    **dict.fromkeys(("restart", "iteration", "sweeps"), whole),
    **dict.fromkeys(("log_likelihood", "gain", "seconds"), number),
    "step": text,
}


_WHAT: dict[Callable[[object], bool], str] = {
    whole: "a whole number",
    number: "a number",
    perhaps: "a number or null",
    whole_or_none: "a whole number or null",
    flag: "true or false",
    text: "a text",
    texts: "a list of texts",
}
_FIELDS: Fields = {
    **dict.fromkeys(("iterations", "sweeps", "seed", "threads", "n_patterns", "n_photons"), whole),
    **dict.fromkeys(("log_likelihood", "error_bound", "missing_information", "seconds"), number),
    **dict.fromkeys(("evidence", "evidence_of_noise"), number),
    "agreement": perhaps,
    "passes": whole_or_none,
    **dict.fromkeys(("converged", "interrupted"), flag),
    **dict.fromkeys(("method", "acceleration", "init", "rotations", "noise", "version"), text),
}


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The fields of a saved `Reconstruction`.

    Raises
    ------
    FormatError
        If the file is damaged or none of `Reconstruction.save`'s; it names the field.
    """
    place = os.fspath(path)
    with open_archive(path) as archive:
        missing = {*ARRAYS, "record"} - {*archive.names}
        if "masters" in archive.names:
            raise FormatError(f"{place}: a saved mixture, which motes.MixtureReconstruction.load reads")
        if missing:
            raise FormatError(f"{place}: no saved reconstruction: it holds no {min(missing)}")
        record = read_record(archive, _FIELDS, STEP, later=("passes",))
        arrays = {name: archive.array(name) for name in ARRAYS}
    try:
        record["rotations"], record["noise"] = exact_rotations_of(record["rotations"]), noise_of(record["noise"])
    except ValueError as error:
        raise FormatError(f"{place}: record: {error}") from error
    _check_arrays(place, arrays, record)
    return {**arrays, **record}


def read_record(archive: Archive, fields: Fields, step: Fields, later: tuple[str, ...] = ()) -> dict[str, Any]:
    """Everything but the arrays, each field of its type: `fields`, a history whose records hold `step`, and notes.

    Fields that came `later` are None in files that were written before.
    """
    place = archive.place("record")
    try:
        record = json.loads(archive.array("record").tobytes())
    except (ValueError, RecursionError) as error:  # JSON's own errors, other bytes, numbers beyond all bounds
        raise FormatError(f"{place}: expected JSON ({error})") from error
    expected = {*fields, "history", "notes"}
    if isinstance(record, dict):
        record = dict.fromkeys(later) | record
    if not isinstance(record, dict) or record.keys() != expected:
        differ = min(expected ^ record.keys()) if isinstance(record, dict) else type(record).__name__
        raise FormatError(f"{place}: no saved reconstruction: missing, or not known: {differ[:_TOLD]}")
    for name, is_right in fields.items():
        if not is_right(record[name]):
            raise FormatError(f"{place}: {name}: expected {_WHAT[is_right]}, got {_short(record[name])}")

    def is_step(value: object) -> bool:
        return isinstance(value, dict) and value.keys() == step.keys() and all(step[k](value[k]) for k in step)

    for name, is_right, what in (("history", is_step, "records of iterations"), ("notes", text, "texts")):
        if not isinstance(record[name], list) or not all(map(is_right, record[name])):
            raise FormatError(f"{place}: {name}: expected a list of {what}, got {_short(record[name])}")
        record[name] = tuple(record[name])
    del record["version"]
    return record


def _check_arrays(place: str, arrays: dict[str, Any], record: dict[str, Any]) -> None:
    """Types, shapes and ranges."""
    image, n_rotations = arrays["master"].shape, record["rotations"].n
    if len(image) != 2 or 0 in image:
        raise FormatError(f"{place}: master: expected an image, got shape {image}")
    try:
        record["rotations"].index(image)
    except ValueError as error:
        raise FormatError(f"{place}: master: {error}") from error
    shapes = dict.fromkeys(("master", "std_error", "seen", "good"), image)
    shapes["labels"] = (record["n_patterns"],)
    for name, dtype in ARRAYS.items():
        array, shape = arrays[name], shapes.get(name, (n_rotations,))
        if array.dtype != dtype or array.shape != shape:
            expected = f"{np.dtype(dtype)} of shape {shape}"
            raise FormatError(f"{place}: {name}: expected {expected}, got {array.dtype} of shape {array.shape}")
    most = 1.0 if record["noise"].name == "bernoulli" else np.finfo(np.float64).max
    for name, highest in (("master", most), ("std_error", np.inf), ("weights_std_error", np.inf)):
        check_range(place, name, arrays[name][~np.isnan(arrays[name])], highest)
    for name, highest in (("weights", 1.0), ("first_pattern_posterior", 1.0), ("labels", n_rotations - 1)):
        check_range(place, name, arrays[name], highest)
    check_range(place, "counts", arrays["counts"], record["n_patterns"])
    if abs(arrays["weights"].sum() - 1) > 1e-6:
        raise FormatError(f"{place}: weights: expected a sum of 1, got {arrays['weights'].sum():g}")


def check_range(place: str, name: str, values: Any, highest: float) -> None:
    """Refuse values below 0 or above the highest; the message names the array."""
    wrong = values[~((values >= 0) & (values <= highest + 1e-6))]
    if wrong.size:
        raise FormatError(f"{place}: {name}: expected 0 to {highest:g}, got {wrong[0]:g}")


def _short(value: object) -> str:
    told = json.dumps(value) if not isinstance(value, int) else f"{float(min(value, 2**1000)):g}"
    return told[:_TOLD]
