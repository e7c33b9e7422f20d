"""Reconstruction of a mixture: start, climb through the stages, look back."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.dense import DensePatterns
from motes.devices import CPU
from motes.in_plane import InPlane
from motes.maps import TemplateMap, mark_of
from motes.noise import Gaussian, Noise
from motes.patterns import Patterns
from motes.reconstruction.climb import Callback, Climbed, Keeper, climb_all, ending
from motes.reconstruction.em import PlainEM, Squarem
from motes.reconstruction.mixture import options
from motes.reconstruction.mixture.annealing import SHAKE, powers_of_data
from motes.reconstruction.mixture.bars import KINDS, mixture_error_bars
from motes.reconstruction.mixture.gaussian import LEAST_SIGMA
from motes.reconstruction.mixture.layout import FloatArray
from motes.reconstruction.mixture.problem import MixtureProblem, information_at
from motes.reconstruction.mixture.result import MixtureReconstruction
from motes.reconstruction.mixture.sharpness import doubts_of_sharpness
from motes.reconstruction.mixture.stages import Stage, Staged, carried
from motes.reconstruction.mixture.start import start_vector
from motes.reconstruction.mixture.templates import Source
from motes.reconstruction.result import many
from motes.reconstruction.state import State
from motes.threads import available_threads

COARSE_STEPS = 20
FRAME_TOLERANCE = 1e-4
COARSE_TOLERANCE = 1e-5  # nats a pattern: what fewer angles can tell, the next ones tell better


def reconstruct_mixture(
    patterns: Source,
    rotations: TemplateMap,
    noise: Noise,
    *,
    classes: int,
    still_classes: int,
    class_weights: str,
    weights: str,
    fluence: object,
    detector: object,
    beta: object,
    coarse: object,
    method: str,
    acceleration: str | None,
    init: object,
    tolerance: float,
    max_iterations: int,
    restarts: int,
    seed: int,
    threads: int | None,
    good: npt.NDArray[np.bool_],
    dtype: type[np.float32] | type[np.float64],
    std_error: bool,
    error_bars: str,
    callback: Callback | None,
    checkpoint: str | os.PathLike[str] | None,
    resume: bool,
    began: float,
) -> MixtureReconstruction:
    """What `motes.reconstruct` does where one master and exact rotations are not enough; its options, checked here."""
    if isinstance(patterns, Patterns) and patterns.device != CPU:
        raise ValueError("device: mixtures are fitted by the processor, got patterns on a GPU")
    maps = options.maps_of(rotations, classes, still_classes, patterns.shape, len(patterns))
    checks.one_of("class_weights", class_weights, options.CLASS_WEIGHTS)
    if error_bars not in KINDS:
        raise ValueError(f"error_bars: of a mixture {' or '.join(KINDS)}, got {error_bars}")
    powers, coarser = options.powers_of(beta), options.coarser_of(coarse, rotations)
    support = np.logical_and.reduce([turns.support(patterns.shape) for turns in maps])
    kept = options.detector_of(detector, good, patterns.shape, support, noise)
    climb, acceleration = options.method_of(method, acceleration, tolerance, kept)
    problem = MixtureProblem(
        patterns, maps, noise, kept,
        weights == "estimate", class_weights == "estimate", 1.0, dtype, available_threads(threads),
        *options.fluence_of(fluence, noise, len(patterns)),
    )  # fmt: skip
    start = options.init_of(init, problem.layout, noise)
    asked = {
        "maps": [mark_of(turns, patterns.shape) for turns in maps], "noise": repr(noise),
        "class_weights": class_weights, "weights": weights, "fluence": problem.estimate_fluence, "beta": powers,
        "coarse": [turns.name for turns in coarser], "acceleration": acceleration, "tolerance": tolerance,
        "init": start if isinstance(start, str) else start.tobytes().hex(), "max_iterations": max_iterations,
        "restarts": restarts, "seed": seed, "dtype": np.dtype(dtype).name,
    }  # fmt: skip
    keeper = Keeper(checkpoint, lambda: problem.mark(asked), resume)
    shake = SHAKE if powers is None else 0.0
    powers = powers_of_data(problem, seed) if powers is None else powers
    staged = Staged(_stages(problem, powers, coarser, climb, shake, anywhere=isinstance(start, str)), seed)

    def begin(restart: int) -> State:
        return staged.begin(start_vector(problem, start, seed=seed, restart=restart), restart)

    def told(before: State, after: State) -> dict[str, float]:
        beta = staged.stages[staged.stage_of(after)].problem.beta
        return {"change": _change(problem, before, after), "information": information_at(after.point), "beta": beta}

    climbed = climb_all(
        begin, staged.step, n_starts=1 if isinstance(start, np.ndarray) else restarts, max_iterations=max_iterations,
        callback=callback, keeper=keeper, began=began, told=told,
    )  # fmt: skip
    return _look_back(staged, climbed, acceleration, start, seed, error_bars if std_error else None, began)


def _stages(
    problem: MixtureProblem, powers: tuple[float, ...], coarser: tuple[TemplateMap, ...], climb: PlainEM | Squarem,
    shake: float, *, anywhere: bool,
) -> tuple[Stage, ...]:  # fmt: skip
    """All powers but the last at the fewest angles; then more and more angles at the last power.

    A start that is nobody's choice (`anywhere`) comes to rest in any frame of pixels: the best is sought before the
    last stage.
    """

    def through(turns: TemplateMap) -> tuple[TemplateMap, ...]:
        return tuple(turns if own.n > 1 else own for own in problem.maps)

    finest = problem.at(powers[-1])
    chain = [(turns.name, finest.at(powers[-1], through(turns))) for turns in coarser] + [("", finest)]
    first = chain[0][1]
    runs = options.runs_of(powers)
    plain = climb if isinstance(climb, PlainEM) else PlainEM(climb.tolerance)
    stages = [
        Stage(first.at(power), plain, n_steps, f"beta {power:.3g}", shake=shake if k else 0.0)
        for k, (power, n_steps) in enumerate(runs[:-1])
    ]
    loose = replace(climb, tolerance=max(climb.tolerance, COARSE_TOLERANCE))
    stages += [Stage(coarse, loose, COARSE_STEPS, name) for name, coarse in chain[:-1]]
    if anywhere and any(isinstance(turns, InPlane) for turns in problem.maps):
        rough = replace(climb, tolerance=max(climb.tolerance, FRAME_TOLERANCE))
        stages.append(Stage(finest, rough, COARSE_STEPS, "any frame", reframe=True))
    return (*stages, Stage(finest, climb, 0, ""))


def _change(problem: MixtureProblem, before: State, after: State) -> float:
    """Root-mean-square difference of the masters over the pixels that are seen, photons a pixel."""
    n = problem.layout.n_pixels
    difference = (after.point.master[:n] - before.point.master[:n])[problem.seen]
    return float(np.sqrt(np.mean(difference**2))) if difference.size else 0.0


def _look_back(
    staged: Staged, climbed: Climbed, acceleration: str, start: str | FloatArray, seed: int, error_bars: str | None,
    began: float,
) -> MixtureReconstruction:  # fmt: skip
    """Of the best state: labels, error bars, and classes in the order of their occupancy."""
    last = len(staged.stages) - 1
    arrived = [state for state in climbed.states if staged.stage_of(state) == last] or list(climbed.states)
    best = max(arrived, key=lambda state: state.point.log_likelihood)
    problem = staged.stages[last].problem.at(1.0)
    stage = staged.stages[staged.stage_of(best)].problem
    vector, weights = best.point.master, carried(stage.layout, problem, best.point.weights)
    point = best.point if stage.beta == 1.0 and stage.maps == problem.maps else problem.evaluate(vector, weights)
    layout, patterns, detector = problem.layout, problem.patterns, problem.detector
    of_class = layout.per_class(weights)
    order = _order(of_class, problem.maps) if isinstance(start, str) else np.arange(len(problem.maps))
    masters = np.stack(layout.split(np.where(problem.seen, vector[: layout.n_pixels], np.nan)))[order]
    rows = np.zeros((len(problem.maps), max(turns.n for turns in problem.maps)))
    for row, k in zip(rows, order, strict=True):
        row[: problem.maps[k].n] = weights[layout.parts[k]] / of_class[k]
    labels = problem.labels(vector, weights, np.argsort(order))
    notes = [*climbed.notes, *ending(best, climbed)]
    std_error = np.full(layout.n_pixels, np.nan)
    if error_bars is not None:
        bars = mixture_error_bars(problem, vector, weights, kind=error_bars, seed=seed)
        std_error = bars.std_error
        notes += [*bars.notes, *doubts_of_sharpness(problem, vector, weights)]
    notes += _at_its_floor(problem, vector)
    by_design = all(isinstance(turns, InPlane) or turns.support(patterns.shape).all() for turns in problem.maps)
    shared = 0 if by_design else int((~layout.support).sum())  # beyond the disc of turns there is nothing to doubt
    if shared:
        notes.append(f"{many(shared, 'pixel')} outside what all templates cover: left out")
    only = int((detector.merged & ~detector.good).sum())
    if only:
        notes.append(
            f"{many(only, 'pixel')} merged, but no orientation told from them: no one likelihood climbs, and steps are "
            "taken whether it rises or not"
        )
    background, light = detector.background, problem.fluence_at(vector)
    return MixtureReconstruction(
        masters=masters,
        std_error=np.stack(layout.split(std_error))[order],
        labels=labels,
        class_weights=of_class[order],
        weights=rows,
        fluence=None if light is None else np.array(light),
        good=problem.good.reshape(patterns.shape).copy(),
        correction=np.array(detector.correction),
        background=np.zeros(patterns.shape) if background is None else np.array(background),
        log_likelihood=point.log_likelihood,
        information=information_at(point),
        history=climbed.history,
        converged=best.converged and not climbed.interrupted,
        interrupted=climbed.interrupted,
        iterations=best.iteration,
        sweeps=best.sweeps,
        acceleration=acceleration,
        init=start if isinstance(start, str) else "array",
        seed=seed,
        threads=problem.threads,
        seconds=time.perf_counter() - began,
        n_patterns=len(patterns),
        n_photons=0 if isinstance(patterns, DensePatterns) else patterns.n_photons,
        maps=problem.maps,
        noise=problem.templates(vector, weights).noise,
        notes=tuple(notes),
    )


def _at_its_floor(problem: MixtureProblem, vector: FloatArray) -> list[str]:
    """A note where Gaussian noise's sigma is as small as it is let."""
    rest = problem.layout.rest(vector)
    if not (
        isinstance(problem.noise, Gaussian) and rest.size and rest[0] <= 1.001 * LEAST_SIGMA * problem.first_rest[0]
    ):
        return []
    return [
        f"sigma rests at its least, {rest[0]:.3g}, {LEAST_SIGMA:g} of the patterns' spread: masters fit the patterns "
        "as they are, noise and all; take fewer classes, or give motes.Gaussian(sigma)"
    ]


def _order(of_class: FloatArray, maps: tuple[TemplateMap, ...]) -> npt.NDArray[np.int64]:
    """Classes that rotate before those that do not, each by falling occupancy."""
    still = np.array([turns.n == 1 for turns in maps])
    return np.lexsort((-of_class, still))
