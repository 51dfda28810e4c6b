"""Folds: which rows are learned from and which are predicted."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from mfgp.errors import DataError, DataTypeError, ParameterError

Rows: TypeAlias = NDArray[np.intp]

STRATIFIED = (StratifiedKFold, StratifiedGroupKFold, StratifiedShuffleSplit, RepeatedStratifiedKFold)
MOST_STRATA = 5


class Splitter(Protocol):
    """A scikit-learn splitter: KFold, RepeatedKFold, GroupKFold, LeaveOneGroupOut, ShuffleSplit and their like."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterable[tuple[Rows, Rows]]:
        """Positions to train on and to test on, split by split."""


@dataclass(frozen=True, eq=False)
class Fold:
    """One split of a table's rows, all by position.

    Parameters
    ----------
    number
        Of the fold, from 0, over all repeats.
    train
        Rows to learn from; those that do not have the target are among them, unless their group is held out.
    test
        Rows to predict, none of which is learned from in any task.
    learned
        Rows of `train` whose target value is learned from.
    available
        How many rows of `train` have the target.
    repeat
        How many times every row has been predicted before, from 0.
    others
        By task, the rows of `train` whose value of it is learned from; of a task that is left out, all.
    """

    number: int
    train: Rows
    test: Rows
    learned: Rows
    available: int
    repeat: int = 0
    others: Mapping[Hashable, Rows] | None = None

    def thin(self, values: int, random_state: int) -> Fold:
        """The same fold with only so many target values to learn from; a larger number draws those of a smaller, too.

        Raises
        ------
        ParameterError
            There are not so many.
        """
        if not _whole(values) or not 1 <= values <= self.available:
            raise ParameterError(
                f"values={values!r}, but fold {self.number} has {self.available} values of the target to learn from: "
                f"give a whole number from 1 to {self.available}, or None for all of them"
            )
        shuffled = np.random.default_rng([random_state, self.number]).permutation(self.learned)
        return replace(self, learned=np.sort(shuffled[:values]))

    def thin_others(self, cheap: int, measured: Mapping[Hashable, NDArray[np.bool_]], random_state: int) -> Fold:
        """The same fold with only so many values of each other task; a larger number draws those of a smaller, too.

        Tasks draw their rows in the same order, so that they keep the rows that they share. A task that has fewer
        values keeps all of them.

        Parameters
        ----------
        cheap
            How many.
        measured
            (n,) whether a row has it, by task.

        Raises
        ------
        ParameterError
            It is no whole number of at least 1.
        """
        if not _whole(cheap) or cheap < 1:
            raise ParameterError(
                f"cheap={cheap!r}, expected a whole number of values of each other task from 1 on, or None for all"
            )
        order = np.random.default_rng([random_state, self.number, 1]).permutation(self.train)
        return replace(self, others={task: np.sort(order[has[order]][:cheap]) for task, has in measured.items()})


def folds_of(
    measured: NDArray[np.bool_],
    cv: int | Splitter,
    random_state: int,
    *,
    repeats: int = 1,
    X: pd.DataFrame | None = None,
    y: NDArray[np.float64] | None = None,
    groups: NDArray[np.intp] | None = None,
) -> Iterator[Fold]:
    """Split the rows that have the target; those that do not are learned from, unless their group is held out.

    Parameters
    ----------
    measured
        (n,) whether a row has the target.
    cv
        Number of folds, whose rows `random_state` shuffles, or a scikit-learn splitter.
    random_state
        Seed.
    repeats
        Times that a number of folds is made anew; a splitter says itself how often.
    X, y, groups
        (n, d) inputs, (n,) values and (n,) groups for the splitter. Stratified ones are given fifths of the values.

    Raises
    ------
    DataError
        There are fewer values or groups than folds, or a fold has no row to learn from or to predict.
    DataTypeError
        `cv` is neither a number nor a splitter.
    ParameterError
        `repeats` is no number of times, or given beside a splitter.

    Examples
    --------
    >>> fold = next(folds_of(np.array([True, False, True, True]), 3, random_state=0))
    >>> fold.train.tolist(), fold.test.tolist(), fold.learned.tolist()
    ([0, 1, 2], [3], [0, 2])
    """
    with_target, rows = np.flatnonzero(measured), np.arange(len(measured))
    inputs = with_target if X is None else X.iloc[with_target]
    own = None if groups is None else groups[with_target]
    tested: set[int] = set()
    number = repeat = 0
    for splitter in _splitters(cv, len(with_target), random_state, repeats, own):
        values = None if y is None else _targets(splitter, y[with_target])
        for learned, test in splitter.split(inputs, values, own):
            learned, test = with_target[learned], with_target[test]
            if groups is not None:
                learned = learned[~np.isin(groups[learned], groups[test])]
            if not len(learned) or not len(test):
                raise DataError(
                    f"fold {number} has {len(learned)} values of the target to learn from and {len(test)} to predict; "
                    "give a cv that leaves some of both"
                )
            kept = ~measured if groups is None else ~measured & ~np.isin(groups, groups[test])
            if not tested.isdisjoint(test.tolist()):
                repeat, tested = repeat + 1, set()
            tested.update(test.tolist())
            train = np.sort(np.concatenate([learned, rows[kept]]))
            yield Fold(number, train, test, np.sort(learned), len(learned), repeat)
            number += 1


def _splitters(
    cv: int | Splitter, values: int, random_state: int, repeats: int, groups: NDArray[np.intp] | None
) -> Iterator[Splitter]:
    if not _whole(repeats) or repeats < 1:
        raise ParameterError(f"repeats={repeats!r}, expected a whole number of times from 1 on")
    if not isinstance(cv, int | np.integer):
        if isinstance(cv, str) or not hasattr(cv, "split"):
            raise DataTypeError(
                f"cv is a {type(cv).__name__}, expected a number of folds or a scikit-learn splitter such as "
                "KFold(5, shuffle=True, random_state=0)"
            )
        if repeats > 1:
            raise ParameterError(
                f"repeats={repeats} is for a number of folds, but cv is a {type(cv).__name__}: leave one of them out, "
                "or give a splitter that repeats, such as RepeatedKFold"
            )
        yield cv
        return
    parts, what = (values, "measured values") if groups is None else (len(np.unique(groups)), "groups that have some")
    if not 2 <= cv <= parts:
        raise DataError(f"{cv} folds cannot be made of {parts} {what}: give cv=2 or more, and no more than those")
    for repeat in range(repeats):
        seed = random_state if repeat == 0 else int(np.random.default_rng([random_state, repeat]).integers(2**31))
        kind = KFold if groups is None else GroupKFold
        yield kind(int(cv), shuffle=True, random_state=seed)


def _targets(splitter: Splitter, values: NDArray[np.float64]) -> NDArray[Any]:
    """What a splitter is told of the target: its values, or where it stratifies, into which fifth they fall."""
    if not isinstance(splitter, STRATIFIED):
        return values
    parts = splitter.get_n_splits() // getattr(splitter, "n_repeats", 1)
    strata = min(MOST_STRATA, max(1, len(values) // parts))
    ranks = np.argsort(np.argsort(values, kind="stable"))
    return ranks * strata // len(values)


def _whole(number: Any) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool)
