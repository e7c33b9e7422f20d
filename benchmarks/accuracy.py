"""How near the default reconstruction comes to the truth, beside the Cramer-Rao bound; what its error bars are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

import motes
from benchmarks.results import save
from motes import simulate
from motes.bench.workloads import N_PATTERNS, as_patterns, portrait
from motes.limits import cramer_rao

CONTRASTS = (1.0, 0.5, 0.3, 0.2)
SEEDS = 10
COVERAGE_CONTRAST, COVERAGE_SEEDS = 0.5, 20


def errors_of(found: motes.Reconstruction, truth: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
    """Error and z-scores after the best quarter turn.

    Returns
    -------
    error : float
        ||master - truth|| / ||truth - mean(truth)||.
    z : (H, W) float64 array
        (master - truth) / std_error.
    """
    turns = [np.rot90(found.master, turn) for turn in range(4)]
    distances = [np.linalg.norm(turned - truth) for turned in turns]
    best = int(np.argmin(distances))
    z = (turns[best] - truth) / np.rot90(found.std_error, best)
    return float(distances[best] / np.linalg.norm(truth - truth.mean())), z


def at_contrast(contrast: float, n_seeds: int, n_patterns: int) -> dict[str, object]:
    """Figures of the default call over seeds at one contrast."""
    truth = portrait(contrast)
    bound = cramer_rao(truth, n_patterns).relative_error
    fits, scores = [], []
    for seed in range(n_seeds):
        found = motes.reconstruct(as_patterns(simulate.patterns(truth, n_patterns, seed=1000 + seed)))
        error, z = errors_of(found, truth)
        scores.append(z)
        fits.append({"error": error, "sweeps": found.sweeps, "seconds": found.seconds, "converged": found.converged})
    errors = np.array([fit["error"] for fit in fits])
    pooled = np.stack(scores)
    return {
        "contrast": contrast,
        "n_patterns": n_patterns,
        "bound": bound,
        "rms_error": float(np.sqrt((errors**2).mean())),
        "worst_error": float(errors.max()),
        "sweeps": [fit["sweeps"] for fit in fits],
        "median_seconds": float(np.median([fit["seconds"] for fit in fits])),
        "converged": sum(fit["converged"] for fit in fits),
        "seeds": n_seeds,
        "within_one_std_error": float((abs(pooled) < 1).mean()),
        "rms_z": float(np.sqrt((pooled**2).mean())),
    }


def main(n_patterns: int = N_PATTERNS) -> None:
    """All contrasts."""
    rows = []
    for contrast in CONTRASTS:
        n_seeds = COVERAGE_SEEDS if contrast == COVERAGE_CONTRAST else SEEDS
        rows.append(at_contrast(contrast, n_seeds, n_patterns))
        print(rows[-1], flush=True)
    save("accuracy", rows)


if __name__ == "__main__":
    main()
