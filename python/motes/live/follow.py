"""`follow`: pictures of patterns that still arrive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy.typing as npt

from motes import checks
from motes.in_plane import InPlane
from motes.live.fits import Fits
from motes.live.follower import Follower
from motes.live.growing import Growing
from motes.live.notices import Notices
from motes.live.update import Update
from motes.memory import memory_bytes
from motes.noise import Noise, noise_of
from motes.reconstruction import options
from motes.rotations import C4, Rotations, rotations_of
from motes.threads import available_threads


def follow(
    source: str | os.PathLike[str],
    rotations: Rotations | InPlane | str = C4,
    noise: Noise | str | None = None,
    *,
    every: float = 5.0,
    target_error: float | None = None,
    first: int | None = None,
    wait: float = 600.0,
    patience: float = 600.0,
    weights: str = "uniform",
    mask: npt.NDArray[Any] | None = None,
    tolerance: float = options.TOLERANCE,
    seed: int = 0,
    threads: int | None = None,
    memory: int | str | None = None,
    engine: Any = None,
    notify: Callable[[str], None] | None = None,
) -> Iterator[Update]:
    """Reconstruct while a writer appends patterns to a store: a picture every few seconds, of all that is there.

    Each picture is climbed to from the one before; when the patterns have doubled, from a start of its own too, and
    the more likely of both is taken. The last one has the bits of ``reconstruct(open_patterns(source))``.

    Parameters
    ----------
    source : path
        A store that `motes.PatternWriter` writes, in this process or another; it need not be there yet.
    rotations : Rotations, InPlane or its name
        `motes.C4` (default), `motes.D4`, `motes.C1`; `motes.Rotations.in_plane(36)` or `"in-plane:36"`.
    noise : Bernoulli, Poisson or their name, optional
        By default Bernoulli.
    every : float
        Seconds from one picture to the next, at least. A picture that takes longer is followed at once by one of all
        that has come meanwhile.
    target_error : float, optional
        End once the picture is as good as this, relative to ||master - mean(master)||.
    first : int, optional
        Patterns that the first picture waits for; by default two a pixel, from 100 to 10,000.
    wait : float
        Seconds to wait for a store that is not there.
    patience : float
        Seconds to wait for patterns of a writer that has not closed the store; then the last update comes.
    weights, mask, tolerance, seed, threads
        Of `motes.reconstruct`.
    memory : str or int, optional
        Of `motes.StoredPatterns.using`.
    engine : optional
        Of `motes.StoredPatterns.using`, for each picture: `motes.distributed.DaskEngine(client)` has workers make the
        passes, who must see each section as soon as it is committed.
    notify : callable, optional
        Called with each sentence that a user should read as soon as it is known.

    Yields
    ------
    Update
        At least one, the last.

    Raises
    ------
    FileNotFoundError
        If there is still nothing after `wait` seconds.
    FormatError
        If there is something that is no store.
    ValueError, TypeError
        If an option is out of range, at once; if there is no pattern in the end; if the noise model can not have made
        the patterns.
    KeyboardInterrupt
        On Ctrl-C. The last update is good.

    Examples
    --------
    >>> import tempfile
    >>> from motes import Patterns, PatternWriter, simulate
    >>> data = simulate.patterns(simulate.scaled(simulate.portrait(9), 20.0), 4000, seed=1)
    >>> patterns = Patterns.from_coo(data.rows, data.cols, shape=(9, 9), n_patterns=4000)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with PatternWriter(f"{folder}/run.zarr", (9, 9)) as writer:
    ...         writer.append(patterns)
    ...     for update in follow(f"{folder}/run.zarr", target_error=0.02):
    ...         print(update.n_patterns, update.ended, update.still_needed > 0)
    4000 closed True
    """
    turns, model = followed_rotations(rotations), noise_of(noise)
    checks.one_of("weights", weights, options.WEIGHTS)
    how = {
        "weights": weights,
        "mask": mask,
        "tolerance": checks.positive("tolerance", tolerance),
        "seed": checks.whole("seed", seed, 0),
        "threads": available_threads(threads),
    }
    if memory is not None:
        memory_bytes(memory)
    target = None if target_error is None else checks.positive("target_error", target_error)
    if target is not None and target >= 1:
        raise ValueError(
            f"target_error: is relative to the contrast, 0.05 for 5%; expected less than 1, got {target:g}"
        )
    follower = Follower(
        growing=Growing(source, memory, engine),
        fits=Fits(turns, model, how),
        notices=Notices(notify),
        every=checks.not_negative("every", every),
        target_error=target,
        first=None if first is None else checks.whole("first", first, 1),
        wait=checks.not_negative("wait", wait),
        patience=checks.not_negative("patience", patience),
    )
    return follower.updates()


def followed_rotations(rotations: object) -> Rotations | InPlane:
    """Rotations or their name, of which pictures in a row can be turned alike.

    Raises
    ------
    TypeError, ValueError
        If they are none; the message names the argument `rotations`.

    Examples
    --------
    >>> followed_rotations("in-plane:36")
    in-plane:36
    >>> followed_rotations("in-plane:1")
    Traceback (most recent call last):
    ...
    ValueError: rotations: expected several angles, got in-plane:1; C1 is for patterns that do not turn
    """
    turns = rotations_of(rotations)
    if not isinstance(turns, Rotations | InPlane):
        raise ValueError(
            f"rotations: expected C4, D4, C1 or in-plane turns, got {turns.name}: how its masters turn is not known, "
            "so that pictures can not be held against each other; motes.reconstruct takes it"
        )
    if isinstance(turns, InPlane) and turns.n_angles == 1:
        raise ValueError(f"rotations: expected several angles, got {turns.name}; C1 is for patterns that do not turn")
    return turns
