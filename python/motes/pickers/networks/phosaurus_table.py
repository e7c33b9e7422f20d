"""Table 2-1 of seed 001, PhosaurusNet, as numbers.

The table gives filters, kernel sizes and the output shape of each convolution for an input of 1024 x 1024; all strides
are 1, and 2 x 2 max-pooling follows the layers named so, which is what the next layer's shape says.
"""

from __future__ import annotations

from typing import NamedTuple

STRIDE = 16  # input pixels a cell of the output, along each side
DEEPEST = 32  # input pixels a pixel of the coarsest layers: sides of the input are its multiples
CHANNELS = 6  # x, y, width, height, confidence, class
DROPOUT = 0.2


class Layer(NamedTuple):
    """A row of the table."""

    number: int
    filters: int
    kernel: int
    pooled: bool


LAYERS = tuple(
    Layer(number, filters, kernel, number in (1, 2, 5, 8, 13))
    for number, (filters, kernel) in enumerate(
        [
            (32, 3), (64, 3), (128, 3), (64, 1), (128, 3), (256, 3), (128, 1), (256, 3), (512, 3), (256, 1), (512, 3),
            (256, 1), (512, 3), (1024, 3), (512, 1), (1024, 3), (512, 1), (1024, 3), (1024, 3), (1024, 3), (256, 1),
            (1024, 3),
        ],
        start=1,
    )
)  # fmt: skip
ROUTE, LAST_COARSE, REDUCED, LAST = 13, 20, 21, 22


def filters(width: float) -> dict[int, int]:
    """Filters of each layer where every number of the table is multiplied with a width; at least one."""
    return {layer.number: max(1, round(layer.filters * width)) for layer in LAYERS}
