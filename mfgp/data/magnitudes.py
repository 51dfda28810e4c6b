"""Magnitudes of values: a variance is a square, so it has to be a float where the value is one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from mfgp.data.table import Array
from mfgp.errors import DataError

LARGEST = 1e150
SMALLEST = 1e-150


def require_squarable(values: Array, names: Sequence[Hashable], table: str) -> None:
    """Raise DataError where a value of (n, T) is so large that its square is no float.

    Parameters
    ----------
    values
        (n, T), NaN where not measured.
    names
        T names of the columns.
    table
        What the table is called in the message.

    Examples
    --------
    >>> require_squarable(np.array([[1e300]]), ["energy"], "Y")
    Traceback (most recent call last):
    ...
    mfgp.errors.DataError: column 'energy' of Y holds 1e+300, expected sizes up to 1e+150, ...
    """
    sizes = np.abs(values)
    for name, size in zip(names, sizes.T, strict=True):
        if (size > LARGEST).any():
            raise DataError(
                f"column {name!r} of {table} holds {np.nanmax(size):g}, expected sizes up to {LARGEST:g}, whose "
                "squares, the variances, are floats: give it in a larger unit"
            )


def require_spread(values: Array, names: Sequence[Hashable]) -> None:
    """Raise DataError where values of a task in (n, T) differ by so little that the square of it is no float.

    Parameters
    ----------
    values
        (n, T), NaN where not measured, some in each column.
    names
        T names of the tasks.

    Examples
    --------
    >>> require_spread(np.array([[1e-300], [3e-300]]), ["rate"])
    Traceback (most recent call last):
    ...
    mfgp.errors.DataError: the values of 'rate' in Y differ by 2e-300 at most, expected at least 1e-150, ...
    """
    widths = np.nanmax(values, axis=0) - np.nanmin(values, axis=0)
    for name, width in zip(names, widths, strict=True):
        if 0.0 < width < SMALLEST:
            raise DataError(
                f"the values of {name!r} in Y differ by {width:g} at most, expected at least {SMALLEST:g}, whose "
                "square, the variance, is a float: give it in a smaller unit, or its logarithm"
            )
