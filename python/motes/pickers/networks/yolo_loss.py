"""The loss of YOLOv2 for one anchor box, made fit for labels that are partial.

A cell predicts t_x, t_y, t_w, t_h and t_o, which mean (YOLO9000, section 2, `direct location prediction`)

    x = sigmoid(t_x), y = sigmoid(t_y)  in the cell,   w = a exp(t_w), h = a exp(t_h),   confidence = sigmoid(t_o)

for an anchor box of side a. The cell that holds a particle's centre is taught its box, and as confidence the IoU of the
box it predicts; every other cell whose box overlaps no particle by more than 0.6 is taught confidence 0. Errors are
squared, as published. The factors are ours: box 1, confidence 5 for both kinds of cells; published are 5 for the box, 1
for the confidence of cells with an object and 0.5 for that of cells without (CVPR 2016). What also differs: published
sums over cells take every cell without a label as background; here the mean over labelled cells and the mean over
background cells each count a half, and since the error of a squared sigmoid is bounded, an unlabelled particle among
the background pulls little. The class, the sixth channel, is a softmax over classes: with one class it is 1 whatever
the channel says, so it takes no part.

Source: J. Redmon and A. Farhadi, YOLO9000: Better, Faster, Stronger, CVPR 2017; J. Redmon et al., You Only Look Once,
CVPR 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor

from motes.pickers.networks import grid

BOX, CONFIDENCE, OVERLAP = 1.0, 5.0, 0.6
MOST_GROWTH = 4.0  # of t_w and t_h: exp must stay in range


def yolo_loss(output: Tensor, target: Tensor, *, anchor: float) -> Tensor:
    """The loss of cells (B, 6, h, w) for targets (B, 8, h, w) of `grid.cells`; the anchor box's side is in cells."""
    t_x, t_y, t_w, t_h, t_o, _ = output.unbind(1)
    x, y, confidence = torch.sigmoid(t_x), torch.sigmoid(t_y), torch.sigmoid(t_o)
    overlap = _overlap(x, y, t_w, t_h, target, anchor).detach()
    box = (
        (x - target[:, grid.X]).square()
        + (y - target[:, grid.Y]).square()
        + (t_w - target[:, grid.SIZE]).square()
        + (t_h - target[:, grid.SIZE]).square()
    )
    particle = BOX * box + CONFIDENCE * (overlap - confidence).square()
    background = CONFIDENCE * confidence.square() * (overlap <= OVERLAP)
    return (target[:, grid.PARTICLE_WEIGHT] * particle + target[:, grid.BACKGROUND_WEIGHT] * background).sum()


def _overlap(x: Tensor, y: Tensor, t_w: Tensor, t_h: Tensor, target: Tensor, anchor: float) -> Tensor:
    """(B, h, w): IoU of each cell's box and that of the particle nearest to the cell; 0 where there is none."""
    size = target[:, grid.NEAREST_SIZE] * anchor
    width, height = (anchor * torch.exp(t.clamp(-MOST_GROWTH, MOST_GROWTH)) for t in (t_w, t_h))
    across = _common(x, width, target[:, grid.NEAREST_X], size) * _common(y, height, target[:, grid.NEAREST_Y], size)
    return across / (width * height + size * size - across)


def _common(first: Tensor, first_side: Tensor, second: Tensor, second_side: Tensor) -> Tensor:
    """Length that two intervals, by their middles and lengths, have in common."""
    right = torch.minimum(first + first_side / 2, second + second_side / 2)
    left = torch.maximum(first - first_side / 2, second - second_side / 2)
    return (right - left).clamp_min(0)
