"""Cascade: each task as a function of the inputs and of other tasks' values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.architectures.regressor import Regressor
from mfgp.architectures.sources import latent_edges
from mfgp.cascade import CascadeModel
from mfgp.data.inputs import Inputs
from mfgp.data.levels import Unseen
from mfgp.data.observations import Observations
from mfgp.data.tasks import Tasks
from mfgp.inference import FitReport, Known, left_out
from mfgp.inference.report import joined
from mfgp.prediction import CascadePrediction, NormalPrediction


class CascadeGP(Regressor):
    """Each task as a function of the inputs and of its sources' values: y_t = g_t(x, y_sources).

    For tasks that are nonlinear in one another: a square, a saturation, a factor that changes over the inputs. Each g_t
    is a Gaussian process, and the uncertainty of a source goes on into the next task, in training and in prediction.
    Perdikaris et al. (2017), with the kernel of Cutajar et al. (2019), on any directed acyclic graph of tasks, which
    need not be measured at the same rows. The prediction is not normal, see
    :class:`~mfgp.prediction.CascadePrediction`.

    Parameters
    ----------
    sources
        For each task, the tasks whose values are its inputs, for example ``{"gap_expt": ["gap_mp", "gap_oqmd"]}``;
        tasks that are not named have none. None for a chain in the order of Y's columns, low fidelity first.
    kernel
        k(x, x') on the inputs: "matern52", "matern32", "matern12", "rbf" or a GPyTorch kernel.
    device
        Where tensors live, for example "cuda"; None for the CPU.
    unseen
        What is done with levels of a categorical input that the fit did not have: "prior" predicts them with the
        uncertainty of the prior, "error" refuses them.
    concentration
        How little a label tells of the probabilities at its place, a positive number; None to choose it for each label
        by leaving labels out in turn.

    Attributes
    ----------
    model_
        A :class:`~mfgp.cascade.CascadeModel`: one process a task. It is no BoTorch model.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 24)})
    >>> Y = pd.DataFrame({"cheap": np.sin(9 * X.x), "dear": np.sin(9 * X.x) ** 2})
    >>> Y.loc[Y.index % 3 > 0, "dear"] = np.nan
    >>> model = CascadeGP().fit(X, Y)
    >>> model.predict(pd.DataFrame({"x": [0.55]})).round(2)
       cheap  dear
    0  -0.97  0.95
    """

    def __init__(
        self,
        sources: Mapping[Hashable, Sequence[Hashable]] | None = None,
        kernel: str | Kernel = "matern52",
        device: str | torch.device | None = None,
        unseen: Unseen = "prior",
        concentration: float | None = None,
    ) -> None:
        super().__init__(kernel, device, unseen, concentration)
        self.sources = sources

    def _named_kernels(self) -> dict[Hashable, Kernel]:
        """What a task has of its own by the task's name, and its relation to sources as "task given its sources"."""
        kernels: dict[Hashable, Kernel] = {}
        for place, task in enumerate(self._tasks.latents):
            own, *relation = self.model_.cascade.conditionals[place].kernel.input_kernels
            kernels[task] = own
            kernels |= {f"{task} given its sources": inner for inner in relation}
        return kernels

    @property
    def value_lengthscales_(self) -> pd.DataFrame:
        """(T, T) lengthscales over values, in the source's unit: row a task, column its source; NaN without an edge.

        A source has to change by about this much for the curve of the task over it to bend.
        """
        self._check_fitted("value_lengthscales_")
        units = self.model_.outcome_transform.stdvs.cpu().numpy()
        table = np.full((len(units), len(units)), np.nan)
        for task, conditional in self.model_.cascade.conditionals.items():
            if conditional.sources:
                places = list(conditional.sources)
                table[task, places] = conditional.kernel.value_lengthscale.detach().cpu().numpy() * units[places]
        names = pd.Index(self._tasks.latents, tupleize_cols=False)
        return pd.DataFrame(table, names, names)

    def _fit_model(self, data: Observations, inputs: Inputs, tasks: Tasks) -> tuple[CascadeModel, FitReport]:
        named = latent_edges(self.sources, tasks)
        sources = {latent: named.get(latent, []) for latent in range(len(tasks.latents))}
        model = CascadeModel(data, sources, self.kernel, inputs.counts)
        return model, _report(model, tasks)

    def _average(self, model: CascadeModel, report: FitReport) -> tuple[CascadeModel, FitReport]:
        return model, report

    def _carry(self, model: CascadeModel, data: Observations) -> CascadeModel:
        return CascadeModel(data, model.sources, self.kernel, model.levels, before=model.cascade, climb=False)

    def _climb(self, model: CascadeModel, data: Observations, tasks: Tasks) -> tuple[CascadeModel, FitReport]:
        climbed = CascadeModel(data, model.sources, self.kernel, model.levels, before=model.cascade)
        return climbed, _report(climbed, tasks)

    def _scores_left_out(
        self, model: CascadeModel, data: Observations, tasks: Tasks, label: int
    ) -> list[NormalPrediction]:
        """Each score without its own value, its sources being known as far as they were measured.

        Steps that a label does not come to are not needed for its probability, and set to zero.
        """
        span = tasks.spans[label]
        rows = np.unique(data.row[data.task == span.start].cpu().numpy())
        means, variance = np.zeros((len(rows), len(span))), np.zeros((len(rows), len(span)))
        for column, latent in enumerate(span):
            exact = model.cascade.conditionals[latent].posterior
            row = exact.observations.row
            found = left_out(exact, row)
            here = np.searchsorted(rows, row.cpu().numpy())
            scale, shift = model.outcome_transform.stdvs[latent], model.outcome_transform.means[latent]
            means[here, column] = (found.mean * scale + shift).cpu().numpy()
            variance[here, column] = ((found.variance - exact.noise_variance) * scale.square()).clamp_min(0.0).cpu()
        names = tuple(tasks.latents[latent] for latent in span)
        return [NormalPrediction(names, pd.Index(rows), means, variance[:, :, None] * np.eye(len(span)))]

    def _distribution(
        self, x: Tensor, index: pd.Index, known: np.ndarray | None, noise: np.ndarray, observed: bool
    ) -> CascadePrediction:
        value = torch.full(noise.shape, torch.nan) if known is None else torch.tensor(known)
        given = Known(value.to(x), torch.tensor(np.square(noise)).to(x))
        added = torch.from_numpy(self._noise_of_latents()).to(x) * float(observed)
        return CascadePrediction.at(self.model_, x, given, added, self._tasks.latents, index)


def _report(model: CascadeModel, tasks: Tasks) -> FitReport:
    return joined({tasks.latents[latent]: report for latent, report in model.reports.items()})
