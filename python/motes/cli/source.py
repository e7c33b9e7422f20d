"""What a reconstruction was made from: told in its report, and read again from there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.patterns import Patterns
    from motes.reconstruction import Reconstruction


def source(file: Path, task: int | None, binarise: bool, kept: NDArray[np.bool_]) -> dict[str, Any]:
    """Where the patterns are and how they were read, as the report says it under `input`.

    Parameters
    ----------
    file : pathlib.Path
        As it was given.
    task, binarise
        The options of these names.
    kept : (N,) bool array
        False for patterns that were left out.
    """
    return {
        "path": str(file.resolve()),
        "task": task,
        "n_patterns": kept.size,
        "binarise": binarise,
        "n_excluded": int((~kept).sum()),
    }


def read_source(folder: Path, result: Reconstruction, file: Path | None) -> tuple[Patterns, NDArray[np.bool_]]:
    """The patterns that a reconstruction was made from, and which of them it was made from.

    Parameters
    ----------
    folder : pathlib.Path
        Where its report and labels are.
    result : Reconstruction
        The reconstruction.
    file : pathlib.Path, optional
        Where the patterns are now; by default where the report says.

    Returns
    -------
    patterns : Patterns
        All N of the file.
    kept : (N,) bool array
        False for patterns that were left out.

    Raises
    ------
    ValueError
        If they are not there, or are others; the message says what to give.
    """
    import zipfile

    from motes import read_patterns
    from motes.cli.arguments import read_array
    from motes.cli.results import EXCLUDED

    stated = _input(folder / "report.json")
    if file is None:
        if not stated:
            raise ValueError(f"{folder / 'report.json'}: names no file of patterns; give it with --patterns FILE")
        file = Path(stated["path"])
        if not file.exists():
            raise ValueError(f"{file}: is not there any more; say where the patterns are now with --patterns FILE")
    labels = read_array(folder / "labels.npy")
    kept = labels != EXCLUDED
    task = stated.get("task") if zipfile.is_zipfile(file) else None  # a copy in another format has no tasks
    patterns = read_patterns(file, task, result.master.shape, labels.size)
    patterns = patterns.binarised() if stated.get("binarise") else patterns
    photons = patterns[kept].n_photons
    if photons != result.n_photons:
        raise ValueError(
            f"{file}: not the patterns that {folder} was made from, which held {result.n_photons:,} photons, not "
            f"{photons:,}; give the right ones with --patterns FILE"
        )
    return patterns, kept


def _input(report: Path) -> dict[str, Any]:
    try:
        stated = json.loads(report.read_text(encoding="utf-8")).get("input") or {}
        return {"path": str(stated["path"]), **stated} if stated else {}
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{report}: no report of a reconstruction ({error!r})") from error
