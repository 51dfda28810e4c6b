"""What a campaign asks for, whatever its acquisition would like: tests of what is believed, and nothing twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import mfgp
from mfgp import Campaign
from mfgp.errors import DataError
from mfgp.optimization import Box, Decision, Pool, StoppingRule
from mfgp.optimization.incumbent import incumbent
from tests.optimization.conftest import Build, measured, pool, unshared


class Stubborn:
    """Always the first open candidate, and of its tasks the first that it is offered."""

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        assert isinstance(decision.space, Pool)
        assert decision.closed is not None
        rows, columns = np.nonzero(~decision.closed)
        order = np.lexsort([rows, columns])[:count]
        chosen = decision.space.frame.iloc[rows[order]]
        return chosen.assign(
            task=[decision.tasks[column] for column in columns[order]], gain=1e-3, cost=1.0, chance=0.5, why="first"
        )


class Single(Stubborn):
    """The same of the last task alone."""

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        found = super().choose(decision, decision.closed.size)
        return found[found["task"] == decision.tasks[-1]].iloc[:count]


def ask_to_the_end(campaign: Campaign, count: int, **told: Any) -> None:
    while len(asked := campaign.ask(count)):
        assert len(asked) <= count
        campaign.tell(measured(asked).assign(**told))


@pytest.mark.parametrize("count", [1, 3, 50])
def test_other_tasks_take_no_more_than_a_test_costs(build: Build, count: int) -> None:
    campaign = build(acquisition=Stubborn(), budget=100, costs={"low": 3, "high": 10})
    campaign.tell(measured(campaign.ask(6)))
    ask_to_the_end(campaign, count)
    history = campaign.history
    chosen = history["task"].iloc[6:].tolist()  # after the start, for 68
    assert chosen == (["low"] * 4 + ["high"]) * 3
    tests = history["why"].str.startswith("a test of what is believed, since as much was paid for other tasks as this")
    assert history["task"][tests].tolist() == ["high"] * 3


def test_later_rows_of_the_objective_are_compared_until_there_are_enough(build: Build) -> None:
    campaign = build(acquisition=Single())
    campaign.tell(measured(campaign.ask(6)))
    for _ in range(14):
        campaign.tell(measured(campaign.ask(1)))
    history = campaign.history.iloc[6:]
    rows = {task: history["candidate"][history["task"] == task].tolist() for task in ("low", "high")}
    assert rows["low"] == [place for place in rows["high"] if place in rows["low"]]
    tasks = campaign.history.pivot(index="candidate", columns="task", values="value").notna()
    assert (tasks["low"] & tasks["high"]).sum() == 6 < tasks["high"].sum()


def test_what_was_told_for_nothing_asks_for_no_test(build: Build) -> None:
    campaign = build(acquisition=Stubborn(), initial={"low": 20, "high": 1})
    known = pool().assign(low=1.0, high=np.where(np.arange(30) < 2, 2.0, np.nan)).iloc[:20]
    campaign.tell(known)
    assert campaign.ask(3)["task"].tolist() == ["low"] * 3


def test_there_is_no_test_where_the_objective_depends_on_all_tasks(build: Build) -> None:
    campaign = build(acquisition=Stubborn(), objective=mfgp.maximize("high - low"), budget=44)
    campaign.tell(measured(campaign.ask(6)))
    ask_to_the_end(campaign, 4)
    assert campaign.history["task"].iloc[6:].tolist() == ["low"] * 20


def test_tests_end_where_nothing_is_left_to_test(build: Build) -> None:
    campaign = build(space=pool(8), acquisition=Stubborn(), costs={"low": 1, "high": 1})
    ask_to_the_end(campaign, 3)
    assert len(campaign.history) == 16


@pytest.mark.parametrize("acquisition", ["gain", "log_ei", "random"])
def test_a_box_that_is_finite_is_measured_once_and_ends(build: Build, acquisition: str) -> None:
    box = Box({"x": range(3), "y": range(2)}, [mfgp.parse("x + y < 3")])
    campaign = build(space=box, acquisition=acquisition, estimator=mfgp.DifferenceGP())
    ask_to_the_end(campaign, 3)
    history = campaign.history
    assert not history.duplicated(["x", "y", "task"]).any()
    last = "all 10 pairs of a candidate and a task are measured" if acquisition != "log_ei" else "found nothing"
    assert last in str(campaign.status().finished)
    assert len(history) == (10 if acquisition != "log_ei" else 9)  # log_ei asks for the objective's task alone
    assert "candidate" not in history or history["candidate"].isna().all()


@pytest.mark.parametrize("acquisition", ["gain", "log_nei"])
def test_where_it_failed_a_box_is_not_asked_again(build: Build, acquisition: str) -> None:
    campaign = build(space=Box({"x": (0.0, 1.0)}), acquisition=acquisition, estimator=mfgp.IndependentGP())
    places = np.linspace(0.0, 1.0, 9)
    campaign.tell(pd.DataFrame({"x": places, "low": -places, "high": -((places - 0.7) ** 2)}))
    found: dict[str, list[float]] = {"low": [], "high": []}
    for _ in range(3):
        asked = campaign.ask()
        found[asked["task"].iloc[0]].append(asked["x"].iloc[0])
        campaign.tell(asked.assign(value=np.nan, reason="it exploded"))
    gaps = [np.diff(np.sort(values)) for values in found.values()]
    assert min(np.concatenate(gaps)) > 1e-3 * (1.0 - 1e-9)


def test_too_few_values_to_learn_from_ask_for_more(build: Build) -> None:
    campaign = build()
    asked = measured(campaign.ask(6))
    campaign.tell(asked.iloc[[0, 4]])
    assert campaign.ask()["why"].iloc[0].startswith("start: 'low', 'high' has too few values or classes")
    campaign.tell(asked)
    assert campaign.ask()["why"].tolist() == ["drawn at random"]


def test_an_objective_without_a_value_somewhere_has_its_best_elsewhere(build: Build) -> None:
    rows = pd.DataFrame({"x": np.linspace(0.0, 1.0, 21)})
    model = mfgp.IndependentGP().fit(rows, pd.DataFrame({"high": 4.0 * rows["x"] - 2.0}))
    found = incumbent(model, rows, [mfgp.maximize("log(high)")], [])
    assert found["x"].tolist() == [1.0]
    assert found["mean"].iloc[0] == pytest.approx(np.log(2.0), abs=0.01)
    nowhere = rows[rows["x"] < 0.4]
    with pytest.raises(DataError, match=r"log\(high\) has no expectation at any candidate; where a may be negative"):
        incumbent(model, nowhere, [mfgp.maximize("log(high)")], [])
    campaign = build(estimator=mfgp.IndependentGP(), objective=mfgp.maximize("log(high - 100)"))
    campaign.tell(measured(campaign.ask(6)))
    assert campaign.ask()["task"].tolist() == ["low"]  # nothing is known of the best, and asking goes on


class Confirming(Stubborn):
    """The best candidate's task "high", as if nothing were to be gained."""

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        assert decision.closed is not None
        best = int(decision.space.frame["x"].to_numpy().argmax())  # as the estimator of these tests sees it
        if decision.closed[best, 1]:
            return super().choose(decision, count).assign(gain=0.0)
        return decision.space.frame.iloc[[best]].assign(task="high", gain=0.0, cost=10.0, chance=0.0, why="is it?")


def test_the_best_is_measured_before_a_campaign_stops(build: Build) -> None:
    rule = StoppingRule(gain_per_cost=0.1, patience=1)
    campaign = build(acquisition=Confirming(), stopping=rule, initial=1)
    campaign.tell(measured(campaign.ask(2)))
    asked = campaign.ask(2)
    assert (asked["task"].tolist(), asked["candidate"].tolist()) == (["high"], [pool()["x"].idxmax()])
    campaign.tell(measured(asked))
    assert campaign.ask().empty
    assert "the question promises 0 a unit of cost, less than 0.1" in str(campaign.status().finished)


@pytest.mark.parametrize("count", [1, 4])
def test_comparisons_do_not_keep_a_campaign_from_its_end(build: Build, count: int) -> None:
    rule = StoppingRule(gain_per_cost=1e9, patience=3)
    campaign = build(acquisition=Single(), stopping=rule)
    campaign.tell(measured(campaign.ask(6)))
    ask_to_the_end(campaign, count)
    rated = campaign.history.iloc[6:].dropna(subset=["gain"])
    assert rated["ask"].nunique() == 2  # the third is not asked
    assert campaign.ask().empty
    assert "the last 3 questions promise at most" in str(campaign.status().finished)


def test_a_campaign_that_has_stopped_compares_no_more(build: Build) -> None:
    settings = {"data": unshared(), "acquisition": Single(), "initial": 4}
    assert len(build(**settings).ask(3)) == 3
    assert build(**settings, stopping=StoppingRule(gain_per_cost=1e9, patience=1)).ask(3).empty


def test_a_measurement_that_cost_nothing_does_not_break_the_rule(build: Build) -> None:
    campaign = build(acquisition=Stubborn(), stopping=StoppingRule(gain_per_cost=1e-5))
    campaign.tell(measured(campaign.ask(6)))
    campaign.tell(measured(campaign.ask()).assign(cost=0.0))
    assert len(campaign.ask()) == 1


def test_a_budget_that_is_spent_says_so_without_rounding(build: Build) -> None:
    campaign = build(acquisition=Stubborn(), budget=6 * 0.1, costs={"low": 0.1, "high": 0.1}, initial=1)
    ask_to_the_end(campaign, 1)
    assert str(campaign.status().finished).startswith("0 is left of the budget of 0.6")


def test_a_useless_task_is_given_up(build: Build) -> None:
    """With the default estimator, which takes the useless task for a copy of the other one at first."""
    x = np.linspace(0.0, 1.0, 40)
    truth = dict(zip(x, np.sin(9.0 * x) + x, strict=True))
    junk = dict(zip(x, np.random.default_rng(2).permutation(list(truth.values())), strict=True))
    campaign = build(
        space=pd.DataFrame({"x": x}),
        estimator=mfgp.DifferenceGP(),
        acquisition="gain",
        costs={"low": 1, "high": 8},
        initial=4,
        budget=4 + 11 * 8,
    )
    while len(asked := campaign.ask()):
        values = [(truth if row.task == "high" else junk)[row.x] for row in asked.itertuples()]
        campaign.tell(asked.assign(value=values))
    history = campaign.history
    assert history["best_measured"].max() > 0.99 * max(truth.values())
    assert history["cost"][history["task"] == "low"].sum() < history["cost"][history["task"] == "high"].sum() / 2
