"""What a campaign believes: its estimator, or each task by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mfgp import AutoGP, DifferenceGP, IndependentGP
from mfgp.architectures.regressor import Regressor
from mfgp.optimization.learned import POSITIVE, SHARED, Learner
from mfgp.optimization.points import Points
from mfgp.optimization.trial import Trial, Value
from tests.optimization.conftest import Build

X = np.linspace(0.0, 1.0, 16)
LOW = np.sin(7.0 * X)
RELATED, UNRELATED = 2.0 * LOW + X, np.random.default_rng(3).permutation(LOW)
POINTS = Points(("x",), {})


def trials(high: np.ndarray, shared: int) -> list[Trial]:
    """Low values everywhere, and high ones at some rows."""
    found: list[tuple[float, str, Value]] = [(x, "low", value) for x, value in zip(X, LOW, strict=True)]
    rows = np.linspace(0, len(X) - 1, shared).round().astype(int)
    found += [(X[row], "high", high[row].item()) for row in rows]
    return [Trial(n, "measured", (float(x),), task, value=value) for n, (x, task, value) in enumerate(found)]


def learner(estimator: Regressor, *wanted: str) -> Learner:
    return Learner(estimator, POINTS, ["low", "high"], wanted)


def test_an_estimator_that_explains_more_is_believed() -> None:
    found, seen = learner(DifferenceGP(), "high"), trials(RELATED, SHARED)
    assert isinstance(found.model(seen), DifferenceGP)
    assert found.doubt(seen) == ""


def test_values_that_speak_for_no_relation_leave_each_task_by_itself() -> None:
    found, seen = learner(DifferenceGP(kernel="rbf", unseen="error"), "high"), trials(UNRELATED, SHARED + 2)
    model = found.model(seen)
    assert type(model) is IndependentGP
    assert (model.kernel, model.unseen) == ("rbf", "error")
    frame = pd.DataFrame({"x": X})
    alone = IndependentGP("rbf").fit(frame, pd.Series(LOW))
    np.testing.assert_allclose(model.predict(frame)["low"], alone.predict(frame), atol=1e-3)
    assert found.doubt(seen).startswith(f"each task by itself, since {SHARED + 2} shared rows speak for a relation by ")


def test_the_evidence_decides() -> None:
    seen = trials(UNRELATED, SHARED + 2)
    inputs, Y = pd.DataFrame({"x": X}), pd.DataFrame({"low": LOW})
    Y["high"] = pd.Series({int(np.argmin(abs(X - t.point[0]))): t.value for t in seen if t.task == "high"})
    together, alone = (kind().fit(inputs, Y).fit_report_.log_evidence for kind in (DifferenceGP, IndependentGP))
    gain = together - alone
    assert gain < POSITIVE
    assert f"by {gain:.2g} nats only" in learner(DifferenceGP(), "high").doubt(seen)


def test_the_estimator_is_believed_until_there_are_enough_shared_rows() -> None:
    assert isinstance(learner(DifferenceGP(), "high").model(trials(UNRELATED, SHARED - 1)), DifferenceGP)


def test_tasks_of_the_objective_are_not_judged() -> None:
    assert isinstance(learner(DifferenceGP(), "low", "high").model(trials(UNRELATED, SHARED + 2)), DifferenceGP)


def test_an_estimator_that_judges_for_itself_does() -> None:
    assert isinstance(learner(AutoGP(), "high").model(trials(UNRELATED, SHARED)), AutoGP)


def test_labels_are_left_to_the_estimator() -> None:
    labels = np.where(UNRELATED > 0.0, "up", "down")
    seen = trials(UNRELATED, SHARED)[:16]
    seen += [Trial(16 + n, "measured", (float(X[n]),), "high", value=str(labels[n])) for n in range(SHARED)]
    assert isinstance(learner(DifferenceGP(), "high").model(seen), DifferenceGP)


@pytest.mark.parametrize("acquisition", ["gain", "mf_kg", "mf_mes"])
def test_a_task_that_is_not_believed_is_not_bought_and_why_says_so(acquisition: str, build: Build) -> None:
    seen = pd.DataFrame({"x": X, "low": LOW, "high": UNRELATED})
    seen.loc[seen.index % 2 == 1, ["low", "high"]] = np.nan
    campaign = build(
        space=seen[["x"]], estimator=DifferenceGP(), acquisition=acquisition, costs={"low": 1, "high": 2}, data=seen
    )
    assert type(campaign.model) is IndependentGP
    asked = campaign.ask(2)
    assert asked["task"].eq("high").all()
    said = "each task by itself, since 8 shared rows speak for a relation by .* nats only"
    assert asked["why"].str.contains(said).all()


def test_a_task_that_a_new_constraint_depends_on_is_believed(build: Build) -> None:
    seen = pd.DataFrame({"x": X, "low": LOW, "high": UNRELATED})
    campaign = build(space=seen[["x"]], estimator=DifferenceGP(), data=seen)
    assert type(campaign.model) is IndependentGP
    campaign.change(constraints=["low < 0.5"])
    campaign.ask()
    assert type(campaign.model) is DifferenceGP
