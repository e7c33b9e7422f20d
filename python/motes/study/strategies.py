"""Options of strategies as a configuration gives them, checked before anything is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any

from motes.errors import did_you_mean

OF_THE_RUN = ("seed", "allow_fewer")  # what a study decides itself


def check_strategy(name: str, label: str, options: Mapping[str, Any]) -> None:
    """Refuse an option that the strategy, or the measure that it weighs candidates by, does not have.

    Parameters
    ----------
    name : str
        Of a strategy that there is.
    label : str
        What messages call it.
    options : mapping
        By their names.

    Raises
    ------
    ValueError
        If there is no such option or base, or the options contradict one another.

    Examples
    --------
    >>> check_strategy("boundary_distance", "mine", {"bootstrp": 1})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: strategies: mine: options.bootstrp: there is no such option; did you mean bootstrap? (known: ...)
    """
    from motes.active.strategies.bases import BASES
    from motes.active.strategies.registry import STRATEGIES

    own = _parameters(STRATEGIES[name].function)
    known = set(own)
    if "base" in own:
        base = options.get("base", own["base"].default)
        if base not in tuple(BASES):
            raise ValueError(f"strategies: {label}: options.base: {base!r} is none{did_you_mean(base, BASES)}")
        known |= set(_parameters(BASES[base]))
    for option in options:
        if option not in known:
            told = did_you_mean(option, known)
            raise ValueError(f"strategies: {label}: options.{option}: there is no such option{told}")
    if options.get("bootstrap") and "threshold" in options:
        raise ValueError(f"strategies: {label}: options.bootstrap: a threshold that is given has no samples")


def asks_members(name: str, options: Mapping[str, Any]) -> bool:
    """Whether a strategy asks a committee."""
    return "committee" in (name, options.get("base"))


def asks_samples(options: Mapping[str, Any]) -> bool:
    """Whether a strategy asks how far T_opt is known, which one validation micrograph does not tell."""
    return bool(options.get("bootstrap"))


def _parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Options of a strategy, without what the study decides itself."""
    return {
        name: parameter
        for name, parameter in signature(function).parameters.items()
        if parameter.kind is Parameter.KEYWORD_ONLY and name not in OF_THE_RUN
    }
