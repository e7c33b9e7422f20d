"""The API reference, from the docstrings: every name of `tests/api.txt`, with the signature that stands there."""

from __future__ import annotations

import contextlib
import enum
import importlib
import inspect
import re
import sys
import types
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging
from tests import public_api

import motes

logger = logging.getLogger(__name__)


def reference(which: str) -> str:
    """Reference of a module, or of some of its names: `motes.picking`, `motes: Patterns Rotations`."""
    module_name, _, names = which.partition(":")
    module = importlib.import_module(module_name)
    things = {name: getattr(module, name) for name in names.split()} or dict(sorted_names(module))
    here = {name: thing for name, thing in things.items() if not at_the_top(module_name, name, thing)}
    moved = [f"{{py:obj}}`motes.{name}`" for name in things if name not in here]
    rst = [f".. currentmodule:: {module_name}", "", ".. list-table::", "   :class: names", ""]
    for name, thing in here.items():
        rst += [f"   * - :py:obj:`{name} <{module_name}.{name}>`", f"     - {first_sentence(module_name, name, thing)}"]
    for name, thing in here.items():
        rst += ["", *directive(module_name, name, thing)]
    module_target = [] if names else [f"```{{py:module}} {module_name}\n```\n"]
    also = [f"\nAlso here: {', '.join(moved)}."] if moved else []
    return "\n".join([*module_target, "````{eval-rst}", *rst, "````", *also])


def sorted_names(module: types.ModuleType) -> list[tuple[str, Any]]:
    """Public names: functions, classes, and what is neither, each in order."""
    rank = {"function": 0, "class": 1, "data": 2, "module": 3}
    return sorted(public_api.names_of(module), key=lambda pair: (rank[kind(pair[1])], pair[0].lower()))


def kind(thing: Any) -> str:
    """Function, class, module or data."""
    if inspect.isclass(thing):
        return "class"
    if inspect.ismodule(thing):
        return "module"
    return "function" if inspect.isroutine(thing) else "data"


def at_the_top(module_name: str, name: str, thing: Any) -> bool:
    """Whether a name of a module is also one of the package: it is described there."""
    return module_name != "motes" and name in motes.__all__ and getattr(motes, name) is thing


def directive(module_name: str, name: str, thing: Any) -> list[str]:
    """What autodoc is asked for."""
    if kind(thing) == "data":
        return [f".. py:data:: {name}", "", *(f"   {line}" for line in comment(thing, name))]
    if kind(thing) == "module":
        return [f".. automodule:: {module_name}.{name}", "   :members:", "   :member-order: bysource"]
    if kind(thing) == "function":
        return [f".. autofunction:: {name}"]
    told = entries((inspect.getdoc(thing) or "").splitlines())[1]
    described = [member for member in members(thing) if docstring(thing, member) and member not in told]
    asked = [f"   :members: {', '.join(described)}", "   :member-order: bysource"] if described else []
    return [f".. autoclass:: {name}", *asked]


def first_sentence(module_name: str, name: str, thing: Any) -> str:
    """What a name is, for the table at the top."""
    text = "\n".join(comment(thing, name)) if kind(thing) == "data" else inspect.getdoc(thing) or ""
    return re.split(r"(?<=[.:])\s|\n\n", text, maxsplit=1)[0].replace("\n", " ").rstrip(":")


def comment(thing: Any, name: str) -> list[str]:
    """The docstring behind a constant, where it is defined."""
    for module in list(sys.modules.values()):
        if module.__name__.startswith("motes.") and vars(module).get(name) is thing:
            with contextlib.suppress(PycodeError):
                if found := ModuleAnalyzer.for_module(module.__name__).find_attr_docs().get(("", name)):
                    return found
    logger.warning("%s has no docstring where it is defined", name)
    return []


def members(thing: type) -> list[str]:
    """Public names of a class, as `tests/api.txt` has them."""
    ours = [base for base in thing.__mro__[:-1] if public_api.of_package(base)]
    return sorted({key for base in ours for key in public_api.attributes(base)})


def docstring(thing: type, member: str) -> str | None:
    """Of a method, a property, or a field that has one behind it."""
    found = inspect.getattr_static(thing, member, None)
    found = getattr(found, "__func__", getattr(found, "func", found))
    if isinstance(found, property) or inspect.isfunction(found):
        return found.__doc__
    for base in thing.__mro__:
        if public_api.of_package(base):
            behind = ModuleAnalyzer.for_module(base.__module__).find_attr_docs().get((base.__name__, member))
            if behind:
                return "\n".join(behind)
    return None


def signature(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, found: str | None, returns: str | None
) -> tuple[str, None] | None:
    """Names and defaults, without types: the docstring has them, with shapes and units."""
    if found is None:
        return None
    if what in ("class", "exception"):
        made_elsewhere = issubclass(thing, BaseException | enum.Enum) or getattr(thing, "_is_protocol", False)
        return ("", None) if made_elsewhere else (public_api.signature(thing), None)
    if what in ("function", "method"):
        text = public_api.signature(getattr(thing, "__func__", thing))
        return re.sub(r"^\((self|cls)(, )?", "(", text) if what == "method" else text, None
    return None


def attributes(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Fields of a class: its section Attributes, and what it takes under the same name, as entries of their own."""
    lines[:] = [re.sub(r"(?<![`\w/])docs/([\w-]+)\.md", r":doc:`/\1`", line) for line in lines]
    if what != "class":
        return
    text, told = entries(lines)
    undescribed = [member for member in members(thing) if not docstring(thing, member) and member not in told]
    if undescribed:
        text += ["", *fields(undescribed), "   What was given."]
    lines[:] = [*text, ""]


def entries(lines: list[str]) -> tuple[list[str], set[str]]:
    """A docstring whose section Attributes has become `attribute` directives; their names."""
    out: list[str] = []
    names: set[str] = set()
    inside = False
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if re.fullmatch(r"-{3,}", following) and line.strip():
            inside = line.strip() == "Attributes"
        if not inside:
            out.append(line)
        elif line and not line.startswith((" ", "---")) and line != "Attributes":
            heads, _, type_ = line.partition(" : ")
            told = [head.strip() for head in heads.split(",")]
            names.update(told)
            out += ["", *fields(told)]
            out += [f"   *{type_}*", ""] if type_ else []
        elif line.startswith(" "):
            out.append(f"   {line.strip()}")
        elif not line:
            out.append("")
    return out, names


def fields(names: list[str]) -> list[str]:
    """The head of one entry for several fields."""
    return [f".. attribute:: {names[0]}", *(f"               {name}" for name in names[1:]), ""]


def check(app: Sphinx, error: Exception | None) -> None:
    """Warn of every public name that the reference lacks."""
    if error or app.builder.name != "html":
        return
    described = set(app.env.get_domain("py").objects)
    for line in public_api.lines():
        name = re.split(r"[(:]", line.removeprefix("class "))[0]
        _, module, own, *rest = [*name.split("."), "", ""]
        top = at_the_top(f"motes.{module}", own, getattr(getattr(motes, module, None), own, None)) if own else False
        if name not in described and not (top and f"motes.{'.'.join(filter(None, [own, *rest]))}" in described):
            logger.warning("public, but not in the reference: %s", name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Listen to autodoc before napoleon does."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-process-docstring", attributes, priority=100)
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
