"""What the page shows, as JSON has it: small numbers as lists, photons as base64 of little-endian integers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes.reconstruction import GoodnessOfFit, Reconstruction, goodness_of_fit
from motes.reconstruction.blocks import blocks
from motes.reconstruction.result import effort, swept

if TYPE_CHECKING:
    from motes.patterns import Patterns

MOST_LIT = 3_000_000  # lit pixels of all patterns that are shown: 8 to 12 MB of the page
WORST, UNSURE, FIRST, RANDOM = 1200, 1200, 300, 1200  # patterns shown, as far as they fit
BARS = 40  # of a histogram
EDGE = 8.0  # standard normal scores beyond it are shown at it


def gather(
    result: Reconstruction,
    patterns: Patterns,
    kept: npt.NDArray[np.bool_] | None,
    *,
    name: str,
    command: str,
    seed: int,
    threads: int | None,
) -> dict[str, Any]:
    """Everything that the page shows; see `motes.viewer.page`."""
    kept = np.ones(len(patterns), np.bool_) if kept is None else np.asarray(kept, np.bool_)
    if kept.shape != (len(patterns),):
        raise ValueError(f"kept: expected {len(patterns)} truth values, got shape {kept.shape}")
    number = np.flatnonzero(kept)  # of each fitted pattern, in the file
    fitted = patterns if kept.all() else patterns[kept]
    if len(fitted) != result.n_patterns:
        raise ValueError(
            f"patterns: expected the {result.n_patterns:,} that the reconstruction was made from, got {len(fitted):,}"
        )
    fit = goodness_of_fit(result, fitted, seed=seed, threads=threads)
    confidence = np.zeros(len(fitted), np.float32)
    for block in blocks(fitted):
        confidence[block] = result.responsibilities(fitted[block], threads=threads).max(axis=1)
    chosen = choose(fit, confidence, np.diff(fitted.indptr), seed)
    return {
        "name": name.encode("utf-8", "replace").decode(),  # a folder may be called what is no UTF-8
        "command": command,
        "shape": result.master.shape,
        "rotations": result.rotations.name,
        "n_patterns": len(patterns),
        "n_fitted": len(fitted),
        "n_photons": result.n_photons,
        "told": told(result, fit),
        "notes": result.notes,
        "master": significant(result.master),
        "std_error": significant(result.std_error),
        "classes": classes(result, fitted),
        "history": [
            [record["restart"], record["sweeps"], record["log_likelihood"]] for record in swept(result.history)
        ],
        "converged": result.converged,
        "confidence": histogram(confidence, 1 / result.rotations.n, 1.0, fit.flagged),
        "deviance": histogram(fit.z_deviance, -EDGE, EDGE, fit.flagged),
        "photons": histogram(fit.z_photons, -EDGE, EDGE, fit.flagged),
        "false_discovery_rate": fit.false_discovery_rate,
        "n_flagged": int(fit.flagged.sum()),
        "flagged": encoded(np.packbits(_at(number[fit.flagged], len(patterns)), bitorder="little")),
        "excluded": encoded(np.packbits(~kept, bitorder="little")),
        "home": encoded(result.rotations.index(result.master.shape).astype("<u4")),
        "shown": shown(result, fit, fitted, number, chosen, threads),
    }


def choose(
    fit: GoodnessOfFit, confidence: npt.NDArray[np.floating], lit: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.int64]:
    """The patterns that the page can draw, ascending: the worst, the least sure, the first, some at random."""
    n = confidence.size
    worst = np.lexsort((-np.abs(fit.z_photons) - np.abs(fit.z_deviance), fit.p_value))
    random = np.random.default_rng(seed).permutation(n)
    orders = ((worst, WORST), (np.argsort(confidence, kind="stable"), UNSURE), (np.arange(n), FIRST), (random, RANDOM))
    chosen = np.zeros(n, np.bool_)
    budget = 0.0  # of each kind its share, and what those before it left over
    for order, most in orders:
        budget += MOST_LIT * most / (WORST + UNSURE + FIRST + RANDOM)
        some = order[:most]
        some = some[~chosen[some] & (lit[some] <= budget)]  # one that holds too many is passed over
        some = some[np.cumsum(lit[some]) <= budget]
        chosen[some] = True
        budget -= int(lit[some].sum())
    return np.flatnonzero(chosen)


def told(result: Reconstruction, fit: GoodnessOfFit) -> list[list[str]]:
    """The figures at the head of the page: what, and how much."""
    n = max(result.n_patterns, 1)
    ended = "interrupted" if result.interrupted else "converged" if result.converged else "not converged"
    bound = f"{result.error_bound:.4g}" if np.isfinite(result.error_bound) else "unknown"
    return [
        ["patterns", f"{result.n_patterns:,}"],
        ["photons a pattern", f"{result.n_photons / n:.4g}"],
        ["log-likelihood, nats a pattern", f"{result.log_likelihood:.5g}"],
        ["error bound (Cramér-Rao)", bound],
        ["method", f"{result.method}, {result.noise.name}, {result.rotations.name}"],
        [effort(result.sweeps, result.iterations, result.of_sample), ended],
        ["patterns flagged", f"{int(fit.flagged.sum()):,}"],
    ]


def classes(result: Reconstruction, fitted: Patterns) -> list[dict[str, Any]]:
    """Mean of the patterns of each most likely rotation, as the detector saw them."""
    found = []
    for rotation in range(result.rotations.n):
        members = fitted[result.labels == rotation]
        found.append({"count": len(members), "mean": significant(members.mean_image(), 4)})
    return found


def shown(
    result: Reconstruction,
    fit: GoodnessOfFit,
    fitted: Patterns,
    number: npt.NDArray[np.int64],
    chosen: npt.NDArray[np.int64],
    threads: int | None,
) -> dict[str, Any]:
    """A table of the patterns that can be drawn, one column a list, and their photons."""
    some = fitted[chosen]
    matrix = some.to_scipy()
    most = int(matrix.data.max(initial=1))
    wide = some.n_pixels > 2**16
    return {
        "number": number[chosen],
        "photons": fit.photons[chosen],
        "label": result.labels[chosen],
        "posterior": encoded(np.rint(result.responsibilities(some, threads=threads) * 65535).astype("<u2")),
        "log_likelihood": significant(fit.log_likelihood[chosen], 6),
        "deviance": significant(fit.deviance[chosen], 4),
        "z_photons": significant(fit.z_photons[chosen], 4),
        "z_deviance": significant(fit.z_deviance[chosen], 4),
        "p_value": significant(fit.p_value[chosen], 3),
        "flagged": fit.flagged[chosen].astype(int),
        "begins": encoded(matrix.indptr.astype("<u4")),
        "wide": wide,
        "pixels": encoded(matrix.indices.astype("<u4" if wide else "<u2")),
        "counts": encoded(np.minimum(matrix.data, 65535).astype("<u2" if most > 255 else "u1")) if most > 1 else None,
        "many": most > 255,
    }


def histogram(
    values: npt.NDArray[np.floating], low: float, high: float, flagged: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    """Patterns in each of equal bins, and the flagged ones among them; what lies outside is in the outermost."""
    inside = np.clip(values, low, high)
    edges = np.linspace(low, high, BARS + 1)
    return {
        "low": low,
        "high": high,
        "all": np.histogram(inside, edges)[0],
        "flagged": np.histogram(inside[flagged], edges)[0],
    }


def significant(values: npt.ArrayLike, digits: int = 5) -> npt.NDArray[np.float64]:
    """Values to so many significant digits, which keeps the page small.

    Examples
    --------
    >>> significant([123.456, 0.00123456, 0.0], 3).tolist()
    [123.0, 0.00123, 0.0]
    """
    return np.array([float(f"{value:.{digits}g}") for value in np.ravel(values)])


def encoded(values: npt.NDArray[Any]) -> str:
    """Bytes as text."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def _at(numbers: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(n, np.bool_)
    chosen[numbers] = True
    return chosen
