"""Comparison of estimators on the same folds."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mfgp.data.table import listed
from mfgp.errors import ColumnError, ParameterError
from mfgp.validation.folds import Splitter
from mfgp.validation.grid import Progress, tasks_of, validate_grid
from mfgp.validation.situation import Situation
from mfgp.validation.validation import Validation

KEYS = ["situation", "estimator"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Validations of several estimators in several situations, on the same folds.

    Parameters
    ----------
    task
        The task predicted.
    validations
        By (situation, estimator).
    baseline
        The estimator that the others are measured against.
    """

    task: Hashable
    validations: Mapping[tuple[str, str], Validation]
    baseline: str

    def __getitem__(self, key: tuple[str, str]) -> Validation:
        """The validation of one (situation, estimator)."""
        if key not in self.validations:
            raise ColumnError(f"there is no validation {key!r}; they are {listed(self.validations)}")
        return self.validations[key]

    @property
    def situations(self) -> list[str]:
        """Names of the situations."""
        return list(dict.fromkeys(situation for situation, _ in self.validations))

    @property
    def estimators(self) -> list[str]:
        """Names of the estimators."""
        return list(dict.fromkeys(estimator for _, estimator in self.validations))

    def predictions(self) -> pd.DataFrame:
        """One line a prediction: `situation`, `estimator` and the columns of :attr:`Validation.predictions`."""
        return pd.concat({key: v.predictions for key, v in self.validations.items()}, names=KEYS).reset_index(KEYS)

    def to_frame(self) -> pd.DataFrame:
        """One line a fold, by (situation, estimator, fold): how many values were learned from, and every score."""
        frames = {key: v.folds.drop(columns="seconds").join(v.scores()) for key, v in self.validations.items()}
        return pd.concat(frames, names=KEYS)

    def summary(self) -> pd.DataFrame:
        """One line a (situation, estimator), columns (score, `mean`) and (score, `sd`): over and between the folds."""
        return _one_line_each({key: v.summary() for key, v in self.validations.items()})

    def differences(self) -> pd.DataFrame:
        """Each score less the baseline's, fold by fold: columns (score, `mean`) and (score, `se`), its standard error.

        Folds learn from each other's held-out rows, so their scores are not independent: the variance of the mean is
        (1 / k + n_test / n_train) times the variance between the k folds (Nadeau & Bengio 2003, Machine Learning 52,
        239, section 3.1), n_train counting the values of the task that were learned from, not all that there were.
        """
        lines = {}
        for (situation, estimator), validation in self.validations.items():
            if estimator != self.baseline:
                difference = validation.scores() - self[situation, self.baseline].scores()
                share = (validation.folds["predicted"] / validation.folds["learned"]).mean()
                error = difference.std() * np.sqrt(1.0 / len(difference) + share)
                lines[situation, estimator] = pd.DataFrame({"mean": difference.mean(), "se": error})
        return _one_line_each(lines)


def _one_line_each(frames: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Frames by (situation, estimator) to one line each, with their rows and columns as columns."""
    return pd.concat({key: frame.stack() for key, frame in frames.items()}, axis="columns", names=KEYS).T


def compare(
    estimators: Mapping[str, Any],
    X: Any,
    Y: pd.DataFrame,
    *,
    task: Hashable,
    situations: Mapping[str, Situation] | None = None,
    baseline: str | None = None,
    noise: Any = None,
    cv: int | Splitter = 5,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Cross-validate estimators in each of several situations, on the same folds and the same values learned from.

    Situations that learn from the same values share one fit.

    Parameters
    ----------
    estimators
        By name.
    situations
        By name. None for two: "cold", where nothing but the inputs is known at the predicted rows, and "given", where
        the values of all other tasks are.
    baseline
        The estimator that the others are measured against; None for the last.
    X, Y, task, noise, cv, random_state, n_jobs, progress
        As for :func:`cross_validate`.

    Raises
    ------
    ParameterError
        `baseline` is no estimator; and what :func:`cross_validate` raises.

    Examples
    --------
    >>> from mfgp.architectures import DifferenceGP, IndependentGP
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 16)})
    >>> Y = pd.DataFrame({"low": np.sin(8 * X.x), "high": 2 * np.sin(8 * X.x) + X.x})
    >>> Y.loc[::2, "high"] = np.nan
    >>> comparison = compare({"difference": DifferenceGP(), "alone": IndependentGP()}, X, Y, task="high", cv=2)
    >>> comparison.differences()["mae", "mean"] < 0
    situation  estimator
    cold       difference    True
    given      difference    True
    Name: (mae, mean), dtype: bool
    """
    if baseline is None:
        baseline = list(estimators)[-1] if estimators else ""
    elif baseline not in estimators:
        raise ParameterError(f"baseline={baseline!r} is no estimator; they are {listed(estimators)}")
    if situations is None:
        others = tuple(name for name in tasks_of(Y) if name != task)
        situations = {"cold": Situation(), "given": Situation(given=others)}
    validations = validate_grid(
        estimators,
        X,
        Y,
        task=task,
        situations=situations,
        noise=noise,
        cv=cv,
        random_state=random_state,
        n_jobs=n_jobs,
        progress=progress,
    )
    return Comparison(task, validations, baseline)
