"""Patterns as the blocks that readers and writers of files pass on, and blocks as patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from motes.advice import of_table
from motes.errors import FormatError
from motes.io.raw import BLOCK_CELLS, Block, PatternBlocks, PhotonPairs, RawPatterns
from motes.patterns import Patterns
from motes.shapes import Shape, shape_of_pixels
from motes.stored import StoredPatterns
from motes.storing import parts_of


def raw_of(patterns: Patterns | StoredPatterns, source: str) -> PatternBlocks:
    """Patterns in memory or on disk, as writers take them; `source` is for messages.

    Examples
    --------
    >>> [block.n_patterns for block in raw_of(Patterns.from_dense([[1, 0, 0, 2]] * 3), "three").blocks()]
    [3]
    """

    def blocks() -> Iterator[Block]:
        for part in parts_of(patterns):
            yield from blocks_of(part)

    return PatternBlocks(source, "patterns", len(patterns), patterns.n_pixels, patterns.shape, blocks)


def blocks_of(patterns: Patterns) -> Iterator[Block]:
    """Blocks of patterns in memory, of so many that a dense table of each is small: one or more."""
    step = max(1, BLOCK_CELLS // max(1, patterns.n_pixels))
    for first in range(0, len(patterns), step) or (0,):
        part = patterns[first : first + step]
        start, stop = int(part.indptr[0]), int(part.indptr[-1])
        multi = slice(*np.searchsorted(part.multi_position, (start, stop)))
        counts = np.ones(stop - start, np.int64)
        counts[part.multi_position[multi] - start] += part.multi_extra[multi]
        rows = np.repeat(np.arange(len(part)), np.diff(part.indptr))
        yield Block(len(part), rows, part.pixels[start:stop], counts)


def patterns_of_raw(raw: RawPatterns, shape: Shape | None, n_patterns: int | None) -> Patterns:
    """All patterns of a file, in memory; arguments as of `motes.read_patterns`."""
    _, _, parts = parts_of_raw(raw, shape, n_patterns)
    return Patterns.concatenate(list(parts()))


def parts_of_raw(
    raw: RawPatterns, shape: Shape | None, n_patterns: int | None
) -> tuple[Shape, int, Callable[[], Iterator[Patterns]]]:
    """Patterns of a file part by part, so that one larger than memory passes through.

    Returns
    -------
    shape : (int, int)
        Of the images.
    n_patterns : int
        How many there are.
    parts : callable
        Starts another pass over the patterns, in order.

    Raises
    ------
    FormatError
        If they are not of the shape or number that is asked for, or no patterns.
    """
    with told_of(raw):
        if isinstance(raw, PhotonPairs):
            patterns = Patterns.from_coo(raw.rows, raw.cols, shape=raw.shape, n_patterns=n_patterns)
            return raw.shape, len(patterns), lambda: iter([patterns])
        if n_patterns not in (None, raw.n_patterns):
            raise FormatError(f"{raw.source}: holds {raw.n_patterns} patterns, expected {n_patterns}")
        if shape is not None and raw.shape not in (None, shape):
            raise FormatError(f"{raw.source}: images of {raw.shape} pixels, expected {shape}")
        image = shape_of_pixels(raw.n_pixels, shape or raw.shape)

    def parts() -> Iterator[Patterns]:
        with told_of(raw):
            for block in raw.blocks():
                yield _patterns_of(block, image)

    return image, raw.n_patterns, parts


@contextmanager
def told_of(raw: RawPatterns) -> Iterator[None]:
    """What is wrong with patterns, as an error that names the file."""
    try:
        yield
    except FormatError:
        raise
    except ValueError as error:
        doubt = of_table(raw)
        raise FormatError(f"{raw.source}: {error}{doubt and f'; {doubt}'}") from error


def _patterns_of(block: Block, shape: Shape) -> Patterns:
    # Counts that are all one are left out: photons alone, in order, are the quick way in.
    counts = None if block.counts is None or np.all(block.counts == 1) else block.counts
    return Patterns.from_coo(block.rows, block.cols, shape=shape, n_patterns=block.n_patterns, counts=counts)
