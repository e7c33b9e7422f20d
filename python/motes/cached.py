"""A property that is computed once: `functools.cached_property`, without the lock that it has before Python 3.12.

That lock is one for all objects of a class: their threads wait for each other, and a child that is forked while one of
them computes waits for ever. Without it two threads may compute the same value, which does no harm.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING or sys.version_info >= (3, 12):
    from functools import cached_property
else:
    T = TypeVar("T")

    class cached_property(functools.cached_property[T]):  # noqa: N801
        """As that of Python 3.12."""

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            """The value, from now on an entry of the object itself."""
            if instance is None:
                return self
            value = instance.__dict__[self.attrname] = self.func(instance)
            return value


__all__ = ["cached_property"]
