"""Maps of picks: how they are made, and what is kept of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from motes.study.schema import check


@dataclass(frozen=True)
class MapSettings:
    """How maps are made from picks.

    Attributes
    ----------
    micrographs : int
        More of the same simulation, on which nobody asks, learns, validates or tests; all runs share them.
    rounds : tuple of int
        After which rounds a map is made; -1 is the last.
    box : float
        Side of the extracted images, in diameters.
    side : int, pixels, optional
        Of the images as they are reconstructed; by default the box.
    engine : str
        Who reconstructs: `"motes"`, or `"aspire"` (extra `aspire`).
    threshold : float
        Correlation of the half maps that ends the resolution.
    """

    micrographs: int = 12
    rounds: tuple[int, ...] = (-1,)
    box: float = 1.5
    side: int | None = None
    engine: Literal["motes", "aspire"] = "motes"
    threshold: float = 0.143

    def __post_init__(self) -> None:
        check("resolution.micrographs", self.micrographs, at_least=3)
        check("resolution.box", self.box, at_least=1.2, below=10)
        check("resolution.threshold", self.threshold, above=0, below=1)
        if self.side is not None:
            check("resolution.side", self.side, at_least=16)
            if self.side % 2:
                raise ValueError(f"resolution.side: expected an even number, got {self.side}")
        if not self.rounds:
            raise ValueError("resolution.rounds: expected one or more, got none")

    def made_after(self, n_rounds: int) -> tuple[int, ...]:
        """Which of so many rounds, from 0.

        Examples
        --------
        >>> MapSettings(rounds=(0, -1)).made_after(9)
        (0, 8)
        """
        for number in self.rounds:
            if not -n_rounds <= number < n_rounds:
                raise ValueError(
                    f"resolution.rounds: {number}, but there are {n_rounds}: expected -{n_rounds} to {n_rounds - 1}"
                )
        return tuple(sorted({number % n_rounds for number in self.rounds}))


@dataclass(frozen=True, eq=False)
class MapFigures:
    """A map of the picks at T_opt or above, and the same picks without one.

    Attributes
    ----------
    resolution : float, angstrom
        Where the half maps' correlation falls below the threshold; infinite: in the first shell, or too few picks.
    n_images, n_true : int
        Images in the map, and those of them that show a particle, within a quarter of the diameter.
    n_truth : int
        Particles on the micrographs.
    figures : mapping of str to float
        Metrics of a round, by name, on the same micrographs.
    frequency, correlation : tuple of float
        The curve; 1 / angstrom.
    """

    resolution: float
    n_images: int
    n_true: int
    n_truth: int
    figures: Mapping[str, float]
    frequency: tuple[float, ...] = field(default=(), repr=False)
    correlation: tuple[float, ...] = field(default=(), repr=False)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any] | None) -> MapFigures | None:
        """What `dataclasses.asdict` made of it; None of None."""
        if told is None:
            return None
        curve: dict[str, Any] = {name: tuple(told[name]) for name in ("frequency", "correlation")}
        return cls(**{**told, **curve})
