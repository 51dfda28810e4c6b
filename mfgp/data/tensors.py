"""Tensors that a model is built from, looked at when they come in."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mfgp.errors import DataError


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
