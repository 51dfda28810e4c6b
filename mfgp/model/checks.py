"""Reading of a TaskGP's arguments: rows that name their task, values and variances that can be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mfgp.data.magnitudes import LARGEST
from mfgp.data.task_values import TaskValues
from mfgp.errors import DataError, ParameterError
from mfgp.kernels import TaskKernel


def every_task(X: Tensor, tasks: Sequence[float]) -> Tensor:
    """Rows (..., q, d) once for each task, task by task: (..., q T, d + 1)."""
    blocks = [torch.cat([X, torch.full_like(X[..., :1], float(task))], dim=-1) for task in tasks]
    return torch.cat(blocks, dim=-2)


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
    largest = train_Y.abs().max().item()
    if largest > LARGEST:
        raise DataError(
            f"train_Y holds {largest:g}, expected sizes up to {LARGEST:g}, whose squares, the variances, are floats; "
            "give it in a larger unit"
        )
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


def read_task_values(
    train_X: Tensor, task_feature: int, kernel: TaskKernel | None, all_tasks: Sequence[float] | None
) -> TaskValues:
    """What stands for each task in the last column of rows (n, d + 1).

    DataError for a row of another task, ParameterError unless the task column is the last and the kernel's tasks are
    as many.
    """
    columns = train_X.shape[-1]
    if task_feature not in (-1, columns - 1):
        raise ParameterError(
            f"task_feature={task_feature}, expected the last column ({columns - 1} or -1); move the task column there"
        )
    if all_tasks is not None:
        values = TaskValues(sorted({float(task) for task in all_tasks}))
    else:
        largest = max(int(train_X[:, -1].max()), 0)
        values = TaskValues.indices(largest + 1 if kernel is None else kernel.num_tasks)
    if kernel is not None and kernel.num_tasks != len(values):
        raise ParameterError(
            f"all_tasks are {len(values)} different numbers, but the kernel is for {kernel.num_tasks} tasks; give one "
            "number for each"
        )
    values.index(train_X[:, -1], "write all_tasks=[...] with every number that stands for a task, such as a fidelity")
    return values


def check_task_column(train_X: Tensor, transformed_X: Tensor) -> None:
    """Raise ParameterError if an input transform has changed the task column of rows (n, d + 1)."""
    if not torch.equal(train_X[..., -1], transformed_X[..., -1]):
        inputs = train_X.shape[-1] - 1
        raise ParameterError(
            "input_transform changes the last column, which names the task; transform the inputs only, for example "
            f"Normalize({inputs + 1}, indices=list(range({inputs})))"
        )
