"""What a validation is made of: a table, the task predicted, and the folds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from mfgp.data import Inputs, Tasks
from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataTypeError, ParameterError
from mfgp.validation.folds import Fold, Rows, Splitter, folds_of
from mfgp.validation.groups import read_groups
from mfgp.validation.scores import LEVEL, Array
from mfgp.validation.situation import Situation
from mfgp.validation.validation import Validation


@dataclass(frozen=True, eq=False)
class Study:
    """Numbers and categories with the row labels of Y, whatever X and the noise came as, and how they are split."""

    X: pd.DataFrame
    Y: pd.DataFrame
    noise: pd.DataFrame | None
    task: Hashable
    folds: Sequence[Fold]

    @classmethod
    def read(
        cls,
        X: Any,
        Y: Any,
        *,
        task: Hashable,
        noise: Any,
        groups: Any,
        cv: int | Splitter,
        repeats: int,
        random_state: int,
    ) -> Study:
        """Read the tables and make the folds; see :func:`mfgp.cross_validate`."""
        names_of_tasks = tasks_of(Y)
        if task not in names_of_tasks:
            raise ColumnError(f"there is no task {task!r} in Y: its tasks are {listed(names_of_tasks)}")
        inputs, tasks = Inputs.learn(X), Tasks.learn(Y)
        names = pd.Index(tasks.names, tupleize_cols=False)
        if names.get_loc(task) in tasks.labels:
            raise ColumnError(
                f"{task!r} is a label, and these scores are for numbers: use mfgp.validation.cross_validate_labels"
            )
        values = pd.DataFrame(tasks.present(tasks.read(Y, X), Y.index))
        known = None if noise is None else pd.DataFrame(tasks.read_noise(noise, X), Y.index, names)
        table = inputs.table(X).set_axis(Y.index)
        target = values[task].to_numpy(dtype=float)
        folds = folds_of(
            ~np.isnan(target),
            cv,
            random_state,
            repeats=repeats,
            X=table,
            y=target,
            groups=None if groups is None else read_groups(groups, X),
        )
        return cls(table, values, known, task, list(folds))

    @property
    def measured_others(self) -> dict[Hashable, NDArray[np.bool_]]:
        """(n,) whether a row has it, for each other task."""
        return {name: self.Y[name].notna().to_numpy() for name in self.Y.columns if name != self.task}

    def thin(self, fold: Fold, situation: Situation, random_state: int) -> Fold:
        """A fold with as many values to learn from as a situation has."""
        if situation.values is not None:
            fold = fold.thin(situation.values, random_state)
        if situation.cheap is not None:
            fold = fold.thin_others(situation.cheap, self.measured_others, random_state)
        return fold

    def learned_from(self, fold: Fold) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
        """X, Y and noise of the training rows, NaN where a value is not to be learned from."""
        kept: Mapping[Hashable, Rows] = {**(fold.others or {}), self.task: fold.learned}
        Y = self.Y.iloc[fold.train].copy()
        for name, rows in kept.items():
            Y.loc[~np.isin(fold.train, rows), name] = np.nan
        return self.X.iloc[fold.train], Y, None if self.noise is None else self.noise.iloc[fold.train]

    def given(self, rows: Rows, tasks: Sequence[Hashable]) -> dict[str, Any]:
        """What is known at held-out rows, by their places, as ``predict_distribution`` takes it."""
        if not tasks:
            return {}
        known = {"given": self.Y.iloc[rows][list(tasks)]}
        return known if self.noise is None else known | {"noise": self.noise.iloc[rows][list(tasks)]}

    def std_of_values(self, rows: Rows, observed: Array, quiet: Array | None) -> Array:
        """Deviations of the values at rows: those with the noise learned, or with a value's own where it is known.

        Parameters
        ----------
        rows
            Positions.
        observed, quiet
            Deviations of a measurement and of the underlying quantity; the second only if any noise is known.
        """
        if quiet is None or self.noise is None:
            return observed
        known = self.noise[self.task].iloc[rows].to_numpy()
        return np.where(np.isnan(known), observed, np.hypot(quiet, known))

    @property
    def has_known_noise(self) -> bool:
        """Whether the noise of any value of the task is known."""
        return self.noise is not None and bool(self.noise[self.task].notna().any())

    def predicted(self, fold: Fold, mean: Array, std: Array, seconds: float) -> Part:
        """A fold's predictions beside the truth."""
        reach = norm.ppf(0.5 + LEVEL / 2) * std
        columns = {
            "row": self.Y.index[fold.test],
            "fold": fold.number,
            "repeat": fold.repeat,
            "truth": self.Y[self.task].iloc[fold.test].to_numpy(),
            "mean": mean,
            "std": std,
            "lower": mean - reach,
            "upper": mean + reach,
        }
        line = {
            "fold": fold.number,
            "repeat": fold.repeat,
            "available": fold.available,
            "learned": len(fold.learned),
            "cheap": self._cheap(fold),
            "predicted": len(fold.test),
            "seconds": seconds,
        }
        return Part(pd.DataFrame(columns), line)

    def _cheap(self, fold: Fold) -> int:
        others = fold.others or {}
        return sum(
            len(others[name]) if name in others else int(has[fold.train].sum())
            for name, has in self.measured_others.items()
        )


@dataclass(frozen=True, eq=False)
class Part:
    """One fold's share of a validation."""

    predictions: pd.DataFrame
    line: dict[str, float]


def gather(task: Hashable, parts: Iterable[Part], refitted: bool = True) -> Validation:
    """The validation that parts make up."""
    several = list(parts)
    predictions = pd.concat([part.predictions for part in several], ignore_index=True)
    return Validation(task, predictions, pd.DataFrame([part.line for part in several]).set_index("fold"), refitted)


def tasks_of(Y: Any) -> list[Hashable]:
    """Names of the tasks, from a frame."""
    if not isinstance(Y, pd.DataFrame):
        raise DataTypeError(f"Y is a {type(Y).__name__}, expected a pandas.DataFrame with one column for each task")
    return list(Y.columns)


def check(estimators: Mapping[str, Any], Y: Any, task: Hashable, situations: Mapping[str, Situation]) -> None:
    """Raise where there is nothing to do, a situation names what there is not, or an estimator is none of ours."""
    tasks = tasks_of(Y)
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
