"""Cross-validation of one task in the presence of the others."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from mfgp.validation.folds import Splitter
from mfgp.validation.grid import Progress, validate_grid
from mfgp.validation.situation import Situation
from mfgp.validation.validation import Validation


def cross_validate(
    estimator: Any,
    X: Any,
    Y: pd.DataFrame,
    *,
    task: Hashable,
    noise: Any = None,
    given: Sequence[Hashable] = (),
    values: int | None = None,
    cv: int | Splitter = 5,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Validation:
    """Predict one task at rows held out in turn.

    The folds are made of the rows that have the task. A row that is held out is held out in every task; a row that
    does not have the task is always learned from.

    Parameters
    ----------
    estimator
        One of the architectures, or whatever has their ``fit`` and ``predict_distribution``. It is cloned.
    X
        (n, d) frame or array of inputs.
    Y
        (n, T) frame of values, one column a task, NaN where not measured.
    task
        The column of `Y` to predict.
    noise
        Known standard deviations, as for ``fit``. A held-out value whose own is known is predicted with it, the others
        with the noise that the estimator has learned.
    given
        Tasks whose values at the held-out rows are known when these are predicted.
    values
        Only so many values of the task are learned from in each fold, drawn by `random_state`; the rows of the others
        keep their other tasks. None for all.
    cv
        Number of folds, or a scikit-learn splitter.
    random_state
        Seed of the folds and of the values drawn.
    n_jobs
        Processes; None for this one, -1 for as many as there are cores.
    progress
        Called after each fit with the number of fits done and the number of all.

    Raises
    ------
    ColumnError, DataError, DataTypeError
        The tables cannot be used, as for ``fit``.
    ColumnError
        `task` or `given` is no column of `Y`, or `given` names the task itself.
    DataTypeError
        `Y` is no frame, `given` text, `cv` no splitter, or the estimator predicts no distribution.
    DataError
        There are fewer values than folds.
    ParameterError
        `values` is no whole number, or more than a fold has.

    Examples
    --------
    >>> import numpy as np
    >>> from mfgp.architectures import DifferenceGP
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 20)})
    >>> Y = pd.DataFrame({"low": np.sin(6 * X.x), "high": 2 * np.sin(6 * X.x) + X.x})
    >>> validation = cross_validate(DifferenceGP(), X, Y, task="high", given=["low"], values=6, cv=2)
    >>> bool(validation.summary().loc["mae", "mean"] < 0.05)
    True
    """
    situations = {"": Situation(given, values)}
    return validate_grid(
        {"": estimator},
        X,
        Y,
        task=task,
        situations=situations,
        noise=noise,
        cv=cv,
        random_state=random_state,
        n_jobs=n_jobs,
        progress=progress,
    )["", ""]
