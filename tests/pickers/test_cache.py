"""The cache of features: what is kept, where, and what is never mixed up."""

from __future__ import annotations

import errno
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import motes.pickers.cache as module
from motes import FormatError
from motes.pickers import FeatureCache
from scenes import DIAMETER, scene


@pytest.fixture
def counted(monkeypatch):
    """How often features were computed."""
    calls = []
    compute = module.features
    monkeypatch.setattr(module, "features", lambda *args: calls.append(1) or compute(*args))
    return calls


def test_features_are_computed_once(counted):
    cache, (micrograph, _) = FeatureCache(), scene()
    assert cache.get(micrograph, DIAMETER) is cache.get(micrograph, DIAMETER)
    assert len(counted) == 1


def test_the_same_content_is_the_same_micrograph(counted):
    cache, (micrograph, _) = FeatureCache(), scene()
    cache.get(micrograph, DIAMETER)
    cache.get(replace(micrograph, data=micrograph.data.copy(), name="other"), DIAMETER)
    assert len(counted) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda micrograph: (replace(micrograph, data=micrograph.data + 1), DIAMETER, None),
        lambda micrograph: (replace(micrograph, data=micrograph.data.T.copy()), DIAMETER, None),
        lambda micrograph: (micrograph, DIAMETER + 0.5, None),
        lambda micrograph: (micrograph, DIAMETER, (0, 0, 0, 10)),
    ],
)
def test_other_content_diameter_or_border_are_others(counted, change):
    cache, (micrograph, _) = FeatureCache(), scene()
    cache.get(micrograph, DIAMETER)
    cache.get(*change(micrograph))
    assert len(counted) == 2


def test_what_was_used_longest_ago_goes_first(counted):
    micrographs = [scene(seed)[0] for seed in range(3)]
    size = FeatureCache().get(micrographs[0], DIAMETER).planes.nbytes
    cache = FeatureCache(memory=int(2.5 * size))
    for m in (0, 1, 0, 2, 0):
        cache.get(micrographs[m], DIAMETER)
    assert len(counted) == 1 + 3
    cache.get(micrographs[1], DIAMETER)
    assert len(counted) == 1 + 4


def test_nothing_is_kept_without_memory(counted):
    cache, (micrograph, _) = FeatureCache(memory=0), scene()
    first, second = cache.get(micrograph, DIAMETER), cache.get(micrograph, DIAMETER)
    assert len(counted) == 2
    np.testing.assert_array_equal(first.planes, second.planes)


def test_a_folder_keeps_them_for_others(tmp_path, counted):
    micrograph, _ = scene()
    fresh = FeatureCache().get(micrograph, DIAMETER)
    written = FeatureCache(folder=tmp_path / "cache").get(micrograph, DIAMETER)
    read = FeatureCache(folder=tmp_path / "cache").get(micrograph, DIAMETER)
    assert len(counted) == 2
    assert isinstance(read.planes, np.memmap)
    assert read.frame == written.frame == fresh.frame
    np.testing.assert_array_equal(read.planes, fresh.planes)
    assert sorted(path.suffix for path in (tmp_path / "cache").iterdir()) == [".npy"]


def test_a_folder_holds_no_more_files_open_than_are_in_use(tmp_path):
    """More micrographs than files may be open."""
    code = (
        "import resource, sys; sys.path[:0] = sys.argv[2:]\n"
        "from dataclasses import replace\nfrom scenes import scene, DIAMETER\n"
        "from motes.pickers import FeatureCache\n"
        "one, cache = scene(shape=(60, 60), n=1)[0], FeatureCache(folder=sys.argv[1])\n"
        "cache.get(one, DIAMETER)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))\n"
        "for k in range(60):\n"
        "    cache.get(replace(one, data=one.data[:, ::-1 if k % 2 else 1] + k), DIAMETER)\n"
    )
    pytest.importorskip("resource", reason="no limits of this kind here")
    command = [sys.executable, "-c", code, str(tmp_path), *[path for path in sys.path if path]]
    told = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert len(list(tmp_path.iterdir())) > 32


def test_a_file_that_can_not_be_opened_is_not_called_damaged(tmp_path, monkeypatch):
    micrograph, _ = scene()
    FeatureCache(folder=tmp_path).get(micrograph, DIAMETER)

    def refuse(*args, **options):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(module.np, "load", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        FeatureCache(folder=tmp_path).get(micrograph, DIAMETER)


def test_processes_and_threads_share_a_folder(tmp_path):
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from scenes import scene, DIAMETER\nfrom motes.pickers import FeatureCache\n"
        "print(FeatureCache(folder=sys.argv[1]).get(scene()[0], DIAMETER).planes.sum(dtype=float).hex())"
    )
    command = [sys.executable, "-c", code, str(tmp_path), *[path for path in sys.path if path]]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = {process.communicate()[0] for process in running}
    cache = FeatureCache(folder=tmp_path)
    with ThreadPoolExecutor(4) as pool:
        planes = [found.planes for found in pool.map(lambda _: cache.get(scene()[0], DIAMETER), range(4))]
    assert told == {planes[0].sum(dtype=float).hex() + "\n"}
    assert all((other == planes[0]).all() for other in planes)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:-4]])
def test_a_damaged_file_is_told(tmp_path, damage):
    micrograph, _ = scene()
    FeatureCache(folder=tmp_path).get(micrograph, DIAMETER)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FormatError, match=path.name):
        FeatureCache(folder=tmp_path).get(micrograph, DIAMETER)


def test_a_foreign_file_is_told(tmp_path):
    micrograph, _ = scene()
    FeatureCache(folder=tmp_path).get(micrograph, DIAMETER)
    (path,) = tmp_path.iterdir()
    np.save(path, np.zeros(8 + 4, np.float32))
    with pytest.raises(FormatError, match="no cached features"):
        FeatureCache(folder=tmp_path).get(micrograph, DIAMETER)


@pytest.mark.parametrize(("memory", "error"), [(-1, ValueError), (1.5, TypeError)])
def test_memory_is_bytes(memory, error):
    with pytest.raises(error, match="memory: expected"):
        FeatureCache(memory=memory)
