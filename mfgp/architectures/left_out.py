"""What was left out in turn, as one model of everything predicts it, at the hyperparameters of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from mfgp.data.tasks import Tasks
from mfgp.inference.left_out import left_out_joint
from mfgp.inference.posterior import Joint
from mfgp.model import TaskGP
from mfgp.prediction import NormalPrediction, Prediction, condition
from mfgp.prediction.labelled import of_tasks

if TYPE_CHECKING:
    from mfgp.architectures.estimator import TaskRegressor


def distribution_left_out(
    estimator: TaskRegressor,
    rows: np.ndarray,
    group: np.ndarray,
    *,
    given: pd.DataFrame | None = None,
    noise: pd.DataFrame | None = None,
    observed: bool = True,
) -> Prediction:
    """Joint distribution of all tasks at rows learned from, each without all values of the rows of its group.

    What a model of the other rows would say, at the same hyperparameters, means and scales, in closed form.

    Parameters
    ----------
    estimator
        Fitted.
    rows
        (m,) places of rows in the table of the fit; each has a value at least.
    group
        (n,) whole number of each row of that table.
    given, noise, observed
        As for ``predict_distribution``: a row's own values, which are known after all.

    Examples
    --------
    >>> from mfgp import IndependentGP
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 12)})
    >>> model = IndependentGP().fit(X, np.sin(6 * X.x).to_frame("y"))
    >>> left_out = distribution_left_out(model, np.array([3, 5]), np.arange(12)).mean
    >>> bool(np.allclose(left_out, model.predict_left_out()[0].iloc[[3, 5]]))
    True
    """
    exact, tasks = estimator.model_.exact_posterior, estimator._tasks
    row = estimator._rows[exact.observations.row.cpu().numpy()]
    present, first = np.unique(row, return_index=True)
    device = exact.observations.x.device
    places = torch.from_numpy(first[np.searchsorted(present, rows)]).to(device)
    of_observations, of_rows = (torch.from_numpy(group[here]).to(device) for here in (row, rows))
    joint = left_out_joint(exact, exact.observations.x[places], of_observations, of_rows)
    means, covariance = _in_units(joint, estimator.model_)
    scale = np.broadcast_to(estimator.model_.noise_scale().cpu().numpy(), means.shape)
    if given is not None:
        known = None if noise is None else tasks.read_noise(noise, given)
        values, known = tasks.observe(tasks.read_given(given, given), known)
        scale = scale if known is None else np.where(np.isnan(known), scale, known)
        means, covariance = condition(means, covariance, values, np.square(scale))
    if observed:
        covariance = covariance + np.diag(np.square(estimator._noise_of_latents()))
    return of_tasks(NormalPrediction(tasks.latents, estimator._index[rows], means, covariance), tasks)


def label_left_out(
    model: TaskGP, row: np.ndarray, group: np.ndarray, tasks: Tasks, label: int
) -> tuple[np.ndarray, NormalPrediction]:
    """Scores of a label at each row that has it, without the observations of the label's group.

    Parameters
    ----------
    model
        Of all observations.
    row, group
        (N,) row and group of each, in the order of the model's posterior. Those of a label at a row are of one group.
    tasks
        What the model's latents stand for.
    label
        The position of the label among the tasks.

    Returns
    -------
    The rows, in ascending order, and the prediction at them.
    """
    exact = model.exact_posterior
    mine = np.flatnonzero(tasks.of_latents[exact.observations.task.cpu().numpy()] == label)
    rows, first = np.unique(row[mine], return_index=True)
    places = torch.from_numpy(mine[first]).to(exact.observations.x.device)
    of_rows = torch.from_numpy(group).to(places.device)
    joint = left_out_joint(exact, exact.observations.x[places], of_rows, of_rows[places])
    span = list(tasks.spans[label])
    means, covariance = _in_units(joint, model)
    names = tuple(tasks.latents[latent] for latent in span)
    return rows, NormalPrediction(names, pd.Index(rows), means[:, span], covariance[:, span][:, :, span])


def _in_units(joint: Joint, model: TaskGP) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariances in the tasks' units."""
    units: Any = model.outcome_transform
    means = joint.mean * units.stdvs + units.means
    return means.cpu().numpy(), (joint.covariance * torch.outer(units.stdvs, units.stdvs)).cpu().numpy()
