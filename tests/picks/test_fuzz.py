"""Files changed at random, for every reader of coordinates and images: read, or refused; never a crash or a hang.

``MOTES_FUZZ=20000 pytest tests/picks/test_fuzz.py`` (``nox -s fuzz``) changes more files than the few of every run.
"""

from __future__ import annotations

import os
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest

import motes
from coordinates import HEIGHT, write
from motes.picks import FORMATS

N_FILES = int(os.environ.get("MOTES_FUZZ", "1500"))
SECONDS = 5.0  # for a file of a few kilobytes that takes milliseconds
BYTES = 50e6
WORDS = [
    *(
        b"nan",
        b"inf",
        b"-1",
        b"0",
        b"1e308",
        b"9" * 400,
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b"\xef\xbb\xbf",
        b"'",
        b'"',
        b"#",
    ),
    *(b"loop_", b"data_", b"data_optics\n", b"_", b"<NA>", b"\t", b",", b" ", b"\xff\xff\xff\xff", b"\x00\x00\x00\x7f"),
    *(b"(2,)", b"'<f8'", b"'O'", b"(", b"[" * 200, b"9999999999", b"\x80", "\u0661".encode()),
]
IMAGES = ["a.mrc", "a.tif", "deflated.tif", "a.png", "a.jpg"]
EVERY = [*FORMATS, *IMAGES]


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """A file with one to four changes: bytes, words, pieces left out, doubled or moved, the end cut."""
    for _ in range(rng.integers(1, 5)):
        at, to = sorted(rng.integers(0, len(data) + 1, 2).tolist())
        piece = data[at : min(to, at + 200)]
        kind = rng.integers(6)
        if kind == 0 and len(data):
            changed = bytearray(data)
            changed[min(at, len(data) - 1)] = int(rng.choice([rng.integers(256), 0, 1, 127, 128, 255]))
            data = bytes(changed)
        elif kind == 1:
            word = WORDS[rng.integers(len(WORDS))]
            data = data[:at] + word + data[at + (len(word) if rng.integers(2) else 0) :]
        elif kind == 2:
            data = data[:at] + data[at + len(piece) :]
        elif kind == 3:
            data = data[:at] + piece * int(rng.integers(2, 5)) + data[at:]
        elif kind == 4:
            data = data[at:] + data[:at] if rng.integers(8) == 0 else data
        elif rng.integers(4) == 0:
            data = data[:at]
    return data


def intact(folder: Path, name: str, picks: motes.Picks) -> Path:
    if name in FORMATS:
        return write(folder, picks, name)
    image = np.random.default_rng(1).integers(0, 255, (24, 32)).astype(np.uint8)
    path = folder / name
    if name == "a.mrc":
        mrcfile = pytest.importorskip("mrcfile", reason="MRC needs mrcfile")
        mrcfile.write(path, image.astype(np.float32))
    else:
        from PIL import Image

        options = {"compression": "tiff_adobe_deflate"} if name == "deflated.tif" else {}
        Image.fromarray(image).save(path, **options)
    return path


def read(path: Path, name: str) -> None:
    """Read, and look at all of it."""
    if name in FORMATS:
        picks = motes.read_picks(path, name, y_origin="bottom", height=HEIGHT)
        assert np.isfinite([picks.x, picks.y]).all()
        assert picks.radius is None or (picks.radius > 0).all()
        assert picks.index.shape == picks.x.shape
    else:
        micrograph = motes.read_micrograph(path)
        assert micrograph.data.ndim == 2
        assert micrograph.data.max() is not None


@pytest.mark.parametrize("name", EVERY)
def test_changed_anywhere(tmp_path, one, two, name):
    path = intact(tmp_path, name, two if name in FORMATS and not FORMATS[name].single else one)
    sound = path.read_bytes()
    read(path, name)
    rng = np.random.default_rng(EVERY.index(name))
    refused = 0
    n_files = -(-N_FILES // len(EVERY))
    for i in range(n_files):
        data = mutated(sound, rng)
        path.unlink()  # an image may still be mapped
        path.write_bytes(data)
        tracemalloc.start()
        began = time.perf_counter()
        message = ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                read(path, name)
        except motes.FormatError as error:
            refused, message = refused + 1, str(error)
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert not message or str(path) in message, (i, data)
        assert time.perf_counter() - began < SECONDS, (i, data)
        assert peak < BYTES, (i, data)
    assert 0 < refused < n_files
