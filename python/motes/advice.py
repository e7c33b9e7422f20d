"""What a file is that holds no patterns as motes reads them, and what to do with it."""

from __future__ import annotations

from collections.abc import Iterable

from motes.io.raw import PatternBlocks, RawPatterns

OWN_DATA = "for a list of photons see motes.Patterns.from_coo in docs/formats.md"

# Singular and in lower case; a name of the first kind tells the pattern, so that a row beside it is one of the image.
PATTERN = ("pattern", "frame", "event", "shot")
PIXEL = ("pixel", "pix", "col", "column")
COUNT = ("count", "photon", "data")


def of_arrays(names: Iterable[str]) -> str:
    """What arrays of these names are that motes or its user may well have made; empty where nobody knows.

    Examples
    --------
    >>> of_arrays(["master7", "labels7"])
    'a truth, to compare a reconstruction with: motes reconstruct --truth, motes.truth.read_truth'
    """
    names = tuple(names)
    if {"master", "std_error", "record"} <= set(names):
        return "a saved reconstruction; motes.Reconstruction.load reads it"
    if names and all(name.startswith(("master", "labels")) for name in names):
        return "a truth, to compare a reconstruction with: motes reconstruct --truth, motes.truth.read_truth"
    if columns := photon_columns(names):
        make = f"motes.Patterns.from_coo({columns})"
        return f"a list of photons; {make} and motes.write_patterns make a file, see docs/formats.md"
    return ""


def photon_columns(names: Iterable[str]) -> str:
    """Arguments of `Patterns.from_coo` for columns of these names; empty where they tell no pattern and no pixel.

    Examples
    --------
    >>> photon_columns(["frame", "row", "col"])
    'frame, row * width + col, shape=(height, width)'
    >>> photon_columns(["rows", "cols", "data"]), photon_columns(["x", "y"])
    ('rows, cols, counts=data, shape=...', '')
    """
    own = {name.lower().removesuffix("s"): name for name in names}

    def column(*known: str) -> str:
        return next((own[name] for name in known if name in own), "")

    pattern, row, col = column(*PATTERN), column("row", "y"), column("col", "column", "x")
    counts = f", counts={count}" if (count := column(*COUNT)) else ""
    if pattern and row and col:
        return f"{pattern}, {row} * width + {col}{counts}, shape=(height, width)"
    pattern, pixel = pattern or column("row"), column(*PIXEL)  # a row of the matrix of patterns by pixels
    return f"{pattern}, {pixel}{counts}, shape=..." if pattern and pixel else ""


def of_table(raw: RawPatterns) -> str:
    """What to doubt of patterns by the extents of the table that they are read from; empty for most."""
    if not isinstance(raw, PatternBlocks) or not raw.kind.startswith("dense") or raw.shape is not None:
        return ""
    rows, columns = raw.n_patterns, raw.n_pixels
    if columns in (2, 3) and rows > columns:
        return f"{columns} columns look like photons, not like counts; {OWN_DATA}"
    if rows == columns:
        return f"a square table, read as {rows} patterns of {columns} pixels; one image? save it as array[None]"
    return ""
