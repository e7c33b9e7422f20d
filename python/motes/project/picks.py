"""Picks of a project: what its picker finds, and what is left of them after a person has been through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from motes.active.pool import SAME_PLACE
from motes.circles import Circles
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz
from motes.picking import circles_of, suppress
from motes.picks import FORMATS, Origin, Picks, format_of, stem, write_picks
from motes.picks.relion import LABELLED, SEEN, UNLABELLED, UNSEEN
from motes.project.actions import Place
from motes.project.asking import estimates
from motes.project.folder import PICKS, QUERIES, Project
from motes.project.labels import SAME, read_coordinates, settled
from motes.project.teaching import Watch, detections, latest, load, unwatched

FAINTEST = 0.01  # probability of the candidates that are kept for the slider of the page


@dataclass(frozen=True, eq=False)
class PickSet:
    """Picks of the micrographs of a project.

    Attributes
    ----------
    name : str
        Of the file or picker that they come from.
    circles : Circles
        Of the project's micrographs, with scores.
    probability : bool
        Whether the scores are probabilities, so that they tell an expected precision.
    least : float
        Score from which on they are picks.
    """

    name: str
    circles: Circles
    probability: bool
    least: float


@dataclass(frozen=True)
class Picked:
    """What `pick` has written.

    Attributes
    ----------
    path : Path
        The file, or a folder of one file a micrograph for formats that hold one.
    threshold : float
        Least probability of a pick.
    n : int
        Picks in the file.
    n_labelled, n_unseen : int
        Those that a person has labelled, whatever their probability; and those of them that the picker does not see,
        which have the probability 0.
    n_answered : int
        Questions of this project that were answered: without any the probabilities are the picker's word alone.
    """

    path: Path
    threshold: float
    n: int
    n_labelled: int
    n_unseen: int
    n_answered: int


def pick(
    project: Project,
    *,
    threshold: float | None = None,
    format: str = "star",
    device: str | None = None,
    watch: Watch = unwatched,
) -> Picked:
    """Find the particles of all micrographs with the picker that was trained last, and write them into the project.

    What a person has said counts: places that were rejected are no picks, labels of particles are, with the
    probability that the picker gives them. On micrographs that are complete nothing else is a pick. The column
    ``motesLabelled`` of STAR files marks labels: 1 where the picker sees a particle, too, 2 where it does not.

    Parameters
    ----------
    project : Project
        Inside its `writing`.
    threshold : float, optional
        Least probability of a pick. By default the one at which F1 is highest if all probabilities are right, or the
        nearest to it of those that the answers to this picker's questions can not tell from the best.
    format : str
        A name of `motes.picks.FORMATS`.
    device : str, optional
        Where the picker works, if it is one that can work on a GPU; by default where it chooses to.
    watch : callable, optional
        A progress bar; see `motes.project.asking.ask`.

    Returns
    -------
    Picked

    Raises
    ------
    ValueError
        If no picker was trained yet, or the threshold is no probability.
    """
    form, number = format_of("", format), latest(project)
    if not number:
        raise ValueError(f"{project.folder}: no picker is trained yet; train one with motes active train")
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"threshold: expected a probability, 0 to 1, got {threshold}")
    found = detections(project, load(project, number, device), project.names, watch)
    faintest = FAINTEST if threshold is None else min(FAINTEST, threshold)
    circles = found.circles[found.probability >= faintest]
    circles = _possible(project, circles[suppress(circles, iou=SAME_PLACE)])
    assert circles.scores is not None
    least = _clipped(expected_best(circles.scores), project, number) if threshold is None else threshold
    picks = PickSet(f"picker {number}", circles, probability=True, least=least)
    _keep(project, number, picks)
    found_and_labelled = reviewed(project, picks, least)
    path = write(project, found_and_labelled, f"picker{number}", form.name)
    said = found_and_labelled.extra[LABELLED]
    n_labelled, n_unseen = int((said != UNLABELLED).sum()), int((said == UNSEEN).sum())
    return Picked(path, least, len(said), n_labelled, n_unseen, len(project.state().answered))


def _possible(project: Project, circles: Circles) -> Circles:
    """Candidates but for those that are at no label of a micrograph all of whose particles are labelled."""
    state = project.state()
    labels = settled(state)
    kept = np.ones(len(circles), bool)
    for m, name in enumerate(project.names):
        if name in state.complete:
            own = [place for place in labels if place.micrograph == name]
            rows = slice(circles.indptr[m], circles.indptr[m + 1])
            kept[rows] = _near(project, circles.centres[rows], own).any(axis=1)
    return circles[kept]


def _near(project: Project, centres: npt.NDArray[np.floating], labels: Sequence[Place]) -> npt.NDArray[np.bool_]:
    """Which of N candidates are of one place with which of K labels, (N, K)."""
    places = np.array([(place.x, place.y) for place in labels], np.float64).reshape(-1, 2)
    apart = np.hypot(*np.moveaxis(centres[:, None] - places[None], -1, 0))
    return np.asarray(apart < SAME * project.diameter / 2)


def _clipped(threshold: float, project: Project, model: int) -> float:
    """The nearest threshold that may be the best by the answers to the questions of this picker."""
    for number in reversed(project.numbered(QUERIES)):
        told = estimates(project, number) if project.read_told(QUERIES, number)["model"] == model else None
        if told is not None and np.isfinite(told.threshold.value):
            return float(np.clip(threshold, told.threshold.low, told.threshold.high))
    return threshold


def expected_best(probabilities: np.ndarray[tuple[int], np.dtype[np.floating]]) -> float:
    """The threshold at which F1 is highest if all probabilities are right: 2 TP / (picks + particles), as expected.

    Examples
    --------
    >>> expected_best(np.array([0.9, 0.8, 0.3, 0.1]))
    0.8
    """
    if not len(probabilities):
        return 0.5
    falling = np.sort(probabilities)[::-1]
    f1 = 2 * np.cumsum(falling) / (np.arange(1, len(falling) + 1) + falling.sum())
    return float(falling[int(np.argmax(f1))])


def latest_set(project: Project) -> PickSet | None:
    """What `pick` found last, down to small probabilities."""
    numbers = project.numbered(PICKS)
    if not numbers:
        return None
    told = project.read_told(PICKS, numbers[-1])
    with open_archive(project.place(PICKS, numbers[-1], ".npz")) as archive:
        table = {name: archive.array(name) for name in archive.names}
    circles = Circles(table["centres"], project.diameter / 2, table["scores"], indptr=table["indptr"])
    return PickSet(told["name"], circles, probability=True, least=told["least"])


def read_set(project: Project, path: Path, *, y_origin: Origin | None = None) -> PickSet:
    """Picks from a coordinate file or a folder of them, on the micrographs of a project.

    Parameters
    ----------
    project : Project
    path : Path
    y_origin : "top" or "bottom", optional
        Where y counts from; by default as the format has it.

    Raises
    ------
    ValueError
        If none of the picks' micrographs is the project's.
    """
    picks = read_coordinates(project, path, y_origin)
    number = {name: m for m, name in enumerate(project.names)}
    of_project = np.array([number.get(stem(name), -1) for name in picks.micrographs], np.int64)
    if not (of_project >= 0).any():
        raise ValueError(f"{path}: is of {', '.join(picks.micrographs[:3])}, none of the project's micrographs")
    rows = np.flatnonzero(of_project[picks.index] >= 0)
    chosen = Picks(
        picks.x[rows],
        picks.y[rows],
        project.diameter / 2,
        np.ones(rows.size) if picks.score is None else picks.score[rows],
        project.names,
        of_project[picks.index[rows]],
    )
    circles, _ = circles_of(chosen)
    assert circles.scores is not None
    least = float(circles.scores.min()) if len(circles) else 0.0
    return PickSet(path.name, circles, probability=False, least=least)


def reviewed(project: Project, picks: PickSet, least: float) -> Picks:
    """The picks of a set from a score on, without those that were rejected, with the particles that were labelled.

    A pick and a label are of one place if they are closer than half a radius; the label's position counts, and the best
    score there. Labels where the set has nothing get the least score that there can be: the probability 0, or the least
    score of the set.
    """
    labels = settled(project.state())
    every = picks.circles.scores
    assert every is not None
    nothing = 0.0 if picks.probability or not len(every) else float(every.min())
    xs, ys, scores, index, said = [], [], [], [], []
    for m, name in enumerate(project.names):
        here = picks.circles.of_micrograph(m)
        assert here.scores is not None
        own = [place for place in labels if place.micrograph == name]
        places = np.array([(place.x, place.y) for place in own], np.float64).reshape(-1, 2)
        near = _near(project, here.centres, own)
        left = (here.scores >= least) & ~near.any(axis=1)
        yes = np.array([place.particle is True for place in own], bool)
        best = np.where(near, here.scores[:, None], nothing).max(axis=0, initial=nothing)
        xs += [here.centres[left, 0], places[yes, 0]]
        ys += [here.centres[left, 1], places[yes, 1]]
        scores += [here.scores[left], best[yes]]
        index.append(np.full(int(left.sum() + yes.sum()), m))
        said += [np.full(int(left.sum()), UNLABELLED), np.where(near.any(axis=0), SEEN, UNSEEN)[yes]]
    x, y, score, micrograph = (np.concatenate(parts) for parts in (xs, ys, scores, index))
    extra = {LABELLED: np.concatenate(said)}
    return Picks(x, y, project.diameter / 2, score, project.names, micrograph, extra=extra)


def write(project: Project, picks: Picks, name: str, format: str) -> Path:
    """Write picks into the project under a name; micrographs are called as their files are."""
    form = FORMATS[format]
    files = tuple(Path(source.path).name for source in project.sources)
    shapes = np.array([source.shape for source in project.sources], np.float64)[picks.index]
    told = replace(picks, micrographs=files, image_shape=shapes if form.name == "cryosparc" else None)
    if form.name.startswith("star"):
        told = replace(told, format=form.name)  # which holds the column of labels, and the radius
    folder = project.folder / PICKS
    path = folder / (f"{name}-{form.name}" if form.single else f"{name}{form.suffix}")
    (path if form.single else folder).mkdir(parents=True, exist_ok=True)
    write_picks(path, told, form.name)
    return path


def _keep(project: Project, number: int, picks: PickSet) -> None:
    """Candidates down to small probabilities, for the slider of the page."""
    assert picks.circles.scores is not None
    path = project.place(PICKS, number, ".npz")
    path.parent.mkdir(exist_ok=True)
    columns = ("centres", "scores", "indptr")
    write_npz(path, {name: array_table(np.asarray(getattr(picks.circles, name))) for name in columns})
    project.keep(PICKS, number, {"name": picks.name, "least": picks.least, "n": len(picks.circles)})
