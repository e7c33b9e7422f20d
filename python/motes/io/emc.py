"""Dragonfly's .emc: a header of 1024 bytes, then patterns, sparse (type 0), dense int32 (1) or dense float64 (2).

Little-endian. The header is int32: patterns, pixels a pattern, type, then zeros. Type 0 goes on with int32 columns:
the number of ones and of multis of each pattern, their pixels, and the photons of the multis (`motes.io.dragonfly`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.dragonfly import Split, join, split
from motes.io.raw import MAX_COUNT, Array, Block, IntArray, PatternBlocks, block_bounds, dense_blocks, require_range
from motes.io.source import open_file, read_array

HEADER_BYTES = 1024
INT = np.dtype("<i4")
SPARSE = 0
DENSE: dict[int, np.dtype[Any]] = {1: INT, 2: np.dtype("<f8")}


def read_emc(path: str | os.PathLike[str]) -> PatternBlocks:
    """Patterns of an .emc file of any of the three types.

    Nothing of the file stays in memory but the number of ones and multis of each pattern.

    Raises
    ------
    FormatError
        If the header is not as above or does not account for every byte of the file, or for a pixel or a count out of
        range.
    """
    place = os.fspath(path)
    with open_file(path) as (file, size):
        if size < HEADER_BYTES:
            raise FormatError(f"{place}: {size} bytes, expected an .emc header of {HEADER_BYTES}")
        n_patterns, n_pixels, kind = (int(n) for n in read_array(file, INT, 3, place))
        header = f"{place}: header: {n_patterns} patterns of {n_pixels} pixels, type {kind}"
        if n_patterns < 0 or n_pixels < 1 or kind not in (SPARSE, *DENSE):
            raise FormatError(f"{header}; expected 0 or more of 1 or more, type 0, 1 or 2")
        if kind == SPARSE:
            _require_size(size, HEADER_BYTES + 2 * n_patterns * INT.itemsize, header, at_least=True)
            file.seek(HEADER_BYTES)
            ones = _lengths(file, n_patterns, f"{place}: ones")
            multi = _lengths(file, n_patterns, f"{place}: multi")
            entries = int(ones.sum(dtype=np.int64)) + 2 * int(multi.sum(dtype=np.int64))
            _require_size(size, HEADER_BYTES + (2 * n_patterns + entries) * INT.itemsize, header)
            blocks = partial(_sparse_blocks, path, ones, multi, n_pixels)
        else:
            _require_size(size, HEADER_BYTES + n_patterns * n_pixels * DENSE[kind].itemsize, header)
            blocks = partial(_dense_blocks, path, DENSE[kind], n_patterns, n_pixels)
    return PatternBlocks(place, f".emc type {kind}", n_patterns, n_pixels, None, blocks)


def _require_size(size: int, expected: int, header: str, *, at_least: bool = False) -> None:
    if size < expected or (size > expected and not at_least):
        raise FormatError(f"{header}: the file is {size} bytes, expected {'at least ' if at_least else ''}{expected}")


def _lengths(file: BufferedIOBase, n_patterns: int, place: str) -> IntArray:
    lengths = read_array(file, INT, n_patterns, place)
    require_range(lengths, 0, MAX_COUNT, place)
    return lengths


def _dense_blocks(
    path: str | os.PathLike[str], dtype: np.dtype[Any], n_patterns: int, n_pixels: int
) -> Iterator[Block]:
    place = os.fspath(path)
    with Path(path).open("rb") as file:
        file.seek(HEADER_BYTES)
        yield from dense_blocks(lambda _, n: read_array(file, dtype, n * n_pixels, place), n_patterns, n_pixels, place)


def _sparse_blocks(path: str | os.PathLike[str], ones: IntArray, multi: IntArray, n_pixels: int) -> Iterator[Block]:
    ones_ends, multi_ends = (np.concatenate([[0], np.cumsum(n, dtype=np.int64)]) for n in (ones, multi))
    n_ones, n_multi = int(ones_ends[-1]), int(multi_ends[-1])
    start = HEADER_BYTES + 2 * ones.size * INT.itemsize
    with Path(path).open("rb") as file:

        def column(name: str, skipped: int, ends: IntArray, lowest: int, highest: int) -> IntArray:
            """The block's part of a column that begins `skipped` values after the lengths."""
            place, begin, end = f"{os.fspath(path)}: {name}", int(ends[first]), int(ends[last])
            file.seek(start + (skipped + begin) * INT.itemsize)
            values = read_array(file, INT, end - begin, place)
            require_range(values, lowest, highest, place, begin)
            return values

        for first, last in block_bounds(ones_ends + multi_ends):
            yield join(
                Split(
                    ones[first:last],
                    multi[first:last],
                    column("place_ones", 0, ones_ends, 0, n_pixels - 1),
                    column("place_multi", n_ones, multi_ends, 0, n_pixels - 1),
                    column("count_multi", n_ones + n_multi, multi_ends, 2, MAX_COUNT),
                )
            )


def write_emc(path: str | os.PathLike[str], patterns: PatternBlocks, kind: int = SPARSE) -> None:
    """Write patterns as .emc of type `kind`: 0 sparse, 1 dense int32, 2 dense float64.

    Raises
    ------
    ValueError
        If there is no such type, or for 2^31 or more patterns or pixels, which the format can not hold.
    """
    if kind not in (SPARSE, *DENSE):
        raise ValueError(f"{os.fspath(path)}: .emc type {kind}, expected 0, 1 or 2")
    if max(patterns.n_patterns, patterns.n_pixels) > MAX_COUNT:
        raise ValueError(f"{os.fspath(path)}: an .emc file holds at most {MAX_COUNT} patterns and pixels")
    header = np.zeros(HEADER_BYTES // INT.itemsize, INT)
    header[:3] = patterns.n_patterns, patterns.n_pixels, kind
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(header.data)
        parts = _sparse_parts(patterns) if kind == SPARSE else _dense_parts(patterns, DENSE[kind])
        file.writelines(part.data for part in parts)


def _dense_parts(patterns: PatternBlocks, dtype: np.dtype[Any]) -> Iterator[Array]:
    return (block.dense(patterns.n_pixels, dtype) for block in patterns.blocks())


def _sparse_parts(patterns: PatternBlocks) -> Iterator[Array]:
    """The five columns, one after the other: a pass over the patterns for each."""
    for column in fields(Split):
        for block in patterns.blocks():
            yield getattr(split(block), column.name).astype(INT)
