"""Every estimator in every situation on the same folds, one fit for all situations that learn from the same values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from mfgp.data import Inputs, Tasks
from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataTypeError, ParameterError
from mfgp.validation.folds import Fold, Splitter, folds_of
from mfgp.validation.scores import LEVEL
from mfgp.validation.situation import Situation
from mfgp.validation.validation import Validation

Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class _Data:
    """Numbers and categories with the row labels of Y, whatever X and the noise came as."""

    X: pd.DataFrame
    Y: pd.DataFrame
    noise: pd.DataFrame | None
    task: Hashable

    @classmethod
    def read(cls, X: Any, Y: pd.DataFrame, noise: Any, task: Hashable) -> _Data:
        inputs, tasks = Inputs.learn(X), Tasks.learn(Y)
        names = pd.Index(tasks.names, tupleize_cols=False)
        if names.get_loc(task) in tasks.labels:
            raise ColumnError(
                f"{task!r} is a label, and these scores are for numbers: use mfgp.validation.cross_validate_labels"
            )
        values = pd.DataFrame(tasks.present(tasks.read(Y, X), Y.index))
        known = None if noise is None else pd.DataFrame(tasks.read_noise(noise, X), Y.index, names)
        return cls(inputs.table(X).set_axis(Y.index), values, known, task)


@dataclass(frozen=True, eq=False)
class _Job:
    """One fit, and the situations in which its predictions are asked for."""

    estimator: str
    fold: Fold
    asked: Mapping[str, Sequence[Hashable]]


def validate_grid(
    estimators: Mapping[str, Any],
    X: Any,
    Y: pd.DataFrame,
    *,
    task: Hashable,
    situations: Mapping[str, Situation],
    noise: Any,
    cv: int | Splitter,
    random_state: int,
    n_jobs: int | None,
    progress: Progress | None,
) -> dict[tuple[str, str], Validation]:
    """A validation for each (situation, estimator); see :func:`mfgp.validation.compare` for the parameters."""
    _check(estimators, Y, task, situations)
    data = _Data.read(X, Y, noise, task)
    jobs = []
    for fold in folds_of(data.Y[task].notna().to_numpy(), cv, random_state):
        for values in dict.fromkeys(situation.values for situation in situations.values()):
            asked = {name: situation.given for name, situation in situations.items() if situation.values == values}
            thinned = fold if values is None else fold.thin(values, random_state)
            jobs += [_Job(name, thinned, asked) for name in estimators]
    parts: dict[tuple[str, str], list[_Part]] = {(name, e): [] for name in situations for e in estimators}
    run = Parallel(n_jobs=n_jobs, return_as="generator")
    results = run(delayed(_predict_fold)(estimators[job.estimator], data, job) for job in jobs)
    for done, (job, found) in enumerate(zip(jobs, results, strict=True), start=1):
        for name, part in found.items():
            parts[name, job.estimator].append(part)
        if progress is not None:
            progress(done, len(jobs))
    return {key: _gather(task, several) for key, several in parts.items()}


def tasks_of(Y: Any) -> list[Hashable]:
    """Names of the tasks, from a frame."""
    if not isinstance(Y, pd.DataFrame):
        raise DataTypeError(f"Y is a {type(Y).__name__}, expected a pandas.DataFrame with one column for each task")
    return list(Y.columns)


@dataclass(frozen=True, eq=False)
class _Part:
    """One fold's share of a validation."""

    predictions: pd.DataFrame
    line: dict[str, float]


def _predict_fold(estimator: Any, data: _Data, job: _Job) -> dict[str, _Part]:
    fold = job.fold
    began = perf_counter()
    Y = data.Y.copy()
    Y.loc[~np.isin(np.arange(len(Y)), fold.learned), data.task] = np.nan
    noise = None if data.noise is None else data.noise.iloc[fold.train]
    model = clone(estimator).fit(data.X.iloc[fold.train], Y.iloc[fold.train], noise=noise)
    fitting = perf_counter() - began
    parts = {}
    for name, given in job.asked.items():
        began = perf_counter()
        mean, std = _predict(model, data, fold, given)
        seconds = fitting + perf_counter() - began
        reach = norm.ppf(0.5 + LEVEL / 2) * std
        columns = {
            "row": data.Y.index[fold.test],
            "fold": fold.number,
            "truth": data.Y[data.task].iloc[fold.test].to_numpy(),
            "mean": mean,
            "std": std,
            "lower": mean - reach,
            "upper": mean + reach,
        }
        counts = {"available": fold.available, "learned": len(fold.learned), "predicted": len(fold.test)}
        parts[name] = _Part(pd.DataFrame(columns), {"fold": fold.number, **counts, "seconds": seconds})
    return parts


def _predict(
    model: Any, data: _Data, fold: Fold, given: Sequence[Hashable]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of a measurement at the held-out rows."""
    options: dict[str, Any] = {}
    if given:
        options["given"] = data.Y.iloc[fold.test][list(given)]
        if data.noise is not None:
            options["noise"] = data.noise.iloc[fold.test][list(given)]
    X = data.X.iloc[fold.test]
    prediction = model.predict_distribution(X, observed=True, **options)[data.task]
    mean, std = prediction.mean[data.task].to_numpy(), prediction.std[data.task].to_numpy()
    if data.noise is not None and data.noise[data.task].notna().any():
        known_noise = data.noise[data.task].iloc[fold.test].to_numpy()
        quiet = model.predict_distribution(X, **options)[data.task].std[data.task].to_numpy()
        std = np.where(np.isnan(known_noise), std, np.hypot(quiet, known_noise))
    return mean, std


def _gather(task: Hashable, parts: Sequence[_Part]) -> Validation:
    predictions = pd.concat([part.predictions for part in parts], ignore_index=True)
    return Validation(task, predictions, pd.DataFrame([part.line for part in parts]).set_index("fold"))


def _check(estimators: Mapping[str, Any], Y: Any, task: Hashable, situations: Mapping[str, Situation]) -> None:
    tasks = tasks_of(Y)
    if task not in tasks:
        raise ColumnError(f"there is no task {task!r} in Y: its tasks are {listed(tasks)}")
    if not estimators or not situations:
        raise ParameterError("there is nothing to validate: give at least one estimator and one situation")
    for situation in situations.values():
        unknown = [name for name in situation.given if name not in tasks]
        if unknown:
            raise ColumnError(f"given names {listed(unknown)}, which are no tasks of Y: its tasks are {listed(tasks)}")
        if task in situation.given:
            raise ColumnError(f"given names {task!r}, the task to predict: leave it out")
    for name, estimator in estimators.items():
        if not hasattr(estimator, "predict_distribution"):
            raise DataTypeError(
                f"the estimator {name or type(estimator).__name__!r} has no predict_distribution; give one of "
                "mfgp's architectures, such as DifferenceGP()"
            )
