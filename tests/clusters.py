"""Dask clusters whose scheduler and workers are processes of their own, to be stopped and killed; what they do."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import numpy as np

import motes
from motes import distributed, sections, simulate

SHAPE = (9, 9)
SECTION = 700  # patterns in each section of a store
PATIENT = 60.0  # seconds after which a test gives up


class Cluster:
    """A scheduler and workers, all on the loopback; every process that is left at the end is killed."""

    def __init__(self, folder, *options):
        self.folder, self.options = Path(folder), options
        self.processes = {}
        self.address = ""

    def __enter__(self):
        self.start_scheduler()
        return self

    def __exit__(self, *error):
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
            process.kill()
        for process in self.processes.values():
            process.wait()

    def _start(self, name, kind, *words, **environment):
        paths = os.pathsep.join(path for path in sys.path if path)
        with (self.folder / f"{name}.log").open("w") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{kind}", *map(str, words), *self.options],
                stdout=log, stderr=subprocess.STDOUT, cwd=self.folder,
                env={**os.environ, "PYTHONPATH": paths, "PYTHONWARNINGS": "default", **environment},
            )  # fmt: skip
        return self.processes[name]

    def start_scheduler(self):
        """At the address where it was before, or at a new one; it answers."""
        told = self.folder / "scheduler.json"
        told.unlink(missing_ok=True)
        port = self.address.rpartition(":")[2] or 0
        words = ("--host", "127.0.0.1", "--port", port, "--no-dashboard", "--scheduler-file", told)
        process = self._start("scheduler", "scheduler", *words)
        until(lambda: process.poll() is not None or (told.exists() and told.stat().st_size))
        self.address = json.loads(told.read_text())["address"]

    def start(self, *names, options=(), **environment):
        """Workers of one thread, without somebody who would start them anew."""
        always = ("--no-nanny", "--nthreads", 1, "--no-dashboard", "--host", "127.0.0.1")
        for name in names:
            words = (self.address, "--name", name, "--local-directory", self.folder, *always, *options)
            self._start(name, "worker", *words, **environment)

    @contextlib.contextmanager
    def connect(self, n=1, **options):
        """A client, once there are so many workers: on a busy machine they take their time."""
        with (
            mock.patch("motes.distributed.scheduler.SECONDS", PATIENT),
            mock.patch("motes.distributed.admission.SECONDS", PATIENT),
            distributed.connect(self.address, **options) as client,
        ):
            until(lambda: len(client.nthreads()) == n)
            yield client

    def signal(self, name, number):
        os.kill(self.processes[name].pid, number)

    def kill(self, *names):
        for name in names:
            self.signal(name, signal.SIGKILL)
        for name in names:
            self.processes.pop(name).wait()


def until(happens, seconds=PATIENT):
    """Wait for something."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def write_store(path, n=10_000, seed=1):
    """A store of many small sections."""
    master = simulate.scaled(simulate.portrait(SHAPE[0]), 20.0)
    drawn = simulate.patterns(master, n, seed=seed)
    patterns = motes.Patterns.from_coo(drawn.rows, drawn.cols, shape=SHAPE, n_patterns=n)
    with motes.PatternWriter(path, SHAPE) as writer:
        for first in range(0, n, SECTION):
            writer.append(patterns[first : first + SECTION])
            writer.flush()
    return motes.open_patterns(path)


def same(one, other):
    """Whether two reconstructions have the same bits."""
    arrays = ("master", "std_error", "labels", "weights", "counts")
    equal = all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in arrays)
    return equal and (one.log_likelihood, one.sweeps, one.error_bound) == (
        other.log_likelihood,
        other.sweeps,
        other.error_bound,
    )


class Photons:
    """A task: photons of each pixel. Says which section was worked on by whom, and takes its time.

    Parameters
    ----------
    log : path, optional
        Folder of a file for each section that is begun.
    seconds : float
        Of each section; of sections at random as long, where `jitter`.
    last : int, optional
        The mark of a section that takes a second more.
    """

    def __init__(self, log=None, seconds=0.0, jitter=False, last=None):
        self.log, self.seconds, self.jitter, self.last = log, seconds, jitter, last

    def __call__(self, patterns, threads):
        total = patterns.total_image()
        if self.log is not None:
            Path(self.log, f"{os.getpid()}-{time.monotonic_ns()}").write_text(json.dumps(mark(total)))
        time.sleep(self.seconds * (np.random.default_rng().random() if self.jitter else 1.0))
        time.sleep(1.0 if mark(total) == self.last else 0.0)
        return total


class PhotonSums(Photons):
    """The same, added up."""

    def combine(self, one, other):
        return one + other


def mark(total):
    """What tells one section from another."""
    return int((np.asarray(total).ravel() * np.arange(np.size(total))).sum())


def who(log):
    """Which process began which section, of the files that `Photons` wrote."""
    return {json.loads(path.read_text()): int(path.name.partition("-")[0]) for path in sorted(Path(log).iterdir())}


class Refusing(Photons):
    """A task that can not be done."""

    def __call__(self, patterns, threads):
        raise ValueError("not with these patterns")


class Twice:
    """Work of a number: twice as much."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def unfit(self):
        return None

    def __call__(self, number, turn, threads):
        with turn:
            time.sleep(self.seconds)
        return 2 * number


class Choosy(Twice):
    """Work that some processes can not do."""

    def __init__(self, *unfit):
        super().__init__(0.05)
        self.pids = unfit

    def unfit(self):
        return "is not the one" if os.getpid() in self.pids else None


class Deadly(Twice):
    """Work that kills who does it."""

    def __call__(self, number, turn, threads):
        os.kill(os.getpid(), signal.SIGKILL)


class Looking:
    """A question that workers look into until they are told that it is enough.

    Parameters
    ----------
    folder : path
        Where a file says who has begun, and `enough` that nobody needs to go on.
    only : int, optional
        Process that looks; others say at once that they are unfit.
    """

    def __init__(self, folder, only=None):
        self.folder, self.only = Path(folder), only

    def unfit(self):
        if self.only not in (None, os.getpid()):
            return "is not the one"
        (self.folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()
        until((self.folder / "enough").exists)
        return None


def askers(folder):
    """Processes that began to look, once for each time."""
    return [int(path.name.partition("-")[0]) for path in Path(folder).glob("*-*")]


def weightless():
    """From now on this process finds that it has no memory yet: what a store needs is then known to the byte."""
    sections.resident_bytes = int


def slowly_upper(letter):
    time.sleep(0.02)
    return letter.upper()
