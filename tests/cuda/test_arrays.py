"""Device arrays from and to other libraries: what is read and told, without a GPU, of memory that nobody looks into."""

from __future__ import annotations

import gc
import re

import numpy as np
import pytest

from producers import (
    ADDRESS,
    CPU,
    CUDA,
    FLOAT,
    INT,
    READ_ONLY,
    UNSIGNED,
    Interface,
    Producer,
    Tensor,
    Versioned,
    pointer_of,
)


def view(built, producer, **change):
    return built.view(producer, **({"dtype": np.float32, "shape": (5, 2), "device": 0} | change))


@pytest.mark.parametrize(("stream", "asked"), [(0, 1), (77, 77)])
def test_a_view_asks_for_its_stream_and_lets_go(stream, asked, built):
    producer = Producer()
    array = view(built, producer, stream=stream)
    assert producer.stream == asked  # 1 is how DLPack calls the default stream
    assert (array.shape, array.dtype, array.device, array.nbytes, len(array)) == ((5, 2), np.float32, "cuda:0", 40, 5)
    assert repr(array) == "DeviceArray((5, 2) of float32 on cuda:0)"
    told = array.__cuda_array_interface__
    assert told == {
        "shape": (5, 2), "typestr": "<f4", "data": (ADDRESS, False), "strides": None, "version": 3, "stream": asked,
    }  # fmt: skip
    assert producer.let_go == 0
    del array
    gc.collect()
    assert producer.let_go == 1


@pytest.mark.parametrize(("code", "bits", "dtype"), [(FLOAT, 64, "f8"), (INT, 32, "i4"), (UNSIGNED, 16, "u2")])
def test_a_view_goes_out_as_it_came_in(code, bits, dtype, built):
    producer = Producer((3, 1, 4), code=code, bits=bits, strides=(4, 99, 1), offset=256, index=0)
    array = view(built, producer, dtype=dtype, shape=(3, 1, 4))
    assert array.__dlpack_device__() == (CUDA, 0)
    capsule = array.__dlpack__(stream=-1)
    tensor = Tensor.from_address(pointer_of(capsule, b"dltensor"))
    assert (tensor.data, tuple(tensor.device), tensor.ndim) == (ADDRESS + 256, (CUDA, 0), 3)
    assert (tensor.code, tensor.bits, tensor.lanes, tensor.byte_offset) == (code, bits, 1, 0)
    assert tensor.shape[:3] == [3, 1, 4]
    assert not tensor.strides
    del array
    gc.collect()
    assert producer.let_go == 0  # the capsule holds it
    del capsule
    gc.collect()
    assert producer.let_go == 1


@pytest.mark.parametrize(
    ("producer", "change", "error", "message"),
    [
        ({"bits": 64}, {}, TypeError, "array: expected dtype float32, got float64"),
        ({"code": 6, "bits": 8}, {}, TypeError, "array: expected dtype float32, got bool"),
        ({"code": 4}, {}, TypeError, "array: a dtype that NumPy does not have"),
        ({"shape": (5,)}, {}, ValueError, "array: expected shape (5, 2), got (5,)"),
        ({"strides": (1, 5)}, {}, ValueError, "array: expected a C-contiguous device array"),
        ({"strides": (4, 1)}, {}, ValueError, "array: expected a C-contiguous device array"),
        ({"index": 1}, {}, ValueError, "array: expected an array on cuda:0, got one on cuda:1"),
        ({"place": CPU}, {}, ValueError, "array: expected an array on cuda:0, got one in the host's memory"),
    ],
)
def test_a_view_refuses_and_lets_go(producer, change, error, message, built):
    producer = Producer(**producer)
    with pytest.raises(error, match=re.escape(message)):
        view(built, producer, **change)
    gc.collect()
    assert producer.let_go == (producer.stream is not None)  # as often as it was taken


@pytest.mark.parametrize("stream", [0, -2])
def test_dlpack_refuses_a_stream(stream, built):
    with pytest.raises(ValueError, match=f"stream: expected a CUDA stream, 1, 2 or -1, got {stream}"):
        view(built, Producer()).__dlpack__(stream=stream)


def test_dlpack_makes_no_copy(built):
    with pytest.raises(BufferError, match="no copies are made here"):
        view(built, Producer()).__dlpack__(stream=-1, copy=True)


# -- DLPack 1, which can say that an array is read-only ----------------------------------------------------------------


def test_dlpack_1_goes_in_and_out(built):
    producer = Producer(version=(1, 3))
    array = view(built, producer)
    capsule = array.__dlpack__(stream=-1, max_version=(1, 0))
    given = Versioned.from_address(pointer_of(capsule, b"dltensor_versioned"))
    assert (tuple(given.version), given.flags, given.data, given.shape[:2]) == ((1, 0), 0, ADDRESS, [5, 2])
    assert pointer_of(array.__dlpack__(stream=-1, max_version=(0, 8)), b"dltensor")
    del array, capsule
    gc.collect()
    assert producer.let_go == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"flags": READ_ONLY}, ValueError, "array: the array is read-only"),
        ({"version": (2, 0)}, BufferError, "array: expected DLPack 1, got 2"),
    ],
)
def test_dlpack_1_refuses_and_lets_go(change, error, message, built):
    producer = Producer(**({"version": (1, 0)} | change))
    with pytest.raises(error, match=message):
        view(built, producer)
    gc.collect()
    assert producer.let_go == 1


def test_an_array_is_not_moved(built):
    array = view(built, Producer())
    assert array.__dlpack__(stream=-1, dl_device=(CUDA, 0))
    with pytest.raises(BufferError, match=r"the array stays on cuda:0; to_numpy\(\) copies it"):
        array.__dlpack__(stream=-1, dl_device=(CPU, 0))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (Producer(offset=2), "array: expected an aligned device array"),
        (Producer(address=0), "array: an array without memory"),
        (Interface(ADDRESS + 1), "array: expected an aligned device array"),
        (Interface(0), "array: an array without memory"),
        (Interface(ADDRESS, mask=Producer()), "array: a masked array is not taken"),
        (Interface(ADDRESS, stream=0), "array: its stream is 0, which __cuda_array_interface__ does not allow"),
        (Interface(ADDRESS, strides=(4, 20)), "array: expected a C-contiguous device array"),
    ],
)
def test_what_would_fault_in_a_kernel(array, message, built):
    with pytest.raises(ValueError, match=re.escape(message)):
        view(built, array)
