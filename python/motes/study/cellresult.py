"""What one run of one strategy leaves: for each round its costs, and every pick on the test micrographs.

Picks are kept, and not only figures of them: any metric can be computed anew for any choice of test micrographs.
"""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.npz import open_archive
from motes.kernels.matching import Matches
from motes.study.maps import MapFigures

LAYOUT = 2


@dataclass(frozen=True, order=True)
class Cell:
    """One run: of a strategy, in a setting, with a seed, tested on one part of the micrographs."""

    setting: str
    strategy: str
    seed: int
    fold: int

    def __str__(self) -> str:
        return f"{self.strategy}, {self.setting}, seed {self.seed}, part {self.fold}"


@dataclass(frozen=True)
class Costs:
    """What had been spent when a model was trained.

    Attributes
    ----------
    labels : int
        Particles with a label, the initial ones included.
    questions : int
        Places that a person was asked about.
    opened : int
        Micrographs with a label or a question on them.
    validation_labels, validation_opened : int
        What the validation micrographs cost, to a strategy that uses them; not in `labels` and `opened`.
    """

    labels: int
    questions: int
    opened: int
    validation_labels: int
    validation_opened: int


@dataclass(frozen=True)
class Seconds:
    """Where the time of a round went.

    Attributes
    ----------
    train, predict : float
        Within the picker; predict of the pool.
    measure : float
        Predicting the validation and test micrographs, and matching.
    own : float
        All else: suppression, query, oracle, book-keeping.
    """

    train: float
    predict: float
    measure: float
    own: float


@dataclass(frozen=True, eq=False)
class Found:
    """What a model found on some micrographs; as in `Round`."""

    t_opt: float
    probability: npt.NDArray[np.float64]
    micrograph: npt.NDArray[np.int64]
    particle: npt.NDArray[np.int64]
    iou: npt.NDArray[np.float32]

    @classmethod
    def from_matches(cls, t_opt: float, matches: Matches) -> Found:
        """Picks in order of probability, matched to the particles."""
        iou = np.zeros(len(matches.picks), np.float32)
        iou[matches.hit] = matches.overlap[matches.hit]
        assert matches.picks.scores is not None  # every picker gives probabilities
        probability = matches.picks.scores.astype(np.float64)
        return cls(t_opt, probability, matches.picks.micrograph, matches.particle, iou)


@dataclass(frozen=True, eq=False)
class Round:
    """One model on the test micrographs.

    Attributes
    ----------
    costs : Costs
        Before it was trained.
    t_opt : float
        Where F1 is highest on the validation micrographs; NaN where nothing was proposed there.
    t : float or None
        What the strategy used to ask on; None: none, or nothing was asked any more.
    seconds : Seconds
        Of this round.
    probability : (N,) float64 array
        Of all suppressed picks on the test micrographs.
    micrograph : (N,) int64 array
        Which of the test micrographs.
    particle : (N,) int64 array
        The particle that it found, one-to-one in order of probability; -1: none.
    iou : (N,) float32 array
        With it; 0: none.
    map : MapFigures or None
        What its picks make of a map, where one was made.
    """

    costs: Costs
    t_opt: float
    t: float | None
    seconds: Seconds
    probability: npt.NDArray[np.float64]
    micrograph: npt.NDArray[np.int64]
    particle: npt.NDArray[np.int64]
    iou: npt.NDArray[np.float32]
    map: MapFigures | None = None


@dataclass(frozen=True, eq=False)
class CellResult:
    """All rounds of one run.

    Attributes
    ----------
    cell : Cell
        Which run.
    test : tuple of int
        Rows of the test micrographs.
    n_truth : tuple of int
        Particles on each of them.
    n_particles : int
        On the micrographs that were learned from.
    gained : tuple of tuple of int
        Particles that each round's model was the first to learn from, by their numbers among all; the initial ones
        first.
    rounds : tuple of Round
        In order.
    """

    cell: Cell
    test: tuple[int, ...]
    n_truth: tuple[int, ...]
    n_particles: int
    gained: tuple[tuple[int, ...], ...]
    rounds: tuple[Round, ...] = field(repr=False)

    @property
    def initial(self) -> tuple[int, ...]:
        """Particles with labels at the beginning."""
        return self.gained[0]

    @property
    def labelled(self) -> tuple[int, ...]:
        """Particles with labels at the end, ascending."""
        return self.labelled_in(len(self.gained) - 1)

    def labelled_in(self, round_: int) -> tuple[int, ...]:
        """Particles that a round's model learned from, ascending."""
        return tuple(sorted(itertools.chain.from_iterable(self.gained[: round_ + 1])))

    def save(self, path: str | os.PathLike[str], fingerprint: str) -> None:
        """Write all of it, whole or not at all."""
        told = {
            "layout": LAYOUT,
            "fingerprint": fingerprint,
            "cell": asdict(self.cell),
            **{name: getattr(self, name) for name in ("test", "n_truth", "n_particles", "gained")},
            "rounds": [
                {"costs": asdict(each.costs), "seconds": asdict(each.seconds), "t_opt": each.t_opt, "t": each.t}
                | ({} if each.map is None else {"map": asdict(each.map)})
                for each in self.rounds
            ],
        }
        arrays: dict[str, Any] = {
            "told": np.frombuffer(json.dumps(told).encode(), np.uint8),
            "indptr": np.cumsum([0, *(len(each.probability) for each in self.rounds)]),
            "probability": np.concatenate([each.probability for each in self.rounds]),
            "micrograph": np.concatenate([each.micrograph for each in self.rounds]).astype(np.int32),
            "particle": np.concatenate([each.particle for each in self.rounds]).astype(np.int32),
            "iou": np.concatenate([each.iou for each in self.rounds]),
        }
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str], fingerprint: str) -> CellResult:
        """Read what `save` wrote.

        Raises
        ------
        FormatError
            If it is damaged, or of another study.
        """
        try:
            with open_archive(path) as archive:
                arrays = {name: archive.array(name) for name in archive.names}
            told = json.loads(arrays["told"].tobytes())
            if told["layout"] != LAYOUT or told["fingerprint"] != fingerprint:
                raise FormatError(f"{os.fspath(path)}: of another study, or of another version")
            return cls(
                cell=Cell(**told["cell"]),
                n_particles=told["n_particles"],
                rounds=tuple(_round(told["rounds"][i], arrays, i) for i in range(len(told["rounds"]))),
                **{name: tuple(told[name]) for name in ("test", "n_truth")},
                gained=tuple(map(tuple, told["gained"])),
            )
        except FormatError:
            raise
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
            raise FormatError(f"{os.fspath(path)}: no whole run of a study ({error})") from error


def _round(told: dict[str, Any], arrays: dict[str, npt.NDArray[Any]], i: int) -> Round:
    part = slice(arrays["indptr"][i], arrays["indptr"][i + 1])
    return Round(
        Costs(**told["costs"]),
        told["t_opt"],
        told["t"],
        Seconds(**told["seconds"]),
        arrays["probability"][part],
        arrays["micrograph"][part].astype(np.int64),
        arrays["particle"][part].astype(np.int64),
        arrays["iou"][part],
        MapFigures.from_dict(told.get("map")),
    )


COSTS = tuple(entry.name for entry in fields(Costs))
SECONDS = tuple(entry.name for entry in fields(Seconds))
