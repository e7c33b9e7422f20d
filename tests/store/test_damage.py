"""Stores that are not as they say: each is refused in words that name the file, or the section; never a crash."""

from __future__ import annotations

import json
import os
import shutil
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import motes
from motes.conversion import convert_patterns
from motes.errors import DamagedSection, FormatError
from motes.io.store import layout, reading

SECTION = Path("sections/00000002")
PIXELS = SECTION / "pixels/c/0"


def read_all(path: Path) -> motes.Patterns:
    store = motes.open_patterns(path)
    assert store.total_image().sum() == store.n_photons
    return store.to_memory()


def edited(name: str | Path, **changes: object) -> Callable[[Path], None]:
    """Other values in our attributes of a header."""

    def change(path: Path) -> None:
        header = json.loads((path / name).read_text())
        header["attributes"]["motes"].update(changes)
        (path / name).write_text(json.dumps(header))

    return change


def rewritten(name: str | Path, content: bytes) -> Callable[[Path], None]:
    return lambda path: (path / name).write_bytes(content)


def flipped(name: str | Path, at: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = bytearray((path / name).read_bytes())
        content[at] ^= 1
        (path / name).write_bytes(content)

    return change


def cut(name: str | Path, n: int) -> Callable[[Path], None]:
    return lambda path: os.truncate(path / name, (path / name).stat().st_size - n)


def removed(name: str | Path) -> Callable[[Path], None]:
    return lambda path: shutil.rmtree(path / name) if (path / name).is_dir() else (path / name).unlink()


def linked_to_itself(name: str | Path) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        removed(name)(path)
        (path / name).symlink_to(path / name)

    return change


def piped(name: str | Path) -> Callable[[Path], None]:
    """Nobody ever writes to it: who opens it as a file is to be waits for ever."""

    def change(path: Path) -> None:
        (path / name).unlink()
        os.mkfifo(path / name)

    return change


def resummed(name: str, values: np.ndarray, section: str | Path = SECTION) -> Callable[[Path], None]:
    """Other numbers with the right checksums, behind them and in the header: made, not damaged."""
    from motes.io.store.checksum import crc32c

    def change(path: Path) -> None:
        found = crc32c(values.view(np.uint8))
        (path / section / name / "c/0").write_bytes(values.tobytes() + found.to_bytes(4, "little"))
        header = json.loads((path / section / "zarr.json").read_text())
        header["attributes"]["motes"]["crc32c"][name] = found
        (path / section / "zarr.json").write_text(json.dumps(header))

    return change


HEADERS = {
    "no header": (removed("zarr.json"), "zarr.json: is not there"),
    "no sections": (removed("sections"), "sections: can not be listed"),
    "an empty header": (rewritten("zarr.json", b""), "zarr.json: no JSON"),
    "other bytes": (rewritten("zarr.json", b"\xff\xfe\x00" * 9), "zarr.json: no JSON"),
    "deep JSON": (rewritten("zarr.json", b"[" * 60_000), "zarr.json: no JSON"),
    "huge JSON": (rewritten("zarr.json", b" " * 10**6), "more than 65536 bytes"),
    "a number of many digits": (rewritten("zarr.json", b'{"zarr_format": ' + b"9" * 5000 + b"}"), "zarr.json: no"),
    "a list": (rewritten("zarr.json", b"[]"), "no header of Zarr format 3"),
    "Zarr 2": (rewritten("zarr.json", b'{"zarr_format": 2}'), "no header of Zarr format 3"),
    "a Zarr group of somebody else": (
        rewritten("zarr.json", b'{"zarr_format": 3, "node_type": "group", "attributes": {}}'),
        "expected a store of patterns",
    ),
    "a Zarr array": (
        rewritten("zarr.json", b'{"zarr_format": 3, "node_type": "array", "attributes": {"motes": {}}}'),
        "expected a store of patterns",
    ),
    "a later format": (edited("zarr.json", format=2), "zarr.json: format 2, expected 1"),
    "no pixels": (edited("zarr.json", shape=[0, 5]), r"shape \[0, 5\], expected rows and columns"),
    "half a shape": (edited("zarr.json", shape=[5]), "expected rows and columns"),
    "a shape of text": (edited("zarr.json", shape="5x4"), "expected rows and columns"),
    "a shape of truths": (edited("zarr.json", shape=[True, True]), "expected rows and columns"),
    "too many pixels": (edited("zarr.json", shape=[2**20, 2**20]), "expected at most 4294967296"),
    "closed by a word": (edited("zarr.json", closed="yes"), "closed is 'yes'"),
    "a header that is a folder": (lambda path: (removed("zarr.json")(path), (path / "zarr.json").mkdir()), "zarr.json"),
    "a header that is a pipe": (piped("zarr.json"), "zarr.json: is no regular file"),
    "a loop of links": (linked_to_itself("zarr.json"), "zarr.json: can not be opened"),
    "a loop of folders": (linked_to_itself("sections"), "sections: can not be listed"),
    "a section that is missing": (removed(SECTION), "sections/00000002: is missing, though section"),
    "a section without a header": (removed(SECTION / "zarr.json"), "sections/00000002/zarr.json: is not there"),
    "a negative number": (edited(SECTION / "zarr.json", n_lit=-1), "n_lit is -1, expected a whole number of 0 or more"),
    "a fraction": (edited(SECTION / "zarr.json", n_patterns=1.5), "n_patterns is 1.5"),
    "a truth": (edited(SECTION / "zarr.json", n_empty=True), "n_empty is True"),
    "nothing": (edited(SECTION / "zarr.json", max_count=None), "max_count is None"),
    "beyond int64": (edited(SECTION / "zarr.json", n_photons=2**63), "n_photons is 9223372036854775808"),
    "no patterns": (edited(SECTION / "zarr.json", n_patterns=0), "0 patterns, expected 1 to"),
    "absurdly many patterns": (edited(SECTION / "zarr.json", n_patterns=2**61), "expected 1 to"),
    "more lit than there are": (edited(SECTION / "zarr.json", n_lit=10**9), "1000000000 lit pixels in"),
    "fewer photons than lit": (edited(SECTION / "zarr.json", n_photons=3), "not of the same patterns"),
    "no checksums": (edited(SECTION / "zarr.json", crc32c={}), "crc32c of"),
    "checksums of text": (edited(SECTION / "zarr.json", crc32c={"pixels": "abc"}), "crc32c: expected"),
    "checksums of other arrays": (
        edited(SECTION / "zarr.json", crc32c={"../../x": 1, "lengths": 1, "pixels": 1}),
        "crc32c of ../../x",
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers(store, name):
    """Told when the store is opened, before anything is asked for that a header states."""
    change, told = HEADERS[name]
    change(store.path)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=told) as raised:
            motes.open_patterns(store.path)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()
    assert str(store.path) in str(raised.value)


SECTIONS = {
    "no photons": (removed(PIXELS), "pixels/c/0: can not be opened"),
    "no lengths": (removed(SECTION / "lengths"), "lengths/c/0: can not be opened"),
    "cut by a byte": (cut(PIXELS, 1), r"pixels/c/0: expected \d+ bytes, got \d+"),
    "cut short": (cut(SECTION / "lengths/c/0", 40), r"lengths/c/0: expected \d+ bytes, got \d+"),
    "empty": (rewritten(PIXELS, b""), r"pixels/c/0: expected \d+ bytes, got 0"),
    "a byte more": (
        lambda path: (path / PIXELS).write_bytes((path / PIXELS).read_bytes() + b"x"),
        r"expected \d+ bytes, got \d+",
    ),
    "a bit of a photon": (flipped(PIXELS, 10), "pixels/c/0: its numbers are not those"),
    "a bit of a length": (flipped(SECTION / "lengths/c/0", 3), "lengths/c/0: its numbers are not those"),
    "a bit of a count": (flipped(SECTION / "multi_extra/c/0", 0), "multi_extra/c/0: its numbers are not those"),
    "a bit of a position": (
        flipped(SECTION / "multi_position/c/0", 0),
        "multi_position/c/0: its numbers are not those",
    ),
    "a bit of a checksum": (flipped(PIXELS, -1), "pixels/c/0: its numbers are not those"),
    "another type": (
        lambda path: (path / SECTION / "pixels/zarr.json").write_text(
            (path / SECTION / "pixels/zarr.json").read_text().replace("uint16", "int16")
        ),
        "pixels/zarr.json: data_type is 'int16', expected 'uint16'",
    ),
    "another order of bytes": (
        lambda path: (path / SECTION / "pixels/zarr.json").write_text(
            (path / SECTION / "pixels/zarr.json").read_text().replace("little", "big")
        ),
        "pixels/zarr.json: codecs is",
    ),
    "an array without a header": (removed(SECTION / "pixels/zarr.json"), "pixels/zarr.json: is not there"),
    "a pipe": (piped(PIXELS), "pixels/c/0: expected .* got no regular file"),
    "a loop": (linked_to_itself(PIXELS), "pixels/c/0: can not be opened"),
    "a folder": (lambda path: (removed(PIXELS)(path), (path / PIXELS).mkdir()), "pixels/c/0"),
    "another number of photons": (edited(SECTION / "zarr.json", n_photons=700, sum_of_squares=800), "n_photons is 700"),
    "another greatest count": (edited(SECTION / "zarr.json", max_count=9), "max_count is 9, expected"),
    "another number of empty ones": (edited(SECTION / "zarr.json", n_empty=0), "n_empty is 0, expected"),
}


@pytest.mark.parametrize("name", SECTIONS)
def test_a_damaged_section_is_named(store, patterns, name):
    """Its neighbours are read, and it is left out where that is asked."""
    change, told = SECTIONS[name]
    change(store.path)
    damaged = motes.open_patterns(store.path)
    for attempt in (damaged.to_memory, damaged.verify, lambda: damaged.section(2), lambda: list(damaged.parts())):
        with pytest.raises(DamagedSection, match=told) as raised:
            attempt()
        assert raised.value.section == 2
        assert f"{store.path}/sections/00000002" in str(raised.value)
    sound = damaged.verify(skip_damaged=True)
    expected = np.ones(len(patterns), bool)
    expected[store.bounds[2] : store.bounds[3]] = False
    np.testing.assert_array_equal(sound, expected)
    assert damaged.select(sound).to_memory() == patterns[sound]


def test_made_of_numbers_that_are_no_patterns(store):
    """All sums are right; what they are sums of is not."""
    n_lit = store._sections.headers[2].n_lit
    outside = np.full(n_lit, 20, "<u2")
    resummed("pixels", outside)(store.path)
    with pytest.raises(DamagedSection, match=r"sections/00000002: pattern 0: pixel 20 is outside 0..19"):
        motes.open_patterns(store.path).section(2)
    resummed("pixels", np.zeros(n_lit, "<u2"))(store.path)
    with pytest.raises(DamagedSection, match=r"sections/00000002: .* ascending"):
        motes.open_patterns(store.path).section(2)


def test_lengths_of_other_patterns(store):
    section = store._sections.headers[2]
    resummed("lengths", np.full(section.n_patterns, 60_000, "<u2"))(store.path)
    with pytest.raises(DamagedSection, match=rf"lengths/c/0: expected {section.n_lit} lit pixels in all, got"):
        motes.open_patterns(store.path).section(2)


def test_a_total_that_is_none(tmp_path):
    """Only long sections of few pixels have one."""
    patterns = motes.Patterns.from_dense(np.random.default_rng(0).integers(0, 2, (500, 2, 2)))
    motes.write_patterns(tmp_path / "a.zarr", patterns)
    assert motes.open_patterns(tmp_path / "a.zarr").verify().all()
    flipped("sections/00000000/total/c/0", 0)(tmp_path / "a.zarr")
    damaged = motes.open_patterns(tmp_path / "a.zarr")
    assert damaged.to_memory() == patterns
    for attempt in (damaged.total_image, damaged.verify):
        with pytest.raises(DamagedSection, match="total/c/0: its numbers are not those"):
            attempt()


def test_headers_are_compared_with_the_files_before_memory_is_asked_for(store):
    edited(SECTION / "zarr.json", n_patterns=2**24 - 1, n_lit=10**8, n_photons=10**9, sum_of_squares=10**10)(store.path)
    tracemalloc.start()
    try:
        lying = motes.open_patterns(store.path)
        with pytest.raises(DamagedSection, match=r"lengths/c/0: expected 33554434 bytes"):
            lying.to_memory()
        with pytest.raises(DamagedSection, match=r"lengths/c/0: expected 33554434 bytes"):
            list(lying.parts())
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_a_section_that_changes_is_checked_again(store, monkeypatch):
    """A process checks a section once; another file in its place is another section."""
    monkeypatch.setattr(reading, "SETTLED", -(10**18))
    assert store.section(2) == store.section(2)
    store._sections._kept.clear()
    flipped(PIXELS, 10)(store.path)
    with pytest.raises(DamagedSection, match="checksum"):
        store.section(2)


def test_a_file_that_was_written_just_now_is_checked_again(store):
    """Where two changes may fall into one tick of the file system's clock, its times tell nothing."""
    before = (store.path / PIXELS).stat()
    store.section(2)
    store._sections._kept.clear()
    reading_marks = set(reading._sound)
    flipped(PIXELS, 10)(store.path)
    os.utime(store.path / PIXELS, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not any(mark[0] == store._sections.headers[2].folder for mark in reading_marks)
    with pytest.raises(DamagedSection, match="checksum"):
        store.section(2)


def test_a_file_that_changes_while_it_is_read(store, monkeypatch):
    fill = reading._fill

    def slow(file, room, section, name, stopped):
        fill(file, room, section, name, stopped)
        if name == "pixels":
            os.utime(store.path / PIXELS, ns=(0, time.time_ns() + 10**9))

    monkeypatch.setattr(reading, "_fill", slow)
    with pytest.raises(DamagedSection, match="pixels/c/0: changed while it was read"):
        store.section(2)


def test_a_file_that_is_cut_while_it_is_read(store, monkeypatch):
    opened = reading._opened

    def cut_behind(section, name, size):
        file = opened(section, name, size)
        if name == "pixels":
            os.truncate(store.path / PIXELS, 10)
        return file

    monkeypatch.setattr(reading, "_opened", cut_behind)
    with pytest.raises(DamagedSection, match=r"pixels/c/0: expected \d+ bytes, it ends after 10"):
        store.section(2)


def test_a_store_that_is_removed_while_it_is_read(store):
    parts = store.parts()
    assert next(parts)[0] == 0
    shutil.rmtree(store.path)
    with pytest.raises(DamagedSection, match="can not be opened"):
        list(parts)
    with pytest.raises(FileNotFoundError):
        motes.open_patterns(store.path)
    with pytest.raises(FormatError):
        store.refresh()


def test_another_store_in_its_place(store, patterns):
    shutil.rmtree(store.path)
    motes.write_patterns(store.path, patterns[:30])
    with pytest.raises(FormatError, match="is another store than the one that was opened"):
        store.refresh()
    store._sections._kept.clear()
    with pytest.raises(DamagedSection):
        store.to_memory()


def test_what_is_no_store(tmp_path, patterns):
    motes.write_patterns(tmp_path / "a.emc", motes.Patterns.from_dense([[1, 0, 0, 1]]))
    with pytest.raises(FormatError, match=r"a.emc: is no folder, .* motes.read_patterns reads files"):
        motes.open_patterns(tmp_path / "a.emc")
    with pytest.raises(FileNotFoundError):
        motes.open_patterns(tmp_path / "nothing.zarr")
    (tmp_path / "empty.zarr").mkdir()
    for read in (motes.open_patterns, motes.read_patterns, motes.describe):
        with pytest.raises(FormatError, match=r"empty.zarr: is an empty folder, .* -o empty.zarr writes one"):
            read(tmp_path / "empty.zarr")
    (tmp_path / "empty.zarr" / "notes.txt").write_text("mine")
    with pytest.raises(FormatError, match=r"empty.zarr/zarr.json: is not there; expected a store of patterns"):
        motes.open_patterns(tmp_path / "empty.zarr")


LOST = {
    "missing": (removed(SECTION), r"sections/00000002: is missing, though section \d+ is there"),
    "without a header": (removed(SECTION / "zarr.json"), "sections/00000002/zarr.json: is not there"),
    "with another header": (edited(SECTION / "zarr.json", n_lit=-1), "sections/00000002/zarr.json: n_lit is -1"),
}


@pytest.mark.parametrize("name", LOST)
def test_a_section_that_nobody_knows_the_patterns_of(store, patterns, name):
    """Those behind it would get other numbers: that is done only where a new store is made of the rest."""
    change, told = LOST[name]
    bounds = store.bounds
    change(store.path)
    with pytest.raises(DamagedSection, match=told) as raised:
        motes.open_patterns(store.path)
    assert raised.value.section == 2
    assert "motes convert run.zarr -o whole.zarr --skip-damaged" in str(raised.value)
    if name == "missing":
        with pytest.raises(DamagedSection, match=told):
            store.refresh()
    flipped("sections/00000004/pixels/c/0", 10)(store.path)
    whole = store.path.with_name("whole.zarr")
    seen: list[tuple[int, int]] = []
    done = convert_patterns([store.path], whole, skip_damaged=True, callback=lambda *of: seen.append(of))
    others = np.ones(len(patterns), bool)
    for lost in (2, 4):
        others[bounds[lost] : bounds[lost + 1]] = False
    assert motes.open_patterns(whole).to_memory() == patterns[others]
    assert done.n_patterns == np.count_nonzero(others)
    two, four = done.notes
    assert two.startswith(f"{store.path}: left out, nobody knows how many patterns: {store.path}/sections/00000002")
    n = int(bounds[5] - bounds[4])
    assert f"{store.path}: left out, {n} patterns: {store.path}/sections/00000004/pixels/c/0: its numbers" in four
    assert seen[0][0] < seen[-1][0] == done.n_patterns


def test_gaps(store, patterns):
    """Several in a row, with one that nobody could have written; a writer goes on with none of it."""
    for number in (1, 2):
        removed(f"sections/{number:08d}")(store.path)
    (store.path / "sections/999999999999").mkdir()
    with pytest.raises(DamagedSection, match=r"00000001: is missing, though section 999999999999 is there"):
        motes.open_patterns(store.path)
    with pytest.raises(DamagedSection, match="00000001: is missing"):
        motes.PatternWriter(store.path, patterns.shape, append=True)
    done = convert_patterns([store.path], store.path.with_name("whole.zarr"), skip_damaged=True)
    assert [note.split("sections/")[-1].partition(":")[0] for note in done.notes] == [
        "00000001 to 00000002",
        f"{store.n_sections:08d} to 999999999998",
        "999999999999/zarr.json",
    ]
    shutil.rmtree(store.path / "sections/00000000")
    for number in range(3, store.n_sections):
        removed(f"sections/{number:08d}/pixels")(store.path)
    with pytest.raises(FormatError, match=r"run\.zarr: no section is whole: "):
        convert_patterns([store.path], store.path.with_name("none.zarr"), skip_damaged=True)
    assert not store.path.with_name("none.zarr").exists()


def test_photons_by_pixel_whose_sum_int64_does_not_hold(tmp_path):
    """Made so that their sum, cut to 64 bits, is the right one."""
    patterns = motes.Patterns.from_dense(np.random.default_rng(0).integers(0, 2, (500, 2, 2)))
    motes.write_patterns(tmp_path / "a.zarr", patterns)
    total = np.array([2**62] * 3 + [2**62 + patterns.n_photons])
    resummed("total", total, "sections/00000000")(tmp_path / "a.zarr")
    with pytest.raises(DamagedSection, match=rf"c/0: expected {patterns.n_photons} photons in all, got 1844674407"):
        motes.open_patterns(tmp_path / "a.zarr").total_image()


def test_a_killed_writers_section_is_not_seen(store, patterns):
    shutil.copytree(store.path / SECTION, store.path / ".writing" / "section")
    assert motes.open_patterns(store.path).to_memory() == patterns


def test_the_last_sections_of_a_closed_store(store, patterns):
    """Its header says how many there were; of one that is still written to nobody knows."""
    last, bounds = store.n_sections - 1, store.bounds
    for number in (last, last - 1):
        removed(f"sections/{number:08d}")(store.path)
    with pytest.raises(DamagedSection, match=f"{last - 1:08d}: is missing, of a closed store") as raised:
        motes.open_patterns(store.path)
    assert raised.value.section == last - 1
    with pytest.raises(DamagedSection, match="is missing"):
        motes.PatternWriter(store.path, patterns.shape, append=True)
    done = convert_patterns([store.path], store.path.with_name("whole.zarr"), skip_damaged=True)
    assert done.n_patterns == bounds[last - 1]
    assert [note.split("sections/")[-1].partition(":")[0] for note in done.notes] == [f"{last - 1:08d} to {last:08d}"]
    for stated in (-1, 1.5, "2", 10**13):
        edited("zarr.json", n_sections=stated)(store.path)
        with pytest.raises(FormatError, match=r"zarr\.json: n_sections .*expected a number of sections"):
            motes.open_patterns(store.path)


def test_a_writer_that_closes_while_a_store_is_opened(tmp_path, patterns, monkeypatch):
    """What it adds after the sections were listed is not missing."""
    writer = motes.PatternWriter(tmp_path / "run.zarr", patterns.shape)
    writer.append(patterns[:10])
    writer.flush()

    def listed(store):
        found = numbers_of(store)
        writer.append(patterns[10:20])
        writer.close()
        return found

    numbers_of = layout.numbers_of
    monkeypatch.setattr(layout, "numbers_of", listed)
    store = motes.open_patterns(writer.path)
    assert (len(store), store.closed) == (10, False)
    monkeypatch.undo()
    store = store.refresh()
    assert (len(store), store.closed) == (20, True)
