"""`reconstruct`: start, climb, look back."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.devices import CPU, Device
from motes.noise import Noise, noise_of
from motes.patterns import Patterns, check_patterns
from motes.reconstruction import checkpoint as checkpoints
from motes.reconstruction import options
from motes.reconstruction.checkpoint import Progress
from motes.reconstruction.doubts import doubts, own_error
from motes.reconstruction.evidence import evidence, evidence_of_noise
from motes.reconstruction.information import ErrorBars
from motes.reconstruction.ondevice import ProblemOnDevice
from motes.reconstruction.problem import FloatArray, Problem
from motes.reconstruction.result import Reconstruction, many
from motes.reconstruction.robust import KINDS, REPLICATES, error_bars_by
from motes.reconstruction.start import start_master
from motes.reconstruction.state import Method, State
from motes.rotations import C4, Rotations, rotations_of
from motes.threads import available_threads

Callback = Callable[[dict[str, Any]], bool | None]

CHECKPOINT_SECONDS = 5.0


def reconstruct(
    patterns: Patterns,
    rotations: Rotations | str = C4,
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
) -> Reconstruction:
    """Recover the master image behind patterns of unknown orientation, with error bars.

    Parameters
    ----------
    patterns : Patterns
        N patterns of (L, L) pixels, each the master turned by an unknown rotation.
    rotations : Rotations or its name
        `motes.C4` (default), `motes.D4` or `motes.C1`.
    noise : Bernoulli, Poisson or their name, optional
        `motes.Bernoulli()` by default: a pixel fires or not.
    method : {"em", "sgd", "hard-em", "l2-em"}
        Maximum likelihood by soft expectation maximisation; by stochastic gradients with back-rotation; hard assignment
        by likelihood; the seed's Algorithm 1 (hard, Euclidean, from the mean, 5 rounds), a baseline.
    acceleration : {"auto", "squarem", "fisher", "none"} or None
        Of method em. `auto` takes whichever of the two is predicted, from shapes alone, to be faster; on a GPU, where
        sweeps cost least, squarem.
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
        From the information, which is right where the model is; from the sandwich form, or from fits to patterns drawn
        anew, which are right also where patterns scatter more than the model says, such as by an unknown fluence.
    replicates : int
        Fits of the bootstrap.
    callback : callable, optional
        Called with each record of the history, and of the bootstrap with each `replicate`; returning True ends the run
        as Ctrl-C does.
    checkpoint : path, optional
        File to keep the state in, every few seconds and at the end of an interrupted run.
    resume : bool
        Go on from `checkpoint` if it is there; the result has the bits of an uninterrupted run.

    Returns
    -------
    Reconstruction

    Raises
    ------
    ValueError, TypeError
        If an option or an array is out of range; the message names it.
    CheckpointError
        If the checkpoint is of another run.

    Notes
    -----
    Model, formulas and error bars: docs/theory.md. Ctrl-C during the iterations returns the best so far, marked as
    interrupted.

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
    patterns, rotations, noise = check_patterns(patterns), rotations_of(rotations), noise_of(noise)
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
    patterns = patterns.binarised() if binarise else patterns
    noise.check(patterns)
    rotations.index(patterns.shape)  # refuses what is no square
    patterns = patterns if device is None else patterns.to(device)
    good = options.check_mask(mask, patterns.shape)
    climb, acceleration = options.choose_method(patterns, rotations.n, method, acceleration, tolerance, seed, sgd)
    start = options.check_init(climb.start_with if init is None else init, patterns, noise)
    kind = Problem if patterns.device == CPU else ProblemOnDevice
    problem = kind(patterns, rotations, noise, good, weights == "estimate", dtype, available_threads(threads))
    asked = {
        "rotations": rotations.name, "noise": noise.name, "method": method, "acceleration": acceleration,
        "init": start if isinstance(start, str) else start.tobytes().hex(), "weights": weights, "tolerance": tolerance,
        "max_iterations": max_iterations, "restarts": restarts, "seed": seed, "sgd": sgd, "dtype": np.dtype(dtype).name,
    }  # fmt: skip
    keeper = _Keeper(problem, asked, None if checkpoint is None else Path(checkpoint), resume)
    n_starts = 1 if isinstance(start, np.ndarray) else restarts
    most = min(max_iterations, epochs) if method == "sgd" else max_iterations
    climbed = _climb_all(problem, climb, start, n_starts, seed, most, callback, keeper, began)
    biased = method in options.HARD or (method == "sgd" and bool(hard))

    def bars(master: FloatArray, estimated: FloatArray) -> ErrorBars:
        if std_error and not biased:
            return error_bars_by(
                error_bars, problem, master, estimated, seed=seed, replicates=replicates, observe=callback
            )
        no_error = np.full(rotations.n, np.nan if problem.estimate_weights else 0.0)
        return ErrorBars(np.full(master.size, np.nan), no_error, np.nan, np.nan, ())

    return _look_back(problem, climb, climbed, acceleration, start, seed, bars, biased, began)


@dataclass(frozen=True)
class _Climbed:
    states: tuple[State, ...]
    history: tuple[dict[str, Any], ...]
    interrupted: bool
    n_starts: int
    notes: tuple[str, ...]


class _Keeper:
    """Saves the state now and then; loads it once."""

    def __init__(self, problem: Problem, asked: dict[str, Any], path: Path | None, resume: bool) -> None:
        if path is not None and not path.parent.is_dir():  # known now, not when there is something to lose
            raise FileNotFoundError(errno.ENOENT, "no such folder to keep the checkpoint in", str(path.parent))
        self.path = path
        self.mark = "" if path is None else checkpoints.fingerprint(problem, asked)
        found = path is not None and resume and path.exists()
        self.progress = checkpoints.load(path, self.mark) if found and path else Progress()
        self.notes = (f"nothing to resume: there is no {path}, begun anew",) if resume and not found else ()
        self._saved = time.monotonic()

    def keep(self, progress: Progress, *, now: bool = False) -> None:
        self.progress = progress
        if self.path is not None and (now or time.monotonic() - self._saved > CHECKPOINT_SECONDS):
            checkpoints.save(self.path, progress, self.mark)
            self._saved = time.monotonic()


def _climb_all(
    problem: Problem, climb: Method, start: str | FloatArray, n_starts: int, seed: int, max_iterations: int,
    callback: Callback | None, keeper: _Keeper, began: float,
) -> _Climbed:  # fmt: skip
    state = keeper.progress.current
    interrupted = False
    try:
        for restart in range(len(keeper.progress.finished), n_starts):
            if state is None:
                master = start_master(problem, start, seed=seed, restart=restart)
                state = climb.begin(problem, problem.evaluate(master, problem.uniform))
                keeper.keep(replace(keeper.progress, current=state))
            while not state.converged and state.iteration < max_iterations:
                state = climb.step(problem, state)
                record = _record(state, restart, began)
                keeper.keep(replace(keeper.progress, current=state, history=(*keeper.progress.history, record)))
                if callback is not None and callback(record):
                    raise KeyboardInterrupt
            keeper.keep(replace(keeper.progress, finished=(*keeper.progress.finished, state), current=None))
            state = None
    except KeyboardInterrupt:
        if not keeper.progress.finished and keeper.progress.current is None:
            raise  # nothing to return yet
        interrupted = True
    keeper.keep(keeper.progress, now=True)
    current = keeper.progress.current
    states = (*keeper.progress.finished, *(() if current is None else (current,)))
    return _Climbed(states, keeper.progress.history, interrupted, n_starts, keeper.notes)


def _record(state: State, restart: int, began: float) -> dict[str, Any]:
    return {
        "restart": restart,
        "iteration": state.iteration,
        "sweeps": state.sweeps,
        "log_likelihood": state.point.log_likelihood,
        "gain": state.gain,
        "step": state.step,
        "seconds": time.perf_counter() - began,
    }


def _ending(best: State, climbed: _Climbed) -> list[str]:
    """How it ended, where that was too early."""
    last = f"the last iteration won {best.gain:.3g} nats a pattern"
    if not climbed.interrupted:
        return [] if best.converged else [f"not converged after {many(best.iteration, 'iteration')}: {last}"]
    where = f"in start {len(climbed.states)} of {climbed.n_starts}, the best is kept" if climbed.n_starts > 1 else last
    return [f"interrupted: {where}"]


def _look_back(
    problem: Problem, climb: Method, climbed: _Climbed, acceleration: str, start: str | FloatArray, seed: int,
    error_bars: Callable[[FloatArray, FloatArray], ErrorBars], biased: bool, began: float,
) -> Reconstruction:  # fmt: skip
    """Of the best state: labels, error bars, and the turn that makes the first pattern's label 0."""
    best = max(climbed.states, key=lambda state: state.point.log_likelihood)
    master, weights = best.point.master, best.point.weights
    point = problem.evaluate(master, weights) if climb.name in options.HARD else best.point
    shape, rotations, patterns = problem.patterns.shape, problem.rotations, problem.patterns
    notes = [*climbed.notes, *_ending(best, climbed)]
    bars = error_bars(master, weights)
    contrast = problem.contrast(master)
    labels = problem.labels(master, weights)
    first = int(labels[0]) if len(labels) else 0
    labels = rotations.relabel(labels, first)
    posterior = problem.posterior(master, weights, patterns[:1])
    agreement = _agreement(problem, [state.point.master for state in climbed.states if state is not best], master)
    won, noise_wins = evidence(problem, point.log_likelihood), evidence_of_noise(problem)
    own = own_error(problem, master, bars.std_error)
    notes.extend(
        doubts(
            problem, labels, evidence=won, evidence_of_noise=noise_wins, agreement=agreement, own_error=own, hard=biased
        )
    )
    notes.extend(bars.notes)
    unseen = int((~problem.seen).sum())
    if unseen:
        notes.append(f"no good pixel ever sees {many(unseen, 'pixel')} of the master: NaN")

    def home(values: FloatArray) -> FloatArray:
        return rotations.turn_master(values.reshape(shape), first)

    slots = rotations.relabel(np.arange(rotations.n), first)
    order = np.argsort(slots)
    return Reconstruction(
        master=home(np.where(problem.seen, master, np.nan)),
        std_error=home(np.where(problem.seen, bars.std_error, np.nan)),
        labels=labels,
        weights=weights[order],
        weights_std_error=bars.weights_std_error[order],
        counts=np.bincount(labels, minlength=rotations.n).astype(np.int64),
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


def _agreement(problem: Problem, others: list[FloatArray], best: FloatArray) -> float | None:
    """Least correlation of other masters with the best, each after its best turn."""
    if not others or problem.contrast(best) == 0:
        return None
    centred = best - best.mean()
    correlations = []
    for other in others:
        turned = other[problem.index]
        turned = turned - turned.mean(axis=1, keepdims=True)
        sizes = np.linalg.norm(turned, axis=1) * np.linalg.norm(centred)
        correlations.append(float((turned @ centred / np.maximum(sizes, 1e-300)).max()))
    return min(correlations)
