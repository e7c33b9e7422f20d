"""How large the work is: as the targets say, or small enough to see whether it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Of every row of the table.

    Attributes
    ----------
    drawn, repeats : int
        Patterns that are simulated, and how often they stand behind each other: as good as more for time.
    w7 : int
        Patterns of W7.
    wide, orientations : int
        Patterns of 64 x 64 pixels, and templates that they are scored against.
    photons : int
        Shuffled photons to be made patterns of.
    circles : int
        Circles of one image.
    images, picks : int
        Images, and circles of each.
    copied : int
        Bytes of the copy that is the yardstick of bandwidth.
    probes : int
        Of each thread, in the yardsticks of shared memory.
    seconds : float
        For each pair of ours and a peer.
    """

    drawn: int
    repeats: int
    w7: int
    wide: int
    orientations: int
    photons: int
    circles: int
    images: int
    picks: int
    copied: int
    probes: int
    seconds: float


FULL = Sizes(
    drawn=100_000, repeats=100, w7=100_000, wide=100_000, orientations=1024, photons=274_000_000, circles=1_000_000,
    images=1000, picks=1000, copied=2**30, probes=8192, seconds=3.0,
)  # fmt: skip
SMOKE = Sizes(
    drawn=1000, repeats=2, w7=2000, wide=200, orientations=9, photons=20_000, circles=1000, images=5, picks=40,
    copied=2**16, probes=8, seconds=0.0,
)  # fmt: skip
