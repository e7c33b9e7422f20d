"""Reconstruction while patterns still arrive: docs/watch.md."""

from motes.live.follow import follow
from motes.live.outlook import Outlook, outlook
from motes.live.turning import by_convention, turned
from motes.live.update import Update

__all__ = ["Outlook", "Update", "by_convention", "follow", "outlook", "turned"]
