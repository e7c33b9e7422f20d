"""HDF5's variable-length rows, checked before the HDF5 library follows them.

A row is a reference, (length, address, index), to object `index` of the global heap at `address`. A heap is a chain of
objects, each a header and its data. The library walks that chain on trust: a size of zero, as a block of a file that
never arrived has it, keeps it walking for ever, and an address outside the file can end the process.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from io import BufferedIOBase

import numpy as np

from motes.errors import FormatError
from motes.io.source import read_array

REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])
HEAP = struct.Struct("<4sB3xQ")  # "GCOL", version, bytes of the whole heap
OBJECT = struct.Struct("<HHIQ")  # index, references, nothing, bytes of data; index 0 is what is free, header included


def require_rows(file: BufferedIOBase, size: int, pieces: Iterable[tuple[int, int]], itemsize: int, place: str) -> None:
    """Refuse rows whose references or heaps are damaged, or which share so much that they can not all be in the file.

    Parameters
    ----------
    file : binary file
    size : int
        Its bytes.
    pieces : iterable of (int, int)
        Where references begin, and how many rows they are.
    itemsize : int
        Bytes of one number of a row.
    place : str
        File and dataset, for messages.
    """
    parts = []
    for start, n_rows in pieces:
        if start + n_rows * REFERENCE.itemsize > size:
            raise FormatError(f"{place}: {n_rows} rows from byte {start} on, but the file ends at {size}")
        file.seek(start)
        part = read_array(file, REFERENCE, n_rows, place)
        parts.append(part[part["length"] > 0])  # rows without photons refer to nothing
    if not sum(part.size for part in parts):
        return
    rows = np.sort(np.concatenate(parts), order="address")
    n_bytes = int(rows["length"].sum(dtype=np.uint64)) * itemsize
    require_room(n_bytes, size, place)
    begins = np.flatnonzero(np.diff(rows["address"])) + 1
    for of_heap in np.split(rows, begins):
        address = int(of_heap["address"][0])
        objects = _objects(file, size, address, place)
        for length, index in zip(of_heap["length"].tolist(), of_heap["index"].tolist(), strict=True):
            if length * itemsize > objects.get(index, 0):
                raise FormatError(f"{place}: a row of {length} numbers is not in the heap at byte {address}")


def require_room(n_bytes: int, size: int, place: str) -> None:
    """Refuse rows that are longer, together, than their file: no writer lets two rows refer to one object."""
    if n_bytes > size:
        raise FormatError(f"{place}: rows of {n_bytes} bytes, more than a file of {size} bytes can hold")


def _objects(file: BufferedIOBase, size: int, address: int, place: str) -> dict[int, int]:
    """Bytes of each object of the heap at `address`."""
    damaged = FormatError(f"{place}: no whole heap at byte {address}")
    if address > size - HEAP.size:
        raise damaged
    file.seek(address)
    signature, version, heap_size = HEAP.unpack(file.read(HEAP.size))
    if signature != b"GCOL" or version != 1 or not HEAP.size <= heap_size <= size - address:
        raise damaged
    heap = file.read(heap_size - HEAP.size)
    objects = {}
    at = 0
    while at + OBJECT.size <= len(heap):  # what is shorter than a header is free without saying so
        index, _, _, data = OBJECT.unpack_from(heap, at)
        whole = OBJECT.size + (data + 7) // 8 * 8 if index else data
        if not OBJECT.size <= whole <= len(heap) - at:
            raise damaged
        objects[index] = data
        at += whole
    return objects
