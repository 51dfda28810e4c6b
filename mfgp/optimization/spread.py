"""Spread: rows of a table that lie far apart, and inputs in coordinates in which distances mean something."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

Bounds = Mapping[Hashable, float]
Levels = Mapping[Hashable, tuple[str, ...]]

NEAR = 1e-3  # of the range of an input: points that are all but the same


def coordinates(inputs: pd.DataFrame, lower: Bounds, upper: Bounds, levels: Levels) -> np.ndarray:
    """Inputs (n, d) as points: numbers from 0 to 1 between their bounds, each level on an axis of its own.

    Two levels that differ are a distance of one apart, as are the ends of a number's range.

    Parameters
    ----------
    inputs
        Numbers and categories.
    lower, upper
        Bounds of the numbers, by name; where they are equal the number counts for nothing.
    levels
        Of each category.

    Examples
    --------
    >>> frame = pd.DataFrame({"radius": [1.0, 3.0], "metal": ["Cu", "Ni"]})
    >>> coordinates(frame, {"radius": 1.0}, {"radius": 5.0}, {"metal": ("Cu", "Ni")}).round(2)
    array([[0.  , 0.71, 0.  ],
           [0.5 , 0.  , 0.71]])
    """
    parts = [np.empty((len(inputs), 0))]
    for name in inputs.columns:
        if name in levels:
            values = inputs[name].to_numpy(dtype=object)[:, None]
            parts.append((values == np.array(levels[name], dtype=object)) / np.sqrt(2.0))
        else:
            width = upper[name] - lower[name]
            numbers = inputs[name].to_numpy(dtype=float)
            parts.append(((numbers - lower[name]) / (width if width > 0.0 else np.inf))[:, None])
    return np.concatenate(parts, axis=1)


def far_apart(points: np.ndarray, count: int, taken: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places of points that lie far from one another and from those taken: each time the one whose nearest is farthest.

    The greedy solution of the maximin problem, whose smallest distance is at least half of the largest possible
    (Gonzalez 1985, Theor. Comput. Sci. 38, 293). The effort is that of `count` passes over the points.

    Parameters
    ----------
    points
        (n, k) points.
    count
        How many places are wanted; all come if there are no more.
    taken
        (m, k) points; if there is none, the first is drawn.
    rng
        Draws the first.

    Examples
    --------
    >>> line = np.linspace(0, 1, 11)[:, None]
    >>> far_apart(line, 3, np.array([[0.0]]), np.random.default_rng(0))
    array([10,  5,  7])
    """
    chosen: list[int] = []
    nearest = np.full(len(points), np.inf)
    for other in taken:
        nearest = np.minimum(nearest, np.square(points - other).sum(axis=1))
    for _ in range(min(count, len(points))):
        nothing = not (chosen or len(taken))
        place = int(rng.integers(len(points))) if nothing else int(nearest.argmax())
        chosen.append(place)
        nearest = np.minimum(nearest, np.square(points - points[place]).sum(axis=1))
        nearest[chosen] = -np.inf
    return np.array(chosen, dtype=int)
