"""Cross-validation of one task in the presence of the others."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from mfgp.errors import ParameterError
from mfgp.validation.fixed import validate_fixed
from mfgp.validation.folds import Splitter
from mfgp.validation.grid import Progress, validate_grid
from mfgp.validation.situation import Situation
from mfgp.validation.study import Study, check
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
    groups: Any = None,
    cv: int | Splitter = 5,
    repeats: int = 1,
    refit: bool = True,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Validation:
    """Predict one task at rows held out in turn.

    The folds are made of the rows that have the task. A row that is held out is held out in every task, and so is each
    row of its group; a row that does not have the task is otherwise learned from in every fold.

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
        Tasks whose values at a held-out row are known when this row is predicted. None of them by default: nothing but
        the inputs is known there ("cold").
    values
        Only so many values of the task are learned from in each fold, drawn by `random_state`; the rows of the others
        keep their other tasks. None for all.
    groups
        Rows that are held out together, such as all of one material: the name of a column of X, or (n,) labels. See
        :func:`~mfgp.validation.input_clusters` for regions of the inputs.
    cv
        Number of folds; or a splitter of scikit-learn, with groups, strata (fifths of the values) and repeats if it has
        them, such as ``LeaveOneGroupOut()``; or :class:`~mfgp.validation.HighestValues`.
    repeats
        How often the folds are made anew, where `cv` is a number.
    refit
        True to learn the hyperparameters anew in each fold. False for a quick look: one fit of everything, and each
        fold predicted without its values in closed form. Hyperparameters, means and scales are then those of all
        values, so the scores are too good, the more so the fewer values and the more parameters there are. The
        result's ``refitted`` says so.
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
        `task` or `given` is no column of `Y`, `given` names the task itself, or `groups` is no column of `X`.
    DataTypeError
        `Y` is no frame, `given` text, `cv` no splitter, the estimator predicts no distribution, or has no closed form.
    DataError
        There are fewer values or groups than folds, or `groups` has no label for each row.
    ParameterError
        `values` is no whole number, or more than a fold has, or given with `refit=False`; `repeats` is no number of
        times, or given with a splitter.

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
    situation = Situation(given, values)
    check({"": estimator}, Y, task, {"": situation})
    if not refit and values is not None:
        raise ParameterError(
            f"values={values} draws other values in each fold, but refit=False fits once: leave one of them out"
        )
    study = Study.read(X, Y, task=task, noise=noise, groups=groups, cv=cv, repeats=repeats, random_state=random_state)
    if not refit:
        return validate_fixed(estimator, study, situation.given)
    return validate_grid(
        {"": estimator}, study, {"": situation}, random_state=random_state, n_jobs=n_jobs, progress=progress
    )["", ""]
