"""Labels that were left out in turn, as one model of all of them predicts them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from mfgp.data.tasks import Tasks
from mfgp.inference.left_out import left_out_joint
from mfgp.model import TaskGP
from mfgp.prediction import NormalPrediction


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
    exact, units = model.exact_posterior, model.outcome_transform
    mine = np.flatnonzero(tasks.of_latents[exact.observations.task.cpu().numpy()] == label)
    rows, first = np.unique(row[mine], return_index=True)
    places = torch.from_numpy(mine[first]).to(exact.observations.x.device)
    of_rows = torch.from_numpy(group).to(places.device)
    joint = left_out_joint(exact, exact.observations.x[places], of_rows, of_rows[places])
    span = list(tasks.spans[label])
    means = (joint.mean * units.stdvs + units.means)[:, span].cpu().numpy()
    covariance = (joint.covariance * torch.outer(units.stdvs, units.stdvs))[:, span][:, :, span].cpu().numpy()
    names = tuple(tasks.latents[latent] for latent in span)
    return rows, NormalPrediction(names, pd.Index(rows), means, covariance)
