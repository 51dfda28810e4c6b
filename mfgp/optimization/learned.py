"""What is learned, and from what: measured trials as the tables that an estimator takes, and the model of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import clone

from mfgp.architectures import AutoGP, IndependentGP
from mfgp.architectures.regressor import Regressor
from mfgp.optimization.points import Point, Points
from mfgp.optimization.trial import Trial, Value

Tables: TypeAlias = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]

SHARED = 6  # rows that a task and those of the objective share, from which on values have to speak for their relation
POSITIVE = 2.0  # nats of evidence that they do it with


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
    """Models measured trials: by an estimator, or each task by itself where their values do not speak for a relation.

    Until each task that only informs is known at :data:`SHARED` rows of the objective's, the estimator is believed.
    From then on it has to explain the values better than an :class:`IndependentGP`, by :data:`POSITIVE` nats of log
    evidence. An AutoGP judges for itself, and labels are left to the estimator.

    Parameters
    ----------
    estimator
        Is copied and never changed.
    points
        The inputs.
    tasks
        In the order of the model.
    wanted
        Those that the objective and the constraints depend on. The others only inform.
    """

    def __init__(
        self, estimator: Regressor, points: Points, tasks: Sequence[str], wanted: Collection[Hashable]
    ) -> None:
        self._points, self._tasks, self._wanted = points, tasks, [task for task in tasks if task in wanted]
        judges_itself = isinstance(estimator, IndependentGP | AutoGP)
        self._others = [] if judges_itself else [task for task in tasks if task not in wanted]
        self._together, self._alone = _Fitted(estimator), _Fitted(_independent(estimator))

    def model(self, trials: Iterable[Trial]) -> Regressor:
        """What is believed after measured trials; the order in which they were told does not matter."""
        return self._judged(trials)[0]

    def doubt(self, trials: Iterable[Trial]) -> str:
        """Why each task is modelled by itself; empty if the estimator is believed."""
        return self._judged(trials)[1]

    def _judged(self, trials: Iterable[Trial]) -> tuple[Regressor, str]:
        tables = tables_of(trials, self._points, self._tasks)
        together, rows = self._together.to(tables), self._compared(tables[1])
        if rows < SHARED:
            return together, ""
        alone = self._alone.to(tables)
        gain = together.fit_report_.log_evidence - alone.fit_report_.log_evidence
        if gain >= POSITIVE:
            return together, ""
        return alone, f"each task by itself, since {rows} shared rows speak for a relation by {gain:.2g} nats only"

    def _compared(self, Y: pd.DataFrame) -> int:
        """At how many rows of the objective's each task that only informs is known; 0 where none is to be judged."""
        if not self._others or any(not pd.api.types.is_float_dtype(kind) for kind in Y.dtypes):  # labels
            return 0
        known = Y.notna()
        return int(known.loc[known[self._wanted].all(axis=1), self._others].sum().min())


class _Fitted:
    """An estimator, fitted anew and from the beginning wherever the tables are others than before."""

    def __init__(self, estimator: Regressor) -> None:
        self._estimator = estimator
        self._known: Tables | None = None
        self._model: Regressor | None = None

    def to(self, tables: Tables) -> Regressor:
        """The estimator fitted to these."""
        if self._model is None or self._known is None or not _same(tables, self._known):
            X, Y, noise = self._known = tables
            self._model = clone(self._estimator).fit(X, Y, noise=noise)
        return self._model


def _independent(estimator: Regressor) -> IndependentGP:
    """The baseline with an estimator's settings."""
    alone = IndependentGP()
    settings = estimator.get_params(deep=False)
    return alone.set_params(**{name: settings[name] for name in alone.get_params(deep=False) if name in settings})


def _same(tables: Tables, others: Tables) -> bool:
    return all(
        other is None if table is None else other is not None and table.equals(other)
        for table, other in zip(tables, others, strict=True)
    )
