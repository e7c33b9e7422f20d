"""The filter bank and the small networks together: the one helps to teach the others, and their scores are added."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.micrograph import Micrograph
from motes.pickers.cache import FeatureCache
from motes.pickers.calibration import CALIBRATION_SHAPE, Calibration
from motes.pickers.detections import Detections
from motes.pickers.filterbank import FilterBankPicker
from motes.pickers.labelled import Labelled
from motes.pickers.networks.archive import pack, unpack
from motes.pickers.networks.base import UNKNOWN, Found, calibrated, proposed, some_of
from motes.pickers.networks.compact import CompactPicker
from motes.pickers.networks.crops import TURNS
from motes.pickers.networks.requirement import require_torch
from motes.pickers.networks.targets import Hints, frame_of, teach
from motes.pickers.padding import Border
from motes.pickers.picker import NotFittedError
from motes.pickers.saved import read_picker, write_picker

if TYPE_CHECKING:
    from motes.pickers.networks.lanes import Lanes

KIND, VERSION = "combined", 2
ENOUGH = 400  # labels: with as many, nothing else is taught as particles
SURE, DOUBTED = 0.9, 0.3  # probabilities: from there on a place may stand in for a label, or is no background
MEASURED = 4  # micrographs, at most, on which the spread of the two scores is measured


class CombinedPicker:
    """Picks particles by `FilterBankPicker` and `CompactPicker` together; needs torch.

    Both learn from the same labels. With fewer than 400, what the filter bank is sure of (0.9) on the training
    micrographs stands in for those that are missing when the networks learn, the likeliest first; and what it holds
    possible (0.3) is not taught as background. A score map is the sum of the two, each over its standard deviation on
    training micrographs, times the mean of these.

    Parameters
    ----------
    diameter : float, pixels of the micrograph
        Of the particles; at least 4.
    networks, steps, device, observer
        As for `CompactPicker`.
    cache : FeatureCache, optional
        As for `FilterBankPicker`.
    edge, border : optional
        As for both.

    Raises
    ------
    ImportError
        If torch is not installed.
    """

    diameter: float

    def __init__(
        self,
        diameter: float,
        *,
        networks: int = 2,
        steps: int = 450,
        cache: FeatureCache | None = None,
        edge: float | None = None,
        border: Border | None = None,
        device: str = "auto",
        observer: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        require_torch("CombinedPicker")
        self.compact = CompactPicker(
            diameter, networks=networks, steps=steps, edge=edge, border=border, device=device, observer=observer
        )
        self.diameter = self.compact.diameter
        self.bank = FilterBankPicker(diameter, cache=cache, edge=edge, border=border)
        self._spread: npt.NDArray[np.float64] | None = None  # (2,): standard deviations of the scores
        self._calibration = UNKNOWN

    def __copy__(self) -> CombinedPicker:
        """A copy with parts of its own: what the one learns, the other does not know."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__, bank=copy.copy(self.bank), compact=copy.copy(self.compact))
        return made

    def fit(self, labelled: Labelled, seed: int = 0) -> CombinedPicker:
        """Learn from labels; see `Picker.fit`."""
        from motes.pickers.networks.lanes import lanes

        self.bank.fit(labelled, seed)
        few = len(labelled.particles) < ENOUGH
        hints = hints_of(self.bank.predict(labelled.micrographs), labelled) if few else None
        self.compact.learn(labelled, seed, hints)
        taught = teach(labelled, self.compact.prepared)
        some = some_of([one for one in taught if len(one.places)], MEASURED)
        micrographs = {micrograph.name: micrograph for micrograph in labelled.micrographs}
        with lanes() as every:
            maps = [self._maps(micrographs[one.prepared.name], every, turns=2) for one in some]
            variances = [scores.var(axis=(1, 2), dtype=np.float64) for scores, _ in maps]
            self._spread = np.sqrt(np.mean(variances, axis=0)) + 1e-6
            found = [
                self._propose(micrographs[one.prepared.name], *own, self._spread)
                for one, own in zip(some, maps, strict=True)
            ]
        self._calibration = calibrated(some, found, labelled)
        return self

    def _maps(
        self, micrograph: Micrograph, every: Lanes, turns: int = TURNS
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """(2, h, w): scores of the two; and what the networks see."""
        scores, looks = self.compact.maps(self.compact.prepared(micrograph), every, turns)
        own, image = self.bank.score_map(micrograph)
        left, top = image.frame.corner
        other = np.full(scores.shape, own.min(), np.float32)  # where the bank has no features is padding
        other[top : top + own.shape[0], left : left + own.shape[1]] = own
        return np.stack([other, scores]), looks

    def predict(self, micrographs: Sequence[Micrograph]) -> Detections:
        """Propose every local maximum of the sum; see `Picker.predict`."""
        from motes.pickers.networks.lanes import lanes

        if self._spread is None:
            raise NotFittedError("CombinedPicker: fit or load it before it predicts")
        with lanes() as every:
            found = [self._propose(one, *self._maps(one, every), self._spread) for one in micrographs]
        return proposed(found, micrographs, self._calibration)

    def _propose(
        self, micrograph: Micrograph, scores: npt.NDArray[np.float32], looks: npt.NDArray[np.float32],
        spread: npt.NDArray[np.float64],
    ) -> Found:  # fmt: skip
        total = np.tensordot(spread.mean() / 2 / spread, scores, 1)
        prepared = self.compact.prepared(micrograph)
        return self.compact.propose(prepared, frame_of(prepared, micrograph), total, looks)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what both learned as .npz, whole or not at all."""
        if self._spread is None:
            raise NotFittedError("CombinedPicker: fit it before it is saved")
        parts = pack(self.bank, "bank/") | pack(self.compact, "compact/")
        write_picker(path, KIND, VERSION, {"scale": self._spread, "calibration": self._calibration.as_array(), **parts})

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, cache: FeatureCache | None = None, device: str = "auto"
    ) -> CombinedPicker:
        """Read what `save` wrote.

        Raises
        ------
        FormatError
            If it is no such file, of another version, or damaged.
        ImportError
            If torch is not installed.
        """
        require_torch("CombinedPicker")
        fixed = read_picker(path, KIND, VERSION, {"scale": (2,), "calibration": CALIBRATION_SHAPE})
        if fixed["scale"].min() <= 0:
            raise FormatError(f"{os.fspath(path)}: scale: expected positive spreads, got {fixed['scale']}")
        try:
            calibration = Calibration.from_array(fixed["calibration"])
        except ValueError as error:
            raise FormatError(f"{os.fspath(path)}: {error}") from error
        compact = unpack(lambda own: CompactPicker.load(own, device=device), "compact/", path)
        bank = unpack(lambda own: FilterBankPicker.load(own, cache=cache), "bank/", path)
        picker = cls(compact.diameter, networks=compact.networks, steps=compact.steps, border=compact.border)
        picker.compact, picker.bank = compact, bank
        picker._spread, picker._calibration = fixed["scale"], calibration
        return picker

    def __repr__(self) -> str:
        return f"<CombinedPicker: diameter {self.diameter:g}, {'not ' * (self._spread is None)}fitted>"


def hints_of(found: Detections, labelled: Labelled) -> Hints:
    """What a picker that learned from labels, fewer than enough, thinks of other places."""
    circles = found.circles
    assert circles.scores is not None
    likely = np.zeros(len(circles), bool)
    likely[np.argsort(-circles.scores, kind="stable")[: ENOUGH - len(labelled.particles)]] = True
    likely &= circles.scores >= SURE
    return Hints(circles[likely], circles[(circles.scores > DOUBTED) & ~likely])
