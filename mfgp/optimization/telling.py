"""Telling: what becomes of each reading, given the trials that there are."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any, Literal, TypeAlias

import pandas as pd

from mfgp.errors import DataError, DataTypeError
from mfgp.optimization.definition import Definition
from mfgp.optimization.points import ROUNDING
from mfgp.optimization.reading import Reading
from mfgp.optimization.trial import Pair, Trial, Trials, Value

Outcome: TypeAlias = Literal["measured", "failed", "added", "known already"]


@dataclass
class Telling:
    """Goes through readings one by one; what it makes of them does not depend on their order.

    Telling the same again changes nothing. Readings that answer a trial are told from others by its number. Those
    without one are counted: of equal readings of a pair as many are stored as the largest number that was ever told at
    once. A reading without a number whose pair is pending answers that trial.

    Parameters
    ----------
    trials
        Before.
    definition
        Of the campaign.
    now
        The time.

    Attributes
    ----------
    changed
        Trials that are new or other than before, by number.
    outcomes
        For each reading its trial's number and what became of it.
    """

    trials: Trials
    definition: Definition
    now: str
    changed: dict[int, Trial] = field(default_factory=dict)
    outcomes: list[tuple[int, Outcome]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._told: dict[tuple[Pair, Value | None, float | None], list[int]] = defaultdict(list)
        self._pending: dict[Pair, list[int]] = defaultdict(list)
        self._kinds = dict(self.definition.takes_numbers)
        for trial in self.trials:
            if trial.state == "asked":
                self._pending[trial.pair].append(trial.number)
            elif trial.state == "failed":
                self._told[trial.pair, None, None].append(trial.number)
            elif trial.value is not None:
                self._told[trial.pair, trial.value, trial.noise].append(trial.number)
                self._kinds.setdefault(trial.task, isinstance(trial.value, float))
        self._count = len(self.trials)

    def frame(self, index: pd.Index[Any]) -> pd.DataFrame:
        """What became of each reading: trial, task and outcome."""
        told = [self.changed.get(number) or self.trials.all[number] for number, _ in self.outcomes]
        columns = {
            "trial": [trial.number for trial in told],
            "task": [trial.task for trial in told],
            "outcome": [outcome for _, outcome in self.outcomes],
        }
        return pd.DataFrame(columns, index)

    def hear(self, readings: Sequence[Reading]) -> None:
        """Take all readings of one table.

        Raises
        ------
        DataError
            There is no such trial, it is of another task or candidate, it was told something else, or a value is a
            number where the task has classes.
        """
        found: dict[int, tuple[int, Outcome]] = {}
        for place, reading in enumerate(readings):  # first, since others may answer what is left
            if reading.trial is not None:
                found[place] = self._by_number(reading)
                self._told[self.trials.all[reading.trial].pair, reading.value, reading.noise].append(reading.trial)
        for place, reading in enumerate(readings):
            if reading.trial is None:
                found[place] = self._by_pair(reading)
        self.outcomes += [found[place] for place in range(len(readings))]

    def _by_number(self, reading: Reading) -> tuple[int, Outcome]:
        number = reading.trial
        assert number is not None
        if not 0 <= number < len(self.trials):
            asked = f"they go from 0 to {len(self.trials) - 1}" if len(self.trials) else "there is none yet"
            raise DataError(f"row {reading.row} is of trial {number}, which there is not: {asked}")
        trial = self.changed.get(number, self.trials.all[number])
        if reading.task not in (None, trial.task):
            raise DataError(
                f"row {reading.row} is of trial {number} and the task {reading.task!r}; that trial is of "
                f"{trial.task!r}, so correct one of them"
            )
        own = {"candidate": trial.label} | dict(zip(self.definition.points.columns, trial.point, strict=True))
        said = reading.beside.items()
        other = next((name for name, cell in said if not _is_same(own[name], cell, name != "candidate")), None)
        if other is not None:
            raise DataError(
                f"row {reading.row} is of trial {number} and has {reading.beside[other]!r} as {other!r}; that trial "
                f"has {own[other]!r}, so keep the columns of what ask() gave together, or leave 'trial' out"
            )
        if trial.state in ("measured", "failed"):
            if _agree(trial, reading):
                return number, "known already"
            was = f"measured as {trial.value!r}" if trial.state == "measured" else f"told as failed ({trial.reason})"
            told = "a failure" if reading.value is None else repr(reading.value)
            raise DataError(
                f"trial {number} was {was}, and row {reading.row} tells {told}; to replace it, write "
                f"campaign.withdraw([{number}], reason='...') first"
            )
        if trial.value is not None and trial.value == reading.value:  # told again after it was withdrawn
            return number, "known already"
        return self._answer(trial, reading)

    def _by_pair(self, reading: Reading) -> tuple[int, Outcome]:
        assert reading.place is not None
        assert reading.task is not None
        pair = (reading.place, reading.task)
        known = self._told[pair, reading.value, reading.noise]
        if known:
            failed = reading.value is None
            return (known[0] if failed else known.pop(0)), "known already"
        pending = [number for number in self._pending[pair] if number not in self.changed]
        if pending:
            return self._answer(self.trials.all[pending[0]], reading)
        self._require_kind(reading.task, reading)
        failed = reading.value is None
        trial = Trial(
            self._count,
            "failed" if failed else "measured",
            reading.place.point,
            reading.task,
            reading.place.label,
            value=reading.value,
            noise=reading.noise,
            reason=reading.reason,
            cost=reading.cost or 0.0,
            told_at=self.now,
        )
        self._count += 1
        self.changed[trial.number] = trial
        if failed:
            known.append(trial.number)
        return trial.number, "failed" if failed else "added"

    def _answer(self, trial: Trial, reading: Reading) -> tuple[int, Outcome]:
        self._require_kind(trial.task, reading)
        outcome: Literal["failed", "measured"] = "failed" if reading.value is None else "measured"
        self.changed[trial.number] = replace(
            trial,
            state=outcome,
            value=reading.value,
            noise=reading.noise,
            reason=reading.reason,
            cost=trial.cost if reading.cost is None else reading.cost,
            told_at=self.now,
        )
        return trial.number, outcome

    def _require_kind(self, task: str, reading: Reading) -> None:
        value = reading.value
        if value is None:
            return
        number = isinstance(value, float)
        if isinstance(value, str) and self._kinds.get(task, True) and _is_number(value):
            raise DataError(
                f"row {reading.row} tells the text {value!r} of {task!r}; write numbers as numbers, as by "
                'pd.to_numeric(frame["value"]), or pd.read_csv(path, decimal=",")'
            )
        if self._kinds.setdefault(task, number) != number:
            kind, other = ("a class", "numbers") if not number else ("a number", "classes")
            asked = task in self.definition.takes_numbers
            whose = f"the campaign asks for {other}" if asked else f"it has {other} so far"
            raise DataError(
                f"row {reading.row} tells {kind} of {task!r}, {value!r}; {whose}, so tell one of those, or no value "
                "and a reason if it failed"
            )


def withdraw(trials: Trials, wanted: Any, reason: str, again: bool, now: str) -> list[Trial]:
    """Trials that are withdrawn, as they are then.

    Raises
    ------
    DataTypeError
        What is wanted is neither a whole number nor several.
    DataError
        There is no such trial.
    """
    several = wanted if isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes) else [wanted]
    numbers = list(several)
    strange = [number for number in numbers if isinstance(number, bool) or not isinstance(number, Integral)]
    if strange:
        raise DataTypeError(
            f"a trial is withdrawn by its number, but {strange[0]!r} came; write campaign.withdraw([3, 4], reason='...'"
            "), with whole numbers from the index of what ask() gave"
        )
    missing = [number for number in numbers if not 0 <= number < len(trials)]
    if missing:
        raise DataError(f"there is no trial {missing[0]}, so it cannot be withdrawn; there are {len(trials)} from 0 on")
    return [
        replace(trials.all[number], state="withdrawn", reason=reason, again=again, told_at=now)
        for number in dict.fromkeys(numbers)
    ]


def _is_same(own: Any, cell: Any, rounded: bool) -> bool:
    """Whether a cell is a trial's candidate or input, as it is or as a file shows it: text, and numbers rounded."""
    tolerance = ROUNDING if rounded else 0.0
    try:
        return math.isclose(float(own), float(cell), rel_tol=tolerance, abs_tol=tolerance**2)
    except (TypeError, ValueError):
        return str(own) == str(cell)


def _is_number(text: str) -> bool:
    """Whether a text is a number, be it with a comma for the point."""
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _agree(trial: Trial, reading: Reading) -> bool:
    """Whether a reading says what is stored already, up to the last digits that tables in text may lose."""
    if reading.noise is not None and reading.noise != trial.noise:
        return False
    if isinstance(trial.value, float) and isinstance(reading.value, float):
        return math.isclose(trial.value, reading.value, rel_tol=1e-12)
    return trial.value == reading.value
