"""What a writer has committed stays, after kills and full disks; sections are of the size that was asked for."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import motes
from motes import writing
from motes.io.lock import BusyError

SHAPE = (5, 4)


def sections_of(store: motes.StoredPatterns) -> list[int]:
    return np.diff(store.bounds).tolist()


def test_sections_hold_whole_patterns_up_to_their_size(tmp_path):
    """8 bytes a pattern, 2 a lit pixel, 12 more where several photons fell."""
    dense = np.ones((100, 20), int)
    dense[10] = 2
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE, section_bytes=10 * 48 + 512) as writer:
        writer.append(dense)
    store = motes.open_patterns(tmp_path / "a.zarr")
    sizes = sections_of(store)
    assert sizes[:3] == [10, 5, 10]
    assert sum(sizes) == 100
    assert store.to_memory() == motes.Patterns.from_dense(dense.reshape(-1, *SHAPE))


def test_a_pattern_larger_than_a_section_gets_its_own(tmp_path, patterns):
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE, section_bytes=1) as writer:
        writer.append(patterns[:7])
    store = motes.open_patterns(tmp_path / "a.zarr")
    assert sections_of(store) == [1] * 7
    assert store.to_memory() == patterns[:7]


@pytest.mark.parametrize("step", [1, 3, 400, 1000])
def test_the_same_sections_however_patterns_come(tmp_path, patterns, step):
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE, section_bytes=4000) as writer:
        for first in range(0, len(patterns), step):
            writer.append(patterns[first : first + step])
    store = motes.open_patterns(tmp_path / "a.zarr")
    assert store.to_memory() == patterns
    with motes.PatternWriter(tmp_path / "b.zarr", SHAPE, section_bytes=4000) as writer:
        writer.append(patterns)
    assert store.n_sections == motes.open_patterns(tmp_path / "b.zarr").n_sections


@pytest.mark.parametrize("shape", [(1, 1), (1, 65535), (256, 256), (1, 65537)], ids=str)
def test_types_at_their_limits(tmp_path, shape):
    """A pattern that lights every pixel: 65,536 are too many for a uint16 length, 65,537 for uint16 pixels."""
    dense = np.ones((2, *shape), np.int32)
    dense[1, -1, -1] = 3
    with motes.PatternWriter(tmp_path / "a.zarr", shape) as writer:
        writer.append(dense)
        writer.append(np.zeros((1, *shape), int))
    store = motes.open_patterns(tmp_path / "a.zarr")
    np.testing.assert_array_equal(store.to_memory().to_dense()[:2], dense)
    np.testing.assert_array_equal(store.total_image(), dense.sum(axis=0))
    assert store.n_empty == 1
    assert store.verify().all()


def test_nothing_at_all(tmp_path):
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE) as writer:
        writer.append(np.zeros((0, *SHAPE), int))
    store = motes.open_patterns(tmp_path / "a.zarr")
    assert (len(store), store.n_sections, store.n_photons) == (0, 0, 0)
    assert store.closed
    assert len(store.to_memory()) == len(store.select(np.zeros(0, bool))) == 0
    assert store.total_image().sum() == 0


def test_only_patterns_without_photons(tmp_path):
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE) as writer:
        writer.append(np.zeros((9, *SHAPE), int))
    store = motes.open_patterns(tmp_path / "a.zarr")
    assert (len(store), store.n_empty, store.max_count) == (9, 9, 0)
    assert store.to_memory() == motes.Patterns.empty(SHAPE, 9)
    assert store.verify().all()


def test_what_is_no_pattern_of_this_store(tmp_path, patterns):
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE) as writer:
        with pytest.raises(ValueError, match=r"patterns: expected images of \(5, 4\), got \(4, 5\)"):
            writer.append(np.zeros((2, 4, 5), int))
        with pytest.raises(ValueError, match="whole photon counts, got -1"):
            writer.append(np.full((1, 20), -1))
        writer.append(patterns)
    assert motes.open_patterns(tmp_path / "a.zarr").to_memory() == patterns
    with pytest.raises(ValueError, match="the writer is closed"):
        writer.append(patterns)
    with pytest.raises(ValueError, match=r"shape: .* holds images of \(5, 4\), got \(4, 5\)"):
        motes.PatternWriter(tmp_path / "a.zarr", (4, 5), append=True)
    with pytest.raises(ValueError, match="section_bytes: expected 1 or more"):
        motes.PatternWriter(tmp_path / "b.zarr", SHAPE, section_bytes=0)


def test_what_is_there_is_not_written_over(tmp_path, patterns):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("full", "file"):
        for append in (False, True):
            with pytest.raises(FileExistsError, match="is there already, and is no store"):
                motes.PatternWriter(tmp_path / name, SHAPE, append=append)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]
    with motes.PatternWriter(tmp_path / "run.zarr", SHAPE) as writer:
        writer.append(patterns)
    with pytest.raises(FileExistsError, match="append=True goes on"):
        motes.PatternWriter(tmp_path / "run.zarr", SHAPE)
    assert motes.open_patterns(tmp_path / "run.zarr").to_memory() == patterns


def test_two_writers_at_once(tmp_path, patterns):
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE) as writer:
        with pytest.raises(BusyError, match=f"in use by a motes.PatternWriter .process {os.getpid()}"):
            motes.PatternWriter(tmp_path / "a.zarr", SHAPE, append=True)
        writer.append(patterns)
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE, append=True) as writer:
        writer.append(patterns[:5])
    assert len(motes.open_patterns(tmp_path / "a.zarr")) == len(patterns) + 5
    assert [path.name for path in (tmp_path / "a.zarr").iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, ConnectionResetError])
def test_what_was_appended_before_an_error_is_there(tmp_path, patterns, error):

    def fail() -> None:
        with motes.PatternWriter(tmp_path / "a.zarr", SHAPE) as writer:
            writer.append(patterns[:10])
            raise error

    with pytest.raises(error):
        fail()
    store = motes.open_patterns(tmp_path / "a.zarr")
    assert (len(store), store.closed) == (10, False)


def test_interrupted_where_a_section_is_just_in_place(tmp_path, patterns, monkeypatch):
    """Ctrl-C between the rename and the book-keeping: no pattern is lost, none is there twice."""
    from motes import writing

    commit = writing.write_section

    def interrupted(*arguments):
        commit(*arguments)
        monkeypatch.setattr(writing, "write_section", commit)
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "write_section", interrupted)
    with pytest.raises(KeyboardInterrupt), motes.PatternWriter(tmp_path / "a.zarr", SHAPE) as writer:
        writer.append(patterns[:600])  # committed, and interrupted, at the end of the block
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE, append=True) as writer:
        writer.append(patterns[600:])
    assert motes.open_patterns(tmp_path / "a.zarr").to_memory() == patterns


WRITE_FOR_EVER = """
import itertools, sys
import numpy as np
import motes

path, start, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
draw = np.random.default_rng(seed)
with motes.PatternWriter(path, (5, 4), append=True, section_bytes=2000) as writer:
    print("begun", flush=True)
    first = start
    while True:
        n = int(draw.integers(1, 60))
        numbers = np.arange(first, first + n)
        counts = (numbers[:, None] >> np.arange(20)) & 1  # each pattern is its number, bit by bit
        writer.append(counts)
        first += n
        if draw.random() < 0.2:
            writer.flush()
            print(first, flush=True)  # so many are committed
"""


def run(code: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    words = [sys.executable, "-c", code, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(words, env=environment, **pipes, **options)


def numbers_in(store: motes.StoredPatterns) -> list[int]:
    return (store.to_memory().to_dense().reshape(len(store), -1) @ (1 << np.arange(20))).tolist()


def test_a_killed_writer_loses_nothing_that_was_committed(tmp_path):
    """Killed at random moments, it leaves a store that opens, and that the next writer goes on with."""
    path, draw, there = tmp_path / "run.zarr", random.Random(0), 0
    n_kills = int(os.environ.get("MOTES_KILLS", "6"))
    for kill in range(n_kills):
        writer = run(WRITE_FOR_EVER, path, there, kill)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "begun\n", writer.communicate()[1]
        time.sleep(draw.uniform(0.0, 0.15))
        writer.send_signal(signal.SIGKILL)
        acknowledged = [int(line) for line in writer.communicate()[0].split()]
        store = motes.open_patterns(path)
        assert not store.closed
        assert numbers_in(store) == list(range(len(store)))  # whole, in order, none twice
        assert len(store) >= max([there, *acknowledged])
        there = len(store)
    assert there > 0
    with motes.PatternWriter(path, SHAPE, append=True):
        pass
    closed = motes.open_patterns(path)
    assert (len(closed), closed.closed) == (there, True)
    assert not any(entry.name.startswith(".") for entry in path.iterdir())  # what the killed ones left is gone


def test_killed_before_the_store_was_whole(tmp_path, patterns):
    """The folder of the sections is there, the store's own header is not yet."""
    path = tmp_path / "run.zarr"
    (path / "sections").mkdir(parents=True)
    (path / "sections" / "zarr.json").write_text("{}")
    (path / ".writing" / "section").mkdir(parents=True)
    with pytest.raises(motes.FormatError, match=r"run.zarr/zarr.json: is not there"):
        motes.open_patterns(path)
    with motes.PatternWriter(path, SHAPE) as writer:
        writer.append(patterns)
    assert motes.open_patterns(path).to_memory() == patterns


FULL_DISK = """
import resource, sys
import numpy as np
import motes

path = sys.argv[1]
with motes.PatternWriter(path, (5, 4), section_bytes=4000) as writer:
    writer.append(np.ones((300, 20), int))
    writer.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    writer.append(np.ones((50, 20), int))
    try:
        writer.append(np.ones((300, 20), int))
    except OSError as error:
        print(error)
    else:
        print("written")
    raise SystemExit
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_full_disk(tmp_path):
    """As far as a process can see it: a limit on the size of files. What was committed is whole."""
    path = tmp_path / "run.zarr"
    told, errors = run(FULL_DISK, path).communicate()
    assert "File too large" in told, told + errors
    assert str(path) in told
    store = motes.open_patterns(path)
    assert len(store) == 300
    assert store.verify().all()
    assert not store.closed
    assert not (path / ".writing").exists()
    with motes.PatternWriter(path, SHAPE, append=True) as writer:
        writer.append(np.ones((50, 20), int))
    assert len(motes.open_patterns(path)) == 350


FULL_FOR_A_WHILE = """
import resource, sys
import numpy as np
import motes

path = sys.argv[1]
with motes.PatternWriter(path, (5, 4), section_bytes=4000) as writer:
    writer.append(np.ones((300, 20), int))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
    for attempt in (lambda: writer.append(np.full((300, 20), 2)), writer.flush):
        try:
            attempt()
        except OSError as error:
            print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    writer.flush()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_disk_that_was_full_for_a_while(tmp_path):
    """What was appended is there once: the message says what is to be tried again."""
    told, errors = run(FULL_FOR_A_WHILE, tmp_path / "run.zarr").communicate()
    assert errors == ""
    first, second = told.splitlines()
    assert "File too large; the patterns were taken all the same: try flush() again, and do not append them" in first
    assert "File too large" in second
    assert "append" not in second
    store = motes.open_patterns(tmp_path / "run.zarr")
    assert (len(store), store.closed) == (600, True)
    assert store.total_image().ravel().tolist() == [900] * 20


def test_more_photons_than_sums_hold(tmp_path):
    """Squares of two counts of 2^31 are beyond what is kept of a store; of three, beyond int64."""
    bright = motes.Patterns.from_coo([0], [3], counts=[2**31 - 1], shape=SHAPE)
    three = motes.Patterns.from_coo([0, 0, 0], [3, 4, 5], counts=[2**31 - 1] * 3, shape=SHAPE)
    assert three.sum_of_squares() == 3 * (2**31 - 1) ** 2
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE) as writer:
        with pytest.raises(ValueError, match="up to 2147483647 photons in a pixel: the squared counts"):
            writer.append(three)
        writer.append(bright)
        with pytest.raises(ValueError, match="come to 9223372028264841218, expected less than 4611686018427387904"):
            writer.append(bright)
    with (
        motes.PatternWriter(tmp_path / "a.zarr", SHAPE, append=True) as writer,
        pytest.raises(ValueError, match="come to 9223372028264841218"),
    ):
        writer.append(bright)
    store = motes.open_patterns(tmp_path / "a.zarr")
    assert store.verify().all()
    assert store.to_memory() == bright
    with pytest.raises(ValueError, match="expected less than"):
        motes.write_patterns(tmp_path / "b.zarr", three)
    assert not (tmp_path / "b.zarr").exists()


def test_frames_one_by_one(tmp_path, patterns):
    """As a detector gives them: arrays of one image."""
    dense = patterns.to_dense()
    with motes.PatternWriter(tmp_path / "a.zarr", SHAPE) as writer:
        for frame in dense:
            writer.append(frame[None])
    store = motes.open_patterns(tmp_path / "a.zarr")
    assert store.n_sections == 1
    assert store.to_memory() == patterns


def test_without_the_library_of_checksums(tmp_path, monkeypatch):
    from motes.io.store import checksum

    monkeypatch.setattr(checksum, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'stores need google-crc32c: pip install "motes\[io\]"'):
        motes.PatternWriter(tmp_path / "a.zarr", SHAPE)
    assert list(Path(tmp_path).iterdir()) == []


def test_a_store_is_replaced_whole_or_not_at_all(tmp_path, patterns, store):
    path = tmp_path / "run.zarr"
    motes.write_patterns(path, patterns[:20])
    assert motes.read_patterns(path) == patterns[:20]

    def interrupted():
        yield patterns[:5]
        raise KeyboardInterrupt

    from motes.storing import write_store

    with pytest.raises(KeyboardInterrupt):
        write_store(path, SHAPE, interrupted())
    assert motes.read_patterns(path) == patterns[:20]
    with motes.PatternWriter(path, SHAPE, append=True), pytest.raises(BusyError):
        motes.write_patterns(path, patterns)
    assert motes.read_patterns(path) == patterns[:20]
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.zarr"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "mine").rename(tmp_path / "mine.zarr")
    with pytest.raises(FileExistsError, match="is no store that could be replaced"):
        motes.write_patterns(tmp_path / "mine.zarr", patterns)


@pytest.mark.parametrize("in_one_step", [True, False])
def test_nobody_begins_to_append_to_a_store_that_gives_way(tmp_path, patterns, monkeypatch, in_one_step):
    """What they committed would go with it. Whoever begins once the new one is there has it for themselves."""
    from motes.io import atomic

    path, exchange, let_go = tmp_path / "run.zarr", atomic.exchange, writing._let_go
    motes.write_patterns(path, patterns[:20])
    begun = []

    def exchanged(one, other):
        with pytest.raises(BusyError, match=f"in use by a motes.PatternWriter .process {os.getpid()}"):
            motes.PatternWriter(path, SHAPE, append=True)
        return in_one_step and exchange(one, other)

    def let_go_later(lock):
        if lock.path.parent.parent == path and not begun:  # of the store that gave way
            begun.append(motes.PatternWriter(path, SHAPE, append=True))
        let_go(lock)

    monkeypatch.setattr(atomic, "exchange", exchanged)
    monkeypatch.setattr(writing, "_let_go", let_go_later)
    motes.write_patterns(path, patterns[:30])
    with pytest.raises(BusyError):
        motes.PatternWriter(path, SHAPE, append=True)
    with begun[0] as writer:
        writer.append(patterns[30:40])
    assert motes.read_patterns(path) == patterns[:40]
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.zarr"]
    assert not (path / writing.WRITING).exists()


def test_the_same_photons_give_the_same_files(tmp_path, patterns):
    """Byte by byte: nothing in a store tells when or where it was written."""
    for name in ("a.zarr", "b.zarr"):
        motes.write_patterns(tmp_path / name, patterns)
    files = [sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in ("a.zarr", "b.zarr")]
    for one, other in itertools.zip_longest(*files):
        assert one.read_bytes() == other.read_bytes()
