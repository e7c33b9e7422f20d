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
    from motes.reconstruction.result import effort, many

    n, photons = report["n_patterns"], report["n_photons"]
    each = f" ({photons / n:.2f} each)" if n else ""
    state = "interrupted" if report["interrupted"] else "converged" if report["converged"] else "NOT converged"
    counts = " + ".join(f"{count:,}" for count in report["counts"])
    passes = report["passes"] if report["acceleration"] == "sampled" else None
    lines = [
        f"{many(n, 'pattern')} of {'x'.join(map(str, report['shape']))} pixels, {many(photons, 'photon')}{each}",
        f"{state} after {effort(report['sweeps'], report['iterations'], passes)}, {report['seconds']:.2f} s, "
        f"log-likelihood {_figure(report['log_likelihood'], '.6f')} nats a pattern",
        f"patterns per rotation {counts}, relative to the first pattern, "
        f"whose own rotation is known with probability {_figure(report['first_pattern_posterior'][0], '.2f')}",
    ]
    if report["agreement"] is not None:
        lines.append(f"agreement of the starts {report['agreement']:.4f} (least correlation with the best)")
    if any(error != 0 for error in report["weights_std_error"]):
        weights = zip(report["weights"], report["weights_std_error"], strict=True)
        lines.append("weights " + ", ".join(f"{weight:.4f} ± {_figure(error, '.4f')}" for weight, error in weights))
    lines.append(f"error bound (Cramer-Rao) {_figure(report['error_bound'], '.4g')}, relative to the contrast")
    if "error" in report:
        efficiency = f"efficiency {report['efficiency']:.3g}, " if "efficiency" in report else ""
        lines.append(
            f"error {_figure(report['error'], '.4g')}, relative to the contrast, "
            f"{efficiency}accuracy {_figure(report['accuracy'], '.4f')}"
        )
    return "\n".join([*lines, *(f"note: {note}" for note in report["notes"])])


def _figure(value: float | None, style: str) -> str:
    if value is None:
        return "unknown"
    text = format(value, style)
    return text if float(text) else text.removeprefix("-")  # no minus where nothing is left of it
