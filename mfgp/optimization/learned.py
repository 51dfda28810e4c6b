"""What is learned from: measured trials as the tables that an estimator takes, and the estimator fitted to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import clone

from mfgp.architectures.regressor import Regressor
from mfgp.optimization.points import Point, Points
from mfgp.optimization.trial import Trial, Value

Tables: TypeAlias = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]


def tables_of(trials: Iterable[Trial], points: Points, tasks: Sequence[str]) -> Tables:
    """Measured trials as X, Y and noise: a row an input, and a further one for each time that a task is repeated there.

    Parameters
    ----------
    trials
        With values.
    points
        The inputs.
    tasks
        In the order of the model.

    Examples
    --------
    >>> points = Points(("x",), {})
    >>> seen = [Trial(0, "measured", (1.0,), "low", value=0.5), Trial(1, "measured", (1.0,), "high", value=0.7)]
    >>> X, Y, noise = tables_of([*seen, Trial(2, "measured", (1.0,), "low", value=0.4)], points, ["low", "high"])
    >>> pd.concat([X, Y], axis=1)
         x  low  high
    0  1.0  0.4   0.7
    1  1.0  0.5   NaN
    """
    values: dict[tuple[str, str], list[tuple[str, float, Value, Point]]] = defaultdict(list)
    for trial in trials:
        assert trial.value is not None
        deviation = np.nan if trial.noise is None else trial.noise
        text = Points.text(trial.point)
        values[text, trial.task].append((repr(trial.value), deviation, trial.value, trial.point))
    rows: dict[tuple[str, int], dict[str, tuple[Value, float]]] = defaultdict(dict)
    places: dict[str, Point] = {}
    for (text, task), found in values.items():
        found.sort(key=lambda each: each[:2])
        places[text] = found[0][3]
        for repeat, (_, deviation, value, _) in enumerate(found):
            rows[text, repeat][task] = (value, deviation)
    order = sorted(rows)
    X = points.frame([places[text] for text, _ in order])
    Y = pd.DataFrame({task: [rows[key].get(task, (np.nan, np.nan))[0] for key in order] for task in tasks})
    noise = pd.DataFrame({task: [rows[key].get(task, (np.nan, np.nan))[1] for key in order] for task in tasks})
    return X, Y, None if noise.isna().all(axis=None) else noise


class Learner:
    """Fits an estimator to trials, anew and from the beginning wherever their values are others than before.

    Parameters
    ----------
    estimator
        Is copied and never changed.
    points
        The inputs.
    tasks
        In the order of the model.
    """

    def __init__(self, estimator: Regressor, points: Points, tasks: Sequence[str]) -> None:
        self._estimator, self._points, self._tasks = estimator, points, tasks
        self._known: Tables | None = None
        self._model: Regressor | None = None

    def model(self, trials: Iterable[Trial]) -> Regressor:
        """The estimator fitted to measured trials; the order in which they were told does not matter."""
        tables = tables_of(trials, self._points, self._tasks)
        if self._model is None or self._known is None or not _same(tables, self._known):
            X, Y, noise = self._known = tables
            self._model = clone(self._estimator).fit(X, Y, noise=noise)
        return self._model


def _same(tables: Tables, others: Tables) -> bool:
    return all(
        other is None if table is None else other is not None and table.equals(other)
        for table, other in zip(tables, others, strict=True)
    )
