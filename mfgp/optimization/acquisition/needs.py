"""Needs: what an acquisition asks of a campaign, which is checked before anything is paid for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from mfgp.architectures.estimator import TaskRegressor
from mfgp.architectures.regressor import Regressor
from mfgp.data.table import listed
from mfgp.errors import ParameterError
from mfgp.expressions import Condition
from mfgp.optimization.objective import Objective


def require_gains(estimator: Regressor, objectives: Sequence[Objective], constraints: Sequence[Condition]) -> None:
    """Raise ParameterError unless there are covariances between rows, and no label is asked for its class."""
    labels = _labels(objectives, constraints)
    if labels:
        raise ParameterError(
            f"the expected gain is one of numbers, but the label {labels[0]!r} is asked for its class; measure a "
            "number in its place, or write acquisition='random'"
        )
    if not isinstance(estimator, TaskRegressor):
        raise ParameterError(
            f"the expected gain needs covariances between rows, which a {type(estimator).__name__} does not "
            "have; take another estimator, such as mfgp.DifferenceGP(), or write acquisition='random'"
        )


def require_botorch(
    name: str, estimator: Regressor, objectives: Sequence[Objective], constraints: Sequence[Condition]
) -> None:
    """Raise ParameterError unless the estimator has a model of BoTorch's, and no label is asked for its class."""
    if not isinstance(estimator, TaskRegressor):
        raise ParameterError(
            f"{name!r} asks BoTorch, which a {type(estimator).__name__} is no model for; take an "
            "architecture with one TaskGP, such as DifferenceGP() or MultiTaskGP(), or acquisition='random'"
        )
    labels = _labels(objectives, constraints)
    if labels:
        raise ParameterError(
            f"{name!r} is for numbers, but {listed(dict.fromkeys(labels))} holds labels; leave it out of the objective "
            "and the constraints, or take acquisition='random'"
        )


def require_one(name: str, objectives: Sequence[Objective]) -> None:
    """Raise ParameterError if there are several objectives."""
    if len(objectives) > 1:
        raise ParameterError(
            f"{name!r} is for one objective, but there are {len(objectives)}; take acquisition='log_nehvi'"
        )


def require_several(name: str, objectives: Sequence[Objective]) -> None:
    """Raise ParameterError if there is one objective only."""
    if len(objectives) < 2:
        raise ParameterError(
            f"{name!r} is for several objectives, but there is one; take acquisition='log_nei', or give more objectives"
        )


def require_target(name: str, objectives: Sequence[Objective], constraints: Sequence[Condition]) -> None:
    """Raise ParameterError unless there is one objective, linear in the tasks, and no constraint on tasks."""
    require_one(name, objectives)
    if objectives[0].utility.linear() is None:
        raise ParameterError(
            f"{name!r} is for a linear function of the tasks, but {objectives[0]!r} is none; take "
            "acquisition='log_nei', or maximise or minimise a sum of tasks with weights"
        )
    if constraints:
        raise ParameterError(
            f"{name!r} knows no constraints on tasks, but there is {constraints[0]!r}; take "
            "acquisition='log_nei', or leave the constraint out"
        )


def _labels(objectives: Sequence[Objective], constraints: Sequence[Condition]) -> list[Hashable]:
    """Tasks that are asked for their class."""
    return [label for each in (*(each.quantity for each in objectives), *constraints) for label in each.labels]
