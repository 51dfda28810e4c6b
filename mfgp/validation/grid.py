"""Every estimator in every situation on the same folds, one fit for all situations that learn from the same values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from mfgp.validation.folds import Fold
from mfgp.validation.scores import Array
from mfgp.validation.situation import Situation
from mfgp.validation.study import Part, Study, gather
from mfgp.validation.validation import Validation

Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class _Job:
    """One fit, and the situations in which its predictions are asked for."""

    estimator: str
    fold: Fold
    asked: Mapping[str, Sequence[Hashable]]


def validate_grid(
    estimators: Mapping[str, Any],
    study: Study,
    situations: Mapping[str, Situation],
    *,
    random_state: int,
    n_jobs: int | None,
    progress: Progress | None,
) -> dict[tuple[str, str], Validation]:
    """A validation for each (situation, estimator); see :func:`mfgp.validation.compare` for the parameters."""
    jobs = []
    sizes = {(situation.values, situation.cheap): situation for situation in situations.values()}
    for fold in study.folds:
        for size, like in sizes.items():
            asked = {name: s.given for name, s in situations.items() if (s.values, s.cheap) == size}
            thinned = study.thin(fold, like, random_state)
            jobs += [_Job(name, thinned, asked) for name in estimators]
    parts: dict[tuple[str, str], list[Part]] = {(name, e): [] for name in situations for e in estimators}
    run = Parallel(n_jobs=n_jobs, return_as="generator")
    results = run(delayed(_predict_fold)(estimators[job.estimator], study, job) for job in jobs)
    for done, (job, found) in enumerate(zip(jobs, results, strict=True), start=1):
        for name, part in found.items():
            parts[name, job.estimator].append(part)
        if progress is not None:
            progress(done, len(jobs))
    return {key: gather(study.task, several) for key, several in parts.items()}


def _predict_fold(estimator: Any, study: Study, job: _Job) -> dict[str, Part]:
    began = perf_counter()
    X, Y, noise = study.learned_from(job.fold)
    model = clone(estimator).fit(X, Y, noise=noise)
    fitting = perf_counter() - began
    parts = {}
    for name, given in job.asked.items():
        began = perf_counter()
        mean, std = _predict(model, study, job.fold, given)
        parts[name] = study.predicted(job.fold, mean, std, fitting + perf_counter() - began)
    return parts


def _predict(model: Any, study: Study, fold: Fold, given: Sequence[Hashable]) -> tuple[Array, Array]:
    """Mean and standard deviation of a measurement at the held-out rows."""
    X, known = study.X.iloc[fold.test], study.given(fold.test, given)
    prediction = model.predict_distribution(X, observed=True, **known)[study.task]
    quiet = model.predict_distribution(X, **known)[study.task] if study.has_known_noise else None
    std = study.std_of_values(fold.test, prediction.deviations[:, 0], None if quiet is None else quiet.deviations[:, 0])
    return prediction.means[:, 0], std
