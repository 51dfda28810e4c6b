"""What a campaign learns from its trials, and when it looks for hyperparameters again."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Self

import numpy as np
import pandas as pd
import pytest
from gpytorch.kernels import MaternKernel

import mfgp
from mfgp.architectures.regressor import Regressor
from mfgp.inference.sampling import sample
from mfgp.optimization.learned import Learner, looked_for_among, tables_of
from mfgp.optimization.points import Points
from mfgp.optimization.trial import Trial

X = np.linspace(0.0, 1.0, 30)
POINTS = Points(("x",), {})


def trials_of(count: int) -> list[Trial]:
    values = {"low": np.sin(6.0 * X), "high": np.sin(6.0 * X) + 0.3 * X}
    return [
        Trial(number, "measured", (X[number // 2],), task, value=float(values[task][number // 2]))
        for number, task in enumerate((["low", "high"] * count)[:count])
    ]


def learner(estimator: Regressor | None = None) -> Learner:
    return Learner(mfgp.DifferenceGP() if estimator is None else estimator, POINTS, ["low", "high"])


@pytest.mark.parametrize(
    "estimator",
    [
        mfgp.DifferenceGP(),
        mfgp.MultiTaskGP(),
        mfgp.LatentVariableGP(),
        mfgp.IndependentGP(),
    ],
    ids=repr,
)
def test_what_is_learned_does_not_depend_on_what_was_fitted_before(estimator: Regressor) -> None:
    """Searches are at 17 and 24 values."""
    along = learner(estimator)
    fitted = {count: along.model(trials_of(count)) for count in (16, 17, 22, 24, 26)}
    rows = pd.DataFrame({"x": [0.05, 0.5, 0.9]})
    for count in (22, 26):
        at_once = learner(estimator).model(trials_of(count)[::-1])
        pd.testing.assert_frame_equal(fitted[count].predict(rows), at_once.predict(rows), rtol=0, atol=0)


def test_averages_do_not_depend_on_what_was_fitted_before_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Along the way the search at 24 values is that of an average too, which in a campaign read anew it is not."""
    monkeypatch.setattr("mfgp.model.ensemble.sample", partial(sample, chains=2, warm_up=4, draws=4))
    estimator = mfgp.DifferenceGP(hyperparameters="posterior")
    along = learner(estimator)
    for count in (24, 26):
        last = along.model(trials_of(count))
    at_once, rows = learner(estimator).model(trials_of(26)), pd.DataFrame({"x": [0.05, 0.5, 0.9]})
    pd.testing.assert_frame_equal(last.predict(rows), at_once.predict(rows), rtol=0, atol=0)
    assert isinstance(last.predictive_model_, mfgp.TaskGPEnsemble)


def test_an_estimator_that_cannot_climb_on_is_fitted_anew() -> None:
    trials = trials_of(22)
    X, Y, _ = tables_of(trials, POINTS, ["low", "high"])
    whole = mfgp.CascadeGP().fit(X, Y)
    pd.testing.assert_frame_equal(learner(mfgp.CascadeGP()).model(trials).predict(X), whole.predict(X), rtol=0, atol=0)


def test_hyperparameters_are_looked_for_again_where_a_task_has_half_as_many_values_again() -> None:
    counts = [16, 17, 18, 23, 24, 25]
    assert [count for count in counts if looked_for_among(trials_of(count)) == count] == [17, 24]
    starts = {count: len(learner().model(trials_of(count)).fit_report_.starts) for count in counts}
    assert [count for count in counts if starts[count] > 1] == [17, 24]


def test_a_few_values_more_end_at_the_maximum_of_a_whole_fit() -> None:
    trials = trials_of(22)
    climbed = learner().model(trials)
    x = pd.DataFrame({"x": [trial.point[0] for trial in trials[::2]]})
    y = pd.DataFrame({task: [trial.value for trial in trials if trial.task == task] for task in ("low", "high")})
    whole = mfgp.DifferenceGP().fit(x, y)
    assert climbed.fit_report_.log_posterior == pytest.approx(whole.fit_report_.log_posterior, abs=0.1)


def test_a_new_class_of_a_label_is_looked_for_from_the_beginning() -> None:
    values = ["a", "b"] * 4 + ["c"]
    trials = [Trial(number, "measured", (X[number],), "kind", value=value) for number, value in enumerate(values)]
    assert looked_for_among(trials) == len(trials)


@pytest.mark.parametrize(
    "estimator",
    [
        mfgp.DifferenceGP(kernel=MaternKernel(nu=1.5)),
        mfgp.DifferenceGP(sources={"high": np.array(["low"])}),
    ],
)
def test_parameters_that_are_objects_are_climbed_on_with(estimator: mfgp.DifferenceGP) -> None:
    assert len(learner(estimator).model(trials_of(22)).fit_report_.starts) == 1


class Noted(mfgp.DifferenceGP):
    """Learns nothing, and notes the parameters of each fit."""

    seen: ClassVar[list[dict[str, object]]] = []

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame, noise: pd.DataFrame | None = None) -> Self:
        self.seen.append(self.get_params())
        return self


def test_the_estimator_keeps_its_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first fit looks for the most probable hyperparameters, the second climbs on and averages as it was told."""
    monkeypatch.setattr(Noted, "seen", [])
    estimator = Noted(kernel="rbf", hyperparameters="auto")
    model = learner(estimator).model(trials_of(18))
    assert model.get_params() == estimator.get_params()
    first, second = Noted.seen
    assert first == estimator.get_params() | {"hyperparameters": "map"}
    assert second == estimator.get_params() | {"warm_start": True}
