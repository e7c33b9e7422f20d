"""Exceptions of motes that say more than the built-in one they are, and words for messages.

Each is a built-in exception too, so code that does not know motes catches it.
"""

from __future__ import annotations

from collections.abc import Iterable


class FormatError(ValueError):
    """A file does not hold what its format promises.

    The message is one line: the file, the place in it, what was found and what was expected.

    Examples
    --------
    >>> raise FormatError("scan.emc: header: -3 pixels a pattern, expected at least 1")
    Traceback (most recent call last):
    ...
    motes.errors.FormatError: scan.emc: header: -3 pixels a pattern, expected at least 1
    """


class DamagedSection(FormatError):  # noqa: N818
    """A section of a store of patterns is not whole; the others may be.

    Attributes
    ----------
    section : int
        Its number, counted from 0.

    Examples
    --------
    >>> raise DamagedSection("run.zarr/sections/00000003/pixels/c/0: expected 540 bytes, got 512", 3)
    Traceback (most recent call last):
    ...
    motes.errors.DamagedSection: run.zarr/sections/00000003/pixels/c/0: expected 540 bytes, got 512
    """

    def __init__(self, message: str, section: int) -> None:
        super().__init__(message)
        self.section = section

    def __reduce__(self) -> tuple[type[DamagedSection], tuple[str, int]]:
        return type(self), (str(self), self.section)


class CheckpointError(ValueError):
    """A checkpoint does not belong to the run that should go on from it.

    Raised when it is damaged, or was written with other patterns, options or another version of its layout.

    Examples
    --------
    >>> raise CheckpointError("checkpoint.npz: written for 1000 patterns, resumed with 999")
    Traceback (most recent call last):
    ...
    motes.errors.CheckpointError: checkpoint.npz: written for 1000 patterns, resumed with 999
    """


class DeviceError(RuntimeError):
    """A GPU that was asked for can not be used, or failed at its work.

    The message says why: no CUDA in this build, no driver, no such device, or what CUDA said and of what.

    Examples
    --------
    >>> raise DeviceError("CUDA: no NVIDIA driver on this machine")
    Traceback (most recent call last):
    ...
    motes.errors.DeviceError: CUDA: no NVIDIA driver on this machine
    """


class ClusterError(ConnectionError):
    """A cluster can not be reached, its workers do not fit, or it was lost amid the work.

    The message names the address or the workers, and says what to do.

    Examples
    --------
    >>> raise ClusterError("tcp://10.0.0.1:8786: nothing answers there; start a scheduler: dask scheduler --port 8786")
    Traceback (most recent call last):
    ...
    motes.errors.ClusterError: tcp://10.0.0.1:8786: nothing answers there; start a scheduler: dask scheduler --port 8786
    """


class CopyWarning(UserWarning):
    """An argument of more than 1 MiB had to be copied to be read: it is strided, or of another byte order.

    The result is right; the message says which argument and why, so that the copy can be made once, outside.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("error", CopyWarning)  # no copies in this program
    >>> warnings.simplefilter("default", CopyWarning)
    """


def kind_of(value: object) -> str:
    """The type of a value as a message names it.

    Examples
    --------
    >>> kind_of(3.5), kind_of(float)
    ('float', 'the class float')
    """
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """The end of a message about a word that is not known.

    Examples
    --------
    >>> did_you_mean("margni", ["margin", "random"])
    '; did you mean margin? (known: margin, random)'
    """
    import difflib

    names = sorted(known)
    near = difflib.get_close_matches(str(given), names, 1)
    told = f"; did you mean {near[0]}?" if near else ""
    return f"{told} (known: {', '.join(names) or 'none'})"
