"""A picker that needs no network: filter features, their squares, and one linear classifier."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from motes.checks import whole
from motes.circles import Circles
from motes.errors import FormatError
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz
from motes.micrograph import Micrograph
from motes.pickers.cache import FeatureCache
from motes.pickers.detections import Detections
from motes.pickers.edges import label_edge
from motes.pickers.features import VERSION, Features
from motes.pickers.labelled import Labelled
from motes.pickers.logistic import fit_logistic
from motes.pickers.peaks import peaks
from motes.pickers.picker import NotFittedError
from motes.pickers.preparation import Border, check_diameter
from motes.pickers.sampling import Sample, draw
from motes.threads import available_threads, one_blas_thread

FloatArray = npt.NDArray[np.float64]

SHARES = {"particle": 0.5, "background": 0.35, "flank": 0.15}  # of the weight
REJECTED_SHARE = 0.5  # of the negatives' weight, when there are many more rejected places than labels
PENALTY = 0.2  # over the number of labels
SMOOTHING = 0.074  # diameters: of the score map
DISTANCE = 0.46  # diameters: between two candidates
APPEARANCE = 16  # numbers that describe a candidate
CHUNK = 8192  # pixels scored at a time: they stay in the processor's cache


@dataclass(frozen=True, eq=False)
class _Model:
    """What was learned, as arrays that are saved."""

    linear: npt.NDArray[np.float32]
    square: npt.NDArray[np.float32]
    intercept: FloatArray
    mean: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]
    directions: npt.NDArray[np.float32]
    edge: FloatArray


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
    ) -> None:
        self.diameter = check_diameter(diameter)
        self.cache = FeatureCache() if cache is None else cache
        self.edge, self.border = edge, border
        self._model: _Model | None = None

    def fit(self, labelled: Labelled, seed: int = 0) -> FilterBankPicker:
        """Learn from labels; see `Picker.fit`.

        Unlabelled pixels count as background, with as much weight as the labelled ones: they are mostly that, and the
        particles among them lower all scores alike.

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
        with one_blas_thread():
            images, complete = self._features(micrographs), labelled.complete[order]
            sample = draw(images, particles, rejected, complete, self.diameter, rng)
            if not len(sample.particle):
                raise ValueError("labelled: every particle lies on padding, expected at least one that does not")
            edge = label_edge(labelled, self.diameter) if self.edge is None else self.edge
            self._model = _learn(sample, len(labelled.particles), len(labelled.rejected), edge)
        return self

    def predict(self, micrographs: Sequence[Micrograph]) -> Detections:
        """Propose every local maximum of the score map; see `Picker.predict`."""
        model = self._model
        if model is None:
            raise NotFittedError("FilterBankPicker: fit or load it before it predicts")
        with one_blas_thread():
            found = [self._candidates(image, model) for image in self._features(micrographs)]
        centres, scores, appearance = (np.concatenate(part) for part in zip(*found, strict=True))
        indptr = np.concatenate([[0], np.cumsum([len(own) for own, *_ in found])])
        circles = Circles(centres, self.diameter / 2, 1 / (1 + np.exp(-scores)), indptr=indptr)
        return Detections(circles, tuple(micrograph.name for micrograph in micrographs), appearance)

    def _features(self, micrographs: Sequence[Micrograph]) -> list[Features]:
        with ThreadPoolExecutor(available_threads()) as pool:
            return list(pool.map(lambda one: self.cache.get(one, self.diameter, self.border), micrographs))

    def _candidates(self, image: Features, model: _Model) -> tuple[FloatArray, FloatArray, npt.NDArray[np.float32]]:
        """Places in stored pixels, raw scores, appearance."""
        from scipy import ndimage

        scale = self.diameter / image.binning
        scores = ndimage.gaussian_filter(_score(image, model), SMOOTHING * scale)
        places, heights, pixels = peaks(scores, DISTANCE * scale)
        centres = image.to_micrograph(places)
        height, width = image.shape
        edge = model.edge[0] - 0.5  # edges of the micrograph are half a pixel beyond its outermost centres
        kept = ((centres >= edge) & (centres <= np.array([width, height]) - 1 - edge)).all(axis=1)
        x, y = pixels[kept].T
        looks = ((image.planes[:, y, x].T - model.mean) / model.deviation) @ model.directions
        return centres[kept], heights[kept], looks.astype(np.float32, copy=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learned as .npz, whole or not at all."""
        if self._model is None:
            raise NotFittedError("FilterBankPicker: fit it before it is saved")
        tables = {field.name: getattr(self._model, field.name) for field in fields(_Model)}
        tables |= {"filterbank": np.array([VERSION]), "diameter": np.array([self.diameter])}
        if self.border is not None:
            tables["border"] = np.array(self.border)
        write_npz(path, {name: array_table(table) for name, table in tables.items()})

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, cache: FeatureCache | None = None) -> FilterBankPicker:
        """Read what `save` wrote.

        Raises
        ------
        FormatError
            If it is no such file, of another version, or damaged.
        """
        with open_archive(path) as archive:
            names = set(archive.names)
            if "filterbank" not in names:
                raise FormatError(f"{os.fspath(path)}: holds no picker of filter banks")
            version = int(archive.array("filterbank").flat[0])
            if version != VERSION:
                raise FormatError(f"{os.fspath(path)}: version {version} of the filter bank, expected {VERSION}")
            lacking = {"diameter", *(field.name for field in fields(_Model))} - names
            if lacking:
                raise FormatError(f"{os.fspath(path)}: lacks {', '.join(sorted(lacking))}")
            border = tuple(archive.array("border").tolist()) if "border" in names else None
            picker = cls(float(archive.array("diameter").flat[0]), cache=cache, border=border)
            picker._model = _Model(*(archive.array(field.name) for field in fields(_Model)))
        return picker

    def __repr__(self) -> str:
        return f"<FilterBankPicker: diameter {self.diameter:g}, {'not ' * (self._model is None)}fitted>"


def _learn(sample: Sample, n_labels: int, n_rejected: int, edge: float) -> _Model:
    """Fit the classifier on standardised features and their squares."""
    groups = [sample.particle, sample.background, sample.flank, sample.rejected]
    rejected = REJECTED_SHARE * n_rejected / (n_rejected + n_labels)
    shares = [
        SHARES["particle"],
        *((1 - rejected) * SHARES[name] for name in ("background", "flank")),
        rejected * (1 - SHARES["particle"]),
    ]
    rows = np.concatenate(groups)
    targets = np.repeat([True, False, False, False], [len(group) for group in groups])
    weights = np.concatenate(
        [np.full(len(group), share / max(len(group), 1)) for group, share in zip(groups, shares, strict=True)]
    )
    mean, deviation = rows.mean(axis=0), rows.std(axis=0) + np.float32(1e-6)
    rows = (rows - mean) / deviation
    squares = rows * rows
    middle, spread = squares.mean(axis=0), squares.std(axis=0) + np.float32(1e-6)
    table = np.concatenate([rows, (squares - middle) / spread], axis=1)
    found = fit_logistic(table, targets, weights / weights.sum(), PENALTY / n_labels)
    # The same function of the features themselves: a x^2 + b x + c.
    n = rows.shape[1]
    square = found[n:-1] / spread / deviation.astype(np.float64) ** 2
    linear = found[:n] / deviation - 2 * square * mean
    intercept = found[-1] - linear @ mean - square @ mean.astype(np.float64) ** 2 - found[n:-1] @ (middle / spread)
    return _Model(
        linear.astype(np.float32),
        square.astype(np.float32),
        np.array([intercept]),
        mean,
        deviation,
        _directions(rows),
        np.array([edge]),
    )


def _directions(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(F, 16): axes along which standardised features vary most, to unit variance; signs are fixed."""
    values, vectors = np.linalg.eigh(np.cov(rows.T.astype(np.float64)))
    values, vectors = values[::-1][:APPEARANCE], vectors[:, ::-1][:, :APPEARANCE]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    found: npt.NDArray[np.float32] = (vectors * signs / np.sqrt(values)).astype(np.float32)
    return found


def _score(image: Features, model: _Model) -> npt.NDArray[np.float32]:
    """Log-odds of every pixel, before they are smoothed."""
    n, height, width = image.planes.shape
    flat, scores = image.planes.reshape(n, -1), np.empty(height * width, np.float32)
    for first in range(0, len(scores), CHUNK):
        part = flat[:, first : first + CHUNK]
        scores[first : first + CHUNK] = model.linear @ part + model.square @ (part * part)
    return (scores + np.float32(model.intercept[0])).reshape(height, width)
