"""Where the uncertainty of a quantity comes from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mfgp.expressions import Quantity
from mfgp.inference.threads import one_thread
from mfgp.prediction.draws import only, values_at
from mfgp.prediction.prediction import Prediction
from mfgp.prediction.quadrature import blocks, standard_normals

POINTS = 256  # of each scrambling


def explain(prediction: Prediction, expression: Quantity, std: np.ndarray, seed: int) -> pd.DataFrame:
    """Shares of the variance at each row, and the deviation that independent tasks would have claimed.

    The quantity is split into its best linear approximation, g = sum_t beta_t f_t + c, and the rest, which is
    uncorrelated with the tasks:

        Var = sum_t beta_t^2 Var f_t  +  sum_{s != t} beta_s beta_t Cov(f_s, f_t)  +  Var(rest).

    This is the regression-based decomposition of Xu & Gertner (2008) and, for a linear g, the covariance
    decomposition of Li et al. (2010). For a linear quantity the betas are its weights and there is no rest. For a
    normal prediction beta_t is the mean of the derivative by f_t (Stein 1981). Of tasks that are tied perfectly, those
    betas are taken that are smallest in units of the tasks' deviations.

    Parameters
    ----------
    prediction
        The joint distribution of the tasks.
    expression
        The quantity.
    std
        (n,) its standard deviation.
    seed
        Of the draws, where it is not linear.

    Returns
    -------
    (n, T + 4) frame. Columns ("task", name) are each used task's own share of the variance, ("joint", "covariance") is
    what the covariances add or, below zero, what cancels, ("joint", "nonlinear") the rest; these sum to one. Then
    ("std", "joint") and ("std", "independent"), in the quantity's unit. Shares are NaN where there is no variance.

    Examples
    --------
    >>> from mfgp import parse
    >>> from mfgp.prediction import NormalPrediction
    >>> covariance = np.array([[[4.0, 3.0], [3.0, 4.0]]])
    >>> p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.zeros((1, 2)), covariance)
    >>> p.of("a - b").explain().round(2)
      task      joint             std
         a    b covariance nonlinear joint independent
    0  2.0  2.0       -3.0       0.0  1.41        2.83
    """
    joint = only(prediction, expression.tasks)
    form = expression.linear()
    parts = _of_draws(joint, expression, seed) if form is None else _of_sum(joint, form.vector(joint.tasks))
    columns: dict[tuple[str, Hashable], np.ndarray] = {}
    with np.errstate(invalid="ignore", divide="ignore"):
        columns |= {("task", name): part / parts.total for name, part in zip(joint.tasks, parts.own, strict=True)}
        columns["joint", "covariance"] = (parts.linear - sum(parts.own)) / parts.total
        columns["joint", "nonlinear"] = (parts.total - parts.linear) / parts.total
    columns["std", "joint"], columns["std", "independent"] = std, np.sqrt(parts.independent)
    frame = pd.DataFrame(np.column_stack(list(columns.values())), joint.index, pd.MultiIndex.from_tuples(list(columns)))
    frame.loc[~(parts.total > 0.0), ["task", "joint"]] = np.nan
    return frame


@dataclass(frozen=True)
class _Parts:
    """Variances at n rows.

    Parameters
    ----------
    own
        T of each task by itself.
    linear
        Of all of the linear part.
    total
        Of the quantity.
    independent
        Of the quantity if the tasks were independent.
    """

    own: Sequence[np.ndarray]
    linear: np.ndarray
    total: np.ndarray
    independent: np.ndarray


def _of_sum(joint: Prediction, weights: np.ndarray) -> _Parts:
    own = np.square(weights * joint.deviations).T
    total = np.einsum("i,nij,j->n", weights, joint.covariance, weights).clip(min=0.0)
    return _Parts(list(own), total, total, own.sum(axis=0))


@one_thread()
def _of_draws(joint: Prediction, expression: Quantity, seed: int) -> _Parts:
    """The same by quasi-random draws, those of independent tasks with normals of their own for each task."""
    normals = standard_normals(joint.dimension, POINTS, seed)
    apart = np.split(standard_normals(joint.dimension * len(joint.tasks), POINTS, seed), len(joint.tasks), axis=1)
    found = np.empty((len(joint.tasks) + 3, len(joint)))
    for rows in blocks(np.arange(len(joint)), len(normals) * len(joint.tasks)):
        some = joint.take(rows)
        draws = some.draw(normals[:, None, :])
        mixed = np.stack([some.draw(own[:, None, :])[..., place] for place, own in enumerate(apart)], axis=-1)
        regression = _regression(draws, values_at(expression, joint.tasks, draws))
        alone = _variance(values_at(expression, joint.tasks, mixed))
        found[:, rows] = np.vstack([*regression, alone])
    *shares, linear, total, independent = found
    return _Parts(shares, linear, total, independent)


def _regression(draws: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each task's own part (T, n) and all of the linear part (n,) of the variance (n,) of values (s, n)."""
    tasks, total = _standardized(draws, np.isfinite(values)[..., None]), _variance(values)
    quantity = _standardized(values, np.isfinite(values))
    count = np.isfinite(values).sum(axis=0).clip(1)
    correlation = np.einsum("sni,snj->nij", tasks, tasks) / count[:, None, None]
    with_quantity = np.einsum("sni,sn->ni", tasks, quantity) / count[:, None]
    beta = (np.linalg.pinv(correlation, rcond=1e-10, hermitian=True) @ with_quantity[..., None])[..., 0]
    return np.square(beta).T * total, (beta * with_quantity).sum(axis=1) * total, total


def _standardized(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Draws (s, ...) with mean 0 and deviation 1 over the valid ones; zero at the others, and where none differ."""
    count = np.maximum(valid.sum(axis=0), 1)
    mean = np.where(valid, values, 0.0).sum(axis=0) / count
    centred = np.where(valid, values - mean, 0.0)
    deviation = np.sqrt(np.square(centred).sum(axis=0) / count)
    return centred / np.where(deviation > 0.0, deviation, 1.0)


def _variance(values: np.ndarray) -> np.ndarray:
    valid = np.isfinite(values)
    count = np.maximum(valid.sum(axis=0), 1)
    mean = np.where(valid, values, 0.0).sum(axis=0) / count
    variance = np.square(np.where(valid, values - mean, 0.0)).sum(axis=0) / count
    return np.where(valid.any(axis=0), variance, np.nan)
