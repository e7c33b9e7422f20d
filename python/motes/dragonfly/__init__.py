"""Dragonfly's files: its configuration, its lists of patterns, its output and its log."""

from motes.dragonfly.config import Config, read_config
from motes.dragonfly.output import Output, read_model, read_output, write_output
from motes.dragonfly.results import output_of
from motes.dragonfly.selection import half_of, read_blacklist

__all__ = [
    "Config",
    "Output",
    "half_of",
    "output_of",
    "read_blacklist",
    "read_config",
    "read_model",
    "read_output",
    "write_output",
]
