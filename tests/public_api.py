"""Every public name of the package with its signature, as text: `api.txt` is what was promised.

As a program, `python tests/public_api.py` writes it anew; `docs/stability.md` says what may change when.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import motes

FILE = Path(__file__).parent / "api.txt"
BY_NAME = ("linking",)  # public, and not loaded with the package


def lines() -> list[str]:
    """One line a name, in order."""
    found = []
    for name in [*motes.__all__, *BY_NAME]:
        thing = importlib.import_module(f"motes.{name}") if name in BY_NAME else getattr(motes, name)
        if isinstance(thing, types.ModuleType):
            for own, value in names_of(thing):
                found += of(f"motes.{name}.{own}", value)
        elif name != "__version__":
            found += of(f"motes.{name}", thing)
    return sorted(found)


def names_of(module: types.ModuleType) -> Iterator[tuple[str, Any]]:
    """Public names of a module: those that it lists, or else those that are defined in it."""
    listed = getattr(module, "__all__", None)
    for name in listed or vars(module):
        thing = getattr(module, name)
        if listed or (not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__):
            yield name, importlib.import_module(f"{module.__name__}.{name}") if inspect.ismodule(thing) else thing


def of(name: str, thing: Any) -> Iterator[str]:
    """The lines of one name; of a class, those of its attributes too."""
    if inspect.isclass(thing):
        made_elsewhere = issubclass(thing, BaseException | enum.Enum) or getattr(thing, "_is_protocol", False)
        yield f"class {name}{'' if made_elsewhere else signature(thing)}"
        for key in sorted({key for base in thing.__mro__[:-1] if of_package(base) for key in attributes(base)}):
            yield from member(f"{name}.{key}", inspect.getattr_static(thing, key, None))
    elif callable(thing) and hasattr(thing, "__name__"):
        yield f"{name}{signature(thing)}"
    else:
        yield f"{name}: {type(thing).__name__}"


def of_package(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "motes"


def attributes(kind: type) -> set[str]:
    """Public names that a class defines or annotates itself."""
    return {key for key in {*vars(kind), *vars(kind).get("__annotations__", {})} if not key.startswith("_")}


def member(name: str, thing: Any) -> Iterator[str]:
    """A method with its signature; anything else is an attribute."""
    if isinstance(thing, classmethod | staticmethod):
        yield f"{name}{signature(thing.__func__)}"
    elif inspect.isfunction(thing):
        yield f"{name}{signature(thing)}"
    else:
        yield name


def signature(thing: Any) -> str:
    """Parameters and defaults; types are the type checker's. Defaults without a spelling of their own are `...`."""
    try:
        found = inspect.signature(thing)
    except ValueError:
        return "(...)"
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in found.parameters.values()]
    text = str(found.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", re.sub(r"<(?!class)[^<>]*(?:<[^<>]*>[^<>]*)*>", "...", text))


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
