"""Labelling and review of picks in a browser: a server on this computer, and a page that needs no network."""

from motes.labelling.server import Server
from motes.labelling.sets import PickSet, read_set, reviewed

__all__ = ["PickSet", "Server", "read_set", "reviewed"]
