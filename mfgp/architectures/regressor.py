"""What all architectures have in common: a scikit-learn estimator over frames."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Hashable, Mapping
from typing import Any, Protocol, Self, get_args

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import Kernel
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils.metaestimators import available_if
from torch import Tensor

from mfgp.architectures.checking import Checking
from mfgp.architectures.concentration import Fitted, concentrate, starting_concentration
from mfgp.architectures.levels import level_positions
from mfgp.architectures.saving import Saving
from mfgp.data.exactness import require_consistent
from mfgp.data.inputs import Inputs
from mfgp.data.labels import as_array
from mfgp.data.levels import Unseen
from mfgp.data.observations import Observations
from mfgp.data.readings import Readings
from mfgp.data.tasks import Tasks
from mfgp.errors import DataError, NotFittedError, ParameterError
from mfgp.inference import FitReport
from mfgp.inference.posterior import Joint
from mfgp.kernels.levels import expanded_columns, plain
from mfgp.kernels.stationary import profile
from mfgp.prediction import LabelledPrediction, NormalPrediction, Prediction
from mfgp.prediction.labelled import of_tasks


class Model(Protocol):
    """What a fitted model gives, in the tasks' units."""

    def joint(self, X: Tensor) -> Joint:
        """Mean (n, T) and covariance (n, T, T) of all tasks at each of the inputs (n, d)."""

    def mean(self, X: Tensor) -> Tensor:
        """Mean (n, T) of all tasks at the inputs (n, d)."""

    def noise_scale(self) -> Tensor:
        """(T,) standard deviation of a new observation's noise."""


def has_labels(estimator: Regressor) -> bool:
    """True, or an AttributeError that says why an estimator has no probabilities of classes."""
    if not hasattr(estimator, "model_") or not estimator._tasks.labels:
        raise AttributeError(
            "predict_proba is for labels, but no task that was fitted is one; use predict_distribution"
        )
    return True


class Regressor(Checking, Saving, RegressorMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of every estimator. A subclass stores its parameters, fits a model and predicts with what is known.

    Parameters
    ----------
    kernel
        k(x, x') on the inputs: "matern52", "matern32", "matern12", "rbf" or a GPyTorch kernel.
    device
        Where tensors live, for example "cuda"; None for the CPU.
    unseen
        What is done with levels of a categorical input that the fit did not have: "prior" or "error".
    concentration
        How little a label tells of the probabilities at its place; None to choose it for each label.
    """

    def __init__(
        self,
        kernel: str | Kernel = "matern52",
        device: str | torch.device | None = None,
        unseen: Unseen = "prior",
        concentration: float | None = None,
    ) -> None:
        self.kernel = kernel
        self.device = device
        self.unseen = unseen
        self.concentration = concentration

    @abstractmethod
    def _fit_model(self, data: Observations, inputs: Inputs, tasks: Tasks) -> tuple[Any, FitReport]:
        """The fitted :class:`Model` of observations of the tasks' latents, in their units, and how the fit went."""

    @abstractmethod
    def _carry(self, model: Any, data: Observations) -> Any:
        """A model of other observations at the same hyperparameters."""

    @abstractmethod
    def _climb(self, model: Any, data: Observations, tasks: Tasks) -> tuple[Any, FitReport]:
        """A model of other observations, fitted from the same hyperparameters, and how that went."""

    @abstractmethod
    def _scores_left_out(self, model: Any, data: Observations, tasks: Tasks, label: int) -> list[NormalPrediction]:
        """Scores of a label at the rows that have it, in their order, each without its label, in one way or more."""

    @abstractmethod
    def _distribution(
        self, x: Tensor, index: pd.Index, known: np.ndarray | None, noise: np.ndarray, observed: bool
    ) -> Prediction:
        """Joint distribution of L latents at inputs (n, d), given values (n, L), NaN where not known, with noise."""

    @abstractmethod
    def _average(self, model: Any, report: FitReport) -> tuple[Any, FitReport]:
        """The model that predicts, if need be an average over the hyperparameters, and how all went."""

    @abstractmethod
    def _named_kernels(self) -> dict[Hashable, Kernel]:
        """The kernels over the inputs by the names of their processes."""

    def fit(self, X: Any, Y: Any, noise: Any = None) -> Self:
        """Learn the hyperparameters and keep the data.

        Parameters
        ----------
        X
            (n, d) frame or array of inputs: numbers, or categories (columns of text or of pandas' categories).
        Y
            (n, T) frame or array of values, one column a task, NaN where not measured; or (n,) for one task. A task
            whose values are text, categories, or True and False is a label: its classes are predicted.
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
        if self.unseen not in get_args(Unseen):
            raise ParameterError(f"unseen={self.unseen!r}, expected 'prior' or 'error'")
        inputs, tasks = Inputs.learn(X), Tasks.learn(Y)
        x, index = inputs.read(X)
        y = tasks.read(Y, X)
        known = None if noise is None else tasks.read_noise(noise, X)
        if known is not None:
            require_consistent(x, y, known, tasks.names)
        measured = ~np.isnan(y).all(axis=1)
        if inputs.levels and not measured.all():
            inputs = inputs.only(x[measured])
            x, _ = inputs.read(X)
        tasks = tasks.concentrated(dict.fromkeys(tasks.labels, starting_concentration(self.concentration)))
        readings = Readings(x, y, known, self._usable_device())
        data = readings.observations(tasks)
        model, report = self._fit_model(data, inputs, tasks)
        if tasks.labels and self.concentration is None:
            model, report, tasks = concentrate(self, Fitted(model, report, tasks), readings)
        self.model_ = model
        self.predictive_model_, self.fit_report_ = self._average(model, report)
        self._inputs, self._tasks = inputs, tasks
        self._index, self._rows = index, data.row.cpu().numpy()
        self._counts, self._fitted_on = self._values_of_tasks(data), data.y.device
        self.tasks_ = list(tasks.names)
        self.n_features_in_ = x.shape[1]
        if inputs.feature_names_in is not None:
            self.feature_names_in_ = inputs.feature_names_in
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Mean of every task, or class of a label, at each row, in the form that Y had: a frame for a frame.

        Parameters
        ----------
        X
            (n, d) inputs; a frame's columns may come in any order.
        return_std
            Also give the standard deviations of the underlying quantity (without measurement noise), in the same form;
            NaN for a label.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        self._check_fitted("predictions")
        if self._tasks.labels:
            return self._predict_labels(X, return_std)
        x, index = self._read(X)
        if return_std:
            joint = self.predictive_model_.joint(self._tensor(x))
            deviations = joint.covariance.diagonal(dim1=1, dim2=2).clamp_min(0.0).sqrt()
            return tuple(self._tasks.present(values.cpu().numpy(), index) for values in (joint.mean, deviations))
        means = self.predictive_model_.mean(self._tensor(x)).cpu().numpy()
        return self._tasks.present(means, index)

    def predict_distribution(
        self, X: Any, *, given: Any = None, noise: Any = None, observed: bool = False
    ) -> Prediction:
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
        if noise is not None and given is None:
            raise ParameterError("noise= describes the given values, but given= is missing; give both or neither")
        scale = np.broadcast_to(self.predictive_model_.noise_scale().cpu().numpy(), (len(x), len(self._tasks.latents)))
        values = None
        if given is not None:
            known = None if noise is None else self._tasks.read_noise(noise, X)
            values, known = self._tasks.observe(self._tasks.read_given(given, X), known)
            scale = scale if known is None else np.where(np.isnan(known), scale, known)
        return of_tasks(self._distribution(self._tensor(x), index, values, scale, observed), self._tasks)

    @available_if(has_labels)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, *, given: Any = None, noise: Any = None) -> Any:
        """Probabilities of the classes of labels, in the order of ``classes_``.

        Parameters
        ----------
        X, given, noise
            As for :meth:`predict_distribution`.

        Returns
        -------
        For a single task, Y a Series or one-dimensional: an array (n, K), as scikit-learn has it. Else a dictionary of
        frames by label.

        Raises
        ------
        AttributeError
            No task is a label: there is no such method then.
        """
        prediction = self.predict_distribution(X, given=given, noise=noise)
        assert isinstance(prediction, LabelledPrediction)
        return self._present_probabilities(
            {task: prediction.probabilities(self._tasks.names[task]) for task in self._tasks.labels}
        )

    @property
    def classes_(self) -> Any:
        """Classes of each label by task, in the order of their probabilities; of a single task, an array of them."""
        self._check_fitted("classes_")
        if not self._tasks.labels:
            raise AttributeError("classes_ are those of labels, but every task is a number")
        found = {self._tasks.names[task]: as_array(labels.classes) for task, labels in self._tasks.labels.items()}
        return found[self._tasks.names[0]] if self._tasks.form in ("vector", "series") else found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R2 on the measured values y (n, T), of labels the accuracy, averaged over tasks with at least two values."""
        x, _ = self._read(X)
        truth = self._tasks.read_given(y, X, "y")
        if sample_weight is not None and np.shape(sample_weight) != (len(x),):
            raise DataError(
                f"sample_weight has the shape {np.shape(sample_weight)}, expected ({len(x)},): give one weight for "
                "each row of X"
            )
        if self._tasks.labels:
            means = self.predict_distribution(X).means_and_codes  # type: ignore[attr-defined]
        else:
            means = self.predictive_model_.mean(self._tensor(x)).cpu().numpy()
        scores = []
        for t in range(truth.shape[1]):
            seen = ~np.isnan(truth[:, t])
            weights = None if sample_weight is None else np.asarray(sample_weight)[seen]
            if seen.sum() > 1:
                measure = accuracy_score if t in self._tasks.labels else r2_score
                scores.append(measure(truth[seen, t], means[seen, t], sample_weight=weights))
        return float(np.mean(scores)) if scores else float("nan")

    @property
    def noise_(self) -> pd.Series:
        """(T,) standard deviation of each task's noise, in its unit: learned, or typical of the known ones.

        Labels have none.
        """
        self._check_fitted("noise_")
        numbers = self._tasks.numbers
        names = [name for name, number in zip(self._tasks.latents, numbers, strict=True) if number]
        index = pd.Index(names, tupleize_cols=False)
        return pd.Series(self.predictive_model_.noise_scale().cpu().numpy()[numbers], index, name="noise")

    @property
    def concentration_(self) -> pd.Series:
        """The concentration of each label, by task: given, or chosen for it."""
        self._check_fitted("concentration_")
        found = {self._tasks.names[task]: labels.concentration for task, labels in self._tasks.labels.items()}
        index = pd.Index(list(found), tupleize_cols=False)
        return pd.Series(list(found.values()), index, float, name="concentration")

    @property
    def level_embeddings_(self) -> pd.DataFrame:
        """Positions of the levels of categorical inputs, in lengthscales of each process; empty if there are none.

        Rows are (process, input, level), columns the coordinates z0 and z1: principal axes of the levels of an input,
        with the origin at their mean. Levels a distance of one apart behave about as alike as numbers one lengthscale
        apart. An input with two levels has one coordinate only, and NaN for the other.
        """
        self._check_fitted("level_embeddings_")
        return level_positions(self._named_kernels(), self._inputs)

    @property
    def lengthscales_(self) -> pd.DataFrame:
        """(processes, inputs) lengthscales, each in its input's unit: how far one has to go for a change."""
        self._check_fitted("lengthscales_")
        kernels = self._named_kernels()
        unknown = [type(kernel).__name__ for kernel in kernels.values() if profile(kernel) is None]
        if unknown:
            raise ParameterError(
                f"lengthscales_ are known for the named kernels, but this model uses {unknown[0]}; "
                "read its parameters from the kernels in model_"
            )
        scaling = self.model_.input_scaling  # there is none without numbers
        scale = np.empty(0) if scaling is None else scaling.coefficient.flatten().cpu().numpy()
        width = expanded_columns(len(self._inputs.columns), self._inputs.counts)
        rows = [
            plain(kernel).lengthscale.detach().expand(1, width).cpu().numpy()[0, : len(scale)] * scale
            for kernel in kernels.values()
        ]
        numbers = [name for place, name in enumerate(self._inputs.columns) if place not in self._inputs.levels]
        index = pd.Index(list(kernels), tupleize_cols=False)
        return pd.DataFrame(rows, index, pd.Index(numbers, tupleize_cols=False))

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        described = super().__repr__(N_CHAR_MAX)
        if not hasattr(self, "model_"):
            return described
        tasks = ", ".join(f"{task} ({count})" for task, count in zip(self.tasks_, self._counts, strict=True))
        return f"{described}\n  tasks (values): {tasks}\n  inputs: {self.n_features_in_}\n  fit: {self.fit_report_}"

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.two_d_labels = False
        if hasattr(self, "model_") and self._tasks.labels and self._tasks.form in ("vector", "series"):
            tags.estimator_type = "classifier"  # which scikit-learn's scorers ask of a fitted estimator
            tags.classifier_tags = ClassifierTags()
            tags.regressor_tags = None
        return tags

    def _present_probabilities(self, found: Mapping[int, pd.DataFrame]) -> Any:
        """Probabilities by position of the label: of a Series or a vector themselves, else by name."""
        if self._tasks.form in ("vector", "series"):
            return found[0].to_numpy()
        return {self._tasks.names[task]: probabilities for task, probabilities in found.items()}

    def _predict_labels(self, X: Any, return_std: bool) -> Any:
        prediction = self.predict_distribution(X)
        assert isinstance(prediction, LabelledPrediction)
        means = self._tasks.present(prediction.means_and_codes, prediction.index)
        if not return_std:
            return means
        return means, self._tasks.present_numbers(prediction.deviations, prediction.index)

    def _noise_of_latents(self) -> np.ndarray:
        """(L,) standard deviation of what a measurement adds; scores of labels are not measured."""
        return self.model_.noise_scale().cpu().numpy() * self._tasks.numbers

    def _values_of_tasks(self, data: Observations) -> list[int]:
        """How many values each task has: those of its first latent, which is seen wherever the task is."""
        counts = data.counts(len(self._tasks.latents)).tolist()
        return [counts[span.start] for span in self._tasks.spans]

    def _check_fitted(self, wanted: str) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError(
                f"this {type(self).__name__} instance is not fitted yet, so it has no {wanted}; call fit(X, Y) first"
            )

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
        return torch.from_numpy(x).to(self._fitted_on)
