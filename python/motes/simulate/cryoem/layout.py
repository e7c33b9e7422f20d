"""Where things lie on a micrograph: the hole's edge, dirt, aggregates, particles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motes.simulate.cryoem.settings import Settings

Points = NDArray[np.float64]
TRIES = 200  # places tried for each particle before the micrograph is called full
CLUMP = (6, 15)  # particles in an aggregate


@dataclass(frozen=True, eq=False)
class Hole:
    """The hole in the carbon, a disc, pixels; beyond it is carbon."""

    centre: Points
    radius: float
    edge: float  # width over which the film begins


@dataclass(frozen=True, eq=False)
class Layout:
    """Places on one micrograph, pixels.

    Attributes
    ----------
    particles, decoys, clumped : (N, 2) float64 arrays
        Centres, x and y; `clumped` are the members of the aggregates.
    hole : Hole or None
        None where no carbon is seen.
    dirt, dirt_radius : (D, 2) and (D,) float64 arrays
        Contamination.
    """

    particles: Points
    decoys: Points
    clumped: Points
    hole: Hole | None
    dirt: Points
    dirt_radius: NDArray[np.float64]


def lay_out(settings: Settings, diameter: float, rng: np.random.Generator) -> Layout:
    """Places for everything, particles last: none of them lies on carbon, dirt or aggregates, as nobody picks those.

    Raises
    ------
    ValueError
        If the particles do not fit.
    """
    sides = np.array(settings.shape[::-1], np.float64)
    hole = _hole(sides, diameter, rng) if rng.random() < settings.carbon else None
    n_dirt = rng.poisson(settings.contamination)
    dirt = rng.random((n_dirt, 2)) * sides
    dirt_radius = diameter * np.exp(rng.normal(-0.3, 0.5, n_dirt))
    clumps = [_clump(sides, diameter, rng) for _ in range(settings.aggregates)]
    clumped = np.concatenate(clumps) if clumps else np.zeros((0, 2))
    # A clump's members keep a whole diameter to those who are counted; particles and decoys keep what was asked for.
    blocked = np.concatenate([dirt, clumped])
    reach = np.concatenate([dirt_radius + diameter / 2, np.full(len(clumped), diameter)])
    n = settings.particles + settings.n_decoys
    places = np.zeros((n, 2))
    distance = settings.min_distance * diameter
    for i in range(n):
        for _ in range(TRIES):
            # From edge to edge of the particle inside; the middles of pixels are whole numbers.
            place = diameter / 2 + rng.random(2) * np.maximum(sides - 1 - diameter, 0)
            near_dirt = (np.hypot(*(blocked - place).T) < reach).any()
            on_carbon = hole is not None and np.hypot(*(place - hole.centre)) > hole.radius - diameter / 2
            if not near_dirt and not on_carbon and not (np.hypot(*(places[:i] - place).T) < distance).any():
                places[i] = place
                break
        else:
            raise ValueError(
                f"particles: only {i} of {n}, decoys included, found a place {settings.min_distance:g} diameters from "
                "each other; ask for fewer, for less distance between them, or for a larger micrograph"
            )
    order = rng.permutation(n)  # the last ones had the least choice: decoys share it
    return Layout(
        places[order[: settings.particles]], places[order[settings.particles :]], clumped, hole, dirt, dirt_radius
    )


def _hole(sides: Points, diameter: float, rng: np.random.Generator) -> Hole:
    """A hole whose edge cuts off a tenth to a third of the micrograph along one direction."""
    turn = 2 * np.pi * rng.random()
    towards = np.array([np.cos(turn), np.sin(turn)])
    radius = sides.max() * rng.uniform(0.8, 1.4)
    half = 0.5 * float(np.abs(towards) @ sides)
    edge = half * (1 - 2 * rng.uniform(0.1, 0.33))
    return Hole((sides - 1) / 2 + towards * (edge - radius), radius, diameter * rng.uniform(0.05, 0.3))


def _clump(sides: Points, diameter: float, rng: np.random.Generator) -> Points:
    """Members of an aggregate: each within reach of one that is there already."""
    members = [rng.random(2) * sides]
    for _ in range(rng.integers(*CLUMP)):
        turn = 2 * np.pi * rng.random()
        step = diameter * rng.uniform(0.45, 0.8)
        members.append(members[rng.integers(len(members))] + step * np.array([np.cos(turn), np.sin(turn)]))
    return np.array(members)
