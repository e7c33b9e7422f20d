"""Other programs read our stores, and we read theirs: zarr-python stands for all of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import motes
from motes.io.store.checksum import crc32c

zarr = pytest.importorskip("zarr", reason="held against zarr-python")


def test_zarr_reads_what_we_write(store, patterns):
    """Array by array, its checksums checked by Zarr's own codec."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        group = zarr.open_group(store.path, mode="r")
        members = dict(group.members(max_depth=None))
    assert group.attrs["motes"]["shape"] == list(patterns.shape)
    assert f"sections/{0:08d}/pixels" in members
    first = 0
    for number in range(store.n_sections):
        section = group[f"sections/{number:08d}"]
        said = dict(section.attrs["motes"])
        part = patterns[first : first + said["n_patterns"]]
        own = part._arrays.own()
        np.testing.assert_array_equal(section["lengths"][:], np.diff(own.indptr))
        np.testing.assert_array_equal(section["pixels"][:], own.pixels)
        np.testing.assert_array_equal(section["multi_position"][:], own.multi_position)
        np.testing.assert_array_equal(section["multi_extra"][:], own.multi_extra)
        assert said["n_photons"] == part.n_photons
        assert said["n_empty"] == np.count_nonzero(part.photons_per_pattern() == 0)
        first += len(part)
    assert first == len(patterns)


def test_zarr_refuses_what_we_refuse(store):
    path = store.path / "sections/00000001/pixels/c/0"
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    with pytest.raises(Exception, match="checksum"):
        zarr.open_group(store.path, mode="r")["sections/00000001/pixels"][:]


def test_zarr_reads_a_section_without_photons(tmp_path):
    motes.write_patterns(tmp_path / "a.zarr", motes.Patterns.empty((5, 4), 3))
    section = zarr.open_group(tmp_path / "a.zarr", mode="r")["sections/00000000"]
    assert section["lengths"][:].tolist() == [0, 0, 0]
    assert section["pixels"].shape == (0,)
    assert sorted(name for name, _ in section.members()) == ["lengths", "pixels"]


def test_total_is_there_where_it_is_small(tmp_path):
    patterns = motes.Patterns.from_dense(np.random.default_rng(0).integers(0, 2, (500, 2, 2)))
    motes.write_patterns(tmp_path / "a.zarr", patterns)
    section = zarr.open_group(tmp_path / "a.zarr", mode="r")["sections/00000000"]
    np.testing.assert_array_equal(section["total"][:], patterns.total_image().ravel())


def write_with_zarr(path: Any, patterns: motes.Patterns, a_section: int) -> None:
    """As docs/formats.md says it, by another program."""
    from zarr.codecs import BytesCodec, Crc32cCodec

    told = {"format": 1, "shape": list(patterns.shape), "closed": True, "version": "another program"}
    root = zarr.create_group(path, attributes={"motes": told})
    sections = root.create_group("sections")
    for number, first in enumerate(range(0, len(patterns), a_section)):
        part = patterns[first : first + a_section]
        own = part._arrays.own()
        columns = {"lengths": np.diff(own.indptr).astype("<u2"), "pixels": own.pixels}
        if own.multi_extra.size:
            columns |= {"multi_position": own.multi_position, "multi_extra": own.multi_extra}
        said = {
            "n_patterns": len(part),
            "n_lit": part.n_lit,
            "n_photons": part.n_photons,
            "n_multi": own.multi_extra.size,
            "max_count": part.max_count,
            "sum_of_squares": part.sum_of_squares(),
            "n_empty": int(np.count_nonzero(columns["lengths"] == 0)),
            "crc32c": {name: crc32c(np.ascontiguousarray(column).view(np.uint8)) for name, column in columns.items()},
        }
        section = sections.create_group(f"{number:08d}", attributes={"motes": said})
        for name, column in columns.items():
            array = section.create_array(
                name,
                shape=column.shape,
                chunks=(max(1, column.size),),
                dtype=column.dtype,
                fill_value=0,
                serializer=BytesCodec(endian="little"),
                compressors=[Crc32cCodec()],
                filters=None,
            )
            array[:] = column


def test_we_read_what_zarr_writes(tmp_path, patterns):
    write_with_zarr(tmp_path / "theirs.zarr", patterns, 300)
    store = motes.open_patterns(tmp_path / "theirs.zarr")
    assert store.verify().all()
    assert store.to_memory() == patterns
    assert store.n_sections == 4
    np.testing.assert_array_equal(store.total_image(), patterns.total_image())
    with motes.PatternWriter(tmp_path / "theirs.zarr", patterns.shape, append=True) as writer:
        writer.append(patterns[:50])
    assert len(store.refresh()) == 1050


def test_arrays_of_another_layout_are_refused(tmp_path, patterns):
    """Compressed, as Zarr's own default is: said, not misread."""
    write_with_zarr(tmp_path / "theirs.zarr", patterns, 300)
    section = zarr.open_group(tmp_path / "theirs.zarr", mode="r+")["sections/00000002"]
    pixels = section["pixels"][:]
    section.create_array("pixels", data=pixels, overwrite=True)
    with pytest.raises(motes.DamagedSection, match=r"sections/00000002/pixels"):
        motes.open_patterns(tmp_path / "theirs.zarr").to_memory()
