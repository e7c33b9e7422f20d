"""torch's random numbers for a while: from a seed, and afterwards as if nothing had been drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int | list[int]) -> Iterator[None]:
    """Within it torch draws on the CPU from this seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(np.random.default_rng(seed).integers(2**63)))
        yield
