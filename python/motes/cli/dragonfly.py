"""What a `config.ini` of Dragonfly asks of `motes reconstruct`: its keys as defaults of the options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.dragonfly import Config

EMC_LOG = "EMC.log"
_ANSWERS = {  # the key that an option on the command line overrides
    "files": "in_photons_file", "detector": "in_detector_file", "rotations": "num_rot", "noise": "gaussian_sigma",
    "classes": "num_modes", "still_classes": "num_nonrot_modes", "fluence": "need_scaling", "beta": "beta",
    "selection": "selection", "blacklist": "blacklist_file", "init": "start_model_file",
}  # fmt: skip


def _as_defaults(context: typer.Context, path: Path | None) -> Path | None:
    """Before the other options are read: what the file says stands where they are not given."""
    if path is None or context.resilient_parsing:
        return None
    from motes.dragonfly import read_config

    config = read_config(path)
    wanted = _options(config)
    known = {parameter.name for parameter in context.command.params}
    if missing := sorted(set(wanted) - known):
        key = _ANSWERS[missing[0]]
        raise ValueError(f"{path}: [emc] {key}: can not be done from the command line; see motes.reconstruct")
    context.default_map = wanted
    context.meta["config"] = config
    return path


ConfigFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="config.ini",
        is_eager=True,
        callback=_as_defaults,
        help="Dragonfly's configuration (recon_type = 2d): patterns, rotations, classes, fluence, annealing, selection "
        "from there; options that are given here override it. Writes its output_NNN.h5 and EMC.log, too.",
    ),
]


def _options(config: Config) -> dict[str, Any]:
    """Options that a configuration gives, as they are typed; those that it leaves at their default are left out."""
    wanted: dict[str, Any] = {
        "files": [str(path) for path in config.photons],
        "rotations": f"in-plane:{config.num_rot}",
        "noise": "poisson" if config.sigma is None else f"gaussian:{config.sigma!r}",
    }
    perhaps: dict[str, Any] = {
        "detector": config.detector,
        "classes": None if config.num_modes == 1 else config.num_modes,
        "still_classes": config.num_nonrot_modes or None,
        "fluence": ("estimate" if config.scale is None else config.scale) if config.need_scaling else None,
        "beta": _powers(config),
        "selection": config.selection,
        "blacklist": config.blacklist,
        "init": config.start_model,
    }
    return wanted | {name: str(value) for name, value in perhaps.items() if value is not None}


def _powers(config: Config) -> str | None:
    """Powers as an option has them."""
    powers = config.powers
    if isinstance(powers, tuple):
        return ",".join(f"{power:.9g}" for power in powers)
    return None if powers == 1.0 else str(powers)


def notes_of(context: typer.Context) -> list[str]:
    """What a report should say of the configuration: keys without a meaning, and those that options override."""
    config: Config | None = context.meta.get("config")
    if config is None:
        return []
    notes = [f"{config.path}: {note}" for note in config.notes]
    for name in _options(config):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = "FILE" if name == "files" else f"--{name.replace('_', '-')}"
            notes.append(f"{config.path}: {_ANSWERS[name]} is overridden by {option}")
    return notes


def log_header(context: typer.Context, kept: NDArray[np.bool_]) -> dict[str, object]:
    """What `EMC.log` tells before its table: the command, patterns used of all, and the model."""
    names = ("rotations", "classes", "still_classes", "noise", "fluence", "beta", "seed")
    asked = {name: context.params.get(name) for name in names}
    told = {name: value for name, value in asked.items() if value is not None}
    return {"command": context.obj, "patterns": f"{int(kept.sum())}/{kept.size}"} | told
