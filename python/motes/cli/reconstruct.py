"""``motes reconstruct``: from a file of patterns to the master, its error bars and pictures of both."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motes.cli import arguments
from motes.cli import halves as two_halves
from motes.cli import held_out as of_classes
from motes.cli.cluster import Scheduler, TlsCa, TlsCert, TlsKey
from motes.cli.commands import INTERRUPTED
from motes.cli.dragonfly import EMC_LOG, ConfigFile, log_header, notes_of
from motes.cli.mixture_fit import (
    FILES,
    beta_of,
    coarse_of,
    detector_of,
    fluence_of,
    known_of,
    mixture_summary,
    read_plain_truth,
    write_mixture,
)  # fmt: skip
from motes.cli.observers import EMCLog, observers
from motes.cli.outputs import output_folder
from motes.cli.results import EVERYTHING, RESULTS, write_results
from motes.cli.source import read_dense_files, source
from motes.cli.stored import Memory, Reading, SkipDamaged, masters_of, notes_of_damage, notes_of_writer, patterns_of
from motes.cli.summary import summary

if TYPE_CHECKING:
    from motes.reconstruction.mixture.templates import Source

CHECKPOINT = "checkpoint.npz"
DATA, MODEL, FIT, OUTPUT = "Data", "Model", "Fit", "Output"


def reconstruct(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR",
            rich_help_panel=OUTPUT,
            help="Folder for master.npy, std_error.npy, labels.npy, reconstruction.npz, report.json and two pictures.",
        ),
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            show_default=False,
            help="Photon patterns: an archive of the challenge, CSR .npz, .npy, Dragonfly .emc or .h5; several are "
            "taken one after the other. Or a store (.zarr) of any size, which motes convert makes.",
        ),
    ] = None,
    config: ConfigFile = None,
    task: Annotated[
        int | None, typer.Option(rich_help_panel=DATA, help="Which task of an archive of the challenge.")
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="HxW",
            rich_help_panel=DATA,
            help="Rows and columns of a pattern, such as 25x25; by default what the file tells, or a square.",
        ),
    ] = None,
    n_patterns: Annotated[
        int | None,
        typer.Option(
            "--patterns",
            parser=arguments.n_patterns_of,
            metavar="N",
            rich_help_panel=DATA,
            help="Number of patterns, where the last ones may hold no photon; by default the largest row plus one.",
        ),
    ] = None,
    binarise: Annotated[
        bool, typer.Option("--binarise", rich_help_panel=DATA, help="Count a pixel that caught several photons once.")
    ] = False,
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npy",
            rich_help_panel=DATA,
            help="Bad pixels: an array of the shape, True or 1 where bad, False or 0 where good.",
        ),
    ] = None,
    exclude: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=DATA,
            help="Patterns to leave out, counted from 0: one number a line, a JSON list, or a .npy. Their label is -1.",
        ),
    ] = None,
    blacklist: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=DATA,
            help="Dragonfly's list of patterns to leave out: for each pattern 0, or 1 where it is left out.",
        ),
    ] = None,
    selection: Annotated[
        str | None,
        typer.Option(
            metavar="odd|even",
            rich_help_panel=DATA,
            help="Half of the patterns that are not left out: the first, third, ..., or the others.",
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="TRUTH.npz",
            rich_help_panel=DATA,
            help="The truth, to compare with: master and labels, or master7 and labels7 for task 7.",
        ),
    ] = None,
    rotations: Annotated[
        str,
        typer.Option(
            metavar="C1|C4|D4|in-plane:K",
            rich_help_panel=MODEL,
            help="Quarter turns (C4), mirror images too (D4), none (C1), or K equal angles (in-plane:36; in-plane:36m "
            "with mirror images).",
        ),
    ] = "C4",
    noise: Annotated[
        str,
        typer.Option(
            metavar="bernoulli|poisson|gaussian[:SIGMA]",
            rich_help_panel=MODEL,
            help="bernoulli: a pixel catches one photon or none; poisson: any number; gaussian: real numbers (.npy), "
            "whose sigma is estimated where it is not given.",
        ),
    ] = "bernoulli",
    classes: Annotated[int, typer.Option(min=0, rich_help_panel=MODEL, help="Masters that rotate.")] = 1,
    still_classes: Annotated[int, typer.Option(min=0, rich_help_panel=MODEL, help="Masters that do not rotate.")] = 0,
    class_weights: Annotated[
        str,
        typer.Option(
            metavar="estimate|uniform",
            rich_help_panel=MODEL,
            help="Whether it is to be found out how frequent each class is, or all are equally frequent.",
        ),
    ] = "estimate",
    fluence: Annotated[
        str,
        typer.Option(
            metavar="uniform|estimate|FILE",
            rich_help_panel=MODEL,
            help="Of Poisson patterns: equal, estimated for each, or known (.npy, or an output of Dragonfly).",
        ),
    ] = "uniform",
    detector: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=MODEL,
            help="Dragonfly's detector (.h5 or .dat): pixels that are good, merged only or bad, and their correction.",
        ),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(
            metavar="B|FILE",
            rich_help_panel=MODEL,
            help="Known mean photons beside the signal: one number for all pixels, or a .npy (H, W).",
        ),
    ] = None,
    weights: Annotated[
        str,
        typer.Option(
            metavar="uniform|estimate",
            rich_help_panel=MODEL,
            help="Whether all orientations are equally frequent, or it is to be found out how frequent each is.",
        ),
    ] = "uniform",
    method: Annotated[
        str,
        typer.Option(
            metavar="em|hard-em|l2-em|sgd",
            rich_help_panel=FIT,
            help="em: maximum likelihood over all orientations; hard-em: each pattern in its best one; l2-em: the "
            "classic baseline, by distance; sgd: mini-batches.",
        ),
    ] = "em",
    init: Annotated[
        str | None,
        typer.Option(
            metavar="spectral|mean|random|FILE.npy",
            rich_help_panel=FIT,
            help="Where to start: from the data's second moment (spectral, the default but for l2-em), from the mean, "
            "at random, or from a master in photons a pixel.",
        ),
    ] = None,
    beta: Annotated[
        str,
        typer.Option(
            metavar="auto|P|P,P,...",
            rich_help_panel=FIT,
            help="Annealing: power on the likelihood, from what the data ask for up to 1 (auto), or of each iteration.",
        ),
    ] = "1",
    coarse: Annotated[
        str | None,
        typer.Option(
            metavar="K,K,...", rich_help_panel=FIT, help="Fewer in-plane angles to begin with, such as 12,36."
        ),
    ] = None,
    acceleration: Annotated[
        str,
        typer.Option(
            metavar="auto|squarem|fisher|sampled|none",
            rich_help_panel=FIT,
            help="How em comes to its end sooner: squarem extrapolates its steps; fisher makes Newton steps; sampled "
            "climbs on a sample, then makes them, in five or six passes over all patterns. auto is the one that is "
            "predicted to be fastest; of a store sampled.",
        ),
    ] = "auto",
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=0,
            rich_help_panel=FIT,
            help="Stop when less than this is to be gained, nats a pattern; 1e-7 by default.",
        ),
    ] = None,
    max_iterations: Annotated[
        int,
        typer.Option(
            min=1,
            rich_help_panel=FIT,
            help="Most iterations of each start; of sgd, epochs (passes over all patterns), 10 at most.",
        ),
    ] = 1000,
    error_bars: Annotated[
        str,
        typer.Option(
            metavar="information|sandwich|bootstrap",
            rich_help_panel=FIT,
            help="information: right where the model is; sandwich, or bootstrap (fits to patterns drawn anew): right "
            "also where patterns scatter more than the model says.",
        ),
    ] = "information",
    replicates: Annotated[int, typer.Option(min=2, rich_help_panel=FIT, help="Fits of the bootstrap.")] = 100,
    restarts: Annotated[
        int,
        typer.Option(min=1, rich_help_panel=FIT, help="Number of starts; the best end is kept, their agreement told."),
    ] = 1,
    seed: Annotated[
        int, typer.Option(min=0, rich_help_panel=FIT, help=arguments.RANDOM + "The same seed gives the same result.")
    ] = 0,
    threads: Annotated[
        int | None,
        typer.Option(min=1, rich_help_panel=FIT, help="Threads; all by default. The result does not depend on it."),
    ] = None,
    device: Annotated[
        str,
        typer.Option("--device", metavar="cpu|cuda|cuda:N|auto", rich_help_panel=FIT, help=arguments.WHERE),
    ] = "cpu",
    resume: Annotated[
        bool,
        typer.Option("--resume", rich_help_panel=FIT, help="Go on from the checkpoint in DIR, same input and options."),
    ] = False,
    memory: Memory = None,
    scheduler: Scheduler = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    skip_damaged: SkipDamaged = False,
    halves: two_halves.Wanted = False,
    held_out: of_classes.Numbers = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", rich_help_panel=OUTPUT, help="No progress bar and no summary.")
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", rich_help_panel=OUTPUT, help="Write one JSON object a line for each iteration."),
    ] = None,
) -> None:
    """Reconstruct the picture that is hidden in photon patterns of unknown orientation, with error bars.

    The result is turned so that the first pattern's label is 0; labels are clockwise quarter turns (4-7: mirrored).

    Ctrl-C keeps the best so far, marked as interrupted (exit status 130); --resume goes on from there.

    Bad input is told in one line (exit status 2), and nothing is written.
    """
    from motes import Gaussian, MixtureReconstruction
    from motes import reconstruct as fit
    from motes.devices import device_of
    from motes.dragonfly import output_of, write_output
    from motes.dragonfly.output import output_path
    from motes.noise import noise_named
    from motes.reconstruction.mixture.options import is_mixture
    from motes.reconstruction.options import TOLERANCE
    from motes.report import report, report_mixture
    from motes.rotations import rotations_of
    from motes.stored import StoredPatterns

    place = device_of(device)
    tolerance = TOLERANCE if tolerance is None else tolerance
    checkpoint = out / CHECKPOINT
    if resume and not checkpoint.exists() and (out / EVERYTHING).exists():
        raise ValueError(
            f"{out}: holds a finished result and no {CHECKPOINT}, nothing to resume; give another folder, or leave "
            "--resume out to replace the result"
        )
    if checkpoint.exists() and not resume:
        typer.echo(f"motes: note: {checkpoint} of an interrupted run is replaced; --resume goes on from it", err=True)
    numbers = of_classes.numbers_of(held_out)
    more = (*(two_halves.FILES if halves else ()), *(of_classes.FILES if numbers else ()))
    with ExitStack() as open_files, output_folder(out, (*RESULTS, *FILES, *more, CHECKPOINT)) as staging:
        size, model = arguments.shape_of(shape), noise_named(noise)
        dense = isinstance(model, Gaussian)
        patterns: Source
        whole, doubts = None, list[str]()
        if dense:
            patterns = read_dense_files(files or [], size)
        else:
            needs_all = ("--config",) * (config is not None) + ("--held-out",) * bool(numbers)
            selecting = halves or any(option is not None for option in (exclude, blacklist, selection))
            how = Reading(
                memory, skip_damaged, scheduler, threads, tls_ca, tls_cert, tls_key, checkpoint, needs_all, selecting,
                masters_of(rotations, classes, still_classes),
            )  # fmt: skip
            patterns, whole = open_files.enter_context(patterns_of(files or [], task, size, n_patterns, how))
            if isinstance(patterns, StoredPatterns):
                doubts = notes_of_writer(patterns) + ([] if whole is None else notes_of_damage(patterns, whole))
        kept = arguments.read_kept(exclude, blacklist, selection, len(patterns), whole)
        asked: dict[str, Any] = {
            "method": method,
            "acceleration": acceleration,
            "weights": weights,
            "tolerance": tolerance,
            "max_iterations": max_iterations,
            "restarts": restarts,
            "seed": seed,
            "threads": threads,
            "device": None if dense else place,
            "mask": arguments.read_mask(mask),
            "binarise": binarise,
            "error_bars": error_bars,
            "replicates": replicates,
        }
        of_mixture: dict[str, Any] = {
            "classes": classes,
            "still_classes": still_classes,
            "class_weights": class_weights,
            "detector": detector_of(detector, background, patterns.shape),
            "fluence": fluence_of(fluence, kept),
            "beta": beta_of(beta),
            "coarse": coarse_of(coarse),
        }
        beyond = dense or is_mixture(rotations_of(rotations), **of_mixture)
        known = known_mixture = None
        if truth is not None:
            known = read_plain_truth(truth, task, patterns, beyond)
            known_mixture = known_of(truth, known, patterns).select(kept) if beyond else None
            known = None if known is None else known.select(kept)
        told_of_input = source(files or [], task, binarise, kept, patterns)
        if not kept.all():
            patterns = patterns.select(kept) if isinstance(patterns, StoredPatterns) else patterns[kept]
        if not len(patterns):
            names = ", ".join(map(str, files or []))
            raise ValueError(f"{names}: no pattern is left" if kept.size else f"{names}: holds no pattern")
        asked |= of_mixture | {"init": arguments.init_of(init, patterns)}
        arguments.check_start(asked["init"], halves=halves, held_out=numbers is not None)
        emc_log = None if config is None else EMCLog(out / EMC_LOG, rotations, log_header(context, kept), resume)
        with observers(tolerance=tolerance, quiet=quiet, log=log, emc_log=emc_log) as callback:
            result = fit(patterns, rotations, model, **asked, callback=callback, checkpoint=checkpoint, resume=resume)
        mixture = isinstance(result, MixtureReconstruction)
        if isinstance(result, MixtureReconstruction):
            told = report_mixture(result, context.obj, known_mixture)
        else:
            told = report(result, context.obj, known)
        told["input"] = told_of_input
        told["device"] = str(place)
        told["notes"] = [*told["notes"], *doubts]
        if exclude is not None and kept.all():
            told["notes"].append(f"{exclude} names no pattern: none was left out")
        told["notes"] = [*told["notes"], *notes_of(context)]
        found = supported = None
        if halves and not result.interrupted:
            found = two_halves.fit_halves(patterns, rotations, model, asked, tolerance=tolerance, quiet=quiet)
            if found is None:
                told["notes"].append("interrupted: two halves were asked for, and are not there")
            else:
                told["halves"] = two_halves.write_halves(staging, found)
        if numbers and not result.interrupted and not isinstance(patterns, StoredPatterns):
            supported = of_classes.fit_held_out(
                patterns, rotations, model, asked, numbers, tolerance=tolerance, quiet=quiet
            )
            if supported is None:
                told["notes"].append("interrupted: patterns held out were asked for, and are not there")
            else:
                told["held_out"] = of_classes.write_held_out(staging, supported)
                told["notes"] += of_classes.doubt_of(supported, classes)
        if isinstance(result, MixtureReconstruction):
            write_mixture(staging, result, told, kept)
        else:
            write_results(staging, result, told, known, kept)
        if config is not None and not isinstance(patterns, StoredPatterns):
            write_output(output_path(staging, result.iterations), output_of(result, patterns, kept, threads=threads))
    if not result.interrupted:
        checkpoint.unlink(missing_ok=True)
    if not quiet:
        lines = [mixture_summary(told) if mixture else summary(told)]
        lines += [] if found is None else two_halves.summary_of(found)
        lines += [] if supported is None else of_classes.table_of(supported)
        typer.echo("\n".join(lines))
    if result.interrupted:
        if not quiet:
            typer.echo("to go on from here: the same command with --resume")
        raise typer.Exit(INTERRUPTED)
