"""Pickers by the names that a configuration uses."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from motes import pickers
from motes.errors import did_you_mean
from motes.pickers import FeatureCache, Picker, calibration, features
from motes.picks import read_picks

PICKERS = {
    "filterbank": "FilterBankPicker",
    "blob": "BlobPicker",
    "compact": "CompactPicker",
    "phosaurus": "PhosaurusPicker",
    "combined": "CombinedPicker",
    "external": "ExternalPicks",
}
OF_FILES = ("picks", "format", "y_origin", "height")  # what says how picks of another program are read
LEARN_ON = ("compact", "phosaurus")  # can begin with what they learned before


def code_versions() -> dict[str, int]:
    """Versions of all that a model is made with; of every picker, for one may be part of another."""
    modules = [sys.modules[getattr(pickers, cls).__module__] for cls in PICKERS.values()]
    return {module.KIND: module.VERSION for module in modules if hasattr(module, "VERSION")} | {
        "features": features.VERSION,
        "calibration": calibration.VERSION,
    }


def new_picker(name: str, diameter: float, options: dict[str, Any], *, cache: FeatureCache | None = None) -> Picker:
    """A picker that has learned nothing; `cache` where it keeps features.

    Raises
    ------
    ValueError
        If there is no such picker, or it has no such option.
    ImportError
        If it needs an extra that is not installed.
    """
    if name not in PICKERS:
        raise ValueError(f"picker.name: {name!r} is none{did_you_mean(name, PICKERS)}")
    cls = getattr(pickers, PICKERS[name])
    takes = inspect.signature(cls).parameters
    known = [
        option for option in takes if option not in ("diameter", "cache", "warm_start")
    ]  # the last is labels.warm_start
    external = name == "external"
    if external:
        known = sorted({*known, *OF_FILES})
    for option in options:
        if option not in known:
            raise ValueError(f"picker.options.{option}: {name} has no such option{did_you_mean(option, known)}")
    if external:
        return _external(diameter, options)
    try:
        picker: Picker = cls(diameter, **options, **({"cache": cache} if "cache" in takes else {}))
    except TypeError as error:
        raise ValueError(f"picker.options: {error}") from error
    return picker


def _external(diameter: float, options: dict[str, Any]) -> Picker:
    """Picks of another program, from their files."""
    if not isinstance(options.get("picks"), str):
        raise ValueError("picker.picks: needed by external, a file of coordinates with scores, or a folder of them")
    reading = {name: options[name] for name in OF_FILES[1:] if name in options}
    own = {name: value for name, value in options.items() if name not in OF_FILES}
    return pickers.ExternalPicks(read_picks(options["picks"], **reading), diameter, **own)
