"""A picker that needs no network: filter features, their squares, and one linear classifier."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np
import numpy.typing as npt

from motes.checks import not_negative, whole
from motes.circles import Circles
from motes.devices import Device, device_of
from motes.errors import FormatError
from motes.micrograph import Micrograph
from motes.pickers.cache import FeatureCache
from motes.pickers.calibration import CALIBRATION_SHAPE, Calibration
from motes.pickers.candidates import candidates, detections, worth
from motes.pickers.detections import Detections
from motes.pickers.edges import label_edge
from motes.pickers.features import N_PLANES, VERSION, Features
from motes.pickers.labelled import Labelled
from motes.pickers.linear import APPEARANCE, LinearModel, learn
from motes.pickers.padding import Border, check_border
from motes.pickers.picker import NotFittedError
from motes.pickers.preparation import check_diameter
from motes.pickers.sampling import draw
from motes.pickers.saved import read_picker, write_picker
from motes.threads import available_threads, one_blas_thread

FloatArray = npt.NDArray[np.float64]

SMOOTHING = 0.104  # diameters: of the score map
KIND = "filter bank"
MODEL_SHAPES = {
    "linear": (N_PLANES,), "square": (N_PLANES,), "intercept": (1,), "mean": (N_PLANES,), "deviation": (N_PLANES,),
    "directions": (N_PLANES, APPEARANCE),
}  # fmt: skip
CALIBRATED = 10  # micrographs, at most, whose candidates are looked at to tell what a score is worth


class FilterBankPicker:
    """Picks particles by filter features; fits in a second, with as few as one label.

    Parameters
    ----------
    diameter : float, pixels of the micrograph
        Of the particles; at least 4.
    cache : FeatureCache, optional
        Where features are kept between rounds; pickers may share one. By default one of its own.
    edge : float, pixels, optional
        No centre is proposed closer than this to an edge of the micrograph. By default as close as the labels suggest:
        half a diameter to one and a fifth.
    border : (int, int, int, int), pixels, optional
        Rows of padding at the top and the bottom, columns at the left and the right of every micrograph. By default
        they are looked for.
    device : {"cpu", "cuda", "cuda:1", "auto"}
        Where the maxima of score maps are looked for; features are the processor's. The same are found anywhere.
        Compiled, not yet run on hardware.

    Examples
    --------
    >>> import motes
    >>> from motes import picking
    >>> from motes.pickers import FilterBankPicker, Labelled
    >>> sample = motes.sample.load()
    >>> particles, _ = picking.circles_of(sample.particles, radius=13.5)
    >>> picker = FilterBankPicker(27).fit(Labelled([sample.micrograph], particles[::9]))
    >>> found = picker.predict([sample.micrograph])
    >>> float(round(picking.evaluate(found.circles, particles, iou=0.5, n_bootstrap=0).average_precision.value, 1))
    0.9
    """

    diameter: float

    def __init__(
        self,
        diameter: float,
        *,
        cache: FeatureCache | None = None,
        edge: float | None = None,
        border: Border | None = None,
        device: Device | str = "cpu",
    ) -> None:
        self.diameter = check_diameter(diameter)
        self.cache = FeatureCache() if cache is None else cache
        self.edge = None if edge is None else not_negative("edge", edge)
        self.border = None if border is None else check_border(border)
        self.device = device_of(device)
        self._model: LinearModel | None = None
        self._calibration: Calibration | None = None
        self._edge = 0.0

    def fit(self, labelled: Labelled, seed: int = 0) -> FilterBankPicker:
        """Learn from labels; see `Picker.fit`.

        Unlabelled pixels count as background: they are mostly that, and the particles among them lower all scores
        alike. Pixels on labels have half of the weight, the background 0.4 and the flanks of labels 0.1; rejected
        places take up to half of these two's.

        Raises
        ------
        ValueError
            If there is no label, or a micrograph can not be prepared.
        """
        if not len(labelled.particles):
            raise ValueError("labelled: expected at least one particle, got none")
        rng = np.random.default_rng(whole("seed", seed, 0))
        order = np.argsort([micrograph.name for micrograph in labelled.micrographs])
        micrographs = [labelled.micrographs[m] for m in order]
        particles, rejected = (
            [circles.of_micrograph(m).centres.astype(np.float64) for m in order]
            for circles in (labelled.particles, labelled.rejected)
        )
        complete = labelled.complete[order]
        with one_blas_thread():
            sample = draw(self._features(micrographs), particles, rejected, complete, self.diameter, rng)
            if not len(sample.particle):
                raise ValueError("labelled: every particle lies on padding, expected at least one that does not")
            self._edge = label_edge(labelled, self.diameter) if self.edge is None else self.edge
            self._model, drop = learn(sample, len(labelled.particles), len(labelled.rejected))
            looked = np.flatnonzero(complete) if complete.any() else np.arange(len(micrographs))
            looked = order[np.sort(rng.choice(looked, min(CALIBRATED, len(looked)), replace=False))]
            images = self._features([labelled.micrographs[m] for m in looked])
            found = [self._candidates(image, self._model)[0] for image in images]
            self._calibration = worth(found, labelled, looked.tolist(), drop)
        return self

    def predict(self, micrographs: Sequence[Micrograph]) -> Detections:
        """Propose every local maximum of the score map; see `Picker.predict`."""
        if self._model is None or self._calibration is None:
            raise NotFittedError("FilterBankPicker: fit or load it before it predicts")
        if not micrographs:
            raise ValueError("micrographs: expected at least one, got none")
        with one_blas_thread():
            found = [self._candidates(image, self._model) for image in self._features(micrographs)]
        circles, looks = zip(*found, strict=True)
        return detections(circles, micrographs, self._calibration, np.concatenate(looks))

    def score_map(self, micrograph: Micrograph) -> tuple[npt.NDArray[np.float32], Features]:
        """Log-odds of every pixel of its features, not smoothed, and these: for pickers that combine several."""
        if self._model is None:
            raise NotFittedError("FilterBankPicker: fit or load it before it predicts")
        with one_blas_thread():
            [image] = self._features([micrograph])
            return self._model.score(image.planes), image

    def _features(self, micrographs: Sequence[Micrograph]) -> Iterator[Features]:
        """Of one micrograph after the other; no more are held, beside the cache's, than there are threads."""
        threads = available_threads()
        waiting = iter(micrographs)
        with ThreadPoolExecutor(threads) as pool:

            def ask(one: Micrograph) -> Future[Features]:
                return pool.submit(self.cache.get, one, self.diameter, self.border)

            at_work = deque(map(ask, islice(waiting, threads)))
            while at_work:
                found = at_work.popleft().result()
                yield found
                del found
                at_work.extend(map(ask, islice(waiting, 1)))

    def _candidates(self, image: Features, model: LinearModel) -> tuple[Circles, npt.NDArray[np.float32]]:
        """With raw scores, and what they look like."""
        from scipy import ndimage

        scores = ndimage.gaussian_filter(model.score(image.planes), SMOOTHING * self.diameter / image.frame.binning)
        found, pixels = candidates(scores, image.frame, self.diameter, self._edge, device=self.device)
        return found, model.describe(image.planes[:, pixels[:, 1], pixels[:, 0]].T)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learned as .npz, whole or not at all."""
        if self._model is None or self._calibration is None:
            raise NotFittedError("FilterBankPicker: fit it before it is saved")
        arrays = {name: getattr(self._model, name) for name in MODEL_SHAPES}
        border = (-1, -1, -1, -1) if self.border is None else self.border
        asked = -1.0 if self.edge is None else self.edge
        numbers = np.array([self.diameter, self._edge, *border, asked], np.float64)
        write_picker(path, KIND, VERSION, arrays | {"calibration": self._calibration.as_array(), "numbers": numbers})

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, cache: FeatureCache | None = None, device: Device | str = "cpu"
    ) -> FilterBankPicker:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path
        cache : FeatureCache, optional
        device : {"cpu", "cuda", "cuda:1", "auto"}
            As those of a new picker.

        Raises
        ------
        FormatError
            If it is no such file, of another version, or damaged.
        """
        place = device_of(device)
        arrays = read_picker(path, KIND, VERSION, MODEL_SHAPES | {"calibration": CALIBRATION_SHAPE, "numbers": (7,)})
        try:
            diameter, edge, *border, asked = arrays["numbers"].tolist()
            padding = None if border[0] < 0 else tuple(map(int, border))
            picker = cls(diameter, cache=cache, edge=None if asked < 0 else asked, border=padding, device=place)  # type: ignore[arg-type]
            picker._calibration = Calibration.from_array(arrays["calibration"])
        except ValueError as error:
            raise FormatError(f"{os.fspath(path)}: {error}") from error
        picker._model = LinearModel(**{name: arrays[name] for name in MODEL_SHAPES})
        picker._edge = edge
        return picker

    def __repr__(self) -> str:
        return f"<FilterBankPicker: diameter {self.diameter:g}, {'not ' * (self._model is None)}fitted>"
