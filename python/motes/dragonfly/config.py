"""Dragonfly's `config.ini`, its 2D reconstruction: read, every key accounted for."""

from __future__ import annotations

import configparser
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from motes.dragonfly.keys import OTHERS, POINTLESS, READ, REFUSED, SECTION
from motes.errors import FormatError, did_you_mean
from motes.io.text import read_lines

Half: TypeAlias = Literal["odd", "even"]

MOST = 1_000_000  # of modes, rotations and iterations: more is a slip
MOST_ITERATIONS = 100_000  # of annealing
_HALVES: dict[str, Half] = {"odd_only": "odd", "even_only": "even"}
_ZERO = ("0", "0.", "0.0", "no", "false", "none")


@dataclass(frozen=True)
class Config:
    """What `[emc]` asks for. Paths are absolute, or relative to the working directory as the file's own path is.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    photons : tuple of pathlib.Path
        Files of patterns, one after the other; none where the file names none.
    detector : pathlib.Path or None
        Detector file.
    num_rot : int
        Orientations in the plane, 360 / num_rot degrees apart.
    num_modes, num_nonrot_modes : int
        Models that rotate, and models beside them that do not.
    need_scaling : bool
        Whether patterns have fluences of their own.
    scale : pathlib.Path or None
        Fluences that are known, of which `update_scale = 0` says that they stay; else None.
    beta : float or None
        Power on the likelihood at the start; None for one that follows from the photons of each pattern.
    beta_factor : float
        What that power is multiplied with.
    beta_schedule : (float, int)
        Factor by which the power grows, and every how many iterations.
    selection : {"odd", "even"} or None
        Of the patterns that are not blacklisted: the first, third, ..., or the others.
    blacklist : pathlib.Path or None
        A number for each pattern, 1 where it is left out.
    start_model : pathlib.Path or None
        The model to begin with.
    sigma : float or None
        Standard deviation of Gaussian noise; None for photons.
    output_folder, log_file : pathlib.Path
        Where Dragonfly would write.
    notes : tuple of str
        What has no meaning here, by name.
    """

    path: Path
    photons: tuple[Path, ...]
    detector: Path | None
    num_rot: int
    num_modes: int
    num_nonrot_modes: int
    need_scaling: bool
    scale: Path | None
    beta: float | None
    beta_factor: float
    beta_schedule: tuple[float, int]
    selection: Half | None
    blacklist: Path | None
    start_model: Path | None
    sigma: float | None
    output_folder: Path
    log_file: Path
    notes: tuple[str, ...]

    @property
    def powers(self) -> float | str | tuple[float, ...]:
        r"""`beta` of `motes.reconstruct`: "auto", one power, or that of each iteration until it is 1 and stays there.

        Iteration i, counted from 0, has beta * beta_factor * factor^(i // every), and at most 1.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "config.ini")
        ...     lines = ["[emc]", "recon_type=2d", "num_rot=36", "beta=0.3", "beta_schedule=2 2", ""]
        ...     _ = path.write_text("\n".join(lines))
        ...     read_config(path).powers
        (0.3, 0.3, 0.6, 0.6, 1.0)
        """
        if self.beta is None:
            return "auto"
        first, (factor, every) = min(1.0, self.beta * self.beta_factor), self.beta_schedule
        if first == 1.0 or factor == 1.0:
            return first
        n_rises = math.ceil(math.log(1.0 / first) / math.log(factor))
        return (*(min(1.0, first * factor ** (i // every)) for i in range(n_rises * every)), 1.0)


def read_config(path: str | os.PathLike[str]) -> Config:
    r"""Read the 2D keys of a Dragonfly configuration.

    Every key of `[emc]` has a counterpart (docs/coming-from/dragonfly.md), or is told in `notes` to have no meaning
    here, or is refused by its name. Sections of Dragonfly's other programs are read where a value refers to one, as in
    ``in_detector_file = make_detector:::out_detector_file``.

    Parameters
    ----------
    path : path
        Relative paths in the file begin in its folder, as Dragonfly has it.

    Returns
    -------
    Config

    Raises
    ------
    FormatError
        If the file is no such configuration, a key or a section is not known, one is needed and not there, two
        contradict each other, or a value is out of its range: the message names file, section and key.
    OSError
        If the file, or a list that it names, can not be opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "config.ini")
    ...     _ = path.write_text("[emc]\nrecon_type = 2d\nin_photons_file = a.emc\nnum_rot = 36\nnum_div = 4\n")
    ...     config = read_config(path)
    >>> config.num_rot, config.photons[0].name, config.notes
    (36, 'a.emc', ('num_div: orientations in three dimensions; num_rot counts those in the plane',))
    """
    keys = _Keys(Path(path))
    kind = keys.text("recon_type", "3d").lower()
    if kind != "2d":
        told = "is 3d where it is not given" if "recon_type" not in keys else f"is {kind!r:.40}"
        raise keys.error("recon_type", f"{told}; motes reconstructs in the plane, recon_type = 2d")
    photons, photons_list = keys.file("in_photons_file"), keys.file("in_photons_list")
    if photons is not None and photons_list is not None:
        raise keys.error("in_photons_list", "given with in_photons_file; expected one of the two")
    need_scaling = keys.flag("need_scaling", False)
    scale, update = keys.file("scale_file"), keys.flag("update_scale", True)
    if not need_scaling and not update:
        raise keys.error("update_scale", "0 asks for known fluences, need_scaling = 0 for none")
    if not update and scale is None:
        raise keys.error("update_scale", "0 asks for known fluences, and there is no scale_file")
    sigma = keys.number("gaussian_sigma", 0.0, at_least=0.0)
    if sigma > 0 and need_scaling:
        raise keys.error("gaussian_sigma", "fluences (need_scaling = 1) are those of photons")
    notes = list(keys.notes)
    beta, beta_factor = _beta(keys), keys.number("beta_factor", 1.0, above=0.0)
    schedule = _schedule(keys, 1.0 if beta is None else beta * beta_factor)
    if beta is None and ("beta_schedule" in keys or "beta_factor" in keys):
        notes.append("beta_schedule, beta_factor: with beta = auto the power grows by itself")
    if scale is not None and update:
        notes.append("scale_file: fluences that are estimated begin alike; update_scale = 0 keeps them as they are")
    half = keys.text("selection", "none").lower()
    if half not in (*_HALVES, "none"):
        raise keys.error("selection", f"expected odd_only or even_only, got {half!r:.40}")
    return Config(
        path=keys.path,
        photons=_listed(photons_list, keys.folder) if photons_list else (photons,) if photons else (),
        detector=keys.file("in_detector_file"),
        num_rot=keys.whole("num_rot", None, at_least=1),
        num_modes=keys.whole("num_modes", 1, at_least=1),
        num_nonrot_modes=keys.whole("num_nonrot_modes", 0, at_least=0),
        need_scaling=need_scaling,
        scale=None if update else scale,
        beta=beta,
        beta_factor=beta_factor,
        beta_schedule=schedule,
        selection=_HALVES.get(half),
        blacklist=keys.file("blacklist_file"),
        start_model=keys.file("start_model_file"),
        sigma=sigma or None,
        output_folder=keys.file("output_folder") or keys.folder / "data",
        log_file=keys.file("log_file") or keys.folder / "EMC.log",
        notes=tuple(notes),
    )


class _Keys:
    """The keys of `[emc]`, each read as what it should be or refused by its name."""

    def __init__(self, path: Path) -> None:
        self.path, self.folder = path, path.parent
        self._file = configparser.ConfigParser(
            delimiters=("=",), comment_prefixes=("#", ";"), inline_comment_prefixes=("#",), interpolation=None,
            default_section="\0",
        )  # fmt: skip
        try:
            self._file.read_string("\n".join(line.strip() for line in read_lines(path)))
        except configparser.DuplicateOptionError as error:
            told = f"line {error.lineno}: [{error.section}] {error.option} is given for the second time"
            raise FormatError(f"{path}: {told}") from error
        except configparser.DuplicateSectionError as error:
            told = f"line {error.lineno}: section [{error.section}] begins for the second time"
            raise FormatError(f"{path}: {told}") from error
        except configparser.MissingSectionHeaderError as error:
            raise FormatError(f"{path}: line {error.lineno}: expected a section, such as [{SECTION}]") from error
        except configparser.ParsingError as error:
            raise FormatError(f"{path}: line {error.errors[0][0]}: expected key = value") from error
        self._check()

    def _check(self) -> None:
        """Refuse what is not known."""
        for section in self._file.sections():
            if section not in (SECTION, *OTHERS):
                told = did_you_mean(section, (SECTION, *OTHERS))
                raise FormatError(f"{self.path}: [{section:.40}]: there is no such section{told}")
        if SECTION not in self._file:
            raise FormatError(f"{self.path}: has no section [{SECTION}], which says how to reconstruct")
        for key, value in self._file[SECTION].items():
            if key not in (*READ, *POINTLESS, *REFUSED):
                raise self.error(key, f"there is no such key{did_you_mean(key, (*READ, *POINTLESS))}")
            if key in REFUSED and value.lower() not in _ZERO:
                raise self.error(key, f"can not be done: {REFUSED[key]}")

    @property
    def notes(self) -> tuple[str, ...]:
        """Keys without a meaning here, and why."""
        return tuple(f"{key}: {POINTLESS[key]}" for key in self._file[SECTION] if key in POINTLESS)

    def __contains__(self, key: str) -> bool:
        return key in self._file[SECTION]

    def error(self, key: str, told: str) -> FormatError:
        """What to raise of a key."""
        return FormatError(f"{self.path}: [{SECTION}] {key:.40}: {told}")

    def text(self, key: str, default: str) -> str:
        """A value as it stands; the default where it is not given, or empty."""
        return self._file[SECTION].get(key, "") or default

    def number(self, key: str, default: float, *, at_least: float = -math.inf, above: float = -math.inf) -> float:
        """A finite number within bounds."""
        return self.as_number(key, self.text(key, str(default)), at_least=at_least, above=above)

    def as_number(self, key: str, text: str, *, at_least: float = -math.inf, above: float = -math.inf) -> float:
        """A text of a key as a finite number within bounds."""
        try:
            value = float(text) if text.isascii() and "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= at_least and value > above):
            bound = f" above {above:g}" if above > -math.inf else f" of {at_least:g} or more"
            raise self.error(key, f"expected a number{bound}, got {text!r:.40}")
        return value

    def whole(self, key: str, default: int | None, *, at_least: int) -> int:
        """A whole number within bounds; needed where there is no default."""
        text = self.text(key, "" if default is None else str(default))
        if not text:
            raise self.error(key, "needed, and not there")
        return self.as_whole(key, text, at_least=at_least)

    def as_whole(self, key: str, text: str, *, at_least: int) -> int:
        """A text of a key as a whole number within bounds."""
        short = text.isascii() and text.isdecimal() and len(text) < 10
        if not short or not at_least <= int(text) <= MOST:
            raise self.error(key, f"expected a whole number, {at_least} to {MOST}, got {text!r:.40}")
        return int(text)

    def flag(self, key: str, default: bool) -> bool:
        """Yes or no, as 1 or 0."""
        text = self.text(key, str(int(default))).lower()
        if text not in ("1", "0", "true", "false", "yes", "no"):
            raise self.error(key, f"expected 1 or 0, got {text!r:.40}")
        return text in ("1", "true", "yes")

    def file(self, key: str) -> Path | None:
        """A path, relative ones from the folder of the file; `section:::key` is the value found there."""
        section, name, value = SECTION, key, self._file[SECTION].get(key, "")
        seen = [f"{SECTION}:::{key}"]
        while ":::" in value:
            section, _, name = (part.strip() for part in value.partition(":::"))
            if f"{section}:::{name}" in seen:
                raise self.error(key, f"refers to itself: {' -> '.join([*seen, value])}")
            seen.append(f"{section}:::{name}")
            if not self._file.has_option(section, name):
                raise self.error(key, f"refers to {value:.80}, and there is no {name:.40} in [{section:.40}]")
            value = self._file[section][name]
        return self.folder / value if value else None


def _beta(keys: _Keys) -> float | None:
    text = keys.text("beta", "auto")
    return None if text.lower() == "auto" else keys.as_number("beta", text, above=0.0)


def _schedule(keys: _Keys, first: float) -> tuple[float, int]:
    """Factor of the power, and every how many iterations; the first power must come to 1 within reason."""
    words = keys.text("beta_schedule", "1 100").split()
    if len(words) != 2:
        told = f"expected a factor and every how many iterations, got {' '.join(words)!r:.40}"
        raise keys.error("beta_schedule", told)
    factor = keys.as_number("beta_schedule", words[0], at_least=1.0)
    every = keys.as_whole("beta_schedule", words[1], at_least=1)
    if first < 1.0 < factor and every * math.log(first) / -math.log(factor) > MOST_ITERATIONS:
        told = f"expected a power of 1 within {MOST_ITERATIONS} iterations of {first:g}, got {' '.join(words)!r:.40}"
        raise keys.error("beta_schedule", told)
    return factor, every


def _listed(path: Path, folder: Path) -> tuple[Path, ...]:
    """Files that a list names, one a line."""
    files = tuple(folder / line.strip() for line in read_lines(path) if line.strip())
    if not files:
        raise FormatError(f"{path}: names no file")
    return files
