"""Readings: what a user tells, line by line, in any of three forms of a table."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mfgp.data.table import listed, require_unique
from mfgp.errors import ColumnError, DataError, DataTypeError
from mfgp.optimization.points import Point, Points
from mfgp.optimization.pool import Pool, plain_label
from mfgp.optimization.spread import NEAR
from mfgp.optimization.trial import Place, Value

LONG = ("value", "noise", "reason", "cost")


@dataclass(frozen=True)
class Reading:
    """One measurement as it is told.

    Parameters
    ----------
    row
        The place of its line in the table.
    trial
        The trial that it answers; None where it was not asked for by number.
    place, task
        Where and what was measured; None in what answers a trial.
    value
        None where the measurement failed.
    noise, cost
        Known standard deviation and actual cost, None where not told.
    reason
        Why it failed.
    beside
        What stands beside a trial's number, and has to be that trial's: "candidate" and inputs, by name.
    """

    row: int
    trial: int | None
    place: Place | None
    task: str | None
    value: Value | None
    noise: float | None = None
    reason: str | None = None
    cost: float | None = None
    beside: Mapping[Hashable, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """Reads tables for one campaign.

    Parameters
    ----------
    points
        The inputs.
    tasks
        The tasks' names.
    pool
        All candidates, those too that constraints exclude; None for a box.
    """

    points: Points
    tasks: Sequence[str]
    pool: Pool | None

    def read(self, frame: Any) -> list[Reading]:
        """The readings of a table: an answer to ``ask``, a long table, or a wide one.

        Raises
        ------
        DataTypeError
            It is no pandas frame.
        ColumnError
            It lacks columns of all three forms.
        DataError
            A value is infinite, or missing without a reason, or a line cannot be placed.
        """
        if not isinstance(frame, pd.DataFrame):
            raise DataTypeError(
                f"tell takes a pandas.DataFrame, but a {type(frame).__name__} came: write campaign.tell(asked.assign("
                "value=[...]))"
            )
        label = self._label
        if frame.index.name in ("trial", "candidate", label or "trial") and frame.index.name not in frame.columns:
            frame = frame.reset_index()
        require_unique(frame.columns, "what is told")
        frame = frame.reset_index(drop=True)
        if self.pool is not None and label in frame.columns and "candidate" not in frame.columns:
            placed, known = set(self.points.columns) <= set(frame.columns), frame[label].isin(self.pool.labels)
            frame["candidate"] = frame[label].astype(object).where(known | (not placed))
        if "value" in frame.columns and ("task" in frame.columns or "trial" in frame.columns):
            return list(self._long(frame))
        measured = [task for task in self.tasks if task in frame.columns]
        if not measured:
            raise ColumnError(
                f"what is told has the columns {listed(frame.columns)}; give what ask() gave with a column 'value', or "
                f"inputs with the columns 'task' and 'value', or inputs with columns of the tasks {listed(self.tasks)}"
            )
        return list(self._wide(frame, measured))

    @property
    def _label(self) -> Hashable:
        """The pool's own name for its labels, as good as "candidate" where inputs are missing; None if it has none."""
        name = None if self.pool is None else self.pool.labels.name
        return None if name in (*self.points.columns, *self.tasks, "trial", "task", *LONG) else name

    def _wide(self, frame: pd.DataFrame, tasks: list[str]) -> Iterator[Reading]:
        for row, place in enumerate(self._places(frame)):
            for task in tasks:
                value = _value(frame[task].iloc[row], row, task)
                if value is not None:
                    yield Reading(row, None, place, task, value)

    def _long(self, frame: pd.DataFrame) -> Iterator[Reading]:
        trials = frame["trial"] if "trial" in frame.columns else pd.Series(None, frame.index, dtype=object)
        free = np.flatnonzero(trials.isna())
        if len(free) and "task" not in frame.columns:
            raise ColumnError("what is told has lines without a trial, and no column 'task'; say what was measured")
        said = [] if self.pool is None or "candidate" not in frame.columns else ["candidate"]
        shown = frame[[*said, *(name for name in self.points.columns if name in frame.columns)]].astype(object)
        placed = dict(zip(free.tolist(), self._places(frame.iloc[free]) if len(free) else [], strict=True))
        for row in range(len(frame)):
            cells = {name: frame[name].iloc[row] for name in LONG if name in frame.columns}
            task = frame["task"].iloc[row] if "task" in frame.columns else None
            if task is not None and task not in self.tasks:
                raise DataError(f"row {row} is of the task {task!r}; the tasks are {listed(self.tasks)}")
            value, reason = _value(cells["value"], row, task), _text(cells.get("reason"))
            if value is None and reason is None:
                raise DataError(
                    f"row {row} has no value and no reason; write why it failed in the column 'reason', or leave lines "
                    "out that are not measured yet, by frame.dropna(subset='value')"
                )
            if value is not None and reason is not None:
                raise DataError(
                    f"row {row} has the value {value!r} and a reason of failure, {reason!r}; leave one of them out"
                )
            trial = None if row in placed else _whole(trials.iloc[row], row)
            noise, cost = (_positive(cells.get(name), row, name) for name in ("noise", "cost"))
            beside = {} if trial is None else shown.iloc[row].dropna().to_dict()
            yield Reading(row, trial, placed.get(row), task, value, noise, reason, cost, beside)

    def _places(self, frame: pd.DataFrame) -> list[Place]:
        """Where lines were measured, by the column "candidate" if a line has one, else by the inputs."""
        if self.pool is None or "candidate" not in frame.columns:
            return self._places_of(self.points.read(frame, "what is told"))
        named = frame["candidate"].notna().to_numpy()
        unknown = [label for label in frame["candidate"][named] if label not in self.pool.labels]
        if unknown:
            text = isinstance(self.pool.labels[0], str) and not isinstance(unknown[0], str)
            hint = ", for labels are text: read them by dtype={'candidate': str}" if text else ""
            raise DataError(
                f"there is no candidate {unknown[0]!r}{hint}; to tell of a row outside the pool, leave 'candidate' "
                f"empty and give its inputs {listed(self.points.columns)}"
            )
        self._require_own_inputs(frame[named])
        others = iter(self._places_of(self.points.read(frame[~named], "what is told") if not named.all() else []))
        return [
            self.pool.places[plain_label(label)] if known else next(others)
            for known, label in zip(named, frame["candidate"], strict=True)
        ]

    def _require_own_inputs(self, frame: pd.DataFrame) -> None:
        """Raise DataError if a line has a candidate and inputs of another, beyond a thousandth of the ranges."""
        columns = list(self.points.columns)
        if self.pool is None or not set(columns) <= set(frame.columns):
            return
        given = frame[frame[columns].notna().all(axis=1)]
        told = self.points.read(given, "what is told")
        own = [self.pool.places[plain_label(label)].point for label in given["candidate"]]
        here, there = (self.pool.coordinates(self.points.frame(points)) for points in (told, own))
        apart = np.linalg.norm(here - there, axis=1) >= NEAR
        if apart.any():
            row = int(apart.argmax())
            raise DataError(
                f"row {given.index[row]} is of the candidate {given['candidate'].iloc[row]!r} and has the inputs "
                f"{list(told[row])}; that candidate has {list(own[row])}, so correct one, or leave inputs or label out"
            )

    def _places_of(self, points: Sequence[Point]) -> list[Place]:
        if self.pool is None:
            return [Place(None, point) for point in points]
        places = []
        for point, labels in zip(points, self.pool.labels_of(points), strict=True):
            if len(labels) > 1:
                raise DataError(
                    f"the candidates {listed(labels)} all have the inputs {list(point)}; say which one is meant in a "
                    "column 'candidate'"
                )
            places.append(self.pool.places[labels[0]] if labels else Place(None, point))
        return places


def _value(cell: Any, row: int, task: Any) -> Value | None:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    try:
        number = float(cell)
    except (TypeError, ValueError) as error:
        raise DataError(f"row {row} has the value {cell!r}, which is neither a number nor a class: {error}") from error
    if math.isinf(number):
        raise DataError(f"row {row} has an infinite value of {task!r}; tell a failure by an empty value and a reason")
    return None if math.isnan(number) else number


def _text(cell: Any) -> str | None:
    return cell if isinstance(cell, str) and cell.strip() else None


def _positive(cell: Any, row: int, name: str) -> float | None:
    number = _value(cell, row, name)
    if number is None:
        return None
    if not isinstance(number, float) or number < 0.0:
        raise DataError(f"row {row} has the {name} {number!r}, expected a number that is not negative")
    return number


def _whole(cell: Any, row: int) -> int:
    try:
        number = float(cell)
    except (TypeError, ValueError):
        number = math.nan
    if not number.is_integer():
        raise DataError(f"row {row} has the trial {cell}, expected a whole number, as ask() gives it")
    return int(number)
