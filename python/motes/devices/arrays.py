"""Arrays in the memory of a GPU: whose they are does not matter, where they are does."""

from __future__ import annotations

from typing import Any

from motes.devices.names import CPU, Device, device_of

_GPU_MEMORY = (2, 13)  # DLPack's kDLCUDA, kDLCUDAManaged


def held_by(array: object) -> Device:
    """Where an array's numbers are: here, or on a GPU for any library that speaks DLPack or CUDA's array interface.

    Examples
    --------
    >>> import numpy as np
    >>> str(held_by(np.zeros(3)))
    'cpu'
    """
    if hasattr(array, "__dlpack_device__"):
        try:
            kind, index = array.__dlpack_device__()
        except (TypeError, ValueError, RuntimeError, BufferError):
            return CPU  # nowhere that DLPack knows: who reads it refuses it, by name
        return Device("cuda", int(index)) if int(kind) in _GPU_MEMORY else CPU
    # what has this interface alone does not say on which GPU it is: the first, or the extension refuses it
    return Device("cuda") if hasattr(array, "__cuda_array_interface__") else CPU


def working_place(held: Device, asked: Device | str | None) -> Device:
    """Where a function works: where its arrays are; those of the host go where they are wanted.

    Parameters
    ----------
    held : Device
        Where the arrays are.
    asked : Device, str or None
        The argument `device`.

    Raises
    ------
    TypeError, ValueError, DeviceError
        As `device_of`; and if arrays on one device are to be worked on by another.

    Examples
    --------
    >>> str(working_place(CPU, None))
    'cpu'
    """
    if asked is None or (asked == "auto" and held != CPU):
        return held
    place = device_of(asked)
    if held not in (CPU, place):
        raise ValueError(f"device: {place} was asked for, the arrays are on {held}")
    return place


def where_it_came_from(found: Any, held: Device) -> Any:
    """A result on a GPU: left there where the arguments were, or brought home."""
    return found.to_numpy() if held == CPU else found
