"""Where patterns are: in the host's memory, in a GPU's, or in both, each made of the other when it is needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.arrays import Arrays
from motes.devices import CPU, Device, cuda_extension, held_by, stream_of
from motes.entries import check_entries, hinting, integers, number_of_patterns
from motes.shapes import Shape
from motes.threads import available_threads


class Residence:
    """The arrays of patterns that were checked, or that a kernel wrote.

    Parameters
    ----------
    n_pixels : int
        Pixels of the detector.
    device : Device
        Where kernels that know GPUs work on these patterns.
    arrays : Arrays, optional
        In the host's memory.
    on_device : `motes._cuda.PatternsOnDevice`, optional
        In the device's. One of the two there must be.
    check_photons : bool
        Whether the photons of `arrays` are read first.
    """

    __slots__ = ("_arrays", "_on_device", "_view", "_whole", "device", "n_pixels")

    def __init__(
        self,
        n_pixels: int,
        device: Device,
        arrays: Arrays | None = None,
        on_device: Any = None,
        *,
        check_photons: bool = False,
    ) -> None:
        self.n_pixels = n_pixels
        self.device = device
        self._on_device = on_device
        self._arrays: Arrays | None = None
        self._view: Any = None
        self._whole: tuple[Residence, int, int] | None = None
        if arrays is not None:
            self._keep(arrays, check_photons)

    def _keep(self, arrays: Arrays, check_photons: bool) -> Arrays:
        self._view = _core.PatternsView(*arrays, n_pixels=self.n_pixels, check_photons=check_photons)
        self._arrays = arrays.frozen()
        return self._arrays

    @property
    def arrays(self) -> Arrays:
        """In the host's memory; of patterns that were built on a GPU, fetched once."""
        if self._arrays is None:
            if self._whole is None:
                return self._keep(Arrays(*self._on_device.to_numpy()), check_photons=False)
            whole, start, stop = self._whole
            return self._keep(whole.arrays.rows(start, stop), check_photons=False)
        return self._arrays

    @property
    def view(self) -> Any:
        """As the processor's kernels take them."""
        _ = self.arrays
        return self._view

    @property
    def on_device(self) -> Any:
        """As `motes._cuda` takes them, in the memory of their GPU; uploaded once."""
        if self._on_device is None:
            own = map(np.ascontiguousarray, self.arrays.own())
            self._on_device = cuda_extension().PatternsOnDevice(*own, n_pixels=self.n_pixels, device=self.device.index)
        return self._on_device

    @property
    def unfetched(self) -> Any:
        """What is on the device alone; None where the host has the arrays, its own or those that it is a part of."""
        fetched = self._arrays is not None or (self._whole is not None and self._whole[0].unfetched is None)
        return None if fetched else self._on_device

    def moved(self, device: Device) -> Residence:
        """The same patterns on another device, uploaded now; the arrays of the host are shared."""
        moved = Residence(self.n_pixels, device, self.arrays)
        if device != CPU:
            _ = moved.on_device
        return moved

    def rows(self, start: int, stop: int) -> Residence:
        """A range of the patterns, in the same memory."""
        there = None if self.device == CPU else self.on_device.rows(start, max(start, stop))
        if self._arrays is not None:
            return Residence(self.n_pixels, self.device, self._arrays.rows(start, stop), there)
        part = Residence(self.n_pixels, self.device, on_device=there)
        part._whole = self, start, stop
        return part

    def taken(self, which: npt.NDArray[np.int64]) -> Residence:
        """Those of these indices, in this order; of patterns on a GPU taken there, and there alone."""
        if self.device == CPU:
            arrays = Arrays(*_core.take(self.view, which, threads=available_threads()))
            return Residence(self.n_pixels, CPU, arrays)
        return Residence(self.n_pixels, self.device, on_device=self.on_device.take(which))

    def binarised(self) -> Residence:
        """With one photon for every lit pixel; what is on a device shares its memory there."""
        there = None if self._on_device is None else self._on_device.binarised()
        if self.unfetched is None:
            return Residence(self.n_pixels, self.device, self.arrays.binarised(), there)
        once = Residence(self.n_pixels, self.device, on_device=there)
        if self._whole is not None:
            whole, start, stop = self._whole
            once._whole = whole.binarised(), start, stop
        return once

    def __len__(self) -> int:
        return len(self._on_device if self._arrays is None else self._view)


def device_of_entries(rows: object, cols: object, counts: object) -> Device:
    """The GPU in whose memory entries are, or the processor.

    Raises
    ------
    ValueError
        If they are on several.
    """
    found = CPU
    for name, array in (("rows", rows), ("cols", cols), ("counts", counts)):
        place = held_by(array)
        if place == CPU:
            continue
        if found not in (CPU, place):
            raise ValueError(f"{name}: expected an array on {found}, got one on {place}")
        found = place
    return found


def ingested(
    rows: Any, cols: Any, counts: Any, n_patterns: int | None, shape: Shape, device: Device, stream: object
) -> Residence:
    """Patterns built on a GPU of entries that are there, or are brought there; see `Patterns.from_coo`."""
    cuda, on = cuda_extension(), stream_of(stream)

    def there(values: Any, name: str, n_rows: int | None = None) -> Any:
        if held_by(values) == CPU:
            return cuda.from_numpy(integers(values, name, n_rows), device=device.index, stream=on)
        array = cuda.as_device_array(values, name, device=device.index, stream=on)
        check_entries(array, name, n_rows)
        return array

    rows = there(rows, "rows")
    cols = there(cols, "cols", len(rows))
    photons = None if counts is None else there(counts, "counts", len(rows))
    n_patterns = number_of_patterns(
        n_patterns, len(rows), lambda: int(cuda.largest(rows, "rows", device=device.index, stream=on))
    )
    n_pixels = shape[0] * shape[1]
    with hinting(n_patterns, shape):
        built = cuda.ingest(
            rows, cols, photons, n_patterns=n_patterns, n_pixels=n_pixels, device=device.index, stream=on
        )
    return Residence(n_pixels, device, on_device=built)


def ingested_rows(matrix: Any, shape: Shape, stream: object) -> Residence:
    """Patterns built on a GPU of the rows of a sparse matrix that is there; see `Patterns.from_csr`."""
    device = held_by(matrix.data)
    with hinting(int(matrix.shape[0]), shape):
        built = cuda_extension().ingest_matrix(
            matrix.indptr, matrix.indices, matrix.data, n_pixels=shape[0] * shape[1], device=device.index,
            stream=stream_of(stream),
        )  # fmt: skip
    return Residence(shape[0] * shape[1], device, on_device=built)
