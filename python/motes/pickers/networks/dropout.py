"""Dropout whose places follow from a seed, not from which thread asks first."""

from __future__ import annotations

import threading

import torch
from torch import Tensor, nn

_of_thread = threading.local()


def seed_dropout(seed: int) -> None:
    """Choose what the next forward passes of this thread drop."""
    _of_thread.generator = torch.Generator().manual_seed(seed)


class Dropout(nn.Module):
    """Dropout (Srivastava et al. 2014): torch's own draws from one generator that all threads share."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """`x` in prediction; in training with values dropped and the others scaled up."""
        if not self.training:
            return x
        kept = torch.rand(x.shape, generator=_of_thread.generator) >= self.probability
        return x * kept.to(x.device) / (1 - self.probability)
