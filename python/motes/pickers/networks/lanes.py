"""Work on several threads whose bits do not depend on how many there are.

torch splits one operation over threads, and where it sums, as in every gradient of a convolution, the bits depend on
their number. So each operation here runs on one thread; what runs at the same time are whole parts of the work (parts
of a batch, turned copies of an image), always the same ones, and their results are added in a fixed order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from motes.devices import device_name
from motes.threads import available_threads

Work = TypeVar("Work")
Result = TypeVar("Result")


class Lanes:
    """Threads in each of which torch is serial."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def map(self, function: Callable[[Work], Result], work: Iterable[Work]) -> list[Result]:
        """Results in the order of the work."""
        return list(self._pool.map(function, work))


@contextmanager
def lanes(threads: int | None = None) -> Iterator[Lanes]:
    """Threads for a while: by default all that this process may use. torch's own setting is put back at the end."""
    before = torch.get_num_threads()
    # a new thread starts with torch's default, whatever was set elsewhere; setting it also here is what the rest needs
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(available_threads(threads), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield Lanes(pool)
    finally:
        torch.set_num_threads(before)


@contextmanager
def same_bits(device: torch.device) -> Iterator[None]:
    """On a GPU: algorithms that give the same bits each time, wherever torch has one; where it has none, it warns.

    So on a GPU the same bits are a wish and no promise.
    """
    if device.type != "cuda":
        yield
        return
    before, benchmark = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
        torch.backends.cudnn.benchmark = benchmark


def device_of(wish: str) -> torch.device:
    """The device for a wish, in the words of `motes.devices`: "auto" takes a GPU where there is one.

    Raises
    ------
    ValueError
        If a GPU is asked for and there is none, or the wish is none of cpu, cuda, cuda:N and auto.
    """
    name = device_name(wish)
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cpu" or (name == "auto" and not n_gpus):
        return torch.device("cpu")
    index = int(name.partition(":")[2] or 0)
    if index >= n_gpus:
        seen = f"cuda:0 to cuda:{n_gpus - 1}" if n_gpus else "no GPU here"
        raise ValueError(f"device: {name} was asked for, but torch finds {seen}")
    return torch.device("cuda", index)
