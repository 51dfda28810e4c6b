"""Questions: what to measure next, or why nothing is worth it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch
from botorch.utils.sampling import manual_seed

from mfgp.architectures import IndependentGP
from mfgp.architectures.regressor import Regressor
from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataError
from mfgp.optimization.box import Box
from mfgp.optimization.decision import CHOSEN, Decision
from mfgp.optimization.definition import Definition
from mfgp.optimization.incumbent import best_of, expected, incumbent_text
from mfgp.optimization.learned import Learner
from mfgp.optimization.points import Label
from mfgp.optimization.pool import Pool, plain_label
from mfgp.optimization.start import Start
from mfgp.optimization.trial import Pair, Place, Trial, Trials

TEST = "a test of what is believed, since as much was paid for other tasks as this costs"
FEWEST = 2  # values of a task to learn from, unless the start has only one
SHARED = 6  # rows at which a task is compared with those of the objective, if they cost no more than one of the latter
SOME = 64  # rows of the space that tell what a measurement costs where it cannot be asked
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
    planned
        How many of these are of the start, and not chosen.
    note
        Why there are none.
    """

    definition: Definition
    trials: Trials
    learner: Learner
    new: list[Trial] = field(default_factory=list)
    planned: int = 0
    note: str | None = None

    def put(self, count: int) -> None:
        """Find so many measurements, or as many as the budget and the space have."""
        silent = [task for task in self.definition.tasks if self._says_too_little(task)]
        self._start(count, silent)
        if not silent and len(self.new) < count:
            self._choose(count)
        if not self.new and self.note is None:
            self.note = self._why_nothing()

    def stands(self, now: Trials) -> bool:
        """Whether nobody asked in the meantime, told of one of the pairs, or spent what the question would cost."""
        gone = now.closed - self.trials.closed
        return (
            now.asks == self.trials.asks
            and not any(trial.pair in gone for trial in self.new)
            and now.committed - self.trials.committed <= max(self.left, 0.0)
        )

    @property
    def left(self) -> float:
        """What is left of the budget."""
        budget = self.definition.budget
        if budget is None:
            return math.inf
        return budget * (1.0 + TINY) - self.trials.committed - sum(trial.cost for trial in self.new)

    def _says_too_little(self, task: str) -> bool:
        """Whether there are too few values of a task to learn from, or labels of one class only."""
        values = [trial.value for trial in self.trials.measured if trial.task == task]
        labels = {value for value in values if isinstance(value, str | bool)}
        return len(labels) == 1 or len(values) < min(self.definition.initial[task], FEWEST)

    def _start(self, count: int, silent: Sequence[str]) -> None:
        """Rows that fill the space: those of the start, and more while something says too little.

        A task that only informs gets one more when none of it is pending, and none once it has failed at as many rows
        as it would be compared at, without a value. Otherwise more rows are the objective's.
        """
        start, told = self._plan(), {trial.task for trial in self.trials.measured}
        wanted, others = self._wanted_and_others()
        failed = Counter(trial.task for trial in self.trials if trial.state == "failed")
        vain = {task for task in others if task not in told and failed[task] >= SHARED}
        initial = {task: count for task, count in self.definition.initial.items() if task not in vain}
        for pair in start.missing(initial):
            self._add(pair, count, f"start: one of {initial[pair[1]]} rows for {pair[1]!r} that fill the space")
        if not silent:
            return
        why = f"start: {listed(silent)} has too few values or classes to learn from yet, so fill the space more"
        pending = {trial.task for trial in (*self.trials.pending, *self.new)}
        for task in others:
            if task in silent and task not in pending | vain:
                for pair in start.more(task, 1):
                    self._add(pair, count, why)
        if self.new and not set(silent) & set(wanted):
            return
        for task in sorted(wanted, key=lambda task: task not in silent):
            for pair in start.more(task, count - len(self.new)):
                self._add(pair, count, why)

    def _compare(self, count: int) -> None:
        """Tasks that only inform, at rows of the objective's, while another test of the objective can be paid after."""
        definition = self.definition
        wanted, others = self._wanted_and_others()
        if not others or isinstance(definition.estimator, IndependentGP):  # which learns nothing of it
            return
        start = self._plan()
        rows = start.rows_of(wanted)
        tried = {task: sum((place, task) in start.closed for place in rows) for task in others}
        candidates = start.within(rows) if min(tried.values()) < SHARED else []
        if not candidates:
            return
        price, space = self._cost(candidates, wanted), definition.listed_space
        reserve = self._cheapest(space, wanted) if isinstance(space, Pool) else price
        if math.isinf(reserve):
            return
        for task in others:
            lacking = [place for place in candidates if (place, task) not in start.closed]
            ratio = price / (self._cost(candidates, [task]) * len(others))
            most = int(min(SHARED, ratio * (1.0 + TINY)))
            why = f"start: compared with {listed(wanted)} at up to {most} rows"
            for pair in start.spread(task, lacking, min(len(lacking), most - tried[task])):
                self._add(pair, count, why, reserve)

    def _wanted_and_others(self) -> tuple[list[str], list[str]]:
        """Tasks that the objective or a learned constraint depends on, and those that only inform."""
        tasks, wanted = self.definition.tasks, self.definition.wanted
        return [task for task in tasks if task in wanted], [task for task in tasks if task not in wanted]

    def _cheapest(self, pool: Pool, tasks: Sequence[str]) -> float:
        """What the cheapest measurement of some tasks costs that is left in a pool: infinite if none is."""
        costs = self.definition.costs.table(pool.frame, tasks)
        return float(np.where(self._closed(pool, tasks), np.inf, costs).min())

    def _plan(self) -> Start:
        """The start, given all that was asked for."""
        taken = [trial.pair for trial in (*self.trials.measured, *self.trials.pending, *self.new)]
        return Start(self.definition.open_space, self.definition.random_state, taken, self.trials.closed)

    def _cost(self, places: Sequence[Place], tasks: Sequence[str]) -> float:
        """What a measurement of some tasks costs, on average over some places."""
        frame = self._frame(places)
        return float(sum(self.definition.costs.of(frame, task).mean() for task in tasks))

    def _add(self, pair: Pair, count: int, why: str, reserve: float = 0.0) -> None:
        cost = self._cost([pair[0]], [pair[1]])
        if len(self.new) < count and cost + reserve <= self.left:
            self.new.append(self._trial(*pair, cost, why=why))

    def _choose(self, count: int) -> None:
        model, started, before = self.learner.model(self.trials.measured), len(self.new), -1
        self._compare(count)
        self.planned = len(self.new)
        enough = max(count, self.planned + (self.definition.stopping is not None))  # one to judge by whether to go on
        while before < len(self.new) < enough:
            before, due, decision = len(self.new), self._test_is_due(), self._decision(model)
            if not decision.tasks or (decision.closed is not None and decision.closed.all()):
                break
            for place, task, said in chosen_by(self.definition, decision, enough - len(self.new)):
                cost = self._cost([place], [task])
                if due and task in self.definition.wanted:
                    said["why"] = f"{TEST}; {said['why']}"
                if cost <= self.left:
                    self.new.append(self._trial(place, task, cost, **said))
                if self._test_is_due() != due:
                    break
        self._judge(started, model)
        del self.new[count:]
        if self.new:
            self._describe(model)

    def _judge(self, started: int, model: Regressor) -> None:
        """Drop comparisons and what was chosen if the stopping rule says so, but for a measurement of the best row."""
        rule, chosen = self.definition.stopping, self.new[self.planned :]
        if rule is None or not chosen:
            return
        rates = (
            self._best_rate([trial for trial in self.trials if trial.ask == ask])[0]
            for ask in reversed(range(self.trials.asks))
        )
        before = [*islice((rate for rate in rates if not math.isnan(rate)), rule.patience - 1)][::-1]
        self.note = rule.verdict(before, *self._best_rate(chosen))
        if self.note is not None:
            self.new[started:] = [trial for trial in chosen if self._is_confirmation(trial, model)][:1]

    def _is_confirmation(self, trial: Trial, model: Regressor) -> bool:
        """Whether it measures a task of the one objective where no less is expected than of the best row."""
        definition = self.definition
        if trial.task not in definition.wanted or incumbent_text(definition, self.trials, model)[0] is None:
            return False
        best = definition.points.read(best_of(definition, self.trials, model), "the best row")
        utility = definition.objectives[0].utility
        here, there = expected(model, definition.points.frame([trial.point, *best]), utility)
        return bool(here >= there)

    def _best_rate(self, trials: Sequence[Trial]) -> tuple[float, float]:
        """The largest expected gain for a unit of expected cost, and its chance; NaN where neither is known."""
        known = [trial for trial in trials if trial.gain is not None and not math.isnan(trial.gain)]
        rates = [(trial.gain or 0.0) / self._price(trial) for trial in known]
        if not rates:
            return math.nan, math.nan
        best = known[int(np.argmax(rates))]
        return max(rates), math.nan if best.chance is None else best.chance

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
        definition, space = self.definition, self.definition.listed_space
        tasks = self._tasks(space)
        asked = [*self.trials.pending, *self.new]
        pending = self._pairs([trial.pair for trial in asked])
        closed, gone = None, None
        if isinstance(space, Pool):
            labels = [self._label(space, trial.place) for trial in asked]
            pending.index = pd.Index(labels, dtype=space.labels.dtype, name=space.labels.name)
            closed = self._closed(space, tasks)
        else:
            gone = self._pairs(sorted(self._gone, key=repr))
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
            gone,
        )

    def _tasks(self, space: Pool | Box) -> list[str]:
        """Tasks that can be paid for; those of the objective alone where others have to be put to the test."""
        definition = self.definition
        dear = {task for task, cost in definition.costs.by_task.items() if isinstance(cost, float) and cost > self.left}
        tasks = [task for task in definition.tasks if task not in dear]
        if not self._test_is_due():
            return tasks
        wanted = [task for task in tasks if task in definition.wanted]
        return wanted if wanted and not (isinstance(space, Pool) and self._closed(space, wanted).all()) else tasks

    def _test_is_due(self) -> bool:
        """Whether as much was paid for other tasks as the last measurement of one of the objective's would cost.

        What a cheap task tells of the objective is believed after a few values, and may be wrong; only measurements of
        the objective's own tasks show it.
        """
        paid = 0.0
        for trial in reversed([*self.trials, *self.new[self.planned :]]):
            if trial.task in self.definition.wanted:
                return paid >= self._price(trial) * (1.0 - TINY)
            paid += trial.cost if trial.state == "asked" else trial.spent
        return False

    def _price(self, trial: Trial) -> float:
        """What a trial costs by the definition, whatever it did cost; where it was told of a row outside, as inside."""
        if trial.ask is not None or self._plan().within([trial.place]):
            return self._cost([trial.place], [trial.task])
        space, seed = self.definition.open_space, self.definition.random_state
        if isinstance(space, Pool):
            some = space.frame.sample(min(SOME, len(space)), random_state=seed)
        else:
            some = space.sample(SOME, seed)
        return float(self.definition.costs.of(some, trial.task).mean())

    @property
    def _gone(self) -> frozenset[Pair]:
        """Pairs that cannot be asked for."""
        return self.trials.closed | {trial.pair for trial in self.new}

    def _pairs(self, pairs: Sequence[Pair]) -> pd.DataFrame:
        return self._frame([place for place, _ in pairs]).assign(task=[task for _, task in pairs])

    def _label(self, space: Pool, place: Place) -> Label | None:
        """A candidate's label; of a box, the number of a point among those that are listed."""
        return place.label if self.definition.pool is not None else space.labels_at.get(place.point, [None])[0]

    def _closed(self, space: Pool, tasks: Sequence[str]) -> np.ndarray:
        if not tasks:
            return np.ones((len(space), 0), dtype=bool)
        closed = self.definition.costs.table(space.frame, tasks) > self.left
        rows = {label: row for row, label in enumerate(space.places)}
        columns = {task: column for column, task in enumerate(tasks)}
        for place, task in self._gone:
            label = self._label(space, place)
            if label in rows and task in columns:
                closed[rows[label], columns[task]] = True
        return closed

    def _trial(self, place: Place, task: str, cost: float, **more: object) -> Trial:
        number = len(self.trials) + len(self.new)
        return Trial(number, "asked", place.point, task, place.label, self.trials.asks, cost=cost, **more)  # type: ignore[arg-type]

    def _frame(self, places: Sequence[Place]) -> pd.DataFrame:
        return self.definition.points.frame(place.point for place in places)

    def _why_nothing(self) -> str:
        space, budget = self.definition.listed_space, self.definition.budget
        if isinstance(space, Pool):
            pairs = len(space) * len(self.definition.tasks)
            gone = sum(self._label(space, place) in space.places for place, _ in self.trials.closed)
            if gone >= pairs:
                return f"all {pairs} pairs of a candidate and a task are measured, pending or failed"
        if budget is not None:
            left = self.left if self.left > 2.0 * TINY * budget else 0.0
            return f"{left:.4g} is left of the budget of {budget:g}, too little for more"
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
    with torch.random.fork_rng(), manual_seed(decision.random_state):  # BoTorch draws here and there from torch's own
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
        if definition.pool is None:  # numbers of points are not labels of candidates
            places = [Place(None, point) for _, point in places]
    else:
        places = [Place(None, point) for point in definition.points.read(frame, f"what {name}.choose gave")]
    for row, (place, task) in enumerate(zip(places, frame["task"], strict=True)):
        if task not in decision.tasks:
            raise DataError(f"{name}.choose gave the task {task!r}; now can be measured {listed(decision.tasks)}")
        if isinstance(space, Pool) and decision.closed is not None:
            label = frame.index[row]
            at = space.labels.get_loc(label), decision.tasks.index(task)
            if decision.closed[at] or (place, task) in seen:
                raise DataError(
                    f"{name}.choose gave {label!r} and {task!r}, which is closed, or came twice; what is open is "
                    "False in decision.closed"
                )
        seen.add((place, task))
        said = {part: float(frame[part].iloc[row]) for part in ("gain", "chance")}
        found.append((place, str(task), said | {"why": str(frame["why"].iloc[row])}))
    return found[:count]
