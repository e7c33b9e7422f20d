"""Task 5: how likely a pattern is in one orientation or another, in symbols, in numbers and by simulation."""

from __future__ import annotations

import time
from functools import partial
from math import exp

from motes import plotting
from motes.challenge.answer import Answer, Plot, Progress, Table, Text
from motes.limits import task5

LAM, BETA = 0.6, 0.4  # means of bright and dim pixels in the numbers
N_SIMULATED = 1_000_000

SIGNS = {"beta lam": "βλ", "beta": "β", "lam": "λ", " - ": " \u2212 ", "^2": "²", "^3": "³"}  # for reading
ASKED = {
    "a": "likelihood of a quarter turn, one photon at the bright pixel of 2 x 2",
    "b": "ratio of upright to turned",
    "c": "where the ratio is 1",
    "d": "the ratio for 4 x 4, one bright pixel",
    "e": "the ratio for 4 x 4, three bright pixels",
    "f": "mean log-likelihood of aligned patterns, N pixels, M of them bright",
}
RATIOS = ("b", "d", "e")  # counted, and compared, as logarithms


def answer_task5(progress: Progress, *, seed: int) -> Answer:
    """Expressions (a) to (f), what they come to at one lambda and beta, and the same by simulation."""
    began = time.perf_counter()
    progress(5, "simulating patterns to check the expressions")
    checks = task5.monte_carlo(LAM, BETA, n_patterns=N_SIMULATED, seed=seed)
    rows = []
    for name, expression in task5.EXPRESSIONS.items():
        figures = _figures(checks[name], ratio=name in RATIOS) if name in checks else ("", "")
        rows.append((f"({name}) {ASKED[name]}", _typeset(expression), *figures))
    spread = checks["f std"]
    rows.append(
        (
            "standard deviation that goes with (f)",
            _typeset("sqrt of the sum of μ (1 - μ) ln(μ / (1 - μ))^2 over pixels, μ = λ or βλ"),
            *_figures(spread),
        )
    )
    caption = (
        f"Bright pixels have mean λ, dim ones βλ. In numbers at λ = {LAM}, β = {BETA}, (f) for the picture of (e): "
        f"N = 16, M = 3. By simulation: {N_SIMULATED:,} patterns of each orientation, ± one standard error."
    )
    table = Table(caption, ("expression", "in symbols", "in numbers", "by simulation"), tuple(rows), symbols=True)
    erratum = (
        "Erratum: seed 000, the text that motes began as an answer to, prints the power 2 in (e). Each of the three "
        "bright pixels turns onto a dim one and each "
        "contributes one factor, so the ratio is a cube; the simulation agrees with the cube "
        f"({checks['e'].z:+.1f} standard errors) and not with the square."
    )
    flat = "In (c), the ratio is 1 at β = 1 alone: a flat picture looks the same in every orientation."
    seconds = time.perf_counter() - began
    details = {
        "expressions": task5.EXPRESSIONS,
        "lambda": LAM,
        "beta": BETA,
        "checks": {
            name: {"expected": check.expected, "measured": check.measured, "std_error": check.std_error}
            for name, check in checks.items()
        },
    }
    drawn = Plot("The ratios against β, and how the log-likelihood of single patterns scatters.",
                 partial(plotting.task5, seed=seed))  # fmt: skip
    return Answer(
        5,
        "derived, and checked by simulation",
        seconds,
        details=details,
        blocks=(table, Text(erratum), Text(flat), drawn),
    )


def _figures(check: task5.Check, *, ratio: bool = False) -> tuple[str, str]:
    """By formula, and by simulation with its standard error."""
    expected, measured, error = check.expected, check.measured, check.std_error
    if ratio:
        expected, measured = exp(expected), exp(measured)
        error *= measured
    return f"{expected:.5g}", f"{measured:.5g} ± {error:.2g}"


def _typeset(expression: str) -> str:
    """An expression with its signs.

    Examples
    --------
    >>> _typeset("beta lam^2")
    'βλ²'
    """
    for plain, sign in SIGNS.items():
        expression = expression.replace(plain, sign)
    return expression
