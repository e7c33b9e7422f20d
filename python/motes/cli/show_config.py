"""``motes show-config``: what this build is and what it runs on."""

from __future__ import annotations

import typer


def show_config() -> None:
    """Show version, compiler, instruction sets and threads: what a bug report needs."""
    from motes import show_config as configuration

    for name, value in configuration().items():
        shown = ", ".join(value) if isinstance(value, list) else value
        typer.echo(f"{name.replace('_', ' '):<18} {shown}")
