"""Fourier shell correlation of two volumes, by motes, plain NumPy and ASPIRE."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from motes.bench.map_work import SIDES, halves
from motes.bench.peers import OURS, Prepared, contender
from motes.bench.workloads import Work
from motes.resolution import fsc


def _ours(name: str, work: Work, threads: int) -> Prepared:
    first, second = halves(name, work)
    return Prepared(lambda: fsc(first, second, voxel_size=1.0, threads=threads), lambda curve: curve.correlation[1:])


def _numpy(name: str, work: Work, _: int) -> Prepared:
    """As one writes it first: complex128 of all of the transform, one `bincount` a sum."""
    first, second = halves(name, work)
    side = len(first)

    def call() -> npt.NDArray[np.float64]:
        k = np.fft.fftfreq(side, 1 / side)
        shell = np.rint(np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2)).astype(int).ravel()
        f, g = np.fft.fftn(first.astype(np.float64)), np.fft.fftn(second.astype(np.float64))
        cross = np.bincount(shell, (f * g.conj()).real.ravel())
        power1, power2 = np.bincount(shell, (abs(f) ** 2).ravel()), np.bincount(shell, (abs(g) ** 2).ravel())
        return (cross / np.sqrt(power1 * power2))[1 : side // 2 + 1]

    return Prepared(call)


def _aspire(name: str, work: Work, _: int) -> Prepared:
    """Odd sides: of even ones its shells are half a voxel off, and the last one is left out."""
    from aspire.utils import FourierShellCorrelation

    first, second = halves(name, work)
    return Prepared(lambda: FourierShellCorrelation(first, second).correlations, np.ravel)


for _name in SIDES:
    contender(_name, OURS, needs="motes")(functools.partial(_ours, _name))
    contender(_name, "plain NumPy, np.fft.fftn and bincount", needs="numpy")(functools.partial(_numpy, _name))
contender("FSC, 129", "ASPIRE FourierShellCorrelation", needs="aspire")(functools.partial(_aspire, "FSC, 129"))
