"""More micrographs of a study's simulation, on which nobody asks: what a model's picks make of a map there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from motes.kernels.matching import Matches
from motes.micrograph import images_of
from motes.picks import Picks, read_picks
from motes.resolution import map_of_picks, resolution_at
from motes.simulate import Micrographs, micrographs, write_micrographs
from motes.simulate.cryoem.aspire import import_aspire
from motes.study.cellresult import Found
from motes.study.data import TRUTH, DataSet, aligned
from motes.study.maps import MapFigures, MapSettings
from motes.study.metrics import figures
from motes.study.sources import Data, SimulatedData

DRAWN = 0x3A95  # so that no other micrographs of a study have this seed
FEWEST = 20  # picks that a map is made of


@dataclass(frozen=True, eq=False)
class Field:
    """Micrographs for maps, the same for every run of a study.

    Attributes
    ----------
    settings : MapSettings
    data : DataSet
        The micrographs and their particles.
    truth : Picks
        The same particles with orientations and defocus.
    pixel_size : float, angstrom
    """

    settings: MapSettings
    data: DataSet
    truth: Picks
    pixel_size: float

    @property
    def rows(self) -> Sequence[int]:
        """All of its micrographs."""
        return range(len(self.data.paths))

    def measure(self, t_opt: float, matches: Matches, seed: int) -> MapFigures:
        """Map and metrics of what a model found here.

        Parameters
        ----------
        t_opt : float
            Picks at it or above are put into the map; NaN: none.
        matches : Matches
            Of every pick on all micrographs.
        seed : int
            Of the halves, and of the orientations of false picks.
        """
        found, n_truth = Found.from_matches(t_opt, matches), len(self.truth)
        told = figures(found, tuple(np.diff(self.data.truth.indptr).tolist()))
        chosen = matches.picks[found.probability >= t_opt]
        box = _box(self.settings, self.data.diameter)
        x, y = chosen.centres.T
        places = Picks(x, y, micrographs=self.data.names, index=chosen.micrograph)
        shapes = np.array([micrograph.shape[::-1] for micrograph in self.data.micrographs(self.rows)])[places.index]
        whole = ((chosen.centres >= box / 2) & (chosen.centres <= shapes - box / 2 - 1)).all(axis=1)
        within = np.flatnonzero(whole)  # the others have no whole box
        n = len(within)
        if n < FEWEST:
            return MapFigures(np.inf, n, 0, n_truth, told)
        made = map_of_picks(
            places[within],
            self.truth,
            dict(zip(self.data.names, self.data.paths, strict=True)),
            diameter=self.data.diameter,
            box=box,
            downsample=self.settings.side,
            seed=seed,
            engine=self.settings.engine,
            threads=1,
        )
        value = resolution_at(made.curve, self.settings.threshold).value
        curve = (tuple(np.round(each, 6).tolist()) for each in (made.curve.frequency, made.curve.correlation))
        return MapFigures(value, made.n, made.n_true, n_truth, told, *curve)


def check_field(data: Data, settings: MapSettings) -> None:
    """Refuse what can make no map, before the work.

    Raises
    ------
    ValueError
        If the source is no simulation, or one of several species, or images would be larger than their box.
    ImportError
        If the engine is not installed.
    """
    drawn = _drawn(data, settings)
    if len(drawn.settings.species) > 1:
        told = ", ".join(drawn.settings.species)
        raise ValueError(f"resolution: needs one species, of which a map can be made, got {told}")
    box = _box(settings, drawn.diameter)
    if settings.side is not None and settings.side > box:
        raise ValueError(f"resolution.side: expected at most the box, {box} pixels, got {settings.side}")
    if settings.engine == "aspire":
        import_aspire()


def draw_field(data: Data, settings: MapSettings, folder: Path) -> Field:
    """Draw the micrographs, once: those that are there are used again.

    Raises
    ------
    ImportError
        If mrcfile is not installed.
    """
    drawn = _drawn(data, settings)
    told = sha256(repr((drawn.settings, drawn.seed)).encode()).hexdigest()[:8]
    home = folder / f"maps-{told}"
    home.mkdir(parents=True, exist_ok=True)
    if not (home / TRUTH).exists():  # written last
        write_micrographs(home, drawn)
    truth = read_picks(home / TRUTH)
    own = aligned("for maps", images_of(home), truth, drawn.diameter)
    return Field(settings, own, truth, drawn.settings.pixel_size)


def longest(data: Data, settings: MapSettings) -> float:
    """The longest period that a map shows, angstrom: what a run without a resolution counts as."""
    drawn = _drawn(data, settings)
    return _box(settings, drawn.diameter) * drawn.settings.pixel_size


def _drawn(data: Data, settings: MapSettings) -> Micrographs:
    if not isinstance(data, SimulatedData):
        raise ValueError(
            f'resolution: needs data.source = "simulation", where orientations are known, got "{data.source}"'
        )
    seed = int(np.random.SeedSequence([DRAWN, data.seed]).generate_state(1)[0])
    return micrographs(data.preset, settings.micrographs, seed, name="map", **data.options)


def _box(settings: MapSettings, diameter: float) -> int:
    """Side of the extracted images, pixels: even."""
    return 2 * int(np.ceil(settings.box * diameter / 2))
