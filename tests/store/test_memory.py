"""What a process takes while it reads a store stays within what it was told; no result depends on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import motes
from motes import memory as of_memory
from motes.io.store.ahead import Unwanted
from motes.io.store.buffers import whole_steps
from motes.io.store.reading import room_of
from motes.memory import available_bytes, memory_bytes, resident_bytes
from motes.sections import Reader, Sections

SWEEPS = """
import json, sys
import numpy as np
import motes
from motes.memory import resident_bytes

path, memory, wanted = sys.argv[1], int(sys.argv[2]), sys.argv[3]
store = motes.open_patterns(path)
templates = np.random.default_rng(0).uniform(0.01, 0.1, (4, 25, 25))
before = resident_bytes()
total = np.zeros((4, 25, 25))
if wanted == "all":
    motes.sweep(store.to_memory(), templates, threads=2)
else:
    store = store.using(memory=before + memory)
    every = np.arange(len(store))
    views = [store.select(every % 2 == k) for k in (0, 1)] if wanted == "halves" else [store]
    del every
    if wanted == "halves":
        before = resident_bytes()  # with the marks of which patterns are chosen
        views = [view.using(memory=before + memory) for view in views]
    for view in views:
        total[0, 0, 0] += view.n_photons
        for _ in range(3):
            for _, part in view.parts():
                total += motes.sweep(part, templates, threads=2).planes
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({"before": before, "peak": peak, "total": total.sum()}))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """50 MB in 48 sections."""
    path = tmp_path_factory.mktemp("large") / "run.zarr"
    draw = np.random.default_rng(0)
    rows = np.repeat(np.arange(80_000), 27)
    part = motes.Patterns.from_coo(
        rows, draw.integers(0, 625, rows.size), shape=(25, 25), n_patterns=80_000
    ).binarised()
    with motes.PatternWriter(path, (25, 25), section_bytes=2**20) as writer:
        for _ in range(10):
            writer.append(part.binarised())
    return path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_peak_stays_within_the_memory(large):
    def run(memory: int, wanted: str) -> dict:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        words = [sys.executable, "-c", SWEEPS, str(large), str(memory), wanted]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    tight, roomy, whole = run(15_000_000, "parts"), run(40_000_000, "parts"), run(0, "all")
    assert tight["peak"] - tight["before"] < 15_000_000
    assert roomy["peak"] - roomy["before"] < 40_000_000
    assert 50_000_000 < whole["peak"] - whole["before"] < 80_000_000
    assert tight["total"] == roomy["total"]
    tight, roomy = run(15_000_000, "halves"), run(40_000_000, "halves")
    assert tight["peak"] - tight["before"] < 15_000_000
    assert roomy["peak"] - roomy["before"] < 40_000_000
    assert tight["total"] == roomy["total"]


def test_results_do_not_depend_on_it(large):
    store = motes.open_patterns(large)
    least = store.using(memory=resident_bytes() + 5 * 2**21)
    more = store.using(memory="100GB")
    assert least.total_image().tolist() == more.total_image().tolist()
    assert [len(part) for _, part in least.parts()] == [len(part) for _, part in more.parts()]
    assert least.to_memory() == more.to_memory()


def test_sections_stay_as_far_as_the_memory_goes(large):
    store, before = motes.open_patterns(large), resident_bytes()
    for _, _ in store.parts():
        pass
    assert len(store._sections._kept) == store.n_sections
    for _, _ in store.using(memory=before + 10 * 2**21).parts():
        pass
    assert len(store._sections._kept) < 10  # others were let go


def test_two_threads_do_not_take_the_same_room(large, monkeypatch):
    """Both find that there is room for one section, before either has read its own."""
    sections, read, both = motes.open_patterns(large)._sections, Sections.read, threading.Barrier(2)

    def together(self, k, stopped, *, keep):
        both.wait(10)
        return read(self, k, stopped, keep=keep)

    monkeypatch.setattr(Sections, "read", together)
    room = whole_steps(room_of(sections.headers[0], sections.n_pixels))
    for wanted in ((0, 1), (2, 2)):
        reader = Reader(sections, 2, room)
        threads = [threading.Thread(target=reader.fetch, args=(k, lambda: False)) for k in wanted]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sections._kept_bytes() <= room
        assert all(kept.part is not None for kept in sections._kept.values())
        sections._kept.clear()


def test_a_section_that_can_not_be_read_leaves_its_room(large, monkeypatch):
    sections = motes.open_patterns(large)._sections

    def fails(self, k, stopped, *, keep):
        raise Unwanted

    monkeypatch.setattr(Sections, "read", fails)
    reader = Reader(sections, 2, 2**30)
    with pytest.raises(Unwanted):
        reader.fetch(0, lambda: False)
    assert sections._kept == {}


def test_another_thread_lets_go_of_the_last_section_meanwhile(large, monkeypatch):
    sections, bytes_of = motes.open_patterns(large)._sections, Sections._kept_bytes
    Reader(sections, 0, 2**30).fetch(0, lambda: False)

    def and_gone(self):
        found = bytes_of(self)
        self._kept.clear()
        return found

    monkeypatch.setattr(Sections, "_kept_bytes", and_gone)
    sections._let_go(0)
    assert sections._kept == {}


def test_copies_of_chosen_patterns_are_counted(large):
    """The section is there while they are copied, and two copies are held."""
    store, marks = motes.open_patterns(large), np.zeros(800_000, bool)
    marks[::2] = True
    chosen = store.select(marks)
    before = resident_bytes()
    store.using(memory=before + 5 * 2**20)
    with pytest.raises(ValueError, match=r"memory: .* for each of 3 sections"):
        chosen.using(memory=before + 5 * 2**20)
    assert chosen.select(np.ones(len(chosen), bool)).using(memory=before + 2**24).n_photons == chosen.n_photons


def test_few_bytes_may_have_been_meant_as_more(large):
    store = motes.open_patterns(large)
    with pytest.raises(ValueError, match='"300" is 300 bytes: write 300MB or 300GB'):
        store.using(memory="300")
    with pytest.raises(ValueError, match=r"give at least \d+ MB$"):
        store.using(memory="1MB")


def test_too_little_is_told_before_anything_is_read(large):
    store = motes.open_patterns(large)
    with pytest.raises(ValueError, match=r"memory: \d+ MB is too little: .* give at least (\d+) MB") as raised:
        store.using(memory=resident_bytes() + 2**20)
    least = str(raised.value).split("at least ")[1]
    for _, _ in store.using(memory=memory_bytes(least) + 2**22).parts():
        pass


@pytest.mark.parametrize(
    ("written", "meant"),
    [("300MB", 300e6), ("300 mb", 300e6), ("1.5GiB", 1.5 * 2**30), ("2k", 2000), ("7", 7), ("1Ti", 2**40), (123, 123)],
)
def test_bytes_as_they_are_written(written, meant):
    assert memory_bytes(written) == meant


@pytest.mark.parametrize(
    "memory", ["", "many", "-3MB", "1e9", "0", 0, -1, "3 PB", "5i", "5iB", 2**70, "\u0661GB", "1" * 400]
)
def test_no_number_of_bytes(memory):
    with pytest.raises(ValueError, match="memory: expected bytes"):
        memory_bytes(memory)


@pytest.mark.parametrize("memory", [1.5, True, b"1GB", [1]])
def test_nothing_that_says_bytes(memory):
    with pytest.raises(TypeError, match="--limit: expected bytes"):
        memory_bytes(memory, "--limit")


def test_a_quarter_of_what_is_available():
    assert 0 < available_bytes() < 2**50
    assert 0 <= memory_bytes() - resident_bytes() <= available_bytes()


@pytest.mark.parametrize(
    ("version", "files", "left"),
    [
        ("0::/a/b", {"memory.max": "1000", "memory.current": "400"}, [600]),
        (
            "0::/a/b",
            {"memory.max": "1000", "memory.current": "900", "memory.stat": "inactive_file 300\nanon 5\n"},
            [400],
        ),
        ("0::/a/b", {"memory.max": "max", "memory.current": "400"}, []),
        ("0::/a/b", {"memory.max": "lots", "memory.current": "400"}, []),
        ("3:memory:/a/b", {"memory.limit_in_bytes": "1000", "memory.usage_in_bytes": "1200"}, [0]),
        ("3:cpu:/a/b", {"memory.limit_in_bytes": "1000", "memory.usage_in_bytes": "1200"}, []),
        ("nonsense", {}, []),
    ],
)
def test_limits_of_control_groups(tmp_path, version, files, left):
    own = tmp_path / "cgroup"
    own.write_text(version + "\n")
    groups = tmp_path / "groups"
    folder = groups / ("memory" if "memory" in version else "") / "a" / "b"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content)
    assert of_memory._group(own, groups) == left
    assert of_memory._group(tmp_path / "nothing", groups) == []


def test_a_section_fills_its_room(tmp_path):
    """Room is taken in large pages: a few bytes beyond 16 MiB would take a whole one more, of every section."""
    rows = np.repeat(np.arange(300_000), 27)
    cols = np.tile(np.arange(27), 300_000)
    patterns = motes.Patterns.from_coo(rows, cols, shape=(25, 25), n_patterns=300_000)
    several = motes.Patterns.from_coo(rows[:27], cols[:27], shape=(25, 25), counts=np.full(27, 3))
    motes.write_patterns(tmp_path / "run.zarr", motes.Patterns.concatenate([several, patterns]))
    first = motes.open_patterns(tmp_path / "run.zarr")._sections.headers[0]
    assert 2**24 - 1024 < room_of(first, 625) <= 2**24
    assert whole_steps(room_of(first, 625)) == 2**24


def test_more_patterns_than_photons(tmp_path):
    """Their lengths take more than their pixels, whose room they share while they are read."""
    rows = np.array([3, 3, 900])
    patterns = motes.Patterns.from_coo(rows, np.array([0, 7, 3]), shape=(5, 4), n_patterns=1000)
    motes.write_patterns(tmp_path / "run.zarr", patterns)
    store = motes.open_patterns(tmp_path / "run.zarr")
    assert store.to_memory() == patterns
    assert store.verify().all()
