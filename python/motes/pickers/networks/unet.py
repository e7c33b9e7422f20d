"""A small U-Net: what the compact picker sees with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from motes.pickers.networks.norm import BatchNorm


class UNet(nn.Module):
    """Fully convolutional, one logit a pixel (Ronneberger et al. 2015; two or more levels).

    Parameters
    ----------
    channels : int
        Of the input that it looks at; an input may have more.
    widths : sequence of int
        Channels of each level, finest first; each level has half the sides of the one before.
    """

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.channels = channels
        inputs = (channels, *widths[:-1])
        self.down = nn.ModuleList(_block(a, b) for a, b in zip(inputs, widths, strict=True))
        rising = list(zip(widths[-2::-1], widths[:0:-1], strict=True))
        self.up = nn.ModuleList(_block(fine + coarse, fine) for fine, coarse in rising)
        self.head = nn.Conv2d(widths[0], 1, 1)
        self.multiple = 2 ** (len(widths) - 1)
        """Sides of an input are multiples of it."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) logits."""
        return self.both(x)[0]

    def both(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and what the coarsest level saw: (B, widths[-1], H / multiple, W / multiple)."""
        x = x[:, : self.channels]
        skipped: list[Tensor] = []
        for block in self.down[:-1]:
            skipped.append(block(x))
            x = functional.max_pool2d(skipped[-1], 2)
        x = coarse = self.down[-1](x)
        for block in self.up:
            x = block(torch.cat([functional.interpolate(x, scale_factor=2, mode="nearest"), skipped.pop()], dim=1))
        return self.head(x), coarse


def _block(channels: int, filters: int) -> nn.Sequential:
    """Twice: convolution, batch normalisation, ReLU."""
    layers: list[nn.Module] = []
    for entering in (channels, filters):
        layers += [nn.Conv2d(entering, filters, 3, padding=1, bias=False), BatchNorm(filters), nn.ReLU()]
    return nn.Sequential(*layers)
