"""Queries of a project: what its picker asks next, and what the answers say of the picker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.active import STRATEGIES, Estimates, Pool, Query, combine, estimate, query
from motes.active.pool import SAME_PLACE
from motes.checks import one_of, whole
from motes.circles import Circles
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz
from motes.pickers import Detections
from motes.picking import circle_iou
from motes.project.actions import State
from motes.project.folder import QUERIES, Project
from motes.project.labels import circles
from motes.project.queries import Asked, Question, read_query
from motes.project.teaching import Watch, detections, latest, load, unwatched

DISCOUNT = 0.5  # weight of a round of answers beside the next one: pickers get better
BEFORE_ANSWERS = 0.5  # threshold of the first query, when nothing is known of the probabilities


def ask(
    project: Project,
    n: int = 50,
    *,
    strategy: str = "importance",
    most_micrographs: int = 20,
    threshold: float | None = None,
    seed: int = 0,
    device: str | None = None,
    watch: Watch = unwatched,
) -> Asked:
    """Ask n questions: of the picker that was trained last, or before any labels of one that needs none.

    None is asked about micrographs that are complete, all of whose particles are labelled.

    Parameters
    ----------
    project : Project
        Inside its `writing`.
    n : int
        Questions; fewer where there are not so many candidates.
    strategy : str
        A key of `motes.active.STRATEGIES`. Answers to `importance` also say how good the picker is.
    most_micrographs : int
        The questions come from at most so many micrographs, chosen by lot.
    threshold : float, optional
        Of strategies that take one; by default the best one by the answers so far, else 0.5.
    seed : int
        With the number of the query, what is decided by lot.
    device : str, optional
        Where the picker works, if it is one that can work on a GPU; by default where it chooses to.
    watch : callable, optional
        Given names of micrographs, gives them back one by one: a progress bar.

    Raises
    ------
    ValueError
        If a strategy needs what the picker does not give, or there is nobody left to ask about.
    """
    whole("n", n, 1)
    whole("most_micrographs", most_micrographs, 1)
    known = STRATEGIES[one_of("strategy", strategy, tuple(STRATEGIES))]
    if lacking := [need for need in known.needs if need != "threshold"]:
        raise ValueError(f"strategy: {strategy} needs {' and '.join(lacking)}, which pickers of a project do not give")
    number, model = max(project.numbered(QUERIES), default=0) + 1, latest(project)
    rng = np.random.default_rng([seed, number])
    complete = project.state().complete  # there everything is known
    drawn = [name for m in rng.permutation(len(project.names)) if (name := project.names[m]) not in complete]
    if not drawn:
        raise ValueError(f"{project.folder}: every micrograph is complete, nothing is left to ask about")
    found = detections(project, load(project, model, device), drawn[:most_micrographs], watch)
    pool = _pool(project, found)
    if not len(pool):
        raise ValueError(f"{project.folder}: no candidate is left to ask about; choose more micrographs")
    options: dict[str, Any] = {"allow_fewer": True}
    if strategy in ("importance", "boundary_distance"):
        options["threshold"] = best_threshold(project) if threshold is None else threshold
    elif threshold is not None:
        raise ValueError(f"threshold: {strategy} takes none")
    chosen = query(strategy, pool, n, seed=int(rng.integers(2**31)), **options)
    _keep_pool(project, number, pool, chosen)
    asked = Asked(number, strategy, model, _questions(pool, chosen))
    project.keep(QUERIES, number, asked.told() | {"t": chosen.t, "seed": seed})
    return asked


def waiting(project: Project, state: State | None = None) -> tuple[int, int]:
    """Number of the last query, 0 if there is none, and how many of its questions wait for an answer."""
    number = max(project.numbered(QUERIES), default=0)
    if not number:
        return 0, 0
    answered = (project.state() if state is None else state).answered
    return number, sum(name not in answered for name in read_query(project.place(QUERIES, number, ".json")).names)


def _pool(project: Project, found: Detections) -> Pool:
    state = project.state()
    places = list(state.places.values())
    labelled, others = ([place for place in places if (place.particle is True) is kind] for kind in (True, False))
    return Pool.from_detections(
        found,
        labelled=circles(labelled, project.names),
        rejected=circles(others, project.names),
        iou=SAME_PLACE,
        opened=np.array([name in state.opened for name in project.names]),
    )


def _questions(pool: Pool, chosen: Query) -> tuple[Question, ...]:
    """Micrograph after micrograph, so that each is opened once; within one in the strategy's order."""
    micrograph = pool.circles.micrograph[chosen.chosen]
    first = {m: k for k, m in reversed(list(enumerate(micrograph.tolist())))}
    rows = sorted(range(len(micrograph)), key=lambda k: (first[int(micrograph[k])], k))
    found = []
    for row in chosen.chosen[rows].tolist():
        x, y = pool.circles.centres[row].tolist()
        name = pool.detections.micrographs[int(pool.circles.micrograph[row])]
        found.append(Question(name, x, y, float(pool.circles.radii[row]), float(pool.probability[row]), row))
    return tuple(found)


# -- what the answers say ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Answers:
    """Answers in the order of the query's chosen rows; see `motes.active.estimate`."""

    confirmed: npt.NDArray[np.bool_]
    position: npt.NDArray[np.float64]


def estimates(project: Project, number: int, state: State | None = None) -> Estimates | None:
    """How good the picker that asked a query is, by the answers; None unless all of them are there.

    What could not be told counts as no particle, and so does a label that was moved away from its question.
    """
    path = project.place(QUERIES, number, ".npz")
    told = project.read_told(QUERIES, number)
    if told["strategy"] != "importance":
        return None
    state = project.state() if state is None else state
    answered = state.answered
    questions = told["questions"]
    if any(f"{number}.{i}" not in answered for i in range(len(questions))):
        return None
    places = {question["row"]: answered[f"{number}.{i}"] for i, question in enumerate(questions)}
    pool, chosen = _read_pool(project, path, told)
    centres = pool.circles.centres[chosen.chosen]
    labels = [places[row] for row in chosen.chosen.tolist()]
    position = np.array([(place.x, place.y) for place in labels], np.float64).reshape(-1, 2)
    near = circle_iou(Circles(centres, 1.0), Circles(centres + (position - centres) * 2 / project.diameter, 1.0))
    confirmed = np.array([place.particle is True for place in labels], bool) & (near > SAME_PLACE)
    return estimate(chosen, _Answers(confirmed, position), pool)


def best_threshold(project: Project) -> float:
    """T_opt by all answers so far, later ones counting more; 0.5 before there are any.

    Probabilities of trained pickers and of the one that needs no labels mean different things: only those of the kind
    that would ask next count.
    """
    state, trained = project.state(), latest(project) > 0
    rounds = []
    for number in project.numbered(QUERIES):
        if (project.read_told(QUERIES, number)["model"] > 0) == trained:
            found = estimates(project, number, state)
            rounds += [] if found is None else [found]
    best = combine(rounds, discount=DISCOUNT).threshold.value if rounds else np.nan
    return float(best) if np.isfinite(best) else BEFORE_ANSWERS


def _keep_pool(project: Project, number: int, pool: Pool, chosen: Query) -> None:
    path = project.place(QUERIES, number, ".npz")
    path.parent.mkdir(exist_ok=True)
    tables = {
        "centres": pool.circles.centres.astype(np.float64),
        "probability": pool.probability,
        "indptr": pool.circles.indptr,
        "chosen": chosen.chosen,
        "uncertainty": np.asarray(chosen.uncertainty, np.float64),
        "beta": np.array([chosen.details.get("beta", 1.0)]),
    }
    write_npz(path, {name: array_table(table) for name, table in tables.items()})


def _read_pool(project: Project, path: Any, told: dict[str, Any]) -> tuple[Pool, Query]:
    with open_archive(path) as archive:
        table = {name: archive.array(name) for name in archive.names}
    found = Circles(table["centres"], project.diameter / 2, table["probability"], indptr=table["indptr"])
    details = {"inclusion": table["uncertainty"], "beta": float(table["beta"][0])}
    chosen = Query(table["chosen"], table["uncertainty"], told["strategy"], told["t"], details)
    return Pool(Detections(found, project.names)), chosen
