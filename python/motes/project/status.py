"""How a project stands: what was labelled, what it cost, how good its pickers are, whether to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from motes.active import Estimates
from motes.picking import Estimate
from motes.project.actions import Place, State, fold
from motes.project.asking import estimates, waiting
from motes.project.curve import SURE, WORTH, Worth, worth
from motes.project.folder import MODELS, QUERIES, Project
from motes.project.labels import settled
from motes.reconstruction.result import many

NORMAL_95 = 1.96


@dataclass(frozen=True)
class Judged:
    """What answers said of one picker: its number, the labels it was trained on, the query, and the estimates."""

    model: int
    n_particles: int
    query: int
    estimates: Estimates


@dataclass(frozen=True)
class Status:
    """How a project stands.

    Attributes
    ----------
    n_particles, n_rejected, n_unsure : int
        Labels: what a person said.
    n_answered, n_open : int
        Questions, and those of the last query that wait.
    n_labelled, n_opened, n_micrographs : int
        Micrographs with labels, those that were looked at on the page, and all.
    model : int
        The picker that was trained last; 0 if none was.
    n_since : int
        Labels of particles that it knows otherwise: made, moved or taken back since then.
    judged : tuple of Judged
        Pickers whose questions were all answered, in order.
    worth : Worth or None
        Of the next labels; None before there is an estimate.
    """

    n_particles: int
    n_rejected: int
    n_unsure: int
    n_answered: int
    n_open: int
    n_labelled: int
    n_opened: int
    n_micrographs: int
    model: int
    n_since: int
    judged: tuple[Judged, ...]
    worth: Worth | None

    def lines(self) -> list[str]:
        """In words."""
        told = [
            f"labels: {many(self.n_particles, 'particle')}, {self.n_rejected:,} rejected, {self.n_unsure:,} unsure, on "
            f"{self.n_labelled:,} of {many(self.n_micrographs, 'micrograph')}",
            f"cost: {many(self.n_answered, 'question')} answered ({self.n_open:,} wait), {self.n_opened:,} of "
            f"{many(self.n_micrographs, 'micrograph')} opened on the page",
        ]
        told.append(
            f"picker {self.model}: {many(self.n_since, 'label')} of particles changed since it was trained"
            if self.model
            else "no picker is trained yet"
        )
        if self.judged:
            last = self.judged[-1]
            own = (
                "the picker without labels"
                if not last.model
                else f"picker {last.model} ({many(last.n_particles, 'label')})"
            )
            found = last.estimates
            told.append(
                f"{own}, by {found.n_questions:,} answers: F1 {_interval(found.f_beta)}, precision "
                f"{_interval(found.precision)}, recall {_interval(found.recall)} at probability {found.at:.3g}; "
                f"best from {_interval(found.threshold)} on"
            )
        else:
            told.append("F1: not known yet; it is once all questions of a query of --strategy importance are answered")
        return [*told, *self._next()]

    @property
    def step(self) -> str:
        """The command that comes next: query, label, train or pick."""
        if self.n_open:
            return "label"
        if not self.model or self.n_since:
            return "train" if self.n_particles else "query"
        return "pick" if self.worth is not None and self.worth.stop else "query"

    def _next(self) -> list[str]:
        if self.worth is None:
            return ["the next labels: not known before a trained picker's questions are answered"]
        chance = f"the chance that they gain less than {WORTH} is {self.worth.chance_of_less:.0%}"
        advice = "stop" if self.worth.stop else "go on"
        return [
            f"the next {self.worth.n_labels} labels: {_interval(self.worth.gain, '+')} of F1; {chance}",
            f"{advice}: the rule is to stop once that chance is {SURE:.0%}",
        ]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        names: tuple[str, ...] = ("n_particles", "n_rejected", "n_unsure", "n_answered", "n_open")
        names += ("n_labelled", "n_opened", "n_micrographs", "model", "n_since", "step")
        told: dict[str, Any] = {name: getattr(self, name) for name in names}
        told["judged"] = [
            {"model": one.model, "n_particles": one.n_particles, "query": one.query, "at": one.estimates.at}
            | {name: _plain(getattr(one.estimates, name)) for name in ("f_beta", "precision", "recall", "threshold")}
            for one in self.judged
        ]
        told["next"] = self.worth and {
            "n_labels": self.worth.n_labels,
            "gain": _plain(self.worth.gain),
            "chance_of_less": self.worth.chance_of_less,
            "stop": self.worth.stop,
        }
        return told


def status(project: Project) -> Status:
    """How a project stands."""
    state = project.state()
    places = list(state.places.values())
    models = {number: project.read_told(MODELS, number) for number in project.numbered(MODELS)}
    judged = []
    for number in project.numbered(QUERIES):
        model = project.read_told(QUERIES, number)["model"]
        found = estimates(project, number, state)
        if found is not None:
            n = models[model]["n_particles"] if model else 0
            judged.append(Judged(model, n, number, found))
    points = [(one.n_particles, one.estimates.f_beta.value, _std_error(one.estimates.f_beta)) for one in judged]
    particles = [place for place in settled(state) if place.particle]  # as pickers learn them: one label a place
    model = max(models, default=0)
    known = fold(project.actions[: models[model]["n_actions"]]) if model else State()
    return Status(
        n_particles=state.n_particles,
        n_rejected=sum(place.particle is False for place in places),
        n_unsure=sum(place.particle is None for place in places),
        n_answered=len(state.answered),
        n_open=waiting(project, state)[1],
        n_labelled=len({place.micrograph for place in places}),
        n_opened=len(state.opened),
        n_micrographs=len(project.names),
        model=model,
        n_since=_changed(settled(known), particles),
        judged=tuple(judged),
        worth=worth(points, len(particles)),
    )


def _changed(before: Sequence[Place], now: Sequence[Place]) -> int:
    """Labels of particles that are new, moved or gone; a label that was moved is one."""
    there, here = ({(one.micrograph, one.x, one.y) for one in some if one.particle} for some in (before, now))
    return max(len(here - there), len(there - here))


def _std_error(estimate: Estimate) -> float:
    return (estimate.high - estimate.low) / (2 * NORMAL_95)


def _interval(estimate: Estimate, sign: str = "") -> str:
    return f"{estimate.value:{sign}.3f} ({estimate.low:{sign}.3f} to {estimate.high:{sign}.3f})"


def _plain(estimate: Estimate) -> dict[str, float]:
    return {name: getattr(estimate, name) for name in ("value", "low", "high")}
