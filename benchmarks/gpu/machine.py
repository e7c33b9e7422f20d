"""The device that figures are taken on, its driver and clocks, and the versions beside it."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import platform
import shutil
import subprocess
from types import ModuleType

LIBRARIES = ("numpy", "scipy", "torch", "torchvision", "cupy-cuda12x", "cupy-cuda13x")
ASKED = ("driver_version", "clocks.max.sm", "clocks.max.mem", "clocks.sm", "clocks.mem", "power.limit")


def device_told(cuda: ModuleType, device: int) -> dict[str, object]:
    """Name, architecture and memory; driver and clocks (MHz) where nvidia-smi is there to ask."""
    return dict(cuda.device_facts(device)) | {"cuda": cuda.runtime} | _asked(device)


def versions() -> dict[str, object]:
    """Of Python, of motes, of the libraries beside it, and the date."""
    import motes

    config = motes.show_config()
    found: dict[str, object] = {"python": platform.python_version(), "motes": config["version"]}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found | {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")}


def _asked(device: int) -> dict[str, object]:
    smi = shutil.which("nvidia-smi")
    if not smi:
        return {}
    command = [smi, f"--id={device}", f"--query-gpu={','.join(ASKED)}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    return dict(zip(ASKED, (value.strip() for value in told.split(",")), strict=False))
