"""What a reconstruction found, and how sure it is."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.io.npy import array_table
from motes.io.npz import write_npz
from motes.kernels.posterior import Posterior, posterior
from motes.noise import Noise, linear_model
from motes.patterns import Patterns, check_patterns
from motes.reconstruction.blocks import blocks
from motes.reconstruction.saved import ARRAYS, read
from motes.rotations import Rotations
from motes.threads import available_threads

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def many(n: int, thing: str) -> str:
    """A number of things, in words.

    Examples
    --------
    >>> many(1, "sweep"), many(2000, "pattern")
    ('1 sweep', '2,000 patterns')
    """
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def effort(sweeps: int, iterations: int, passes: int | None = None) -> str:
    """What a start took: sweeps over all patterns, several to an iteration; where a sample led there, passes in all.

    Examples
    --------
    >>> effort(20, 8), effort(3, 8, passes=5)
    ('20 sweeps in 8 iterations', '5 passes over all patterns')
    """
    if passes is not None:
        return f"{passes:,} pass{'es' * (passes != 1)} over all patterns"
    return f"{many(sweeps, 'sweep')} in {many(iterations, 'iteration')}"


def swept(history: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records that tell of all patterns; those of a climb on a sample alone tell of another likelihood.

    Where the climb begins at a sample's maximum, that is the first of them: one sweep, lower by what the next step won.

    Examples
    --------
    >>> swept([{"sweeps": 0, "log_likelihood": -14.1}, {"sweeps": 2, "log_likelihood": -14.0, "gain": 0.5}])
    [{'sweeps': 1, 'log_likelihood': -14.5, 'gain': 0.0}, {'sweeps': 2, 'log_likelihood': -14.0, 'gain': 0.5}]
    """
    records = list(history)
    of_all = [record for record in records if record["sweeps"]]
    if of_all and len(of_all) < len(records):
        first = of_all[0]
        of_all.insert(0, first | {"sweeps": 1, "log_likelihood": first["log_likelihood"] - first["gain"], "gain": 0.0})
    return of_all


@dataclass(frozen=True, eq=False, repr=False)
class Assignment:
    """Orientations of patterns under a reconstruction.

    Attributes
    ----------
    labels : (N,) int32 array
        The most likely rotation of each pattern.
    log_likelihood : (N,) float64 array
        Of each pattern, over all orientations, nats (Poisson: without ln x!).
    """

    labels: npt.NDArray[np.int32]
    log_likelihood: npt.NDArray[np.float64]

    def __repr__(self) -> str:
        n = self.labels.size
        mean = f"{self.log_likelihood.mean():.4f} nats a pattern" if n else "nothing to tell"
        return f"Assignment({many(n, 'pattern')}, {mean})"


@dataclass(frozen=True, eq=False, repr=False)
class Reconstruction:
    """A master with its error bars.

    The free global turn is fixed by convention: the first pattern's most likely label is 0.

    Attributes
    ----------
    master : (H, W) float64 array
        Mean photons a pixel; NaN where no good pixel ever saw it.
    std_error : (H, W) float64 array
        Standard error of each pixel, photons, from the observed information of the mixture; NaN for methods of hard
        assignment, whose bias no error bar covers (so are the bound, and the error of estimated weights).
    labels : (N,) int32 array
        Each pattern's most likely rotation of the master: clockwise quarter turns, for D4 4-7 mirrored.
    weights, weights_std_error : (R,) float64 arrays
        Probability of each rotation; with `weights="uniform"` given, and its error 0.
    counts : (R,) int64 array
        Patterns per rotation, by their labels, hence relative to the first pattern.
    first_pattern_posterior : (R,) float64 array
        How sure the first pattern's label is: all counts turn with it.
    log_likelihood : float
        Nats per pattern (Poisson: without ln x!).
    error_bound : float
        Cramer-Rao bound on ||master - truth|| / ||truth - mean(truth)||, evaluated at the estimate.
    missing_information : float
        The largest fraction of information that the unknown orientations hide: the rate at which plain EM converges.
    evidence, evidence_of_noise : float
        Twice the log-likelihood that the fit wins over the rotation-symmetric mean, nats, and the most that a fit of
        data without a picture wins: where the first is not larger, there may be no picture.
    agreement : float or None
        Least correlation of the other restarts' masters with the best, after the best turn; None for one start.
    seen, good : (H, W) bool arrays
        Pixels of the master that a good detector pixel sees in some orientation; good pixels of the detector.
    history : tuple of dict
        One record an iteration: `restart`, `iteration`, `sweeps`, `log_likelihood`, `gain`, `step`, `seconds`. Of a
        climb on a sample alone `sweeps` is 0, and the likelihood that of the sample.
    converged, interrupted : bool
        The stopping rule was met; Ctrl-C or the callback ended the run before it was done. Never both.
    method, acceleration, init, rotations, noise, seed, threads
        What was asked for, `auto` resolved.
    iterations, sweeps : int
        Of the best start; sweeps over all patterns.
    passes : int or None
        Passes over all patterns in all: sweeps of all starts, samples drawn from them, labels, sums of what a store's
        headers do not tell. None in a file of a version that did not count them.
    seconds : float
        Of the fit.
    n_patterns, n_photons : int
        What was fitted.
    notes : tuple of str
        What a user should know.
    """

    master: npt.NDArray[np.float64]
    std_error: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float64]
    weights_std_error: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    first_pattern_posterior: npt.NDArray[np.float64]
    seen: npt.NDArray[np.bool_]
    good: npt.NDArray[np.bool_]
    log_likelihood: float
    error_bound: float
    missing_information: float
    evidence: float
    evidence_of_noise: float
    agreement: float | None
    history: tuple[dict[str, Any], ...]
    converged: bool
    interrupted: bool
    iterations: int
    sweeps: int
    passes: int | None
    method: str
    acceleration: str
    init: str
    seed: int
    threads: int
    seconds: float
    n_patterns: int
    n_photons: int
    rotations: Rotations
    noise: Noise
    notes: tuple[str, ...]

    @property
    def of_sample(self) -> int | None:
        """Passes over all patterns, where the climb began on a sample of them; else None."""
        return self.passes if self.acceleration == "sampled" else None

    def responsibilities(self, patterns: Patterns, *, threads: int | None = None) -> npt.NDArray[np.float32]:
        """Posterior probability of each rotation for each pattern: (N, R) float32.

        Parameters
        ----------
        patterns : Patterns
            Those that were fitted, or others of the same shape.
        threads : int, optional
            By default all that this process may use.

        Notes
        -----
        Patterns on a GPU (`Patterns.to`) are scored there. Compiled, not yet run on hardware.
        """
        return self._posterior(patterns, threads, responsibilities=True).responsibilities

    def assign(self, patterns: Patterns, *, threads: int | None = None) -> Assignment:
        """Labels and likelihoods of patterns, also of those that the master was not fitted to.

        Parameters
        ----------
        patterns : Patterns
            N patterns of the same shape.
        threads : int, optional
            By default all that this process may use.

        Notes
        -----
        Patterns on a GPU (`Patterns.to`) are scored there. Compiled, not yet run on hardware.
        """
        found = self._posterior(patterns, threads, labels=True, evidence=True)
        return Assignment(found.labels, found.evidence)

    def _posterior(
        self,
        patterns: Patterns,
        threads: int | None,
        *,
        labels: bool = False,
        responsibilities: bool = False,
        evidence: bool = False,
    ) -> Posterior:
        if check_patterns(patterns).shape != self.master.shape:
            raise ValueError(f"patterns: expected shape {self.master.shape}, got {patterns.shape}")
        self.noise.check(patterns)
        low, high = self.noise.limits(self.n_patterns)
        templates = np.nan_to_num(self.master.ravel(), nan=0.5).clip(low, high)[self.rotations.index(patterns.shape)]
        with np.errstate(divide="ignore"):
            log_prior = np.log(self.weights)
        good = self.good.ravel()
        model = linear_model(self.noise, templates, log_prior=log_prior, good=good, dtype=np.float32)
        found = posterior(
            patterns,
            model,
            labels=labels,
            responsibilities=responsibilities,
            evidence=evidence,
            threads=available_threads(threads),
        )
        if evidence:
            common = np.where(good, model.common_weight, 0.0)
            whole = found.evidence.astype(np.float64)
            for block in blocks(patterns):  # a matrix takes many times the memory of its patterns
                whole[block] += patterns[block].to_scipy() @ common + model.common_base
            found = found._replace(evidence=whole)
        return found

    def plot(self) -> Figure:
        """Master and error bars: a Matplotlib figure."""
        from motes import plotting

        return plotting.master(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one .npz file, whole or not at all.

        Parameters
        ----------
        path : path
            An existing file is replaced.
        """
        record = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name not in ARRAYS
        }
        record.update(rotations=self.rotations.name, noise=self.noise.name, version=_core.version)
        arrays = {name: getattr(self, name) for name in ARRAYS}
        arrays["record"] = np.frombuffer(json.dumps(record).encode(), np.uint8)
        write_npz(path, {name: array_table(array) for name, array in arrays.items()})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Reconstruction:
        """Read what `save` wrote.

        Raises
        ------
        FormatError
            If the file is damaged or none of `save`'s; it names the file and the field.
        """
        return cls(**read(path))

    def __repr__(self) -> str:
        height, width = self.master.shape
        photons = self.n_photons / max(self.n_patterns, 1)
        ended = "interrupted" if self.interrupted else "converged" if self.converged else "not converged"
        return (
            f"Reconstruction({height}x{width} master from {many(self.n_patterns, 'pattern')} of {photons:.3g} photons "
            f"by {self.method}, {ended} after {effort(self.sweeps, self.iterations, self.of_sample)}, "
            f"{self.log_likelihood:.4f} nats a pattern, relative error bound {self.error_bound:.3g}"
            f"{', ' + many(len(self.notes), 'note') if self.notes else ''})"
        )

    def _repr_html_(self) -> str:
        import base64
        import io

        buffer = io.BytesIO()
        self.plot().savefig(buffer, format="png")
        picture = base64.b64encode(buffer.getvalue()).decode()
        return f'<p>{self!r}</p><img alt="master and standard error" src="data:image/png;base64,{picture}">'
