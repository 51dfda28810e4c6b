"""What the architectures around one TaskGP have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from copy import copy, deepcopy
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import Kernel
from sklearn.utils.metaestimators import available_if
from torch import Tensor

from mfgp.architectures.hyperparameters import (
    Hyperparameters,
    check_choice,
    check_kernels,
    gain_of_average,
    may_average,
)
from mfgp.architectures.left_out import label_left_out
from mfgp.architectures.regressor import Regressor, has_labels
from mfgp.data.inputs import Inputs
from mfgp.data.levels import Unseen
from mfgp.data.observations import Observations
from mfgp.data.tasks import Tasks
from mfgp.errors import DataError, ParameterError
from mfgp.inference import FitReport, left_out
from mfgp.kernels import TaskKernel
from mfgp.kernels.levels import expanded_columns
from mfgp.model import TaskGP, TaskGPEnsemble
from mfgp.prediction import NormalPrediction, Prediction
from mfgp.prediction.labelled import expected_probabilities
from mfgp.prediction.members import predict_members

_WITHOUT_BEARING = ("warm_start", "device", "hyperparameters", "random_state")  # on the most probable ones


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
    concentration
        How little a label tells of the probabilities at its place, a positive number; None to choose it for each label
        by leaving labels out in turn.
    hyperparameters
        "map" to predict with the most probable ones; "posterior" to average over draws from their posterior
        distribution, which takes seconds to minutes and tells how uncertain they leave the predictions; "auto" to
        average where a task has fewer than 50 values, all together are at most 200, and values left out are predicted
        better by it.
    random_state
        Seed of the draws.
    """

    def __init__(
        self,
        kernel: str | Kernel = "matern52",
        device: str | torch.device | None = None,
        warm_start: bool = False,
        unseen: Unseen = "prior",
        concentration: float | None = None,
        hyperparameters: Hyperparameters = "map",
        random_state: int = 0,
    ) -> None:
        super().__init__(kernel, device, unseen, concentration)
        self.warm_start = warm_start
        self.hyperparameters = hyperparameters
        self.random_state = random_state

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
        self._check_data("posterior to add rows to")
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
        grown.predictive_model_ = grown.model_
        if isinstance(self.predictive_model_, TaskGPEnsemble):
            grown.predictive_model_ = self.predictive_model_.condition_on_observations(
                rows, data.y.unsqueeze(-1), noise=variance
            )
        grown._rows = np.concatenate([self._rows, data.row.cpu().numpy() + len(self._index)])
        grown._counts = grown._values_of_tasks(grown.model_.exact_posterior.observations)
        grown._index = self._index.append(index)
        return grown

    def predict_left_out(self, by: Any = "row", observed: bool = True) -> tuple[Any, Any]:
        """Means and standard deviations of the values learned from, each predicted without its group.

        In closed form from one inverse, so it costs less than one step of a fit. Hyperparameters, means and scales of
        the tasks stay those of all values; :func:`mfgp.validation.cross_validate` learns them anew for each fold. Where
        predictions are averages over the hyperparameters, these are still at the most probable ones.

        Parameters
        ----------
        by
            What is left out together: "row" for all tasks of a row, "value" for each value by itself, its row's other
            tasks being known; or (n,) labels of groups of rows, such as the material that each is of.
        observed
            True for deviations of a measurement, False for those of the underlying quantity, without noise.

        Returns
        -------
        Means and deviations (n, T) in the form that Y had, NaN where no value was learned from. Of a label the most
        probable class, and NaN; :meth:`predict_proba_left_out` gives the probabilities.

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
        self._check_data("predictions of what was left out")
        exact, tasks = self.model_.exact_posterior, self._tasks
        rows, latent = self._rows[exact.observations.row.cpu().numpy()], exact.observations.task
        group = self._groups(by, rows, tasks.of_latents[latent.cpu().numpy()])
        found = left_out(exact, torch.from_numpy(group).to(latent.device))
        variance = found.variance if observed else found.variance - exact.noise_variance
        scale = self.model_.outcome_transform.stdvs[latent]
        columns = (
            found.mean * scale + self.model_.outcome_transform.means[latent],
            variance.clamp_min(0.0).sqrt() * scale,
        )
        mean, std = (np.full((len(self._index), len(tasks.latents)), np.nan) for _ in columns)
        for table, values in zip((mean, std), columns, strict=True):
            table[rows, latent.cpu().numpy()] = values.cpu().numpy()
        mean, std = (table[:, [span.start for span in tasks.spans]] for table in (mean, std))
        for label, probabilities in self._labels_left_out(by).items():
            known = probabilities.notna().all(axis=1)
            codes = probabilities.fillna(0.0).to_numpy().argmax(axis=1)
            mean[:, label], std[:, label] = np.where(known, codes, np.nan), np.nan
        return tasks.present(mean, self._index), tasks.present_numbers(std, self._index)

    @available_if(has_labels)  # type: ignore[untyped-decorator]
    def predict_proba_left_out(self, by: Any = "row") -> Any:
        """Probabilities of the classes of labels at the rows learned from, each label predicted without its group.

        Parameters
        ----------
        by
            As for :meth:`predict_left_out`; "value" for each label by itself, its row's other tasks being known.

        Returns
        -------
        In the form that ``predict_proba`` has, NaN where a label was not learned from.

        Raises
        ------
        AttributeError
            No task is a label.
        ParameterError
            `by` is neither a name nor one label a row.

        Examples
        --------
        >>> from mfgp import IndependentGP
        >>> X = pd.DataFrame({"x": np.linspace(0, 1, 12)})
        >>> model = IndependentGP().fit(X, pd.Series(np.where(X.x < 0.5, "left", "right")))
        >>> model.predict_proba_left_out()[[0, 11], 1].round(1).tolist()
        [0.1, 0.9]
        """
        self._check_fitted("predictions of what was left out")
        self._check_data("predictions of what was left out")
        return self._present_probabilities(self._labels_left_out(by))

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
        check_choice(self.hyperparameters, self.random_state)
        width = data.x.shape[-1]
        kernel = self._build_kernel(expanded_columns(width, inputs.counts), tasks)
        kernel.embed_levels(width, inputs.counts)
        model = _model_of(data, kernel)
        described = (inputs, tasks, self.get_params() | dict.fromkeys(_WITHOUT_BEARING))
        continued = self.warm_start and getattr(self, "_described", None) == described
        if continued:
            _hand_on(self.model_, model)
        self._described = described
        return model, model.refit() if continued else model.fit()

    def _average(self, model: TaskGP, report: FitReport) -> tuple[TaskGP | TaskGPEnsemble, FitReport]:
        if not may_average(self.hyperparameters, model.exact_posterior.observations):
            return model, report
        check_kernels(model)
        ensemble, sampling = TaskGPEnsemble.sampled(model, int(self.random_state))
        if self.hyperparameters == "auto":
            sampling = replace(sampling, gain=gain_of_average(model, ensemble))
        return model if sampling.gain < 0.0 else ensemble, replace(report, sampling=sampling)

    def _carry(self, model: TaskGP, data: Observations) -> TaskGP:
        carried = _model_of(data, deepcopy(model.covar_module))
        _hand_on(model, carried)
        return carried.eval()

    def _climb(self, model: TaskGP, data: Observations, tasks: Tasks) -> tuple[TaskGP, FitReport]:
        carried = self._carry(model, data)
        return carried, carried.refit()

    def _scores_left_out(self, model: TaskGP, data: Observations, tasks: Tasks, label: int) -> list[NormalPrediction]:
        exact, count = model.exact_posterior.observations, len(tasks.names)
        row = data.row.cpu().numpy()[exact.row.cpu().numpy()]
        groups = [row, row * count + tasks.of_latents[exact.task.cpu().numpy()]] if count > 1 else [row]
        return [label_left_out(model, row, group, tasks, label)[1] for group in groups]

    def _labels_left_out(self, by: Any) -> dict[int, pd.DataFrame]:
        """(n, K) probabilities of each label without its group, by position."""
        exact, tasks = self.model_.exact_posterior.observations, self._tasks
        row = self._rows[exact.row.cpu().numpy()]
        group = self._groups(by, row, tasks.of_latents[exact.task.cpu().numpy()])
        found = {}
        for label, labels in tasks.labels.items():
            rows, scores = label_left_out(self.model_, row, group, tasks, label)
            columns = pd.Index(labels.classes, tupleize_cols=False)
            found[label] = pd.DataFrame(np.nan, self._index, columns)
            found[label].iloc[rows] = expected_probabilities(scores, labels)
        return found

    def _groups(self, by: Any, rows: np.ndarray, task: np.ndarray) -> np.ndarray:
        """An integer for each observation that is the same within a group."""
        if isinstance(by, str) and by == "value":
            return rows * len(self.tasks_) + task
        return self._group_of_each_row(by)[rows]

    def _group_of_each_row(self, by: Any) -> np.ndarray:
        if isinstance(by, str) and by == "row":
            return np.arange(len(self._index))
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
        return labels

    def _distribution(
        self, x: Tensor, index: pd.Index, known: np.ndarray | None, noise: np.ndarray, observed: bool
    ) -> Prediction:
        model = self.predictive_model_
        members = model.members if isinstance(model, TaskGPEnsemble) else [model]
        joints = [(joint.mean.cpu().numpy(), joint.covariance.cpu().numpy()) for joint in (m.joint(x) for m in members)]
        added = [m.noise_scale().cpu().numpy() * self._tasks.numbers for m in members] if observed else None
        return predict_members(self._tasks.latents, index, joints, known, noise, added)


def _model_of(data: Observations, kernel: TaskKernel) -> TaskGP:
    rows = torch.cat([data.x, data.task.unsqueeze(-1).to(data.x)], dim=-1)
    return TaskGP(rows, data.y.unsqueeze(-1), train_Yvar=data.noise.square().unsqueeze(-1), kernel=kernel)


@torch.no_grad()
def _hand_on(before: TaskGP, model: TaskGP) -> None:
    """Give a model the hyperparameters of another of the same kind."""
    for new, old in ((model.covar_module, before.covar_module), (model.likelihood, before.likelihood)):
        for parameter, value in zip(new.parameters(), old.parameters(), strict=True):
            parameter.copy_(value)
