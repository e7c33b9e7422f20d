"""The picker of seed 001: PhosaurusNet with a YOLO head, from its table and the published literature."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes.checks import positive, whole
from motes.circles import Circles
from motes.devices import device_name
from motes.kernels.suppression import suppress
from motes.micrograph import Micrograph
from motes.pickers.calibration import CALIBRATION_SHAPE, Calibration
from motes.pickers.candidates import DISTANCE
from motes.pickers.detections import Detections
from motes.pickers.edges import label_edge
from motes.pickers.labelled import Labelled
from motes.pickers.networks.archive import Tables, border_of, load_weights, numbers_of, read_or_tell, weights_of
from motes.pickers.networks.base import UNKNOWN, Found, PreparedStore, calibrated, proposed, some_of, standard
from motes.pickers.networks.batches import batches
from motes.pickers.networks.crops import Crop
from motes.pickers.networks.grid import cells, with_weights
from motes.pickers.networks.phosaurus_table import DEEPEST, LAST, STRIDE, filters
from motes.pickers.networks.requirement import require_torch
from motes.pickers.networks.targets import Taught, on_mask, teach, weights
from motes.pickers.padding import Border, check_border
from motes.pickers.picker import NotFittedError
from motes.pickers.preparation import Prepared, check_diameter, prepare
from motes.pickers.saved import read_picker, write_picker
from motes.picking.edges import away_from_edges

if TYPE_CHECKING:
    from motes.pickers.networks.phosaurus_net import PhosaurusNet

KIND, VERSION = "phosaurus", 2
WARM = 1 / 3  # of the steps, where an earlier fit is gone on with
SETTLING = 16  # micrographs, at most, whose statistics batch normalisation takes


class PhosaurusPicker:
    """Picks particles with PhosaurusNet, table 2-1 of seed 001; needs torch, and at full width a GPU.

    Micrographs are down-sampled to `longest` pixels and looked at in cells of 16 x 16 of them, each of which says where
    in it a particle has its centre, how large it is, and how sure that is. Labels may be partial.

    Parameters
    ----------
    diameter : float, pixels of the micrograph
        Of the particles: the side of the anchor box.
    width : float
        Every number of filters is multiplied with it; 1 is the table's network, 50 million weights.
    longest : int, pixels
        The most that the longer side of a micrograph has after down-sampling.
    crop : int, pixels
        Side of the down-sampled squares that it is trained on; a multiple of 32.
    batch, steps : int
        Squares a step, and steps.
    edge, border : optional
        As for `CompactPicker`.
    warm_start : bool
        A second `fit` goes on from the first with a third of the steps, instead of starting from scratch.
    device : {"auto", "cpu", "cuda", "cuda:1"}
        "auto": a GPU where there is one. It was trained on CPUs; the GPU path has not been run on hardware yet.
    observer : function, optional
        Called after each step of the training with {"step", "steps", "loss"}: for a progress bar.

    Raises
    ------
    ImportError
        If torch is not installed.

    Notes
    -----
    Bits are as reproducible as those of `CompactPicker`. The anchor box is as wide as a particle and there is one, so
    two particles with their centres in one cell are seen as one.

    Examples
    --------
    >>> import motes
    >>> from motes import picking
    >>> from motes.pickers import Labelled, PhosaurusPicker
    >>> sample = motes.sample.load()
    >>> particles, _ = picking.circles_of(sample.particles, radius=13.5)
    >>> picker = PhosaurusPicker(27, width=0.02, crop=64, steps=2)  # far too few: an example
    >>> picker.fit(Labelled([sample.micrograph], particles[:70]))
    <PhosaurusPicker: diameter 27, width 0.02, fitted>
    """

    diameter: float

    def __init__(
        self,
        diameter: float,
        *,
        width: float = 1.0,
        longest: int = 1024,
        crop: int = 1024,
        batch: int = 4,
        steps: int = 1000,
        edge: float | None = None,
        border: Border | None = None,
        warm_start: bool = False,
        device: str = "auto",
        observer: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        require_torch("PhosaurusPicker")
        self.diameter, self.width = check_diameter(diameter), positive("width", width)
        self.longest, self.crop = whole("longest", longest, DEEPEST), whole("crop", crop, DEEPEST)
        if self.crop % DEEPEST:
            raise ValueError(f"crop: expected a multiple of {DEEPEST}, got {self.crop}")
        self.batch, self.steps = whole("batch", batch, 1), whole("steps", steps, 2)
        self.edge = None if edge is None else positive("edge", edge)
        self.border = None if border is None else check_border(border)
        self.warm_start = bool(warm_start)
        self.observer = observer
        self.device = device_name(device)
        self._network: PhosaurusNet | None = None
        # (2, F): mean and deviation of layer 22 at labels
        self._looks: npt.NDArray[np.float32] = np.array([[0], [1]], np.float32)
        self._edge, self._calibration = 0.0, UNKNOWN
        self._use(1)

    def _use(self, binning: int) -> None:
        """Down-sample by this from now on."""
        self.binning = binning
        self.prepared = PreparedStore(
            partial(
                prepare, diameter=self.diameter, border="auto" if self.border is None else self.border, binning=binning
            )
        )

    def fit(self, labelled: Labelled, seed: int = 0) -> PhosaurusPicker:
        """Learn from labels; see `Picker.fit`.

        How much is down-sampled follows from the largest of these micrographs.

        Raises
        ------
        ValueError
            If there is no label, all are on padding, a micrograph can not be prepared, or particles become smaller than
            half a cell.
        """
        import torch

        from motes.pickers.networks.lanes import lanes
        from motes.pickers.networks.norm import settle
        from motes.pickers.networks.phosaurus_net import PhosaurusNet
        from motes.pickers.networks.seeding import seeded
        from motes.pickers.networks.training import Schedule, train
        from motes.pickers.networks.yolo_loss import yolo_loss

        seed = whole("seed", seed, 0)
        before = self._network if self.warm_start else None
        if before is None:
            largest = max(max(micrograph.shape) for micrograph in labelled.micrographs)
            self._use(_binning(largest, self.longest))
        anchor = self.diameter / self.binning
        if anchor < STRIDE / 2:
            raise ValueError(
                f"diameter: {self.diameter:g} pixels become {anchor:.3g} where the longer side has {self.longest}, "
                f"expected at least {STRIDE // 2}: a larger `longest`"
            )
        if len(labelled.particles):
            self.prepared.fill(labelled.micrographs)
        taught = teach(labelled, self.prepared)
        steps = self.steps if before is None else max(2, round(WARM * self.steps))
        with lanes() as every:
            with seeded(seed):
                network = copy.deepcopy(before) if before is not None else PhosaurusNet(self.width)
            images = [one.prepared.image[None] for one in taught]
            target = partial(_target, taught, anchor)
            data = batches(taught, images, target, crops=self.batch, parts=self.batch, side=self.crop, seed=seed)
            loss = partial(yolo_loss, anchor=anchor / STRIDE)
            train(
                network, data, loss, Schedule(steps), every=every, seed=seed, device=self.device,
                observer=self.observer,
            )  # fmt: skip
            settle(network, (torch.from_numpy(_input(one.prepared)) for one in some_of(taught, SETTLING)))
            self._network = network
            self._edge = label_edge(labelled, self.diameter) if self.edge is None else self.edge
            self._measure(taught, labelled)
        return self

    def _measure(self, taught: Sequence[Taught], labelled: Labelled) -> None:
        """Look at training micrographs: what is seen at labels and rejected places, what scores are worth."""
        seen, found = [], []
        some = some_of([one for one in taught if len(one.places)], SETTLING)
        for one in some:
            output, looks = self._answer(one.prepared)
            found.append(self._propose(one.prepared, one.frame.shape, output, looks))
            limits = np.array(looks.shape[:0:-1]) - 1
            x, y = np.clip((one.places + 0.5) // STRIDE, 0, limits).astype(np.int64).T
            seen.append(looks[:, y, x])
        self._looks = standard(np.concatenate(seen, axis=1))
        self._calibration = calibrated(some, found, labelled)

    def _answer(self, prepared: Prepared) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Channels (6, h', w') of every cell, and what layer 22 sees, (F, h', w')."""
        import torch

        from motes.pickers.networks.lanes import device_of

        network, device = self._network, device_of(self.device)
        assert network is not None
        network.to(device)
        with torch.no_grad():
            looks = network.features(torch.from_numpy(_input(prepared)).to(device))
            output = network.detection(looks)
        return output[0].cpu().numpy(), looks[0].cpu().numpy()

    def predict(self, micrographs: Sequence[Micrograph]) -> Detections:
        """Propose the box of every cell, unless a better one is close; see `Picker.predict`."""
        from motes.pickers.networks.lanes import lanes

        if self._network is None:
            raise NotFittedError("PhosaurusPicker: fit or load it before it predicts")
        self.prepared.fill(micrographs)
        with lanes() as every:
            found = every.map(self._candidates, micrographs)
        return proposed(found, micrographs, self._calibration)

    def _candidates(self, micrograph: Micrograph) -> Found:
        prepared = self.prepared(micrograph)
        return self._propose(prepared, micrograph.shape, *self._answer(prepared))

    def _propose(
        self,
        prepared: Prepared,
        shape: tuple[int, int],
        output: npt.NDArray[np.float32],
        looks: npt.NDArray[np.float32],
    ) -> Found:
        """The boxes of all cells, less those close to a better one."""
        rows, columns = np.indices(output.shape[1:])
        x, y = (
            start + 1 / (1 + np.exp(-t)) for start, t in zip((columns, rows), output[:2].astype(float), strict=True)
        )
        places = np.stack([x.ravel(), y.ravel()], axis=1) * STRIDE - 0.5
        scores = output[4].ravel().astype(np.float64)
        every = Circles(prepared.to_micrograph(places), self.diameter / 2, scores)
        kept = np.flatnonzero(away_from_edges(every, shape, self._edge) & on_mask(prepared, places))
        kept = kept[suppress(every[kept], distance=DISTANCE * self.diameter, threads=1)]
        mean, deviation = self._looks
        return every[kept], (looks.reshape(len(looks), -1)[:, kept].T - mean) / deviation

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learned as .npz, whole or not at all."""
        if self._network is None:
            raise NotFittedError("PhosaurusPicker: fit it before it is saved")
        numbers = [
            self.diameter, self.width, self.binning, self._edge,
            self.longest, self.crop, self.batch, self.steps, *numbers_of(self.border),
            -1 if self.edge is None else self.edge,
        ]  # fmt: skip
        tables: Tables = {
            "numbers": np.array(numbers, np.float64),
            "looks": self._looks,
            "calibration": self._calibration.as_array(),
        }
        write_picker(path, KIND, VERSION, tables | weights_of(self._network, "network."))

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "auto") -> PhosaurusPicker:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path
        device : str
            As that of a new picker.

        Raises
        ------
        FormatError
            If it is no such file, of another version, or damaged.
        ImportError
            If torch is not installed.
        """
        require_torch("PhosaurusPicker")
        picker = read_or_tell(cls._read, path)
        picker.device = device_name(device)
        return picker

    @classmethod
    def _read(cls, path: str | os.PathLike[str]) -> PhosaurusPicker:
        import torch

        from motes.pickers.networks.phosaurus_net import PhosaurusNet

        fixed = read_picker(path, KIND, VERSION, {"numbers": (13,), "calibration": CALIBRATION_SHAPE})
        diameter, width, binning, edge, longest, crop, batch, steps, *border, asked = fixed["numbers"].tolist()
        picker = cls(
            diameter, width=width, longest=int(longest), crop=int(crop), batch=int(batch), steps=int(steps),
            border=border_of(border), edge=None if asked < 0 else asked,
        )  # fmt: skip
        picker._use(whole("binning", int(binning), 1))
        shape = 2, filters(width)[LAST]
        picker._looks = read_picker(path, KIND, VERSION, {"looks": shape})["looks"].astype(np.float32)
        with torch.device("meta"):  # shapes alone: the file's own arrays take their place
            network = PhosaurusNet(width)
        load_weights(network, "network.", path, KIND, VERSION)
        picker._network, picker._edge = network, edge
        picker._calibration = Calibration.from_array(fixed["calibration"])
        return picker

    def __repr__(self) -> str:
        fitted = "not " * (self._network is None)
        return f"<PhosaurusPicker: diameter {self.diameter:g}, width {self.width:g}, {fitted}fitted>"


def _binning(side: int, most: int) -> int:
    """The least binning, 1 or an even number, that leaves at most so many pixels."""
    least = math.ceil(side / most)
    return least if least == 1 else least + least % 2


def _input(prepared: Prepared) -> npt.NDArray[np.float32]:
    """(1, 1, h, w): sides up to multiples of 32, with 0 beyond the micrograph."""
    return np.pad(prepared.image, [(0, -side % DEEPEST) for side in prepared.image.shape])[None, None]


def _target(taught: Sequence[Taught], anchor: float, crops: Sequence[Crop]) -> npt.NDArray[np.float32]:
    """What the cells of a batch of crops are taught."""
    targets, classes = zip(
        *(
            cells(
                crop.side,
                crop.place(one.particles),
                one.sizes,
                crop.place(one.rejected),
                anchor=anchor,
                complete=one.complete,
                mask=crop.cut(one.prepared.mask),
            )
            for crop, one in ((crop, taught[crop.micrograph]) for crop in crops)
        ),
        strict=True,
    )
    return with_weights(np.stack(targets), weights(np.stack(classes)))
