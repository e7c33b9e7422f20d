"""Files changed at random, for every reader there is: read, or refused in words; never a crash, a hang or a flood.

``nox -s fuzz`` changes files for minutes (``MOTES_FUZZ_SECONDS`` for each reader) instead of the few of every run.
"""

from __future__ import annotations

import os
import time
import tracemalloc
import warnings

import numpy as np
import pytest

from every_reader import READERS
from mutation import changed_file

N_FILES = int(os.environ.get("MOTES_FUZZ", "20"))
SECONDS_IN_ALL = float(os.environ.get("MOTES_FUZZ_SECONDS", "0"))  # of one reader; 0: N_FILES and no more
SEED = int(os.environ.get("MOTES_FUZZ_SEED", "0"))
SECONDS = 5.0  # of the processor, for a file of a few kilobytes that takes milliseconds
BYTES = 50e6


@pytest.mark.parametrize("name", READERS)
def test_changed_anywhere(tmp_path, name, record_property):
    reader = READERS[name]
    path = reader.make(tmp_path)
    sound = path.read_bytes()
    first = sound.index(reader.from_byte)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        reader.read(path)
        path.write_bytes(sound)
        refused = n_files = 0
        began = time.perf_counter()
        while n_files < N_FILES or time.perf_counter() - began < SECONDS_IN_ALL:
            data = sound[:first] + changed_file(sound[first:], np.random.default_rng([SEED, n_files]))
            path.unlink()  # an image may still be mapped
            path.write_bytes(data)
            refused += _is_refused(reader, path, n_files)
            n_files += 1
    record_property("files", n_files)
    print(f"{name}: {n_files:,} files, {refused:,} refused")
    assert 0 < refused <= n_files


def _is_refused(reader, path, number) -> bool:
    """Whether it is; it must be either read or refused, soon and in little memory."""
    message = None
    tracemalloc.start()
    began = time.process_time()
    try:
        reader.read(path)
    except reader.refusals as error:
        message = str(error)
    except Exception as error:
        error.add_note(f"file {number} of seed {SEED}") if hasattr(error, "add_note") else None
        raise
    finally:
        took, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert message is None or (message and (str(path) in message or not reader.names_file)), (number, message)
    assert took < SECONDS, (number, took)
    assert peak < BYTES, (number, peak)
    return message is not None
