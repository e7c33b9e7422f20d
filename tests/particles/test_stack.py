"""Stacks read back from their tables."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import motes
from motes.particles import Optics, extract, read_stack

mrcfile = pytest.importorskip("mrcfile", reason="stacks are MRC")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A stack of three particles in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    Path("Extract").mkdir()
    with mrcfile.new("grid1.mrc") as file:
        file.set_data(np.random.default_rng(0).standard_normal((60, 80)).astype(np.float32))
        file.voxel_size = 2.0
    columns = {
        "rlnAngleRot": ["10", "20", "30"], "rlnAngleTilt": ["1", "2", "3"], "rlnAnglePsi": ["0", "5", "6"],
        "rlnDefocusU": ["9000"] * 3, "rlnDefocusV": ["8000"] * 3, "rlnDefocusAngle": ["40"] * 3,
    }  # fmt: skip
    extra = {name: np.array(values, np.dtypes.StringDType()) for name, values in columns.items()}
    picks = motes.Picks([30, 40.4, 30.6], [30, 20.2, 25], micrographs=("grid1",), extra=extra, format="star")
    optics = Optics(voltage=300, spherical_aberration=2.7, amplitude_contrast=0.1)
    extract(picks, {"grid1": "grid1.mrc"}, "Extract/particles.mrcs", box=16, downsample=8, optics=optics)
    return tmp_path


def test_what_was_written(here, monkeypatch):
    stack = read_stack("Extract/particles.star")
    assert (len(stack), stack.side, stack.pixel_size) == (3, 8, 4.0)
    assert repr(stack) == "<ParticleStack: 3 of 8 x 8 pixels, 4 A a pixel>"
    np.testing.assert_array_equal(stack.images(np.array([2, 0])), mrcfile.read("Extract/particles.mrcs")[[2, 0]])
    np.testing.assert_allclose(stack.centres, 4 + np.array([[0, 0], [0.4, 0.2], [-0.4, 0]]) / 2, atol=1e-6)
    np.testing.assert_array_equal(stack.angles, [[10, 1, 0], [20, 2, 5], [30, 3, 6]])
    np.testing.assert_array_equal(stack.defocus, [[9000, 8000, 40]] * 3)
    assert (stack.optics.voltage, stack.optics.spherical_aberration, stack.optics.amplitude_contrast) == (300, 2.7, 0.1)
    text = Path("Extract/particles.star").read_text()
    Path("Extract/particles.star").write_text(text.replace("@Extract/", "@"))
    monkeypatch.chdir("/")
    assert read_stack(here / "Extract/particles.star").images(np.arange(3)).shape == (3, 8, 8)


def test_aspire_reads_it(here):
    """Another program's reader finds the same images, orientations, and CTF."""
    pytest.importorskip("aspire", reason='another reader: pip install "motes[aspire]"')
    from aspire.source import RelionSource

    source = RelionSource("Extract/particles.star", data_folder=str(here))
    stack = read_stack("Extract/particles.star")
    np.testing.assert_allclose(source.images[:].asnumpy(), stack.images(np.arange(3)), atol=1e-6)
    np.testing.assert_allclose(np.rad2deg(source.angles), stack.angles, atol=1e-4)
    assert source.pixel_size == pytest.approx(4.0)
    (transfer,) = source.unique_filters
    assert (transfer.defocus_u, transfer.defocus_v, transfer.voltage, transfer.Cs) == (9000, 8000, 300, 2.7)


def test_a_stack_that_was_written_anew_is_read_anew(here):
    before = read_stack("Extract/particles.star").images(np.arange(3))
    extract(motes.read_picks("Extract/particles.star"), {"grid1": "grid1.mrc"}, "Extract/particles.mrcs", box=8)
    assert not np.allclose(read_stack("Extract/particles.star").images(np.arange(3)), before)


def test_without_orientations_and_ctf(here):
    extract(motes.Picks([30], [30], micrographs=("grid1",)), {"grid1": "grid1.mrc"}, "bare.mrcs", box=16)
    stack = read_stack("bare.star")
    assert (stack.angles, stack.defocus, stack.optics) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("rlnImageName", "mine"), "no table with rlnImageName beside an optics table"),
        (lambda text: text.replace("data_optics", "data_other"), "no table with rlnImageName beside an optics table"),
        (
            lambda text: text.replace("000002@", "x@"),
            "line 38: rlnImageName is 'x@Extract/particles.mrcs', expected 1@",
        ),
        (lambda text: text.replace("000002@", "9@"), "names image 9 of Extract/particles.mrcs, which holds 3"),
        (lambda text: text.replace("rlnImagePixelSize", "mine"), "has no column rlnImagePixelSize"),
        (lambda text: text[: text.index("000001@")], "holds no particles"),
    ],
)
def test_refusals(here, change, message):
    Path("bad.star").write_text(change(Path("Extract/particles.star").read_text()))
    with pytest.raises(motes.FormatError, match=re.escape(message)):
        read_stack("bad.star")
