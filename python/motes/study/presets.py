"""Studies that come with the package: the thesis's four settings, and a small one."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from motes import pickers
from motes.errors import did_you_mean
from motes.pickers.picker import device_option
from motes.study.config import StudyConfig, read_config
from motes.study.pickers import PICKERS
from motes.study.sources import CryoPPPData

THESIS = (
    "Yu-Hsuan Li, Comparison of Different Uncertainty Measurement Methods for Pool-based Active Learning in Cryo-EM "
    "Particle Picking Performance, National Sun Yat-sen University"
)


def presets() -> dict[str, Path]:
    """Their configurations, by name.

    Examples
    --------
    >>> sorted(presets())
    ['i15-a7.5', 'i25-a6.25', 'i5-a8.75', 'sample', 'synthetic']
    """
    folder = Path(str(files("motes.study"))) / "presets"
    return {path.name.removesuffix(".toml"): path for path in sorted(folder.glob("*.toml"))}


def read_preset(name: str, data: str | Path | None = None) -> StudyConfig:
    """A preset, on the data in a folder where it needs some.

    Parameters
    ----------
    name : str
        Of the preset.
    data : path, optional
        A CryoPPP data set, for the presets that read one.

    Raises
    ------
    ValueError
        If there is no such preset, or it makes its own data.

    Examples
    --------
    >>> read_preset("i5-a8.75", "10028").settings["setting"].amounts(7136)
    (357, 624)
    """
    known = presets()
    if name not in known:
        raise ValueError(f"preset: {name!r}{did_you_mean(name, known)}")
    return on_data(read_config(known[name]), data)


def on_data(config: StudyConfig, data: str | Path | None) -> StudyConfig:
    """The same study on the CryoPPP data set in a folder; as it is where none is given."""
    if data is None:
        return config
    if not isinstance(config.data, CryoPPPData):
        raise ValueError(f"data: this study's source is {config.data.source}, which takes no folder")
    return replace(config, data=replace(config.data, folder=str(data)))


def on_device(config: StudyConfig, device: str | None) -> StudyConfig:
    """The same study by a picker that works on a device; its runs are others than those where it chooses.

    Raises
    ------
    TypeError, ValueError
        If it is no name of a device, or of a GPU, and the picker can not work on one.
    """
    name = config.picker.name
    if device is None or name not in PICKERS:  # who runs it says which there are
        return config
    options = config.picker.options | device_option(getattr(pickers, PICKERS[name]), device)
    return replace(config, picker=replace(config.picker, options=options))
