"""What a TaskGP is made of where the caller does not say: its kernel, and arguments from a BoTorch data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botorch.utils.datasets import MultiTaskDataset, SupervisedDataset
from torch import Tensor

from mfgp.errors import ParameterError
from mfgp.kernels import CoregionalizationKernel, input_kernel
from mfgp.kernels.levels import expanded_columns


def default_kernel(train_X: Tensor, num_tasks: int, cat_dims: Sequence[int]) -> CoregionalizationKernel:
    """Coregionalization of Matern-5/2 processes over rows (n, d + 1) with columns `cat_dims` of codes."""
    inputs = train_X.shape[-1] - 1
    if not all(0 <= column < inputs for column in cat_dims):
        raise ParameterError(f"cat_dims={list(cat_dims)}, expected columns of inputs, from 0 to {inputs - 1}")
    levels = {column: int(train_X[:, column].max()) + 1 for column in cat_dims}
    inner = input_kernel("matern52", expanded_columns(inputs, levels))
    kernel = CoregionalizationKernel([inner], num_tasks, rank=min(num_tasks, 2))
    kernel.embed_levels(inputs, levels)
    return kernel


def column_roles(
    data: SupervisedDataset | MultiTaskDataset,
    task_feature: int,
    fidelity_features: Sequence[int],
    categorical_features: Sequence[int],
) -> dict[str, Any]:
    """`task_feature`, and `cat_dims` and `output_tasks` where the data set or the columns say what they are.

    The output is the target of a data set that has one.
    """
    if len(fidelity_features) > 1:
        raise ParameterError(
            f"fidelity_features={list(fidelity_features)}, expected one column: each task has one number; number the "
            "combinations of fidelities in one column"
        )
    task = fidelity_features[0] if fidelity_features else task_feature
    inputs = [column for column in categorical_features if column != task % data.X.shape[-1]]
    roles: dict[str, Any] = {"task_feature": task} | ({"cat_dims": inputs} if inputs else {})
    if isinstance(data, MultiTaskDataset):
        of_target = data.datasets[data.target_outcome_name].X
        roles["output_tasks"] = [0 if data.task_feature_index is None else of_target[0, data.task_feature_index].item()]
    return roles
