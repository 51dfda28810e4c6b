"""Values that contradict their noise: two that differ at one place by what it cannot explain."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from mfgp.data.table import Array
from mfgp.errors import DataError

ROUNDING = 1e-12  # of a value, by which two exact ones may differ
IMPOSSIBLE = 1e4  # deviations between two values at one place
SAME_PLACE = 1e-9  # of an input's range, within which no kernel tells two rows apart


def require_consistent(x: Array, values: Array, noise: Array, names: Sequence[Hashable]) -> None:
    """Raise DataError where values of a task at one place differ by what their known noise cannot explain.

    Inputs within a grid of a billionth of their range count as one place, since a kernel cannot tell them apart; values
    may differ by ten thousand deviations of their noise.

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
    mfgp.errors.DataError: Y has 1 and 2 for 'a' at equal inputs, in rows 0 and 1, and noise says ...
    """
    places = _places(x)
    for task, name in enumerate(names):
        rows = np.flatnonzero(~np.isnan(values[:, task]) & ~np.isnan(noise[:, task]))
        rows = rows[np.argsort(places[rows], kind="stable")]
        y, s, place = values[rows, task], noise[rows, task], places[rows]
        slack = IMPOSSIBLE * s + ROUNDING * np.abs(y)
        begins = np.flatnonzero(np.diff(place, prepend=-1))
        if not len(begins):
            continue
        apart = np.maximum.reduceat(y - slack, begins) > np.minimum.reduceat(y + slack, begins)
        if apart.any():
            here = np.flatnonzero(place == place[begins[apart.argmax()]])
            pair = sorted([here[(y + slack)[here].argmin()], here[(y - slack)[here].argmax()]])
            one, other = y[pair]
            first, second = rows[pair]
            raise DataError(
                f"Y has {one:g} and {other:g} for {name!r} at equal inputs, in rows {first} and {second}, and noise "
                f"says that they are known to {s[pair].max():g}: give a larger noise, or NaN to have it learned"
            )


def _places(x: Array) -> np.ndarray:
    """(n,) number of the place of each row."""
    lower = x.min(axis=0, initial=np.inf)
    scale = np.maximum(x.max(axis=0, initial=-np.inf) - lower, np.finfo(float).tiny)
    grid = np.rint((x / scale - lower / scale) / SAME_PLACE)
    return np.unique(grid, axis=0, return_inverse=True)[1].reshape(-1)
