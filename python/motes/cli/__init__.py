"""The command line ``motes``: one module a command, each a thin layer over the library.

Nothing heavy is imported here or at the top of a command's module, so that ``motes --help`` answers at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from motes.cli.active import active
from motes.cli.bench import bench
from motes.cli.challenge import challenge
from motes.cli.commands import Commands
from motes.cli.consensus import consensus
from motes.cli.convert import convert
from motes.cli.demo import demo
from motes.cli.evaluate import evaluate
from motes.cli.extract import extract
from motes.cli.info import info
from motes.cli.limits import limits
from motes.cli.reconstruct import reconstruct
from motes.cli.resolution import frc, fsc
from motes.cli.show_config import show_config
from motes.cli.simulate import simulate
from motes.cli.study import study
from motes.cli.suppress import suppress
from motes.cli.view import view
from motes.cli.watch import watch

__all__ = ["app", "main"]

app = typer.Typer(
    name="motes",
    cls=Commands,
    help="Single-particle imaging: the picture that is hidden in photon-sparse patterns of unknown orientation, and "
    "particles on micrographs from few labels.",
    epilog="First steps: [bold]motes demo[/bold]",
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog="Example: [bold]motes demo --out story[/bold]")(demo)
app.command(
    epilog="Examples: [bold]motes reconstruct endeavor.npz --task 7 -o out[/bold]   "
    "[bold]motes reconstruct run12.emc --shape 64x64 --mask bad.npy --weights estimate -o out[/bold]"
)(reconstruct)
app.command(
    epilog="Examples: [bold]motes watch run.zarr -o live --target-error 0.05[/bold]   "
    "[bold]motes watch run.zarr -o live --every 10 --noise poisson --mask bad.npy[/bold]"
)(watch)
app.command(
    epilog="Examples: [bold]motes challenge endeavor.npz -o answers[/bold]   "
    "[bold]motes challenge endeavor.npz --task 1 --task 7 --truth truth.npz -o answers[/bold]"
)(challenge)
app.command(epilog="Example: [bold]motes view out[/bold]")(view)
app.command(
    epilog="Example: [bold]motes limits --image face.png --photons 27.4 --patterns 100000 --contrast 0.3 -o out[/bold]"
)(limits)
app.command(
    epilog="Examples: [bold]motes info endeavor.npz[/bold]   "
    "[bold]motes info --picks grid1.box --micrograph grid1.mrc --diameter 108[/bold]"
)(info)
app.command(
    epilog="Examples: [bold]motes convert run*.emc --shape 64x64 -o run.zarr[/bold]   "
    "[bold]motes convert picks.star -o boxes --to box --diameter 180[/bold]   "
    "[bold]motes convert grid1.box -o grid1.star --flip-y --height 4096[/bold]"
)(convert)
app.command(
    epilog="Examples: [bold]motes evaluate --picks grid1.cbox --truth grid1.csv --radius 54 -o out[/bold]   "
    "[bold]motes evaluate --picks boxes --truth particles --radius 54 --flip-y --height 4096 -o out[/bold]"
)(evaluate)
app.command(
    epilog="Examples: [bold]motes suppress picks.star -o kept.star --distance 80[/bold]   "
    "[bold]motes suppress boxes -o kept --iou 0.3 --edge 90 --height 4096 --width 4096[/bold]"
)(suppress)
app.command(epilog="Example: [bold]motes consensus cryolo topaz deepPicker -o agreed.star --min-pickers 2[/bold]")(
    consensus
)
app.command(
    epilog="Examples: [bold]motes study --preset sample -o out[/bold]   "
    "[bold]motes study mine.toml -o out --processes 4 --resume[/bold]"
)(study)
app.command(
    epilog="Example: [bold]motes extract picks.star --micrographs MotionCorr -o Extract/particles.mrcs --box 256 "
    "--invert --ctf micrographs_ctf.star[/bold]"
)(extract)
app.command(
    epilog="Examples: [bold]motes fsc half1.mrc half2.mrc[/bold]   "
    "[bold]motes fsc half1.mrc half2.mrc --mask soft:80 --threshold 0.143 --threshold half-bit -o out[/bold]"
)(fsc)
app.command(epilog="Example: [bold]motes frc one/master.npy two/master.npy -o out[/bold]")(frc)
app.add_typer(simulate, name="simulate")
app.add_typer(active, name="active")
app.command(
    epilog="Examples: [bold]motes bench --quick[/bold]   [bold]motes bench -o before.json[/bold]   "
    "[bold]motes bench --against before.json[/bold]"
)(bench)
app.command("show-config")(show_config)


def _tell_version(wanted: bool) -> None:
    if wanted:
        from motes import __version__

        typer.echo(f"motes {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _motes(
    context: typer.Context,
    cmakedir: Annotated[
        bool, typer.Option("--cmakedir", help="For programs that link motes: the folder of motesConfig.cmake.")
    ] = False,
    includes: Annotated[bool, typer.Option("--includes", help="The compiler's options for the headers.")] = False,
    libs: Annotated[bool, typer.Option("--libs", help="The linker's options.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if cmakedir or includes or libs:
        from motes import linking

        asked = ((cmakedir, linking.cmake_dir), (includes, linking.includes), (libs, linking.libs))
        typer.echo(" ".join(tell() for wanted, tell in asked if wanted))
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; its exit status is the process's."""
    app()
