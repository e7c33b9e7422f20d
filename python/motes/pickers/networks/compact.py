"""A picker that is a small network: learns in a minute on two processor cores what filters can not say."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes.checks import positive, whole
from motes.devices import device_name
from motes.micrograph import Micrograph
from motes.pickers.calibration import CALIBRATION_SHAPE, Calibration
from motes.pickers.candidates import candidates
from motes.pickers.detections import Detections
from motes.pickers.edges import label_edge
from motes.pickers.frame import Frame
from motes.pickers.labelled import Labelled
from motes.pickers.networks.archive import Tables, border_of, load_weights, numbers_of, read_or_tell, weights_of
from motes.pickers.networks.base import UNKNOWN, Found, PreparedStore, calibrated, proposed, some_of, standard
from motes.pickers.networks.batches import Part, batches
from motes.pickers.networks.crops import TURNS, Crop, turned
from motes.pickers.networks.inputs import CHANNELS, channels
from motes.pickers.networks.requirement import require_torch
from motes.pickers.networks.targets import Hints, Taught, frame_of, teach, weights
from motes.pickers.padding import Border, check_border
from motes.pickers.picker import NotFittedError
from motes.pickers.preparation import Prepared, check_diameter, prepare
from motes.pickers.saved import read_picker, write_picker

if TYPE_CHECKING:
    from motes.pickers.networks.lanes import Lanes
    from motes.pickers.networks.unet import UNet

KIND, VERSION = "compact", 2
WIDTHS = (16, 32, 64)
CROPS, PARTS, SIDE = 16, 2, 64  # a batch: crops, parts that may run at the same time, and binned pixels along a side
SMOOTHING = 0.074  # diameters: of the score map
WARM = 1 / 3  # of the steps, where an earlier fit is gone on with
SETTLING = 16  # micrographs, at most, whose statistics batch normalisation takes
SETTLING_SIDE = 448  # binned pixels
MEASURED = 8  # micrographs, at most, that are looked at after training


class CompactPicker:
    """Picks particles by small U-Nets on down-sampled micrographs; needs torch.

    Labels may be partial: a particle without one is not taught as background. Crops are turned, mirrored, made
    brighter, darker and noisier; predictions are means over 8 turns and mirrors and over the networks.

    Parameters
    ----------
    diameter : float, pixels of the micrograph
        Of the particles; at least 4.
    networks : int
        How many are trained; every second one is also shown how much the image varies around each pixel. Where they
        differ most is where one would be wrong: of two kinds, the better one changes from micrograph to micrograph.
    steps : int
        Of the training of each.
    widths : sequence of int
        Channels of the levels of each network.
    edge : float, pixels, optional
        No centre is proposed closer than this to an edge of the micrograph. By default as close as the labels suggest.
    border : (int, int, int, int), pixels, optional
        Padding of every micrograph, as `prepare` takes it. By default it is looked for.
    warm_start : bool
        A second `fit` goes on from the first with a third of the steps, instead of starting from scratch.
    device : {"auto", "cpu", "cuda", "cuda:1"}
        "auto": a GPU where there is one. The GPU path has not been run on hardware yet.
    observer : function, optional
        Called after each step of the training with {"step", "steps", "loss", "network"}: for a progress bar.

    Raises
    ------
    ImportError
        If torch is not installed.

    Notes
    -----
    The same labels, seed and version of torch give the same bits on the same kind of processor, for any number of
    threads: each operation of torch runs on one, and parts of a batch, always the same, run side by side.

    Examples
    --------
    >>> import motes
    >>> from motes import picking
    >>> from motes.pickers import CompactPicker, Labelled
    >>> sample = motes.sample.load()
    >>> particles, _ = picking.circles_of(sample.particles, radius=13.5)
    >>> picker = CompactPicker(27, networks=1, steps=2, widths=(4, 8))  # far too few: an example
    >>> picker.fit(Labelled([sample.micrograph], particles[:70]))
    <CompactPicker: diameter 27, fitted>
    """

    diameter: float

    def __init__(
        self,
        diameter: float,
        *,
        networks: int = 2,
        steps: int = 300,
        widths: Sequence[int] = WIDTHS,
        edge: float | None = None,
        border: Border | None = None,
        warm_start: bool = False,
        device: str = "auto",
        observer: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        require_torch("CompactPicker")
        self.diameter = check_diameter(diameter)
        self.networks, self.steps = whole("networks", networks, 1), whole("steps", steps, 2)
        self.widths = tuple(whole("widths", width, 1) for width in widths)
        if len(self.widths) < 2:
            raise ValueError(f"widths: expected at least two levels, got {len(self.widths)}")
        self.edge = None if edge is None else positive("edge", edge)
        self.border = None if border is None else check_border(border)
        self.warm_start = bool(warm_start)
        self.observer = observer
        self.device = device_name(device)
        self.prepared = PreparedStore(
            lambda micrograph: prepare(micrograph, self.diameter, border="auto" if border is None else border)
        )
        self._trained: list[UNet] | None = None
        # (2, F): mean and deviation of what the coarsest levels see at labels
        self._looks: npt.NDArray[np.float32] = np.array([[0], [1]], np.float32)
        self._edge, self._calibration = 0.0, UNKNOWN

    def fit(self, labelled: Labelled, seed: int = 0) -> CompactPicker:
        """Learn from labels; see `Picker.fit`.

        Raises
        ------
        ValueError
            If there is no label, all are on padding, or a micrograph can not be prepared.
        """
        return self.learn(labelled, seed, None)

    def learn(self, labelled: Labelled, seed: int, hints: Hints | None) -> CompactPicker:
        """Learn from labels, and from what another picker thinks where there are none."""
        import torch

        from motes.pickers.networks.lanes import lanes
        from motes.pickers.networks.norm import settle

        seed = whole("seed", seed, 0)
        if len(labelled.particles):
            self.prepared.fill(labelled.micrographs)
        taught = teach(labelled, self.prepared, hints)
        images = [channels(one.prepared, self.diameter) for one in taught]
        classes = [one.pixels(self.diameter / one.prepared.binning) for one in taught]

        def target(crops: Sequence[Crop]) -> npt.NDArray[np.float32]:
            return weights(np.stack([crop.cut(classes[crop.micrograph]) for crop in crops]))

        before = self._trained if self.warm_start else None
        with lanes() as every:
            trained = []
            for k in range(self.networks):
                data = batches(taught, images, target, crops=CROPS, parts=PARTS, side=self._side(), seed=[seed, k])
                network = self._train(None if before is None else before[k], data, [seed, k], every)
                settle(network, (torch.from_numpy(view) for view in _views(taught, images, self._multiple())))
                trained.append(network)
            self._trained = trained
            self._edge = label_edge(labelled, self.diameter) if self.edge is None else self.edge
            self._measure(taught, labelled, every)
        return self

    def _side(self) -> int:
        """Of a crop: a multiple of what the network divides its input by."""
        return max(SIDE // self._multiple(), 2) * self._multiple()

    def _train(self, before: UNet | None, data: Iterator[list[Part]], seed: list[int], every: Lanes) -> UNet:
        """One network, from scratch or from what it was before."""
        from motes.pickers.networks.balanced_loss import balanced_loss
        from motes.pickers.networks.seeding import seeded
        from motes.pickers.networks.training import Schedule, train
        from motes.pickers.networks.unet import UNet

        with seeded(seed):
            network = UNet(_channels_of(seed[1]), self.widths) if before is None else copy.deepcopy(before)
        steps = self.steps if before is None else max(2, round(WARM * self.steps))
        observer = self.observer
        told = None if observer is None else lambda record: observer({**record, "network": seed[1]})
        train(network, data, balanced_loss, Schedule(steps), every=every, seed=seed, device=self.device, observer=told)
        return network

    def _measure(self, taught: Sequence[Taught], labelled: Labelled, every: Lanes) -> None:
        """Look at training micrographs: what is seen at labels and rejected places, what scores are worth."""
        seen, found = [], []
        some = some_of([one for one in taught if len(one.places)], MEASURED)
        for one in some:
            scores, looks = self.maps(one.prepared, every, turns=2)
            found.append(self.propose(one.prepared, one.frame, scores, looks))
            limits = np.array(looks.shape[:0:-1]) - 1
            x, y = np.clip(one.places // self._multiple(), 0, limits).astype(np.int64).T
            seen.append(looks[:, y, x])
        self._looks = standard(np.concatenate(seen, axis=1))
        self._calibration = calibrated(some, found, labelled)

    def predict(self, micrographs: Sequence[Micrograph]) -> Detections:
        """Propose every local maximum of the score map; see `Picker.predict`."""
        from motes.pickers.networks.lanes import lanes

        if self._trained is None:
            raise NotFittedError("CompactPicker: fit or load it before it predicts")
        self.prepared.fill(micrographs)
        with lanes() as every:
            found = [
                self.propose(prepared, frame_of(prepared, micrograph), *self.maps(prepared, every))
                for micrograph, prepared in ((one, self.prepared(one)) for one in micrographs)
            ]
        return proposed(found, micrographs, self._calibration)

    def maps(
        self, prepared: Prepared, every: Lanes, turns: int = TURNS
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Log-odds (h, w) of every binned pixel, and what the coarsest levels of all networks see, (F, h', w')."""
        from motes.pickers.networks.lanes import device_of
        from motes.pickers.networks.turning import averaged

        if self._trained is None:
            raise NotFittedError("CompactPicker: fit or load it before it predicts")
        image = channels(prepared, self.diameter)
        device, scores, looks = device_of(self.device), [], []
        for network in self._trained:
            network.to(device)
            score, coarse = averaged(
                network.both, image, strides=(1, network.multiple), margin=8 * network.multiple,
                every=every, turns=turns, device=device,
            )  # fmt: skip
            network.to("cpu")
            scores.append(score[0])
            looks.append(coarse)
        return np.mean(scores, axis=0), np.concatenate(looks)

    def propose(
        self, prepared: Prepared, frame: Frame, scores: npt.NDArray[Any], looks: npt.NDArray[np.float32]
    ) -> Found:
        """Candidates of a score map, with their appearance; `maps` gives both."""
        from scipy import ndimage

        smooth = ndimage.gaussian_filter(scores, SMOOTHING * self.diameter / prepared.binning)
        found, pixels = candidates(smooth[prepared.inside], frame, self.diameter, self._edge)
        x, y = ((pixels + frame.corner) // self._multiple()).T
        mean, deviation = self._looks
        return found, (looks[:, y, x].T - mean) / deviation

    def _multiple(self) -> int:
        return 1 << (len(self.widths) - 1)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learned as .npz, whole or not at all."""
        if self._trained is None:
            raise NotFittedError("CompactPicker: fit it before it is saved")
        numbers = [
            self.diameter, self.networks, self.steps, self._edge, len(self.widths),
            *numbers_of(self.border), -1 if self.edge is None else self.edge,
        ]  # fmt: skip
        tables: Tables = {
            "numbers": np.array(numbers, np.float64),
            "widths": np.array(self.widths, np.float64),
            "looks": self._looks,
            "calibration": self._calibration.as_array(),
        }
        for k, network in enumerate(self._trained):
            tables |= weights_of(network, f"{k}.")
        write_picker(path, KIND, VERSION, tables)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "auto") -> CompactPicker:
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
        require_torch("CompactPicker")
        picker = read_or_tell(cls._read, path)
        picker.device = device_name(device)
        return picker

    @classmethod
    def _read(cls, path: str | os.PathLike[str]) -> CompactPicker:
        import torch

        from motes.pickers.networks.unet import UNet

        fixed = read_picker(path, KIND, VERSION, {"numbers": (10,), "calibration": CALIBRATION_SHAPE})
        diameter, networks, steps, edge, levels, *border, asked = fixed["numbers"].tolist()
        widths = read_picker(path, KIND, VERSION, {"widths": (int(levels),)})["widths"]
        picker = cls(
            diameter, networks=int(networks), steps=int(steps), widths=[int(width) for width in widths],
            border=border_of(border), edge=None if asked < 0 else asked,
        )  # fmt: skip
        shape = 2, picker.networks * picker.widths[-1]
        picker._looks = read_picker(path, KIND, VERSION, {"looks": shape})["looks"].astype(np.float32)
        with torch.device("meta"):  # shapes alone: the file's own arrays take their place
            trained = [UNet(_channels_of(k), picker.widths) for k in range(picker.networks)]
        for k, network in enumerate(trained):
            load_weights(network, f"{k}.", path, KIND, VERSION)
        picker._trained, picker._edge = trained, edge
        picker._calibration = Calibration.from_array(fixed["calibration"])
        return picker

    def __repr__(self) -> str:
        return f"<CompactPicker: diameter {self.diameter:g}, {'not ' * (self._trained is None)}fitted>"


def _channels_of(network: int) -> int:
    """How many channels the networks look at: the image alone, all, the image alone, and so on."""
    return CHANNELS if network % 2 else 1


def _views(
    taught: Sequence[Taught], images: Sequence[npt.NDArray[np.float32]], multiple: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Parts of the micrographs as they are, without padding, each turned in another way; (1, C, h, w)."""
    pairs = list(zip(taught, images, strict=True))
    for number, (one, image) in enumerate(some_of(pairs, SETTLING)):
        rows, columns = one.prepared.inside
        view = image[:, rows, columns][:, :SETTLING_SIDE, :SETTLING_SIDE]
        view = np.pad(view, [(0, 0), *((0, -side % multiple) for side in view.shape[1:])], mode="symmetric")
        yield np.ascontiguousarray(turned(view, number % 8))[None]
