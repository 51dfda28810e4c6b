"""Exact values: two that differ at one place cannot both be right."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from mfgp.data.table import Array
from mfgp.errors import DataError

ROUNDING = 1e-12  # of a value, by which two exact ones may differ


def require_consistent(x: Array, values: Array, noise: Array, names: Sequence[Hashable]) -> None:
    """Raise DataError where a task has different values without noise at equal inputs.

    Parameters
    ----------
    x
        (n, d) inputs.
    values
        (n, T) values, NaN where not measured.
    noise
        (n, T) known standard deviations, NaN where unknown.
    names
        T names of the tasks.

    Examples
    --------
    >>> same, zero = np.array([[0.5], [0.5]]), np.zeros((2, 1))
    >>> require_consistent(same, np.array([[1.0], [1.0]]), zero, ["a"])
    >>> require_consistent(same, np.array([[1.0], [2.0]]), zero, ["a"])
    Traceback (most recent call last):
    ...
    mfgp.errors.DataError: Y has 1 and 2 for 'a' at equal inputs, in rows 0 and 1, and noise=0 says that both are ...
    """
    for task, name in enumerate(names):
        rows = np.flatnonzero(~np.isnan(values[:, task]) & (noise[:, task] == 0.0))
        y = values[rows, task]
        order = np.lexsort((y, *x[rows].T[::-1]))
        rows, y = rows[order], y[order]
        same = (x[rows[1:]] == x[rows[:-1]]).all(axis=1)
        apart = np.diff(y) > ROUNDING * np.maximum(np.abs(y[1:]), np.abs(y[:-1]))
        wrong = np.flatnonzero(same & apart)
        if len(wrong):
            one, other = wrong[0], wrong[0] + 1
            first, second = sorted((rows[one], rows[other]))
            raise DataError(
                f"Y has {y[one]:g} and {y[other]:g} for {name!r} at equal inputs, in rows {first} and {second}, and "
                "noise=0 says that both are exact: give a noise larger than zero, or NaN to have it learned"
            )
