"""The expected gain per cost: the package's own acquisition."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mfgp.architectures.regressor import Regressor
from mfgp.errors import ParameterError
from mfgp.expressions import Quantity, minimum
from mfgp.model import TaskGP, TaskGPEnsemble
from mfgp.optimization.acquisition.foresight import Foresight
from mfgp.optimization.acquisition.gain import Fineness, expected_worth
from mfgp.optimization.acquisition.lines import ExpectedMaximum
from mfgp.optimization.acquisition.worth import Worth
from mfgp.optimization.decision import Decision
from mfgp.optimization.pool import Pool

LIKELY = 2048  # candidates among which the rivals are found
DRAWS = 64


class Effort(NamedTuple):
    """How many rivals a measurement is judged by, at how many inputs, and how finely what has no closed form is."""

    rivals: int
    inputs: int
    fineness: Fineness


COARSE = Effort(8, 1 << 30, Fineness(5, 16))
FINE = Effort(64, 256, Fineness(9, 32))
FINE_QUADRATURE = Effort(32, 32, Fineness(9, 32))


class ExpectedGain:
    """The measurement that raises the best expected utility the most, per unit of cost.

    The value of what is known is the expected utility of the candidate that one would choose now. The gain of measuring
    a task at a candidate is by how much that value is expected to rise (the knowledge gradient of Frazier, Powell &
    Dayanik 2009, with the tasks' joint posterior as Wu et al. 2020 have it for fidelities, UAI, PMLR 115, 788). What
    one measurement tells of other candidates and of other tasks counts; the best is never a value of another task. It
    is in closed form where the objective is linear in the tasks and nothing is constrained. Several measurements are
    chosen one after the other, each as if those before it, and those pending, had come out as predicted.

    Of several objectives, a measurement gains in one weighted Chebyshev utility, whose weights are drawn anew each time
    (Knowles 2006, IEEE Trans. Evol. Comput. 10, 50).
    """

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        """Choose so many measurements; see :meth:`Acquisition.choose <mfgp.optimization.decision.Acquisition.choose>`.

        Raises
        ------
        ParameterError
            The model has no covariance between rows, or the objective or a constraint asks a label for its class.
        """
        models = _models(decision.model)
        _require_numbers(decision)
        models = [_as_predicted(model, decision) for model in models]
        inputs = _inputs_of(decision.model, decision.space.frame)
        rng = np.random.default_rng(decision.random_state)
        places = [decision.model.tasks_.index(task) for task in decision.tasks]
        cost = np.column_stack([decision.costs.of(decision.space.frame, task) for task in decision.tasks])
        closed, chosen = decision.closed.copy(), []
        shortlist = np.arange(len(inputs))
        for _ in range(min(count, int((~closed).sum()))):
            worth, rivals = _worth_and_rivals(decision, models, inputs, rng)
            fine = FINE if worth.linear() is not None else FINE_QUADRATURE
            if len(shortlist) > fine.inputs:
                gain = _gains(models, worth, inputs[rivals], inputs[shortlist], COARSE).gain.numpy()[:, places]
                rate = np.where(closed[shortlist], -np.inf, gain / cost[shortlist]).max(axis=1)
                shortlist = shortlist[np.argsort(-rate, kind="stable")[: max(fine.inputs, 2 * count)]]
            found = _gains(models, worth, inputs[rivals], inputs[shortlist], fine)
            gain = np.where(closed[shortlist], -np.inf, found.gain.numpy()[:, places])
            chance = found.chance.numpy()[:, places]
            rate = gain / cost[shortlist]
            row, column = np.unravel_index(rate.argmax(), rate.shape)
            why = _why(decision.tasks, rate, gain[row, column], column)
            chosen.append((shortlist[row], column, gain[row, column], chance[row, column], why))
            closed[shortlist[row], column] = True
            models = [_with_mean(model, inputs[[shortlist[row]]], [places[column]]) for model in models]
        rows = [row for row, *_ in chosen]
        columns = [column for _, column, *_ in chosen]
        return decision.space.frame.iloc[rows].assign(
            task=[decision.tasks[column] for column in columns],
            gain=[gain for *_, gain, _, _ in chosen],
            cost=cost[rows, columns],
            chance=[chance for *_, chance, _ in chosen],
            why=[why for *_, why in chosen],
        )


def _models(model: Regressor) -> list[TaskGP]:
    found = model.predictive_model_
    if isinstance(found, TaskGPEnsemble):
        return found.members
    if not isinstance(found, TaskGP):
        raise ParameterError(
            f"the expected gain needs covariances between rows, which a {type(model).__name__} does not have; take "
            "another architecture, such as mfgp.DifferenceGP(), or acquisition='random'"
        )
    return [found]


def _require_numbers(decision: Decision) -> None:
    labels = [label for objective in decision.objectives for label in objective.quantity.labels]
    labels += [label for constraint in decision.constraints for label in constraint.labels]
    if labels:
        raise ParameterError(
            f"the expected gain is one of numbers, but the label {labels[0]!r} is asked for its class; measure a "
            "number in its place, or write acquisition='random'"
        )


def _inputs_of(model: Regressor, frame: pd.DataFrame) -> Tensor:
    return model._tensor(model._read(frame)[0])


def _as_predicted(model: TaskGP, decision: Decision) -> TaskGP:
    """The model as if what is pending had come out as predicted."""
    if not len(decision.pending):
        return model
    inputs = _inputs_of(decision.model, decision.pending.drop(columns="task"))
    return _with_mean(model, inputs, [decision.model.tasks_.index(task) for task in decision.pending["task"]])


def _with_mean(model: TaskGP, inputs: Tensor, places: list[int]) -> TaskGP:
    """The model with more observations, which are what it predicts: means stay, deviations shrink."""
    task = torch.tensor(places).to(inputs)
    mean = model.mean(inputs).gather(1, task.long().unsqueeze(-1))
    return model.condition_on_observations(torch.cat([inputs, task.unsqueeze(-1)], dim=-1), mean)


def _worth_and_rivals(
    decision: Decision, models: Sequence[TaskGP], inputs: Tensor, rng: np.random.Generator
) -> tuple[Worth, np.ndarray]:
    """What a candidate is worth, and the places of those that may be the best."""
    tasks = tuple(decision.model.tasks_)
    means = torch.stack([model.mean(inputs) for model in models]).mean(0)
    utility = _utility(decision, means, rng)
    plain = Worth(utility, (), tasks)
    at_mean = plain.at(means[:, plain.places])
    likely = np.union1d(
        at_mean.topk(min(LIKELY, len(inputs))).indices.numpy(),
        rng.choice(len(inputs), min(LIKELY, len(inputs)), replace=False),
    )
    margins = dict(zip(tasks, means.unbind(-1), strict=True))
    scales = [_scale(constraint.evaluate(margins)) for constraint in decision.constraints]
    worth = Worth(utility, decision.constraints, tasks, scales, at_mean.min().item())
    moments = [model.joint(inputs[likely]) for model in models]
    optimistic, expected = 0.0, 0.0
    for joint in moments:
        mean, covariance = joint.mean[:, worth.places], joint.covariance[:, worth.places][:, :, worth.places]
        level, deviation = expected_worth(worth, mean, covariance, DRAWS)
        expected, optimistic = expected + level, optimistic + level + 2.0 * deviation
    rivals = optimistic.topk(min(FINE.rivals, len(likely))).indices.tolist()
    return worth, likely[list(dict.fromkeys([int(expected.argmax()), *rivals]))]


def _utility(decision: Decision, means: Tensor, rng: np.random.Generator) -> Quantity:
    """The one objective's utility, or of several a weighted Chebyshev utility, each in the range of its means."""
    utilities = [objective.utility for objective in decision.objectives]
    if len(utilities) == 1:
        return utilities[0]
    named = dict(zip(decision.model.tasks_, means.unbind(-1), strict=True))
    terms = []
    for utility, weight in zip(utilities, rng.dirichlet(np.ones(len(utilities))), strict=True):
        value = utility.evaluate(named)
        best, worst = value.max().item(), value.min().item()
        terms.append((utility - best) * (float(weight) / max(best - worst, 1e-12)))
    return minimum(*terms) + 0.05 * sum(terms[1:], terms[0])


def _scale(margin: Tensor) -> float:
    return max(margin.std().item(), torch.finfo(margin.dtype).tiny)


def _gains(
    models: Sequence[TaskGP], worth: Worth, rivals: Tensor, inputs: Tensor, effort: Effort
) -> ExpectedMaximum:
    """Gain (n, T) and chance (n, T) of each task at inputs (n, d), averaged over the models."""
    few = rivals[: effort.rivals]
    found = [Foresight(model, worth, few, effort.fineness).at(inputs) for model in models]
    gain, chance = (torch.stack(part).mean(0) for part in zip(*found, strict=True))
    return ExpectedMaximum(gain, chance)


def _why(tasks: tuple[Hashable, ...], rate: np.ndarray, gain: float, column: int) -> str:
    here = f"{tasks[column]} is expected to gain {gain:.3g} here"
    others = [
        f"{rate[:, other].max():.3g} of {task}" for other, task in enumerate(tasks) if other != column
    ]
    if not others:
        return here
    return f"{here}, {rate[:, column].max():.3g} per unit of cost; at best {', '.join(others)}"
