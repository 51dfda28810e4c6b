"""What the architectures have in common: a scikit-learn estimator over frames around a TaskGP."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Hashable
from copy import copy
from typing import Any, Self, get_args

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import Kernel
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags
from torch import Tensor

from mfgp.architectures.levels import level_positions
from mfgp.data.inputs import Inputs
from mfgp.data.levels import Unseen
from mfgp.data.observations import Observations
from mfgp.data.tasks import Tasks
from mfgp.errors import DataError, NotFittedError, ParameterError
from mfgp.inference import FitReport, left_out
from mfgp.kernels import TaskKernel
from mfgp.kernels.levels import expanded_columns, plain
from mfgp.kernels.stationary import profile
from mfgp.model import TaskGP
from mfgp.prediction import NormalPrediction, condition


class TaskRegressor(RegressorMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of the architectures. A subclass stores its parameters and builds its kernel; all else is here.

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
        self.kernel = kernel
        self.device = device
        self.warm_start = warm_start
        self.unseen = unseen

    @abstractmethod
    def _build_kernel(self, num_inputs: int, tasks: tuple[Hashable, ...]) -> TaskKernel:
        """The kernel over (input, task) of this architecture, the coordinates of levels counting as inputs."""

    @abstractmethod
    def _process_names(self) -> list[Hashable]:
        """The name of each latent process, in the kernel's order."""

    def fit(self, X: Any, Y: Any, noise: Any = None) -> Self:
        """Learn the hyperparameters and keep the data.

        Parameters
        ----------
        X
            (n, d) frame or array of inputs: numbers, or categories (columns of text or of pandas' categories).
        Y
            (n, T) frame or array of values, one column a task, NaN where not measured; or (n,) for one task.
        noise
            Known standard deviations in the tasks' units, shaped as `Y`; NaN, or a task left out, where the noise is
            to be learned. None to learn it for every task.

        Raises
        ------
        ColumnError, DataError, DataTypeError
            The tables cannot be used; the message says which column or row, and what to write instead.
        ParameterError
            A constructor parameter has a value that means nothing.
        """
        inputs, tasks = Inputs.learn(X), Tasks.learn(Y)
        if self.unseen not in get_args(Unseen):
            raise ParameterError(f"unseen={self.unseen!r}, expected 'prior' or 'error'")
        x, index = inputs.read(X)
        y = tasks.read(Y, X)
        known = None if noise is None else tasks.read_noise(noise, X)
        measured = ~np.isnan(y).all(axis=1)
        if inputs.levels and not measured.all():
            inputs = inputs.only(x[measured])
            x, _ = inputs.read(X)
        kernel = self._build_kernel(expanded_columns(x.shape[1], inputs.counts), tasks.names)
        kernel.embed_levels(x.shape[1], inputs.counts)
        data = Observations.gather(x, y, known, self._usable_device())
        rows = torch.cat([data.x, data.task.unsqueeze(-1).to(data.x)], dim=-1)
        variance = None if known is None else data.noise.square().unsqueeze(-1)
        model = TaskGP(rows, data.y.unsqueeze(-1), train_Yvar=variance, kernel=kernel)
        continued = self.warm_start and self._hand_on(model, tasks)
        self.fit_report_: FitReport = model.refit() if continued else model.fit()
        self.model_ = model
        self._index, self._rows = index, data.row.cpu().numpy()
        self._inputs, self._tasks = inputs, tasks
        self.tasks_ = list(tasks.names)
        self.n_features_in_ = x.shape[1]
        if inputs.feature_names_in is not None:
            self.feature_names_in_ = inputs.feature_names_in
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Mean of every task at each row, in the form that Y had: frame for a frame, array for an array.

        Parameters
        ----------
        X
            (n, d) inputs; a frame's columns may come in any order.
        return_std
            Also give the standard deviations of the underlying quantity (without measurement noise), in the same form.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        x, index = self._read(X)
        if return_std:
            joint = self._prediction(x, index)
            return self._tasks.present(joint.means, index), self._tasks.present(joint.std.to_numpy(), index)
        means = self.model_.mean(self._tensor(x)).cpu().numpy()
        return self._tasks.present(means, index)

    def predict_distribution(
        self, X: Any, *, given: Any = None, noise: Any = None, observed: bool = False
    ) -> NormalPrediction:
        """Joint distribution over the tasks at each row.

        Parameters
        ----------
        X
            (n, d) inputs.
        given
            Values of tasks that are already known at these rows, NaN elsewhere; columns may be left out. Each row is
            conditioned on its own known values, without refitting.
        noise
            Known standard deviations of the given values; each task's own noise where there is none.
        observed
            True for what a measurement would show: each task's noise is added.
        """
        x, index = self._read(X)
        joint = self._prediction(x, index)
        means, covariance = joint.means, joint.covariance
        task_noise = self.model_.noise_scale().cpu().numpy()
        if given is not None:
            values = self._tasks.read_given(given, X)
            scale = np.broadcast_to(task_noise, values.shape)
            if noise is not None:
                known = self._tasks.read_noise(noise, X)
                scale = np.where(np.isnan(known), scale, known)
            means, covariance = condition(means, covariance, values, np.square(scale))
        elif noise is not None:
            raise ParameterError("noise= describes the given values, but given= is missing; give both or neither")
        if observed:
            covariance = covariance + np.diag(np.square(task_noise))
        return NormalPrediction(self._tasks.names, index, means, covariance)

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
            As ``fit``.
        """
        x, index = self._read(X)
        y = self._tasks.read_given(Y, X, "Y")
        known = None if noise is None else self._tasks.read_noise(noise, X)
        data = Observations.gather(x, y, known, self.model_.train_targets.device)
        if not len(data):
            raise DataError("Y has no value at all: give at least one, or predict from the model as it is")
        rows = torch.cat([data.x, data.task.unsqueeze(-1).to(data.x)], dim=-1)
        variance = (data.noise / self.model_.outcome_transform.stdvs[data.task]).square().unsqueeze(-1)
        grown = copy(self)
        grown.model_ = self.model_.condition_on_observations(rows, data.y.unsqueeze(-1), noise=variance)
        grown._rows = np.concatenate([self._rows, data.row.cpu().numpy() + len(self._index)])
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
            `by` is neither a name nor one label a row.

        Examples
        --------
        >>> from mfgp import MultiTaskGP
        >>> X = pd.DataFrame({"x": np.linspace(0, 1, 12)})
        >>> mean, std = MultiTaskGP().fit(X, np.sin(6 * X.x)).predict_left_out()
        >>> bool((mean - np.sin(6 * X.x)).abs().max() < 0.1)
        True
        """
        self._check_fitted("predictions of what was left out")
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

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R2 on the measured values y (n, T), averaged over the tasks that have at least two of them."""
        x, index = self._read(X)
        truth = self._tasks.read_given(y, X, "y")
        if sample_weight is not None and np.shape(sample_weight) != (len(x),):
            raise DataError(
                f"sample_weight has the shape {np.shape(sample_weight)}, expected ({len(x)},): give one weight for "
                "each row of X"
            )
        means = self._prediction(x, index).means
        scores = []
        for t in range(truth.shape[1]):
            seen = ~np.isnan(truth[:, t])
            weights = None if sample_weight is None else np.asarray(sample_weight)[seen]
            if seen.sum() > 1:
                scores.append(r2_score(truth[seen, t], means[seen, t], sample_weight=weights))
        return float(np.mean(scores)) if scores else float("nan")

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
        unknown = [type(kernel).__name__ for kernel in kernels if profile(kernel) is None]
        if unknown:
            raise ParameterError(
                f"lengthscales_ are known for the named kernels, but this model uses {unknown[0]}; "
                "read its parameters from model_.covar_module.input_kernels"
            )
        transform = getattr(self.model_, "input_transform", None)  # there is none without numbers
        scale = np.empty(0) if transform is None else transform.coefficient.flatten().cpu().numpy()
        width = expanded_columns(len(self._inputs.columns), self._inputs.counts)
        rows = [
            plain(kernel).lengthscale.detach().expand(1, width).cpu().numpy()[0, : len(scale)] * scale
            for kernel in kernels
        ]
        numbers = [name for place, name in enumerate(self._inputs.columns) if place not in self._inputs.levels]
        index = pd.Index(self._process_names(), tupleize_cols=False)
        return pd.DataFrame(rows, index, pd.Index(numbers, tupleize_cols=False))

    @property
    def level_embeddings_(self) -> pd.DataFrame:
        """Positions of the levels of categorical inputs, in lengthscales of each process; empty if there are none.

        Rows are (process, input, level), columns the coordinates z0 and z1: principal axes of the levels of an input,
        with the origin at their mean. Levels a distance of one apart behave about as alike as numbers one lengthscale
        apart. An input with two levels has one coordinate only, and NaN for the other.
        """
        self._check_fitted("level_embeddings_")
        kernels = dict(zip(self._process_names(), self.model_.covar_module.input_kernels, strict=True))
        return level_positions(kernels, self._inputs)

    @property
    def noise_(self) -> pd.Series:
        """(T,) standard deviation of each task's noise, in its unit: learned, or typical of the known ones."""
        self._check_fitted("noise_")
        index = pd.Index(self.tasks_, tupleize_cols=False)
        return pd.Series(self.model_.noise_scale().cpu().numpy(), index, name="noise")

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        described = super().__repr__(N_CHAR_MAX)
        if not hasattr(self, "model_"):
            return described
        counts = self.model_.exact_posterior.observations.counts(len(self.tasks_)).tolist()
        tasks = ", ".join(f"{task} ({count})" for task, count in zip(self.tasks_, counts, strict=True))
        return f"{described}\n  tasks (values): {tasks}\n  inputs: {self.n_features_in_}\n  fit: {self.fit_report_}"

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.two_d_labels = False
        return tags

    def _check_fitted(self, wanted: str) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError(
                f"this {type(self).__name__} instance is not fitted yet, so it has no {wanted}; call fit(X, Y) first"
            )

    def _hand_on(self, model: TaskGP, tasks: Tasks) -> bool:
        """Give a model the hyperparameters of the one before, where that is of the same tasks and the same kind."""
        if not hasattr(self, "model_") or self._tasks.names != tasks.names:
            return False
        modules = (model.covar_module, self.model_.covar_module), (model.likelihood, self.model_.likelihood)
        for new, before in modules:
            shapes = [{name: p.shape for name, p in module.named_parameters()} for module in (new, before)]
            if type(new) is not type(before) or shapes[0] != shapes[1]:
                return False
        with torch.no_grad():
            for new, before in modules:
                for parameter, value in zip(new.parameters(), before.parameters(), strict=True):
                    parameter.copy_(value)
        return True

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
        labels = pd.factorize(np.asarray(by))[0]
        if (labels < 0).any():
            raise ParameterError(f"by lacks a label in {(labels < 0).sum()} rows; give each row one")
        return labels[rows]

    def _usable_device(self) -> torch.device:
        try:
            return torch.empty(0, device=self.device).device
        except (RuntimeError, AssertionError) as error:
            reason = str(error).partition("\n")[0]
            raise ParameterError(
                f"device={self.device!r} cannot be used here ({reason}); write device='cpu', or leave it out"
            ) from error

    def _read(self, X: Any) -> tuple[np.ndarray, pd.Index]:
        self._check_fitted("predictions")
        return self._inputs.read(X, self.unseen)

    def _tensor(self, x: np.ndarray) -> Tensor:
        return torch.from_numpy(x).to(self.model_.train_targets.device)

    def _prediction(self, x: np.ndarray, index: pd.Index) -> NormalPrediction:
        joint = self.model_.joint(self._tensor(x))
        return NormalPrediction(self._tasks.names, index, joint.mean.cpu().numpy(), joint.covariance.cpu().numpy())
