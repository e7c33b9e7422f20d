"""CRC-32C, the checksum that Zarr's codec `crc32c` writes behind a chunk."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import numpy.typing as npt


def require_crc32c(place: str) -> None:
    """Raise an ImportError that says how to get the library of checksums, where there is none."""
    if find_spec("google_crc32c") is None:
        raise ImportError(
            f'{place}: stores need google-crc32c: pip install "motes[io]" (from a clone: pip install ".[io]")'
        )


def crc32c(data: npt.NDArray[np.uint8]) -> int:
    """Checksum of contiguous bytes.

    Examples
    --------
    >>> hex(crc32c(np.frombuffer(b"123456789", np.uint8)))
    '0xe3069283'
    """
    import google_crc32c

    return int(google_crc32c.value(data))
