"""What is asked of a pool: the condition, the criterion, and which columns are what."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mfgp.architectures.regressor import Regressor
from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataTypeError, NotFittedError, ParameterError
from mfgp.expressions import Condition, Quantity, parse, task
from mfgp.prediction.classes import require_kinds
from mfgp.prediction.prediction import require_probability
from mfgp.screening.criterion import Criterion
from mfgp.screening.reading import read_criterion

MOMENTS = ("mean", "std", "lower", "upper")
FIGURES = ("rank", "row", "score", *MOMENTS, "probability", "problem", "choice", "gain", "together")
PROMISING = 0.5  # probability from which rows are ranked where the criterion does not count it


@dataclass(frozen=True)
class Question:
    """All that a score depends on beside the model and the row.

    Parameters
    ----------
    where
        The condition, if there is one.
    criterion
        What is ranked by.
    inputs
        The model's columns.
    given, noise
        Columns of known values, and of their standard deviations, by task.
    keep
        Columns that go into the result.
    observed
        Whether a measurement's noise is added.
    least
        The probability from which rows are ranked.
    level
        Of the intervals.
    levels
        Those of the inputs that are categories of text.
    classes
        By column of known labels, their classes.
    origins
        By input that the pool makes from another column, that column.
    """

    where: Condition | None
    criterion: Criterion
    inputs: tuple[Hashable, ...]
    given: Mapping[Hashable, str]
    noise: Mapping[Hashable, str]
    keep: tuple[str, ...]
    observed: bool
    least: float
    level: float
    levels: tuple[Hashable, ...]
    classes: Mapping[str, Sequence[Hashable]]
    origins: Mapping[Hashable, str] = field(default_factory=dict)

    @classmethod
    def ask(
        cls,
        model: Any,
        where: Any,
        rank_by: Any,
        given: Any,
        noise: Any,
        keep: Any,
        observed: bool,
        least: float | None,
        level: float,
    ) -> Question:
        """Read what a user wrote; see :func:`mfgp.screen` for the parameters and errors."""
        if not isinstance(model, Regressor):
            raise DataTypeError(
                f"model is a {type(model).__name__}, expected an estimator of mfgp, for example mfgp.DifferenceGP()"
            )
        if not hasattr(model, "model_"):
            raise NotFittedError(f"this {type(model).__name__} is not fitted yet; call fit(X, Y) before screening")
        tasks = list(model.tasks_)
        condition = _condition(where, tasks)
        criterion = read_criterion(rank_by, condition).read(tasks)
        labels = {tasks[place]: found for place, found in model._tasks.labels.items()}
        for expression in (condition, criterion.quantity):
            if expression is not None:
                expression.require_tasks(tasks)
                require_kinds(expression, labels)
        if not any(found.tasks for found in (condition, criterion.quantity) if found is not None):
            raise ParameterError(f"{criterion!r} depends on no task; rank by one of {listed(tasks)}")
        if least is None:
            least = 0.0 if criterion.counts_probability or condition is None else PROMISING
        elif condition is None or not 0.0 <= least <= 1.0:
            raise ParameterError(
                f"least_probability={least!r}, expected a number from 0 to 1 and a condition, where=, that it is of"
            )
        kept = (keep,) if isinstance(keep, str) else keep
        if not isinstance(kept, Iterable):
            raise DataTypeError(f"keep={keep!r}, expected the name of a column, or a list of names")
        known, deviations = _columns_of(given, "given", tasks), _columns_of(noise, "noise", tasks)
        strangers = [name for name in deviations if name not in known]
        if strangers:
            raise ParameterError(f"noise= is for {listed(strangers)}, but given= has {listed(known)}; give both")
        level = require_probability(level, "level")
        inputs = model._inputs
        levels = [inputs.columns[place] for place, found in inputs.levels.items() if _are_text(found.values)]
        classes = {column: labels[name].classes for name, column in known.items() if name in labels}
        options = known, deviations, tuple(kept), bool(observed), least, level
        question = cls(condition, criterion, inputs.columns, *options, tuple(levels), classes)
        taken = [name for name in question.keep if name in question.figures]
        if taken:
            raise ColumnError(
                f"keep= has {listed(taken)}, the name of a column of results; rename it in the pool, or leave it out"
            )
        return question

    def labelled(self, label: str | None) -> Question:
        """The same, with the labels of the rows kept first.

        Raises
        ------
        ColumnError
            They have the name of a column of results.
        """
        if label is None or label in self.keep:
            return self
        if label in self.figures:
            raise ColumnError(
                f"the labels of the pool's rows have the name {label!r}, that of a column of results; write "
                "pool.rename_axis('label'), or pool.reset_index(drop=True)"
            )
        return replace(self, keep=(label, *self.keep))

    @property
    def figures(self) -> set[str]:
        """The names that columns of results have."""
        return {*FIGURES, *(f"{before}{moment}" for before in self.subjects for moment in MOMENTS)}

    @property
    def tasks(self) -> tuple[Hashable, ...]:
        """The tasks that have to be predicted."""
        expressions = [found for found in (self.where, self.criterion.quantity) if found is not None]
        return tuple(dict.fromkeys([name for found in expressions for name in found.tasks] + [*self.given]))

    @property
    def columns(self) -> list[Hashable]:
        """The columns of the pool that are read."""
        needed = [*self.inputs, *self.given.values(), *self.noise.values(), *self.criterion.columns, *self.keep]
        return list(dict.fromkeys(needed))

    @property
    def given_numbers(self) -> list[str]:
        """Columns of known values that are no labels."""
        return [column for column in self.given.values() if column not in self.classes]

    @property
    def texts(self) -> list[str]:
        """The columns that are text whatever stands in them, so that 007 is no number and NA not missing."""
        text = [*self.levels, *(column for column, classes in self.classes.items() if _are_text(classes))]
        others = [*self.inputs, *self.given.values(), *self.noise.values(), *self.criterion.columns]
        return [str(name) for name in [*text, *(name for name in self.keep if name not in others)]]

    @property
    def subjects(self) -> dict[str, Quantity]:
        """Quantities whose mean, deviation and interval are told, by what goes before their columns' names.

        That of the criterion; else the tasks of the condition that are numbers, without a name if it is one.
        """
        if self.criterion.quantity is not None and self.criterion.quantity.tasks:
            return {"": self.criterion.quantity}
        assert self.where is not None
        numbers = [name for name in self.where.tasks if name not in self.where.labels]
        return {"" if len(numbers) == 1 else f"{name}_": task(name) for name in numbers}

    def describe(self) -> dict[str, Any]:
        """What is asked, as text, by the names of the parameters."""
        return {
            "where": repr(self.where),
            "rank_by": repr(self.criterion),
            "inputs": list(map(str, self.inputs)),
            "given": {str(name): column for name, column in self.given.items()},
            "noise": {str(name): column for name, column in self.noise.items()},
            "keep": list(self.keep),
            "observed": self.observed,
            "least_probability": self.least,
            "level": self.level,
        }


def _condition(where: Any, tasks: list[Hashable]) -> Condition | None:
    found = parse(where, tasks) if isinstance(where, str) else where
    if found is None or isinstance(found, Condition):
        return found
    raise ParameterError(f"where={where!r} is no condition; compare, as in where='1.1 < gap < 1.7'")


def _are_text(values: Iterable[Hashable]) -> bool:
    return all(isinstance(value, str) for value in values)


def _columns_of(named: Any, name: str, tasks: list[Hashable]) -> dict[Hashable, str]:
    """Columns by task, of one name, several, or a mapping."""
    if named is None:
        return {}
    if isinstance(named, str) or not isinstance(named, Iterable):
        named = [named]
    found = dict(named) if isinstance(named, Mapping) else {each: each for each in named}
    strangers = [each for each in found if each not in tasks]
    if strangers:
        raise ColumnError(
            f"{name}= has {listed(strangers)}, which are no tasks; the tasks are {listed(tasks)}: write "
            f"{name}={{'task': 'column of the pool'}}"
        )
    return found
