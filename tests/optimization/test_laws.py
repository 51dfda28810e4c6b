"""What holds of every campaign."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mfgp
from mfgp import Campaign
from mfgp.errors import DataError
from mfgp.optimization import Box, Decision, StoppingRule
from tests.optimization.conftest import Build, measured, pool, unshared, value

BOX = Box({"x": (0.0, 1.0), "y": (0.0, 1.0)})


def content(campaign: Campaign) -> pd.DataFrame:
    """What is stored, but for times."""
    return campaign.history.drop(columns=["asked_at", "told_at"])


def existing() -> pd.DataFrame:
    """A wide table of rows that nobody asked for, some of them candidates."""
    rows = pd.concat([pool().iloc[:6], pd.DataFrame({"x": [0.5], "y": [2.0]}, index=["else"])])
    rows["low"] = np.sin(5 * rows.x) + rows.y
    rows["high"] = rows.low + 0.3 * rows.x
    rows.loc[rows.index[1::2], "high"] = np.nan
    return rows


@pytest.mark.parametrize("space", [pool(), BOX])
def test_telling_again_changes_nothing(build: Build, space: object) -> None:
    campaign = build(space=space, data=existing())
    told = measured(campaign.ask(12))
    campaign.tell(told)
    before = content(campaign)
    assert set(campaign.tell(told)["outcome"]) == {"known already"}
    assert set(campaign.tell(existing())["outcome"]) == {"known already"}
    by_pair = told.reset_index(drop=True)[["x", "y", "task", "value"]]
    assert set(campaign.tell(by_pair)["outcome"]) == {"known already"}
    pd.testing.assert_frame_equal(content(campaign), before)


def test_the_order_of_telling_changes_nothing(build: Build) -> None:
    first, second = build(), build()
    asked = [measured(campaign.ask(12)) for campaign in (first, second)]
    pd.testing.assert_frame_equal(*asked)
    first.tell(existing())
    first.tell(asked[0])
    for row in asked[0].index[::-1]:
        second.tell(asked[1].loc[[row]])
    second.tell(existing().iloc[::-1])
    pd.testing.assert_frame_equal(content(first).loc[:11], content(second).loc[:11])
    columns = ["x", "y", "task", "value"]
    rest = [content(campaign).loc[12:, columns].sort_values(columns, ignore_index=True) for campaign in (first, second)]
    pd.testing.assert_frame_equal(*rest)
    for X, other in zip((first.model.X_, first.model.Y_), (second.model.X_, second.model.Y_), strict=True):
        pd.testing.assert_frame_equal(X, other)
    pd.testing.assert_frame_equal(first.ask(3).drop(columns="why"), second.ask(3).drop(columns="why"))


def test_a_table_that_has_grown_adds_what_is_new(build: Build) -> None:
    campaign = build(data=existing().iloc[:3])
    told = campaign.tell(existing())
    assert told["outcome"].tolist().count("known already") == 5
    assert told["outcome"].tolist().count("added") == 6
    repeated = pd.concat([existing().iloc[:1]] * 3)
    assert campaign.tell(repeated)["outcome"].tolist().count("added") == 4  # two more of each task
    assert campaign.tell(repeated)["outcome"].tolist().count("added") == 0
    assert (campaign.history["value"] == existing()["low"].iloc[0]).sum() == 3


@pytest.mark.parametrize("by", ["inputs", "candidate"])
def test_a_row_that_equals_a_pending_pair_answers_it(build: Build, by: str) -> None:
    campaign = build()
    asked = measured(campaign.ask(3))
    columns = ["x", "y"] if by == "inputs" else ["candidate"]
    told = campaign.tell(asked.reset_index(drop=True)[[*columns, "task", "value"]].iloc[::-1])
    assert told["outcome"].tolist() == ["measured"] * 3
    assert told["trial"].tolist() == [2, 1, 0]
    assert campaign.pending.empty


@pytest.mark.parametrize("column", ["candidate", "x", "y", "task"])
def test_a_column_that_was_sorted_by_itself_is_refused(build: Build, column: str) -> None:
    campaign = build()
    asked = measured(campaign.ask(6))
    before = content(campaign)
    with pytest.raises(DataError, match=r"is of trial \d and .*that trial (has|is of) "):
        campaign.tell(asked.assign(**{column: sorted(asked[column], reverse=asked[column].is_monotonic_increasing)}))
    pd.testing.assert_frame_equal(content(campaign), before)


@pytest.mark.parametrize(
    "columns", [["value"], ["value", "y"], ["candidate", "value"], ["candidate", "x", "y", "value"]]
)
def test_a_trial_needs_nothing_beside_its_number_and_numbers_may_be_rounded(build: Build, columns: list[str]) -> None:
    campaign = build(space=pool().set_axis(range(10**9, 10**9 + 30)).assign(metal=["Cu", "Ni"] * 15))
    asked = measured(campaign.ask(6))
    told = asked[columns].astype(dict.fromkeys({"candidate"} & set(columns), str)).round(7)
    assert campaign.tell(told.sample(frac=1, random_state=0))["outcome"].tolist() == ["measured"] * 6
    assert campaign.history[["candidate", "x", "y"]].equals(asked[["candidate", "x", "y"]])
    neighbour = asked.assign(candidate=asked["candidate"] + 1)
    with pytest.raises(DataError, match=r"that trial has \d+, so keep the columns of what ask\(\) gave together, or"):
        campaign.tell(neighbour)


@pytest.mark.parametrize("form", ["float32", "7 digits", "a unit and back"])
def test_candidates_may_be_told_by_rounded_inputs(build: Build, form: str) -> None:
    """As an answer to what is pending, as a table to start from, and both again, which changes nothing."""
    campaign, other = build(), build()
    rounded = {
        "float32": lambda inputs: inputs.astype("float32"),
        "7 digits": lambda inputs: inputs.map(lambda number: float(f"{number:.7g}")),
        "a unit and back": lambda inputs: inputs * 627.5095 / 23.0605 / (627.5095 / 23.0605),
    }[form]
    asked = measured(campaign.ask(6))
    told = asked.drop(columns="candidate").assign(**rounded(asked[["x", "y"]])).reset_index(drop=True)
    assert not told[["x", "y"]].astype(float).equals(asked[["x", "y"]].reset_index(drop=True))
    assert campaign.tell(told)["outcome"].tolist() == ["measured"] * 6
    assert other.tell(told)["outcome"].tolist() == ["added"] * 6
    for each in (campaign, other):
        assert each.history[["candidate", "x", "y"]].equals(asked[["candidate", "x", "y"]])
        assert set(each.tell(told)["outcome"]) == {"known already"}
    outside = told.assign(x=told["x"] + 1e-3)
    assert other.tell(outside)["outcome"].tolist() == ["added"] * 6
    assert other.history["candidate"].isna().sum() == 6


@pytest.mark.parametrize("column", ["candidate", "compound"])
def test_a_label_says_more_than_rounded_inputs(build: Build, column: str) -> None:
    """In the pool's own column too, in which others may stand whose inputs are told."""
    inputs = pool().rename_axis("compound")
    campaign = build(space=inputs)
    told = inputs[:4].round(4).assign(high=1.0).rename_axis(column).reset_index()
    campaign.tell(told)
    assert campaign.history["candidate"].tolist() == ["c0", "c1", "c2", "c3"]
    np.testing.assert_array_equal(campaign.history[["x", "y"]], inputs[:4])
    if column == "compound":
        campaign.tell(told.assign(compound="another", x=2.0))
        assert campaign.history["candidate"].isna().sum() == 4


def test_classes_are_no_numbers_and_numbers_no_classes(build: Build) -> None:
    """Where the campaign asks for classes, text of digits is one."""
    campaign = build(constraints=["low == '1'"], estimator=mfgp.MultiTaskGP())
    assert campaign.tell(pool()[:2].assign(low=["1", "0"], high=1.0))["outcome"].tolist() == ["added"] * 4
    with pytest.raises(
        DataError, match="row 0 tells a number of 'low', 1.0; the campaign asks for classes, so tell one"
    ):
        campaign.tell(pool()[:1].assign(low=1.0))


def test_nothing_is_asked_twice_until_a_pool_has_no_more(build: Build) -> None:
    campaign = build(space=pool(7))
    while len(asked := campaign.ask(3)):
        campaign.tell(measured(asked))
    history = campaign.history
    assert len(history) == 14
    assert not history.duplicated(["candidate", "task"]).any()
    assert campaign.status().finished == "all 14 pairs of a candidate and a task are measured, pending or failed"


def test_candidates_with_equal_inputs_are_asked_for_each(build: Build) -> None:
    twins = pd.DataFrame({"x": [0.1, 0.1, 0.5], "y": 0.0}, index=["a", "b", "c"])
    campaign = build(space=twins)
    while len(asked := campaign.ask(1)):
        campaign.tell(measured(asked))
    assert sorted(zip(campaign.history["candidate"], campaign.history["task"], strict=True)) == [
        (label, task) for label in "abc" for task in ("high", "low")
    ]


@pytest.mark.parametrize("space", [pool(), BOX, pool().assign(metal=["Cu", "Ni"] * 15)])
def test_a_start_is_the_same_one_by_one_and_at_once(build: Build, space: object) -> None:
    once, singly = build(space=space), build(space=space)
    whole = once.ask(6)
    parts = pd.concat([singly.ask(1) for _ in range(6)])
    pd.testing.assert_frame_equal(whole, parts)
    assert whole["task"].value_counts().to_dict() == {"low": 4, "high": 2}
    rows = whole.groupby("task")[["x", "y"]].apply(lambda part: set(part.itertuples(index=False, name=None)))
    assert rows["high"] < rows["low"]


def test_by_default_a_start_is_of_the_objective_and_of_one_row_of_what_informs(build: Build) -> None:
    campaign = build(initial=None, estimator=mfgp.DifferenceGP(), acquisition="gain")
    asked = campaign.ask(4)
    assert asked["task"].tolist() == ["low", "high", "high", "high"]
    assert asked["candidate"].iloc[0] == asked["candidate"].iloc[1]
    assert asked["candidate"].nunique() == 3
    campaign.tell(measured(asked))
    compared = campaign.ask(2)
    assert compared["task"].tolist() == ["low", "low"]
    assert set(compared["candidate"]) == set(asked["candidate"].iloc[2:])


def test_a_start_counts_what_was_told(build: Build) -> None:
    campaign = build(data=existing(), initial={"low": 9, "high": 5})
    asked = campaign.ask(3)
    assert asked["task"].tolist() == ["low", "low", "high"]
    assert asked["why"].str.startswith("start: ").all()


@pytest.mark.parametrize(("low", "high", "rows"), [(1, 10, 6), (2.5, 10, 4), (0.1, 0.3, 3), (9, 10, 1), (20, 10, 0)])
def test_a_cheap_task_is_compared_with_the_objective_at_rows_of_it(
    build: Build, low: float, high: float, rows: int
) -> None:
    """At so many that they cost no more than one value of the objective, and at six at most."""
    table = unshared()
    campaign = build(data=table, costs={"low": low, "high": high}, initial={"low": 4, "high": 2})
    asked = campaign.ask(8)
    compared = asked[asked["why"].str.startswith("start: ")]
    assert compared["task"].tolist() == ["low"] * rows
    assert compared["why"].eq(f"start: compared with 'high' at up to {rows} rows").all()
    assert compared["candidate"].isin(table.index[20:]).all()
    assert len(asked) == 8


def test_a_comparison_takes_a_row_of_all_tasks_of_the_objective(build: Build) -> None:
    row = np.arange(30)
    table = pool().assign(a=np.where(row < 12, 1.0, np.nan), b=np.where((row >= 8) & (row < 20), 2.0, np.nan))
    table = table.assign(low=np.where(row >= 25, 0.0, np.nan))
    aim = {"objective": mfgp.maximize("a - b"), "initial": 4, "costs": {"low": 1, "a": 5, "b": 5}}
    asked = build(data=table, **aim).ask(8)
    compared = asked[asked["why"].str.startswith("start: ")]
    assert compared["task"].eq("low").all()
    assert set(compared["candidate"]) == set(table.index[8:12])
    assert compared["why"].eq("start: compared with 'a', 'b' at up to 6 rows").all()


def test_a_comparison_leaves_money_for_what_it_helps_to_choose(build: Build) -> None:
    for budget, tasks in ((13, ["low"] * 3), (12.5, ["low"] * 2), (10, [])):
        campaign = build(initial={"low": 4, "high": 2}, costs={"low": "1 + 0 * x", "high": 10.0}, budget=budget)
        campaign.tell(unshared().assign(cost=0.0))
        asked = campaign.ask(6)
        assert asked["task"][asked["why"].str.startswith("start: ")].tolist() == tasks


@pytest.mark.parametrize("box", [False, True])
def test_comparisons_and_their_costs_are_of_the_space_alone(build: Build, box: bool) -> None:
    """At rows that were told and lie outside a task may cost nothing that makes sense."""
    table = pool().assign(high=1.0, low=0.0).iloc[20:]
    far = pd.DataFrame({"x": [0.0], "y": [1.5], "high": 2.0}, index=["far"])
    space = Box({"x": (0.01, 1.0), "y": (0.0, 1.0)}) if box else pool()
    campaign = build(
        data=pd.concat([table.assign(low=np.nan), far, pool().assign(low=0.0).iloc[:9]]),
        space=space,
        costs={"low": "0.1 * x", "high": 10.0},
        initial=4,
    )
    asked = campaign.ask(6)
    assert asked["why"].str.startswith("start: compared").all()
    assert (asked["y"] <= 1.0).all()


def test_several_tasks_share_what_comparisons_may_cost(build: Build) -> None:
    table = pool().assign(high=np.where(np.arange(30) < 9, 1.0, np.nan), **dict.fromkeys(("a", "b", "c"), np.nan))
    table.loc["c29", ["a", "b", "c"]] = table.loc["c28", ["a", "b", "c"]] = 0.0
    campaign = build(data=table, costs={"a": 1, "b": 1, "c": 1, "high": 6}, initial=2)
    compared = campaign.ask(20)["why"].str.startswith("start: compared with 'high' at up to 2 rows")
    assert compared.tolist() == [True] * 6 + [False] * 14


def test_nothing_is_compared_where_no_test_is_left(build: Build) -> None:
    asked = build(data=pool().assign(high=1.0, low=np.where(np.arange(30) < 4, 0.0, np.nan))).ask(3)
    assert asked["why"].eq("drawn at random").all()


def test_tasks_that_are_unrelated_are_not_compared(build: Build) -> None:
    campaign = build(data=unshared(), estimator=mfgp.IndependentGP(), initial={"low": 4, "high": 2})
    assert campaign.ask(8)["why"].eq("drawn at random").all()


def test_comparisons_that_failed_count(build: Build) -> None:
    campaign = build(data=unshared(), initial={"low": 4, "high": 2})
    asked = measured(campaign.ask(4))
    broken = np.arange(4) < 2
    campaign.tell(asked.assign(value=asked["value"].mask(broken), reason=np.where(broken, "it broke", None)))
    again = campaign.ask(4)
    assert again["why"].str.startswith("start: ").tolist() == [True, True, False, False]
    assert not again["candidate"].iloc[:2].isin(asked["candidate"]).any()


def test_a_start_goes_on_while_a_task_has_no_value(build: Build) -> None:
    campaign = build()
    asked = campaign.ask(8)
    assert asked["task"].tolist() == ["low"] * 4 + ["high"] * 4
    assert "'low', 'high' has too few values or classes to learn from yet" in asked["why"].iloc[-1]
    campaign.tell(measured(asked).loc[[0, 1, 4, 5]])
    assert campaign.ask(1)["why"].tolist() == ["drawn at random"]


@pytest.mark.parametrize("count", [1, 4])
def test_a_cheap_task_that_always_fails_is_left_alone(build: Build, count: int) -> None:
    """It is tried at as many rows as it would be compared at; the rest of the money is the objective's."""
    campaign = build(initial=None, budget=100)
    while len(asked := campaign.ask(count)):
        told = measured(asked)
        fails = told["task"] == "low"
        campaign.tell(told.assign(value=told["value"].mask(fails), reason=np.where(fails, "no convergence", None)))
    history = campaign.history
    assert (history["task"] == "low").sum() == 6
    assert history["state"].eq("measured").sum() == 9
    measured_rows = history.loc[history["task"] == "high", "candidate"]
    assert history.loc[history["task"] == "low", "candidate"].isin(measured_rows).sum() >= 3


def test_while_the_objective_is_pending_more_of_it_is_asked_for_and_not_the_cheap_task(build: Build) -> None:
    campaign = build(initial=None)
    campaign.tell(measured(campaign.ask(4)).query("task == 'low'"))
    assert campaign.ask(3)["task"].tolist() == ["high"] * 3


def test_labels_of_one_class_are_too_little_to_learn_from(build: Build) -> None:
    """Another class is looked for, and then the campaign goes on."""
    campaign = build(
        estimator=mfgp.MultiTaskGP(), acquisition="gain", initial=None, costs={"colour": 1, "high": 10}, space=pool(12)
    )
    start = campaign.ask(4)
    campaign.tell(measured(start).assign(value=lambda told: told["value"].where(told["task"] == "high", "red")))
    again = campaign.ask(2)
    assert again["task"].tolist() == ["colour"]
    assert again["why"].iloc[0].startswith("start: 'colour' has too few values or classes to learn from yet")
    assert again["candidate"].isin(start["candidate"]).all()
    campaign.tell(again.assign(value="blue"))
    assert campaign.ask(1)["why"].iloc[0] == "start: compared with 'high' at up to 6 rows"


def test_planned_costs_keep_the_budget_and_pending_cost_counts(build: Build) -> None:
    campaign = build(budget=40, costs={"low": "1 + x", "high": 10})
    asked = campaign.ask(100)
    assert asked["cost"].sum() <= 40
    campaign.tell(measured(asked).iloc[:8])
    while len(more := campaign.ask(2)):
        campaign.tell(measured(more))
    status = campaign.status()
    assert status.cost_spent + status.cost_pending <= 40
    assert status.budget_left == pytest.approx(40 - status.cost_spent - status.cost_pending)
    assert status.budget_left < 2.0
    assert "is left of the budget of 40, too little for more" in str(status.finished)


def test_actual_costs_may_exceed_the_budget_and_end_the_questions(build: Build) -> None:
    campaign = build(budget=40)
    asked = campaign.ask(6)
    campaign.tell(measured(asked).assign(cost=2 * asked["cost"]))
    status = campaign.status()
    assert (status.cost_spent, status.budget_left) == (48.0, 0.0)
    assert campaign.ask().empty
    assert str(campaign.status().finished) == "0 is left of the budget of 40, too little for more"


def test_withdrawn_trials_cost_nothing_and_give_room(build: Build) -> None:
    campaign = build(budget=24)
    asked = campaign.ask(6)
    assert campaign.budget_left == 0.0
    assert campaign.ask().empty
    campaign.withdraw(asked.index[-1], "the sample was lost")
    assert campaign.status().finished is None
    assert campaign.budget_left == 10.0
    again = campaign.ask(5)
    assert (again["candidate"].iloc[0], again["task"].iloc[0]) == (asked["candidate"].iloc[-1], "high")


def test_what_is_withdrawn_for_good_is_not_asked_again(build: Build) -> None:
    campaign = build(space=pool(4))
    asked = campaign.ask(1)
    campaign.withdraw(asked.index, "it dissolved", again=False)
    while len(more := campaign.ask(1)):
        campaign.tell(measured(more))
    pairs = campaign.history[["candidate", "task"]].apply(tuple, axis=1)
    assert (pairs == (asked["candidate"].iloc[0], asked["task"].iloc[0])).sum() == 1
    assert len(pairs) == 8


def test_a_wrong_value_is_replaced_after_it_is_withdrawn(build: Build) -> None:
    campaign = build()
    asked = measured(campaign.ask(6))
    campaign.tell(asked.assign(value=[100.0, *asked["value"].iloc[1:]]))
    campaign.withdraw(0, "a decimal point")
    assert campaign.cost_spent == 24.0  # it was measured, so it was paid for
    assert len(campaign.model.X_) == 3
    assert campaign.tell(asked.assign(value=100.0).loc[[0]])["outcome"].tolist() == ["known already"]
    assert campaign.history.at[0, "state"] == "withdrawn"
    campaign.tell(asked.loc[[0]])
    assert campaign.history.at[0, "value"] == asked["value"].iloc[0]
    assert len(campaign.model.X_) == 4


def test_failures_are_ordinary(build: Build) -> None:
    campaign = build(space=pool(4), budget=100)
    asked = campaign.ask(2).assign(value=[np.nan, 1.0], reason=["it cracked", None], cost=[3.0, 1.0])
    told = campaign.tell(asked)
    assert told["outcome"].tolist() == ["failed", "measured"]
    assert campaign.tell(asked)["outcome"].tolist() == ["known already"] * 2
    assert campaign.cost_spent == 4.0
    assert campaign.history["reason"].tolist() == ["it cracked", None]
    unasked = pd.DataFrame({"x": [0.3], "y": [0.3], "task": ["low"], "value": [np.nan], "reason": ["too soft"]})
    assert campaign.tell(unasked)["outcome"].tolist() == ["failed"]
    assert campaign.tell(unasked)["outcome"].tolist() == ["known already"]
    while len(more := campaign.ask(2)):
        campaign.tell(measured(more))
    assert len(campaign.history) == 9
    assert campaign.status().failed == 2


def test_known_constraints_are_kept_by_the_space(build: Build) -> None:
    frame = pool().assign(metal=["Cu", "Ni"] * 15)
    condition = ["x + y < 1.2", mfgp.task("metal") == "Cu"]
    box = Box({"x": (0.0, 1.0), "y": (0.0, 1.0), "metal": ["Cu", "Ni"]})
    for space in (frame, box):
        campaign = build(space=space, constraints=condition)
        for _ in range(3):
            asked = campaign.ask(6)
            campaign.tell(measured(asked))
            assert (asked["x"] + asked["y"] < 1.2).all()
            assert set(asked["metal"]) == {"Cu"}


def test_learned_constraints_decide_the_incumbent(build: Build) -> None:
    # means everywhere are those of the values, and high grows with x
    data = pool().assign(low=1.0, high=2.0)
    assert build(data=data).best().index.tolist() == [pool()["x"].idxmax()]
    held = build(data=data, constraints="low < 1.0005").best()
    assert held.index.tolist() == [pool()["x"].where(pool()["x"] <= 0.5).idxmax()]
    assert held["feasible"].iloc[0] >= 0.5
    never = build(data=data, constraints="low < 0").best()
    assert never.index.tolist() == [pool()["x"].idxmin()]
    assert never["feasible"].iloc[0] < 0.2


def test_targets_and_minima_have_their_incumbents(build: Build) -> None:
    data = pool().assign(low=1.0, high=2.0)
    assert build(data=data, objective=mfgp.minimize("high")).best().index.tolist() == [pool()["x"].idxmin()]
    near = build(data=data, objective=mfgp.target("high - low", 1.0)).best()
    assert near["mean"].iloc[0] == pytest.approx(1.0)


def test_several_objectives_have_a_pareto_set(build: Build) -> None:
    objectives = [mfgp.maximize("high"), mfgp.minimize("low")]
    campaign = build(objective=objectives, data=pool().assign(low=1.0, high=2.0))
    # both means grow with x, so that every candidate is better than any other in one of them
    assert len(campaign.best()) == 30
    assert len(build(objective=[objectives[0]] * 2, data=pool().assign(low=1.0, high=2.0)).best()) == 1
    assert campaign.ask(2)["task"].isin(["low", "high"]).all()


@pytest.mark.parametrize("box", [True, False])
def test_a_cost_is_not_asked_for_at_rows_that_were_told_and_lie_outside(build: Build, box: bool) -> None:
    metals = ["Cu", "Ni"]
    space = Box({"x": (0.0, 1.0), "metal": metals}) if box else pool().assign(metal=metals * 15)
    inside = pd.DataFrame({"x": [0.1, 0.2, 0.3], "y": 0.5, "metal": ["Cu", "Ni", "Cu"], "low": 1.0, "high": 2.0})
    outside = inside.assign(metal="Fe", x=[0.4, 0.5, 0.6])
    campaign = build(
        space=space,
        costs={"low": 1, "high": lambda row: {"Cu": 2.0, "Ni": 3.0}[row["metal"]]},
        initial=2,
        data=pd.concat([inside, outside], ignore_index=True).drop(columns=["y"] if box else []),
    )
    for _ in range(4):
        asked = campaign.ask(2)
        assert asked["metal"].isin(metals).all()
        campaign.tell(asked.assign(value=1.0))


@pytest.mark.parametrize("box", [True, False])
def test_a_test_is_due_though_all_values_of_the_objective_lie_outside(build: Build, box: bool) -> None:
    table = pool().assign(low=1.0, high=np.nan).iloc[:12]
    far = pd.DataFrame({"x": [2.0, 3.0], "y": [0.5, 0.7], "low": np.nan, "high": 2.0})
    for paid, due in ((9.0, False), (10.0, True)):
        campaign = build(
            space=Box({"x": (0.0, 1.0), "y": (0.0, 1.0)}) if box else pool(),
            costs={"low": 1, "high": lambda row: {True: 10.0}[row["x"] < 1.5]},
            initial=1,
        )
        campaign.tell(far.iloc[:1])
        campaign.tell(far.iloc[1:].melt(["x", "y"], ["high"], "task").assign(cost=100.0))
        campaign.tell(table.melt(["x", "y"], ["low"], "task").assign(cost=paid / len(table)))
        assert campaign.ask()["why"].str.startswith("a test of what is believed").all() == due


def test_rows_outside_a_box_are_not_completed(build: Build) -> None:
    campaign = build(
        space=Box({"x": (0.0, 1.0)}),
        estimator=mfgp.DifferenceGP(),
        objective=mfgp.maximize("high - low"),
        costs={"low": "1 + x", "high": lambda row: {True: 2.0}[row["x"] <= 1.0]},
        acquisition="gain",
        data=pd.DataFrame({"x": [0.1, 0.5, 0.9, 1.5], "low": [0.0, 0.1, 0.0, -9.0], "high": [0.0, 0.5, 0.2, np.nan]}),
        initial=3,
    )
    assert campaign.ask(3)["x"].le(1.0).all()


def test_a_box_may_be_told_of_rows_outside(build: Build) -> None:
    campaign = build(space=BOX, data=existing())
    assert campaign.best()["y"].iloc[0] <= 2.0
    assert len(campaign.ask(4)) == 4


def test_the_best_is_inside_a_box_whatever_was_told_of_rows_outside(build: Build) -> None:
    x = np.linspace(0.0, 2.0, 9)
    told = pd.DataFrame({"x": x, "low": x, "high": 2.0 * x})
    campaign = build(space=Box({"x": (0.0, 1.0)}), data=told)
    assert campaign.best()["x"].tolist() == [1.0]
    alone = build(space=Box({"x": (0.0, 1.0)}), data=told[told["x"] > 1.0])
    assert alone.best()["x"].tolist() == [2.0]


def test_history_has_running_cost_and_best_measured(build: Build) -> None:
    campaign = build()
    told = measured(campaign.ask(6))
    campaign.tell(told)
    history = campaign.history
    assert history["total"].tolist() == [1, 2, 3, 4, 14, 24]
    assert history["best_measured"].iloc[:4].isna().all()
    assert history["best_measured"].iloc[-1] == told["value"].iloc[4:].max()
    assert history["incumbent"].isna().all()
    assert campaign.ask(1) is not None
    assert campaign.history["incumbent"].iloc[-1] == campaign.best().index[0]
    assert campaign.history["incumbent_value"].iloc[-1] == pytest.approx(campaign.best()["mean"].iloc[0])


def test_values_come_back_bit_for_bit(build: Build) -> None:
    rng = np.random.default_rng(5)
    awkward = pd.DataFrame({"x": [0.1 + 0.2, 1e-300, -0.0], "y": rng.random(3), "low": [1 / 3, 5e-324, 1e308]})
    campaign = build(space=BOX, data=awkward)
    history = campaign.history
    assert history["value"].tolist() == awkward["low"].tolist()
    assert history["x"].tolist() == awkward["x"].tolist()
    assert history["y"].tolist() == awkward["y"].tolist()


def test_known_noise_reaches_the_fit(build: Build) -> None:
    campaign = build()
    told = measured(campaign.ask(6)).assign(noise=[0.1, np.nan, np.nan, np.nan, 0.2, np.nan])
    campaign.tell(told)
    noise = campaign.model.noise_given_
    assert sorted(noise["low"].dropna()) == [0.1]
    assert sorted(noise["high"].dropna()) == [0.2]


class Promises:
    """The first open pair, with gains that fall from question to question."""

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        assert decision.closed is not None
        row, column = np.argwhere(~decision.closed)[0]
        cost = decision.costs.of(decision.space.frame.iloc[[row]], decision.tasks[column])
        gain = 2.0 ** -((~decision.closed[:, 0]).sum() ** 0) / (1 + decision.closed.sum())
        return decision.space.frame.iloc[[row]].assign(
            task=decision.tasks[column], gain=gain * cost, cost=cost, chance=0.25, why="it is the first"
        )


def test_the_stopping_rule_ends_the_campaign_and_says_with_what_chance(build: Build) -> None:
    campaign = build(acquisition=Promises(), stopping=StoppingRule(gain_per_cost=0.1, patience=2))
    campaign.tell(measured(campaign.ask(6)))
    gains = []
    while len(asked := campaign.ask()):
        gains.append((asked["gain"] / asked["cost"]).iloc[0])
        campaign.tell(measured(asked))
    assert [gain < 0.1 for gain in gains] == [False] * (len(gains) - 1) + [True]
    assert "the last 2 questions promise at most" in str(campaign.status().finished)
    assert "shows something better with probability 0.25" in str(campaign.status().finished)
    campaign.tell(pd.DataFrame({"x": [0.0], "y": [0.0], "low": [0.0]}))
    assert campaign.status().finished is None  # what is told may change the promise


def test_several_campaigns_share_a_database(build: Build, tmp_path: object) -> None:
    storage = f"sqlite:///{tmp_path}/shared.sqlite"
    one, two = build(storage=storage, name="one"), build(storage=storage, name="two", random_state=1)
    one.tell(measured(one.ask(3)))
    assert two.history.empty
    assert two.ask(1)["candidate"].tolist() != one.history["candidate"].tolist()[:1]


def test_a_campaign_that_exists_goes_on(build: Build, tmp_path: object) -> None:
    storage = f"{tmp_path}/campaign.sqlite"
    options = {"storage": storage, "constraints": ["x < 0.9", "low > 0"], "costs": {"low": "1 + y", "high": 10}}
    first = build(**options, data=existing())
    asked = first.ask(2)
    again = build(**options | {"constraints": ["low > 0", "x < 0.9"]}, data=existing())
    pd.testing.assert_frame_equal(again.pending, asked)
    assert again.status() == first.status()


@pytest.mark.parametrize(
    "options",
    [
        {"space": Box({"x": (0.0, 1.0), "y": range(0, 9, 2), "m": ["a", "b"]}), "constraints": ["m == 'a' or x < 0.5"]},
        {"objective": [mfgp.maximize("high", reference=0.5), mfgp.target("low", 0.2)]},
        {"stopping": StoppingRule(0.1), "budget": 50, "initial": {"low": 3, "high": 2}, "random_state": 7},
        {"estimator": mfgp.DifferenceGP(sources={"high": ["low"]}, kernel="rbf")},
    ],
)
def test_a_definition_comes_back_from_its_record(build: Build, tmp_path: object, options: dict[str, object]) -> None:
    storage = f"{tmp_path}/campaign.sqlite"
    first = build(**{"estimator": mfgp.MultiTaskGP(), "storage": storage} | options)
    told = first.ask(5)
    loaded = Campaign.load(storage)
    assert repr(loaded) == repr(first)
    pd.testing.assert_frame_equal(loaded.pending, told)
    pd.testing.assert_frame_equal(loaded.ask(4), build(**options, storage="sqlite://").ask(9).iloc[5:])
    build(**{"estimator": mfgp.MultiTaskGP(), "storage": storage} | options)  # finds itself equal


def test_real_estimators_find_the_best(build: Build) -> None:
    campaign = build(estimator=mfgp.DifferenceGP(), budget=110, random_state=2)
    while len(asked := campaign.ask(16)):
        campaign.tell(measured(asked))
    truth = pool().assign(task="high")
    truth["high"] = [value(row) for row in truth.itertuples()]
    best = campaign.best()
    assert truth["high"].rank(ascending=False)[best.index[0]] <= 3
    assert best["lower"].iloc[0] < best["mean"].iloc[0] < best["upper"].iloc[0]
    assert campaign.history.loc[campaign.history["ask"] > 0, ["mean", "lower", "upper"]].notna().any(axis=None)
