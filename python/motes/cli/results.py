"""The files that a reconstruction leaves: arrays, report, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.reconstruction import Reconstruction
    from motes.truth import Truth

EVERYTHING = "reconstruction.npz"
RESULTS = ("master.npy", "std_error.npy", "labels.npy", EVERYTHING, "report.json", "master.png", "convergence.png")
EXCLUDED = -1  # the label of a pattern that was left out


def write_results(
    folder: Path,
    result: Reconstruction,
    report: dict[str, Any],
    truth: Truth | None = None,
    kept: NDArray[np.bool_] | None = None,
) -> None:
    """Write the files that `RESULTS` names.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder.
    result : Reconstruction
        What was found.
    report : dict
        What `motes.report.report` says of it.
    truth : Truth, optional
        Shown beside it.
    kept : (N,) bool array, optional
        Patterns of the file that it was found in; the label of the others is -1.
    """
    import numpy as np

    from motes import plotting
    from motes.io.npy import array_table, write_table
    from motes.report import to_json

    labels = result.labels
    if kept is not None and not kept.all():
        labels = np.full(kept.size, EXCLUDED, result.labels.dtype)
        labels[kept] = result.labels
    for name, array in (("master", result.master), ("std_error", result.std_error), ("labels", labels)):
        with (folder / f"{name}.npy").open("wb") as file:  # numpy.save would hide why a disk refuses
            write_table(file, array_table(array))
    result.save(folder / EVERYTHING)
    (folder / "report.json").write_text(to_json(report, indent=2) + "\n", encoding="utf-8")
    plotting.master(result, None if truth is None else truth.master).savefig(folder / "master.png")
    plotting.convergence(result).savefig(folder / "convergence.png")
