"""`motes reconstruct` of mixtures: what is read for them, and the files that they leave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motes.cli.results import EVERYTHING, EXCLUDED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.detector import Detector
    from motes.known_mixture import KnownMixture
    from motes.reconstruction import MixtureReconstruction
    from motes.reconstruction.mixture.templates import Source
    from motes.truth import Truth

FILES = ("angles.npy", "fluence.npy")  # beside those of every reconstruction, where there are any


def beta_of(text: str) -> float | str | list[float]:
    """Powers as an option has them: auto, one number, or one for each of the first iterations.

    Examples
    --------
    >>> beta_of("0.1,0.5,1")
    [0.1, 0.5, 1.0]
    """
    if text == "auto":
        return text
    try:
        powers = [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"--beta: expected auto, or numbers with commas between them, got {text!r}") from None
    return powers if len(powers) > 1 else powers[0]


def coarse_of(text: str | None) -> list[int] | None:
    """Numbers of angles with commas between them.

    Examples
    --------
    >>> coarse_of("12,36")
    [12, 36]
    """
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"--coarse: expected numbers of angles with commas between them, got {text!r}") from None


def fluence_of(text: str, kept: NDArray[np.bool_]) -> str | NDArray[Any]:
    """`uniform`, `estimate`, or the fluences of the patterns that are used, from a .npy or Dragonfly's output."""
    from motes.cli.arguments import read_array

    if text.endswith((".h5", ".hdf5")):
        from motes.dragonfly import read_output

        values = read_output(text).scale
        if values is None:
            raise ValueError(f"{text}: holds no scale, which the fluences would be")
    elif text.endswith(".npy"):
        values = read_array(Path(text))
    else:
        return text
    if values.shape != kept.shape:
        raise ValueError(f"{text}: {values.shape} numbers, but there are {kept.size} patterns")
    found: NDArray[Any] = values[kept]
    return found


def detector_of(path: Path | None, background: str | None, shape: tuple[int, int]) -> Detector | None:
    """A detector file of Dragonfly, that has the patterns' shape; and a background, a number or a .npy."""
    if path is None and background is None:
        return None
    kept = _detector_in(path, shape)
    return kept if background is None else replace(kept, background=_background_of(background, shape))


def _background_of(text: str, shape: tuple[int, int]) -> NDArray[Any]:
    import numpy as np

    from motes.cli.arguments import read_array

    if text.endswith(".npy"):
        return read_array(Path(text))
    try:
        return np.full(shape, float(text))
    except ValueError:
        raise ValueError(f"--background: expected photons a pixel, or a .npy of them, got {text!r}") from None


def _detector_in(path: Path | None, shape: tuple[int, int]) -> Detector:
    import numpy as np

    from motes import Detector

    if path is None:
        return Detector.from_mask(np.zeros(shape, int))
    from motes import read_detector

    detector = read_detector(path, shape)
    detector.require(shape)
    return detector


def read_plain_truth(path: Path, task: int | None, patterns: Source, mixture: bool) -> Truth | None:
    """Master and labels of a truth file; None where it is a mixture's own."""
    from motes.dense import DensePatterns
    from motes.io.npz import open_archive
    from motes.truth import read_truth

    with open_archive(path) as archive:
        own = "masters" in archive.names
    if own and mixture:
        return None
    truth = read_truth(path, task, patterns if not isinstance(patterns, DensePatterns) else None)
    truth.require(patterns.shape, len(patterns))
    return truth


def known_of(path: Path, truth: Truth | None, patterns: Source) -> KnownMixture:
    """What a mixture was made from: of its own file, or the one master and labels of another truth."""
    import numpy as np

    from motes.known_mixture import KnownMixture, read_known_mixture

    if truth is None:
        known = read_known_mixture(path)
    elif truth.labels is None:
        raise ValueError(f"{path}: no labels in it, which a mixture is compared with")
    else:
        n, zeros = truth.labels.size, np.zeros(truth.master.shape)
        turns = 90.0 * (truth.labels % 4).astype(np.float64)
        known = KnownMixture(truth.master[None], np.zeros(n, np.int64), truth.labels, turns, np.ones(n), zeros)
    if known.masters.shape[1:] != patterns.shape or known.classes.size != len(patterns):
        there = f"{known.classes.size} patterns of {known.masters.shape[1:]}"
        raise ValueError(f"{path}: is the truth of {there}, but there are {len(patterns)} of {patterns.shape}")
    return known


def write_mixture(folder: Path, result: MixtureReconstruction, report: dict[str, Any], kept: NDArray[np.bool_]) -> None:
    """Write masters, standard errors, labels, angles, fluences, everything in one file, report and pictures.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder.
    result : MixtureReconstruction
        What was found.
    report : dict
        What `motes.report.report_mixture` says of it.
    kept : (N,) bool array
        Patterns of the file that it was found in; the others have label -1 and neither angle nor fluence (NaN).
    """
    import numpy as np

    from motes import plotting
    from motes.io.npy import array_table, write_table
    from motes.report import to_json

    def spread(values: NDArray[Any], missing: float) -> NDArray[Any]:
        whole = np.full((kept.size, *values.shape[1:]), missing, values.dtype)
        whole[kept] = values
        return whole

    one = result.n_classes == 1
    arrays = {
        "master": result.masters[0] if one else result.masters,
        "std_error": result.std_error[0] if one else result.std_error,
        "labels": spread(result.labels, EXCLUDED),
        "angles": None if result.angles is None else spread(result.angles, np.nan),
        "fluence": None if result.fluence is None else spread(result.fluence, np.nan),
    }
    for name, array in arrays.items():
        if array is not None:
            with (folder / f"{name}.npy").open("wb") as file:
                write_table(file, array_table(array))
    result.save(folder / EVERYTHING)
    (folder / "report.json").write_text(to_json(report, indent=2) + "\n", encoding="utf-8")
    plotting.masters(result).savefig(folder / "master.png")
    plotting.convergence(result).savefig(folder / "convergence.png")


def mixture_summary(report: dict[str, Any]) -> str:
    """A few lines for a person, of what `motes.report.report_mixture` says."""
    from motes.reconstruction.result import effort, many

    state = "interrupted" if report["interrupted"] else "converged" if report["converged"] else "NOT converged"
    shape = "x".join(map(str, report["shape"]))
    photons = f", {many(report['n_photons'], 'photon')}" if report["n_photons"] else ""
    lines = [
        f"{many(report['n_patterns'], 'pattern')} of {shape} pixels{photons}",
        f"{state} after {effort(report['sweeps'], report['iterations'])}, {report['seconds']:.2f} s, "
        f"log-likelihood {report['log_likelihood']:.6f} nats a pattern",
    ]
    classes = zip(report["class_weights"], report["maps"], strict=True)
    lines.append("classes " + ", ".join(f"{100 * share:.2f}% ({name})" for share, name in classes))
    if report["information"] is not None:
        lines.append(f"a pattern tells {report['information']:.3f} nats of its class and rotation")
    if report["error_bound"] is not None:
        lines.append(f"error bound (Cramer-Rao) {report['error_bound']:.4g}, relative to the contrast")
    if report.get("error") is not None:
        rms, median = report["angle_error"], report["median_angle_error"]
        angles = "" if rms is None else f", angles {rms:.3g} degrees (rms; median {median:.3g})"
        right = f"classes right {report['class_accuracy']:.4f}{angles}"
        lines.append(f"error {report['error']:.4g}, relative to the contrast, {right}")
    return "\n".join([*lines, *(f"note: {note}" for note in report["notes"])])
