"""What a reconstruction was made from: told in its report, and read again from there."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.dense import DensePatterns
    from motes.patterns import Patterns
    from motes.reconstruction import Reconstruction
    from motes.reconstruction.mixture.templates import Source
    from motes.stored import StoredPatterns

_KINDS = {
    "path": ((str, list), "a text, or a list of texts"),
    "task": ((int, type(None)), "a whole number or null"),
    "binarise": ((bool,), "true or false"),
    "fingerprint": ((str,), "a text"),
}


def read_files(
    files: Sequence[Path], task: int | None = None, shape: tuple[int, int] | None = None, n_patterns: int | None = None
) -> Patterns:
    """Patterns of one file, or of several one after the other; options as `motes.read_patterns` has them."""
    from motes import Patterns, read_patterns

    if not files:
        raise ValueError("FILE: expected a file of patterns, or a --config that names one")
    if n_patterns is not None and len(files) > 1:
        raise ValueError(f"--patterns: is for one file, got {len(files)}")
    parts = [read_patterns(file, task, shape, n_patterns) for file in files]
    for file, part in zip(files, parts, strict=True):
        if part.shape != parts[0].shape:
            told = " and ".join("x".join(map(str, other.shape)) for other in (part, parts[0]))
            raise ValueError(f"{file}: patterns of {told} pixels in {files[0]}; expected one shape")
    return Patterns.concatenate(parts)


def read_dense_files(files: Sequence[Path], shape: tuple[int, int] | None = None) -> DensePatterns:
    """Dense patterns of one .npy, mapped."""
    from motes import read_dense

    if len(files) != 1:
        raise ValueError(f"FILE: dense patterns are read from one .npy, got {len(files)} files")
    if files[0].suffix.lower() in (".npz", ".emc", ".h5"):
        raise ValueError(
            f"{files[0]}: Gaussian noise is of dense patterns, real numbers in a .npy; photons: --noise poisson"
        )
    return read_dense(files[0], shape)


def source(
    files: Sequence[Path], task: int | None, binarise: bool, kept: NDArray[np.bool_], patterns: Source
) -> dict[str, Any]:
    """Where the patterns are and how they were read, as the report says it under `input`.

    Parameters
    ----------
    files : sequence of pathlib.Path
        As they were given.
    task, binarise
        The options of these names.
    kept : (N,) bool array
        False for patterns that were left out.
    patterns : Patterns, StoredPatterns or DensePatterns
        All N of the file, as they were read.
    """
    import numpy as np

    from motes.reconstruction.checkpoint import fingerprint_of

    paths = [str(file.resolve()) for file in files]
    return {
        "path": paths if len(paths) > 1 else paths[0],
        "task": task,
        "n_patterns": kept.size,
        "binarise": binarise,
        "n_excluded": kept.size - int(np.count_nonzero(kept)),
        "fingerprint": fingerprint_of(patterns),
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
    import numpy as np

    from motes.cli.arguments import read_array
    from motes.cli.results import EVERYTHING, EXCLUDED

    stated = _input(folder / "report.json")
    if file is None:
        if not stated:
            raise ValueError(f"{folder / 'report.json'}: names no file of patterns; give it with --patterns FILE")
        files = [Path(path) for path in _listed(stated["path"])]
        for path in files:
            if not path.exists():
                raise ValueError(f"{path}: is not there any more; say where the patterns are now with --patterns FILE")
    else:
        files = [file]
    names = ", ".join(map(str, files))
    labels = read_array(folder / "labels.npy")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(f"{folder / 'labels.npy'}: expected a list of labels, got {labels.dtype} of {labels.shape}")
    kept = labels != EXCLUDED
    if not np.array_equal(labels[kept], result.labels):
        raise ValueError(f"{folder / 'labels.npy'}: not the labels of {EVERYTHING} beside it")
    patterns, mark = _read_again(files, stated.get("task"), result.master.shape, kept)
    patterns = patterns.binarised() if stated.get("binarise") else patterns
    photons = int(patterns.photons_per_pattern()[kept].sum())
    if photons != result.n_photons:
        raise ValueError(
            f"{names}: not the patterns that {folder} was made from, which held {result.n_photons:,} photons, not "
            f"{photons:,}; give the right ones with --patterns FILE"
        )
    if stated.get("fingerprint", mark) != mark:
        raise ValueError(
            f"{names}: not the patterns that {folder} was made from: as many photons, but in other places or another "
            "order; give the right ones with --patterns FILE"
        )
    return patterns, kept


def _read_again(
    files: Sequence[Path], task: int | None, shape: tuple[int, ...], kept: NDArray[np.bool_]
) -> tuple[Patterns, str]:
    """All patterns, in memory, and their fingerprint; of a store, blank ones for sections that were left out."""
    from motes.memory import available_bytes, in_words
    from motes.reconstruction.checkpoint import fingerprint_of
    from motes.stored import is_store, open_patterns

    if len(files) == 1 and is_store(files[0]):
        store = open_patterns(files[0])
        if store.nbytes > available_bytes():
            needed = f"{in_words(store.nbytes)}, and {in_words(available_bytes())} are available"
            raise ValueError(f"{files[0]}: every pattern is looked at in memory, which takes {needed}")
        return _sound(store, kept), store.fingerprint
    task = task if _has_tasks(files[0]) else None  # a copy in another format has none
    rows, columns = shape
    patterns = read_files(files, task, (rows, columns), kept.size if len(files) == 1 else None)
    return patterns, fingerprint_of(patterns)


def _sound(store: StoredPatterns, kept: NDArray[np.bool_]) -> Patterns:
    """The patterns of a store; of sections that were left out, damaged perhaps, nothing is read."""
    import numpy as np

    from motes import Patterns

    if kept.size != len(store) or kept.all():
        return store.to_memory()
    there = [bool(kept[first:last].any()) for first, last in itertools.pairwise(store.bounds.tolist())]
    sizes = np.diff(store.bounds).tolist()
    parts = [
        store.section(k) if is_there else Patterns.empty(store.shape, size)
        for k, (is_there, size) in enumerate(zip(there, sizes, strict=True))
    ]
    return Patterns.concatenate([Patterns.empty(store.shape), *parts])


def _has_tasks(file: Path) -> bool:
    import zipfile

    from motes.io.challenge import tasks
    from motes.io.npz import open_archive

    if not zipfile.is_zipfile(file):
        return False
    with open_archive(file) as archive:
        return bool(tasks(archive))


def read_command(folder: Path) -> str:
    """The command that a reconstruction came from, as its report says it; empty where it does not."""
    told = _told(folder / "report.json")
    command = told.get("command") if isinstance(told, dict) else None
    return command if isinstance(command, str) else ""


def _told(report: Path) -> Any:
    try:
        return json.loads(report.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{report}: no report of a reconstruction ({error})") from error


def _input(report: Path) -> dict[str, Any]:
    """What the report says under `input`, each entry of its type; nothing where it says nothing."""
    told = _told(report)
    stated = (told.get("input") or {}) if isinstance(told, dict) else None
    if not isinstance(stated, dict) or (stated and "path" not in stated):
        raise ValueError(f"{report}: no report of a reconstruction (expected an object, its input with a path)")
    for name, (kinds, what) in _KINDS.items():
        if name in stated and type(stated[name]) not in kinds:
            raise ValueError(f"{report}: input: {name}: expected {what}, got {json.dumps(stated[name])[:40]}")
    if not all(isinstance(path, str) for path in _listed(stated.get("path", ""))) or stated.get("path") == []:
        raise ValueError(f"{report}: input: path: expected a text, or a list of texts")
    return stated


def _listed(path: str | list[str]) -> list[str]:
    return [path] if isinstance(path, str) else path
