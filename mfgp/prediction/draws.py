"""Expressions at draws of a prediction."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch

from mfgp.errors import PrecisionWarning
from mfgp.expressions import Condition, Expression, task
from mfgp.prediction.normal import NormalPrediction
from mfgp.prediction.prediction import Prediction
from mfgp.prediction.quadrature import Estimates, Quadrature
from mfgp.prediction.rotation import rotated
from mfgp.prediction.statistic import Quantiles, Statistic


def values_at(
    expression: Expression,
    tasks: tuple[Hashable, ...],
    draws: np.ndarray,
    classes: Mapping[Hashable, Hashable] | None = None,
) -> np.ndarray:
    """A quantity, or 1 and 0 for whether a condition holds, at draws (s, n, T): (s, n), NaN outside the domain.

    Labels that a condition asks have the given classes, at all draws.
    """
    values: dict[Hashable, Any] = dict(classes or {})
    for name in expression.tasks:
        if name not in values:
            values[name] = torch.from_numpy(draws[..., tasks.index(name)])
    found = expression.truth(values) if isinstance(expression, Condition) else expression.evaluate(values)
    array = np.broadcast_to(found.numpy(), draws.shape[:-1])
    return (array + 1.0) / 2.0 if isinstance(expression, Condition) else array


def only(prediction: Prediction, tasks: tuple[Hashable, ...]) -> Prediction:
    """The joint prediction of some of the tasks, in their order; of all where none is wanted."""
    if not tasks or tasks == prediction.tasks:
        return prediction
    places = [prediction.tasks.index(name) for name in tasks]
    return prediction.combine(np.eye(len(prediction.tasks))[:, places], np.zeros(len(places)), tasks)


def estimate(prediction: Prediction, expression: Expression, statistic: Statistic, quadrature: Quadrature) -> Estimates:
    """Estimate a statistic of an expression at each row from quasi-random draws.

    Warns
    -----
    PrecisionWarning
        At some rows the tolerance was not met with as many draws as are allowed.
    """
    joint = only(prediction, expression.tasks)

    def values(some: Prediction, normals: np.ndarray) -> np.ndarray:
        return values_at(expression, some.tasks, some.draw(normals[:, None, :])).T

    if statistic.steps and isinstance(joint, NormalPrediction):
        joint = rotated(joint, values)

    def integrand(rows: np.ndarray, normals: np.ndarray) -> np.ndarray:
        return values(joint.take(rows), normals)

    found = quadrature.estimate(
        integrand, statistic, rows=len(joint), dimension=joint.dimension, width=len(joint.tasks)
    )
    warn_unless_settled(found, expression, quadrature)
    return found


def task_quantiles(prediction: Prediction, probability: float) -> np.ndarray:
    """(n, T) quantiles of each task by quasi-random draws, for predictions that know no better."""
    found = [estimate(prediction, task(name), Quantiles((probability,)), Quadrature()) for name in prediction.tasks]
    return np.column_stack([estimates.value[:, 0] for estimates in found])


def warn_unless_settled(found: Estimates, expression: Expression, quadrature: Quadrature) -> None:
    """Tell of rows whose error is larger than was asked for."""
    if not found.settled.all():
        warnings.warn(
            f"{expression!r}: {(~found.settled).sum()} of {len(found.settled)} rows have a larger error than "
            f"tolerance={quadrature.tolerance} after limit={quadrature.limit} draws; see .error, and raise one of them",
            PrecisionWarning,
            stacklevel=2,
        )
