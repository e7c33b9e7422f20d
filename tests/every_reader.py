"""Every reader of files: how to make a sound one, how to read it and look at all of it, what a refusal may be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motes
from coordinates import HEIGHT, write
from motes.errors import CheckpointError, FormatError
from motes.picks import FORMATS

Make = Callable[[Path], Path]
Read = Callable[[Path], object]


@dataclass(frozen=True)
class Reader:
    """One file that is changed, in a folder of its own.

    Attributes
    ----------
    make : callable
        Writes what is needed into a folder; the path of the file to be changed.
    read : callable
        Reads that path.
    refusals : tuple of type
        What it may raise. Anything else is a crash.
    from_byte : bytes
        Nothing is changed before the first of these: another library's business.
    names_file : bool
        Whether every refusal names the path; the message of what is read along with others names the place.
    """

    make: Make
    read: Read
    refusals: tuple[type[Exception], ...] = (FormatError,)
    from_byte: bytes = b""
    names_file: bool = True


PATTERNS = motes.Patterns.from_dense(np.random.default_rng(0).poisson(0.3, (40, 5, 5)))
LONG = motes.Patterns.from_dense(np.random.default_rng(0).poisson(0.9, (300, 1, 3)))
ONES = PATTERNS.binarised()
PAIRS = motes.Patterns.from_coo([0, 0, 2, 5], [1, 3, 624, 80], shape=(25, 25))
IMAGE = np.random.default_rng(1).integers(0, 255, (24, 32)).astype(np.uint8)
ONE = motes.Picks(
    [90, 300, 17.0, 599], [80, 399, 21, 200], radius=[8] * 4, score=[0.5, -3, 7, 0.1], micrographs=("g1",)
)
TWO = motes.Picks([1.5, 30], [200, 0.25], radius=8, score=[1e-3, 2], micrographs=("g2",))


# Patterns ---------------------------------------------------------------


def _patterns(suffix: str, task: int | None, folder: Path) -> Path:
    path = folder / f"patterns{suffix}"
    if suffix == ".h5":
        pytest.importorskip("h5py", reason="HDF5 needs h5py")
    motes.write_patterns(path, PAIRS if task == 7 else PATTERNS, task=task)
    return path


def _dense_emc(kind: int, folder: Path) -> Path:
    from motes.io.emc import write_emc
    from motes.io.raw import Block, PatternBlocks

    counts = PATTERNS.to_dense().reshape(len(PATTERNS), -1)
    rows, cols = np.nonzero(counts)
    block = Block(len(PATTERNS), rows, cols, counts[rows, cols])
    write_emc(folder / "dense.emc", PatternBlocks("dense", "test", *counts.shape, None, lambda: iter([block])), kind)
    return folder / "dense.emc"


def _read_patterns(path: Path) -> None:
    motes.describe(path)
    patterns = motes.read_patterns(path)
    assert patterns.total_image().sum() == patterns.n_photons


def _store(file: str, folder: Path) -> Path:
    """Of two sections; the photons of the pixels of `total` are few enough to be there."""
    pytest.importorskip("google_crc32c", reason="stores need google-crc32c")
    if not (folder / "run.zarr").exists():
        patterns, size = (LONG, 2500) if "total" in file else (PATTERNS, 700)
        with motes.PatternWriter(folder / "run.zarr", patterns.shape, section_bytes=size) as writer:
            writer.append(patterns)
    return folder / "run.zarr" / file


def _read_store(path: Path) -> None:
    store = motes.open_patterns(next(parent for parent in path.parents if parent.name == "run.zarr"))
    assert store.total_image().sum() == store.n_photons
    assert store.verify().all()
    assert store.to_memory().n_photons == store.n_photons


def _read_resummed(path: Path) -> None:
    """The same, of a file whose checksum was set right: nothing but its numbers tells."""
    from motes.io.store.checksum import crc32c

    header = path.parents[2] / "zarr.json"
    content = path.read_bytes()
    found = crc32c(np.frombuffer(content[:-4], np.uint8))
    path.write_bytes(content[:-4] + found.to_bytes(4, "little"))
    told = json.loads(header.read_text())
    told["attributes"]["motes"]["crc32c"][path.parents[1].name] = found
    header.write_text(json.dumps(told))
    _read_store(path)


def _read_made(path: Path) -> None:
    """A section whose every header and checksum fits to the numbers of its files, as one who makes bad files has it."""
    from motes.io.store.checksum import crc32c
    from motes.io.store.layout import array_json

    section = path.parents[2]
    header = json.loads((section / "zarr.json").read_text())
    own = header["attributes"]["motes"]
    found = {}
    for name, dtype in (("lengths", "<u2"), ("pixels", "<u2"), ("multi_position", "<i8"), ("multi_extra", "<i4")):
        file = section / name / "c/0"
        data = file.read_bytes()[:-4]
        values = found[name] = np.frombuffer(data, dtype, len(data) // np.dtype(dtype).itemsize)
        own["crc32c"][name] = crc32c(values.view(np.uint8))
        file.write_bytes(values.tobytes() + own["crc32c"][name].to_bytes(4, "little"))
        (section / name / "zarr.json").write_text(json.dumps(array_json(values.dtype, values.size)))
    extra = [int(one) for one in found["multi_extra"]]
    own["n_patterns"], own["n_lit"], own["n_multi"] = (
        found[name].size for name in ("lengths", "pixels", "multi_position")
    )
    own["n_photons"] = own["n_lit"] + sum(extra)
    own["sum_of_squares"] = own["n_lit"] + sum(one * (one + 2) for one in extra)
    own["max_count"] = 1 + max(extra, default=0)
    own["n_empty"] = int(np.count_nonzero(found["lengths"] == 0))
    (section / "zarr.json").write_text(json.dumps(header))
    _read_store(path)


def _truth(folder: Path) -> Path:
    np.savez(folder / "truth.npz", master7=np.ones((5, 5)), labels7=np.arange(4) % 4)
    return folder / "truth.npz"


def _read_truth(path: Path) -> None:
    from motes.truth import read_truth

    assert np.isfinite(read_truth(path).master).all()


def _known_mixture(folder: Path) -> Path:
    from motes.known_mixture import KnownMixture, write_known_mixture

    each = np.arange(4)
    known = KnownMixture(np.ones((2, 3, 4)), each % 2, each // 2, 90.0 * each, 1.0 + 0 * each, np.zeros((3, 4)))
    write_known_mixture(folder / "known.npz", known)
    return folder / "known.npz"


def _read_known_mixture(path: Path) -> None:
    from motes.known_mixture import read_known_mixture

    known = read_known_mixture(path)
    assert np.isfinite(known.masters[known.classes]).all()


def _tasks(folder: Path) -> Path:
    np.savez(folder / "tasks.npz", task3=PATTERNS.to_dense().reshape(40, 25), task7a=[0, 1, 1], task7b=[3, 4, 4])
    return folder / "tasks.npz"


def _read_tasks(path: Path) -> None:
    from motes.challenge.archive import read_tasks

    for task in read_tasks(path):
        assert len(task.patterns) > 0


def _detector_text(folder: Path) -> Path:
    x, y = (grid.ravel() for grid in np.meshgrid(np.arange(5.0) - 2, np.arange(4.0) - 1.5))
    lines = [f"{a} {b} 0 {1 + a / 100} {int(a == 2)}" for a, b in zip(x, y, strict=True)]
    (folder / "detector.dat").write_text("\n".join(["20 1000 1000", *lines, ""]))
    return folder / "detector.dat"


def _detector_h5(folder: Path) -> Path:
    h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py")
    x, y = (grid.ravel() for grid in np.meshgrid(np.arange(5.0) - 2, np.arange(4.0) - 1.5))
    columns = {"qx": x, "qy": y, "qz": 0 * x, "corr": 1 + x / 100, "mask": (x == 2).astype(np.uint8)}
    with h5py.File(folder / "detector.h5", "w") as file:
        for name, column in (columns | {"detd": 1000.0, "ewald_rad": 1000.0}).items():
            file[name] = column
    return folder / "detector.h5"


def _read_detector(path: Path) -> None:
    detector = motes.read_detector(path)
    assert detector.good.any()
    assert np.isfinite(detector.correction).all()


def _dense(folder: Path) -> Path:
    np.save(folder / "dense.npy", np.random.default_rng(2).normal(0, 1, (6, 4, 5)).astype(np.float32))
    return folder / "dense.npy"


def _read_dense(path: Path) -> None:
    assert np.isfinite(motes.read_dense(path).values).all()


# Reconstructions ---------------------------------------------------------------


@cache
def _result() -> motes.Reconstruction:
    return motes.reconstruct(ONES, seed=1, max_iterations=3)


def _reconstruction(folder: Path) -> Path:
    _result().save(folder / "result.npz")
    return folder / "result.npz"


@cache
def _mixture_result(kind: str) -> motes.MixtureReconstruction:
    asked: dict[str, Any] = {"init": "random", "max_iterations": 2, "seed": 1, "classes": 2}
    if kind == "dense":
        return motes.reconstruct(motes.DensePatterns(PATTERNS.to_dense() - 0.5), "in-plane:3", **asked)
    return motes.reconstruct(PATTERNS, "C4", "poisson", fluence="estimate", **asked)


def _mixture(kind: str, folder: Path) -> Path:
    _mixture_result(kind).save(folder / "mixture.npz")
    return folder / "mixture.npz"


def _read_mixture(path: Path) -> None:
    found = motes.MixtureReconstruction.load(path)
    assert found.counts.sum() == found.n_patterns
    assert found.templates().shape[0] == found.layout.n_templates
    assert repr(found)


def _checkpoint(folder: Path) -> Path:
    motes.reconstruct(ONES, seed=1, max_iterations=2, checkpoint=folder / "checkpoint.npz")
    return folder / "checkpoint.npz"


def _go_on(path: Path) -> None:
    motes.reconstruct(ONES, seed=1, max_iterations=2, checkpoint=path, resume=True)


# Dragonfly's own files ---------------------------------------------------------------

CONFIG = """[emc]
recon_type = 2d
in_photons_file = make_data:::out_photons_file
num_rot = 36
num_modes = 3
need_scaling = 1
beta = 0.01
beta_schedule = 1.4 10
selection = odd_only
num_div = 10

[make_data]
out_photons_file = a.emc
"""


def _config(folder: Path) -> Path:
    (folder / "config.ini").write_text(CONFIG)
    return folder / "config.ini"


def _read_config(path: Path) -> None:
    from motes.dragonfly import read_config

    assert read_config(path).num_rot > 0


def _blacklist(folder: Path) -> Path:
    (folder / "blacklist.dat").write_text("".join(f"{i % 2}\n" for i in range(40)))
    return folder / "blacklist.dat"


def _read_blacklist(path: Path) -> None:
    from motes.dragonfly import read_blacklist

    assert read_blacklist(path, 40).shape == (40,)


FIRST = 0.123456789


def _output(folder: Path) -> Path:
    from motes.dragonfly import Output, write_output

    pytest.importorskip("h5py", reason="HDF5 needs h5py")
    one, intens = np.ones(40), np.full((2, 5, 5), 3.0)
    intens[0, 0, 0] = FIRST
    output = Output(intens, np.arange(40, dtype=np.int32), -one, one, np.full((40, 2), 0.5), one)
    write_output(folder / "output_001.h5", output)
    return folder / "output_001.h5"


def _read_output(path: Path) -> None:
    from motes.dragonfly import read_model, read_output

    assert len(read_output(path).intens) == len(read_model(path, (5, 5)))


def _model(folder: Path) -> Path:
    (folder / "model.bin").write_bytes(np.full((2, 5, 5), 3.0).tobytes())
    return folder / "model.bin"


def _read_model(path: Path) -> None:
    from motes.dragonfly import read_model

    assert read_model(path, (5, 5)).max() < np.inf


# Coordinates and images ---------------------------------------------------------------


def _picks(name: str, folder: Path) -> Path:
    picks = ONE if FORMATS[name].single else motes.Picks.concatenate([ONE, TWO])
    return write(folder, picks, name)


def _read_picks(name: str, path: Path) -> None:
    picks = motes.read_picks(path, name, y_origin="bottom", height=HEIGHT)
    assert np.isfinite([picks.x, picks.y]).all()
    assert picks.radius is None or (picks.radius > 0).all()
    assert picks.index.shape == picks.x.shape


def _mrc(data: np.ndarray, folder: Path, name: str = "image.mrc") -> Path:
    mrcfile = pytest.importorskip("mrcfile", reason="MRC needs mrcfile")
    with mrcfile.new(folder / name) as file:
        file.set_data(data.astype(np.float32))
        file.voxel_size = 2.0
    return folder / name


def _picture(name: str, folder: Path) -> Path:
    from PIL import Image

    options = {"compression": "tiff_adobe_deflate"} if name == "deflated.tif" else {}
    Image.fromarray(IMAGE).save(folder / name, **options)
    return folder / name


def _read_image(path: Path) -> None:
    micrograph = motes.read_micrograph(path)
    assert micrograph.data.ndim == 2
    assert micrograph.data.max() is not None


def _array(dtype: type, folder: Path) -> Path:
    np.save(folder / "array.npy", np.arange(12).reshape(3, 4).astype(dtype))
    return folder / "array.npy"


def _stack(folder: Path) -> Path:
    _mrc(np.random.default_rng(0).normal(size=(3, 8, 8)), folder, "particles.mrcs")
    optics = "data_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnImagePixelSize #2\n_rlnImageSize #3\n1 4.0 8\n\n"
    table = "data_particles\n\nloop_\n_rlnImageName #1\n_rlnOpticsGroup #2\n_rlnAngleRot #3\n_rlnAngleTilt #4\n"
    rows = "".join(f"{k}@particles.mrcs 1 {k} {k} {k}\n" for k in (1, 2, 3))
    (folder / "particles.star").write_text(optics + table + "_rlnAnglePsi #5\n" + rows)
    return folder / "particles.star"


def _read_stack(path: Path) -> None:
    from motes.particles import read_stack

    stack = read_stack(path)
    assert np.isfinite(stack.images(np.arange(len(stack)))).all()


def _read_density(path: Path) -> None:
    from motes.simulate.cryoem.densities import read_density

    assert np.isfinite(read_density(path, 2.0).data).all()


def _read_map(path: Path) -> None:
    from motes.resolution.files import read_map

    assert read_map(path)[0].ndim == 3


def _read_flat(path: Path) -> None:
    from motes.resolution.files import read_flat

    assert read_flat(path)[0].ndim == 2


def _read_picture(path: Path) -> None:
    from motes import simulate

    assert np.isfinite(simulate.picture(path, 8)).all()


# Pickers, projects and studies ---------------------------------------------------------------


def _picker(name: str, folder: Path) -> Path:
    _fitted(name).save(folder / "picker.npz")
    return folder / "picker.npz"


@cache
def _fitted(name: str) -> Any:
    from motes import pickers
    from toy_picker import RADIUS, problem

    if name == "external":
        return pickers.ExternalPicks(motes.Picks([1.0, 2], [3.0, 4], 5.0, [0.2, 0.7], ("g1",)))
    micrographs, truth = problem(n=2, size=96)
    labelled = pickers.Labelled(micrographs, truth)
    if name == "committee":
        return pickers.Committee(partial(pickers.BlobPicker, 2 * RADIUS), 2).fit(labelled)
    kind = {"blob": pickers.BlobPicker, "filterbank": pickers.FilterBankPicker}[name]
    return kind(2 * RADIUS).fit(labelled)


def _load_picker(name: str, path: Path) -> None:
    type(_fitted(name)).load(path)


def _features(folder: Path) -> Path:
    from motes.pickers import FeatureCache
    from toy_picker import RADIUS, problem

    FeatureCache(folder=folder).get(problem(n=1, size=64)[0][0], 2 * RADIUS)
    return next(folder.glob("*.npy"))


def _read_features(path: Path) -> None:
    from motes.pickers import FeatureCache
    from toy_picker import RADIUS, problem

    FeatureCache(folder=path.parent).get(problem(n=1, size=64)[0][0], 2 * RADIUS).planes.max()


@cache
def _template(parent: Path) -> Path:
    """A project with labels and a query, made once; each test gets a copy."""
    from projects import add, begin, write_micrographs

    folder = parent / "template"
    folder.mkdir()
    project = begin(folder / "p", write_micrographs(folder / "micrographs", n=2, shape=(60, 80)))
    with project.writing("test"):
        project.act([add(20.0, 30.0), add(50.0, 20.0, False)])
    return folder


def _project(file: str, folder: Path) -> Path:
    if not (folder / "p").exists():
        shutil.copytree(_template(folder.parent), folder, dirs_exist_ok=True)
    return folder / "p" / file


def _read_project(path: Path) -> None:
    from motes.project import Project
    from motes.project.queries import read_query

    folder = next(parent for parent in path.parents if parent.name == "p")
    project = Project(folder)
    assert project.state().n_particles >= 0
    assert project.actions is not None
    if path.parent.name == "queries":
        read_query(path)


def _log(folder: Path) -> Path:
    _run_log(folder)
    return folder / "log.jsonl"


def _run_log(folder: Path) -> None:
    from motes.active import GroundTruth, run
    from toy_picker import ToyPicker, problem

    micrographs, truth = problem(n=2, size=42, particles=4, others=4)
    run(micrographs, GroundTruth(truth), ToyPicker(), "random", initial=2, n=2, rounds=2, seed=5, folder=folder)


STUDY = """name = "a study"
strategies = ["low_confidence", "random"]
seeds = 3

[data]
source = "sample"

[folds]
n = 3
"""


def _study(folder: Path) -> Path:
    (folder / "study.toml").write_text(STUDY)
    return folder / "study.toml"


def _read_study(path: Path) -> None:
    from motes.study.config import read_config

    assert read_config(path).strategies


def _cell(folder: Path) -> Path:
    from made_up_study import made_up_plan, made_up_result

    plan = made_up_plan(folder, seeds=1, m=3)
    made_up_result(plan, plan.cells[0]).save(folder / "cell.npz", "print")
    return folder / "cell.npz"


def _read_cell(path: Path) -> None:
    from motes.study.cellresult import CellResult

    found = CellResult.load(path, "print")
    assert len(found.rounds) == len(found.gained) or found.rounds is not None


def _excluded(folder: Path) -> Path:
    (folder / "excluded.json").write_text(json.dumps([1, 5, 7]))
    return folder / "excluded.json"


def _read_excluded(path: Path) -> None:
    from motes.cli.arguments import read_excluded

    assert read_excluded(path, 40).shape == (40,)


def _report(folder: Path) -> Path:
    report = {"command": "motes reconstruct a.npz", "input": {"path": "a.npz", "task": 7, "n_patterns": 40}}
    (folder / "report.json").write_text(json.dumps(report))
    return folder / "report.json"


def _read_report(path: Path) -> None:
    from motes.cli.source import _input, read_command

    _input(path)
    read_command(path.parent)


VALUE = (ValueError,)
READERS: dict[str, Reader] = {
    **{
        f"patterns{suffix}{f' task {task}' if task else ''}": Reader(partial(_patterns, suffix, task), _read_patterns)
        for suffix, task in ((".npz", None), (".npz", 1), (".npz", 4), (".npz", 7), (".npy", None), (".emc", None))
    },
    "patterns.h5": Reader(partial(_patterns, ".h5", None), _read_patterns, from_byte=b"GCOL"),
    "int32 .emc": Reader(partial(_dense_emc, 1), _read_patterns),
    "float64 .emc": Reader(partial(_dense_emc, 2), _read_patterns),
    **{
        f"store's {name}": Reader(partial(_store, file), _read_store, names_file=False)  # or what does not fit to it
        for name, file in {
            "header": "zarr.json",
            "section": "sections/00000001/zarr.json",
            "array": "sections/00000001/pixels/zarr.json",
        }.items()
    },
    **{
        f"store's {name}{how}": Reader(partial(_store, f"sections/00000001/{name}/c/0"), read, names_file=False)
        for name in ("lengths", "pixels", "multi_position", "multi_extra", "total")
        for how, read in (("", _read_store), (" with sums", _read_resummed), (" with headers", _read_made))
        if (name, read) != ("total", _read_made)
    },
    "config.ini": Reader(_config, _read_config),
    "blacklist.dat": Reader(_blacklist, _read_blacklist),
    "output_001.h5": Reader(_output, _read_output, from_byte=np.float64(FIRST).tobytes()),
    "model.bin": Reader(_model, _read_model),
    "dense.npy": Reader(_dense, _read_dense),
    "detector.dat": Reader(_detector_text, _read_detector),
    "detector.h5": Reader(_detector_h5, _read_detector),
    "truth": Reader(_truth, _read_truth),
    "known mixture": Reader(_known_mixture, _read_known_mixture),
    "challenge": Reader(_tasks, _read_tasks),
    "reconstruction": Reader(_reconstruction, motes.Reconstruction.load),
    **{f"mixture of {kind} patterns": Reader(partial(_mixture, kind), _read_mixture) for kind in ("dense", "unequal")},
    "checkpoint": Reader(_checkpoint, _go_on, VALUE, names_file=False),  # sums set right: it may look like this run's
    **{f"picks {name}": Reader(partial(_picks, name), partial(_read_picks, name)) for name in FORMATS},
    "image.mrc": Reader(partial(_mrc, IMAGE), _read_image),
    **{name: Reader(partial(_picture, name), _read_image) for name in ("a.tif", "deflated.tif", "a.png", "a.jpg")},
    "picture.png": Reader(partial(_picture, "a.png"), _read_picture, (OSError, ValueError)),
    "density.mrc": Reader(partial(_mrc, np.random.default_rng(0).random((8, 8, 8))), _read_density, VALUE),
    "map.mrc": Reader(partial(_mrc, np.random.default_rng(0).random((6, 6, 6))), _read_map),
    "flat.npy": Reader(partial(_array, float), _read_flat),
    "stack.star": Reader(_stack, _read_stack, names_file=False),
    **{
        f"picker {name}": Reader(partial(_picker, name), partial(_load_picker, name), VALUE)
        for name in ("blob", "filterbank", "committee", "external")
    },
    "features.npy": Reader(_features, _read_features),
    "project.json": Reader(partial(_project, "project.json"), _read_project, names_file=False),
    "labels.jsonl": Reader(partial(_project, "labels.jsonl"), _read_project, names_file=False),
    "query.json": Reader(partial(_project, "queries/0001.json"), _read_project, names_file=False),
    "log.jsonl": Reader(_log, lambda path: _run_log(path.parent), (FormatError, CheckpointError), names_file=False),
    "study.toml": Reader(_study, _read_study, VALUE),
    "cell.npz": Reader(_cell, _read_cell),
    "excluded.json": Reader(_excluded, _read_excluded, VALUE),
    "report.json": Reader(_report, _read_report, VALUE, names_file=False),
}
