"""Micrographs: every type of pixel comes back at its place; what is damaged, in colour or a bomb is refused."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

import motes
from motes.micrograph import images_of

RAMP = np.arange(24 * 32).reshape(24, 32)


def mrc(path, data, **header):
    mrcfile = pytest.importorskip("mrcfile", reason="MRC needs mrcfile")
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(data)
        for name, value in header.items():
            setattr(file, name, value)
    return path


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint16, np.float32, np.float16])
def test_mrc_is_mapped_as_it_is_stored(tmp_path, dtype):
    data = (RAMP % 100).astype(dtype)
    micrograph = motes.read_micrograph(mrc(tmp_path / "grid1.mrc", data, voxel_size=1.77))
    assert isinstance(micrograph.data, np.memmap)
    assert micrograph.data.dtype == dtype
    np.testing.assert_array_equal(micrograph.data, data)
    assert (micrograph.name, micrograph.kind, micrograph.shape) == ("grid1", "MRC", (24, 32))
    assert micrograph.pixel_size == pytest.approx(1.77, rel=1e-6)
    assert repr(micrograph) == f"<Micrograph grid1: 24 x 32 pixels, {np.dtype(dtype)}, 1.77 A a pixel, MRC, mapped>"
    with pytest.raises(ValueError, match="read-only"):
        micrograph.data[0, 0] = 1


def test_other_byte_order_and_extended_header(tmp_path):
    path = mrc(tmp_path / "a.mrc", RAMP.astype(np.float32))
    data = bytearray(path.read_bytes())
    for start, stop in ((0, 96), (1024, len(data))):  # words; texts and stamps between stay
        data[start:stop] = np.frombuffer(data[start:stop], "<u4").astype(">u4").tobytes()
    data[92:96] = struct.pack(">i", 40)
    data[212:214] = b"\x11\x11"
    data[104:108] = bytes(4)
    path.write_bytes(bytes(data[:1024]) + bytes(40) + bytes(data[1024:]))
    np.testing.assert_array_equal(motes.read_micrograph(path).data, RAMP)


def test_sections(tmp_path):
    path = mrc(tmp_path / "a.mrcs", np.stack([RAMP, RAMP + 1]).astype(np.int16))
    with pytest.raises(motes.FormatError, match="holds 2 sections"):
        motes.read_micrograph(path)
    np.testing.assert_array_equal(motes.read_micrograph(path, 1).data, RAMP + 1)
    with pytest.raises(ValueError, match="holds sections 0 to 1"):
        motes.read_micrograph(path, 2)


def word(i, value, kind="<i"):
    return lambda data: data[: 4 * i] + struct.pack(kind, value) + data[4 * i + 4 :]


MRC_DAMAGE = {
    "empty": (lambda data: b"", "is empty"),
    "short header": (lambda data: data[:1000], "no MRC header"),
    "truncated": (lambda data: data[:-1], "need 4096 bytes, got 4095"),
    "too long": (lambda data: data + b"0", "need 4096 bytes, got 4097"),
    "huge": (word(0, 2**31 - 1), "2147483647 x 24 x 1 pixels of mode 2 need"),
    "negative": (word(1, -24), "32 x -24 x 1 pixels"),
    "header of negative size": (word(23, -1), "-1 bytes of header"),
    "complex": (word(3, 4), "mode 4, expected one of 0, 1, 2, 6, 12"),
    "axes": (word(16, 2), r"mapc, mapr, maps are \(2, 2, 3\)"),
    "no stamp": (word(53, 0), "no MRC header"),
    "half a stamp": (word(53, 0x44), "Unrecognised machine stamp"),
    "another file": (lambda data: b"\x89PNG" + bytes(2000), "no MRC header"),
}


@pytest.mark.parametrize("case", MRC_DAMAGE)
def test_damaged_mrc(tmp_path, case):
    path = mrc(tmp_path / "a.mrc", RAMP.astype(np.float32))
    damage, message = MRC_DAMAGE[case]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(motes.FormatError, match=message) as caught:
        motes.read_micrograph(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_tiff(tmp_path, dtype, compression):
    data = (RAMP % 200).astype(dtype)
    Image.fromarray(data).save(tmp_path / "a.tif", compression=compression)
    micrograph = motes.read_micrograph(tmp_path / "a.tif")
    np.testing.assert_array_equal(micrograph.data, data)
    assert not micrograph.data.flags.writeable
    assert isinstance(micrograph.data, np.memmap) == (compression is None and dtype != np.int32)


def test_tiff_of_many_strips_is_mapped(tmp_path):
    data = np.random.default_rng(1).integers(0, 65535, (1500, 700)).astype(np.uint16)
    Image.fromarray(data).save(tmp_path / "a.tiff", tiffinfo={278: 100})
    micrograph = motes.read_micrograph(tmp_path / "a.tiff")
    np.testing.assert_array_equal(micrograph.data, data)
    assert isinstance(micrograph.data, np.memmap)


def test_what_is_mapped_is_not_read(tmp_path):
    Image.fromarray(np.zeros((3000, 4000), np.uint16)).save(tmp_path / "a.tif")
    assert (tmp_path / "a.tif").stat().st_size > 24e6
    motes.read_micrograph(tmp_path / "a.tif")  # what is imported on the way is not counted
    tracemalloc.start()
    try:
        assert isinstance(motes.read_micrograph(tmp_path / "a.tif").data, np.memmap)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


def test_png_and_jpeg(tmp_path):
    for dtype in (np.uint8, np.uint16):
        data = (RAMP % 200).astype(dtype)
        Image.fromarray(data).save(tmp_path / "a.png")
        np.testing.assert_array_equal(motes.read_micrograph(tmp_path / "a.png").data, data)
    smooth = (RAMP // 8).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=100)
    np.testing.assert_allclose(motes.read_micrograph(tmp_path / "a.jpg").data, smooth, atol=3)


def test_colour(tmp_path):
    grey = np.repeat((RAMP % 200).astype(np.uint8)[..., None], 3, axis=2)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(motes.read_micrograph(tmp_path / "grey.png").data, grey[..., 0])
    grey[3, 4, 1] += 1
    Image.fromarray(grey).save(tmp_path / "colour.png")
    with pytest.raises(motes.FormatError, match="in colour"):
        motes.read_micrograph(tmp_path / "colour.png")


def test_several_images(tmp_path):
    first, second = (Image.fromarray(np.full((8, 8), value, np.uint8)) for value in (1, 2))
    first.save(tmp_path / "a.tif", save_all=True, append_images=[second])
    with pytest.raises(motes.FormatError, match="holds 2 images"):
        motes.read_micrograph(tmp_path / "a.tif")


def png_header(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100)))


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1), (0, 5)])
def test_bombs(tmp_path, size):
    (tmp_path / "a.png").write_bytes(png_header(*size))
    tracemalloc.start()
    try:
        with pytest.raises(motes.FormatError, match=r"a\.png"):
            motes.read_micrograph(tmp_path / "a.png")
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_a_png_that_decodes_as_it_says_is_a_bomb_all_the_same(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((2000, 2000), np.uint8)).save(tmp_path / "a.png", optimize=True)
    assert motes.read_micrograph(tmp_path / "a.png").shape == (2000, 2000)  # too small to hurt
    monkeypatch.setattr("motes.io.source.BOMB_BYTES", 2**20)
    with pytest.raises(motes.FormatError, match=r"a PNG bomb: \d+ bytes that would become 4000000"):
        motes.read_micrograph(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_images_cut_anywhere(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray((RAMP % 200).astype(np.uint8)).save(path)
    data = path.read_bytes()
    for size in [0, 1, 3, 8, 20, len(data) // 2, len(data) - 30]:
        path.unlink()
        path.write_bytes(data[:size])
        with pytest.raises(motes.FormatError, match=rf"a\.{suffix}"):
            motes.read_micrograph(path)


def test_suffixes_and_kinds(tmp_path):
    with pytest.raises(ValueError, match=r"suffix '\.gif' tells no image"):
        motes.read_micrograph(tmp_path / "a.gif")
    with pytest.raises(FileNotFoundError):
        motes.read_micrograph(tmp_path / "a.png")
    Image.fromarray(RAMP.astype(np.uint8)).save(tmp_path / "a.bmp")
    (tmp_path / "a.bmp").rename(tmp_path / "a.png")
    with pytest.raises(motes.FormatError, match="expected a PNG, JPEG or TIFF"):
        motes.read_micrograph(tmp_path / "a.png")


def test_without_mrcfile(tmp_path, monkeypatch):
    import sys

    path = mrc(tmp_path / "a.mrc", RAMP.astype(np.float32))
    monkeypatch.setitem(sys.modules, "mrcfile", None)
    with pytest.raises(ImportError, match=r'MRC needs mrcfile: .*\(from a clone: pip install "\.\[io\]"\)'):
        motes.read_micrograph(path)
    with pytest.raises(FileNotFoundError, match="none"):  # not told to install anything
        motes.read_micrograph(tmp_path / "none.mrc")


def test_a_chunk_that_claims_2_gb_is_not_made_room_for(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(RAMP.astype(np.uint8)).save(path)
    data = path.read_bytes()
    at = data.index(b"IDAT")
    path.write_bytes(data[: at - 4] + struct.pack(">I", 2**31 - 99) + b"tEXt" + data[at - 4 :])
    with pytest.raises(motes.FormatError):
        motes.read_micrograph(path)  # what is imported on the way is not counted
    tracemalloc.start()
    try:
        with pytest.raises(motes.FormatError, match="damaged or no PNG image"):
            motes.read_micrograph(path)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["b.png", "a.jpg", "notes.txt"], ["a.jpg", "b.png"]),
        (["b.mrc", "b.png", "overview.png", "a.tif", "b.tif"], ["a.tif", "b.mrc"]),
        (["a.mrc", "a.mrcs", "b.png", "b.MRC", "c.mrcs"], ["a.mrc", "b.MRC", "c.mrcs"]),
        (["a.jpg", "a.png", "a.tif"], ["a.tif"]),
    ],
)
def test_images_of_a_folder(tmp_path, names, expected):
    for name in names:
        (tmp_path / name).touch()
    assert [file.name for file in images_of(tmp_path).values()] == expected
