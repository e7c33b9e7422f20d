"""Circles on micrographs: picks, particles, labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.arrays import kept
from motes.cached import cached_property
from motes.devices import CPU, Device, cuda_extension, device_of, held_by, stream_of
from motes.errors import kind_of
from motes.foreign import array_of, reals_of

Reals: TypeAlias = npt.NDArray[np.floating[Any]]
Indices: TypeAlias = npt.NDArray[np.int64]


class Circles:
    """Circles of any number of micrographs, one micrograph after the other; immutable.

    Parameters
    ----------
    centres : (N, 2) float32 or float64 array, pixels
        x (column) and y (row) of each centre; finite, at most 1e20. Where they are an array on a GPU, of any library
        that knows DLPack or `__cuda_array_interface__`, radii and scores are too, nothing is copied, and the numbers
        are checked when a function reads them.
    radii : float or (N,) array of the same type, pixels
        1e-30 to 1e20.
    scores : (N,) array of the same type, optional
        Finite; higher is better.
    indptr : (M + 1,) integer array, optional
        Micrograph m holds circles `indptr[m]` to `indptr[m + 1] - 1`; by default all are of one micrograph.

    Raises
    ------
    TypeError, ValueError
        If a type or shape does not fit, a number is not finite or out of range, or `indptr` does not run from 0 to N.

    Examples
    --------
    >>> picks = Circles(np.array([[10.0, 20.0], [50.0, 20.0]]), 8.0, np.array([0.9, 0.4]))
    >>> picks
    Circles(2 circles, 1 micrograph, scores 0.4 to 0.9)
    >>> picks[[1]].centres
    array([[50., 20.]])
    """

    centres: Reals
    radii: Reals
    scores: Reals | None
    indptr: Indices
    device: Device
    """Where they are; `indptr` is always on the host."""

    def __init__(
        self, centres: Reals, radii: float | Reals, scores: Reals | None = None, *, indptr: npt.ArrayLike | None = None
    ) -> None:
        self.device = held_by(centres)
        if self.device != CPU:
            self._hold_on_gpu(centres, radii, scores, indptr)
            return
        self.centres = _reals("centres", centres, None)
        if self.centres.ndim != 2 or self.centres.shape[1] != 2:
            raise ValueError(f"centres: expected shape (any, 2), got {self.centres.shape}")
        n = len(self.centres)
        if np.ndim(radii) == 0:
            self.radii = _same("radii", radii, self.centres)
        else:
            self.radii = _column("radii", radii, self.centres)
        self.scores = None if scores is None else _column("scores", scores, self.centres)
        self.indptr = _parts(np.array([0, n]) if indptr is None else indptr, n)
        _require("centres", np.abs(self.centres).max(axis=1, initial=0) <= 1e20, self.centres, "at most 1e20 in size")
        _require("radii", (self.radii >= 0.999999e-30) & (self.radii <= 1e20), self.radii, "1e-30 to 1e20")
        if self.scores is not None:
            _require("scores", np.abs(self.scores) <= 1e20, self.scores, "at most 1e20 in size")
        for array in (self.centres, self.radii, self.scores, self.indptr):
            if array is not None:
                array.flags.writeable = False

    def _hold_on_gpu(self, centres: Any, radii: Any, scores: Any, indptr: npt.ArrayLike | None) -> None:
        n = len(centres)
        if held_by(radii) == CPU and np.ndim(radii) == 0:
            radii = np.full(n, radii, np.float64 if str(centres.dtype).endswith("float64") else np.float32)
        self.centres, self.radii, self.scores = cuda_extension().circles(
            centres, radii, scores, device=self.device.index
        )
        self.indptr = _parts(np.array([0, n]) if indptr is None else indptr, n)
        self.indptr.flags.writeable = False

    def to(self, device: Device | str, *, stream: Any = None) -> Circles:
        """The same circles on a device: `motes.picking.suppress` and the like then work there.

        Parameters
        ----------
        device : str
            `"cpu"`, `"cuda"`, `"cuda:1"`, or `"auto"` for a GPU where there is one.
        stream : CUDA stream or its handle, optional
            In its order they are copied. By default CUDA's own.

        Returns
        -------
        Circles
            These, where they are there already.

        Raises
        ------
        TypeError, ValueError, DeviceError
            If it is no name of a device, or of one that is not there.
        MemoryError
            If they do not fit; the message says how much was asked for.

        Examples
        --------
        >>> str(Circles(np.zeros((1, 2)), 8.0).to("cpu").device)
        'cpu'
        """
        place = self.device if device == "auto" and self.device != CPU else device_of(device)
        if place == self.device:
            return self
        arrays: list[Any] = [self.centres, self.radii, self.scores]
        if self.device != CPU:
            arrays = [None if array is None else array.to_numpy() for array in arrays]
            return Circles(*arrays, indptr=self.indptr).to(place, stream=stream)
        moved = Circles.__new__(Circles)
        moved.device, moved.indptr = place, self.indptr
        moved.centres, moved.radii, moved.scores = cuda_extension().circles(
            *arrays, device=place.index, stream=stream_of(stream)
        )
        return moved

    def require_here(self, name: str = "circles") -> None:
        """Refuse circles on a GPU, where a function is the processor's alone.

        Examples
        --------
        >>> Circles(np.zeros((1, 2)), 8.0).require_here()
        """
        if self.device != CPU:
            raise ValueError(f"{name}: are on {self.device}; {name}.to('cpu') brings them here")

    @classmethod
    def concatenate(cls, parts: Iterable[Circles]) -> Circles:
        """Micrographs of several containers, one container after the other.

        Parameters
        ----------
        parts : iterable of Circles
            At least one; all with scores, or none.

        Returns
        -------
        Circles
        """
        every = list(parts)
        if not every:
            raise ValueError("parts: expected at least one")
        for part in every:
            part.require_here()
        if len({part.scores is None for part in every}) > 1:
            raise ValueError("parts: some have scores, some have none")
        starts = np.cumsum([0, *(len(part) for part in every)])
        indptr = np.concatenate([[0], *(part.indptr[1:] + start for part, start in zip(every, starts, strict=False))])
        scores = None if every[0].scores is None else np.concatenate([part.scores for part in every])
        return cls(
            np.concatenate([part.centres for part in every]),
            np.concatenate([part.radii for part in every]),
            scores,
            indptr=indptr,
        )

    def __len__(self) -> int:
        return len(self.centres)

    @property
    def n_micrographs(self) -> int:
        """Number of micrographs."""
        return len(self.indptr) - 1

    @cached_property
    def micrograph(self) -> Indices:
        """(N,): the micrograph of each circle."""
        return np.repeat(np.arange(self.n_micrographs, dtype=np.int64), np.diff(self.indptr))

    def of_micrograph(self, m: int) -> Circles:
        """Circles of one micrograph."""
        self.require_here()
        if not 0 <= m < self.n_micrographs:
            raise IndexError(f"micrograph {m} of {self.n_micrographs}")
        part = slice(self.indptr[m], self.indptr[m + 1])
        return Circles(self.centres[part], self.radii[part], None if self.scores is None else self.scores[part])

    def fingerprint(self) -> str:
        """Of places, radii and micrographs: other circles have another, other scores do not."""
        from hashlib import blake2b

        self.require_here()
        mark = blake2b(digest_size=8)
        for array in (self.centres, self.radii, self.indptr):
            mark.update(array.tobytes())
        return mark.hexdigest()

    def __getitem__(self, which: Any) -> Circles:
        """Chosen circles, by mask or indices; they stay on their micrographs, whose number does not change."""
        self.require_here()
        chosen = np.arange(len(self))[which]
        if np.ndim(chosen) != 1:
            raise TypeError("expected a mask, an array of indices or a slice")
        chosen = chosen[np.argsort(self.micrograph[chosen], kind="stable")]
        counts = np.bincount(self.micrograph[chosen], minlength=self.n_micrographs)
        scores = None if self.scores is None else self.scores[chosen]
        return Circles(
            self.centres[chosen], self.radii[chosen], scores, indptr=np.concatenate([[0], np.cumsum(counts)])
        )

    def astype(self, dtype: npt.DTypeLike) -> Circles:
        """The same circles in float32 or float64."""
        self.require_here()
        centres, radii, scores = (
            None if array is None else array.astype(dtype) for array in (self.centres, self.radii, self.scores)
        )
        assert centres is not None
        assert radii is not None
        return Circles(centres, radii, scores, indptr=self.indptr)

    def __repr__(self) -> str:
        counts = {"circle": len(self), "micrograph": self.n_micrographs}
        text = ", ".join(f"{n} {what}{'s' * (n != 1)}" for what, n in counts.items())
        if self.device != CPU:
            text += f", on {self.device}"
        elif self.scores is not None and len(self):
            text += f", scores {self.scores.min():.4g} to {self.scores.max():.4g}"
        return f"Circles({text})"


def _reals(name: str, values: Any, dtype: Any) -> Reals:
    """Contiguous, of float32 or float64, and nobody's to change: a copy, unless it is so already."""
    values = reals_of(name, values)
    if dtype is not None and values.dtype != dtype:
        raise TypeError(f"{name}: expected dtype {dtype}, got {values.dtype}")
    return kept(values) if values.flags.c_contiguous and values.flags.aligned else values.copy("C")


def _column(name: str, values: Any, centres: Reals) -> Reals:
    array = _reals(name, values, centres.dtype)
    if array.shape != (len(centres),):
        raise ValueError(f"{name}: expected shape ({len(centres)},), got {array.shape}")
    return array


def _same(name: str, value: Any, centres: Reals) -> Reals:
    try:
        return np.full(len(centres), value, centres.dtype)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number or an array of them, got {kind_of(value)}") from None


def _parts(indptr: npt.ArrayLike, n: int) -> Indices:
    given = array_of("indptr", indptr)
    if given.ndim != 1 or given.dtype.kind not in "iu" or len(given) == 0:
        raise TypeError("indptr: expected a one-dimensional array of integers, one more than micrographs")
    array = given.astype(np.int64)
    if array[0] != 0 or array[-1] != n or (np.diff(array) < 0).any():
        raise ValueError(f"indptr: expected to ascend from 0 to {n}, got {array[0]} to {array[-1]}")
    return array


def _require(name: str, fine: npt.NDArray[np.bool_], values: Reals, expected: str) -> None:
    if not fine.all():
        at = int(np.argmin(fine))
        if not np.isfinite(values[at]).all():  # the kernels' words, on every device
            raise ValueError(f"{name}: not finite at index {at}")
        raise ValueError(f"{name}: expected {expected}, got {values[at]} at index {at}")
