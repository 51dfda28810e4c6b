"""Folds: which rows are learned from and which are predicted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from mfgp.errors import DataError, DataTypeError, ParameterError

Rows: TypeAlias = NDArray[np.intp]


class Splitter(Protocol):
    """A scikit-learn splitter: KFold, RepeatedKFold, ShuffleSplit and their like."""

    def split(self, X: Any) -> Iterable[tuple[Rows, Rows]]:
        """Positions to train on and to test on, split by split."""

    def get_n_splits(self) -> int:
        """Number of splits."""


@dataclass(frozen=True, eq=False)
class Fold:
    """One split of a table's rows, all by position.

    Parameters
    ----------
    number
        Of the fold, from 0.
    train
        Rows to learn from; those that do not have the target are among them.
    test
        Rows to predict, none of which is learned from in any task.
    learned
        Rows of `train` whose target value is learned from.
    available
        How many rows of `train` have the target.
    """

    number: int
    train: Rows
    test: Rows
    learned: Rows
    available: int

    def thin(self, values: int, random_state: int) -> Fold:
        """The same fold with only so many target values to learn from; a larger number draws those of a smaller, too.

        Raises
        ------
        ParameterError
            There are not so many.
        """
        whole = isinstance(values, Integral) and not isinstance(values, bool)
        if not whole or not 1 <= values <= self.available:
            raise ParameterError(
                f"values={values!r}, but fold {self.number} has {self.available} values of the target to learn from: "
                f"give a whole number from 1 to {self.available}, or None for all of them"
            )
        shuffled = np.random.default_rng([random_state, self.number]).permutation(self.learned)
        return replace(self, learned=np.sort(shuffled[:values]))


def folds_of(measured: NDArray[np.bool_], cv: int | Splitter, random_state: int) -> Iterator[Fold]:
    """Split the rows that have the target; those that do not are always learned from.

    Parameters
    ----------
    measured
        (n,) whether a row has the target.
    cv
        Number of folds, whose rows `random_state` shuffles, or a scikit-learn splitter.
    random_state
        Seed.

    Raises
    ------
    DataError
        There are fewer values than folds.
    DataTypeError
        `cv` is neither a number nor a splitter.

    Examples
    --------
    >>> fold = next(folds_of(np.array([True, False, True, True]), 3, random_state=0))
    >>> fold.train.tolist(), fold.test.tolist(), fold.learned.tolist()
    ([0, 1, 2], [3], [0, 2])
    """
    with_target, without = np.flatnonzero(measured), np.flatnonzero(~measured)
    for number, (train, test) in enumerate(_splitter(cv, len(with_target), random_state).split(with_target)):
        learned = with_target[train]
        rows = np.sort(np.concatenate([learned, without]))
        yield Fold(number, rows, with_target[test], learned, len(learned))


def _splitter(cv: int | Splitter, values: int, random_state: int) -> Splitter:
    if isinstance(cv, int | np.integer):
        if not 2 <= cv <= values:
            raise DataError(
                f"{cv} folds cannot be made of {values} measured values: give cv=2 or more, and no more than the values"
            )
        return KFold(cv, shuffle=True, random_state=random_state)
    if not hasattr(cv, "get_n_splits"):
        raise DataTypeError(
            f"cv is a {type(cv).__name__}, expected a number of folds or a scikit-learn splitter such as "
            "KFold(5, shuffle=True, random_state=0)"
        )
    return cv
