"""A fair study of query strategies: paired, cross-validated over micrographs, with intervals that hold together."""

from motes.study.config import StudyConfig, parse_config, read_config
from motes.study.data import DataSet, load_data
from motes.study.outputs import write_outputs
from motes.study.presets import presets, read_preset
from motes.study.run import run_study
from motes.study.statistics import Comparison, compare
from motes.study.store import Store
from motes.study.summary import Setting, summarise

__all__ = [
    "Comparison",
    "DataSet",
    "Setting",
    "Store",
    "StudyConfig",
    "compare",
    "load_data",
    "parse_config",
    "presets",
    "read_config",
    "read_preset",
    "run_study",
    "summarise",
    "write_outputs",
]
