"""Cryo-EM micrographs with known truth."""

from __future__ import annotations

from typing import Any

from motes.checks import one_of
from motes.simulate.cryoem.particles import Particles
from motes.simulate.cryoem.presets import PRESETS
from motes.simulate.cryoem.settings import Settings
from motes.simulate.cryoem.simulation import Micrographs, SimulatedMicrograph
from motes.simulate.cryoem.writing import write_micrographs

__all__ = [
    "PRESETS",
    "Micrographs",
    "Particles",
    "Settings",
    "SimulatedMicrograph",
    "micrographs",
    "write_micrographs",
]


def micrographs(
    preset: str | Settings = "seed",
    n: int | None = None,
    seed: int = 0,
    *,
    engine: str = "motes",
    name: str | None = None,
    **changes: Any,
) -> Micrographs:
    """Simulate micrographs.

    Parameters
    ----------
    preset : str or Settings
        A name of `motes.simulate.PRESETS`, or settings.
    n : int, optional
        How many; by default as the preset has it.
    seed : int
        The same seed gives the same micrographs, whichever of them are drawn.
    engine : "motes" or "aspire"
        Who projects the particles; the second needs the extra `aspire`.
    name : str, optional
        What their names begin with; by default the preset's.
    **changes
        Settings other than the preset's; see `Settings`.

    Returns
    -------
    Micrographs
        A sequence; each is drawn when it is asked for.

    Raises
    ------
    TypeError, ValueError
        If a setting is none that it can be.

    Examples
    --------
    >>> faint = micrographs("faint", 3, seed=1, shape=(300, 400), particles=4)
    >>> faint[2]
    <SimulatedMicrograph faint_003: 300 x 400 pixels, 4 particles>
    >>> faint[2].particles.centres.shape
    (4, 2)
    """
    if isinstance(preset, str):
        one_of("preset", preset, tuple(PRESETS))
    settings = PRESETS[preset] if isinstance(preset, str) else preset
    if n is not None:
        changes["n_micrographs"] = n
    called = name or (preset if isinstance(preset, str) else "micrograph")
    return Micrographs(settings.with_changes(**changes), seed, name=called, engine=engine)
