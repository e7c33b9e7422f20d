"""The compact picker's loss: cross-entropy with weights that balance what is labelled and what is not."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def balanced_loss(output: Tensor, target: Tensor) -> Tensor:
    """Sum over pixels of w_particle log(1 + exp(-z)) + w_background log(1 + exp(z)).

    Parameters
    ----------
    output : (B, 1, h, w) tensor
        Log-odds z.
    target : (B, 2, h, w) tensor
        The weights of `targets.weights`.
    """
    particle, background = target.unbind(1)
    return (functional.softplus(-output[:, 0]) * particle + functional.softplus(output[:, 0]) * background).sum()
