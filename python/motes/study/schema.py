"""Tables of a configuration as dataclasses: every key known, every value of its type, or the key is named."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from motes.errors import did_you_mean

Section = TypeVar("Section")

WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", dict: "a table"}


def section(cls: type[Section], table: object, where: str = "") -> Section:
    """A table as the dataclass that says which keys there are, and of which types.

    Parameters
    ----------
    cls : dataclass
        Fields of int, float, str, bool, dict, literals, lists (`tuple[x, ...]`), dataclasses, and unions of these.
    table : mapping
        As TOML gives it.
    where : str
        Of which part of the configuration; messages begin with it.

    Returns
    -------
    object
        Of `cls`.

    Raises
    ------
    ValueError
        If a key is not known, one is missing, or a value is of another type: the message names the key and what is
        known or expected.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Folds:
    ...     n: int = 5
    >>> section(Folds, {"m": 3}, "folds")
    Traceback (most recent call last):
    ...
    ValueError: folds.m: there is no such key (known: n)
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{where}: expected a table, got {table!r}")
    hints, declared = get_type_hints(cls), {field.name: field for field in fields(cls)}  # type: ignore[arg-type]
    for key in table:
        if key not in declared:
            raise ValueError(f"{_path(where, key)}: there is no such key{did_you_mean(key, declared)}")
    values = {}
    for name, field in declared.items():
        if name in table:
            values[name] = value_of(hints[name], table[name], _path(where, name))
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{_path(where, name)}: needed, and not there")
    return cls(**values)


def value_of(hint: Any, value: object, where: str) -> Any:
    """A value as the type that a field has."""
    origin, of = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _one_of(of, value, where)
    if origin is Literal:
        if value not in of:
            raise ValueError(f"{where}: {value!r}{did_you_mean(value, map(str, of))}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{where}: expected a list, got {value!r}")
        return tuple(value_of(of[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if hint is dict or origin is dict:
        if not isinstance(value, Mapping):
            raise ValueError(f"{where}: expected a table, got {value!r}")
        return dict(value)
    if isinstance(hint, type) and hint not in WORDS:
        return section(hint, value, where)
    if not _is(hint, value):
        raise ValueError(f"{where}: expected {WORDS[hint]}, got {value!r}")
    return float(value) if hint is float else value  # type: ignore[arg-type]


def _one_of(choices: tuple[Any, ...], value: object, where: str) -> Any:
    """A value of the first type that fits it; a whole number stays one where both kinds may stand."""
    for hint in choices:
        simple = hint in WORDS or hint is type(None)
        if (value is None and hint is type(None)) or (simple and hint is not type(None) and _exactly(hint, value)):
            return value
    others = [hint for hint in choices if hint is not type(None) and not (hint in WORDS and not _is(hint, value))]
    if not others:
        expected = " or ".join(WORDS[hint] for hint in choices if hint in WORDS)
        raise ValueError(f"{where}: expected {expected}, got {value!r}")
    fitting = [hint for hint in others if (get_origin(hint) is tuple) == isinstance(value, list | tuple)]
    return value_of((fitting or others)[0], value, where)


def _is(hint: Any, value: object) -> bool:
    return _exactly(hint, value) or (hint is float and _exactly(int, value))


def _exactly(hint: Any, value: object) -> bool:
    return isinstance(value, hint) and not (isinstance(value, bool) and hint is not bool)


def _path(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def check(
    name: str,
    value: float,
    *,
    at_least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
) -> None:
    """Refuse a number out of its range, by the name of its key."""
    if not (value >= at_least and value > above and value < below):
        limits = [f"{at_least:g} or more"] * (at_least > -math.inf) + [f"above {above:g}"] * (above > -math.inf)
        limits += [f"below {below:g}"] * (below < math.inf)
        raise ValueError(f"{name}: expected {', '.join(limits) or 'a finite number'}, got {value}")
