"""What this build is and what it runs on."""

from __future__ import annotations

import os

from motes import _core
from motes.devices import cuda_told
from motes.threads import available_threads


def show_config() -> dict[str, object]:
    """Version, compiler, instruction sets and threads of this build on this machine.

    Returns
    -------
    dict
        `version`, `compiler`, `instruction_set` (in use), `instruction_sets` (at hand), `threads`, `cuda` (what it was
        built for, and the devices that are there).

    Examples
    --------
    >>> show_config()["instruction_set"] in show_config()["instruction_sets"]
    True
    """
    return {
        "version": _core.version,
        "compiler": _core.compiler,
        "instruction_set": _core.isa(),
        "instruction_sets": [name for name in ("baseline", "v3", "v4") if _core.isa_available(name)],
        "forced": os.environ.get("MOTES_ISA"),
        "threads": available_threads(),
        "hardware_threads": _core.hardware_threads(),
        "cuda": cuda_told(),
    }
