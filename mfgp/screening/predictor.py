"""From rows of a pool to the joint distribution of the tasks that are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from typing import Any, Literal, TypeAlias, final

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mfgp.architectures.estimator import TaskRegressor
from mfgp.architectures.regressor import Regressor
from mfgp.inference.rows import BLOCK_ROWS
from mfgp.model import TaskGP, TaskGPEnsemble
from mfgp.model.rows import TaskRows
from mfgp.prediction import Prediction
from mfgp.prediction.members import predict_members
from mfgp.screening.checked import CheckedRows
from mfgp.screening.question import Question

Used: TypeAlias = Literal["double", "single", "checked"]


class Predictor(ABC):
    """Predicts rows whose numbers have been read."""

    used: Used = "double"
    """The precision in which triangular systems are solved."""

    @abstractmethod
    def blocks(self, rows: pd.DataFrame) -> list[Prediction]:
        """The tasks asked for at the rows, given what is known there, in parts whose rows follow one another."""


@final
class TaskPredictor(Predictor):
    """Of models that are Gaussian processes over (input, task): works out the tasks asked for and no others.

    Parameters
    ----------
    model
        An estimator that :meth:`supports` says yes to.
    question
        What is asked.
    used
        The precision in which triangular systems are solved: "double", "single", or "checked" for single where it is
        enough and double elsewhere.
    """

    def __init__(self, model: TaskRegressor, question: Question, used: Used = "double") -> None:
        self.used = used
        self.inputs, self.all_tasks, self.unseen = model._inputs, model._tasks, model.unseen
        self.given, self.noise, self.observed = question.given, question.noise, question.observed
        self.places = sorted(self.all_tasks.names.index(name) for name in question.tasks)
        self.tasks = tuple(self.all_tasks.names[place] for place in self.places)
        self.members = [_rows(member, self.places, used) for member in members_of(model)]
        self.device = model.model_.train_targets.device
        self.typical_noise = model.predictive_model_.noise_scale().cpu().numpy()[self.places]

    @staticmethod
    def supports(model: Regressor) -> bool:
        """Whether its tasks are numbers and its kernels named ones."""
        if not isinstance(model, TaskRegressor) or model._tasks.labels:
            return False
        return all(TaskRows.supports(member) for member in members_of(model))

    def blocks(self, rows: pd.DataFrame) -> list[Prediction]:
        """One part."""
        tensor, index = self.tensor(rows), pd.RangeIndex(len(rows))
        found = [member.joint(tensor) for member in self.members]
        joints = [(joint.mean.cpu().numpy(), joint.covariance.cpu().numpy()) for joint in found]
        added = [member.noise_scale.cpu().numpy() for member in self.members] if self.observed else None
        known, noise = self.known(rows)
        return [predict_members(self.tasks, index, joints, known, noise, added)]

    def needs_double(self, rows: pd.DataFrame) -> np.ndarray:
        """(n,) whether single precision is not enough for a row, judged by these rows; False unless it is checked."""
        tensor, found = self.tensor(rows), np.zeros(len(rows), dtype=bool)
        for member in self.members:
            if isinstance(member, CheckedRows):
                found |= member.needs_double(tensor).cpu().numpy()
        return found

    def tensor(self, rows: pd.DataFrame) -> Tensor:
        """(n, d) inputs as numbers, where the model is."""
        x, _ = self.inputs.read(input_table(rows, self.inputs.columns, self.inputs.named), self.unseen)
        return torch.from_numpy(x).to(self.device)

    def known(self, rows: pd.DataFrame) -> tuple[np.ndarray | None, np.ndarray]:
        """(n, T') known values, NaN elsewhere, or None; and (n, T') deviations of their noise."""
        noise = np.broadcast_to(self.typical_noise, (len(rows), len(self.tasks)))
        if not self.given:
            return None, noise
        known = _table(rows, self.given, self.tasks)
        deviations = _table(rows, self.noise, self.tasks)
        return known, np.where(np.isnan(deviations), noise, deviations)


@final
class GeneralPredictor(Predictor):
    """Of every other model, by its own ``predict_distribution``, in blocks of one size."""

    def __init__(self, model: Regressor, question: Question) -> None:
        self.model, self.question = model, question

    def blocks(self, rows: pd.DataFrame) -> list[Prediction]:
        """One part a block, the last one filled up while it is predicted."""
        found = []
        for start in range(0, len(rows), BLOCK_ROWS):
            part = rows.iloc[start : start + BLOCK_ROWS]
            places = np.minimum(np.arange(BLOCK_ROWS), len(part) - 1)
            found.append(self._predict(part.iloc[places].reset_index(drop=True)).take(slice(0, len(part))))
        return found

    def _predict(self, rows: pd.DataFrame) -> Prediction:
        question, inputs = self.question, self.model._inputs
        options: dict[str, Any] = {"observed": question.observed}
        if question.given:
            options["given"] = _named(rows, question.given)
        if question.noise:
            options["noise"] = _named(rows, question.noise)
        return self.model.predict_distribution(input_table(rows, inputs.columns, inputs.named), **options)


def predictor(model: Regressor, question: Question, used: Used = "double") -> Predictor:
    """The quickest predictor that a model has."""
    if TaskPredictor.supports(model):
        assert isinstance(model, TaskRegressor)
        return TaskPredictor(model, question, used)
    return GeneralPredictor(model, question)


def members_of(model: TaskRegressor) -> list[TaskGP]:
    """The models at each draw of the hyperparameters, or the one at their maximum."""
    predictive = model.predictive_model_
    return predictive.members if isinstance(predictive, TaskGPEnsemble) else [predictive]


def _rows(member: TaskGP, places: list[int], used: Used) -> TaskRows | CheckedRows:
    if used == "checked":
        return CheckedRows(member, places)
    return TaskRows(member, places, single=used == "single")


def input_table(rows: pd.DataFrame, columns: tuple[Hashable, ...], named: bool) -> pd.DataFrame | np.ndarray:
    """The inputs in the form that the model was fitted on."""
    frame = rows[list(columns)]
    return frame if named else frame.to_numpy()


def _table(rows: pd.DataFrame, columns: Mapping[Hashable, str], tasks: tuple[Hashable, ...]) -> np.ndarray:
    """(n, T) numbers, NaN where a task has no column."""
    found = np.full((len(rows), len(tasks)), np.nan)
    for task, column in columns.items():
        found[:, tasks.index(task)] = rows[column].to_numpy(dtype=float)
    return found


def _named(rows: pd.DataFrame, columns: Mapping[Hashable, str]) -> pd.DataFrame:
    return rows[list(columns.values())].set_axis(pd.Index(list(columns), tupleize_cols=False), axis="columns")
