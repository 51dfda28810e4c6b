"""Folds that ask for more than interpolation: the highest values held out, or a region of the inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from mfgp.data import Inputs
from mfgp.errors import ParameterError
from mfgp.validation.folds import Rows


@dataclass(frozen=True)
class HighestValues:
    """A splitter that holds out the highest values of the task, to see if what is better than all known is found.

    One fold, so there is no standard error. For the lowest values, give the task with its sign reversed.

    Parameters
    ----------
    share
        Of the values, between 0 and 1.

    Raises
    ------
    ParameterError
        `share` is no number between 0 and 1.

    Examples
    --------
    >>> [(train, test)] = HighestValues(0.5).split(np.zeros((4, 1)), np.array([3.0, 1.0, 2.0, 4.0]))
    >>> train.tolist(), test.tolist()
    ([1, 2], [0, 3])
    """

    share: float = 0.2

    def __post_init__(self) -> None:
        if not isinstance(self.share, Real) or not 0.0 < self.share < 1.0:
            raise ParameterError(f"share={self.share!r}, expected a number between 0 and 1, for example 0.2")

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:
        """Positions to train on and to test on."""
        order = np.argsort(np.asarray(y), kind="stable")
        count = min(max(1, round(self.share * len(order))), len(order) - 1)
        yield np.sort(order[: len(order) - count]), np.sort(order[len(order) - count :])

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """One."""
        return 1


def input_clusters(X: Any, n_clusters: int = 5, random_state: int = 0) -> pd.Series[int]:
    """A label for each row: which of several regions of the inputs it is in.

    As ``groups=``, with ``cv=LeaveOneGroupOut()``, each region is predicted from the others, and rows of the region
    that do not have the task are not learned from either. Regions are found by scikit-learn's ``KMeans``, with numbers
    scaled to unit variance and categories as columns of 0 and 1.

    Parameters
    ----------
    X
        (n, d) inputs.
    n_clusters
        How many.
    random_state
        Seed of the first centres.

    Raises
    ------
    ParameterError
        `n_clusters` is no whole number from 2 to the number of different rows.

    Examples
    --------
    >>> input_clusters(pd.DataFrame({"x": [0.0, 0.1, 5.0, 5.1]}), 2).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    table = Inputs.learn(X).table(X)
    different = len(table.drop_duplicates())
    if not isinstance(n_clusters, int | np.integer) or not 2 <= n_clusters <= different:
        raise ParameterError(f"n_clusters={n_clusters!r}, expected a whole number from 2 to {different}, the rows of X")
    numbers = pd.get_dummies(table.set_axis([str(place) for place in range(table.shape[1])], axis=1), dtype=float)
    found = KMeans(int(n_clusters), n_init=10, random_state=random_state).fit_predict(
        StandardScaler().fit_transform(numbers)
    )
    return pd.Series(found.astype(int), table.index, name="cluster")
