"""The one protocol of all pickers."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from motes.devices import device_name
from motes.micrograph import Micrograph
from motes.pickers.detections import Detections
from motes.pickers.labelled import Labelled

Self = TypeVar("Self", bound="Picker")


@runtime_checkable
class Picker(Protocol):
    """Learns from labels, then proposes particles."""

    diameter: float
    """Of the particles, micrograph pixels: circles that it proposes have half of it as their radius."""

    def fit(self: Self, labelled: Labelled, seed: int = 0) -> Self:
        """Learn from scratch; what was learned before is forgotten. Returns itself.

        The same labels and seed give the same picker, bit for bit, for any number of threads.
        """
        ...

    def predict(self, micrographs: Sequence[Micrograph]) -> Detections:
        """Propose particles with probabilities; every candidate, not yet suppressed.

        Raises
        ------
        NotFittedError
            If it has to be fitted first.
        """
        ...

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all that `load` needs, whole or not at all."""
        ...

    @classmethod
    def load(cls: type[Self], path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote; it predicts the same, bit for bit."""
        ...


@runtime_checkable
class WarmPicker(Picker, Protocol):
    """A picker that can also learn on from what it knows."""

    warm_start: bool
    """Whether `fit` begins with what was learned before, if anything was, instead of from scratch."""


def device_option(kind: Callable[..., Picker], device: str | None) -> dict[str, str]:
    """What a kind of picker is told of where to work; nothing where that is left to it.

    Raises
    ------
    TypeError, ValueError
        If it is no name of a device, or of a GPU, and this picker can not work on one.

    Examples
    --------
    >>> from motes.pickers import BlobPicker, FilterBankPicker
    >>> device_option(FilterBankPicker, "cpu"), device_option(BlobPicker, "cpu")
    ({'device': 'cpu'}, {})
    """
    if device is None:
        return {}
    name = device_name(device)
    if "device" in inspect.signature(kind).parameters:
        return {"device": name}
    if name.startswith("cuda"):
        raise ValueError(f"device: {name} was asked for, but {kind.__name__} works on the processor alone")
    return {}


class NotFittedError(ValueError):
    """A picker was asked before it was taught."""
