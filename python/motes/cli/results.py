"""The files that a reconstruction leaves: arrays, report, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.reconstruction import MixtureReconstruction, Reconstruction
    from motes.truth import Truth

EVERYTHING = "reconstruction.npz"
RESULTS = ("master.npy", "std_error.npy", "labels.npy", EVERYTHING, "report.json", "master.png", "convergence.png")
OF_MIXTURES = ("angles.npy", "fluence.npy")
EXCLUDED = -1  # the label of a pattern that was left out


def write_results(
    folder: Path,
    result: Reconstruction | MixtureReconstruction,
    report: dict[str, Any],
    truth: Truth | None = None,
    kept: NDArray[np.bool_] | None = None,
) -> None:
    """Write the files that `RESULTS` names, and of a mixture those that it has of `OF_MIXTURES`.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder.
    result : Reconstruction or MixtureReconstruction
        What was found.
    report : dict
        What `motes.report.report` says of it.
    truth : Truth, optional
        Shown beside it.
    kept : (N,) bool array, optional
        Patterns of the file that it was found in; the label of the others is -1.
    """
    from motes import MixtureReconstruction, plotting
    from motes.io.npy import array_table, write_table
    from motes.report import to_json

    if isinstance(result, MixtureReconstruction):
        arrays = _arrays_of_mixture(result, kept)
        drawn = plotting.masters(result)
    else:
        arrays = {"master": result.master, "std_error": result.std_error}
        arrays["labels"] = _spread(result.labels, kept, EXCLUDED)
        drawn = plotting.master(result, None if truth is None else truth.master)
    for name, array in arrays.items():
        with (folder / f"{name}.npy").open("wb") as file:  # numpy.save would hide why a disk refuses
            write_table(file, array_table(array))
    result.save(folder / EVERYTHING)
    (folder / "report.json").write_text(to_json(report, indent=2) + "\n", encoding="utf-8")
    drawn.savefig(folder / "master.png")
    plotting.convergence(result).savefig(folder / "convergence.png")


def _arrays_of_mixture(result: MixtureReconstruction, kept: NDArray[np.bool_] | None) -> dict[str, NDArray[Any]]:
    """Arrays of its files: one master as an image, several as a stack; what is not known of a pattern is NaN."""
    one = result.n_classes == 1
    arrays: dict[str, NDArray[Any]] = {
        "master": result.masters[0] if one else result.masters,
        "std_error": result.std_error[0] if one else result.std_error,
        "labels": _spread(result.labels, kept, EXCLUDED),
    }
    if result.angles is not None:
        arrays["angles"] = _spread(result.angles, kept, float("nan"))
    if result.fluence is not None:
        arrays["fluence"] = _spread(result.fluence, kept, float("nan"))
    return arrays


def _spread(values: NDArray[Any], kept: NDArray[np.bool_] | None, other: float) -> NDArray[Any]:
    """Values of the patterns that were kept in their places among all."""
    import numpy as np

    if kept is None:
        return values
    among = np.full((kept.size, *values.shape[1:]), other, values.dtype)
    among[kept] = values
    return among
