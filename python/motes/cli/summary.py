"""A report in a few lines for a person."""

from __future__ import annotations

from typing import Any


def summary(report: dict[str, Any]) -> str:
    """Sum up what `motes.report.report` says.

    Parameters
    ----------
    report : dict
        As it stands in ``report.json``.

    Returns
    -------
    str
        A few lines.
    """
    n, photons = report["n_patterns"], report["n_photons"]
    height, width = report["shape"]
    lines = [
        f"{n:,} patterns of {height}x{width} pixels, {photons:,} photons" + (f" ({photons / n:.2f} each)" if n else "")
    ]
    state = "interrupted" if report["interrupted"] else "converged" if report["converged"] else "NOT converged"
    lines.append(
        f"{state} after {report['sweeps']} sweeps in {report['seconds']:.2f} s, "
        f"log-likelihood {_figure(report['log_likelihood'], '.6f')} nats a pattern"
    )
    if report["counts"]:
        known = report["first_pattern_posterior"][0]
        lines.append(
            f"patterns per rotation {', '.join(map(str, report['counts']))}, relative to the first pattern, "
            f"whose own is known with probability {_figure(known, '.2f')}"
        )
    lines.append(f"error bound (Cramer-Rao) {_figure(report['error_bound'], '.4f')} of the contrast")
    if "error" in report:
        lines.append(
            f"error {_figure(report['error'], '.4f')} of the contrast, "
            f"efficiency {_figure(report['efficiency'], '.3f')}, accuracy {_figure(report['accuracy'], '.4f')}"
        )
    return "\n".join([*lines, *(f"note: {note}" for note in report["notes"])])


def _figure(value: float | None, style: str) -> str:
    return "unknown" if value is None else format(value, style)
