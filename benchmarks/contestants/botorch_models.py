"""BoTorch, as its documentation uses it: inputs in the unit cube, default kernels and priors, fit_gpytorch_mll."""

from __future__ import annotations

import torch
from botorch.fit import fit_gpytorch_mll
from botorch.models import MultiTaskGP, SingleTaskMultiFidelityGP
from botorch.models.transforms import Standardize
from botorch.models.transforms.outcome import StratifiedStandardize
from gpytorch.mlls import ExactMarginalLogLikelihood

from benchmarks.contestants import Array, Predict, Predicted, Train


def stacked(train: Train) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (n, d + 1) in the unit cube with the task as their last column, and values (n, 1)."""
    rows = [
        torch.cat([torch.from_numpy(train.unit(x)), torch.full((len(x), 1), float(task), dtype=torch.float64)], dim=-1)
        for task, x in enumerate(train.x)
    ]
    return torch.cat(rows), torch.cat([torch.from_numpy(y) for y in train.y]).unsqueeze(-1)


def _fit(model: MultiTaskGP | SingleTaskMultiFidelityGP, train: Train, column: list[float]) -> Predict:
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))

    def predict(x: Array) -> Predicted:
        inputs = torch.from_numpy(train.unit(x))
        last = torch.tensor(column, dtype=torch.float64).expand(len(inputs), -1)
        with torch.no_grad():
            rows = torch.cat([inputs, last], dim=-1).unsqueeze(-2)  # one row a batch: no covariance between rows
            truth = model.posterior(rows)
            mean, variance = truth.mean.flatten(), truth.variance.flatten()
            observed = model.posterior(rows[:1], observation_noise=True).variance.flatten()
        noise = (observed - variance[:1]).clamp_min(0.0).sqrt().item()
        return Predicted(mean.numpy(), variance.sqrt().numpy(), noise)

    return predict


def multi_task(train: Train) -> Predict:
    """MultiTaskGP, values standardised task by task (StratifiedStandardize)."""
    model = multi_task_model(*stacked(train))
    return _fit(model, train, [float(len(train.y) - 1)])


def multi_task_model(X: torch.Tensor, Y: torch.Tensor) -> MultiTaskGP:
    """The model of rows (n, d + 1) and values (n, 1), not fitted; its output is the last task."""
    tasks = X[:, -1].unique()
    standardize = StratifiedStandardize(stratification_idx=X.shape[-1] - 1, all_task_values=tasks)
    last = int(tasks.max().item())
    return MultiTaskGP(X, Y, task_feature=-1, output_tasks=[last], outcome_transform=standardize)


def multi_fidelity(train: Train) -> Predict:
    """SingleTaskMultiFidelityGP, the fidelity from 0 to 1, values standardised together as it assumes one unit."""
    X, Y = stacked(train)
    X[:, -1] /= max(len(train.y) - 1, 1)
    model = SingleTaskMultiFidelityGP(X, Y, data_fidelities=[X.shape[-1] - 1], outcome_transform=Standardize(m=1))
    return _fit(model, train, [1.0])
