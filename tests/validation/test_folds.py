from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import (
    KFold,
    LeaveOneGroupOut,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
)

from mfgp.errors import DataError, DataTypeError, ParameterError
from mfgp.validation.folds import Splitter, folds_of

MEASURED = np.arange(30) % 3 > 0


@given(st.lists(st.booleans(), min_size=4, max_size=40).filter(lambda rows: sum(rows) >= 4), st.integers(2, 4))
def test_folds_test_each_measured_row_once_and_learn_from_all_the_others(rows: list[bool], cv: int) -> None:
    measured = np.array(rows)
    folds = list(folds_of(measured, cv, random_state=0))
    assert [fold.number for fold in folds] == list(range(cv))
    tested = np.concatenate([fold.test for fold in folds])
    np.testing.assert_array_equal(np.sort(tested), np.flatnonzero(measured))
    for fold in folds:
        np.testing.assert_array_equal(np.sort(np.concatenate([fold.train, fold.test])), np.arange(len(measured)))
        assert set(fold.learned) == set(fold.train[measured[fold.train]])
        assert fold.available == len(fold.learned)


@pytest.mark.parametrize(
    "splitter", [RepeatedKFold(n_splits=3, n_repeats=2, random_state=0), ShuffleSplit(4, test_size=3)]
)
def test_splitters_of_scikit_learn_are_taken(splitter: Splitter) -> None:
    for fold in folds_of(MEASURED, splitter, random_state=0):
        assert not set(fold.train) & set(fold.test)
        assert MEASURED[fold.test].all()
        assert set(np.flatnonzero(~MEASURED)) <= set(fold.train)


def test_a_row_that_a_splitter_leaves_out_is_in_neither_part() -> None:
    (fold,) = folds_of(MEASURED, ShuffleSplit(1, train_size=5, test_size=5, random_state=0), random_state=0)
    assert len(fold.learned) == 5
    assert len(fold.train) == 5 + (~MEASURED).sum()


def test_numpy_counts_folds_as_well() -> None:
    number = np.int64(3)
    assert len(list(folds_of(MEASURED, number, random_state=0))) == 3  # type: ignore[arg-type]


def test_the_seed_alone_decides_on_the_folds() -> None:
    def tested(seed: int) -> list[list[int]]:
        return [fold.test.tolist() for fold in folds_of(MEASURED, 3, seed)]

    assert tested(0) == tested(0) != tested(1)


def test_fewer_values_are_among_the_more() -> None:
    fold = next(folds_of(MEASURED, 3, random_state=0))
    few, more = fold.thin(4, random_state=7), fold.thin(9, random_state=7)
    assert (len(few.learned), len(more.learned)) == (4, 9)
    assert set(few.learned) < set(more.learned) < set(fold.learned)
    assert few.available == fold.available
    np.testing.assert_array_equal(few.train, fold.train)
    assert fold.thin(np.int64(4), random_state=7).learned.tolist() == few.learned.tolist()  # type: ignore[arg-type]
    assert fold.thin(4, random_state=8).learned.tolist() != few.learned.tolist()


def test_the_values_drawn_differ_from_fold_to_fold() -> None:
    first, second, *_ = folds_of(MEASURED, 10, random_state=0)
    drawn = [np.isin(fold.learned, fold.thin(5, random_state=0).learned).tolist() for fold in (first, second)]
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize("values", [0, 14, 2.5, True])
def test_values_that_a_fold_does_not_have_are_refused(values: int) -> None:
    fold = next(folds_of(MEASURED, 3, random_state=0))
    message = (
        rf"values={values}, but fold 0 has 13 values of the target to learn from: give a whole number from 1 to 13"
    )
    with pytest.raises(ParameterError, match=message):
        fold.thin(values, random_state=0)


@pytest.mark.parametrize("cv", [1, 21])
def test_more_folds_than_values_are_refused(cv: int) -> None:
    with pytest.raises(DataError, match=f"{cv} folds cannot be made of 20 measured values: give cv=2 or more"):
        list(folds_of(MEASURED, cv, random_state=0))


def test_what_is_no_splitter_is_refused() -> None:
    with pytest.raises(DataTypeError, match="cv is a str, expected a number of folds or a scikit-learn splitter"):
        list(folds_of(MEASURED, "five", random_state=0))  # type: ignore[arg-type]


GROUPS = np.arange(30) // 5
VALUES = np.random.default_rng(0).permutation(30).astype(float)


@pytest.mark.parametrize("cv", [3, LeaveOneGroupOut(), StratifiedGroupKFold(3), KFold(5)], ids=lambda cv: str(cv)[:9])
def test_a_group_is_learned_from_or_held_out_as_a_whole(cv: int | Splitter) -> None:
    for fold in folds_of(MEASURED, cv, 0, y=VALUES, groups=GROUPS):
        assert not set(GROUPS[fold.train]) & set(GROUPS[fold.test])
        others = ~np.isin(GROUPS, GROUPS[fold.test])
        assert set(np.flatnonzero(others & ~MEASURED)) <= set(fold.train)
        assert fold.available == len(fold.learned) == MEASURED[fold.train].sum()


def test_folds_of_groups_depend_on_the_seed() -> None:
    def tested(seed: int) -> list[list[int]]:
        return [fold.test.tolist() for fold in folds_of(MEASURED, 3, seed, groups=GROUPS)]

    assert tested(0) == tested(0) != tested(1)


def test_repeats_are_new_folds_of_which_the_first_are_those_without() -> None:
    once, thrice = (list(folds_of(MEASURED, 4, 0, repeats=repeats)) for repeats in (1, 3))
    assert [fold.repeat for fold in thrice] == [0] * 4 + [1] * 4 + [2] * 4
    assert [fold.number for fold in thrice] == list(range(12))
    for fold, same in zip(once, thrice, strict=False):
        np.testing.assert_array_equal(fold.test, same.test)
    first, second, third = (np.concatenate([f.test for f in thrice[i : i + 4]]).tolist() for i in (0, 4, 8))
    assert sorted(first) == sorted(second) == sorted(third)
    assert first != second != third != first


def test_repeats_of_a_splitter_are_counted() -> None:
    splitter = RepeatedKFold(n_splits=5, n_repeats=2, random_state=0)
    assert [fold.repeat for fold in folds_of(MEASURED, splitter, 0)] == [0] * 5 + [1] * 5


@pytest.mark.parametrize(
    "cv", [StratifiedKFold(4, shuffle=True, random_state=0), RepeatedStratifiedKFold(n_splits=4, n_repeats=2)]
)
def test_strata_are_fifths_of_the_values(cv: Splitter) -> None:
    fifths = np.argsort(np.argsort(VALUES[MEASURED])) // 4
    places = np.flatnonzero(MEASURED)
    for fold in folds_of(MEASURED, cv, 0, y=VALUES):
        assert np.bincount(fifths[np.searchsorted(places, fold.test)]).tolist() == [1] * 5


def test_fewer_strata_where_there_are_few_values() -> None:
    few = np.arange(30) < 7
    assert len(list(folds_of(few, StratifiedKFold(3), 0, y=VALUES))) == 3


def test_cheap_values_that_are_drawn_share_their_rows() -> None:
    fold = next(folds_of(MEASURED, 3, random_state=0))
    has = {"a": np.ones(30, dtype=bool), "b": np.arange(30) % 2 == 0, "c": np.arange(30) == fold.train[0]}
    few, more = (fold.thin_others(cheap, has, random_state=0).others or {} for cheap in (6, 12))
    assert [len(few[name]) for name in "abc"] == [6, 6, 1]
    assert set(few["a"]) < set(more["a"]) <= set(fold.train)
    assert set(few["a"]) & set(np.flatnonzero(has["b"])) <= set(few["b"])
    assert has["b"][more["b"]].all()


@pytest.mark.parametrize("cheap", [0, 2.5, True])
def test_a_number_of_cheap_values_is_whole_and_positive(cheap: int) -> None:
    fold = next(folds_of(MEASURED, 3, random_state=0))
    with pytest.raises(ParameterError, match=f"cheap={cheap}, expected a whole number of values of each other task"):
        fold.thin_others(cheap, {}, random_state=0)


def test_more_folds_than_groups_are_refused() -> None:
    with pytest.raises(DataError, match="7 folds cannot be made of 6 groups that have some: give cv=2 or more"):
        list(folds_of(MEASURED, 7, 0, groups=GROUPS))


def test_a_fold_that_leaves_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(DataError, match="fold 0 has 0 values of the target to learn from and 10 to predict; give a cv"):
        list(folds_of(MEASURED, KFold(2), 0, groups=np.zeros(30, dtype=int)))


@pytest.mark.parametrize("repeats", [0, 1.5])
def test_repeats_are_a_number_of_times(repeats: int) -> None:
    with pytest.raises(ParameterError, match=f"repeats={repeats}, expected a whole number of times from 1 on"):
        list(folds_of(MEASURED, 3, 0, repeats=repeats))


def test_a_splitter_says_itself_how_often() -> None:
    with pytest.raises(ParameterError, match="repeats=2 is for a number of folds, but cv is a KFold: leave one of"):
        list(folds_of(MEASURED, KFold(3), 0, repeats=2))
