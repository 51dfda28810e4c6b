"""Trials: measurements that were asked for or told, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from mfgp.optimization.points import Label, Point

State = Literal["asked", "measured", "failed", "withdrawn"]
Value: TypeAlias = float | str | bool


class Place(NamedTuple):
    """Where something is measured.

    Parameters
    ----------
    label
        The candidate; None for a row that is none.
    point
        The inputs; candidates may share them.
    """

    label: Label | None
    point: Point


Pair: TypeAlias = tuple[Place, str]


@dataclass(frozen=True)
class Trial:
    """One measurement of one task at one row.

    Parameters
    ----------
    number
        From 0, in the order in which trials came into being.
    state
        "asked" until it is told; then "measured", "failed" or "withdrawn".
    point
        The inputs.
    task
        What is measured.
    label
        The candidate; None for a row that is none.
    ask
        Which call of ``ask`` it came from, from 0; None if it was told without having been asked for.
    value, noise
        What was measured, and the known standard deviation of that, in the task's unit.
    reason
        Why it failed or was withdrawn.
    cost
        What it costs: expected, or actual once that was told.
    again
        Whether a withdrawn pair may be asked for again.
    mean, lower, upper
        What was predicted when it was asked for: mean and 90% interval of a measurement.
    gain, chance, why
        What the acquisition said of it.
    incumbent, incumbent_value
        The best row when it was asked for, and the mean of the objective there.
    asked_at, told_at
        Times in UTC, as in ISO 8601.
    """

    number: int
    state: State
    point: Point
    task: str
    label: Label | None = None
    ask: int | None = None
    value: Value | None = None
    noise: float | None = None
    reason: str | None = None
    cost: float = 0.0
    again: bool = True
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None
    gain: float | None = None
    chance: float | None = None
    why: str | None = None
    incumbent: str | None = None
    incumbent_value: float | None = None
    asked_at: str | None = None
    told_at: str | None = None

    @property
    def place(self) -> Place:
        """Where."""
        return Place(self.label, self.point)

    @property
    def pair(self) -> Pair:
        """Where and what."""
        return self.place, self.task

    @property
    def spent(self) -> float:
        """The cost, once it has been paid: a trial that was withdrawn before it was told costs nothing."""
        return self.cost if self.state in ("measured", "failed") or self.value is not None else 0.0

    @property
    def closes(self) -> bool:
        """Whether its pair cannot be asked for any more."""
        return self.state != "withdrawn" or not self.again


@dataclass(frozen=True)
class Trials:
    """All trials of a campaign at one moment.

    Parameters
    ----------
    all
        In the order of their numbers.
    note
        Why nothing is worth asking for, if the last ``ask`` found so and nothing has changed since.
    """

    all: tuple[Trial, ...] = ()
    note: str | None = None

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    @cached_property
    def pending(self) -> tuple[Trial, ...]:
        """Asked for and not yet told."""
        return tuple(trial for trial in self.all if trial.state == "asked")

    @cached_property
    def measured(self) -> tuple[Trial, ...]:
        """Those with a value that counts."""
        return tuple(trial for trial in self.all if trial.state == "measured")

    @cached_property
    def closed(self) -> frozenset[Pair]:
        """Pairs that cannot be asked for."""
        return frozenset(trial.pair for trial in self.all if trial.closes)

    @property
    def asks(self) -> int:
        """How many calls of ``ask`` gave trials."""
        return 1 + max((trial.ask for trial in self.all if trial.ask is not None), default=-1)

    @property
    def spent(self) -> float:
        """Cost of what was measured or failed."""
        return sum(trial.spent for trial in self.all)

    @property
    def committed(self) -> float:
        """Cost of that and of what is pending."""
        return self.spent + sum(trial.cost for trial in self.pending)


def timestamp() -> str:
    """The time as trials have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
