"""The posterior over templates: the most likely one, responsibilities, and the evidence for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.devices import CPU, cuda_extension
from motes.kernels.passes import results
from motes.noise import LinearModel
from motes.patterns import Patterns
from motes.scratch import gathered

if TYPE_CHECKING:
    from motes.stored import StoredPatterns


class Posterior(NamedTuple):
    """Arrays in the host's memory, without rows where they were not asked for.

    Attributes
    ----------
    labels : (N,) int32 array
        The most likely template, the first of equals.
    responsibilities : (N, R) array
        Probability of each template.
    evidence : (N,) array
        ln sum_r exp score[p, r], nats, without what is common to all templates.
    """

    labels: npt.NDArray[np.int32]
    responsibilities: npt.NDArray[Any]
    evidence: npt.NDArray[Any]


def posterior(
    patterns: Patterns,
    model: LinearModel,
    *,
    labels: bool = False,
    responsibilities: bool = False,
    evidence: bool = False,
    threads: int,
) -> Posterior:
    """What was asked for of a model's templates, where the patterns are.

    Examples
    --------
    >>> from motes.noise import Bernoulli, linear_model
    >>> patterns = Patterns.from_dense([[1, 0, 0, 0], [0, 1, 0, 0]])
    >>> means = np.array([[0.9, 0.1, 0.1, 0.1], [0.1, 0.9, 0.1, 0.1]])
    >>> model = linear_model(Bernoulli(), means, log_prior=np.zeros(2), dtype=np.float32)
    >>> posterior(patterns, model, labels=True, threads=1).labels
    array([0, 1], dtype=int32)
    """
    wanted = {"label": labels, "responsibility": responsibilities, "evidence": evidence}
    if patterns.device == CPU:
        return Posterior(*_core.posterior(patterns._core, model.weights, model.base, **wanted, threads=threads))
    found = cuda_extension().posterior(patterns.uploaded(), model.weights, model.base, **wanted)
    return Posterior(*(array.to_numpy() for array in found))


@dataclass(frozen=True)
class LabelTask:
    """Labels part by part: see `motes.kernels.passes`."""

    model: LinearModel
    names: npt.NDArray[np.int32]

    def __call__(self, patterns: Patterns, threads: int) -> npt.NDArray[Any]:
        """Of patterns in memory."""
        labels = self.names[posterior(patterns, self.model, labels=True, threads=threads).labels]
        return labels.astype(np.min_scalar_type(int(self.names.max(initial=0))))  # it may have far to travel


def labels_of(
    patterns: Patterns | StoredPatterns, model: LinearModel, names: npt.NDArray[np.int32], *, threads: int
) -> npt.NDArray[np.int32]:
    """The most likely template of each pattern, by its name: (N,) int32; of a store in a file, `motes.scratch`.

    Examples
    --------
    >>> from motes.noise import Bernoulli, linear_model
    >>> patterns = Patterns.from_dense([[1, 0, 0, 0], [0, 1, 0, 0]])
    >>> means = np.array([[0.9, 0.1, 0.1, 0.1], [0.1, 0.9, 0.1, 0.1]])
    >>> model = linear_model(Bernoulli(), means, log_prior=np.zeros(2), dtype=np.float32)
    >>> labels_of(patterns, model, np.array([1, 0], np.int32), threads=1)
    array([1, 0], dtype=int32)
    """
    if isinstance(patterns, Patterns):
        return np.asarray(names[posterior(patterns, model, labels=True, threads=threads).labels])
    found = results(patterns, LabelTask(model, names), threads)
    return gathered(((int(patterns.bounds[k]), part) for k, part in found), len(patterns), np.int32)
