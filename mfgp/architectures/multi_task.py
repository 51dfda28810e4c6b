"""Multi-task: coregionalization."""

from __future__ import annotations

from collections.abc import Hashable
from numbers import Integral

import torch
from gpytorch.kernels import Kernel

from mfgp.architectures.estimator import TaskRegressor
from mfgp.architectures.hyperparameters import Hyperparameters
from mfgp.data.levels import Unseen
from mfgp.data.tasks import Tasks
from mfgp.errors import ParameterError
from mfgp.kernels import CoregionalizationKernel, input_kernel


class MultiTaskGP(TaskRegressor):
    """Tasks as mixtures of latent processes: cov = sum_q B_q[t, t'] k_q(x, x'), B_q = W_q W_q^T + diag(kappa_q).

    For tasks on an equal footing, none of which is computed from another. Bonilla, Chai & Williams (2007); Alvarez,
    Rosasco & Lawrence (2012).

    Parameters
    ----------
    processes
        Number of latent processes, each with lengthscales of its own.
    rank
        Columns of each W_q: how many patterns the tasks share. None for the smaller of 2 and the number of tasks.
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
    >>> Y = pd.DataFrame({"cheap": np.sin(6 * X.x), "dear": -3 * np.sin(6 * X.x)})
    >>> Y.loc[1::2, "dear"] = np.nan
    >>> model = MultiTaskGP().fit(X, Y)
    >>> model.task_correlation_.loc["cheap", "dear"].round(1).item()
    -1.0
    """

    def __init__(
        self,
        processes: int = 1,
        rank: int | None = None,
        kernel: str | Kernel = "matern52",
        device: str | torch.device | None = None,
        warm_start: bool = False,
        unseen: Unseen = "prior",
        concentration: float | None = None,
        hyperparameters: Hyperparameters = "map",
        random_state: int = 0,
    ) -> None:
        super().__init__(kernel, device, warm_start, unseen, concentration, hyperparameters, random_state)
        self.processes = processes
        self.rank = rank

    def _build_kernel(self, num_inputs: int, tasks: Tasks) -> CoregionalizationKernel:
        if not isinstance(self.processes, Integral) or self.processes < 1:
            raise ParameterError(f"processes={self.processes!r}, expected a whole number of at least 1")
        rank = min(len(tasks.latents), 2) if self.rank is None else self.rank
        if not isinstance(rank, Integral) or not 0 <= rank <= len(tasks.latents):
            raise ParameterError(
                f"rank={rank!r}, expected a whole number from 0 (nothing shared) to {len(tasks.latents)}, "
                "the number of tasks"
            )
        kernels = [input_kernel(self.kernel, num_inputs) for _ in range(self.processes)]
        return CoregionalizationKernel(kernels, len(tasks.latents), rank)

    def _process_names(self) -> list[Hashable]:
        return [f"process {q}" for q in range(self.processes)]
