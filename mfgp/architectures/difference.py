"""Difference: autoregression between fidelities."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd
import torch
from gpytorch.kernels import Kernel

from mfgp.architectures.estimator import TaskRegressor
from mfgp.architectures.hyperparameters import Hyperparameters
from mfgp.architectures.sources import latent_edges
from mfgp.data.levels import Unseen
from mfgp.data.tasks import Tasks
from mfgp.kernels import AutoregressiveKernel, input_kernel


class DifferenceGP(TaskRegressor):
    """Each task as a multiple of its sources plus a difference of its own: y_t = sum_p rho_tp y_p + delta_t.

    For fidelities: a computed value and the measured one, a coarse and a fine mesh. Kennedy & O'Hagan (2000), on any
    directed acyclic graph of tasks, fitted as a whole so that the tasks need not be measured at the same rows.

    Parameters
    ----------
    sources
        For each task, the tasks that it is computed from, for example ``{"gap_expt": ["gap_mp", "gap_oqmd"]}``; tasks
        that are not named have none. Tasks with no path of edges between them and no common source are taken to be
        independent. None for a chain in the order of Y's columns, low fidelity first.
    kernel
        k(x, x') on the inputs: "matern52", "matern32", "matern12", "rbf" or a GPyTorch kernel.
    device
        Where tensors live, for example "cuda"; None for the CPU.
    warm_start
        True to begin each fit after the first where the one before ended.
    unseen
        What is done with levels of a categorical input that the fit did not have: "prior" predicts them with the
        uncertainty of the prior, "error" refuses them.
    concentration
        How little a label tells of the probabilities at its place, a positive number; None to choose it for each label
        by leaving labels out in turn.
    hyperparameters
        "map" to predict with the most probable ones, "posterior" to average over draws from their posterior, "auto" to
        average where values are few; see :class:`TaskRegressor <mfgp.architectures.estimator.TaskRegressor>`.
    random_state
        Seed of the draws.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 12)})
    >>> Y = pd.DataFrame({"cheap": np.sin(6 * X.x), "dear": 2 * np.sin(6 * X.x) + X.x})
    >>> Y.loc[1::2, "dear"] = np.nan
    >>> model = DifferenceGP().fit(X, Y)
    >>> model.rho_.loc["dear", "cheap"].round(1).item()
    2.0
    """

    def __init__(
        self,
        sources: Mapping[Hashable, Sequence[Hashable]] | None = None,
        kernel: str | Kernel = "matern52",
        device: str | torch.device | None = None,
        warm_start: bool = False,
        unseen: Unseen = "prior",
        concentration: float | None = None,
        hyperparameters: Hyperparameters = "map",
        random_state: int = 0,
    ) -> None:
        super().__init__(kernel, device, warm_start, unseen, concentration, hyperparameters, random_state)
        self.sources = sources

    @property
    def rho_(self) -> pd.DataFrame:
        """(T, T) weights in the tasks' units: row a task, column its source; zero where there is no edge."""
        self._check_fitted("rho_")
        units = self.model_.outcome_transform.stdvs
        rho = (self.model_.covar_module.rho.detach() * units.unsqueeze(-1) / units).cpu().numpy()
        names = pd.Index(self._tasks.latents, tupleize_cols=False)
        return pd.DataFrame(rho, names, names)

    def _build_kernel(self, num_inputs: int, tasks: Tasks) -> AutoregressiveKernel:
        kernels = [input_kernel(self.kernel, num_inputs) for _ in tasks.latents]
        return AutoregressiveKernel(kernels, latent_edges(self.sources, tasks))

    def _process_names(self) -> list[Hashable]:
        return list(self._tasks.latents)
