"""What is learned from: measured trials as the tables that an estimator takes, and the estimator fitted to them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from copy import deepcopy
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import clone

from mfgp.architectures.regressor import Regressor
from mfgp.optimization.points import Point, Points
from mfgp.optimization.trial import Trial, Value

Tables: TypeAlias = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]

GROWTH = 1.5  # of the values of a task, after which hyperparameters are looked for from the beginning again


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


def looked_for_among(trials: Sequence[Trial]) -> int:
    """How many of the first of some measured trials hyperparameters are looked for among, from the beginning.

    They are looked for again as soon as a task, or a class of a label, has half as many values again as the last time.

    Examples
    --------
    >>> trials = [Trial(number, "measured", (number,), "high", value=1.0) for number in range(8)]
    >>> [looked_for_among(trials[:count]) for count in range(1, 9)]
    [1, 2, 3, 3, 5, 5, 5, 8]
    """
    count, before, found = Counter[Hashable](), Counter[Hashable](), 0
    for place, trial in enumerate(trials, start=1):
        kind = (trial.task, trial.value if isinstance(trial.value, str | bool) else None)
        count[kind] += 1
        if count[kind] >= GROWTH * before[kind]:
            before, found = count.copy(), place
    return found


class Learner:
    """Fits an estimator to trials.

    Hyperparameters are looked for from the beginning among the first values, as :func:`looked_for_among` counts them,
    and climb on from there among all: a few more values move them little, and the search is most of what a question
    takes. What comes out depends on the trials alone, and not on what was fitted before.

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
        self._first: _Fitted | None = None
        self._all: _Fitted | None = None

    def model(self, trials: Iterable[Trial]) -> Regressor:
        """The estimator fitted to measured trials; the order in which they were told does not matter."""
        trials = sorted(trials, key=lambda trial: trial.number)
        tables = self._tables(trials)
        if self._all is None or not _same(tables, self._all.tables):
            self._all = _Fitted(tables, self._fitted(trials, tables))
        return self._all.model

    def _fitted(self, trials: Sequence[Trial], tables: Tables) -> Regressor:
        first = trials[: looked_for_among(trials)]
        own = self._estimator.get_params(deep=False)
        if len(first) == len(trials) or not {"warm_start", "hyperparameters"} <= own.keys():
            self._first = _Fitted(tables, _fit(clone(self._estimator), tables))
            return self._first.model
        tables_of_first = self._tables(first)
        if self._first is None or not _same(tables_of_first, self._first.tables):
            alone = clone(self._estimator).set_params(hyperparameters="map")
            self._first = _Fitted(tables_of_first, _fit(alone, tables_of_first))
        climbing = deepcopy(self._first.model).set_params(hyperparameters=own["hyperparameters"], warm_start=True)
        return _fit(climbing, tables).set_params(warm_start=own["warm_start"])

    def _tables(self, trials: Iterable[Trial]) -> Tables:
        return tables_of(trials, self._points, self._tasks)


class _Fitted(NamedTuple):
    """Tables, and the model that was fitted to them."""

    tables: Tables
    model: Regressor


def _fit(estimator: Regressor, tables: Tables) -> Regressor:
    X, Y, noise = tables
    return estimator.fit(X, Y, noise=noise)


def _same(tables: Tables, others: Tables) -> bool:
    return all(
        other is None if table is None else other is not None and table.equals(other)
        for table, other in zip(tables, others, strict=True)
    )
