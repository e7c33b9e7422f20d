"""Libraries that a user could take instead, where they are installed and see a GPU."""

from __future__ import annotations

import importlib
import importlib.metadata
from dataclasses import dataclass, field
from types import ModuleType

NAMES = ("torch", "torchvision", "cupy")


@dataclass(frozen=True)
class Peers:
    """What there is.

    Attributes
    ----------
    torch, torchvision, cupy : module or None
    absent : dict of str to str
        Why the others are not there.
    place : str
        torch's name of the device.
    """

    torch: ModuleType | None
    torchvision: ModuleType | None
    cupy: ModuleType | None
    absent: dict[str, str] = field(default_factory=dict)
    place: str = "cuda"

    def tidy(self) -> None:
        """Give back what their memory pools hold."""
        if self.torch and self.place == "cuda":
            self.torch.cuda.empty_cache()
        if self.cupy:
            self.cupy.get_default_memory_pool().free_all_blocks()


def find() -> Peers:
    """Import them; whatever goes wrong makes a peer absent, for a broken one is no reason to have no figures at all."""
    found: dict[str, ModuleType] = {}
    absent: dict[str, str] = {}
    for name in NAMES:
        try:
            module = importlib.import_module(name)
            n_gpus = _gpus(name, module)
        except Exception as error:
            absent[name] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            continue
        if n_gpus:
            found[name] = module
        else:
            absent[name] = "sees no GPU"
    return Peers(*(found.get(name) for name in NAMES), absent=absent)


def _gpus(name: str, module: ModuleType) -> int:
    if name == "cupy":
        return int(module.cuda.runtime.getDeviceCount())
    torch = importlib.import_module("torch")
    return int(torch.cuda.device_count()) if torch.cuda.is_available() else 0
