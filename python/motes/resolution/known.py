"""What picks do to a map, measured where the truth is known: pick, extract, reconstruct two halves, correlate."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motes.kernels.matching import match
from motes.particles import extract
from motes.particles.stack import ANGLES, B_FACTOR, DEFOCI, read_stack
from motes.picking.tables import align
from motes.picks import Picks, stem
from motes.resolution.correlation import fsc
from motes.resolution.curve import ShellCurve
from motes.resolution.halves import half_maps
from motes.resolution.masks import soft_sphere
from motes.simulate.cryoem.particles import uniform_angles

NEAR = 0.5  # of the radius: a pick this close shows the particle


@dataclass(frozen=True, eq=False)
class Oriented:
    """Picks with the orientation of the particle that each of them means.

    Attributes
    ----------
    picks : Picks
        In RELION's columns: angles, defocus, and the truth's optics.
    true : (N,) bool array
        Whether there was a particle; the angles of others are random.
    """

    picks: Picks
    true: NDArray[np.bool_]


def oriented(picks: Picks, truth: Picks, *, distance: float, seed: int = 0) -> Oriented:
    """Give each pick the angles and the defocus of its particle, and random angles where there is none.

    Picks and particles are matched one to one, as many as possible and then as close as possible. A false pick has the
    mean defocus of its micrograph's particles, or of all.

    Parameters
    ----------
    picks : Picks
    truth : Picks
        As `motes simulate micrographs` writes it: a STAR file with rlnAngleRot, Tilt and Psi.
    distance : float, pixels
        Below it a pick may be that of a particle.
    seed : int
        Of the random angles.

    Raises
    ------
    ValueError
        If the truth holds no angles, or no micrograph is that of both.
    """
    lacking = [name for name in ANGLES if name not in truth.extra]
    if lacking:
        raise ValueError(f"truth: expected orientations, got no column {', '.join(lacking)}")
    aligned = align({"picks": picks, "truth": truth}, radius=distance / 2)
    matches = match(aligned.circles["picks"], aligned.circles["truth"], distance=distance, rule="optimal")
    rows, of_truth = aligned.rows["picks"], aligned.rows["truth"]
    found = replace(picks[rows], format="star", blocks=truth.blocks, extra={})
    true = matches.particle >= 0
    angles = uniform_angles(len(rows), np.random.default_rng(seed))
    angles[true] = _numbers(truth, ANGLES)[of_truth[matches.particle[true]]]
    columns = dict(zip(ANGLES, angles.T, strict=True))
    if all(name in truth.extra for name in DEFOCI):
        known = _numbers(truth, DEFOCI)
        own = _mean_of_micrographs(known, truth, found)
        own[true] = known[of_truth[matches.particle[true]]]
        columns |= dict(zip(DEFOCI, own.T, strict=True))
    extra = {
        name: np.array([repr(v) for v in values.tolist()], np.dtypes.StringDType()) for name, values in columns.items()
    }
    if B_FACTOR in truth.extra:
        extra[B_FACTOR] = np.full(len(rows), truth.extra[B_FACTOR][0], np.dtypes.StringDType())
    return Oriented(replace(found, extra=extra), true)


def _numbers(table: Picks, names: tuple[str, ...]) -> NDArray[np.float64]:
    return np.stack([table.extra[name].astype(np.float64) for name in names], axis=1)


def _mean_of_micrographs(values: NDArray[np.float64], truth: Picks, picks: Picks) -> NDArray[np.float64]:
    """Of each pick's micrograph, by its stem; of all where it has no particles."""
    number = {stem(name): m for m, name in enumerate(truth.micrographs)}
    which = np.array([number[stem(name)] for name in picks.micrographs], np.int64)[picks.index]
    counts = np.bincount(truth.index, minlength=len(number))
    sums = np.stack([np.bincount(truth.index, column, len(number)) for column in values.T], axis=1)
    means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], values.mean(axis=0))
    return np.asarray(means[which])


@dataclass(frozen=True, eq=False)
class MapOfPicks:
    """What picks make of a map.

    Attributes
    ----------
    curve : ShellCurve
        Correlation of the two half maps under a ball a little larger than the particle.
    n : int
        Particles that were extracted.
    n_true : int
        Those of them that are particles.
    maps : two (side, side, side) float32 arrays
    """

    curve: ShellCurve
    n: int
    n_true: int
    maps: tuple[NDArray[np.float32], NDArray[np.float32]]


def map_of_picks(
    picks: Picks,
    truth: Picks,
    micrographs: Mapping[str, str | os.PathLike[str]],
    *,
    diameter: float,
    box: int | None = None,
    downsample: int | None = None,
    distance: float | None = None,
    folder: str | os.PathLike[str] | None = None,
    seed: int = 0,
    engine: str = "motes",
    threads: int | None = None,
) -> MapOfPicks:
    """Extract picks, give them their true orientations, reconstruct two halves, and correlate these.

    With known orientations this measures number, purity and centring of the picks, and nothing else. False picks get
    random orientations.

    Parameters
    ----------
    picks, truth : Picks
        On micrographs with dark particles; the truth with angles and defocus.
    micrographs : mapping of str to path
        By stem.
    diameter : float, pixels
        Of the particle.
    box : int, pixels, optional
        By default 1.5 diameters, rounded up to an even number.
    downsample : int, pixels, optional
        Side of the images; by default that of the box.
    distance : float, pixels, optional
        Below it a pick may be that of a particle; by default a quarter of the diameter.
    folder : path, optional
        Where the stack is kept while it is needed; by default where temporary files are.
    seed : int
        Of the random orientations, the halves, and the randomised phases.
    engine : {"motes", "aspire"}
        As of `half_maps`.
    threads : int, optional

    Returns
    -------
    MapOfPicks

    Raises
    ------
    ValueError
        As `oriented`, `motes.particles.extract` and `half_maps`.
    """
    side = box if box is not None else 2 * int(np.ceil(0.75 * diameter))
    seen = oriented(picks, truth, distance=NEAR * diameter / 2 if distance is None else distance, seed=seed)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        stack = Path(place, "particles.mrcs")
        result = extract(seen.picks, micrographs, stack, box=side, downsample=downsample, invert=True, threads=threads)
        particles = read_stack(result.star)
        maps = half_maps(particles, seed=seed, engine=engine)
    scale = particles.side / side
    radius = min(0.55 * diameter * scale, particles.side / 2 - 5)
    mask = soft_sphere(maps[0].shape, radius, min(5.0, particles.side / 2 - radius))
    curve = fsc(*maps, voxel_size=particles.pixel_size, mask=mask, seed=seed, threads=threads)
    return MapOfPicks(curve, result.n, int(np.count_nonzero(seen.true[result.rows])), maps)
