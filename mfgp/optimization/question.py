"""Questions: what to measure next, or why nothing is worth it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from mfgp.architectures.regressor import Regressor
from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataError
from mfgp.optimization.decision import CHOSEN, Decision
from mfgp.optimization.definition import Definition
from mfgp.optimization.incumbent import incumbent_text
from mfgp.optimization.learned import Learner
from mfgp.optimization.pool import Pool, plain_label
from mfgp.optimization.start import Start
from mfgp.optimization.trial import Pair, Place, Trial, Trials

TINY = 1e-9  # of the budget, which sums of costs may miss by rounding


@dataclass
class Question:
    """Finds the next measurements.

    Parameters
    ----------
    definition
        Of the campaign.
    trials
        As they are.
    learner
        Fits the model.

    Attributes
    ----------
    new
        Trials to ask for, with numbers from the first free one on.
    note
        Why there are none.
    """

    definition: Definition
    trials: Trials
    learner: Learner
    new: list[Trial] = field(default_factory=list)
    note: str | None = None

    def put(self, count: int) -> None:
        """Find so many measurements, or as many as the budget and the space have."""
        told = {trial.task for trial in self.trials.measured}
        silent = [task for task in self.definition.tasks if task not in told]
        self._start(count, silent)
        if not silent and len(self.new) < count:
            self._choose(count)
        if not self.new and self.note is None:
            self.note = self._why_nothing()

    @property
    def left(self) -> float:
        """What is left of the budget."""
        budget = self.definition.budget
        if budget is None:
            return math.inf
        return budget * (1.0 + TINY) - self.trials.committed - sum(trial.cost for trial in self.new)

    def _start(self, count: int, silent: Sequence[str]) -> None:
        """Rows that fill the space: those of the start, and more while tasks have no value to learn from."""
        definition = self.definition
        taken = [trial.pair for trial in (*self.trials.measured, *self.trials.pending)]
        start = Start(definition.open_space, definition.random_state, taken, self.trials.closed)
        for pair in start.missing(definition.initial):
            planned = definition.initial[pair[1]]
            self._add(pair, count, f"start: one of {planned} rows for {pair[1]!r} that fill the space")
        for task in definition.tasks if silent else ():
            for pair in start.more(task, count - len(self.new)):
                self._add(
                    pair, count, f"start: {listed(silent)} has no value to learn from yet, so fill the space more"
                )

    def _add(self, pair: Pair, count: int, why: str) -> None:
        cost = float(self.definition.costs.of(self._frame([pair[0]]), pair[1])[0])
        if len(self.new) < count and cost <= self.left:
            self.new.append(self._trial(*pair, cost, why=why))

    def _choose(self, count: int) -> None:
        model, started, before = self.learner.model(self.trials.measured), len(self.new), -1
        while before < len(self.new) < count:
            before, decision = len(self.new), self._decision(model)
            if not decision.tasks or (decision.closed is not None and decision.closed.all()):
                break
            for place, task, said in chosen_by(self.definition, decision, count - len(self.new)):
                cost = float(self.definition.costs.of(self._frame([place]), task)[0])
                if cost <= self.left:
                    self.new.append(self._trial(place, task, cost, **said))
        self._judge(started)
        if self.new:
            self._describe(model)

    def _judge(self, started: int) -> None:
        """Drop what the acquisition chose if the stopping rule says so."""
        rule, chosen = self.definition.stopping, self.new[started:]
        if rule is None or not chosen:
            return
        asks = range(self.trials.asks)
        before = [best_rate([trial for trial in self.trials if trial.ask == ask])[0] for ask in asks]
        self.note = rule.verdict(before, *best_rate(chosen))
        if self.note is not None:
            del self.new[started:]

    def _describe(self, model: Regressor) -> None:
        """Add what is predicted, and the incumbent."""
        prediction = model.predict_distribution(self._frame([trial.place for trial in self.new]), observed=True)
        interval, means = prediction.interval(0.9), prediction.mean
        best, value = incumbent_text(self.definition, self.trials, model)
        for row, trial in enumerate(self.new):
            lower, upper = (float(interval[trial.task, bound].iloc[row]) for bound in ("lower", "upper"))
            mean = float(means[trial.task].iloc[row])
            self.new[row] = replace(trial, mean=mean, lower=lower, upper=upper, incumbent=best, incumbent_value=value)

    def _decision(self, model: Regressor) -> Decision:
        definition, space = self.definition, self.definition.open_space
        dear = {task for task, cost in definition.costs.by_task.items() if isinstance(cost, float) and cost > self.left}
        tasks = [task for task in definition.tasks if task not in dear]
        asked = [*self.trials.pending, *self.new]
        pending = self._frame([trial.place for trial in asked]).assign(task=[trial.task for trial in asked])
        closed = None
        if isinstance(space, Pool):
            pending.index = pd.Index([trial.label for trial in asked], dtype=space.labels.dtype, name=space.labels.name)
            closed = self._closed(space, tasks)
        seed = np.random.SeedSequence([definition.random_state, len(self.trials) + len(self.new)])
        return Decision(
            model,
            space,
            definition.objectives,
            definition.constraints,
            definition.costs,
            tuple(tasks),
            pending,
            closed,
            int(seed.generate_state(1)[0]),
        )

    def _closed(self, space: Pool, tasks: Sequence[str]) -> np.ndarray:
        if not tasks:
            return np.ones((len(space), 0), dtype=bool)
        costs = np.column_stack([self.definition.costs.of(space.frame, task) for task in tasks])
        closed = costs > self.left
        rows = {label: row for row, label in enumerate(space.places)}
        columns = {task: column for column, task in enumerate(tasks)}
        for place, task in self.trials.closed | {trial.pair for trial in self.new}:
            if place.label in rows and task in columns:
                closed[rows[place.label], columns[task]] = True
        return closed

    def _trial(self, place: Place, task: str, cost: float, **more: object) -> Trial:
        number = len(self.trials) + len(self.new)
        return Trial(number, "asked", place.point, task, place.label, self.trials.asks, cost=cost, **more)  # type: ignore[arg-type]

    def _frame(self, places: Sequence[Place]) -> pd.DataFrame:
        return self.definition.points.frame(place.point for place in places)

    def _why_nothing(self) -> str:
        space, closed = self.definition.open_space, self.trials.closed
        if isinstance(space, Pool):
            pairs = len(space) * len(self.definition.tasks)
            gone = sum(place.label in space.places for place, _ in closed)
            if gone >= pairs:
                return f"all {pairs} pairs of a candidate and a task are measured, pending or failed"
        if self.definition.budget is not None:
            return f"{max(self.left, 0.0):.4g} is left of the budget of {self.definition.budget:g}, too little for more"
        return "the acquisition found nothing to ask for"


def chosen_by(definition: Definition, decision: Decision, count: int) -> list[tuple[Place, str, dict[str, Any]]]:
    """Place, task, and what is said of it, of each measurement that the acquisition of a campaign chooses.

    Raises
    ------
    ColumnError
        Its frame lacks a column.
    DataError
        It chooses what is no candidate, no task that can be measured, or a pair that is closed.
    """
    name = type(definition.chooser).__name__
    frame = definition.chooser.choose(decision, count)
    missing = [column for column in (*decision.space.columns, *CHOSEN) if column not in frame.columns]
    if missing:
        raise ColumnError(
            f"what {name}.choose gave lacks the columns {listed(missing)}; give all of "
            f"{listed([*decision.space.columns, *CHOSEN])}"
        )
    space, found, seen = decision.space, [], set()
    if isinstance(space, Pool):
        strange = [label for label in frame.index if label not in space.labels]
        if strange:
            raise DataError(
                f"{name}.choose gave {strange[0]!r}, which is no candidate; its index has to hold their labels"
            )
        places = [space.places[plain_label(label)] for label in frame.index]
    else:
        places = [Place(None, point) for point in definition.points.read(frame, f"what {name}.choose gave")]
    for row, (place, task) in enumerate(zip(places, frame["task"], strict=True)):
        if task not in decision.tasks:
            raise DataError(f"{name}.choose gave the task {task!r}; now can be measured {listed(decision.tasks)}")
        if isinstance(space, Pool) and decision.closed is not None:
            at = space.labels.get_loc(place.label), decision.tasks.index(task)
            if decision.closed[at] or (place, task) in seen:
                raise DataError(
                    f"{name}.choose gave {place.label!r} and {task!r}, which is closed, or came twice; what is open is "
                    "False in decision.closed"
                )
        seen.add((place, task))
        said = {part: float(frame[part].iloc[row]) for part in ("gain", "chance")}
        found.append((place, str(task), said | {"why": str(frame["why"].iloc[row])}))
    return found[:count]


def best_rate(trials: Sequence[Trial]) -> tuple[float, float]:
    """The largest expected gain for a unit of cost among trials, and its chance; NaN where neither is known."""
    rates = [
        (trial.gain / trial.cost, trial) for trial in trials if trial.gain is not None and trial.gain == trial.gain
    ]
    if not rates:
        return math.nan, math.nan
    rate, best = max(rates, key=lambda each: each[0])
    return rate, math.nan if best.chance is None else best.chance
