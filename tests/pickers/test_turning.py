"""Answers averaged over turns: no direction is preferred, and tiles leave no trace."""

from __future__ import annotations

import numpy as np
import pytest

from motes.pickers.networks.crops import turned

torch = pytest.importorskip("torch", reason="torch is an extra")

from motes.pickers.networks import turning  # noqa: E402
from motes.pickers.networks.lanes import lanes  # noqa: E402
from motes.pickers.networks.norm import settle  # noqa: E402
from motes.pickers.networks.unet import UNet  # noqa: E402


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = UNet(2, (4, 6, 8))
    settle(made, [torch.randn(1, 2, 64, 64)])
    return made


def answers(network, image, **options):
    with lanes(2) as every:
        return turning.averaged(network.both, image, strides=(1, 4), margin=32, every=every, **options)


def test_without_turns_it_is_the_network(network):
    image = np.random.default_rng(0).normal(size=(2, 48, 80)).astype(np.float32)
    with torch.no_grad():
        padded = np.pad(image, [(0, 0), (32, 32), (32, 32)])
        logits, coarse = network.both(torch.from_numpy(padded)[None])
    found = answers(network, image, turns=1)
    np.testing.assert_allclose(found[0], logits[0, :, 32:-32, 32:-32].numpy(), atol=1e-5)
    np.testing.assert_allclose(found[1], coarse[0, :, 8:-8, 8:-8].numpy(), atol=1e-5)


@pytest.mark.parametrize("turn", range(8))
def test_a_turned_image_gives_the_turned_answer(network, turn):
    image = np.random.default_rng(1).normal(size=(2, 48, 48)).astype(np.float32)
    found, expected = answers(network, turned(image, turn)), answers(network, image)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, turned(other, turn), atol=1e-5)


@pytest.mark.parametrize("shape", [(131, 70), (64, 64), (65, 129)])
def test_tiles_leave_no_trace(network, shape, monkeypatch):
    image = np.random.default_rng(2).normal(size=(2, *shape)).astype(np.float32)
    expected = answers(network, image)
    monkeypatch.setattr(turning, "TILE", 64)
    found = answers(network, image)
    assert found[0].shape == (1, *shape)
    assert found[1].shape == (8, -(-shape[0] // 4), -(-shape[1] // 4))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
