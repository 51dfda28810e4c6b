"""Latent variable: tasks embedded as points beside the inputs."""

from __future__ import annotations

from collections.abc import Hashable
from numbers import Integral

import pandas as pd
import torch
from gpytorch.kernels import Kernel

from mfgp.architectures.estimator import TaskRegressor
from mfgp.architectures.hyperparameters import Hyperparameters
from mfgp.data.levels import Unseen
from mfgp.data.tasks import Tasks
from mfgp.errors import ParameterError
from mfgp.kernels import TaskEmbeddingKernel, input_kernel


class LatentVariableGP(TaskRegressor):
    """Each task a point z in a latent space, which the kernel sees beside x: cov = a_t a_t' k([x, z], [x', z']).

    For many tasks, or tasks that differ in one underlying respect. Zhang, Tao, Chen & Apley (2020), with a signed
    amplitude a_t so that a task may be the mirror image of another.

    Parameters
    ----------
    dimension
        Coordinates of each task's position.
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
    >>> Y = pd.DataFrame({"a": np.sin(6 * X.x), "b": np.sin(6 * X.x + 0.1), "c": np.cos(5 * X.x)})
    >>> z = LatentVariableGP().fit(X, Y).embedding_
    >>> bool(abs(z.loc["a"] - z.loc["b"]).sum() < abs(z.loc["a"] - z.loc["c"]).sum())
    True
    """

    def __init__(
        self,
        dimension: int = 2,
        kernel: str | Kernel = "matern52",
        device: str | torch.device | None = None,
        warm_start: bool = False,
        unseen: Unseen = "prior",
        concentration: float | None = None,
        hyperparameters: Hyperparameters = "map",
        random_state: int = 0,
    ) -> None:
        super().__init__(kernel, device, warm_start, unseen, concentration, hyperparameters, random_state)
        self.dimension = dimension

    @property
    def embedding_(self) -> pd.DataFrame:
        """(T, dimension) positions of the tasks, in lengthscales, with the origin at their mean."""
        self._check_fitted("embedding_")
        z = self.model_.covar_module.positions.detach().cpu().numpy()
        index = pd.Index(self._tasks.latents, tupleize_cols=False)
        return pd.DataFrame(z - z.mean(axis=0), index, [f"z{i}" for i in range(self.dimension)])

    def _build_kernel(self, num_inputs: int, tasks: Tasks) -> TaskEmbeddingKernel:
        if not isinstance(self.dimension, Integral) or self.dimension < 1:
            raise ParameterError(f"dimension={self.dimension!r}, expected a whole number of at least 1")
        return TaskEmbeddingKernel(input_kernel(self.kernel, num_inputs), len(tasks.latents), self.dimension)

    def _process_names(self) -> list[Hashable]:
        return ["all tasks"]
