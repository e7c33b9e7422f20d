"""Arrays in the memory of a GPU, whoever made them: CuPy, torch, numba, JAX or `motes._cuda`."""

from __future__ import annotations

from typing import Any

from motes.devices.names import Device

CUDA, CUDA_MANAGED = 2, 13  # DLPack's device types


def device_holding(array: Any) -> Device | None:
    """The GPU in whose memory an array is; None for anything else.

    Of an array that only has `__cuda_array_interface__`, which does not tell, the first GPU: `motes._cuda` asks CUDA,
    and refuses what is on another.

    Examples
    --------
    >>> import numpy as np
    >>> device_holding(np.zeros(3)) is None
    True
    """
    if hasattr(array, "__dlpack_device__"):
        kind, index = array.__dlpack_device__()
        return Device("cuda", int(index)) if kind in (CUDA, CUDA_MANAGED) else None
    return Device("cuda") if hasattr(array, "__cuda_array_interface__") else None
