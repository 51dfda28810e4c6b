"""Architectures that are one Gaussian process over (input, task): estimators around a TaskGP."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mfgp.architectures.regressor import Regressor
from mfgp.data.observations import Observations
from mfgp.inference import FitReport
from mfgp.kernels import TaskKernel
from mfgp.model import TaskGP
from mfgp.prediction import NormalPrediction, condition


class TaskRegressor(Regressor):
    """Base of the architectures that are a kernel. A subclass stores its parameters and builds its kernel.

    Parameters
    ----------
    kernel
        k(x, x') on the inputs: "matern52", "matern32", "matern12", "rbf" or a GPyTorch kernel.
    device
        Where tensors live, for example "cuda"; None for the CPU.
    """

    @abstractmethod
    def _build_kernel(self, num_inputs: int, tasks: tuple[Hashable, ...]) -> TaskKernel:
        """The kernel over (input, task) of this architecture."""

    @abstractmethod
    def _process_names(self) -> list[Hashable]:
        """The name of each latent process, in the kernel's order."""

    @property
    def task_correlation_(self) -> pd.DataFrame:
        """(T, T) prior correlation between the tasks at one input, averaged over the data where it depends on it."""
        self._check_fitted("task_correlation_")
        with torch.no_grad():
            at_data = self.model_.covar_module.task_covariance(self.model_.exact_posterior.observations.x)
        covariance = at_data.reshape(-1, *at_data.shape[-2:]).mean(0).cpu().numpy()
        scale = np.sqrt(np.diagonal(covariance))
        names = pd.Index(self.tasks_, tupleize_cols=False)
        return pd.DataFrame(covariance / np.outer(scale, scale), names, names)

    @property
    def lengthscales_(self) -> pd.DataFrame:
        """(processes, inputs) lengthscales, each in its input's unit: how far one has to go for a change."""
        self._check_fitted("lengthscales_")
        kernels = self.model_.covar_module.input_kernels
        return self._lengthscale_table(dict(zip(self._process_names(), kernels, strict=True)))

    def _fit_model(self, data: Observations, tasks: tuple[Hashable, ...]) -> tuple[TaskGP, FitReport]:
        kernel = self._build_kernel(data.x.shape[-1], tasks)
        rows = torch.cat([data.x, data.task.unsqueeze(-1).to(data.x)], dim=-1)
        model = TaskGP(rows, data.y.unsqueeze(-1), train_Yvar=data.noise.square().unsqueeze(-1), kernel=kernel)
        return model, model.fit()

    def _distribution(
        self, x: Tensor, index: pd.Index, known: np.ndarray | None, noise: np.ndarray, observed: bool
    ) -> NormalPrediction:
        joint = self.model_.joint(x)
        means, covariance = joint.mean.cpu().numpy(), joint.covariance.cpu().numpy()
        if known is not None:
            means, covariance = condition(means, covariance, known, np.square(noise))
        if observed:
            covariance = covariance + np.diag(np.square(self.model_.noise_scale().cpu().numpy()))
        return NormalPrediction(self._tasks.names, index, means, covariance)
