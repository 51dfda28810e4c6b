"""Searches: the measurement at which an acquisition function of BoTorch is largest, over a pool or a box."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from botorch.acquisition import AcquisitionFunction
from botorch.acquisition.analytic import AnalyticAcquisitionFunction
from botorch.exceptions.errors import OptimizationGradientError
from botorch.optim import optimize_acqf
from torch import Tensor

from mfgp.errors import NumericsError
from mfgp.optimization.acquisition.view import NO_NUMBER, View
from mfgp.optimization.pool import Pool

SAMPLES = 256  # points of a box that are looked at before the best are refined
STARTS = 2  # of these, for each task
STEPS = 30  # of the climb from each
CHUNK = 64  # rows at once: an entropy keeps draws of draws of draws of each
BLOCK = 4096  # rows at once where there are no draws


@dataclass(frozen=True, eq=False)
class Found:
    """A row, its task, and what the acquisition function is worth there.

    Parameters
    ----------
    inputs
        (1, d) line.
    row
        (d,) the same as the model reads it.
    task
        None where the acquisition function is not of single tasks.
    value
        Of the acquisition function, not divided by the cost.
    """

    inputs: pd.DataFrame
    row: Tensor
    task: Hashable | None
    value: float


class Search:
    """Finds where acquisition functions are largest, each pair of candidate and task at most once.

    Parameters
    ----------
    view
        Of the decision.
    among
        Places of the candidates of a pool to look at; None for all.
    """

    def __init__(self, view: View, among: np.ndarray | None = None) -> None:
        self.view, self.decision = view, view.decision
        decision = self.decision
        self.tasks = list(decision.tasks)
        if isinstance(decision.space, Pool):
            assert decision.closed is not None
            places = np.arange(len(decision.space)) if among is None else among
            self.inputs, self.closed = decision.space.frame.iloc[places], decision.closed[places].copy()
        else:
            self.inputs = decision.space.sample(SAMPLES, decision.random_state)
            self.closed = decision.closed_at(self.inputs)
        self.rows = view.rows(self.inputs)

    def cost(self, inputs: pd.DataFrame, task: Hashable) -> float:
        """What a measurement of a row (1, d) costs."""
        return float(self.view.decision.costs.of(inputs, task)[0])

    def close(self, found: Found, task: Hashable) -> bool:
        """Take a task at a row out; False if it was already."""
        if task not in self.tasks:
            return False
        column = self.tasks.index(task)
        if not isinstance(self.decision.space, Pool):
            gone = bool(self.decision.closed_at(found.inputs)[0, column])
            self.decision = self.decision.without(found.inputs, task)
            self.closed = self.decision.closed_at(self.inputs)
            return not gone
        place = self.inputs.index.get_loc(found.inputs.index[0]), column
        before = bool(self.closed[place])
        self.closed[place] = True
        return not before

    def best_row(self, acquisition: AcquisitionFunction, tasks: Sequence[Hashable]) -> Found | None:
        """The row where an acquisition function of rows (b, 1, d) is largest, among those where a task is open."""
        columns = [self.tasks.index(task) for task in tasks if task in self.tasks]
        places = np.flatnonzero(~self.closed[:, columns].all(axis=1)) if columns else np.array([], dtype=int)
        if not len(places):
            return None
        values = _values(acquisition, self.rows[places])
        found = [self._found(place, None, value) for place, value in _largest(places, values, self._starts)]
        return max(self._refined(acquisition, found), key=lambda each: each.value)

    def best_pair(self, acquisition: AcquisitionFunction) -> Found | None:
        """The row and task where an acquisition function of pairs (b, 1, d + 1) is largest for its cost."""
        candidates: list[Found] = []
        for column, task in enumerate(self.tasks):
            places = np.flatnonzero(~self.closed[:, column])
            if not len(places):
                continue
            values = _values(acquisition, self.view.pairs(self.rows[places], [task] * len(places)))
            rates = weighted(values, self.view.decision.costs.of(self.inputs.iloc[places], task))
            best = [place for place, _ in _largest(places, rates, self._starts)]
            of_place = dict(zip(places.tolist(), values.tolist(), strict=True))
            found = [self._found(place, task, of_place[place]) for place in best]
            candidates += self._refined(acquisition, found)
        return max(candidates, key=self.rate, default=None)

    def rate(self, found: Found) -> float:
        """Value for its cost."""
        return float(weighted(np.array([found.value]), np.array([self.cost(found.inputs, found.task)]))[0])

    @property
    def _starts(self) -> int:
        return 1 if isinstance(self.view.decision.space, Pool) else STARTS

    def _found(self, place: int, task: Hashable | None, value: float) -> Found:
        return Found(self.inputs.iloc[[place]], self.rows[place], task, value)

    def _refined(self, acquisition: AcquisitionFunction, found: list[Found]) -> list[Found]:
        """The same and, in a box, what a climb in the continuous inputs finds from each, if it is allowed."""
        space = self.view.decision.space
        if isinstance(space, Pool) or not self._free:
            return found
        climbed = [self._climbed(acquisition, each) for each in found]
        return found + [each for each in climbed if each is not None]

    @property
    def _free(self) -> dict[int, Hashable]:
        """The continuous inputs of a box by their column."""
        variables: Any = self.view.decision.space.variables  # type: ignore[union-attr]
        columns = self.view.estimator._inputs.columns
        return {
            place: name
            for place, name in enumerate(columns)
            if isinstance(variables[name], tuple) and not isinstance(variables[name][0], str)
        }

    def _climbed(self, acquisition: AcquisitionFunction, start: Found) -> Found | None:
        space: Any = self.view.decision.space
        point = start.row if start.task is None else self.view.pairs(start.row.unsqueeze(0), [start.task])[0]
        bounds = torch.stack([point, point])
        for place, name in self._free.items():
            bounds[:, place] = point.new_tensor(space.variables[name])
        try:
            row, _ = optimize_acqf(
                acquisition,
                bounds,
                q=1,
                num_restarts=1,
                batch_initial_conditions=point.view(1, 1, -1),
                fixed_features={place: point[place].item() for place in range(len(point)) if place not in self._free},
                options={"maxiter": STEPS},
            )
        except OptimizationGradientError:
            return None
        inputs, row = start.inputs.copy(), row[0].detach()
        for place, name in self._free.items():
            inputs[name] = row[place].item()
        closed = self.decision.closed_at(inputs)[0]
        if not space.allows(inputs)[0] or (
            closed.all() if start.task is None else closed[self.tasks.index(start.task)]
        ):
            return None
        return Found(inputs, row[: len(start.row)], start.task, float(_values(acquisition, row.unsqueeze(0))[0]))


def weighted(values: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Values for their costs; those below zero times their costs, so that what is dearer is never better for it.

    As BoTorch's ``InverseCostWeightedUtility`` has it.

    Examples
    --------
    >>> weighted(np.array([1.0, -1.0]), np.array([2.0, 2.0]))
    array([ 0.5, -2. ])
    """
    return np.where(values > 0.0, values / costs, values * costs)


@torch.no_grad()
def _values(acquisition: AcquisitionFunction, rows: Tensor) -> np.ndarray:
    """Values at rows (n, d), each by itself; minus infinity where there is none."""
    size = BLOCK if isinstance(acquisition, AnalyticAcquisitionFunction) else CHUNK
    found = torch.cat([acquisition(part.unsqueeze(-2)) for part in rows.split(size)]).cpu().numpy()
    if np.isnan(found).all():
        raise NumericsError(NO_NUMBER)
    return np.where(np.isnan(found), -np.inf, found)


def _largest(places: np.ndarray, values: np.ndarray, count: int) -> list[tuple[int, float]]:
    order = np.argsort(-values, kind="stable")[:count]
    return [(int(places[place]), float(values[place])) for place in order]
