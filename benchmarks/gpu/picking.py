"""Rows of suppression: circles beside boxes where both must keep the same.

Circles stand in chains of five, 0.4 radii apart along x, the chains so far from each other that nothing there meets.
Neighbours of a chain are near by either measure (IoU of the circles 0.60, of their boxes 0.67), second neighbours by
neither (0.34 and 0.43), with a threshold of 0.5 far from all four: greedy suppression keeps the same, whoever does it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.gpu.peers import Peers
from benchmarks.gpu.rows import CPU, Entry, Row, Target, beside
from benchmarks.gpu.sizes import Sizes
from benchmarks.gpu.yardsticks import Bound
from motes import Circles
from motes.picking import suppress

TORCHVISION, OWN_IN_TORCH = "torchvision box NMS", "torch, rank by rank (written here)"
CHAIN, STEP, RADIUS, IOU = 5, 0.4, 54.0, 0.5


def chains(n: int, seed: int) -> Circles:
    """n circles of one image, in chains, in random order and with scores that float32 can tell apart."""
    rng = np.random.default_rng(seed)
    n_chains = -(-n // CHAIN)
    side = int(np.ceil(np.sqrt(n_chains)))
    y, x = np.divmod(np.arange(n_chains), side)
    x = 4 * RADIUS * x[:, None] + STEP * RADIUS * np.arange(CHAIN)
    y = np.broadcast_to(2.5 * RADIUS * y[:, None], x.shape)
    centres = np.stack([x.ravel(), y.ravel()], axis=1)[:n]
    return Circles(np.ascontiguousarray(centres[rng.permutation(n)]), RADIUS, rng.permutation(n).astype(np.float64))


def boxes_of(circles: Circles) -> npt.NDArray[np.float32]:
    """(N, 4): the squares about them."""
    return np.concatenate([circles.centres - RADIUS, circles.centres + RADIUS], axis=1).astype(np.float32)


def nms_bytes(n: int) -> int:
    """torchvision's matrix of pairs, a bit each."""
    return 8 * n * -(-n // 64)


def rank_by_rank(torch: ModuleType, boxes: Any, scores: Any) -> Any:
    """(B, n) bool: what stays of B images of n boxes each; all images at once, one rank after the other."""
    order = torch.argsort(scores, dim=1, descending=True)
    sorted_ = torch.gather(boxes, 1, order[..., None].expand(-1, -1, 4))
    area = (sorted_[..., 2] - sorted_[..., 0]) * (sorted_[..., 3] - sorted_[..., 1])
    out = torch.zeros(scores.shape, dtype=torch.bool, device=scores.device)
    for k in range(scores.shape[1]):
        one = sorted_[:, k, None]
        low, high = torch.maximum(one[..., :2], sorted_[..., :2]), torch.minimum(one[..., 2:], sorted_[..., 2:])
        shared = (high - low).clamp(min=0).prod(dim=2)
        near = shared > IOU * (area + area[:, k, None] - shared)
        near[:, : k + 1] = False
        out |= near & ~out[:, k, None]
    return torch.zeros_like(out).scatter_(1, order, ~out)


def _row(name: str, circles: Circles, device: int, peers: Peers, extra: list[Entry], memory: int) -> Row:
    n = len(circles)

    def ours() -> Any:
        there = circles.to(f"cuda:{device}")
        return functools.partial(suppress, there, iou=IOU), lambda kept: np.sort(kept.to_numpy())

    def on_the_processor() -> Any:
        return functools.partial(suppress, circles, iou=IOU, threads=2), np.sort

    def with_torchvision() -> Any:
        torch: Any = peers.torch
        ops: Any = peers.torchvision
        boxes = torch.from_numpy(boxes_of(circles)).to(peers.place)
        scores = torch.from_numpy(circles.scores.astype(np.float32)).to(peers.place)
        image = torch.from_numpy(np.array(circles.micrograph)).to(peers.place)
        if circles.n_micrographs == 1:
            call = functools.partial(ops.ops.nms, boxes, scores, IOU)
        else:
            call = functools.partial(ops.ops.batched_nms, boxes, scores, image, IOU)
        return call, lambda kept: np.sort(kept.cpu().numpy())

    return Row(
        name,
        {"circles": n, "images": circles.n_micrographs},
        Entry("motes", ours),
        [
            Entry(CPU, on_the_processor, on_host=True),
            Entry(TORCHVISION, with_torchvision, "torchvision", memory=memory),
            *extra,
        ],
        lambda theirs, ours, _: np.testing.assert_array_equal(theirs, ours),
        Bound(40 * n, 0, 0, 1,
              "32 B read a circle, 8 B written for each that stays; what is above it is latency: rounds of launches"),
        [Target("5 times torchvision's box NMS", beside(TORCHVISION), at_least=5)],
    )  # fmt: skip


def one_image(_: ModuleType, device: int, sizes: Sizes, peers: Peers) -> Iterator[Row]:
    """All circles in one image; and a quarter of a million, for torchvision needs n^2 / 8 bytes."""
    for n in sorted({sizes.circles, sizes.circles // 4}, reverse=True):
        name = f"suppression, {n:,} circles"
        yield _row(name, chains(n, seed=0), device, peers, [], nms_bytes(n))


def many_images(_: ModuleType, device: int, sizes: Sizes, peers: Peers) -> Iterator[Row]:
    """Images of a thousand circles each."""
    circles = Circles.concatenate([chains(sizes.picks, seed) for seed in range(sizes.images)])

    def by_rank() -> Any:
        torch: Any = peers.torch
        shape = (sizes.images, sizes.picks)
        boxes = torch.from_numpy(boxes_of(circles).reshape(*shape, 4)).to(peers.place)
        scores = torch.from_numpy(circles.scores.reshape(shape).copy()).to(peers.place)
        return functools.partial(rank_by_rank, torch, boxes, scores), lambda out: np.flatnonzero(out.cpu().numpy())

    own = Entry(OWN_IN_TORCH, by_rank, "torch", memory=200 * len(circles))
    name = f"suppression, {sizes.images:,} images"
    yield _row(name, circles, device, peers, [own], nms_bytes(sizes.picks))
