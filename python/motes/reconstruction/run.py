"""`reconstruct`: start, climb, look back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.dense import DensePatterns
from motes.detector import Detector
from motes.devices import CPU, Device
from motes.maps import TemplateMap
from motes.noise import Noise, noise_of
from motes.patterns import Patterns, check_patterns
from motes.reconstruction import options
from motes.reconstruction.account import Account
from motes.reconstruction.checkpoint import fingerprint
from motes.reconstruction.climb import Callback, Climbed, Keeper, ending
from motes.reconstruction.doubts import agreement_of, doubts, own_error
from motes.reconstruction.evidence import evidence, evidence_of_noise
from motes.reconstruction.information import ErrorBars
from motes.reconstruction.legs import climb_from_starts
from motes.reconstruction.mixture.options import gaussian_of, is_mixture
from motes.reconstruction.mixture.result import MixtureReconstruction
from motes.reconstruction.mixture.run import reconstruct_mixture
from motes.reconstruction.ondevice import ProblemOnDevice
from motes.reconstruction.problem import FloatArray, Problem
from motes.reconstruction.result import Reconstruction, many
from motes.reconstruction.robust import KINDS, REPLICATES, error_bars_by
from motes.reconstruction.sampled import Sampled, with_pool
from motes.reconstruction.state import Method
from motes.rotations import C4, Rotations, rotations_of
from motes.scratch import counts_of
from motes.stored import StoredPatterns
from motes.threads import available_threads


@overload
def reconstruct(
    patterns: Patterns | StoredPatterns,
    rotations: Rotations = ...,
    noise: Noise | str | None = ...,
    *,
    method: str = ...,
    acceleration: str | None = ...,
    init: str | npt.NDArray[np.floating[Any]] | None = ...,
    weights: str = ...,
    tolerance: float = ...,
    max_iterations: int = ...,
    restarts: int = ...,
    seed: int = ...,
    threads: int | None = ...,
    device: Device | str | None = ...,
    deterministic: bool = ...,
    mask: npt.NDArray[Any] | None = ...,
    binarise: bool = ...,
    epochs: int = ...,
    batch: int = ...,
    rate: float = ...,
    decay: float = ...,
    hard: bool = ...,
    dtype: type[np.float32] | type[np.float64] = ...,
    std_error: bool = ...,
    error_bars: str = ...,
    replicates: int = ...,
    callback: Callback | None = ...,
    checkpoint: str | os.PathLike[str] | None = ...,
    resume: bool = ...,
) -> Reconstruction: ...


@overload
def reconstruct(
    patterns: Patterns | StoredPatterns | DensePatterns,
    rotations: TemplateMap | str = ...,
    noise: Noise | str | None = ...,
    *,
    method: str = ...,
    acceleration: str | None = ...,
    init: str | npt.NDArray[np.floating[Any]] | None = ...,
    weights: str = ...,
    tolerance: float = ...,
    max_iterations: int = ...,
    restarts: int = ...,
    seed: int = ...,
    threads: int | None = ...,
    device: Device | str | None = ...,
    deterministic: bool = ...,
    mask: npt.NDArray[Any] | None = ...,
    binarise: bool = ...,
    epochs: int = ...,
    batch: int = ...,
    rate: float = ...,
    decay: float = ...,
    hard: bool = ...,
    dtype: type[np.float32] | type[np.float64] = ...,
    std_error: bool = ...,
    error_bars: str = ...,
    replicates: int = ...,
    callback: Callback | None = ...,
    checkpoint: str | os.PathLike[str] | None = ...,
    resume: bool = ...,
    classes: int = ...,
    still_classes: int = ...,
    class_weights: str = ...,
    detector: Detector | None = ...,
    fluence: str | npt.NDArray[np.floating[Any]] = ...,
    beta: float | str | Sequence[float] = ...,
    coarse: Sequence[int] | None = ...,
) -> Reconstruction | MixtureReconstruction: ...


def reconstruct(
    patterns: Patterns | StoredPatterns | DensePatterns,
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    method: str = "em",
    acceleration: str | None = "auto",
    init: str | npt.NDArray[np.floating[Any]] | None = None,
    weights: str = "uniform",
    tolerance: float = options.TOLERANCE,
    max_iterations: int = 1000,
    restarts: int = 1,
    seed: int = 0,
    threads: int | None = None,
    device: Device | str | None = None,
    deterministic: bool = True,
    mask: npt.NDArray[Any] | None = None,
    binarise: bool = False,
    epochs: int = 10,
    batch: int = 500,
    rate: float = 1.0,
    decay: float = 0.6,
    hard: bool = False,
    dtype: type[np.float32] | type[np.float64] = np.float32,
    std_error: bool = True,
    error_bars: str = "information",
    replicates: int = REPLICATES,
    callback: Callback | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    classes: int = 1,
    still_classes: int = 0,
    class_weights: str = "estimate",
    detector: Detector | None = None,
    fluence: str | npt.NDArray[np.floating[Any]] = "uniform",
    beta: float | str | Sequence[float] = 1.0,
    coarse: Sequence[int] | None = None,
) -> Reconstruction | MixtureReconstruction:
    """Recover the master image behind patterns of unknown orientation, with error bars.

    Exact rotations of one master have the fast path and a `Reconstruction`. For anything else (in-plane rotations by
    other angles, another map, several classes, a detector, fluences, powers) a mixture is fitted, method em on the
    processor, and the answer is a `MixtureReconstruction`.

    Parameters
    ----------
    patterns : Patterns, StoredPatterns or DensePatterns
        N patterns of (L, L) pixels, each the master turned by an unknown rotation. Of a store (`motes.open_patterns`)
        no more than its memory allows is read at a time; the answer has the bits that it has for patterns in memory,
        under the same `acceleration`.
    rotations : TemplateMap or its name
        `motes.C4` (default), `motes.D4` or `motes.C1`; `motes.Rotations.in_plane(36)` or `"in-plane:36"`; any map with
        a transpose.
    noise : Bernoulli, Poisson, Gaussian or their name, optional
        `motes.Bernoulli()` by default: a pixel fires or not. Of dense patterns `motes.Gaussian()`, which estimates its
        sigma where it is not given.
    method : {"em", "sgd", "hard-em", "l2-em"}
        Maximum likelihood by soft expectation maximisation; by stochastic gradients with back-rotation; hard assignment
        by likelihood; the seed's Algorithm 1 (hard, Euclidean, from the mean, 5 rounds), a baseline.
    acceleration : {"auto", "squarem", "fisher", "sampled", "none"} or None
        Of method em. `sampled` takes the fewest passes over the patterns: docs/theory.md, section 5. `auto` takes
        whichever of the three is predicted, from shapes alone, to be faster; of a store sampled; on a GPU, where sweeps
        cost least, squarem.
    init : {"spectral", "mean", "random"} or (L, L) array, optional
        Where to start: docs/theory.md, section 7. By default spectral, for l2-em the mean. An array (mean
        photons a pixel) means one start.
    weights : {"uniform", "estimate"}
        Probabilities of the rotations: equal, or estimated with the master.
    tolerance : float
        Nats per pattern: stop when less is to be gained.
    max_iterations : int
        Iterations of each start; epochs end method sgd.
    restarts : int
        Seeded starts; the one that ends at the highest likelihood is returned, with how the others agree.
    seed : int
        The same seed gives the same bits.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.
    device : {"cpu", "cuda", "cuda:1", "auto"}, optional
        Where the iterations run; by default where the patterns are (`Patterns.to`). On a GPU the master stays there
        from one iteration to the next, and comes home where a checkpoint or the result asks for it. Method sgd and
        acceleration fisher bring it home for each step. Starts and error bars are computed by the processor.
        Compiled, not yet run on hardware.
    deterministic : bool
        Accepted, and of no effect: the same bits come in every run in either case; see `motes.sweep`.
    mask : (L, L) bool array, optional
        True (or 1) for bad pixels of the detector: they count neither for nor against.
    binarise : bool
        Count a lit pixel once, whatever it caught.
    epochs, batch, rate, decay, hard
        Of method sgd: passes, patterns a step, first step, its decay with the epoch, hard responsibilities.
    dtype : float32 or float64
        Of the scores; float64 is the reference mode.
    std_error : bool
        False leaves the error bars out (NaN). Hard assignment is biased and has none.
    error_bars : {"information", "sandwich", "bootstrap"}
        From the information, right where the model is; by the sandwich form, or from fits to patterns drawn anew, right
        also where patterns scatter more than the model says (docs/theory.md). Mixtures have no bootstrap.
    replicates : int
        Fits of it.
    callback : callable, optional
        Called with each record of the history, and of the bootstrap with each `replicate`; returning True ends the run
        as Ctrl-C does.
    checkpoint : path, optional
        File to keep the state in, every few seconds and at the end of an interrupted run.
    resume : bool
        Go on from `checkpoint` if it is there; the result has the bits of an uninterrupted run.
    classes, still_classes : int
        Masters that rotate, and masters that do not.
    class_weights : {"estimate", "uniform"}
        Occupancies of the classes: estimated with the masters, or equal. `weights` is that of rotations, in each class.
    detector : Detector, optional
        Which pixels tell orientations and which are merged, their correction and a known background.
    fluence : {"uniform", "estimate"} or (N,) array
        Of Poisson patterns: all equal; estimated with the masters, their mean being 1; or known.
    beta : float, "auto" or sequence of float
        Power on the likelihood, above 0 and at most 1: deterministic annealing. One number for all iterations; or one
        for each of the first, the last of them for the rest; or by itself from the data to 1 (`auto`).
    coarse : sequence of int, optional
        Growing numbers of in-plane angles to climb with before those of `rotations`.

    Returns
    -------
    Reconstruction or MixtureReconstruction

    Raises
    ------
    ValueError, TypeError
        If an option or an array is out of range; the message names it.
    CheckpointError
        If the checkpoint is of another run.

    Notes
    -----
    Model, formulas and error bars: docs/theory.md. Ctrl-C while it climbs returns the best so far, marked so.

    Examples
    --------
    >>> from motes import simulate
    >>> truth = simulate.scaled(simulate.portrait(9), 20.0)
    >>> data = simulate.patterns(truth, 4000, seed=1)
    >>> patterns = Patterns.from_coo(data.rows, data.cols, shape=(9, 9), n_patterns=4000)
    >>> result = reconstruct(patterns)
    >>> result.converged, result.master.shape
    (True, (9, 9))
    """
    began = time.perf_counter()
    turns = rotations_of(rotations)
    if isinstance(patterns, DensePatterns):
        if binarise or device is not None:
            raise ValueError(f"{'binarise' if binarise else 'device'}: is for patterns of photons, got dense ones")
        noise = gaussian_of(noise)
    else:
        patterns, noise = (
            patterns if isinstance(patterns, StoredPatterns) else check_patterns(patterns),
            noise_of(noise),
        )
    checks.one_of("method", method, options.METHODS)
    checks.one_of("weights", weights, options.WEIGHTS)
    dtype = checks.floating("dtype", dtype)
    tolerance = checks.positive("tolerance", tolerance)
    max_iterations = checks.whole("max_iterations", max_iterations, 1)
    restarts = checks.whole("restarts", restarts, 1)
    seed = checks.whole("seed", seed, 0)
    epochs = checks.whole("epochs", epochs, 1)
    checks.truth("deterministic", deterministic)
    checks.one_of("error_bars", error_bars, KINDS)
    replicates = checks.whole("replicates", replicates, 2)
    sgd = {
        "epochs": epochs,
        "batch": checks.whole("batch", batch, 1),
        "rate": checks.positive("rate", rate),
        "decay": checks.positive("decay", decay),
        "hard": bool(hard),
    }
    if resume and checkpoint is None:
        raise ValueError("resume: needs the checkpoint to go on from")
    good = options.check_mask(mask, patterns.shape)
    if isinstance(patterns, StoredPatterns):
        options.check_stored(method=method, binarise=binarise, device=device, error_bars=error_bars, fluence=fluence)
    elif not isinstance(patterns, DensePatterns):
        patterns = patterns.binarised() if binarise else patterns
        patterns = patterns if device is None else patterns.to(device)
    account = Account(patterns._n_unsummed if isinstance(patterns, StoredPatterns) else 0)
    if not isinstance(patterns, DensePatterns):
        noise.check(patterns)
    beyond = is_mixture(turns, classes, still_classes, class_weights, detector, fluence, beta, coarse)
    if isinstance(patterns, DensePatterns) or not isinstance(turns, Rotations) or beyond:
        return reconstruct_mixture(
            patterns, turns, noise, classes=classes, still_classes=still_classes, class_weights=class_weights,
            weights=weights, detector=detector, fluence=fluence, beta=beta, coarse=coarse, method=method,
            acceleration=acceleration, init=init, tolerance=tolerance, max_iterations=max_iterations,
            restarts=restarts, seed=seed, threads=threads, good=good, dtype=dtype, std_error=std_error,
            error_bars=error_bars, callback=callback, checkpoint=checkpoint, resume=resume, began=began,
        )  # fmt: skip
    (rotations := turns).index(patterns.shape)  # refuses what is no square
    climb, acceleration = options.choose_method(patterns, rotations.n, method, acceleration, tolerance, seed, sgd)
    start = options.check_init(climb.start_with if init is None else init, patterns, noise)
    kind = Problem if isinstance(patterns, StoredPatterns) or patterns.device == CPU else ProblemOnDevice
    problem = kind(
        patterns, rotations, noise, good, weights == "estimate", dtype, available_threads(threads), account=account
    )
    asked = {
        "rotations": rotations.name, "noise": noise.name, "method": method, "acceleration": acceleration,
        "init": start if isinstance(start, str) else start.tobytes().hex(), "weights": weights, "tolerance": tolerance,
        "max_iterations": max_iterations, "restarts": restarts, "seed": seed, "sgd": sgd, "dtype": np.dtype(dtype).name,
    }  # fmt: skip
    keeper = Keeper(checkpoint, lambda: fingerprint(problem, asked), resume)
    n_starts = 1 if isinstance(start, np.ndarray) else restarts
    most = min(max_iterations, epochs) if method == "sgd" else max_iterations
    problem = with_pool(problem, seed) if isinstance(climb, Sampled) else problem
    climbed = climb_from_starts(
        problem, climb, start, seed, n_starts=n_starts, max_iterations=most, callback=callback, keeper=keeper,
        began=began,
    )  # fmt: skip
    biased = method in options.HARD or (method == "sgd" and bool(hard))

    which = None if biased or not std_error else error_bars
    bars = partial(error_bars_by, which, problem, seed=seed, replicates=replicates, observe=callback)
    return _look_back(problem, climb, climbed, acceleration, start, seed, bars, biased, began)


def _look_back(
    problem: Problem, climb: Method, climbed: Climbed, acceleration: str, start: str | FloatArray, seed: int,
    error_bars: Callable[[FloatArray, FloatArray], ErrorBars], biased: bool, began: float,
) -> Reconstruction:  # fmt: skip
    """Of the best state: labels, error bars, and the turn that makes the first pattern's label 0."""
    best = climbed.best
    master, weights = best.point.master, best.point.weights
    point = problem.evaluate(master, weights) if climb.name in options.HARD else best.point
    shape, rotations, patterns = problem.patterns.shape, problem.rotations, problem.patterns
    notes = [*climbed.notes, *ending(best, climbed)]
    bars = error_bars(master, weights)
    contrast = problem.contrast(master)
    one = patterns[:1]
    first = problem.label_of(master, weights, one) if len(one) else 0
    slots = rotations.relabel(np.arange(rotations.n), first)
    labels = problem.labels(master, weights, slots)
    counts = counts_of(labels, rotations.n)
    blank = int(slots[problem.label_of(master, weights, Patterns.empty(shape, 1))])
    posterior = problem.posterior(master, weights, one)
    agreement = agreement_of(problem, [state.point.master for state in climbed.others], master)
    won, noise_wins = evidence(problem, point.log_likelihood), evidence_of_noise(problem)
    own = own_error(problem, master, bars.std_error)
    notes.extend(
        doubts(
            problem,
            counts,
            blank,
            evidence=won,
            evidence_of_noise=noise_wins,
            agreement=agreement,
            own_error=own,
            hard=biased,
        )
    )
    notes.extend(bars.notes)
    unseen = int((~problem.seen).sum())
    if unseen:
        notes.append(f"no good pixel ever sees {many(unseen, 'pixel')} of the master: NaN")

    def home(values: FloatArray) -> FloatArray:
        return rotations.turn_master(values.reshape(shape), first)

    order = np.argsort(slots)
    return Reconstruction(
        master=home(np.where(problem.seen, master, np.nan)),
        std_error=home(np.where(problem.seen, bars.std_error, np.nan)),
        labels=labels,
        weights=weights[order],
        weights_std_error=bars.weights_std_error[order],
        counts=counts,
        first_pattern_posterior=(posterior[0].astype(np.float64) if len(posterior) else weights)[order],
        seen=home(problem.seen.astype(np.float64)) > 0,
        good=problem.good.reshape(shape).copy(),
        log_likelihood=point.log_likelihood,
        error_bound=float(np.sqrt(bars.total_variance)) / contrast if contrast > 0 else float("inf"),
        missing_information=bars.missing_information,
        evidence=won,
        evidence_of_noise=noise_wins,
        agreement=agreement,
        history=climbed.history,
        converged=best.converged and not climbed.interrupted,
        interrupted=climbed.interrupted,
        iterations=best.iteration,
        sweeps=best.sweeps,
        passes=problem.account.passes(len(patterns)),
        method=climb.name,
        acceleration=acceleration,
        init=start if isinstance(start, str) else "array",
        seed=seed,
        threads=problem.threads,
        seconds=time.perf_counter() - began,
        n_patterns=len(patterns),
        n_photons=patterns.n_photons,
        rotations=rotations,
        noise=problem.noise,
        notes=tuple(notes),
    )
