"""Made-up contributions of seeds and micrographs to differences of strategies, whose truth is known."""

from __future__ import annotations

import numpy as np

SEEDS, MICROGRAPHS, FOLDS, STRATEGIES = 10, 14, 3, 11


def table(rng, *, effect=0.0, model=0.0, micrograph=0.0, pair=0.0, every_fold=True, heavy=False):
    """Contributions to differences: every strategy and the baseline are models of one fold each, fitted with noise."""
    mask, fold = np.zeros((SEEDS, MICROGRAPHS), bool), np.zeros((SEEDS, MICROGRAPHS), int)
    for i in range(SEEDS):
        fold[i, rng.permutation(MICROGRAPHS)] = np.arange(MICROGRAPHS) % FOLDS
        mask[i] = every_fold or fold[i] == i % FOLDS

    def reached():
        of_fold = rng.standard_t(3, (SEEDS, FOLDS)) if heavy else rng.normal(size=(SEEDS, FOLDS))
        return model * np.take_along_axis(of_fold, fold, 1) + pair * rng.normal(size=(SEEDS, MICROGRAPHS))

    baseline = reached()
    strategies = [reached() + effect + micrograph * rng.normal(size=MICROGRAPHS) for _ in range(STRATEGIES)]
    return np.where(mask, np.stack(strategies) - baseline, np.nan)


def different_by_percentiles(x, rng, n_bootstrap):
    """Whether plain percentiles of the crossed bootstrap, of all strategies together, call some strategy different."""
    n_seeds, n_micrographs = x.shape[1:]
    seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), n_bootstrap)
    micrographs = rng.multinomial(n_micrographs, np.full(n_micrographs, 1 / n_micrographs), n_bootstrap)
    counted = (seeds @ np.isfinite(x[0]) * micrographs).sum(axis=1)
    sums = (np.einsum("bi,kim->bkm", seeds, np.nan_to_num(x)) * micrographs[:, None]).sum(axis=2)
    samples, mean = sums[counted > 0] / counted[counted > 0, None], np.nanmean(x, axis=(1, 2))
    away, spread = samples - mean, samples.std(axis=0)
    return (np.abs(mean) / spread).max() > np.quantile(np.abs(away / spread).max(axis=1), 0.95)
