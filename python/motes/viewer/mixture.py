"""The page of a mixture: masters and their error bars, convergence, who shows what, all in one file."""

from __future__ import annotations

import base64
import html
import io
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motes.reconstruction.result import effort

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motes.reconstruction.mixture import MixtureReconstruction

STYLE = Path(__file__).parent / "page.css"
MORE = (
    ".plot { display: block; max-width: 100%; height: auto; margin: 0 auto; background: #fff; border-radius: .3rem; }"
)


def mixture_page(result: MixtureReconstruction, *, name: str = "reconstruction", command: str = "") -> str:
    """Show a mixture: its masters with their error bars, how the fit came to rest, classes, angles and fluences.

    Parameters
    ----------
    result : MixtureReconstruction
        What was found.
    name : str
        The page's title.
    command : str
        The command that it came from, told in the last line of the page.

    Returns
    -------
    str
        HTML: everything is inside, nothing is fetched, no script.

    Examples
    --------
    >>> from motes import Patterns, reconstruct, simulate
    >>> photons = simulate.patterns(simulate.scaled(simulate.creature(9, seed=1), 12.0), 300, seed=2)
    >>> patterns = Patterns.from_coo(photons.rows, photons.cols, shape=(9, 9), n_patterns=300)
    >>> result = reconstruct(patterns, still_classes=1, max_iterations=2, std_error=False)
    >>> mixture_page(result).startswith("<!doctype html>")
    True
    """
    from motes import plotting

    told = "".join(
        f"<div><dd>{html.escape(value)}</dd><dt>{html.escape(what)}</dt></div>" for what, value in _told(result)
    )
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in result.notes)
    sections = [
        ("The pictures, and how surely they are known", _picture(result.plot(), "Masters and standard errors")),
        ("How the fit came to rest", _picture(plotting.convergence(result), "Log-likelihood still to be gained")),
        ("Who shows what", _picture(plotting.occupancy(result), "Patterns by class, angle and fluence")),
    ]
    title = html.escape(name.encode("utf-8", "replace").decode())
    made = f"<p>Reconstructed by <code>{html.escape(command)}</code></p>" if command else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'\">\n"
        f'<link rel="icon" href="data:,">\n<title>{title} · motes</title>\n'
        f"<style>\n{STYLE.read_text(encoding='utf-8')}{MORE}\n</style>\n</head>\n<body>\n<header>\n"
        f'<p class="brand">motes <span>photons to pictures</span></p>\n<h1>{title}</h1>\n'
        f'<dl class="told">{told}</dl>\n<ul class="notes">{notes}</ul>\n</header>\n<main>\n'
        + "".join(f"<section><h2>{heading}</h2>{body}</section>\n" for heading, body in sections)
        + f"</main>\n<footer>{made}</footer>\n</body>\n</html>\n"
    )


def _told(result: MixtureReconstruction) -> list[tuple[str, str]]:
    """The figures at the head of the page: what, and how much."""
    ended = "interrupted" if result.interrupted else "converged" if result.converged else "not converged"
    bound = f"{result.error_bound:.4g}" if np.isfinite(result.error_bound) else "unknown"
    rows = [
        ("patterns", f"{result.n_patterns:,}"),
        ("log-likelihood, nats a pattern", f"{result.log_likelihood:.5g}"),
        ("told of class and angle, nats a pattern", f"{result.information:.4g}"),
        ("error bound (Cramér-Rao), all classes", bound),
        ("noise", result.noise.name),
        ("classes", ", ".join(f"{n} of {name}" for name, n in Counter(turns.name for turns in result.maps).items())),
        (effort(result.sweeps, result.iterations), ended),
    ]
    if result.n_photons:
        rows.insert(1, ("photons a pattern", f"{result.n_photons / max(result.n_patterns, 1):.4g}"))
    return rows


def _picture(figure: Figure, told: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    picture = base64.b64encode(buffer.getvalue()).decode()
    return f'<img class="plot" alt="{html.escape(told)}" src="data:image/png;base64,{picture}">'
