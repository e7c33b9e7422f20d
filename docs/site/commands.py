"""The reference of the command line, from the commands themselves, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer.main


def reference(_: str = "") -> str:
    """Every command with its options."""
    from motes.cli import app

    root = typer.main.get_command(app)
    return "\n\n".join(described(root, root.make_context("motes", [], resilient_parsing=True), "motes"))


def described(command: Any, context: Any, name: str) -> Iterator[str]:
    """A command, or all of a group."""
    if hasattr(command, "list_commands"):
        for own in command.list_commands(context):
            below = command.get_command(context, own)
            inner = below.make_context(own, [], parent=context, resilient_parsing=True)
            yield from described(below, inner, f"{name} {own}")
        return
    yield f"## `{name}`"
    yield plain(command.help)
    options = [parameter for parameter in command.get_params(context) if parameter.name != "help"]
    if options:
        head = "| option | takes | |\n|---|---|---|"
        yield "\n".join([head, *(row(parameter, context) for parameter in options)])
    examples = re.findall(r"\[bold\](.*?)\[/bold\]", command.epilog or "")
    if examples:
        yield "\n".join(["```sh", *examples, "```"])


def row(parameter: Any, context: Any) -> str:
    """A parameter: its names, what it takes, what it means."""
    argument = parameter.param_type_name == "argument"
    flag = getattr(parameter, "is_flag", False)
    names = parameter.name.upper() if argument else ", ".join([*parameter.opts[::-1], *parameter.secondary_opts])
    type_of = getattr(parameter, "display_type_rich", None) or parameter.make_metavar
    taken = "" if flag else str(type_of(ctx=context) or "").strip("<>")
    told = plain(parameter.help)
    default = getattr(parameter.default, "value", parameter.default)
    if not flag and isinstance(default, str | int | float) and str(default):
        told += f" Default: `{default}`."
    if parameter.required:
        told += " *Required.*"
    cells = [f"`{names}`", f"`{taken}`" if taken else "", told]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def plain(text: str | None) -> str:
    """Help as Markdown in which nothing is markup."""
    return re.sub(r"([<*])", r"\\\1", (text or "").strip())
