"""Campaigns: ask what to measure next, tell what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from types import EllipsisType
from typing import Any

import pandas as pd

from mfgp.architectures.regressor import Regressor
from mfgp.data.table import listed
from mfgp.errors import DataError, ParameterError
from mfgp.expressions import Condition
from mfgp.optimization.box import Box
from mfgp.optimization.decision import Acquisition
from mfgp.optimization.definition import Definition
from mfgp.optimization.history import asked_frame, history_of
from mfgp.optimization.incumbent import best_of
from mfgp.optimization.learned import Learner
from mfgp.optimization.objective import Objective
from mfgp.optimization.pool import Pool
from mfgp.optimization.question import Question
from mfgp.optimization.reading import Reader
from mfgp.optimization.record import (
    as_stored,
    changes_of,
    definition_of,
    differences,
    parquet_of,
    text_of,
    with_change,
    with_start,
)
from mfgp.optimization.status import Status
from mfgp.optimization.stopping import StoppingRule
from mfgp.optimization.storage import Storage
from mfgp.optimization.telling import Telling, withdraw
from mfgp.optimization.trial import Trials, timestamp


class Campaign:
    """A search for the best row that buys measurements of several tasks: ``ask`` what to measure, ``tell`` the values.

    All of it is in a database. Each ask and each tell is one transaction: what a call has returned for is stored, and
    what a killed one has not is as if it had not been called. Several processes may ask and tell at once. The model is
    fitted to what is stored, so the same storage gives the same question.

    Parameters
    ----------
    estimator
        Not fitted; what it learns of the tasks decides what a cheap measurement is worth.
    space
        What may be measured: candidates (a frame with a label and the inputs of each, a path of a Parquet or CSV file,
        or a :class:`~mfgp.optimization.pool.Pool`), or a :class:`~mfgp.optimization.box.Box`.
    objective
        :func:`mfgp.maximize`, :func:`mfgp.minimize` or :func:`mfgp.target` of a function of tasks; or a list of several
        for a Pareto front.
    costs
        What a measurement of each task costs, low fidelity first: a number, a text in the inputs, or a function of a
        row. Its keys are the tasks.
    constraints
        Conditions, as expressions or text. Those on inputs are kept by the space, those on tasks are learned.
    storage
        A file for SQLite, or a URL of SQLAlchemy; "sqlite://" is a database in memory.
    acquisition
        What chooses: a name, or an object with a method ``choose``, see
        :class:`~mfgp.optimization.decision.Acquisition`.
    budget
        What all measurements that are asked for may cost together by `costs`; None for no limit. Actual costs that are
        told in their place may exceed it, and nothing is asked for then.
    stopping
        When to stop for lack of gain; None to go on.
    initial
        Rows that fill the space at the start: a number, or one for each task. By default one more than there are
        inputs, but from 4 to 10, of the first task, and half as many of each other one; if tasks only inform, 3 of each
        of the objective's, and one of each that informs. What was told counts. Of a stored campaign: what is stored.
    random_state
        Seed of the start and of the acquisition.
    name
        Of the campaign, as several may share a database.
    data
        A table of values that exist already, which is told at once; see :meth:`tell`.

    Raises
    ------
    ColumnError, DataError, DataTypeError, ExpressionError, ParameterError
        Something cannot be used, or the storage holds another campaign of this name.
    DependencyError
        SQLAlchemy, or a database's driver, is not installed.

    Examples
    --------
    >>> import mfgp, numpy as np
    >>> pool = pd.DataFrame({"x": np.linspace(0, 1, 50)})
    >>> campaign = Campaign(
    ...     mfgp.DifferenceGP(), pool, mfgp.maximize("high"), {"low": 1, "high": 10}, storage="sqlite://"
    ... )
    >>> asked = campaign.ask(4)
    >>> asked.task.tolist()
    ['low', 'high', 'high', 'high']
    >>> told = campaign.tell(asked.assign(value=np.sin(6 * asked.x)))
    >>> campaign.status()
    Campaign 'campaign': 4 measured, 0 pending, 0 failed, 0 withdrawn; 31 spent, 0 pending, no budget; it goes on
    """

    def __init__(
        self,
        estimator: Regressor,
        space: Pool | Box | pd.DataFrame | Mapping[str, Any] | str | Path,
        objective: Objective | list[Objective],
        costs: Mapping[str, Any],
        constraints: Any = (),
        *,
        storage: Any = "campaign.sqlite",
        acquisition: str | Acquisition = "gain",
        budget: float | None = None,
        stopping: StoppingRule | None = None,
        initial: int | Mapping[str, int] | None = None,
        random_state: int = 0,
        name: str = "campaign",
        data: pd.DataFrame | None = None,
    ) -> None:
        definition = Definition.read(
            estimator, space, objective, costs, constraints, acquisition, budget, stopping, initial, random_state
        )
        opened, text = Storage(storage, name), text_of(definition)
        stored, _ = opened.create(text, None if definition.pool is None else parquet_of(definition.pool))
        if initial is None:
            definition = with_start(definition, stored)
        self._attach(definition, stored, opened)
        differing = differences(stored, text_of(definition))
        if differing:
            raise ParameterError(
                f"the storage {opened.engine.url!r} holds a campaign {name!r} with other {listed(differing)}; "
                f"go on with it by Campaign.load(storage, name={name!r}), whose change() takes another budget, "
                "stopping rule or constraints; or give this one another name"
            )
        if data is not None:
            self.tell(data)

    @classmethod
    def load(
        cls,
        storage: Any,
        name: str = "campaign",
        *,
        estimator: Regressor | None = None,
        costs: Mapping[str, Any] | None = None,
        acquisition: str | Acquisition | None = None,
    ) -> Campaign:
        """A campaign that is stored.

        Parameters
        ----------
        storage, name
            Where it is.
        estimator, costs, acquisition
            In place of those stored. They have to be given where they cannot be stored: an estimator or an acquisition
            of another package, a kernel as an object, a cost that is a function. Costs are for the same tasks in the
            same order, which is that of the fidelities.

        Raises
        ------
        DataError
            There is no such campaign, or no such file; none is made.
        ParameterError
            One that cannot be stored is not given, or the costs are for other tasks or in another order.
        """
        opened = Storage.existing(storage, name)
        found = opened.open()
        if found is None:
            there = listed(opened.names()) or "none"
            raise DataError(f"the storage {opened.engine.url!r} has no campaign {name!r}; those it has: {there}")
        campaign = cls.__new__(cls)
        campaign._attach(definition_of(*found, estimator, costs, acquisition), found[0], opened)
        return campaign

    def ask(self, n: int = 1) -> pd.DataFrame:
        """What to measure next.

        No pair of a candidate and a task is asked for twice, unless it was withdrawn; nothing that costs more than is
        left of the budget is asked for. Until every task has a value and the start is complete, rows fill the space.

        Parameters
        ----------
        n
            How many measurements.

        Returns
        -------
        One line a measurement, index "trial": "candidate" (of a pool), the inputs, "task", "mean", "lower" and "upper"
        (of what would be measured, with its 90% interval), "gain" (expected, in the objective's unit), "cost", "chance"
        (that it shows something better) and "why". Fewer lines come if the budget or the pool has no more, and none if
        nothing is worth asking for: ``status()`` says why.

        Raises
        ------
        ParameterError
            `n` is no positive whole number.
        """
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
            raise ParameterError(f"n={n!r}, expected a whole number from 1 on")
        while True:
            definition, text = self._defined()
            question = Question(definition, self._storage.trials(), self._learner)
            question.put(int(n))
            with self._storage.transaction() as transaction:
                if transaction.definition != text or not question.stands(transaction.trials):
                    continue  # another process asked meanwhile, or changed the campaign
                first, now = len(transaction.trials), timestamp()
                new = [
                    replace(trial, number=number, asked_at=now)
                    for number, trial in enumerate(question.new, start=first)
                ]
                transaction.put(new)
                if not new:
                    transaction.note(question.note)
            return asked_frame(definition, new)

    def tell(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Store what was measured; in any order, in part, and as often as you like.

        Parameters
        ----------
        frame
            What :meth:`ask` gave, with a column "value" and, if you like, "noise" (known standard deviation), "cost"
            (actual) and "reason" (why a measurement without a value failed). Or lines without a trial: inputs or
            "candidate", "task" and "value". Or a wide table: inputs and a column for each task, empty where not
            measured. Rows may lie outside the space. What was not asked for is free, unless it has a "cost".

        Returns
        -------
        For each value "trial", "task" and "outcome": "measured" or "failed" for what was asked for, "added" for what
        was not, and "known already" for what had been told before.

        Raises
        ------
        ColumnError, DataError, DataTypeError
            The table cannot be used, has beside a trial's number another task, candidate or input than that trial, or
            tells of a measured trial something else than before. Nothing is stored then.
        """
        readings = Reader(self._definition.points, self._definition.tasks, self._definition.pool).read(frame)
        with self._storage.transaction() as transaction:
            telling = Telling(transaction.trials, self._definition, timestamp())
            telling.hear(readings)
            transaction.put(list(telling.changed.values()))
        return telling.frame(frame.index[[reading.row for reading in readings]])

    def withdraw(self, trials: int | Iterable[int], reason: str, *, again: bool = True) -> None:
        """Take trials back: what was asked for and will not be measured, or a value that is wrong.

        Parameters
        ----------
        trials
            Their numbers.
        reason
            Why.
        again
            Whether the pair may be asked for again.

        Raises
        ------
        DataTypeError
            They are no whole numbers.
        DataError
            There is no such trial.
        ParameterError
            There is no reason.
        """
        if not isinstance(reason, str) or not reason.strip():
            raise ParameterError(f"reason={reason!r}, expected text that says why, such as 'sample was lost'")
        with self._storage.transaction() as transaction:
            transaction.put(withdraw(transaction.trials, trials, reason, again, timestamp()))

    def change(
        self,
        *,
        budget: float | EllipsisType | None = ...,
        stopping: StoppingRule | EllipsisType | None = ...,
        constraints: Any = ...,
    ) -> None:
        """Change what a campaign may: for good, and for all processes. ``status()`` says what was changed, and when.

        Parameters
        ----------
        budget, stopping, constraints
            As of a new campaign, in place of what it had; what is left out stays. A budget below what is spent and
            pending ends the questions.

        Raises
        ------
        ColumnError, DataError, DataTypeError, ExpressionError, ParameterError
            As of a new campaign. Nothing is changed then.
        """
        given = {"budget": budget, "stopping": stopping, "constraints": constraints}
        parts = {name: value for name, value in given.items() if value is not ...}
        with self._storage.transaction() as transaction:
            changed = as_stored(self._definition, transaction.definition).changed(**parts)
            when = f"{timestamp()}, after {len(transaction.trials)} trials"
            transaction.redefine(with_change(transaction.definition, changed, when))

    @property
    def pending(self) -> pd.DataFrame:
        """What was asked for and is not told yet, as :meth:`ask` gave it."""
        return asked_frame(self._definition, self._storage.trials().pending)

    @property
    def history(self) -> pd.DataFrame:
        """All trials; see :func:`mfgp.optimization.history.history_of`."""
        return history_of(self._defined()[0], self._storage.trials())

    @property
    def space(self) -> Pool | Box:
        """The candidates or the box as they were given, without the conditions on inputs."""
        return self._definition.space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is looked for."""
        return self._definition.objectives

    @property
    def constraints(self) -> tuple[Condition, ...]:
        """The conditions on tasks that it has now."""
        return self._defined()[0].constraints

    @property
    def model(self) -> Regressor:
        """The estimator, fitted to what is stored.

        Raises
        ------
        DataError
            A task has no value yet.
        """
        return self._learned(self._storage.trials())

    def best(self) -> pd.DataFrame:
        """The incumbent: where the objective's mean is best under the posterior; of several the Pareto set.

        Of a pool it is one of all candidates, of a box one of its points that something was measured at; as long as
        there is none, one of the rows outside. Constraints have to hold with a probability of at least a half.

        Returns
        -------
        Lines with the inputs, "feasible" (the probability that the constraints hold), and mean and 90% interval of the
        objective; see :func:`mfgp.optimization.incumbent.incumbent`.

        Raises
        ------
        DataError
            A task has no value yet.
        """
        trials = self._storage.trials()
        return best_of(self._defined()[0], trials, self._learned(trials))

    @property
    def cost_spent(self) -> float:
        """What was measured or failed has cost."""
        return self._storage.trials().spent

    @property
    def budget_left(self) -> float:
        """What is neither spent nor pending; infinite without a budget."""
        return self.status().budget_left

    def status(self) -> Status:
        """Where the campaign stands, and why the last ask gave nothing, if so."""
        definition, text = self._defined()
        return Status.of(self._storage.name, self._storage.trials(), definition.budget, changes_of(text))

    def close(self) -> None:
        """Close the connections to the database; the next call opens new ones, and one in memory is gone."""
        self._storage.engine.dispose()

    def __repr__(self) -> str:
        return repr(self.status())

    def _attach(self, definition: Definition, text: str, storage: Storage) -> None:
        self._definition, self._text, self._storage = definition, text, storage
        self._learner = Learner(definition.estimator, definition.points, definition.tasks)

    def _defined(self) -> tuple[Definition, str]:
        """The definition and its text as they are now: another process may have changed them."""
        text = self._storage.definition()
        if text != self._text:
            self._definition, self._text = as_stored(self._definition, text), text
        return self._definition, text

    def _learned(self, trials: Trials) -> Regressor:
        told = {trial.task for trial in trials.measured}
        silent = [task for task in self._definition.tasks if task not in told]
        if silent:
            raise DataError(f"there is no value of {listed(silent)} to learn from yet; ask(), measure and tell() first")
        return self._learner.model(trials.measured)
