"""The answer that counts for tasks 4, 6 and 7: maximum likelihood over all orientations, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.challenge.answer import DEGREES, Gallery, Panel, Table, Text, counts_of, relative_to_first
from motes.devices import CPU, Device
from motes.patterns import Patterns
from motes.plotting.style import ERROR
from motes.reconstruction import Reconstruction, reconstruct
from motes.reconstruction.matrixfree import WEIGHTS_KNOWN
from motes.threads import one_blas_thread
from motes.truth import Comparison, Truth, compare

SURE = 0.95  # of the first pattern's orientation: below, a reader is warned


@dataclass(frozen=True, eq=False)
class Fit:
    """A reconstruction with everything that its answer says.

    Attributes
    ----------
    result : Reconstruction
        Turned so that the first pattern's label is 0.
    weights_std_error : (4,) float64 array
        Standard errors of the orientation weights.
    doubled : int
        Pixels that caught several photons and are counted once.
    truth : Truth or None
        What the patterns were made from.
    comparison : Comparison or None
        The result against it.
    accuracy_with_master : float or None
        Share of the labels that would be right if the master were known.
    device : Device
        Where the likelihood was climbed.
    """

    result: Reconstruction
    weights_std_error: npt.NDArray[np.float64]
    doubled: int
    truth: Truth | None
    comparison: Comparison | None
    accuracy_with_master: float | None
    device: Device = CPU

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know."""
        notes = [note for note in self.result.notes if note != WEIGHTS_KNOWN]
        if self.doubled:
            notes.insert(0, f"{self.doubled:,} pixels caught several photons; each is counted once")
        sure = self.result.first_pattern_posterior[0]
        if sure < SURE:
            notes.append(
                f"the first pattern's orientation is known with probability {sure:.2f}; all counts turn with it"
            )
        return tuple(notes)

    def details(self) -> dict[str, Any]:
        """Its part of `answers.json`."""
        result = self.result
        told: dict[str, Any] = {
            "weights": result.weights,
            "weights_std_error": self.weights_std_error,
            "first_pattern_posterior": result.first_pattern_posterior,
            "log_likelihood": result.log_likelihood,
            "error_bound": result.error_bound,
            "missing_information": result.missing_information,
            "converged": result.converged,
            "agreement": result.agreement,
            "master": result.master,
            "std_error": result.std_error,
            "device": str(self.device),
        }
        if self.comparison is not None:
            told["error"] = self.comparison.error
            told["accuracy"] = self.comparison.accuracy
            told["accuracy_with_master_known"] = self.accuracy_with_master
        return told


def fit(
    patterns: Patterns,
    *,
    truth: Truth | None,
    seed: int,
    threads: int | None,
    restarts: int = 2,
    method: str = "em",
    device: Device = CPU,
) -> Fit:
    """Reconstruct with estimated orientation weights; Ctrl-C is not taken for an answer."""
    doubled = len(patterns.multi_position)
    once = patterns.binarised() if doubled else patterns
    result = reconstruct(
        once, method=method, weights="estimate", restarts=restarts, seed=seed, threads=threads, device=device
    )
    if result.interrupted:
        raise KeyboardInterrupt
    errors = result.weights_std_error
    if not errors.any():  # a dense master's error bars come without them
        errors = _weights_std_error(result, once, threads)
    comparison = with_master = None
    if truth is not None:
        comparison = compare(result, truth)
        if comparison.labels is not None:
            known = replace(result, master=comparison.master, weights=np.full(4, 0.25))
            with_master = float(np.mean(known.assign(once, threads=threads).labels == comparison.labels))
    return Fit(result, errors, doubled, truth, comparison, with_master, device)


def _weights_std_error(result: Reconstruction, patterns: Patterns, threads: int | None) -> npt.NDArray[np.float64]:
    """Of the weights alone, the master taken as known, from their scores g / w along directions that keep their sum."""
    scores = result.responsibilities(patterns, threads=threads).astype(np.float64) / result.weights
    along = np.eye(len(result.weights)) - 1 / len(result.weights)
    with one_blas_thread():
        information = along @ (scores.T @ scores) @ along
        return np.sqrt(np.diag(np.linalg.pinv(information)))


def orientation_table(fitted: Fit, others: Mapping[str, npt.NDArray[np.integer[Any]]]) -> Table:
    """Patterns per rotation, by every method, beside the weights."""
    result = fitted.result
    n_patterns = result.n_patterns
    weights = list(zip(result.weights, fitted.weights_std_error, strict=True))
    rows = [
        ("patterns by likelihood (handed in)", *(f"{count:,}" for count in result.counts)),
        ("orientation weight", *(f"{w:.4f} ± {e:.4f}" for w, e in weights)),
        ("patterns that the weight means", *(f"{n_patterns * w:,.0f} ± {n_patterns * e:,.0f}" for w, e in weights)),
        ("the first pattern's own posterior", *(f"{p:.3f}" for p in result.first_pattern_posterior)),
        *((name, *(f"{count:,}" for count in counts)) for name, counts in others.items()),
    ]
    if fitted.truth is not None and fitted.truth.labels is not None:
        true = counts_of(relative_to_first(fitted.truth.labels))
        rows.append(("truth, relative to the first pattern's true one", *(f"{count:,}" for count in true)))
    caption = "Orientations, clockwise turns relative to the first pattern; each ± is one standard error."
    return Table(caption, ("", *DEGREES), tuple(rows))


def words(fitted: Fit) -> Text:
    """The fit in a paragraph."""
    result = fitted.result
    told = [
        f"Maximum likelihood over all orientations: {result.sweeps} sweeps, {result.log_likelihood:.4f} nats a "
        f"pattern, error {result.error_bound:.2%} of the contrast by the Cramér-Rao bound at the estimate."
    ]
    if result.agreement is not None:
        told.append(f"A second start ended at the same picture (correlation {result.agreement:.4f})."
                    if result.agreement > 0.99 else
                    f"A second start ended at another picture (correlation {result.agreement:.4f}); "
                    "the likelier one is shown.")  # fmt: skip
    told.append(
        "Counts are relative to the first pattern, whose own orientation is known with probability "
        f"{result.first_pattern_posterior[0]:.3f}: if it is another one, all four counts turn with it."
    )
    if fitted.comparison is not None:
        told.append(f"Against the truth: error {fitted.comparison.error:.2%} of the contrast.")
        if fitted.comparison.labels is not None and fitted.accuracy_with_master is not None:
            told.append(
                f"{fitted.comparison.accuracy:.2%} of the labels are right, "
                f"{fitted.accuracy_with_master:.2%} would be if the master were known; "
                f"the first pattern's label is {'right' if fitted.comparison.labels[0] == 0 else 'wrong'}."
            )
    return Text(" ".join(told))


def master_gallery(fitted: Fit, patterns: Patterns) -> Gallery:
    """The unoriented average, the master with its standard errors and, where it is known, the truth."""
    panels = [
        Panel("Unoriented average", patterns.mean_image(), "of all patterns as they are"),
        Panel("Master", fitted.result.master, "maximum likelihood"),
        Panel("Standard error", fitted.result.std_error, "of each pixel of the master", colours=ERROR),
    ]
    if fitted.comparison is not None:
        panels.append(Panel("Truth", fitted.comparison.master, "turned alike"))
    return Gallery("What is hidden, and how well it is known.", tuple(panels))


def class_gallery(patterns: Patterns, result: Reconstruction) -> Gallery:
    """The average of the patterns of each orientation, on the scale of the master."""
    panels = []
    for r, degrees in enumerate(DEGREES):
        members = patterns[result.labels == r]
        image = members.mean_image() if len(members) else np.full(patterns.shape, np.nan)
        panels.append(Panel(degrees, image, f"{len(members):,} patterns"))
    return Gallery("Class averages, orientations by likelihood.", tuple(panels), limits=limits_of(result.master))


def limits_of(image: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The least and the largest finite value."""
    return float(np.nanmin(image)), float(np.nanmax(image))
