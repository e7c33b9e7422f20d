"""Batch normalisation without side effects, so that parts of a batch can go through one network at the same time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class BatchNorm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) that learns its statistics after training, not during it.

    In training each part of a batch is normalised by its own mean and variance, and nothing is written: parts may run
    in several threads, and the bits do not depend on which comes first. `settle` then measures the statistics that
    prediction uses, with the final weights, which a running mean over past weights only approximates.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.measured: list[tuple[Tensor, Tensor]] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Normalised (B, C, H, W)."""
        if self.measured is not None:
            self.measured.append((x.mean((0, 2, 3)), x.square().mean((0, 2, 3))))
        elif not self.training:
            return functional.batch_norm(x, self.mean, self.variance, self.weight, self.bias)
        return functional.batch_norm(x, None, None, self.weight, self.bias, training=True)


def settle(network: nn.Module, images: Iterable[Any]) -> None:
    """Measure the statistics of all layers over images, (1, C, H, W) each, and put the network into its final state."""
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    network.eval()
    for norm in norms:
        norm.measured = []
    with torch.no_grad():
        for image in images:
            network(image)
        for norm in norms:
            assert norm.measured
            mean, square = (torch.stack(parts).mean(0) for parts in zip(*norm.measured, strict=True))
            norm.mean.copy_(mean)
            norm.variance.copy_((square - mean.square()).clamp_min(0))
            norm.measured = None
