"""BoTorch's acquisition functions in campaigns: that they are BoTorch's, and are told the right things."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from botorch.acquisition import LogExpectedImprovement
from scipy.stats import norm

import mfgp
from mfgp import task
from mfgp.errors import NumericsError, ParameterError
from mfgp.expressions.linear import LinearForm
from mfgp.optimization import Box, Campaign, Costs, Decision, Pool
from mfgp.optimization.acquisition.fidelity import MOST, places_of_maximum, shortlist, target_of
from mfgp.optimization.acquisition.hypervolume import reference_point
from mfgp.optimization.acquisition.knowledge_gradient import DiscreteKnowledgeGradient
from mfgp.optimization.acquisition.target_model import TargetModel
from mfgp.optimization.acquisition.view import View
from mfgp.optimization.acquisitions import acquisition

ONE = ["log_ei", "log_nei", "mf_mes", "mf_kg"]
OF_FIDELITIES = ["mf_mes", "mf_kg"]
XS = np.linspace(0.0, 1.0, 31)
LOW, HIGH = slice(0, 31, 5), slice(0, 31, 15)
NOTHING = pd.DataFrame({"x": [], "task": []})


@pytest.fixture(autouse=True)
def nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """BoTorch's hypervolumes in Python: to compile them takes minutes."""
    monkeypatch.setattr("botorch.acquisition.multi_objective.logei._load_attempted", True)


def low(x: np.ndarray) -> np.ndarray:
    return high(x) - 2.0 * (x - 0.5)


def high(x: np.ndarray) -> np.ndarray:
    """Forrester's function, negative, with its best value at 0.757."""
    return -((6 * x - 2) ** 2) * np.sin(12 * x - 4)


def table(scale: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    values = {"low": np.full(31, np.nan), "high": np.full(31, np.nan)}
    values["low"][LOW], values["high"][HIGH] = low(XS[LOW]), high(XS[HIGH])
    Y = scale * pd.DataFrame(values)
    known = Y.notna().any(axis=1)
    return pd.DataFrame({"x": XS})[known], Y[known]


@pytest.fixture(scope="module")
def model() -> mfgp.DifferenceGP:
    return mfgp.DifferenceGP().fit(*table())


def decide(model: Any, objective: Any = None, space: Any = None, **options: Any) -> Decision:
    """Of a pool, unless there is a space, in which what was measured is closed."""
    objectives = objective if isinstance(objective, tuple) else (objective or mfgp.maximize("high"),)
    closed = None
    if space is None:
        space = Pool(pd.DataFrame({"x": XS}, index=[f"c{i}" for i in range(31)]))
        closed = np.zeros((31, 2), dtype=bool)
        closed[LOW, 0], closed[HIGH, 1] = True, True
    costs = Costs.read(options.pop("costs", {"low": 1.0, "high": 10.0}))
    defaults = {"constraints": (), "pending": NOTHING, "closed": closed, "random_state": 3}
    parts = defaults | options
    return Decision(
        model=model, space=space, objectives=objectives, costs=costs, tasks=parts.pop("tasks", ("low", "high")), **parts
    )


def choose(name: str, decision: Decision, count: int = 1) -> pd.DataFrame:
    return acquisition(name).choose(decision, count)


def pairs(chosen: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(chosen.index, chosen["task"], strict=True))


# Laws.


def test_log_ei_is_botorchs(model: mfgp.DifferenceGP) -> None:
    """The incumbent is the mean of the high task where it was measured, though the low one is larger elsewhere."""
    decision = decide(model)
    mean = model.predict(pd.DataFrame({"x": XS[HIGH]}))["high"].max()
    assert mean < np.nanmax(table()[1]["low"])
    by_hand = LogExpectedImprovement(model.model_.subset_output([1]), best_f=mean)
    open_rows = np.flatnonzero(~decision.closed[:, 1])
    with torch.no_grad():
        values = by_hand(torch.from_numpy(XS[open_rows]).view(-1, 1, 1))
    chosen = choose("log_ei", decision)
    assert pairs(chosen) == [(f"c{open_rows[values.argmax()]}", "high")]
    assert chosen["gain"].item() == pytest.approx(values.max().exp().item())
    p = model.predict_distribution(chosen[["x"]])["high"]
    assert chosen["chance"].item() == pytest.approx(norm.sf(mean, p.mean.iloc[0], p.std.iloc[0]), rel=1e-6)


@pytest.mark.parametrize("name", ONE)
def test_to_minimise_the_negative_is_to_maximise(model: mfgp.DifferenceGP, name: str) -> None:
    found = choose(name, decide(model), 2)
    negative = choose(name, decide(model, mfgp.minimize("-high")), 2)
    shifted = choose(name, decide(model, mfgp.maximize("2 * high - 7")), 2)
    assert pairs(found) == pairs(negative) == pairs(shifted)
    np.testing.assert_allclose(negative["gain"], found["gain"], rtol=1e-6)
    np.testing.assert_allclose(shifted["gain"], 2 * found["gain"], rtol=1e-4)


@pytest.mark.parametrize("name", ONE)
def test_units_do_not_matter(model: mfgp.DifferenceGP, name: str) -> None:
    small = mfgp.DifferenceGP().fit(*table(1e-6))
    found = choose(name, decide(model), 2)
    assert pairs(choose(name, decide(small), 2)) == pairs(found)
    cheap = decide(model, costs={"low": 1e-4, "high": 1e-3})
    assert pairs(choose(name, cheap, 2)) == pairs(found)


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("space", [None, Box({"x": (0.0, 1.0)})], ids=["pool", "box"])
def test_the_same_seed_gives_the_same_answer(model: mfgp.DifferenceGP, name: str, space: Box | None) -> None:
    decision = decide(model, space=space)
    torch.manual_seed(1)
    first = choose(name, decision)
    torch.manual_seed(2)
    pd.testing.assert_frame_equal(choose(name, decision), first)


@pytest.mark.parametrize("name", ONE)
def test_what_is_closed_is_never_chosen(model: mfgp.DifferenceGP, name: str) -> None:
    decision = decide(model)
    closed = np.ones_like(decision.closed)
    closed[[3, 8], 1] = False
    left = replace(decision, closed=closed)
    assert set(pairs(choose(name, left, 5))) == {("c3", "high"), ("c8", "high")}
    assert closed.sum() == closed.size - 2
    assert len(choose(name, replace(decision, closed=np.ones_like(closed)), 5)) == 0


@pytest.mark.parametrize("name", ONE)
def test_a_task_that_cannot_be_paid_is_not_chosen(model: mfgp.DifferenceGP, name: str) -> None:
    decision = decide(model)
    chosen = choose(name, replace(decision, tasks=("low",), closed=decision.closed[:, :1]), 2)
    assert set(chosen["task"]) <= {"low"}
    assert len(chosen) == (2 if name in OF_FIDELITIES else 0)


@pytest.mark.parametrize("name", ONE)
def test_what_is_pending_changes_the_choice(model: mfgp.DifferenceGP, name: str) -> None:
    decision = decide(model)
    first = choose(name, decision)
    closed = decision.closed.copy()
    closed[int(first.index[0][1:]), ("low", "high").index(first["task"].iloc[0])] = True
    waiting = replace(decision, pending=first[["x", "task"]], closed=closed)
    informed, ignorant = choose(name, waiting), choose(name, replace(decision, closed=closed))
    assert informed["why"].tolist() != ignorant["why"].tolist()
    if name.startswith("log"):
        assert informed["gain"].item() < ignorant["gain"].item()
    both = choose(name, decision, 2)
    assert both.iloc[0]["why"] == first["why"].iloc[0]
    assert pairs(both)[1] != pairs(both)[0]


@pytest.mark.parametrize("name", OF_FIDELITIES)
def test_the_fidelity_is_a_matter_of_its_cost(model: mfgp.DifferenceGP, name: str) -> None:
    for cost, bought in ((0.1, "low"), (30.0, "high")):
        chosen = choose(name, decide(model, costs={"low": cost, "high": 10.0}))
        assert chosen["task"].item() == bought
        assert chosen["cost"].item() == (cost if bought == "low" else 10.0)


@pytest.mark.parametrize("name", OF_FIDELITIES)
def test_a_low_fidelity_that_tells_nothing_is_not_bought(name: str) -> None:
    unrelated = mfgp.IndependentGP().fit(*table())
    assert set(choose(name, decide(unrelated), 3)["task"]) == {"high"}


@pytest.mark.parametrize("name", OF_FIDELITIES)
def test_costs_of_rows_count(model: mfgp.DifferenceGP, name: str) -> None:
    first = choose(name, decide(model))
    dear = f"1 + 1000 * maximum(0, 0.01 - abs(x - {first['x'].item()}))"
    other = choose(name, decide(model, costs={"low": dear, "high": "10 * (" + dear + ")"}))
    assert pairs(other) != pairs(first)


def test_the_gain_of_the_knowledge_gradient_is_the_closed_form(model: mfgp.DifferenceGP) -> None:
    """After a measurement means are lines in one standard normal; their largest is integrated on a fine grid."""
    view = View(decide(model), "mf_kg")
    target = target_of(view)
    places = torch.from_numpy(XS).unsqueeze(-1)
    rows = torch.tensor([[0.3, 0.0], [0.7, 0.0], [0.8, 1.0]]).double()
    found = DiscreteKnowledgeGradient(target, places)(rows.unsqueeze(-2)).detach().numpy()
    joint = model.model_.posterior(torch.cat([torch.cat([places, torch.ones_like(places)], -1), rows])).distribution
    mean, covariance = joint.mean.detach().numpy(), joint.covariance_matrix.detach().numpy()
    noise = model.noise_.to_numpy()[rows[:, 1].int()]
    z = np.linspace(-8, 8, 4001)
    for place in range(3):
        slope = covariance[:31, 31 + place] / np.sqrt(covariance[31 + place, 31 + place] + noise[place] ** 2)
        largest = (mean[:31, None] + slope[:, None] * z).max(axis=0)
        expected = np.trapezoid(largest * norm.pdf(z), z) - mean[:31].max()
        assert target.scale * found[place] == pytest.approx(expected, rel=0.05, abs=0.01 * abs(slope).max())


def test_a_target_of_several_tasks_is_their_function(model: mfgp.DifferenceGP) -> None:
    target = TargetModel(model.model_, LinearForm({0: -1.5, 1: 2.0}, 3.0))
    x = torch.rand(4, 2, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    aimed = target.posterior(target.at_target(x))
    transform = (2 * task("high") - 1.5 * task("low") + 3).posterior_transform(["low", "high"])
    expected = model.model_.posterior(x, posterior_transform=transform)
    torch.testing.assert_close(aimed.mean * target.scale, expected.mean)
    found = aimed.distribution.covariance_matrix * target.scale**2
    torch.testing.assert_close(found, expected.distribution.covariance_matrix, rtol=1e-6, atol=1e-9)


def test_a_target_is_correlated_with_its_tasks(model: mfgp.DifferenceGP) -> None:
    inner, x = model.model_, torch.tensor([[0.13]]).double()
    target = TargetModel(inner, LinearForm({0: -1.0, 1: 1.0}, 0.0))
    rows = torch.cat([torch.cat([x, torch.tensor([[float(t)]])], -1) for t in (0, 1, target.target)])
    found = target.posterior(rows).distribution.covariance_matrix
    covariance = inner.joint(x).covariance[0]
    units = inner.outcome_transform.stdvs
    expected = (covariance[:, 1] - covariance[:, 0]) / units / target.scale
    torch.testing.assert_close(found[:2, 2], expected, rtol=1e-6, atol=1e-9)
    noisy = target.posterior(rows, observation_noise=True).distribution.covariance_matrix
    noise = torch.cat([inner.likelihood.task_variance().detach(), torch.zeros(1).double()])
    torch.testing.assert_close(noisy - found, torch.diag(noise), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", ["log_ei", "mf_mes"])
def test_a_difference_of_tasks_is_optimised(model: mfgp.DifferenceGP, name: str) -> None:
    """Of high - low, which is 2 (x - 0.5), the best row is the last."""
    chosen = choose(name, decide(model, mfgp.maximize("high - low")), 2)
    assert chosen["x"].max() > 0.85
    if name == "log_ei":
        assert set(choose(name, decide(model, mfgp.minimize("high - low"), tasks=("low", "high")), 2)["task"]) == {
            "low",
            "high",
        }


@pytest.mark.parametrize("name", ["log_ei", "log_nei"])
def test_constraints_are_learned(model: mfgp.DifferenceGP, name: str) -> None:
    """The low task is below 3 where the high one is not at its best, and is measured too, as it decides."""
    nothing_closed = np.zeros((31, 2), dtype=bool)
    free = choose(name, decide(model, closed=nothing_closed), 2)
    limited = choose(name, decide(model, constraints=(task("low") < 3.0,), closed=nothing_closed), 2)
    assert high(free["x"].iloc[0]) > 5.0
    assert set(free["task"]) == {"high"}
    assert low(limited["x"].iloc[0]) < 3.0
    assert pairs(limited) == [(limited.index[0], "high"), (limited.index[0], "low")]


def test_where_no_row_is_feasible_the_likely_ones_are_looked_at(model: mfgp.DifferenceGP) -> None:
    limited = choose("log_ei", decide(model, constraints=(task("low") > 5.5,)))
    assert low(limited["x"].to_numpy()).item() > 4.5


def test_a_target_value_is_come_near(model: mfgp.DifferenceGP) -> None:
    for name in ("log_ei", "log_nei"):
        chosen = choose(name, decide(model, mfgp.target("high", 3.0)))
        assert abs(high(chosen["x"].to_numpy()).item() - 3.0) < 1.5


def test_several_objectives(model: mfgp.DifferenceGP) -> None:
    """The best values of high and of -low are at 0.76 and at 1: nothing below 0.6 is on the front but by chance."""
    several = (mfgp.maximize("high", reference=-16.0), mfgp.minimize("low"))
    decision = decide(model, several)
    chosen = choose("log_nehvi", decision, 2)
    assert (chosen["x"] > 0.6).all()
    assert (chosen["gain"] > 0.0).all()
    reference = reference_point(View(decision, "log_nehvi"))
    assert reference[0].item() == -16.0
    assert reference[1].item() < -np.nanmin(table()[1]["low"])
    limited = choose("log_nehvi", decide(model, several, constraints=(task("low") < -5.0,)))
    assert low(limited["x"].to_numpy()).item() < 0.0


# Spaces.


@pytest.mark.parametrize("name", ONE)
def test_a_box_is_searched_between_its_points(model: mfgp.DifferenceGP, name: str) -> None:
    costs = {"low": 1.0, "high": 1.0}
    here = choose(name, decide(model, space=Box({"x": (0.0, 1.0)}), costs=costs))
    there = choose(name, decide(model, costs=costs, closed=np.zeros((31, 2), dtype=bool)))
    assert here["x"].item() not in XS
    assert abs(here["x"].item() - there["x"].item()) < 0.1
    if name.startswith("log"):
        assert here["gain"].item() >= 0.999 * there["gain"].item()


@pytest.mark.parametrize("name", ONE)
def test_known_constraints_hold_in_a_box(model: mfgp.DifferenceGP, name: str) -> None:
    box = Box({"x": (0.0, 1.0)}, [mfgp.parse("abs(x - 0.757) > 0.1")])
    chosen = choose(name, decide(model, space=box), 2)
    assert (abs(chosen["x"] - 0.757) > 0.1).all()


@pytest.mark.parametrize("name", ["log_ei", "mf_kg"])
def test_whole_numbers_and_categories_in_a_box(name: str) -> None:
    box = Box({"x": (0.0, 1.0), "layers": range(1, 4), "metal": ["Cu", "Ni"]})
    rows = box.sample(24, 0)
    value = np.sin(3 * rows["x"]) + 0.5 * rows["layers"] + (rows["metal"] == "Ni")
    Y = pd.DataFrame({"low": value, "high": (value + 0.1 * rows["x"]).where(rows.index < 10)})
    model = mfgp.MultiTaskGP().fit(rows, Y)
    pending = rows.iloc[:0].assign(task=[])
    chosen = choose(name, decide(model, space=box, pending=pending), 1)
    assert chosen["layers"].item() in (1.0, 2.0, 3.0)
    assert chosen["metal"].item() in ("Cu", "Ni")
    assert set(chosen.columns) == {"x", "layers", "metal", "task", "gain", "cost", "chance", "why"}
    if name.startswith("log"):
        assert chosen[["layers", "metal"]].to_numpy().tolist() == [[3.0, "Ni"]]


@pytest.mark.parametrize("boxed", [True, False])
def test_rows_outside_the_space_are_no_rivals(model: mfgp.DifferenceGP, boxed: bool) -> None:
    """The best value is at 0.757, which was told of, but is no candidate."""
    half = pd.DataFrame({"x": XS[XS <= 0.55]})
    space: Box | Pool = Box({"x": (0.0, 0.55)}) if boxed else Pool(half)
    closed = None if boxed else np.zeros((len(half), 2), dtype=bool)
    view = View(decide(model, space=space, closed=closed), "log_ei")
    assert view.measured.max() <= 0.55
    assert places_of_maximum(view, target_of(view)).max() <= 0.55
    best = view.best(view.objective.utility)
    assert best == pytest.approx(model.predict(pd.DataFrame({"x": XS[HIGH][:2]}))["high"].max())
    nothing = replace(view.decision, space=Box({"x": (0.91, 0.92)}), closed=None)
    assert len(View(nothing, "log_ei").measured) == len(view.maximum.train_inputs[0][:, :-1].unique(dim=0))
    assert places_of_maximum(View(nothing, "log_ei"), target_of(view)).min() >= 0.91


@pytest.mark.parametrize("boxed", [True, False])
def test_rows_a_rounding_away_from_the_space_are_rivals(boxed: bool) -> None:
    """What is gained is over the best that was measured, which text of seven digits has moved off the candidate."""
    inputs, values = table()
    rounded = inputs * (1.0 + 1e-7)
    last = float(XS[HIGH][1])
    space = Box({"x": (0.0, last)}) if boxed else Pool(pd.DataFrame({"x": XS}))
    closed = None if boxed else np.zeros((31, 2), dtype=bool)
    found = [
        View(decide(mfgp.DifferenceGP().fit(rows, values), space=space, closed=closed), "log_ei")
        for rows in (inputs, rounded)
    ]
    assert [len(view.measured) for view in found] == [2 if boxed else 3] * 2
    exact, near = (view.best(view.objective.utility) for view in found)
    assert near == pytest.approx(exact, abs=1e-3)


def test_a_large_pool_is_looked_at_in_part(model: mfgp.DifferenceGP) -> None:
    many = np.linspace(0.0, 1.0, 3 * MOST)
    pool = Pool(pd.DataFrame({"x": many}))
    decision = decide(model, space=pool, closed=np.zeros((len(many), 2), dtype=bool))
    view = View(decision, "mf_kg")
    among = shortlist(view, target_of(view))
    assert len(set(among)) == MOST
    assert abs(many[among] - 0.757).min() < 1.0 / len(many)
    chosen = choose("mf_kg", decision)
    assert chosen.index[0] in among
    assert pool.frame.loc[chosen.index[0], "x"] == chosen["x"].item()


@pytest.mark.parametrize("name", ONE)
def test_averages_over_the_hyperparameters(model: mfgp.DifferenceGP, name: str) -> None:
    """An average over equal members is what one of them is."""
    average = copy(model)
    average.predictive_model_ = mfgp.TaskGPEnsemble(model.model_, [deepcopy(model.model_) for _ in range(2)])
    found, expected = (choose(name, decide(each), 2) for each in (average, model))
    assert pairs(found)[0] == pairs(expected)[0]
    np.testing.assert_allclose(found["gain"].iloc[0], expected["gain"].iloc[0], rtol=1e-2)


@pytest.mark.parametrize("name", ["log_ei", "mf_mes", "mf_kg"])
def test_in_a_campaign(name: str) -> None:
    pool = pd.DataFrame({"x": XS}, index=[f"c{i}" for i in range(31)])
    X, Y = table()
    campaign = Campaign(
        mfgp.DifferenceGP(),
        pool,
        mfgp.maximize("high"),
        {"low": 1.0, "high": 10.0},
        storage="sqlite://",
        acquisition=name,
        data=pd.concat([X, Y], axis=1),
    )
    for _ in range(3):
        asked = campaign.ask()
        values = [{"low": low, "high": high}[row.task](row.x) for row in asked.itertuples()]
        campaign.tell(asked.assign(value=values))
    assert high(campaign.best()["x"].to_numpy()).item() > 5.9


# Complaints.


def complain(name: str, decision: Decision, message: str, error: type[Exception] = ParameterError) -> None:
    with pytest.raises(error, match=message):
        choose(name, decision)


@pytest.mark.parametrize("name", ONE)
def test_several_objectives_want_a_volume(model: mfgp.DifferenceGP, name: str) -> None:
    several = (mfgp.maximize("high"), mfgp.minimize("low"))
    complain(name, decide(model, several), f"'{name}' is for one objective, but there are 2; take .*'log_nehvi'")


def test_a_volume_wants_several_objectives(model: mfgp.DifferenceGP) -> None:
    complain("log_nehvi", decide(model), "'log_nehvi' is for several objectives, but there is one; take .*'log_nei'")


@pytest.mark.parametrize("name", OF_FIDELITIES)
def test_what_choosers_of_fidelities_cannot_do(model: mfgp.DifferenceGP, name: str) -> None:
    message = rf"'{name}' is for a linear function of the tasks, but target\(high, 1\) is none; take .*'log_nei'"
    complain(name, decide(model, mfgp.target("high", 1.0)), message)
    message = (
        rf"'{name}' knows no constraints on tasks, but there is low < 3; take .*'log_nei', or leave the constraint"
    )
    complain(name, decide(model, constraints=(task("low") < 3,)), message)


@pytest.mark.parametrize("name", [*ONE, "log_nehvi"])
def test_models_that_are_none_of_botorchs(name: str) -> None:
    cascade = mfgp.CascadeGP().fit(*table())
    message = f"'{name}' asks BoTorch, which a CascadeGP is no model for; take an architecture with one TaskGP"
    complain(name, decide(cascade, (mfgp.maximize("high"), mfgp.minimize("low"))[: 1 + (name == "log_nehvi")]), message)


@pytest.mark.parametrize("name", ONE)
def test_labels(name: str) -> None:
    X, Y = table()
    labelled = mfgp.MultiTaskGP().fit(X, Y.assign(low=np.where(X["x"] < 0.5, "left", "right")))
    message = f"'{name}' is for numbers, but 'low' holds labels; leave it out of the objective and the constraints"
    complain(name, decide(labelled, constraints=(task("low") == "left",)), message)


def test_an_objective_without_a_value(model: mfgp.DifferenceGP) -> None:
    message = r"the acquisition function is no number anywhere; .* write log\(maximum\(a, 1e-6\)\)"
    complain("log_nei", decide(model, mfgp.maximize("log(high - 100)")), message, NumericsError)
