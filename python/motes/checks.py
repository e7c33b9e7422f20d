"""Arguments of a user, as what they should be or an error that names them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def one_of(name: str, value: object, choices: Sequence[str]) -> str:
    """`value`, or a ValueError that lists the choices.

    Examples
    --------
    >>> one_of("method", "em", ("em", "sgd"))
    'em'
    """
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
    return str(value)


def whole(name: str, value: object, least: int) -> int:
    """`value` as an int of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: expected a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{name}: expected {least} or more, got {value}")
    return int(value)


def positive(name: str, value: object) -> float:
    """`value` as a positive, finite float."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name}: expected a positive, finite number, got {value}")
    return float(value)


def not_negative(name: str, value: object) -> float:
    """`value` as a finite float of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name}: expected a finite number of 0 or more, got {value}")
    return float(value)


def truth(name: str, value: object) -> bool:
    """`value` as a bool."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}: expected True or False, got {value!r}")
    return bool(value)


def floating(name: str, value: object) -> type[np.float32] | type[np.float64]:
    """`value` as one of the two types that the kernels know."""
    for choice in (np.float32, np.float64):
        if value in (choice, np.dtype(choice), np.dtype(choice).name):
            return choice
    raise ValueError(f"{name}: expected float32 or float64, got {value!r}")
