"""IoU, suppression and maps on a GPU through what users call: device arrays in and out, refusals, streams."""

from __future__ import annotations

import re

import numpy as np
import pytest

import gpus
from circle_strategies import layout
from motes import Circles, _core
from motes.errors import DeviceError
from motes.picking import box_iou, circle_iou, pairwise_box_iou, pairwise_circle_iou, suppress, suppress_map

pytestmark = pytest.mark.gpu


@pytest.fixture
def cuda():
    return gpus.gpu()


class WithDLPack:
    """Another library's array, which speaks this alone."""

    def __init__(self, array) -> None:
        self._array, self.shape, self.dtype = array, array.shape, array.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()

    def __dlpack__(self, *, stream=None):
        return self._array.__dlpack__(stream=stream)


class WithInterface:
    """And one that speaks this alone."""

    def __init__(self, array) -> None:
        self._array, self.shape, self.dtype = array, array.shape, array.dtype

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def __cuda_array_interface__(self):
        return self._array.__cuda_array_interface__


KINDS = pytest.mark.parametrize("kind", [WithDLPack, WithInterface])


def some_circles(n=300, dtype=np.float64, indptr=None) -> Circles:
    rng = np.random.default_rng(3)
    values = layout("scattered", rng, n).astype(dtype)
    return Circles(values[:, :2].copy(), values[:, 2].copy(), rng.random(n).astype(dtype), indptr=indptr)


def theirs(cuda, kind, circles: Circles, device: int = 0) -> Circles:
    arrays = (kind(cuda.from_numpy(array, device=device)) for array in (circles.centres, circles.radii, circles.scores))
    return Circles(*arrays, indptr=circles.indptr)


@KINDS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_device_arrays_in_device_arrays_out(cuda, kind, dtype):
    here = some_circles(dtype=dtype, indptr=[0, 120, 120, 300])
    there = theirs(cuda, kind, here)
    assert (str(there.device), len(there), there.n_micrographs) == ("cuda:0", 300, 3)
    assert repr(there) == "Circles(300 circles, 3 micrographs, on cuda:0)"
    found = suppress(there, iou=0.3, return_suppressor=True)
    assert [part.device for part in found] == ["cuda:0"] * 2
    for part, expected in zip(found, suppress(here, iou=0.3, return_suppressor=True), strict=True):
        np.testing.assert_array_equal(part.to_numpy(), expected)
    pairs = circle_iou(there, there)
    assert pairs.dtype == dtype
    np.testing.assert_array_equal(pairs.to_numpy(), circle_iou(here, here))
    for block, expected in zip(pairwise_circle_iou(there, there), pairwise_circle_iou(here, here), strict=True):
        assert block.shape == expected.shape
        np.testing.assert_array_equal(block.to_numpy(), expected)
    np.testing.assert_array_equal(there.to("cpu").centres, here.centres)


@KINDS
def test_boxes_in_device_memory(cuda, kind):
    rng = np.random.default_rng(1)
    a, b = (np.column_stack([rng.uniform(0, 4, (n, 2)), rng.uniform(0.1, 4, (n, 2))]) for n in (40, 40))
    one, other = (kind(cuda.from_numpy(boxes, device=0)) for boxes in (a, b))
    np.testing.assert_array_equal(box_iou(one, other).to_numpy(), box_iou(a, b))
    matrix = pairwise_box_iou(one, other)
    assert matrix.shape == (40, 40)
    np.testing.assert_array_equal(matrix.to_numpy(), pairwise_box_iou(a, b))


@KINDS
@pytest.mark.parametrize("n_maps", [None, 0, 1, 3])
def test_maps_in_device_memory(cuda, kind, n_maps):
    maps = np.random.default_rng(0).random((n_maps or (0 if n_maps == 0 else 1), 20, 30)).astype(np.float32)
    maps = maps[0] if n_maps is None else maps
    found = suppress_map(kind(cuda.from_numpy(maps, device=0)), 2.5, threshold=0.3)
    expected = suppress_map(maps, 2.5, threshold=0.3)
    assert len(found) == len(expected)
    for (centres, scores), (places, heights) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(centres.to_numpy(), places)
        np.testing.assert_array_equal(scores.to_numpy(), heights)
        assert scores.dtype == np.float32


def test_circles_move_and_a_radius_is_one_for_all(cuda):
    here = some_circles()
    there = here.to("cuda")
    assert there.to("cuda:0") is there
    one = Circles(there.centres, 5.0, there.scores)
    expected = suppress(Circles(here.centres, 5.0, here.scores), distance=4.0)
    np.testing.assert_array_equal(suppress(one, distance=4.0, device="auto").to_numpy(), expected)


@pytest.mark.parametrize("n_micrographs", [1, 1000])
def test_a_thousand_micrographs_some_empty(cuda, n_micrographs):
    rng = np.random.default_rng(2)
    indptr = np.concatenate([[0], np.cumsum(rng.integers(0, 4, n_micrographs))])
    circles = some_circles(int(indptr[-1]), indptr=indptr)
    np.testing.assert_array_equal(suppress(circles, iou=0.2, device="cuda"), suppress(circles, iou=0.2))


def test_on_a_stream(cuda):
    import standin

    stream = standin.machine().stream() if standin.is_installed() else None
    circles = some_circles()
    there = circles.to("cuda", stream=stream)
    np.testing.assert_array_equal(suppress(there, iou=0.2, stream=stream).to_numpy(), suppress(circles, iou=0.2))
    np.testing.assert_array_equal(circle_iou(there, there, stream=stream).to_numpy(), circle_iou(circles, circles))
    del there  # what is in the order of a stream goes before it
    if stream is not None:
        standin.machine().destroy(stream)


def test_on_the_second_gpu(cuda):
    if cuda.device_count() < 2:
        pytest.skip("one GPU alone")
    circles = some_circles()
    np.testing.assert_array_equal(suppress(circles, iou=0.2, device="cuda:1"), suppress(circles, iou=0.2))
    there = circles.to("cuda:1")
    assert suppress(there, iou=0.2).device == "cuda:1"
    with pytest.raises(ValueError, match=re.escape("device: cuda:0 was asked for, the arrays are on cuda:1")):
        suppress(there, iou=0.2, device="cuda:0")
    with pytest.raises(ValueError, match=re.escape("b: expected circles on cuda:1, as a, got them on cpu")):
        circle_iou(there, circles)


def test_what_the_cpu_refuses(cuda):
    """The sentences of `motes._core`, for numbers that nobody here has seen."""
    circles = some_circles(5)
    for name, value in (("centres", np.nan), ("radii", -1.0), ("scores", np.inf)):
        arrays = {key: getattr(circles, key).copy() for key in ("centres", "radii", "scores")}
        arrays[name][3] = value
        with pytest.raises(ValueError, match=f"^{name}: ") as told:
            _core.suppression(
                *arrays.values(), indptr=circles.indptr, measure="iou", threshold=0.5, suppressor=False, threads=1
            )
        there = Circles(*(cuda.from_numpy(array, device=0) for array in arrays.values()))
        with pytest.raises(ValueError, match=f"^{re.escape(str(told.value))}$"):
            suppress(there, iou=0.5)
    for how, message in (({"iou": 1.5}, "iou: expected 0 to 1, got 1.5"), ({}, "got none")):
        with pytest.raises(ValueError, match=message):
            suppress(circles, **how, device="cuda")
    with pytest.raises(ValueError, match="b: expected as many as a, 5, got 4"):
        circle_iou(circles, circles[:4], device="cuda")
    with pytest.raises(ValueError, match="map: not a number at row 1, column 0"):
        suppress_map(np.array([[0.0], [np.nan]]), 1, device="cuda")
    with pytest.raises(ValueError, match=re.escape("a: expected shape (any, 4), got (2, 3)")):
        box_iou(cuda.from_numpy(np.ones((2, 3)), device=0), cuda.from_numpy(np.ones((2, 4)), device=0))
    with pytest.raises(TypeError, match="radii: expected dtype float64, got float32"):
        Circles(cuda.from_numpy(circles.centres, device=0), circles.radii.astype(np.float32))


def test_what_needs_circles_here(cuda):
    there = some_circles(5).to("cuda")
    calls = (lambda: there[:2], lambda: there.astype(np.float32), there.fingerprint, lambda: there.of_micrograph(0),
             lambda: Circles.concatenate([there]))  # fmt: skip
    for call in calls:
        with pytest.raises(ValueError, match=re.escape("circles: are on cuda:0; circles.to('cpu') brings them here")):
            call()


def test_what_does_not_fit_is_a_memory_error_and_leaves_nothing_behind(cuda):
    import standin

    if not standin.is_installed():
        pytest.skip("fills the memory of the stand-in for a GPU")
    circles = some_circles(3000)
    for memory in (1 << 14, 1 << 17, 1 << 18):
        with standin.machine().with_(memory=memory), pytest.raises(MemoryError, match="cuda:0: asked for"):
            suppress(circles, iou=0.3, device="cuda")


def test_where_there_is_no_gpu(monkeypatch):
    from motes.devices import names

    def none_here():
        raise DeviceError("CUDA: no NVIDIA driver on this machine")

    monkeypatch.setattr(names, "cuda_extension", none_here)
    with pytest.raises(DeviceError, match="no NVIDIA driver"):
        suppress(some_circles(5), iou=0.5, device="cuda")
    assert isinstance(suppress(some_circles(5), iou=0.5, device="auto"), np.ndarray)
