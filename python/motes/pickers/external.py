"""A picker that replays what another program has found: its users get queries and studies without changing programs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.checks import one_of, positive
from motes.circles import Circles
from motes.errors import FormatError
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz
from motes.kernels.matching import near_pairs
from motes.micrograph import Micrograph
from motes.pickers.detections import Detections
from motes.pickers.labelled import Labelled
from motes.picking.tables import on_micrographs
from motes.picks import Picks, read_picks

FloatArray: TypeAlias = npt.NDArray[np.float64]
Scores: TypeAlias = Literal["auto", "probability", "log-odds"]
ABOUT = 0.5  # IoU above which a label is about a pick
PRIOR = (
    1.0  # standard deviation of the shift, and of the logarithm of the slope, of a calibration that is not known yet
)
FARTHEST = 20.0  # log-odds beyond which a pick tells a calibration nothing more


class ExternalPicks:
    """Replays picks of crYOLO, Topaz or any other program from their coordinate files.

    Parameters
    ----------
    picks : Picks or path
        With scores. A path is read with `motes.read_picks`, whose options (a flipped y axis, a format) are to be had by
        calling it.
    diameter : float, pixels, optional
        Of the particles; by default the file's own, where that is one number.
    scores : "auto", "probability" or "log-odds"
        What the scores are. Log-odds become probabilities by the logistic function. By default those of a table of
        Topaz are log-odds, others probabilities.
    recalibrate : bool
        Whether `fit` adapts the probabilities to the labels by Platt's method: the log-odds are stretched and shifted,
        so that the order stays. It needs labels and rejected places (or complete micrographs) at picks; the fewer there
        are, the less it changes. What labels say was chosen by a query, so that such probabilities lean to those near
        its threshold.

    Raises
    ------
    ValueError
        If there are no scores, they are no probabilities though they should be, or the diameter is not known.

    Examples
    --------
    >>> import motes
    >>> from motes.pickers import ExternalPicks
    >>> sample = motes.sample.load()
    >>> picker = ExternalPicks(sample.picks["topaz"], diameter=27, scores="log-odds")
    >>> picker
    <ExternalPicks: 789 picks on 1 micrograph, diameter 27>
    """

    diameter: float

    def __init__(
        self,
        picks: Picks | str | os.PathLike[str],
        diameter: float | None = None,
        *,
        scores: Scores = "auto",
        recalibrate: bool = False,
    ) -> None:
        one_of("scores", scores, ("auto", "probability", "log-odds"))
        place = "picks" if isinstance(picks, Picks) else os.fspath(picks)
        found = picks if isinstance(picks, Picks) else read_picks(picks)
        self.diameter = _diameter(place, found) if diameter is None else positive("diameter", diameter)
        self.picks, self.scores, self.recalibrate = found, scores, recalibrate
        self._log_odds = _log_odds(place, found, scores)
        self._slope, self._shift = 1.0, 0.0

    def fit(self, labelled: Labelled, seed: int = 0) -> ExternalPicks:
        """Take note of the labels, if asked to recalibrate; what was learned before is forgotten."""
        self._slope, self._shift = 1.0, 0.0
        if self.recalibrate:
            log_odds, true = self._answered(labelled)
            if true.any() and not true.all():
                self._slope, self._shift = _platt(log_odds, true)
        return self

    def predict(self, micrographs: Sequence[Micrograph]) -> Detections:
        """Picks on these micrographs, by the stems of their names; one that the file does not name has none.

        Raises
        ------
        ValueError
            If the file names none of them, or a pick lies outside its micrograph.
        """
        circles, log_odds = self._on(micrographs)
        sides = np.array([micrograph.shape[::-1] for micrograph in micrographs])[circles.micrograph]
        outside = ((circles.centres < -0.5) | (circles.centres > sides - 0.5)).any(axis=1)
        if outside.any():
            at = int(np.argmax(outside))
            (x, y), (width, height) = circles.centres[at], sides[at]
            raise ValueError(
                f"picks: one of {micrographs[int(circles.micrograph[at])].name} is at ({x:g}, {y:g}), outside its "
                f"{width} x {height} pixels: of another scale or flip, or to be left out first"
            )
        probability = 1 / (1 + np.exp(-(self._slope * log_odds + self._shift)))
        scored = Circles(circles.centres, circles.radii, probability, indptr=circles.indptr)
        return Detections(scored, tuple(micrograph.name for micrograph in micrographs))

    def _on(self, micrographs: Sequence[Micrograph]) -> tuple[Circles, FloatArray]:
        names = [micrograph.name for micrograph in micrographs]
        circles, rows = on_micrographs("picks", self.picks, names, radius=self.diameter / 2)
        return circles, self._log_odds[rows]

    def _answered(self, labelled: Labelled) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Log-odds of picks that a label is about, and whether these hold a particle."""
        circles, log_odds = self._on(labelled.micrographs)
        true, false = np.zeros(len(circles), bool), labelled.complete[circles.micrograph]
        true[near_pairs(circles, labelled.particles.astype(np.float64), iou=ABOUT)[0]] = True
        false[near_pairs(circles, labelled.rejected.astype(np.float64), iou=ABOUT)[0]] = True
        known = true | false
        return np.clip(log_odds[known], -FARTHEST, FARTHEST), true[known]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write picks and calibration, whole or not at all."""
        told = {"micrographs": self.picks.micrographs, "recalibrate": self.recalibrate}
        arrays: dict[str, npt.NDArray[Any]] = {
            "external": np.frombuffer(json.dumps(told).encode(), np.uint8),
            "centres": np.stack([self.picks.x, self.picks.y], axis=1),
            "index": self.picks.index,
            "log_odds": self._log_odds,
            "numbers": np.array([self.diameter, self._slope, self._shift]),
        }
        write_npz(path, {name: array_table(array) for name, array in arrays.items()})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ExternalPicks:
        """Read what `save` wrote.

        Raises
        ------
        FormatError
            If it is no such file, or damaged.
        """
        place = os.fspath(path)
        with open_archive(path) as archive:
            if "external" not in archive.names:
                raise FormatError(f"{place}: holds no picks that were saved as a picker")
            arrays = {name: archive.array(name) for name in archive.names}
        try:
            told = json.loads(arrays["external"].tobytes())
            diameter, slope, shift = arrays["numbers"].tolist()
            x, y = arrays["centres"].T
            picks = Picks(x, y, score=arrays["log_odds"], micrographs=told["micrographs"], index=arrays["index"])
            picker = cls(picks, diameter, scores="log-odds", recalibrate=told["recalibrate"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{place}: damaged: {error}") from error
        picker._slope, picker._shift = slope, shift
        return picker

    def __repr__(self) -> str:
        n, m = len(self.picks), len(self.picks.micrographs)
        told = f"{n:,} pick{'s' * (n != 1)} on {m:,} micrograph{'s' * (m != 1)}, diameter {self.diameter:g}"
        calibrated = (self._slope, self._shift) != (1.0, 0.0)
        return f"<ExternalPicks: {told}{', recalibrated' if calibrated else ''}>"


def _diameter(place: str, picks: Picks) -> float:
    radii = np.unique(np.zeros(0) if picks.radius is None else picks.radius)
    if len(radii) != 1:
        told = "no radius" if len(radii) == 0 else f"radii {radii[0]:g} to {radii[-1]:g}"
        raise ValueError(f"{place}: holds {told}; give diameter")
    return 2 * float(radii[0])


def _log_odds(place: str, picks: Picks, scores: Scores) -> FloatArray:
    if picks.score is None:
        if len(picks):
            raise ValueError(f"{place}: holds no scores, so no probabilities")
        return np.zeros(0)
    if scores == "log-odds" or (scores == "auto" and picks.format == "topaz"):
        return picks.score
    outside = (picks.score < 0) | (picks.score > 1)
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(
            f'{place}: score {picks.score[row]:g} at row {row} is no probability; scores="log-odds" says what it is'
        )
    with np.errstate(divide="ignore"):
        found: FloatArray = np.log(picks.score) - np.log1p(-picks.score)
    return found


def _platt(log_odds: FloatArray, true: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and shift of the highest posterior: the likelihood of the answers, the logarithm of the slope about 0."""
    from scipy.optimize import minimize

    sign = np.where(true, 1.0, -1.0)

    def loss(at: FloatArray) -> tuple[float, FloatArray]:
        slope = np.exp(at[0])
        margin = sign * (slope * log_odds + at[1])
        pull = -sign / (1 + np.exp(margin))
        value = np.logaddexp(0, -margin).sum() + (at @ at) / (2 * PRIOR**2)
        return float(value), np.array([pull @ log_odds * slope, pull.sum()]) + at / PRIOR**2

    logarithm, shift = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-5, 5), (-30, 30)]).x
    return float(np.exp(logarithm)), float(shift)
