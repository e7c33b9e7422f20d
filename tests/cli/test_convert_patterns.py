"""`motes convert` of photon patterns, and `motes info` of stores."""

from __future__ import annotations

import signal
import time

import pytest

import motes as library

pytest.importorskip("google_crc32c", reason="stores need google-crc32c")


@pytest.fixture
def stored(archive, motes):
    """The folder, with run.zarr beside the archive."""
    result = motes("convert", "endeavor.npz", "-o", "run.zarr", "--section-bytes", "50kB", "--patterns", 3000)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    store = library.open_patterns("run.zarr")
    photons = f"{store.n_photons:,}"
    assert result.stdout == f"run.zarr: 3,000 patterns of 25x25 pixels, {photons} photons, from endeavor.npz\n"
    return archive


def test_into_a_store_and_out_of_it(stored, motes):
    patterns = library.read_patterns("endeavor.npz", n_patterns=3000)
    assert library.open_patterns("run.zarr").n_sections == 4
    for name in ("a.emc", "a.npz", "a.npy"):
        assert motes("convert", "run.zarr", "-o", name).exit_code == 0
        assert library.read_patterns(name) == patterns
    assert motes("convert", "a.emc", "a.npy", "-o", "run.zarr", "--overwrite").exit_code == 0
    assert library.read_patterns("run.zarr") == library.Patterns.concatenate([patterns, patterns])


def test_a_store_is_replaced_only_where_that_is_asked(stored, motes, refused):
    """What takes hours does not go by a slip; the store itself, made of full sections, holds what it held."""
    before = library.read_patterns("run.zarr")
    line = refused(stored, "convert", "endeavor.npz", "-o", "run.zarr")
    assert "run.zarr: is there already; --overwrite replaces it, or give another name" in line
    assert library.read_patterns("run.zarr") == before
    assert motes("convert", "run.zarr", "-o", "run.zarr").exit_code == 0
    assert library.open_patterns("run.zarr").n_sections == 1
    assert library.read_patterns("run.zarr") == before
    (stored / "empty.zarr").mkdir()
    assert "empty.zarr: is an empty folder" in refused(stored, "info", "empty.zarr")


def test_what_is_damaged_is_left_out_where_that_is_asked(stored, motes, refused):
    bounds, patterns = library.open_patterns("run.zarr").bounds, library.read_patterns("run.zarr")
    path = stored / "run.zarr/sections/00000001/pixels/c/0"
    path.write_bytes(path.read_bytes()[:-1])
    (stored / "run.zarr/sections/00000002/zarr.json").unlink()
    for words in (("info", "run.zarr"), ("reconstruct", "run.zarr", "-o", "out", "--skip-damaged")):
        line = refused(stored, *words)
        assert "sections/00000002/zarr.json: is not there" in line
        assert "motes convert run.zarr -o whole.zarr --skip-damaged makes a store of the other sections" in line
    assert "sections/00000002" in refused(stored, "convert", "run.zarr", "-o", "whole.zarr")
    assert "--overwrite" in refused(stored, "convert", "run.zarr", "-o", "run.zarr", "--skip-damaged")
    result = motes("convert", "run.zarr", "-o", "whole.zarr", "--skip-damaged")
    assert result.exit_code == 0
    first, second = result.stderr.splitlines()
    n = bounds[2] - bounds[1]
    assert first.startswith(f"motes: note: run.zarr: left out, {n} patterns: {stored}/run.zarr/sections/00000001")
    assert second.startswith("motes: note: run.zarr: left out, nobody knows how many patterns: ")
    expected = library.Patterns.concatenate([patterns[: bounds[1]], patterns[bounds[3] :]])
    assert library.read_patterns("whole.zarr") == expected
    assert motes("convert", "whole.zarr", "-o", "run.zarr", "--overwrite").exit_code == 0  # a damaged one goes as well
    assert library.read_patterns("run.zarr") == expected


def test_info_of_a_store(stored, motes):
    store = library.open_patterns("run.zarr")
    quick, whole = motes("info", "run.zarr", "--quick"), motes("info", "run.zarr")
    for result in (quick, whole):
        assert result.exit_code == 0, result.stderr
        told = f"run.zarr: a store, 4 sections, 3,000 patterns of 25x25 pixels, {store.n_photons:,} photons"
        assert result.stdout.startswith(told)
    assert "without --quick all of it is read" in quick.stdout
    assert "all of it was read, and is as its checksums say" in whole.stdout


def test_info_names_what_is_damaged(stored, motes, refused):
    for section in (1, 3):
        path = stored / f"run.zarr/sections/{section:08d}/pixels/c/0"
        path.write_bytes(path.read_bytes()[:-1])
    line = refused(stored, "info", "run.zarr")
    assert "run.zarr: 2 of 4 sections damaged (1, 3): " in line
    assert "sections/00000001/pixels/c/0: expected" in line
    assert "motes reconstruct --skip-damaged leaves their patterns out, and motes convert run.zarr -o" in line
    assert motes("info", "run.zarr", "--quick").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("convert", "endeavor.npz", "-o", "a.zarr", "--flip-y"), "--flip-y: is for particle coordinates"),
        (("convert", "endeavor.npz", "-o", "a.zarr", "--section-bytes", "lots"), "--section-bytes: expected bytes"),
        (("convert", "endeavor.npz", "-o", "a.zarr", "--shape", "5x5"), "is outside"),
        (("convert", "endeavor.npz", "-o", "a.txt"), "suffix '.txt', expected one of .zarr"),
        (("convert", "endeavor.npz", "endeavor.npz", "-o", "a.zarr", "--patterns", 7), "--patterns: is for one file"),
        (("convert", "nothing.npz", "-o", "a.zarr"), "nothing.npz: no such file or directory"),
        (("convert", "a.box", "b.box", "-o", "a.star"), "expected one file, or a folder of them; got 2"),
        (("convert", "a.box", "-o", "a.star", "--section-bytes", "1MB"), "--section-bytes: is for photon patterns"),
        (("convert", "a.box", "-o", "a.star", "--overwrite"), "--overwrite: is for photon patterns"),
        (("convert", "run.zarr", "-o", "truth.npz/a.zarr"), "truth.npz"),
        (("info", "endeavor.npz", "--quick"), "--quick: is for a store"),
    ],
)
def test_refused(stored, refused, words, told):
    assert told in refused(stored, *words)


def test_ctrl_c_leaves_what_was_there(stored, motes_process):
    before = library.read_patterns("run.zarr")
    library.write_patterns("long.npy", library.Patterns.empty((25, 25), 2_000_000))
    process = motes_process("convert", "long.npy", "-o", "run.zarr", "--overwrite")
    while process.poll() is None and not any(path.name.startswith(".motes-") for path in stored.iterdir()):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors == "motes: interrupted: nothing was written\n"
    assert library.read_patterns("run.zarr") == before
    assert not any(path.name.startswith(".motes-") for path in stored.iterdir())
