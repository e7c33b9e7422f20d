"""Whether mixtures find what is there: `python -m benchmarks.mixture_study [case ...]`.

    portrait    one master, 64x64, turned by 180 angles: 50,000 Poisson patterns of 400 photons, contrast 0.7
    fine        the same portrait four times as finely sampled, seen from any angle: what interpolation costs
    classes     two masters at contrast 0.5, 72 angles: labels beside those of the masters known
    annealing   30 bright patterns of 60 angles from random starts, with annealing and without; six classes likewise
    blocks      180 angles, 64x64, 100,000 patterns: a start and two sweeps within bounded memory, in a process apart

Patterns are drawn at the templates of the estimator's own map, of masters that vanish outside its disc. Angles are told
as well as they can be where their rms error is that of the angular information, 1 / sqrt(sum_i (dm_i/dangle)^2 / m_i),
and of the spacing of the angles (/ sqrt(12)) together. Errors are after the best turn, which interpolates the truth;
`truth` starts at the true master, whose pixels are those of one of the possible frames. Writes
`results/mixtures.json`, a case anew and the others kept; `--smoke` runs everything once, small, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

import motes
from benchmarks.results import load, save
from motes import Patterns, Rotations, simulate
from motes.in_plane import InPlane
from motes.known_mixture import KnownMixture
from motes.mixture_truth import compare_mixture
from motes.simulate.photons import draw

Image = npt.NDArray[np.float64]
NAME = "mixtures"


def within_disc(picture: Image, photons: float, contrast: float) -> Image:
    """A picture as a master: nothing outside the disc, so many photons in it, of this contrast."""
    inside = Rotations.in_plane(4).support(picture.shape)
    master = np.zeros_like(picture)
    master[inside] = simulate.with_contrast(picture[inside], contrast)
    return simulate.scaled(master, photons)


def drawn(masters: list[Image], turns: InPlane, n_patterns: int, seed: int) -> tuple[Patterns, KnownMixture]:
    """Patterns of classes and angles of equal frequency, and what they were made from."""
    rng = np.random.default_rng(seed)
    means = np.concatenate([turns.expand(master) for master in masters])
    shown = rng.integers(0, len(means), n_patterns)
    shape = means.shape[1:]
    keys, counts = draw(means.reshape(len(means), -1), shown, "poisson", rng)
    rows, cols = np.divmod(keys, shape[0] * shape[1])
    patterns = Patterns.from_coo(rows, cols, counts=counts, shape=shape, n_patterns=n_patterns)
    kinds, rotations = np.divmod(shown, turns.n)
    angles, equal = turns.angles[rotations], np.ones(n_patterns)
    return patterns, KnownMixture(np.stack(masters), kinds, rotations, angles, equal, np.zeros(shape))


def angular_deviation(master: Image) -> float:
    """Degrees: 1 / sqrt(angular information), averaged over all orientations."""
    n = 720
    templates = Rotations.in_plane(n).expand(master)
    slope = (np.roll(templates, -1, axis=0) - np.roll(templates, 1, axis=0)) / (4 * np.pi / n)
    lit = templates > 0
    information = np.divide(slope**2, templates, out=np.zeros_like(slope), where=lit).sum(axis=(1, 2))
    return float(np.rad2deg(1 / np.sqrt(information.mean())))


def told_of(result: Any, known: KnownMixture) -> dict[str, Any]:
    """A fit beside the truth."""
    found = compare_mixture(result, known)
    return {
        "log_likelihood": result.log_likelihood,
        "error": found.error,
        "class_accuracy": found.class_accuracy,
        "angle_error": found.angle_error,
        "converged": result.converged,
        "sweeps": result.sweeps,
        "seconds": result.seconds,
    }


def portrait(*, side: int = 64, n_angles: int = 180, n_patterns: int = 50_000, starts: int = 3) -> dict[str, Any]:
    """One master at any angle."""
    turns = Rotations.in_plane(n_angles)
    master = within_disc(simulate.portrait(side), 400.0, 0.7)
    patterns, known = drawn([master], turns, n_patterns, seed=1)
    deviation, spacing = angular_deviation(master), 360 / n_angles
    rows = []
    for seed in range(starts):
        result = motes.reconstruct(patterns, turns, "poisson", seed=seed, std_error=False)
        rows.append({"start": f"spectral, seed {seed}"} | told_of(result, known))
    truth = motes.reconstruct(patterns, turns, "poisson", init=master)
    rows.append({"start": "truth", "error_bound": truth.error_bound} | told_of(truth, known))
    return {
        "side": side, "angles": n_angles, "patterns": n_patterns, "photons": 400, "contrast": 0.7,
        "angular_deviation": deviation, "spacing": spacing,
        "predicted_angle_error": float(np.hypot(deviation, spacing / np.sqrt(12))), "fits": rows,
    }  # fmt: skip


def fine(
    *, side: int = 64, n_angles: int = 180, n_patterns: int = 50_000, times: int = 4, seen_from: int = 1440
) -> dict[str, Any]:
    """The portrait as detector pixels see a picture that is finer than they are, turned by no estimator."""
    turns = Rotations.in_plane(n_angles)
    picture = within_disc(simulate.portrait(times * side), 400.0 * times**2, 0.7)
    angles = np.arange(seen_from) * 360 / seen_from
    templates = simulate.turned(picture, angles, side)
    rng = np.random.default_rng(1)
    shown = rng.integers(0, seen_from, n_patterns)
    keys, counts = draw(templates.reshape(seen_from, -1), shown, "poisson", rng)
    rows, cols = np.divmod(keys, side * side)
    patterns = Patterns.from_coo(rows, cols, counts=counts, shape=(side, side), n_patterns=n_patterns)
    nearest = np.rint(angles[shown] * n_angles / 360).astype(int) % n_angles
    nothing, equal = np.zeros(n_patterns, int), np.ones(n_patterns)
    known = KnownMixture(templates[:1], nothing, nearest, angles[shown], equal, np.zeros((side, side)))
    told = []
    for start, init in (("spectral, seed 0", "spectral"), ("truth", templates[0])):
        result = motes.reconstruct(patterns, turns, "poisson", init=init)
        told.append({"start": start, "error_bound": result.error_bound} | told_of(result, known))
    return {
        "side": side, "angles": n_angles, "patterns": n_patterns, "photons": 400, "contrast": 0.7,
        "times_as_fine": times, "angles_seen": seen_from, "fits": told,
    }  # fmt: skip


def classes(*, side: int = 64, n_angles: int = 72, n_patterns: int = 50_000, starts: int = 3) -> dict[str, Any]:
    """Two masters."""
    turns = Rotations.in_plane(n_angles)
    pictures = [simulate.portrait(side), simulate.creature(side, seed=1)]
    masters = [within_disc(picture, 400.0, 0.5) for picture in pictures]
    patterns, known = drawn(masters, turns, n_patterns, seed=1)
    rows = []
    for seed in range(starts):
        result = motes.reconstruct(patterns, turns, "poisson", classes=2, seed=seed, std_error=False)
        rows.append({"start": f"spectral, seed {seed}"} | told_of(result, known))
    given = replace(
        result, masters=np.stack(masters), class_weights=np.full(2, 0.5), weights=result.weights * 0 + 1 / turns.n
    )
    with_masters = float(np.mean(given.assign(patterns).labels[:, 0] == known.classes))
    return {
        "side": side, "angles": n_angles, "patterns": n_patterns, "photons": 400, "contrast": 0.5,
        "class_accuracy_with_masters_known": with_masters, "fits": rows,
    }  # fmt: skip


def annealing(*, starts: int = 20) -> dict[str, Any]:
    """Random starts, with and without."""
    turns = Rotations.in_plane(60)
    few, known = drawn([within_disc(simulate.portrait(32), 1000.0, 1.0)], turns, 30, seed=1)
    quarter = Rotations.in_plane(4)
    rng = np.random.default_rng(5)
    blobs = [np.exp(rng.standard_normal((4, 4))).repeat(4, axis=0).repeat(4, axis=1) for _ in range(6)]
    many, kinds = drawn([within_disc(blob, 500.0, 1.0) for blob in blobs], quarter, 1200, seed=1)
    rows: list[dict[str, Any]] = []
    for name, beta in (("none", 1.0), ("auto", "auto")):
        right, shares, sweeps = 0, [], 0
        for seed in range(starts):
            asked: dict[str, Any] = {
                "init": "random",
                "seed": seed,
                "beta": beta,
                "tolerance": 1e-5,
                "std_error": False,
            }
            one = motes.reconstruct(few, turns, "poisson", **asked)
            off = np.bincount((one.labels[:, 1] - known.rotations) % turns.n, minlength=turns.n)
            right += int(off.max() == len(few))
            sweeps += one.sweeps
            six = motes.reconstruct(many, quarter, "poisson", classes=6, **asked)
            shares.append(compare_mixture(six, kinds).class_accuracy)
        rows.append(
            {
                "annealing": name, "starts": starts, "all_angles_right": right, "mean_sweeps": sweeps / starts,
                "six_classes_right": int(np.sum(np.array(shares) > 0.99)), "six_classes_mean": float(np.mean(shares)),
            }
        )  # fmt: skip
    return {"fits": rows}


def blocks(*, n_patterns: int = 100_000) -> dict[str, Any]:
    """Time and memory of many angles and many patterns."""
    turns = Rotations.in_plane(180)
    master, parts = within_disc(simulate.portrait(64), 400.0, 0.7), 10  # drawn in parts: to draw takes more memory
    patterns = Patterns.concatenate([drawn([master], turns, n_patterns // parts, seed)[0] for seed in range(parts)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    result = motes.reconstruct(patterns, turns, "poisson", max_iterations=1, acceleration="none", std_error=False)
    return {
        "patterns": n_patterns, "photons": patterns.n_photons, "angles": 180, "sweeps": result.sweeps,
        "seconds": time.perf_counter() - began, "threads": result.threads,
        "peak_mib_before": before / 1024, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


CASES: dict[str, Callable[..., dict[str, Any]]] = {
    "portrait": portrait,
    "fine": fine,
    "classes": classes,
    "annealing": annealing,
    "blocks": blocks,
}
SMOKE: dict[str, dict[str, int]] = {
    "portrait": {"side": 16, "n_angles": 12, "n_patterns": 500, "starts": 1},
    "fine": {"side": 16, "n_angles": 12, "n_patterns": 500, "times": 2, "seen_from": 36},
    "classes": {"side": 16, "n_angles": 12, "n_patterns": 500, "starts": 1},
    "annealing": {"starts": 1},
    "blocks": {"n_patterns": 200},
}


def apart(case: str) -> dict[str, Any]:
    """A case in a process of its own, whose memory is its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.mixture_study", "--print", case], check=True, capture_output=True, text=True
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Run the cases that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="case", help=", ".join(CASES))
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--print", action="store_true", help="the figures of one case, nothing written")
    asked = parser.parse_args()
    if asked.print:
        print(json.dumps(CASES[asked.cases[0]]()))
        return
    figures = {} if (before := load(NAME)) is None else before["figures"]
    for case in asked.cases or CASES:
        figures[case] = CASES[case](**SMOKE[case]) if asked.smoke else apart(case)
        print(case, json.dumps(figures[case], indent=1), flush=True)
        if not asked.smoke:
            save(NAME, figures)


if __name__ == "__main__":
    main()
