"""Expressions at inputs: costs and known constraints are functions of the inputs, written as those of tasks."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mfgp.data.levels import holds_levels
from mfgp.errors import ColumnError
from mfgp.expressions import Condition, Expression, Quantity
from mfgp.expressions.membership import numbers


def quantity_at(quantity: Quantity, inputs: pd.DataFrame) -> np.ndarray:
    """Values (n,) of a quantity whose names are inputs; NaN outside its domain.

    Parameters
    ----------
    quantity
        Its names are columns.
    inputs
        (n, d) inputs; those that it names are numbers.

    Raises
    ------
    ColumnError
        It names what is no input, or takes a category for a number.

    Examples
    --------
    >>> from mfgp import parse
    >>> quantity_at(parse("0.1 * atoms + 1"), pd.DataFrame({"atoms": [10, 20]}))
    array([2., 3.])
    """
    values = _numbers(quantity, inputs)
    return np.broadcast_to(quantity.evaluate(values).numpy(), (len(inputs),)).astype(float)


def holds(condition: Condition, inputs: pd.DataFrame) -> np.ndarray:
    """Whether a condition whose names are inputs holds (n,); where its domain ends it does not.

    Parameters
    ----------
    condition
        Its names are columns; a category is asked for its level, as a label is for its class.
    inputs
        (n, d) inputs.

    Raises
    ------
    ColumnError
        It names what is no input, or takes a category for a number.

    Examples
    --------
    >>> from mfgp import parse
    >>> frame = pd.DataFrame({"metal": ["Cu", "Ni", "Cu"], "radius": [0.5, 0.5, 2.0]})
    >>> holds(parse("metal == 'Cu' and radius < 1"), frame)
    array([ True, False, False])
    """
    found = np.zeros(len(inputs), dtype=bool)
    _numbers(condition, inputs)
    asked = list(condition.labels)
    for name in asked:
        if not holds_levels(inputs[name]):
            raise ColumnError(f"{condition!r} asks {name!r} for its level, but it is a number; compare it by < or >")
    groups = inputs.groupby(asked, observed=True, sort=False).indices if asked else {(): np.arange(len(inputs))}
    for key, rows in groups.items():
        levels = dict(zip(asked, key if isinstance(key, tuple) else (key,), strict=True))
        values = {**_numbers(condition, inputs.iloc[rows]), **levels}
        found[rows] = condition.truth(values).numpy() > 0.0
    return found


def _numbers(expression: Expression, inputs: pd.DataFrame) -> dict[Hashable, Tensor]:
    expression.require_tasks(list(inputs.columns))
    values = {}
    for name in numbers(expression):
        if holds_levels(inputs[name]):
            raise ColumnError(
                f"{expression!r} takes {name!r} for a number, but it is a category; write {name} == '...'"
            )
        values[name] = torch.from_numpy(inputs[name].to_numpy(dtype=np.float64, copy=True))
    return values
