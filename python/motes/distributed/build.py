"""What decides the bits of a sweep: everybody who computes a part of it must have the same.

What is computed by libraries too has `motes.distributed.libraries` beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from motes import _core

SLOWEST_FIRST = ("baseline", "v3", "v4")


@dataclass(frozen=True)
class Build:
    """The compiled kernels of a process, and what they run on.

    Attributes
    ----------
    version : str
        Of the package and its kernels.
    compiler : str
        What compiled them: another may round otherwise.
    isa : str
        Instruction set in use: another may differ in the last bits.
    """

    version: str
    compiler: str
    isa: str

    @classmethod
    def here(cls) -> Build:
        """Of this process.

        Examples
        --------
        >>> Build.here().unlike(Build.here()) is None
        True
        """
        return cls(_core.version, _core.compiler, _core.isa())

    def unlike(self, asker: Build) -> str | None:
        """Why its results may have other bits than those of the process that asks, and what to do; None: they have not.

        Examples
        --------
        >>> Build("0.1.0", "GCC 14", "v4").unlike(Build("0.1.0", "GCC 14", "v3"))
        'computes with v4, this process with v3, and their last bits may differ; set MOTES_ISA=v3 for all of them'
        """
        if self.version != asker.version:
            return f"has motes {self.version}, this process {asker.version}; install the same version"
        if self.isa != asker.isa:
            common = next((isa for isa in SLOWEST_FIRST if isa in (self.isa, asker.isa)), "baseline")
            return (
                f"computes with {self.isa}, this process with {asker.isa}, and their last bits may differ; "
                f"set MOTES_ISA={common} for all of them"
            )
        if self.compiler != asker.compiler:
            return f"has kernels of {self.compiler}, this process of {asker.compiler}; install the same wheel"
        return None
