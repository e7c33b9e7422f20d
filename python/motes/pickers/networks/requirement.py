"""torch is an extra: who asks for a network without it is told how to get it."""

from __future__ import annotations

import importlib.util


def require_torch(who: str) -> None:
    """Raise unless torch can be imported; imports nothing itself.

    Raises
    ------
    ImportError
        That names who needs it, and the command that installs it.
    """
    try:
        found = importlib.util.find_spec("torch")
    except ValueError:  # a module that is there but blocked
        found = None
    if found is None:
        raise ImportError(f'{who} needs torch: pip install "motes[torch]" (from a clone: pip install ".[torch]")')
