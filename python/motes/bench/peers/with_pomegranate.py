"""pomegranate's mixture of Bernoulli distributions, on dense tensors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.bench.peers import Prepared, contender
from motes.bench.workloads import Work


@contender("sweep", "pomegranate Bernoulli mixture", needs="pomegranate")
def sweep(work: Work, _: int) -> Prepared:
    import torch
    from pomegranate.distributions import Bernoulli
    from pomegranate.gmm import GeneralMixtureModel

    x, templates = torch.from_numpy(work.dense()), work.master[work.index].astype(np.float32)

    def call() -> GeneralMixtureModel:
        model = GeneralMixtureModel([Bernoulli(template) for template in templates])
        model.summarize(x)
        model.from_summaries()
        return model

    def read(model: GeneralMixtureModel) -> npt.NDArray[np.float64]:
        means = np.stack([part.probs.numpy() for part in model.distributions])
        return work.home(means.T * model.priors.numpy() * work.n_patterns)

    return Prepared(call, read)
