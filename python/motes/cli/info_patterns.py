"""What ``motes info`` says of photon patterns, in a file or in a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motes.errors import DamagedSection
    from motes.files import Finding


def in_words(found: Finding) -> list[str]:
    """A set of patterns, or what an array is that is none."""
    if found.n_patterns is None:
        return [found.kind]
    pixels = "x".join(map(str, found.shape)) if found.shape else f"{found.n_pixels:,}"
    told = [found.kind, f"{found.n_patterns:,} patterns of {pixels} pixels"]
    if found.n_photons is not None:
        mean = "" if found.mean_photons is None else f" ({found.mean_photons:.3f} a pattern)"
        told.append(f"{found.n_photons:,} photons{mean}")
        told.append(f"at most {found.max_count:,} in a pixel")
        told.append(f"{found.n_empty:,} patterns without any")
    return [*told, f"note: {found.note}"] if found.note else told


def store_lines(path: Path, quick: bool) -> list[str]:
    """A store by its headers, and what came of reading all of it.

    Raises
    ------
    FormatError
        If sections are damaged; the message names them.
    """
    from motes import open_patterns
    from motes.cli.observers import counting
    from motes.errors import FormatError
    from motes.files import finding_of_store
    from motes.sections import others

    store = open_patterns(path)
    lines = [f"{path.name}: {', '.join(in_words(finding_of_store(store)))}"]
    if quick:
        return [*lines, "  as its headers say; without --quick all of it is read, and held against its checksums"]
    faults: list[DamagedSection] = []
    with counting(f"reading {path.name}") as tell:

        def told(section: int, fault: DamagedSection | None) -> None:
            tell(section + 1, store.n_sections)
            faults.extend([fault] if fault is not None else [])

        store.verify(skip_damaged=True, callback=told)
    if faults:
        sections = ", ".join(str(fault.section) for fault in faults[:10]) + (", ..." if len(faults) > 10 else "")
        summary = f"{path}: {len(faults)} of {store.n_sections} sections damaged ({sections}): {faults[0]}"
        raise FormatError(f"{summary}; motes reconstruct --skip-damaged leaves their patterns out, and {others(path)}")
    return [*lines, "  all of it was read, and is as its checksums say"]
