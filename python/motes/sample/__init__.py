"""One real cryo-EM micrograph, small, with its particles and what three pickers found on it.

Beta-galactosidase, EMPIAR-10017, averaged over 4 x 4 pixels to 1024 x 1024 of 7.08 angstrom. Where each part comes
from, and its licence, is in `README.md` beside the files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from motes.micrograph import Micrograph, read_micrograph
from motes.picks import Picks, read_picks

__all__ = ["Sample", "load"]

FOLDER = Path(__file__).parent
NAME = "Falcon_2012_06_12-14_33_35_0"
PIXEL_SIZE = 4 * 1.77  # angstrom
PICKERS = ("crYOLO", "topaz", "deepPicker")


@dataclass(frozen=True)
class Sample:
    """A micrograph with truth and picks.

    Attributes
    ----------
    micrograph : Micrograph
        1024 x 1024 pixels. About 24 rows at the top and bottom and 30 columns left and right are padding, not ice.
    particles : Picks
        Expert-curated centres, radius 13.5 pixels.
    picks : dict of str to Picks
        What crYOLO, Topaz and DeepPicker found, with scores; boxes of 45 pixels. Scores of Topaz are log-odds; crYOLO's
        below 0.3 and DeepPicker's below 0.5 were not published.
    """

    micrograph: Micrograph
    particles: Picks
    picks: dict[str, Picks]


def load() -> Sample:
    """Read the sample that comes with the package.

    Returns
    -------
    Sample

    Examples
    --------
    >>> sample = load()
    >>> sample.micrograph.shape, len(sample.particles)
    ((1024, 1024), 629)
    """
    micrograph = replace(read_micrograph(FOLDER / f"{NAME}.jpg"), pixel_size=PIXEL_SIZE)
    files = {"particles": "particles.csv", **{picker: f"{picker}.cbox" for picker in PICKERS}}
    tables = {key: replace(read_picks(FOLDER / file), micrographs=(NAME,)) for key, file in files.items()}
    return Sample(micrograph, tables.pop("particles"), tables)
