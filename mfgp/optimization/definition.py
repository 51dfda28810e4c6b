"""Definitions: all that makes a campaign but its trials, checked."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import pandas as pd

from mfgp.architectures import CascadeGP, DifferenceGP
from mfgp.architectures.regressor import Regressor
from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataTypeError, ParameterError
from mfgp.expressions import Condition, Expression, parse
from mfgp.expressions.expression import unknown_task
from mfgp.optimization.acquisitions import acquisition as chooser_of
from mfgp.optimization.box import Box
from mfgp.optimization.costs import Costs
from mfgp.optimization.decision import Acquisition
from mfgp.optimization.objective import Objective
from mfgp.optimization.points import Points
from mfgp.optimization.pool import Pool
from mfgp.optimization.start import initial_counts
from mfgp.optimization.stopping import StoppingRule

RESERVED = (
    *("trial", "candidate", "task", "value", "noise", "reason", "cost", "mean", "lower", "upper", "gain", "chance"),
    *("why", "state", "ask", "total", "incumbent", "incumbent_value", "best_measured", "asked_at", "told_at"),
    *("feasible", "again"),
)


MOST_LISTED = 1 << 14  # points of a box without continuous inputs that are looked at one by one


@dataclass(frozen=True, eq=False)
class Definition:
    """What a campaign is.

    Parameters
    ----------
    estimator
        Not fitted.
    space
        All candidates, or the box as it was given.
    objectives, known, constraints
        What is looked for, conditions on inputs, and conditions on tasks.
    costs
        By task, low fidelity first.
    acquisition
        A name, or an object that chooses.
    budget, stopping
        None for no limit and no rule.
    initial
        Rows of the start, by task.
    random_state
        Seed.
    """

    estimator: Regressor
    space: Pool | Box
    objectives: tuple[Objective, ...]
    known: tuple[Condition, ...]
    constraints: tuple[Condition, ...]
    costs: Costs
    acquisition: str | Acquisition
    budget: float | None
    stopping: StoppingRule | None
    initial: Mapping[str, int]
    random_state: int

    @classmethod
    def read(
        cls,
        estimator: Any,
        space: Any,
        objective: Any,
        costs: Any,
        constraints: Any,
        acquisition: Any,
        budget: Any,
        stopping: Any,
        initial: Any,
        random_state: Any,
    ) -> Definition:
        """What a user gave, checked; see :class:`Campaign <mfgp.optimization.campaign.Campaign>`.

        Raises
        ------
        ColumnError, DataError, DataTypeError, ExpressionError, ParameterError
            Something cannot be used; the message says what to write instead.
        """
        if not isinstance(estimator, Regressor):
            raise DataTypeError(
                f"estimator is {estimator!r}, expected an estimator of this package, such as mfgp.DifferenceGP()"
            )
        space, read_costs = _space(space), Costs.read(costs)
        tasks = read_costs.tasks
        _require_names(space.columns, tasks)
        read_costs.require_inputs(space.columns)
        objectives = _objectives(objective)
        for each in objectives:
            _require_tasks(each.quantity, tasks, space.columns)
        conditions = _conditions(constraints)
        known = tuple(each for each in conditions if set(each.tasks) <= set(space.columns))
        learned = tuple(each for each in conditions if each not in known)
        for condition in learned:
            _require_tasks(condition, tasks, space.columns)
        _require_chain(estimator, [str(task) for task in tasks], objectives, learned)
        if budget is not None and not (_is_number(budget) and budget > 0.0):
            raise ParameterError(f"budget={budget!r}, expected a positive number in the unit of the costs, or None")
        if stopping is not None and not isinstance(stopping, StoppingRule):
            raise DataTypeError(f"stopping={stopping!r}, expected mfgp.optimization.StoppingRule(gain_per_cost=...)")
        if isinstance(random_state, bool) or not isinstance(random_state, Integral) or random_state < 0:
            raise ParameterError(f"random_state={random_state!r}, expected a whole number from 0 on")
        require = getattr(chooser_of(acquisition), "require", None)
        if require is not None:
            require(estimator, objectives, learned)
        names = [str(task) for task in tasks]
        counts = initial_counts(initial, names, _wanted(objectives, learned), len(space.columns))
        limit, seed = None if budget is None else float(budget), int(random_state)
        definition = cls(
            estimator, space, objectives, known, learned, read_costs, acquisition, limit, stopping, counts, seed
        )
        if isinstance(definition.open_space, Pool):
            read_costs.require_positive(definition.open_space.frame)
        return definition

    def changed(self, **parts: Any) -> Definition:
        """The same with other parts, by their names in :meth:`read`, checked as there."""
        same = {
            "estimator": self.estimator,
            "space": self.space,
            "objective": self.objectives,
            "costs": self.costs,
            "constraints": [*self.known, *self.constraints],
            "acquisition": self.acquisition,
            "budget": self.budget,
            "stopping": self.stopping,
            "initial": self.initial,
            "random_state": self.random_state,
        }
        return Definition.read(**same | parts)

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Low fidelity first."""
        return tuple(str(task) for task in self.costs.tasks)

    @cached_property
    def points(self) -> Points:
        """The inputs."""
        return Points(self.space.columns, self.space.levels)

    @cached_property
    def open_space(self) -> Pool | Box:
        """The space with the known constraints in it."""
        return self.space.where(self.known) if self.known else self.space

    @cached_property
    def listed_space(self) -> Pool | Box:
        """The same, a box with few points as a pool of them: its candidates are numbered."""
        space = self.open_space
        return Pool(space.every_point()) if isinstance(space, Box) and space.size <= MOST_LISTED else space

    @cached_property
    def wanted(self) -> frozenset[Hashable]:
        """Tasks that the objectives or the learned constraints depend on."""
        return _wanted(self.objectives, self.constraints)

    @cached_property
    def takes_numbers(self) -> dict[str, bool]:
        """Whether the objectives and the learned constraints take each of their tasks as a number, or for its class."""
        classes = {
            task for part in (*(each.utility for each in self.objectives), *self.constraints) for task in part.labels
        }
        return {str(task): task not in classes for task in self.wanted}

    @cached_property
    def chooser(self) -> Acquisition:
        """What chooses."""
        return chooser_of(self.acquisition)

    @property
    def pool(self) -> Pool | None:
        """All candidates, if the space is a pool."""
        return self.space if isinstance(self.space, Pool) else None


def _wanted(objectives: Sequence[Objective], constraints: Sequence[Condition]) -> frozenset[Hashable]:
    quantities = [*(each.utility for each in objectives), *constraints]
    return frozenset(task for quantity in quantities for task in quantity.tasks)


def _space(space: Any) -> Pool | Box:
    if isinstance(space, Pool | Box):
        return space
    if isinstance(space, pd.DataFrame):
        return Pool(space)
    if isinstance(space, str | os.PathLike):
        return Pool.read(os.fspath(space))
    if isinstance(space, Mapping):
        return Box(space)
    raise DataTypeError(
        f"space is a {type(space).__name__}, expected candidates (a pandas.DataFrame, the path of a file, or a Pool), "
        "or a Box"
    )


def _objectives(objective: Any) -> tuple[Objective, ...]:
    several = objective if isinstance(objective, list | tuple) else [objective]
    strange = [each for each in several if not isinstance(each, Objective)]
    if strange:
        raise DataTypeError(
            f"objective is {strange[0]!r}, expected mfgp.maximize(...), mfgp.minimize(...) or mfgp.target(...), or a "
            "list of these"
        )
    if not several:
        raise ParameterError("objective is an empty list; write mfgp.maximize('...')")
    return tuple(several)


def _conditions(constraints: Any) -> tuple[Condition, ...]:
    several = constraints if isinstance(constraints, list | tuple) else [constraints]
    found: list[Condition] = []
    for each in several:
        expression = parse(each) if isinstance(each, str) else each
        if not isinstance(expression, Condition):
            raise DataTypeError(f"the constraint {each!r} is no condition; compare something, as in 'loss < 0.1'")
        found.append(expression)
    return tuple(dict.fromkeys(found))


def _require_tasks(expression: Expression, tasks: Collection[Hashable], inputs: Collection[Hashable]) -> None:
    for name in expression.tasks:
        if name in inputs:
            raise ColumnError(
                f"{expression!r} uses the input {name!r} beside tasks; write conditions on inputs by themselves, and "
                f"objectives and other conditions in the tasks {listed(tasks)}"
            )
        if name not in tasks:
            raise ColumnError(
                f"{unknown_task(name, tasks)}, nor such an input; these are {listed(inputs)}, in {expression!r}"
            )


def _require_chain(
    estimator: Regressor, tasks: list[str], objectives: Iterable[Objective], constraints: Iterable[Condition]
) -> None:
    """Raise ParameterError if a chain would go through a task of constraints alone, which may be no fidelity."""
    if not isinstance(estimator, DifferenceGP | CascadeGP) or estimator.sources is not None:
        return
    aims = {task for each in objectives for task in each.quantity.tasks}
    between = [task for each in constraints for task in each.tasks if task not in aims and task in tasks[1:-1]]
    if between:
        others = [task for task in tasks if task not in between]
        without, through = ({after: [before] for before, after in pairwise(order)} for order in (others, tasks))
        raise ParameterError(
            f"{listed(dict.fromkeys(between))} is a task of constraints alone, and a {type(estimator).__name__} would "
            f"compute the next task in costs from it; say what is computed from what, by sources={without} if it is no "
            f"fidelity, or by sources={through} if it is one"
        )


def _require_names(inputs: Iterable[Hashable], tasks: Iterable[Hashable]) -> None:
    inputs, tasks = list(inputs), list(tasks)
    for kind, names in (("input", inputs), ("task", tasks)):
        strange = [name for name in names if not isinstance(name, str)]
        if strange:
            raise ColumnError(f"the {kind} {strange[0]!r} is no text, as which a campaign stores names; rename it")
        taken = [name for name in names if name in RESERVED]
        if taken:
            raise ColumnError(f"the {kind} {taken[0]!r} has the name of a column that ask() or history has; rename it")
    both = [name for name in inputs if name in tasks]
    if both:
        raise ColumnError(
            f"{listed(both)} is an input and has a cost as a task; leave it out of the space or of the costs"
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
