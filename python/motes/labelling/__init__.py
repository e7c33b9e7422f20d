"""Labelling and review of picks in a browser: a server on this computer, and a page that needs no network."""

from motes.labelling.server import Server

__all__ = ["Server"]
