"""What a study leaves beside its runs: the page, the picture, the table and the figures."""

from __future__ import annotations

import os
from pathlib import Path

from motes import plotting
from motes.io.atomic import atomic_path
from motes.plotting.study import Curves
from motes.report import to_json
from motes.study.report import page
from motes.study.store import Store
from motes.study.summary import Setting, summarise
from motes.study.table import to_csv, to_dict

PAGE, PICTURE, TABLE, FIGURES = "report.html", "curves.png", "study.csv", "study.json"


def write_outputs(store: Store, folder: str | os.PathLike[str] | None = None, *, command: str = "") -> list[Setting]:
    """Write `study.csv`, `study.json`, `curves.png` and `report.html` of the runs that are finished.

    Parameters
    ----------
    store : Store
        Of the study.
    folder : path, optional
        By default the study's own.
    command : str
        The command line that it came from.

    Returns
    -------
    list of Setting
        What was found.

    Raises
    ------
    ValueError
        If no setting has a run of every strategy.
    """
    place, plan = Path(folder or store.folder), store.plan
    settings = summarise(plan, store.results())
    if not settings:
        raise ValueError(f"{store.folder}: no seed has a run of every strategy yet")
    texts = {
        TABLE: to_csv(settings),
        FIGURES: to_json(to_dict(plan, settings, command), indent=2) + "\n",
        PAGE: page(plan, settings, command=command),
    }
    for name, text in texts.items():
        with atomic_path(place / name) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="replace")
    options = plan.config.statistics
    figure = plotting.study(
        [_curves(setting, alone=len(settings) == 1) for setting in settings],
        metric=options.metric.replace("_", " "),
        title=plan.config.name,
        confidence=options.confidence,
    )
    with atomic_path(place / PICTURE) as temporary:
        figure.savefig(temporary)
    return settings


def _curves(setting: Setting, *, alone: bool) -> Curves:
    return Curves(
        "" if alone else setting.name,
        {name: setting.curve(name, "labels") for name in setting.strategies},
        {name: setting.curve(name, setting.statistics.metric) for name in setting.strategies},
        setting.baseline,
        {name: (found.difference, found.low, found.high) for name, found in setting.primary.items()},
    )
