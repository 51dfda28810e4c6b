from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import RepeatedKFold, ShuffleSplit

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
