"""PhosaurusNet, layer by layer as in table 2-1 of seed 001.

What the table leaves open is settled here: convolutions are padded by half their kernel and have no bias, since batch
normalisation follows; leaky ReLU has the slope 0.1 of YOLOv2; up-sampling repeats the nearest pixel; layer 21 takes the
output of layer 13 before its pooling, the only one of its two that is 64 x 64.

Source: the table, and J. Redmon and A. Farhadi, YOLO9000: Better, Faster, Stronger, CVPR 2017, for convolution blocks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from motes.pickers.networks.dropout import Dropout
from motes.pickers.networks.norm import BatchNorm
from motes.pickers.networks.phosaurus_table import (
    CHANNELS,
    DROPOUT,
    LAST,
    LAST_COARSE,
    LAYERS,
    REDUCED,
    ROUTE,
    filters,
)

SLOPE = 0.1


class Convolution(nn.Module):
    """Convolution, batch normalisation, leaky ReLU."""

    def __init__(self, channels: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, filters, kernel, padding=kernel // 2, bias=False)
        self.norm = BatchNorm(filters)

    def forward(self, x: Tensor) -> Tensor:
        """(B, filters, H, W)."""
        return functional.leaky_relu(self.norm(self.convolution(x)), SLOPE)


class PhosaurusNet(nn.Module):
    """The network: one channel in, 6 channels out, of a cell for 16 x 16 pixels.

    Parameters
    ----------
    width : float
        Every number of filters is multiplied with it (at least one filter); 1 is the table's network.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        n = filters(width)
        channels = {number: n.get(number - 1, 1) for number in n}
        channels |= {REDUCED: n[ROUTE], LAST: n[LAST_COARSE] + n[REDUCED]}
        self.layers = nn.ModuleDict(
            {str(layer.number): Convolution(channels[layer.number], n[layer.number], layer.kernel) for layer in LAYERS}
        )
        self.dropout = Dropout(DROPOUT)
        self.detection = nn.Conv2d(n[LAST], CHANNELS, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 6, H / 16, W / 16) from (B, 1, H, W), H and W multiples of 32."""
        return self.detection(self.dropout(self.features(x)))

    def features(self, x: Tensor) -> Tensor:
        """(B, 1024 width, H / 16, W / 16): what layer 22 sees."""
        for layer in LAYERS[:LAST_COARSE]:
            x = self.layers[str(layer.number)](x)
            if layer.number == ROUTE:
                route = x
            if layer.pooled:
                x = functional.max_pool2d(x, 2)
        coarse = functional.interpolate(x, scale_factor=2, mode="nearest")
        joined = torch.cat([coarse, self.layers[str(REDUCED)](route)], dim=1)
        return self.layers[str(LAST)](joined)
