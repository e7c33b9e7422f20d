"""What this build is and what it runs on."""

from __future__ import annotations

import os

from motes import _core
from motes.threads import available_threads


def show_config() -> dict[str, object]:
    """Version, compiler, instruction sets and threads of this build on this machine.

    Returns
    -------
    dict
        `version`, `compiler`, `instruction_set` (in use), `instruction_sets` (at hand), `threads`, `cuda`.

    Examples
    --------
    >>> show_config()["cuda"]
    False
    """
    return {
        "version": _core.version,
        "compiler": _core.compiler,
        "instruction_set": _core.isa(),
        "instruction_sets": [name for name in ("baseline", "v3", "v4") if _core.isa_available(name)],
        "forced": os.environ.get("MOTES_ISA"),
        "threads": available_threads(),
        "hardware_threads": _core.hardware_threads(),
        "cuda": False,
    }
