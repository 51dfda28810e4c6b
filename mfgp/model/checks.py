"""Reading of a TaskGP's arguments: rows that name their task, values and variances that can be used."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mfgp.errors import DataError, ParameterError
from mfgp.kernels import TaskKernel


def every_task(X: Tensor, tasks: list[int]) -> Tensor:
    """Rows (..., q, d) once for each task, task by task: (..., q T, d + 1)."""
    blocks = [torch.cat([X, torch.full_like(X[..., :1], float(task))], dim=-1) for task in tasks]
    return torch.cat(blocks, dim=-2)


def check_tasks(values: Tensor, num_tasks: int) -> Tensor:
    """Task indices as integers; DataError unless they are whole numbers from 0 to T - 1."""
    index = values.long()
    if not (torch.equal(index.to(values), values) and bool((index >= 0).all()) and bool((index < num_tasks).all())):
        found = sorted(set(values.unique().tolist()))
        raise DataError(f"the tasks {found} were named, expected whole numbers from 0 to {num_tasks - 1}")
    return index


def variances(noise: Tensor, shape: torch.Size) -> Tensor:
    """Noise variances expanded to (..., q, m)."""
    try:
        expanded = noise.expand(shape)
    except RuntimeError:
        expanded = None
    if expanded is None or noise.dim() < 2 or noise.shape[-1] != shape[-1]:
        raise DataError(
            f"observation_noise has shape {tuple(noise.shape)}, expected {tuple(shape)}, one variance for each row "
            "and output; write observation_noise=True to add each task's own"
        )
    if not bool((noise >= 0.0).all()):
        raise DataError("observation_noise holds negative values or NaN; give variances, zero or more")
    return expanded


def check_training_data(train_X: Tensor, train_Y: Tensor, train_Yvar: Tensor | None) -> None:
    """Raise DataError unless rows (n, d + 1), values (n, 1) and variances (n, 1), if there are any, can be used."""
    if train_X.dim() != 2 or len(train_X) == 0 or train_Y.shape != (len(train_X), 1):
        raise DataError(
            f"train_X has shape {tuple(train_X.shape)} and train_Y {tuple(train_Y.shape)}, "
            "expected (n, d + 1) and (n, 1), n at least 1"
        )
    if train_X.dtype != torch.float64 or train_Y.dtype != torch.float64:
        raise DataError(
            f"train_X is of type {train_X.dtype} and train_Y of {train_Y.dtype}, expected torch.float64; "
            "write train_X.double() and train_Y.double()"
        )
    for name, values in (("train_X", train_X), ("train_Y", train_Y)):
        wrong = int((~values.isfinite()).any(-1).sum())
        if wrong:
            raise DataError(f"{name} holds NaN or infinity in {wrong} of {len(values)} rows; leave these rows out")
    if train_Yvar is None:
        return
    if train_Yvar.shape != train_Y.shape:
        raise DataError(
            f"train_Yvar has shape {tuple(train_Yvar.shape)}, expected {tuple(train_Y.shape)} as train_Y; "
            "write train_Yvar.reshape(-1, 1) if it has one variance for each value"
        )
    wrong = int(((train_Yvar < 0.0) | train_Yvar.isinf()).sum())
    if wrong:
        raise DataError(
            f"train_Yvar is negative or infinite in {wrong} of {len(train_Yvar)} rows; give variances, zero or more, "
            "and NaN where the noise is to be learned"
        )


def check_codes(train_X: Tensor, levels: Mapping[int, int]) -> None:
    """Raise DataError unless each column of codes in rows (n, d + 1) holds whole numbers from 0 to its levels - 1."""
    for column, count in levels.items():
        values = train_X[:, column]
        if not (torch.equal(values, values.floor()) and bool(((values >= 0) & (values < count)).all())):
            found = ", ".join(f"{value:g}" for value in values.unique().tolist()[:5])
            raise DataError(
                f"column {column} of train_X is categorical and holds {found}, expected codes from 0 to {count - 1}; "
                "write the number of each row's level, counted from 0"
            )


def number_of_tasks(train_X: Tensor, task_feature: int, kernel: TaskKernel | None, all_tasks: list[int] | None) -> int:
    """T, from the kernel or the indices; ParameterError unless the task column is the last."""
    columns = train_X.shape[-1]
    if task_feature not in (-1, columns - 1):
        raise ParameterError(
            f"task_feature={task_feature}, expected the last column ({columns - 1} or -1); move the task column there"
        )
    if kernel is not None:
        num_tasks = kernel.num_tasks
    else:
        num_tasks = int(max([*(all_tasks or []), train_X[:, -1].max().item()])) + 1
    check_tasks(train_X[:, -1], num_tasks)
    return num_tasks
