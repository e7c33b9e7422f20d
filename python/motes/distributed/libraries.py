"""Libraries that take part in a result: everybody who computes a part of it must have the same.

Sweeps over a store need none. What workers do of them the kernels do (`motes.distributed.build`), on models that the
asking process made: logarithms, norms and priors are its own. NumPy is left to add up whole numbers, to look up labels
and to compare, which every version does alike.

Runs of studies and bootstrap samples are Python: NumPy's order of summation, SciPy's filters and torch's layers decide
their last bits, and differ from version to version; pictures have the bytes of who draws and of who compresses them.
Functions of all these travel as bytecode, which is of one version of Python.

Equal versions give equal bits on processors of one kind: NumPy, its BLAS and torch choose their code by the processor
as kernels do, and only the kernels' choice is compared. Where processors differ, variables of theirs make them choose
alike (`NPY_DISABLE_CPU_FEATURES`, `OPENBLAS_CORETYPE`, `ATEN_CPU_CAPABILITY`).
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

COUNTING = ("numpy",)  # bootstrap samples
DRAWING = ("numpy", "matplotlib", "pillow")
STUDY = ("numpy", "scipy", "torch", "aspire")
NAMES = {"python": "Python", "numpy": "NumPy", "scipy": "SciPy", "matplotlib": "Matplotlib", "pillow": "Pillow"}


@dataclass(frozen=True)
class Libraries:
    """Versions of Python and of libraries.

    Parameters
    ----------
    versions : tuple of (str, str)
        Name and version of those that are installed.
    """

    versions: tuple[tuple[str, str], ...]

    @classmethod
    def here(cls, names: tuple[str, ...]) -> Libraries:
        """Of this process; none of them is loaded for it.

        Examples
        --------
        >>> [name for name, _ in Libraries.here(("numpy", "nosuchlibrary")).versions]
        ['python', 'numpy']
        """
        found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
        for name in names:
            with suppress(PackageNotFoundError):  # whatever needs it says so
                found[name] = version(name)
        return cls(tuple(found.items()))

    def unlike(self, asker: Libraries) -> str | None:
        """Why its results may have other bits than those of the process that asks, and what to do; None: they have not.

        A library that one of the two lacks takes no part: where it is needed, who lacks it says so.

        Examples
        --------
        >>> one, other = (Libraries((("numpy", number), ("scipy", "1.14"))) for number in ("2.1.0", "2.3.1"))
        >>> one.unlike(other)
        'has NumPy 2.1.0, this process 2.3.1: last bits of figures may differ; install the same version'
        """
        asked = dict(asker.versions)
        other = [(name, own, asked[name]) for name, own in self.versions if asked.get(name, own) != own]
        if not other:
            return None
        have = " and ".join(f"{NAMES.get(name, name)} {own}" for name, own, _ in other)
        asks = " and ".join(theirs for _, _, theirs in other)
        return f"has {have}, this process {asks}: last bits of figures may differ; install the same version"

    def unlike_here(self) -> str | None:
        """On a worker, of the process that asks: why this process may find other bits.

        Examples
        --------
        >>> Libraries.here(("numpy",)).unlike_here() is None
        True
        """
        return Libraries.here(tuple(name for name, _ in self.versions if name != "python")).unlike(self)
