"""Folds in closed form: one fit of everything, and each fold predicted without its values, nothing else changed."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.base import clone

from mfgp.architectures.estimator import TaskRegressor
from mfgp.architectures.left_out import distribution_left_out
from mfgp.errors import DataTypeError
from mfgp.validation.folds import Fold
from mfgp.validation.study import Part, Study, gather
from mfgp.validation.validation import Validation


def validate_fixed(estimator: Any, study: Study, given: Sequence[Hashable]) -> Validation:
    """The validation of one estimator, fitted once.

    Raises
    ------
    DataTypeError
        The estimator is no single Gaussian process, so that it has no closed form.
    """
    if not isinstance(estimator, TaskRegressor):
        raise DataTypeError(
            f"refit=False is a closed form of the architectures with one TaskGP, but the estimator is a "
            f"{type(estimator).__name__}; write refit=True"
        )
    began = perf_counter()
    model = clone(estimator).fit(study.X, study.Y, noise=study.noise)
    share = (perf_counter() - began) / len(study.folds)
    parts = [part for batch in _batches(study) for part in _predict_batch(model, study, batch, given, share)]
    return gather(study.task, parts, refitted=False)


def _batches(study: Study) -> Iterator[list[Fold]]:
    """Folds in their order, in runs that hold out no row twice: one closed form serves each."""
    batch: list[Fold] = []
    taken = np.zeros(len(study.Y), dtype=bool)
    for fold in study.folds:
        held_out = _held_out(study, fold)
        if (taken & held_out).any():
            yield batch
            batch, taken = [], np.zeros_like(taken)
        batch, taken = [*batch, fold], taken | held_out
    yield batch


def _held_out(study: Study, fold: Fold) -> np.ndarray:
    held_out = np.ones(len(study.Y), dtype=bool)
    held_out[fold.train] = False
    return held_out


def _predict_batch(
    model: TaskRegressor, study: Study, batch: Sequence[Fold], given: Sequence[Hashable], share: float
) -> list[Part]:
    began = perf_counter()
    group = len(batch) + np.arange(len(study.Y))
    for place, fold in enumerate(batch):
        group[_held_out(study, fold)] = place
    rows = np.concatenate([fold.test for fold in batch])
    known = study.given(rows, given)
    name = study.task
    observed = distribution_left_out(model, rows, group, **known)[name]
    quiet = None
    if study.has_known_noise:
        quiet = distribution_left_out(model, rows, group, observed=False, **known)[name].deviations[:, 0]
    std = study.std_of_values(rows, observed.deviations[:, 0], quiet)
    ends = np.cumsum([len(fold.test) for fold in batch])[:-1]
    found = zip(batch, np.split(observed.means[:, 0], ends), np.split(std, ends), strict=True)
    seconds = share + (perf_counter() - began) / len(batch)
    return [study.predicted(fold, mean, deviation, seconds) for fold, mean, deviation in found]
