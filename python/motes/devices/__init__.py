"""Where work is done: on the processor, or on an NVIDIA GPU where this build and this machine have CUDA."""

from motes.devices.arrays import held_by, where_it_came_from, working_place
from motes.devices.extension import cuda_extension, cuda_told
from motes.devices.names import CPU, Device, device_name, device_of
from motes.devices.streams import Stream, stream_of

__all__ = [
    "CPU",
    "Device",
    "Stream",
    "cuda_extension",
    "cuda_told",
    "device_name",
    "device_of",
    "held_by",
    "stream_of",
    "where_it_came_from",
    "working_place",
]
