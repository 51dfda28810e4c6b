"""What the architectures around one TaskGP have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from copy import copy
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.architectures.regressor import Regressor
from mfgp.data.inputs import Inputs
from mfgp.data.levels import Unseen
from mfgp.data.observations import Observations
from mfgp.data.table import listed
from mfgp.data.tasks import Tasks
from mfgp.errors import DataError, ParameterError
from mfgp.inference import FitReport, left_out
from mfgp.kernels import TaskKernel
from mfgp.kernels.levels import expanded_columns
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
    warm_start
        True to begin each fit after the first where the one before ended, with that one start alone: quick where a few
        rows were added, but another maximum that they speak for is not looked for.
    unseen
        What is done with levels of a categorical input that the fit did not have: "prior" predicts them with the
        uncertainty of the prior, "error" refuses them.
    """

    def __init__(
        self,
        kernel: str | Kernel = "matern52",
        device: str | torch.device | None = None,
        warm_start: bool = False,
        unseen: Unseen = "prior",
    ) -> None:
        super().__init__(kernel, device, unseen)
        self.warm_start = warm_start

    @abstractmethod
    def _build_kernel(self, num_inputs: int, tasks: Tasks) -> TaskKernel:
        """The kernel over (input, latent) of this architecture, the coordinates of levels counting as inputs."""

    @abstractmethod
    def _process_names(self) -> list[Hashable]:
        """The name of each latent process, in the kernel's order."""

    def condition_on(self, X: Any, Y: Any, noise: Any = None) -> Self:
        """A copy that has learned from more rows at the same hyperparameters, without fitting again.

        The cost is that of the rows added: the factor of the covariance grows by them.

        Parameters
        ----------
        X
            (m, d) inputs.
        Y
            (m, T) values, NaN where not measured; columns may be left out.
        noise
            Known standard deviations of these values; each task's own noise where there is none.

        Raises
        ------
        ColumnError, DataError, DataTypeError
            As ``fit``; and for a level of a categorical input that the fit did not have, whose position it would learn.
        """
        self._check_fitted("posterior to add rows to")
        x, index = self._inputs.read(X, "error")
        y = self._tasks.read_given(Y, X, "Y")
        known = None if noise is None else self._tasks.read_noise(noise, X)
        y, known = self._tasks.observe(y, known)
        data = Observations.gather(x, y, known, self.model_.train_targets.device)
        if not len(data):
            raise DataError("Y has no value at all: give at least one, or predict from the model as it is")
        rows = torch.cat([data.x, data.task.unsqueeze(-1).to(data.x)], dim=-1)
        variance = (data.noise / self.model_.outcome_transform.stdvs[data.task]).square().unsqueeze(-1)
        grown = copy(self)
        grown.model_ = self.model_.condition_on_observations(rows, data.y.unsqueeze(-1), noise=variance)
        grown._rows = np.concatenate([self._rows, data.row.cpu().numpy() + len(self._index)])
        grown._counts = grown._values_of_tasks(grown.model_.exact_posterior.observations)
        grown._index = self._index.append(index)
        return grown

    def predict_left_out(self, by: Any = "row", observed: bool = True) -> tuple[Any, Any]:
        """Means and standard deviations of the values learned from, each predicted without its group.

        In closed form from one inverse, so it costs less than one step of a fit. Hyperparameters, means and scales of
        the tasks stay those of all values; :func:`mfgp.validation.cross_validate` learns them anew for each fold.

        Parameters
        ----------
        by
            What is left out together: "row" for all tasks of a row, "value" for each value by itself, its row's other
            tasks being known; or (n,) labels of groups of rows, such as the material that each is of.
        observed
            True for deviations of a measurement, False for those of the underlying quantity, without noise.

        Returns
        -------
        Means and deviations (n, T) in the form that Y had, NaN where no value was learned from.

        Raises
        ------
        ParameterError
            `by` is neither a name nor one label a row, or a task is a label.

        Examples
        --------
        >>> from mfgp import MultiTaskGP
        >>> X = pd.DataFrame({"x": np.linspace(0, 1, 12)})
        >>> mean, std = MultiTaskGP().fit(X, np.sin(6 * X.x)).predict_left_out()
        >>> bool((mean - np.sin(6 * X.x)).abs().max() < 0.1)
        True
        """
        self._check_fitted("predictions of what was left out")
        if self._tasks.labels:
            names = [self._tasks.names[task] for task in self._tasks.labels]
            raise ParameterError(
                f"predict_left_out is for numbers, but {listed(names)} is a label; "
                "use mfgp.validation.cross_validate_labels"
            )
        exact = self.model_.exact_posterior
        place = exact.observations.row.cpu().numpy()
        rows, task = self._rows[place], exact.observations.task
        found = left_out(exact, torch.from_numpy(self._groups(by, rows)).to(task.device))
        variance = found.variance if observed else found.variance - exact.noise_variance
        scale = self.model_.outcome_transform.stdvs[task]
        columns = (
            found.mean * scale + self.model_.outcome_transform.means[task],
            variance.clamp_min(0.0).sqrt() * scale,
        )
        tables = [np.full((len(self._index), len(self.tasks_)), np.nan) for _ in columns]
        for table, values in zip(tables, columns, strict=True):
            table[rows, task.cpu().numpy()] = values.cpu().numpy()
        mean, std = (self._tasks.present(table, self._index) for table in tables)
        return mean, std

    @property
    def task_correlation_(self) -> pd.DataFrame:
        """(T, T) prior correlation between the tasks at one input, averaged over the data where it depends on it.

        A label has a row and a column for each of its scores.
        """
        self._check_fitted("task_correlation_")
        with torch.no_grad():
            at_data = self.model_.covar_module.task_covariance(self.model_.exact_posterior.observations.x)
        covariance = at_data.reshape(-1, *at_data.shape[-2:]).mean(0).cpu().numpy()
        scale = np.sqrt(np.diagonal(covariance))
        names = pd.Index(self._tasks.latents, tupleize_cols=False)
        return pd.DataFrame(covariance / np.outer(scale, scale), names, names)

    def _named_kernels(self) -> dict[Hashable, Kernel]:
        return dict(zip(self._process_names(), self.model_.covar_module.input_kernels, strict=True))

    def _fit_model(self, data: Observations, inputs: Inputs, tasks: Tasks) -> tuple[TaskGP, FitReport]:
        width = data.x.shape[-1]
        kernel = self._build_kernel(expanded_columns(width, inputs.counts), tasks)
        kernel.embed_levels(width, inputs.counts)
        rows = torch.cat([data.x, data.task.unsqueeze(-1).to(data.x)], dim=-1)
        model = TaskGP(rows, data.y.unsqueeze(-1), train_Yvar=data.noise.square().unsqueeze(-1), kernel=kernel)
        described = (inputs, tasks, self.get_params() | {"warm_start": None, "device": None})
        continued = self.warm_start and getattr(self, "_described", None) == described
        if continued:
            self._hand_on(model)
        self._described = described
        return model, model.refit() if continued else model.fit()

    @torch.no_grad()
    def _hand_on(self, model: TaskGP) -> None:
        """Give a model the hyperparameters of the one before, which is of the same kind."""
        before = self.model_
        for new, old in ((model.covar_module, before.covar_module), (model.likelihood, before.likelihood)):
            for parameter, value in zip(new.parameters(), old.parameters(), strict=True):
                parameter.copy_(value)

    def _groups(self, by: Any, rows: np.ndarray) -> np.ndarray:
        """An integer for each observation that is the same within a group."""
        if isinstance(by, str) and by == "value":
            return np.arange(len(rows))
        if isinstance(by, str) and by == "row":
            return rows
        if isinstance(by, str) or np.ndim(by) != 1 or len(by) != len(self._index):
            what = repr(by) if isinstance(by, str) else f"of shape {np.shape(by)}"
            raise ParameterError(
                f"by is {what}, expected 'row', 'value' or one label for each of the {len(self._index)} rows learned "
                "from"
            )
        if isinstance(by, pd.Series) and not by.index.equals(self._index):
            raise ParameterError("by and the rows learned from have different row labels; write by.loc[X.index]")
        labels = pd.factorize(np.asarray(by))[0]
        if (labels < 0).any():
            raise ParameterError(f"by lacks a label in {(labels < 0).sum()} rows; give each row one")
        return labels[rows]

    def _distribution(
        self, x: Tensor, index: pd.Index, known: np.ndarray | None, noise: np.ndarray, observed: bool
    ) -> NormalPrediction:
        joint = self.model_.joint(x)
        means, covariance = joint.mean.cpu().numpy(), joint.covariance.cpu().numpy()
        if known is not None:
            means, covariance = condition(means, covariance, known, np.square(noise))
        if observed:
            covariance = covariance + np.diag(np.square(self._noise_of_latents()))
        return NormalPrediction(self._tasks.latents, index, means, covariance)
