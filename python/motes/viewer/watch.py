"""The page of pictures that are brought up to date: one file that loads itself again, and fetches nothing else."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

STYLE = Path(__file__).with_name("watch.css")


def watch_page(
    figures: Mapping[str, str],
    pictures: Mapping[str, bytes],
    *,
    name: str,
    state: str,
    kind: str = "",
    notes: Sequence[str] = (),
    command: str = "",
    seconds: float | None = None,
) -> str:
    """Show what was found so far.

    Parameters
    ----------
    figures : mapping of str to str
        Figures in words, by what they are of.
    pictures : mapping of str to bytes
        PNG files, by what they show; the first is the reconstruction.
    name : str
        What is watched.
    state : str
        How it stands, in a few words.
    kind : {"", "ended", "stopped"}
        Whether that is good news: it goes on, it has come to its end, or to an early one.
    notes : sequence of str
        What a user should know.
    command : str
        The command line.
    seconds : float, optional
        Load the page again after so many; None: it is the last.

    Returns
    -------
    str
        HTML, complete.

    Examples
    --------
    >>> '<meta http-equiv="refresh" content="5">' in watch_page({}, {}, name="run", state="", seconds=5.0)
    True
    """
    from motes import __version__

    again = "" if seconds is None else f'<meta http-equiv="refresh" content="{max(1, round(seconds))}">\n'
    told = "".join(
        f"<div><dt>{html.escape(what)}</dt><dd>{html.escape(value)}</dd></div>" for what, value in figures.items()
    )
    shown = "".join(_figure(what, png, i) for i, (what, png) in enumerate(pictures.items()))
    said = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    made = f"motes {html.escape(__version__)}" + (f": <code>{html.escape(command)}</code>" if command else "")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{again}<title>{html.escape(name)}: {html.escape(state)}</title>
<link rel="icon" href="data:,">
<style>
{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<header><h1>{html.escape(name)}</h1><p class="state {html.escape(kind)}">{html.escape(state)}</p></header>
<main>
<dl class="told">{told}</dl>
{f'<ul class="notes">{said}</ul>' if said else ""}
<div class="pictures">
{shown}</div>
</main>
<footer>{made}</footer>
</body>
</html>
"""


def _figure(what: str, png: bytes, place: int) -> str:
    kind = "picture" if place == 0 else "progress"
    data = base64.b64encode(png).decode()
    return f'<figure class="{kind}"><img alt="{html.escape(what)}" src="data:image/png;base64,{data}"></figure>\n'
