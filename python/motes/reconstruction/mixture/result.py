"""What a reconstruction of a mixture found: masters of classes, and which pattern shows which, from which side."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.dense import DensePatterns
from motes.errors import kind_of
from motes.io.npy import array_table
from motes.io.npz import write_npz
from motes.maps import TemplateMap
from motes.noise import Gaussian, Noise, noise_text
from motes.patterns import Patterns
from motes.reconstruction.mixture.layout import Layout
from motes.reconstruction.mixture.options import check_light
from motes.reconstruction.mixture.problem import labels_of
from motes.reconstruction.mixture.saved import ARRAYS, read
from motes.reconstruction.mixture.templates import AnyPatterns, Templates
from motes.reconstruction.result import effort, many
from motes.threads import available_threads

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class MixtureAssignment:
    """Classes and rotations of patterns under a reconstruction.

    Attributes
    ----------
    labels : (N, 2) int32 array
        The most likely class of each pattern, and the most likely rotation within it.
    log_likelihood : (N,) float64 array
        Of each pattern, over all classes and rotations, nats (Poisson: without ln x!).
    """

    labels: npt.NDArray[np.int32]
    log_likelihood: npt.NDArray[np.float64]

    def __repr__(self) -> str:
        n = len(self.labels)
        mean = f"{self.log_likelihood.mean():.4f} nats a pattern" if n else "nothing to tell"
        return f"MixtureAssignment({many(n, 'pattern')}, {mean})"


@dataclass(frozen=True, eq=False, repr=False)
class MixtureReconstruction:
    """K masters with their error bars, each seen through its own map.

    Classes come in the order of their occupancy, rotating ones first. Masters are not turned after the fit, since
    interpolation smooths: angles are relative to the masters as they are saved.

    Attributes
    ----------
    masters : (K, H, W) float64 array
        Mean photons a pixel; NaN where no template shows the pixel to a merged one.
    std_error : (K, H, W) float64 array
        Standard error of each pixel, photons, across the turns of its master; NaN where it is not known.
    labels : (N, 2) int32 array
        Each pattern's most likely class, and the most likely rotation within it.
    class_weights : (K,) float64 array
        Occupancy of each class.
    weights : (K, R) float64 array
        Probability of each rotation within its class; 0 beyond the rotations of a class that has fewer.
    fluence : (N,) float64 array or None
        Of each pattern, relative to their mean; None where all are 1. `fluence_std_error` tells how well each is known.
    log_likelihood : float
        Nats per pattern (Poisson: without ln x!).
    information : float
        What a pattern tells of its class and rotation, nats: the mean divergence of the posterior from the prior.
    good : (H, W) bool array
        Pixels of the detector that classes and rotations were told by.
    correction, background : (H, W) float64 arrays
        A pixel's mean is fluence * correction * template + background.
    history : tuple of dict
        One record an iteration: `restart`, `iteration`, `sweeps`, `log_likelihood`, `gain`, `step`, `seconds`,
        `change` (root-mean-square, of the masters, photons a pixel), `information`, `beta` (power on the likelihood).
    converged, interrupted : bool
        The stopping rule was met; Ctrl-C or the callback ended the run before it was done. Never both.
    iterations, sweeps : int
        Of the best start; passes over all patterns.
    acceleration, init, seed, threads, noise
        What was asked for, `auto` resolved.
    maps : tuple of TemplateMap
        Of each class.
    seconds : float
        Of the fit.
    n_patterns, n_photons : int
        What was fitted.
    notes : tuple of str
        What a user should know.
    """

    masters: npt.NDArray[np.float64]
    std_error: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int32]
    class_weights: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    fluence: npt.NDArray[np.float64] | None
    good: npt.NDArray[np.bool_]
    correction: npt.NDArray[np.float64]
    background: npt.NDArray[np.float64]
    log_likelihood: float
    information: float
    history: tuple[dict[str, Any], ...]
    converged: bool
    interrupted: bool
    iterations: int
    sweeps: int
    acceleration: str
    init: str
    seed: int
    threads: int
    seconds: float
    n_patterns: int
    n_photons: int
    maps: tuple[TemplateMap, ...]
    noise: Noise
    notes: tuple[str, ...]

    @property
    def n_classes(self) -> int:
        """K."""
        return len(self.maps)

    @property
    def master(self) -> npt.NDArray[np.float64]:
        """The only master, (H, W).

        Raises
        ------
        ValueError
            If there are several: see `masters`.
        """
        if self.n_classes > 1:
            raise ValueError(f"master: there are {self.n_classes} classes; see masters")
        only: npt.NDArray[np.float64] = self.masters[0]
        return only

    @property
    def error_bound(self) -> float:
        """Cramer-Rao bound on ||masters - truth|| / ||truth - its means||, at the estimate; NaN without error bars.

        After the best turn of each master, where angles are free.
        """
        return relative_error(self.masters, self.std_error)

    @property
    def layout(self) -> Layout:
        """Where among all templates those of each class are."""
        height, width = self.good.shape
        return Layout(self.maps, (height, width))

    @property
    def angles(self) -> npt.NDArray[np.float64] | None:
        """(N,) degrees clockwise by which each pattern shows its class's master turned.

        NaN for patterns of a class that does not rotate; None where no class knows angles.
        """
        if all(turns.angles is None for turns in self.maps):
            return None
        table = np.full(self.weights.shape, np.nan)
        for row, turns in zip(table, self.maps, strict=True):
            if turns.angles is not None and turns.n > 1:
                row[: turns.n] = turns.angles
        return table[self.labels[:, 0], self.labels[:, 1]]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """(K, R): patterns per class and rotation, by their labels."""
        n = self.weights.shape[1]
        flat = np.bincount(self.labels @ np.array([n, 1]), minlength=self.weights.size)
        return flat.astype(np.int64).reshape(self.weights.shape)

    def templates(self) -> npt.NDArray[np.float64]:
        """(T, H, W): the templates of all classes, class after class, at fluence 1 and without the background."""
        flat = np.nan_to_num(self.masters.reshape(self.n_classes, -1), nan=0.5).ravel()
        return self.layout.expand(flat) * self.correction

    def responsibilities(
        self, patterns: AnyPatterns, *, fluence: npt.ArrayLike | None = None, threads: int | None = None
    ) -> npt.NDArray[np.float32]:
        """Posterior probability of each class and rotation for each pattern: (N, T) float32, class after class.

        Parameters
        ----------
        patterns : Patterns or DensePatterns
            Those that were fitted, or others of the same shape.
        fluence : (N,) array, optional
            Of each pattern, where they differ; by default what its photons tell.
        threads : int, optional
            By default all that this process may use.
        """
        templates = self._templates(patterns, threads)
        light = self._light(templates, patterns, fluence)
        gamma = np.empty((len(patterns), self.layout.n_templates), np.float32)
        for part in templates.parts(patterns, light):
            gamma[part] = templates.responsibilities(patterns[part], None if light is None else light[part])
        return gamma

    def assign(
        self, patterns: AnyPatterns, *, fluence: npt.ArrayLike | None = None, threads: int | None = None
    ) -> MixtureAssignment:
        """Labels and likelihoods of patterns, also of those that the masters were not fitted to.

        Parameters
        ----------
        patterns : Patterns or DensePatterns
            N patterns of the same shape.
        fluence : (N,) array, optional
            Of each pattern, where they differ; by default what its photons tell.
        threads : int, optional
            By default all that this process may use.
        """
        templates = self._templates(patterns, threads)
        light = self._light(templates, patterns, fluence)
        whole = np.empty(len(patterns))
        for part in templates.parts(patterns, light):
            whole[part] = templates.log_likelihood(patterns[part], None if light is None else light[part])
        return MixtureAssignment(labels_of(self.layout, patterns, templates, light), whole)

    def fluence_std_error(self, patterns: Patterns, *, threads: int | None = None) -> npt.NDArray[np.float64]:
        """Standard error of each fluence that was estimated: (N,), relative to their mean.

        Parameters
        ----------
        patterns : Patterns
            Those that were fitted.
        threads : int, optional
            By default all that this process may use.

        Returns
        -------
        (N,) float64 array
            About fluence / sqrt(photons of the pattern); NaN where a pattern tells nothing of its own.

        Raises
        ------
        ValueError
            If there are no fluences, or patterns are not as many.
        """
        if self.fluence is None:
            raise ValueError("patterns: all have the fluence 1")
        if len(patterns) != self.n_patterns:
            raise ValueError(f"patterns: expected the {self.n_patterns} that were fitted, got {len(patterns)}")
        return self._templates(patterns, threads).fluence_std_error(patterns, self.fluence)

    def _templates(self, patterns: AnyPatterns, threads: int | None) -> Templates:
        if isinstance(self.noise, Gaussian) != isinstance(patterns, DensePatterns):
            expected = "motes.DensePatterns" if isinstance(self.noise, Gaussian) else "motes.Patterns"
            raise TypeError(f"patterns: expected {expected}, got {kind_of(patterns)}")
        if patterns.shape != self.good.shape:
            raise ValueError(f"patterns: expected shape {self.good.shape}, got {patterns.shape}")
        if not isinstance(patterns, DensePatterns):
            self.noise.check(patterns)
        prior = self.layout.prior(self.class_weights, self.weights)
        return Templates(
            self.templates().reshape(self.layout.n_templates, -1),
            self.background.ravel() if self.background.any() else None, np.log(prior), self.good.ravel(), self.noise,
            self.noise.limits(self.n_patterns), np.float32, available_threads(threads),
        )  # fmt: skip

    def _light(
        self, templates: Templates, patterns: AnyPatterns, fluence: npt.ArrayLike | None
    ) -> npt.NDArray[np.float64] | None:
        if isinstance(patterns, DensePatterns) or (self.fluence is None and fluence is None):
            return None
        return templates.likely_fluence(patterns) if fluence is None else check_light(fluence, len(patterns))

    def plot(self) -> Figure:
        """Masters and error bars: a Matplotlib figure."""
        from motes import plotting

        return plotting.masters(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one .npz file, whole or not at all.

        Parameters
        ----------
        path : path
            An existing file is replaced.
        """
        fields = [field.name for field in dataclasses.fields(self)]
        record = {name: getattr(self, name) for name in fields if name not in (*ARRAYS, "fluence")}
        record.update(maps=[turns.name for turns in self.maps], noise=noise_text(self.noise), version=_core.version)
        arrays = {name: getattr(self, name) for name in ARRAYS}
        if self.fluence is not None:
            arrays["fluence"] = self.fluence
        arrays["record"] = np.frombuffer(json.dumps(record).encode(), np.uint8)
        write_npz(path, {name: array_table(array) for name, array in arrays.items()})

    @classmethod
    def load(cls, path: str | os.PathLike[str], maps: tuple[TemplateMap, ...] | None = None) -> MixtureReconstruction:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path
            The file.
        maps : tuple of TemplateMap, optional
            Of each class, where they are of one's own making: `motes` finds its own by name.

        Raises
        ------
        FormatError
            If the file is damaged or none of `save`'s; it names the file and the field.
        """
        return cls(**read(path, maps))

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.masters.shape[1:]))
        photons = f" of {self.n_photons / max(self.n_patterns, 1):.3g} photons" if self.n_photons else ""
        ended = "interrupted" if self.interrupted else "converged" if self.converged else "not converged"
        kinds = "1 class" if self.n_classes == 1 else f"{self.n_classes} classes"
        return (
            f"MixtureReconstruction({kinds} of {shape} pixels, {', '.join(dict.fromkeys(m.name for m in self.maps))}, "
            f"from {many(self.n_patterns, 'pattern')}{photons}, {ended} after "
            f"{effort(self.sweeps, self.iterations)}, {self.log_likelihood:.4f} nats a pattern"
            f"{', ' + many(len(self.notes), 'note') if self.notes else ''})"
        )


def relative_error(masters: npt.NDArray[np.float64], errors: npt.NDArray[np.float64]) -> float:
    """Size of errors over that of the masters' contrast, all classes together; NaN where nothing is known.

    Examples
    --------
    >>> relative_error(np.array([[[0.0, 2.0]]]), np.array([[[0.3, 0.4]]])).__round__(4)
    0.3536
    """
    if not np.isfinite(errors).any():
        return float("nan")
    contrast = masters - np.nanmean(masters, axis=(1, 2), keepdims=True)
    with np.errstate(divide="ignore"):
        return float(np.sqrt(np.nansum(errors**2) / np.nansum(contrast**2)))
