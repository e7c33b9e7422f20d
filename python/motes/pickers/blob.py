"""A picker that needs no label: blobs of about the particle's size."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import numpy.typing as npt

from motes.checks import one_of
from motes.circles import Circles
from motes.errors import FormatError
from motes.micrograph import Micrograph
from motes.pickers.calibration import CALIBRATION_SHAPE, Calibration, calibrate
from motes.pickers.candidates import candidates, detections, worth
from motes.pickers.detections import Detections
from motes.pickers.edges import WHOLE, label_edge
from motes.pickers.labelled import Labelled
from motes.pickers.padding import Border, check_border
from motes.pickers.preparation import check_diameter, prepare
from motes.pickers.saved import read_picker, write_picker
from motes.pickers.spectrum import Mirrored, Plane
from motes.threads import available_threads

FloatArray = npt.NDArray[np.float64]
Contrast = Literal["auto", "dark", "bright"]

KIND, VERSION = "blobs", 1
WIDTHS = (0.12, 0.15, 0.185, 0.22, 0.26, 0.305, 0.354)  # diameters; the last is that of a flat disc
REACH = 2.5  # diameters of mirrored surroundings
SHELLS = 200  # rings of the spectrum, each with its own mean power


class BlobPicker:
    """Picks blobs: the image whitened, and its Laplacian of a Gaussian.

    A particle's bulk is often narrower than the circle about it, and may be darker or brighter than the ice. Of several
    widths and both signs the one is taken whose responses are skewed most: few blobs stand out of many fluctuations.
    Labels are not needed. Before a fit, width, sign and probabilities come from the micrographs that are predicted; a
    fit notes those of its own micrographs, and what its labels say about probabilities and about the edge.

    Parameters
    ----------
    diameter : float, pixels of the micrograph
        Of the particles; at least 4.
    contrast : "auto", "dark" or "bright"
        Of the particles.
    border : (int, int, int, int), pixels, optional
        Rows of padding at the top and the bottom, columns at the left and the right of every micrograph. By default
        they are looked for.

    Examples
    --------
    >>> import motes
    >>> from motes.pickers import BlobPicker
    >>> found = BlobPicker(27).predict([motes.sample.load().micrograph])
    >>> 600 < int((found.probability > 0.5).sum()) < 900
    True
    """

    diameter: float

    def __init__(self, diameter: float, *, contrast: Contrast = "auto", border: Border | None = None) -> None:
        self.diameter = check_diameter(diameter)
        self.contrast = one_of("contrast", contrast, ("auto", "dark", "bright"))
        self.border = None if border is None else check_border(border)
        self._noted: tuple[float, float, Calibration] | None = None

    def fit(self, labelled: Labelled, seed: int = 0) -> BlobPicker:
        """Note width, sign and what scores are worth; labels are not needed, and the seed changes nothing."""
        edge = label_edge(labelled, self.diameter)
        width, found = self._found(labelled.micrographs, None, edge)
        self._noted = width, edge, worth(found, labelled, range(len(found)))
        return self

    def predict(self, micrographs: Sequence[Micrograph]) -> Detections:
        """Propose every blob; see `Picker.predict`. Works before a fit."""
        if self._noted is None:
            _, found = self._found(micrographs, None, WHOLE * self.diameter)
            scores = _scores(found)
            return detections(found, micrographs, calibrate(scores, np.full(len(scores), -1, np.int8)))
        width, edge, calibration = self._noted
        return detections(self._found(micrographs, width, edge)[1], micrographs, calibration)

    def _found(
        self, micrographs: Sequence[Micrograph], width: float | None, edge: float
    ) -> tuple[float, list[Circles]]:
        """Candidates of each micrograph, and the signed width that they were found with."""
        if not micrographs:
            raise ValueError("micrographs: expected at least one, got none")
        with ThreadPoolExecutor(available_threads()) as pool:
            images = list(pool.map(self._whitened, micrographs))
            if width is None:
                width = self._choose(np.mean(list(pool.map(_Whitened.skewness, images)), axis=0))
            return width, list(pool.map(lambda image: image.candidates(width, edge), images))

    def _whitened(self, micrograph: Micrograph) -> _Whitened:
        return _Whitened(micrograph, self.diameter, self.border)

    def _choose(self, skewness: FloatArray) -> float:
        """Width times sign: negative for dark particles."""
        allowed = {"dark": -skewness, "bright": skewness, "auto": np.abs(skewness)}[self.contrast]
        best = int(np.argmax(allowed))
        bright = self.contrast == "bright" or (self.contrast == "auto" and skewness[best] > 0)
        return WIDTHS[best] if bright else -WIDTHS[best]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was noted as .npz, whole or not at all."""
        border = (-1, -1, -1, -1) if self.border is None else self.border
        signs = {"dark": -1.0, "auto": 0.0, "bright": 1.0}
        width, edge, calibration = self._noted or (0.0, 0.0, None)
        noted = np.zeros(2) if calibration is None else calibration.as_array()
        numbers = np.array([self.diameter, signs[self.contrast], *border, width, edge], np.float64)
        write_picker(path, KIND, VERSION, {"numbers": numbers, "calibration": noted})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BlobPicker:
        """Read what `save` wrote.

        Raises
        ------
        FormatError
            If it is no such file, of another version, or damaged.
        """
        arrays = read_picker(path, KIND, VERSION, {"numbers": (8,), "calibration": CALIBRATION_SHAPE})
        diameter, sign, *border, width, edge = arrays["numbers"].tolist()
        contrast: Contrast = "dark" if sign < 0 else "bright" if sign > 0 else "auto"
        try:
            padding = None if border[0] < 0 else check_border(tuple(map(int, border)))
            picker = cls(diameter, contrast=contrast, border=padding)
            if width:
                picker._noted = width, edge, Calibration.from_array(arrays["calibration"])
        except ValueError as error:
            raise FormatError(f"{os.fspath(path)}: {error}") from error
        return picker

    def __repr__(self) -> str:
        if self._noted is None:
            return f"<BlobPicker: diameter {self.diameter:g}, not fitted>"
        kind = "dark" if self._noted[0] < 0 else "bright"
        return f"<BlobPicker: diameter {self.diameter:g}, {kind} blobs of width {abs(self._noted[0]):g} diameters>"


class _Whitened(Mirrored):
    """A prepared micrograph, and its spectrum divided by the square root of its mean power in rings."""

    def __init__(self, micrograph: Micrograph, diameter: float, border: Border | None) -> None:
        prepared = prepare(micrograph, diameter, border="auto" if border is None else border)
        image = prepared.image[prepared.inside]
        self.diameter, self.frame = diameter, prepared.frame
        super().__init__((image.shape[0], image.shape[1]), int(np.ceil(REACH * diameter / prepared.binning)))
        spectrum = self.forward(image)
        twice = np.full(spectrum.shape, 2.0)  # half a spectrum: its other half mirrors all but these columns
        twice[:, 0] = 1.0
        if self.size[1] % 2 == 0:
            twice[:, -1] = 1.0
        shells = np.minimum(np.sqrt(self.squares) / np.pi * SHELLS, SHELLS - 1).astype(np.int64)
        power = np.bincount(shells.ravel(), (twice * np.abs(spectrum) ** 2).ravel(), SHELLS)
        mean = power / np.maximum(np.bincount(shells.ravel(), twice.ravel(), SHELLS), 1)
        mean = np.maximum(mean, 1e-9 * mean.max())
        self.spectrum = spectrum / np.sqrt(mean).astype(np.float32)[shells]

    def response(self, width: float) -> Plane:
        """High on bright blobs of a width in diameters, on dark ones if it is negative; of variance 1."""
        step = abs(width) * self.diameter / self.frame.binning
        response = self.back(self.spectrum * self.squares * self.gaussian(step)) * np.float32(np.sign(width))
        normal: Plane = response / response.std()
        return normal

    def skewness(self) -> FloatArray:
        """Of the response of each width to bright blobs."""
        return np.array([float((self.response(width).astype(np.float64) ** 3).mean()) for width in WIDTHS])

    def candidates(self, width: float, edge: float) -> Circles:
        """Maxima of the response."""
        return candidates(self.response(width), self.frame, self.diameter, edge)[0]


def _scores(found: Sequence[Circles]) -> npt.NDArray[np.float64]:
    return np.concatenate([own.scores for own in found if own.scores is not None])
