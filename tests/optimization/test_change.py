"""A changed campaign goes on as one that had been so from the beginning, for all processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mfgp import Campaign
from mfgp.errors import ColumnError, ParameterError
from mfgp.optimization import Decision, StoppingRule
from tests.optimization.conftest import Build, measured
from tests.optimization.flat import Flat


def test_a_raised_budget_goes_on_as_if_it_had_been_so(build: Build) -> None:
    rich, poor = build(budget=80), build(budget=24)
    pd.testing.assert_frame_equal(rich.ask(6), poor.ask(6))
    assert poor.ask(3).empty
    assert "too little for more" in str(poor.status().finished)
    poor.change(budget=80)
    assert poor.status().finished is None
    for campaign in (rich, poor):
        campaign.tell(measured(campaign.pending))
    while len(asked := rich.ask(3)):
        pd.testing.assert_frame_equal(poor.ask(3), asked)
        for campaign in (rich, poor):
            campaign.tell(measured(asked))
    assert poor.ask(3).empty
    assert poor.budget_left == rich.budget_left
    poor.change(budget=30)
    assert poor.budget_left == 0.0
    poor.change(budget=None)
    assert len(poor.ask(3)) == 3


def test_all_processes_and_those_to_come_have_the_change(build: Build, tmp_path: Path) -> None:
    options = {"storage": tmp_path / "campaign.sqlite", "budget": 24, "constraints": ["x < 0.9"]}
    one, two = build(**options), build(**options)
    one.tell(measured(one.ask(6)))
    rule = StoppingRule(0.1)
    two.change(budget=50, stopping=rule, constraints=["x < 0.5", "low > -9"])
    two.change()
    two.change(budget=50)
    status = one.status()
    assert status == two.status() == Campaign.load(options["storage"], estimator=Flat()).status()
    assert len(status.changes) == 1
    told = "after 6 trials: budget from 24 to 50, stopping from none to StoppingRule(gain_per_cost=0.1, patience=3)"
    assert f"{told}, constraints from x < 0.9 to low > -9 and x < 0.5" in status.changes[0]
    assert repr(status).endswith(f"it goes on; changed at {status.changes[0]}")
    asked = one.ask(20)
    assert 0 < asked["cost"].sum() <= 26
    assert (asked["x"] < 0.5).all()
    with pytest.raises(ParameterError, match=r"with other 'budget', 'constraints', 'stopping'; go on with it by"):
        build(**options)
    changed = build(**options | {"budget": 50, "stopping": rule, "constraints": ["low > -9", "x < 0.5"]})
    assert changed.status() == one.status()


def test_a_start_by_default_is_that_of_when_the_campaign_was_made(build: Build, tmp_path: Path) -> None:
    """A constraint that came later makes a task one that is wanted, of which a new campaign would measure more."""
    options = {"storage": tmp_path / "campaign.sqlite", "initial": None}
    build(**options).change(constraints="low > -9")
    again = build(**options, constraints="low > -9")
    asked = again.ask(4)
    assert asked["task"].tolist() == ["low", "high", "high", "high"]
    assert build(storage="sqlite://", initial=None, constraints="low > -9").ask(6)["task"].tolist() == [
        *["low"] * 4,
        *["high"] * 2,
    ]
    with pytest.raises(ParameterError, match="with other 'initial'; go on with it by"):
        build(**options | {"initial": 2}, constraints="low > -9")


def test_what_cannot_be_is_not_changed(build: Build) -> None:
    campaign = build(budget=24)
    before = campaign.status()
    with pytest.raises(ParameterError, match="budget=-1, expected a positive number in the unit of the costs"):
        campaign.change(budget=-1)
    with pytest.raises(ColumnError, match="there is no task 'loss'"):
        campaign.change(budget=30, constraints="loss < 1")
    assert campaign.status() == before


class Meanwhile:
    """While it chooses for the first time, something else happens."""

    def __init__(self) -> None:
        self.others: list[Campaign] = []

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        while self.others:
            self.others.pop().change(budget=25)
        assert decision.closed is not None
        rows, tasks = np.nonzero(~decision.closed)
        chosen = decision.space.frame.iloc[rows[:count]].assign(task=[decision.tasks[task] for task in tasks[:count]])
        return chosen.assign(gain=1.0, cost=1.0, chance=0.5, why="it is open")


def test_a_question_that_was_chosen_before_a_change_is_chosen_again(build: Build, tmp_path: Path) -> None:
    acquisition = Meanwhile()

    def opened() -> Campaign:
        return build(storage=tmp_path / "campaign.sqlite", acquisition=acquisition)

    campaign, other = opened(), opened()
    campaign.tell(measured(campaign.ask(6)))
    acquisition.others.append(other)
    assert len(campaign.ask(9)) == 1
