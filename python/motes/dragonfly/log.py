"""Dragonfly's `EMC.log`: a line for each iteration, in its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = ("Iter", "time", "rms_change", "info_rate", "log-likelihood", "num_rot", "beta")


def header(told: Mapping[str, object]) -> str:
    r"""The lines above the table: what was asked for, and the names of the columns.

    Examples
    --------
    >>> header({"num_rot": 36}).splitlines()[2:]
    ['num_rot = 36', '', 'Iter\ttime\trms_change\tinfo_rate\tlog-likelihood\tnum_rot\tbeta']
    """
    lines = [f"{name} = {value}" for name, value in told.items()]
    return "\n".join(["motes reconstruct", "", *lines, "", "\t".join(COLUMNS), ""])


def line(record: Mapping[str, Any], seconds: float, n_rotations: int) -> str:
    """One iteration.

    Parameters
    ----------
    record : mapping
        Of the history of a `MixtureReconstruction`: its `change` is the root-mean-square change of the models, photons
        a pixel; `information`, what a pattern tells of its model and orientation, and the log-likelihood are nats a
        pattern (Poisson: without ln x!). A `Reconstruction` does not know the first two: NaN.
    seconds : float
        That it took.
    n_rotations : int
        Orientations in the plane.

    Examples
    --------
    >>> record = {"iteration": 3, "change": 1.5e-4, "information": 1.2, "log_likelihood": -80.5}
    >>> line(record, 0.5, 36).split()
    ['3', '0.50', '1.5000e-04', '1.200000', '-8.050000e+01', '36', '1.000000']
    """
    cells = (
        f"{record['iteration']}",
        f"{seconds:.2f}",
        f"{record.get('change', float('nan')):.4e}",
        f"{record.get('information', float('nan')):.6f}",
        f"{record['log_likelihood']:.6e}",
        f"{n_rotations}",
        f"{record.get('beta', 1.0):.6f}",
    )
    return "\t".join(cells) + "\n"
