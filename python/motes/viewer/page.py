"""The page: a template, a style, a script and the data, all in one file."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

from motes.report import to_json
from motes.viewer.data import gather

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.patterns import Patterns
    from motes.reconstruction import Reconstruction

FOLDER = Path(__file__).parent


def page(
    reconstruction: Reconstruction,
    patterns: Patterns,
    kept: NDArray[np.bool_] | None = None,
    *,
    name: str = "reconstruction",
    command: str = "",
    seed: int = 0,
    threads: int | None = None,
) -> str:
    """Show a reconstruction and its patterns: convergence, error bars, classes, confidence, goodness of fit.

    Parameters
    ----------
    reconstruction : Reconstruction
        What was found.
    patterns : Patterns
        N patterns. The photons of a few thousand are put into the page: the worst fitting, the least confident, the
        first, and some at random.
    kept : (N,) bool array, optional
        False for patterns that the reconstruction was not made from: all were kept by default. They begin on the page's
        list of patterns to exclude.
    name : str
        The page's title.
    command : str
        The command that the reconstruction came from, told in the last line of the page.
    seed : int
        Of the simulation behind the goodness of fit, and of the random choice.
    threads : int, optional
        By default all that this process may use. The page does not depend on it.

    Returns
    -------
    str
        HTML: everything is inside, nothing is fetched. Photons take up to some 12 MB, pictures some 70 bytes a pixel of
        the detector (D4: 110), 70 MB for 1000x1000.

    Raises
    ------
    ValueError
        If the patterns do not fit the reconstruction.

    Examples
    --------
    >>> from motes import Patterns, reconstruct, simulate
    >>> photons = simulate.patterns(simulate.scaled(simulate.creature(9, seed=1), 12.0), 500, seed=2)
    >>> patterns = Patterns.from_coo(photons.rows, photons.cols, shape=(9, 9), n_patterns=500)
    >>> page(reconstruct(patterns), patterns).startswith("<!doctype html>")
    True
    """
    data = gather(reconstruction, patterns, kept, name=name, command=command, seed=seed, threads=threads)
    parts = {
        "TITLE": html.escape(data["name"]),
        "STYLE": _read("page.css"),
        "SCRIPT": "\n".join(_read(f"{part}.js") for part in ("pictures", "charts", "page")),
        "DATA": to_json(data).replace("<", "\\u003c"),  # no </script> can end it early
    }
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda mark: parts[mark[1]], _read("page.html"))


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
