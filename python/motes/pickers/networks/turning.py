"""A network's answer for a whole image: in tiles, and averaged over its 8 turns and mirrors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from motes.pickers.networks.crops import TURNS, turned, turned_back
from motes.pickers.networks.lanes import Lanes

TILE = 512  # pixels along each side: what a thread has in hand at a time
Maps = list[npt.NDArray[np.float32]]


def averaged(
    answer: Callable[[Tensor], tuple[Tensor, ...]],
    image: npt.NDArray[np.float32],
    *,
    strides: Sequence[int],
    margin: int,
    every: Lanes,
    turns: int = TURNS,
    device: str = "cpu",
) -> Maps:
    """Mean answers over turns and mirrors.

    Parameters
    ----------
    answer : function
        Maps (1, C, h / s, w / s) for an image (1, C, h, w), each with its own number of channels.
    image : (C, h, w) float32 array
        Of any size; as if 0 lay beyond its edges.
    strides : sequence of int, pixels
        The s of each map; the input's sides are multiples of the largest one.
    margin : int, pixels
        How far a pixel sees; a multiple of the largest stride.
    every : Lanes
        Where tiles and turns are worked on.
    turns : int
        How many of the 8.
    device : str

    Returns
    -------
    list of (C, ceil(h / s), ceil(w / s)) float32 arrays
        The mean of each map. A tile takes along all that its pixels see, so that its borders leave no trace.
    """
    (height, width), multiple = image.shape[1:], max(strides)
    padded = np.pad(image, [(0, 0), *((margin, margin + -side % multiple) for side in (height, width))])
    tiles = [(top, left) for top in range(0, height, TILE) for left in range(0, width, TILE)]

    def one(work: tuple[int, int, int]) -> Maps:
        top, left, turn = work
        part = padded[:, top : top + TILE + 2 * margin, left : left + TILE + 2 * margin]
        with torch.no_grad():
            there = torch.from_numpy(np.ascontiguousarray(turned(part, turn)))[None]
            answers = answer(there.to(device, memory_format=torch.channels_last))
        maps = (turned_back(found[0].cpu().numpy(), turn) for found in answers)
        return [_without(margin // stride, found) for stride, found in zip(strides, maps, strict=True)]

    found = every.map(one, [(*tile, turn) for tile in tiles for turn in range(turns)])
    maps = []
    for kind, stride in enumerate(strides):
        total = np.zeros((len(found[0][kind]), -(-height // stride), -(-width // stride)), np.float32)
        for (top, left), answers in zip(tiles, _groups(found, turns), strict=True):
            place = total[:, top // stride : (top + TILE) // stride, left // stride : (left + TILE) // stride]
            for each in answers:
                place += each[kind][:, : place.shape[1], : place.shape[2]]
        total /= turns
        maps.append(total)
    return maps


def _without(margin: int, found: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return found[:, margin : found.shape[1] - margin, margin : found.shape[2] - margin]


def _groups(found: Sequence[Maps], size: int) -> list[Sequence[Maps]]:
    return [found[start : start + size] for start in range(0, len(found), size)]
