from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.cbook import STEP_LOOKUP_MAP

import mfgp
from mfgp import plotting
from mfgp.errors import ColumnError, DataError
from mfgp.optimization import Objective
from mfgp.plotting.front import volumes
from tests.optimization.flat import Flat

HISTORY = pd.DataFrame(
    {
        "candidate": ["a", "b", "a", "b", "c", "c"],
        "x": [1.0, 2.0, 1.0, 2.0, 3.0, 3.0],
        "task": ["low", "low", "high", "high", "low", "high"],
        "state": ["measured"] * 5 + ["asked"],
        "value": [1.0, 2.0, 1.5, 1.0, 0.0, np.nan],
        "ask": [0, 0, 1, 1, 2, 2],
        "total": [1.0, 2.0, 12.0, 22.0, 23.0, 33.0],
        "best_measured": [np.nan, np.nan, 1.5, 1.5, 1.5, 1.5],
        "incumbent_value": [np.nan, np.nan, 1.2, 1.2, 1.4, 1.4],
    },
    pd.RangeIndex(6, name="trial"),
)


def test_progress_has_both_curves_and_a_strip_of_what_was_measured() -> None:
    axis = plotting.progress(HISTORY, unit="eV", unit_of_cost="h").axes[0]
    incumbent, best = axis.get_lines()
    # known before what the question costs was spent, and until now
    assert np.array_equal(incumbent.get_xydata(), [[2, 1.2], [22, 1.4], [33, 1.4]])
    assert np.array_equal(best.get_ydata()[2:], [1.5] * 4)
    strips = {dots.get_label(): dots.get_offsets() for dots in axis.collections}
    assert strips["low"][:, 0].tolist() == [1, 2, 23]
    assert strips["high"][:, 0].tolist() == [12, 22, 33]
    assert len(set(strips["low"][:, 1])) == 1
    assert strips["low"][0, 1] > strips["high"][0, 1] > 0.0
    assert axis.get_xlim()[0] == 0.0
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("cost (h)", "objective (eV)")


def test_spending_stacks_the_tasks_up_to_the_total() -> None:
    axis = plotting.spending(HISTORY).axes[0]
    names = [text.get_text() for text in axis.get_legend().get_texts()]
    assert names == ["high, 30 (91%)", "low, 3 (9%)"]
    outline = axis.collections[-1].get_paths()[0].vertices
    assert outline[:, 1].max() == HISTORY["total"].iloc[-1]
    for trial, total in enumerate(HISTORY["total"]):  # each trial is as wide as any other
        assert {trial, trial + 1} <= set(outline[outline[:, 1] == total, 0])
    assert axis.get_xlim() == (0, 6)


@pytest.mark.parametrize("first", ["maximize", "minimize"])
@pytest.mark.parametrize("second", ["maximize", "minimize"])
def test_the_steps_of_a_front_claim_nothing_that_is_not_measured(first: Any, second: Any) -> None:
    angles = np.arange(20.0)
    values = np.column_stack([np.cos(angles), np.sin(angles)])
    frame = pd.DataFrame({"x": range(20), "low": values[:, 0], "high": values[:, 1]}).melt("x", var_name="task")
    objectives = [Objective(mfgp.task("low"), first), Objective(mfgp.task("high"), second)]
    line = plotting.pareto_front(frame.assign(state="measured"), objectives).axes[0].get_lines()[0]
    sign = np.array([1.0 if each.direction == "maximize" else -1.0 for each in objectives])
    corners = np.transpose(STEP_LOOKUP_MAP[line.get_drawstyle()](*line.get_xydata().T))
    assert len(corners) > 4
    for corner in corners:
        assert (sign * values >= sign * corner).all(axis=1).any()


def test_the_predicted_front_has_its_intervals() -> None:
    objectives = [mfgp.maximize("high"), mfgp.minimize("low")]
    best = pd.DataFrame({"high mean": [1.2], "high lower": [1.0], "high upper": [1.3]})
    best = best.assign(**{"low mean": [1.1], "low lower": [0.5], "low upper": [2.0]})
    bars = plotting.pareto_front(HISTORY, objectives, best=best).axes[0].containers[0]
    assert bars.get_label() == "predicted front, 90% intervals"
    along, across = (lines.get_segments()[0] for lines in bars[2])
    assert along[:, 0].tolist() == [1.0, 1.3]
    assert across[:, 1].tolist() == [0.5, 2.0]


def test_the_volume_of_a_front_grows_as_it_is_measured() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((9, 2))
    frame = pd.DataFrame({"x": range(9), "low": values[:, 0], "high": values[:, 1]}).melt("x", var_name="task")
    frame = frame.sample(frac=1, random_state=0, ignore_index=True).assign(state="measured")
    objectives = [mfgp.maximize("low", reference=0.2), mfgp.target("high", 0.5)]
    found = volumes(frame, objectives)
    assert (np.diff(found[~np.isnan(found)]) >= 0.0).all()
    # by counting random points that some row is better than in both
    utilities = np.column_stack([values[:, 0], -abs(values[:, 1] - 0.5)])
    corner, top = np.array([0.2, utilities[:, 1].min()]), utilities.max(0)
    points = corner + (top - corner) * rng.random((100_000, 2))
    share = (points[:, None] < utilities).all(2).any(1).mean()
    assert found[-1] == pytest.approx(share * np.prod(top - corner), rel=0.02)
    axis = plotting.progress(frame.assign(total=np.arange(1.0, 19.0)), objectives=objectives).axes[0]
    assert np.array_equal(axis.get_lines()[0].get_ydata(), found, equal_nan=True)
    assert axis.get_ylabel() == "hypervolume"
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["measured front", *frame["task"].unique()]


def test_a_campaign_has_its_objectives_and_its_incumbent_of_now() -> None:
    pool = pd.DataFrame({"x": np.linspace(0, 1, 8)})
    costs = {"low": 1, "high": 3}
    several = [mfgp.maximize("high"), mfgp.minimize("low")]
    for objective, name in ((mfgp.maximize("high"), "objective"), (several, "hypervolume")):
        campaign = mfgp.Campaign(
            Flat(), pool, objective, costs, storage="sqlite://", acquisition="random", initial=2, budget=14
        )
        while len(asked := campaign.ask(2)):
            campaign.tell(asked.assign(value=np.cos(asked["x"])))
        axis = plotting.progress(campaign).axes[0]
        assert axis.get_ylabel() == name
        total = campaign.history["total"].iloc[-1]
        assert all(line.get_xdata()[-1] == total for line in axis.get_lines())
        if name == "objective":
            assert axis.get_lines()[0].get_ydata()[-1] == campaign.best()["mean"].iloc[0]


def test_the_front_has_what_no_other_is_better_than_in_both() -> None:
    objectives = [mfgp.maximize("high"), mfgp.target("low", 1.4)]
    axis = plotting.pareto_front(HISTORY, objectives, units=("eV", "")).axes[0]
    dots = {each.get_label(): each.get_offsets().tolist() for each in axis.collections}
    assert dots == {"measured": [[1.0, 2.0]], "no other is better in both": [[1.5, 1.0]]}  # b is worse in both
    assert not axis.get_lines()  # a target has two sides
    assert axis.get_xlabel() == "high (eV), to be maximised"
    assert axis.get_ylabel() == "low, to be near 1.4"


CONSTRAINED = pd.DataFrame(
    {
        "x": [1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0],
        "task": ["low", "high", "phase", "low", "high", "low", "high", "loss"],
        "state": "measured",
        "value": [1.0, 3.0, "glass", 2.0, 2.0, 3.0, 5.0, 0.5],
    }
)
BOTH = [mfgp.maximize("low", reference=0.0), mfgp.maximize("high", reference=0.0)]


def test_a_row_that_breaks_a_constraint_is_not_of_the_front() -> None:
    """One that is not measured at its tasks may be."""
    conditions = [mfgp.parse("phase == 'crystal'"), mfgp.parse("loss < 0.1")]
    axis = plotting.pareto_front(CONSTRAINED, BOTH, constraints=conditions).axes[0]
    dots = {each.get_label(): each.get_offsets().tolist() for each in axis.collections}
    assert dots == {"breaks a constraint": [[1.0, 3.0], [3.0, 5.0]], "no other is better in both": [[2.0, 2.0]]}
    with pytest.raises(DataError, match="at all of 'low', 'high' first, where no constraint is broken"):
        plotting.pareto_front(CONSTRAINED, BOTH, constraints=[mfgp.parse("low > 9")])


def test_the_volume_falls_when_a_row_of_the_front_turns_out_to_break_a_constraint() -> None:
    found = volumes(CONSTRAINED, BOTH, [mfgp.parse("phase == 'crystal'"), mfgp.parse("loss < 0.1")])
    np.testing.assert_array_equal(found, [np.nan, 3.0, np.nan, np.nan, 4.0, 4.0, 15.0, 4.0])
    assert volumes(CONSTRAINED, BOTH)[-1] == 15.0


def test_a_campaign_has_its_constraints() -> None:
    pool = pd.DataFrame({"x": np.linspace(0, 1, 4)})
    campaign = mfgp.Campaign(
        Flat(), pool, BOTH, {"low": 1, "high": 3}, "low < 3", storage="sqlite://", acquisition="random", initial=1
    )
    told = pd.DataFrame({"x": pool["x"], "low": [1.0, 2.0, 4.0, 0.0], "high": [4.0, 3.0, 5.0, 0.0]})
    campaign.tell(told.melt("x", var_name="task").assign(cost=1.0))
    axis = plotting.pareto_front(campaign, BOTH).axes[0]
    dots = {each.get_label(): each.get_offsets().tolist() for each in axis.collections}
    assert dots["breaks a constraint"] == [[4.0, 5.0]]
    assert sorted(dots["no other is better in both"]) == [[1.0, 4.0], [2.0, 3.0]]
    assert plotting.progress(campaign).axes[0].get_lines()[0].get_ydata()[-1] == 1.0 * 4.0 + 1.0 * 3.0


@pytest.mark.parametrize(
    "act, error, message",
    [
        (
            lambda: plotting.progress(HISTORY.drop(columns="total")),
            ColumnError,
            "the history lacks the columns 'total'",
        ),
        (
            lambda: plotting.spending(HISTORY[:0]),
            DataError,
            "the history has no trial yet; ask, measure and tell first",
        ),
        (
            lambda: plotting.progress(HISTORY.assign(best_measured=np.nan, incumbent_value=np.nan)),
            DataError,
            "there is no curve to draw: no row is measured at all tasks of the objective; measure one first, or for",
        ),
        (
            lambda: plotting.pareto_front(HISTORY, [mfgp.maximize("high"), mfgp.minimize("low")], best=HISTORY),
            ColumnError,
            "best lacks the columns 'high mean', 'high lower', 'high upper', 'low mean', ",
        ),
        (lambda: plotting.pareto_front(HISTORY, []), DataError, "a front is drawn in a plane, but 0 objectives came"),
        (
            lambda: plotting.pareto_front(HISTORY, [mfgp.maximize("high"), mfgp.maximize("mid")]),
            DataError,
            "there is no front to draw: measure some row at all of 'high', 'mid' first",
        ),
    ],
)
def test_complaints(act: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        act()  # type: ignore[operator]
