"""Every complaint says what came, what was expected, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mfgp
from mfgp import Campaign, maximize, minimize, target
from mfgp.errors import ColumnError, DataError, DataTypeError, DependencyError, MfgpError, ParameterError
from mfgp.optimization import Box, Costs, Pool, StoppingRule
from tests.optimization.conftest import Build, measured, pool

Case = tuple[Callable[[], Any], type[MfgpError], str]


def case(name: str, act: Callable[[], Any], error: type[MfgpError], message: str) -> Any:
    return pytest.param(act, error, message, id=name)


def with_inputs(**inputs: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(inputs)


OBJECTIVES = [
    case("condition", lambda: maximize("a > 1"), DataTypeError, "a > 1 is a condition, which holds or does not; give"),
    case("number", lambda: minimize(3), DataTypeError, "3 of type int is no quantity; write minimize(mfgp.task('a'))"),
    case("constant", lambda: maximize("1 + 2"), ParameterError, "1 + 2 is the same for every row; name a task in it"),
    case("value", lambda: target("a", None), ParameterError, "value=None, expected a finite number"),
    case("infinite", lambda: target("a", np.inf), ParameterError, "value=inf, expected a finite number in the unit of"),
    case(
        "reference", lambda: maximize("a", reference=np.nan), ParameterError, "reference=nan, expected a finite number"
    ),
]
POOLS = [
    case("no frame", lambda: Pool([1]), DataTypeError, "a pool is made of a pandas.DataFrame, but a list came"),
    case("empty", lambda: Pool(pool()[:0]), DataError, "a pool of the shape (0, 2) has nothing to choose from; give a"),
    case("label", lambda: Pool(with_inputs(x=[1, 2]).set_axis([0.5, 1.5])), DataTypeError, "has the label 0.5 of type"),
    case("twice", lambda: Pool(with_inputs(x=[1, 2]).set_axis(["a", "a"])), DataError, "the label 'a' and 0 others"),
    case(
        "labels",
        lambda: Pool(with_inputs(x=[1.0, 2.0]).set_axis(["a", "a"])),
        DataError,
        "the label 'a' and 0 others stand for more than one candidate; give each its own",
    ),
    case(
        "missing", lambda: Pool(with_inputs(x=[1, None])), DataError, "1 of 2 candidates lack an input, first 1; fill"
    ),
    case(
        "levels", lambda: Pool(with_inputs(x=["a", 2])), ColumnError, "has the level 2 beside text; write .astype(str)"
    ),
    case(
        "columns", lambda: Pool(pd.DataFrame([[1, 2]], columns=["a", "a"])), ColumnError, "the pool has 'a' more than"
    ),
    case("path", lambda: Pool.read("nowhere.csv"), DataError, "nowhere.csv cannot be read as a pool ("),
    case(
        "none meets",
        lambda: Pool(pool()).where([mfgp.task("x") > 5]),
        DataError,
        "no candidate meets x > 5; leave a constraint out, or give more candidates",
    ),
    case(
        "number as level",
        lambda: Pool(pool()).where([mfgp.task("x") == "Cu"]),
        ColumnError,
        "x == 'Cu' asks 'x' for its level, but it is a number; compare it by < or >",
    ),
    case(
        "level as number",
        lambda: Pool(with_inputs(m=["a", "b"])).where([mfgp.task("m") > 1]),
        ColumnError,
        "m > 1 takes 'm' for a number, but it is a category; write m == '...'",
    ),
]
BOXES = [
    case("no mapping", lambda: Box([1]), DataTypeError, "a box is made of a mapping, but a list came: write Box({"),
    case("empty", lambda: Box({}), ParameterError, "the box has no input; write Box({'radius': (0.5, 2.0)})"),
    case("range", lambda: Box({"n": range(1)}), ParameterError, "'n' is range(0, 1), expected two whole numbers or"),
    case("order", lambda: Box({"x": (2, 1)}), ParameterError, "'x' is (2, 1), expected two finite numbers, the lower"),
    case(
        "levels", lambda: Box({"m": ["a", "a"]}), ParameterError, "'m' is ['a', 'a'], expected two categories or more"
    ),
    case(
        "kind", lambda: Box({"x": 3}), DataTypeError, "'x' is 3, expected a tuple of two numbers, such as (0.5, 2.0),"
    ),
    case("condition", lambda: Box({"x": (0, 1)}, [mfgp.task("z") > 1]), ColumnError, "there is no task 'z'"),
    case(
        "nothing left",
        lambda: Box({"x": (0, 1)}, [mfgp.task("x") > 2]).sample(3, 0),
        DataError,
        "0 of 131072 points of the box meet x > 2, and 3 were wanted; narrow the box to where they hold",
    ),
]
ROW = with_inputs(x=[0.5])
COSTS = [
    case("no mapping", lambda: Costs.read(3), DataTypeError, "costs is a int, expected a cost for each task: write"),
    case("empty", lambda: Costs.read({}), ParameterError, "costs is empty; write the cost of each task, such as"),
    case(
        "kind", lambda: Costs.read({"a": [1]}), DataTypeError, "the cost of 'a' is [1] of type list, expected a number"
    ),
    case("sign", lambda: Costs.read({"a": -1}), ParameterError, "the cost of 'a' is -1, expected a positive, finite"),
    case(
        "task", lambda: Costs.read({"a": 1}).of(ROW, "b"), ColumnError, "there is no cost of 'b'; the tasks with costs"
    ),
    case(
        "raises",
        lambda: Costs.read({"a": lambda row: row["z"]}).of(ROW, "a"),
        DataError,
        "the cost of 'a' is a function that raises KeyError: 'z' at {'x': 0.5}; it is called with a Series",
    ),
    case("value", lambda: Costs.read({"a": "x - 1"}).of(ROW, "a"), DataError, "the cost of 'a' is -0.5 at {'x': "),
    case(
        "function",
        lambda: Costs.read({"a": lambda row: 0.0}).of(ROW, "a"),
        DataError,
        "and so in 1 of 1 rows; give a cost",
    ),
]
RULES = [
    case("rate", lambda: StoppingRule(0.0), ParameterError, "gain_per_cost=0.0, expected a positive number, in the"),
    case("patience", lambda: StoppingRule(0.1, 0), ParameterError, "patience=0, expected a whole number from 1 on"),
]


@pytest.mark.parametrize("act, error, message", [*OBJECTIVES, *POOLS, *BOXES, *COSTS, *RULES])
def test_parts(act: Callable[[], Any], error: type[MfgpError], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        act()


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"estimator": 3}, DataTypeError, "estimator is 3, expected an estimator of this package, such as mfgp.Diff"),
        (
            {"space": 3},
            DataTypeError,
            "space is a int, expected candidates (a pandas.DataFrame, the path of a file, or",
        ),
        ({"objective": "high"}, DataTypeError, "objective is 'high', expected mfgp.maximize(...), mfgp.minimize(...)"),
        ({"objective": []}, ParameterError, "objective is an empty list; write mfgp.maximize('...')"),
        ({"objective": maximize("higher")}, ColumnError, "there is no task 'higher'"),
        (
            {"objective": maximize("high - x")},
            ColumnError,
            "high - x uses the input 'x' beside tasks; write conditions",
        ),
        ({"constraints": "low + 1"}, DataTypeError, "the constraint 'low + 1' is no condition; compare something"),
        ({"constraints": ["low > x"]}, ColumnError, "low > x uses the input 'x' beside tasks"),
        (
            {"constraints": ["xx > 5"]},
            ColumnError,
            "there is no task 'xx'; the tasks are ['low', 'high'], nor such an input; these are 'x', 'y', in xx > 5",
        ),
        ({"costs": {"low": 1, "high": "x - 2"}}, DataError, "the cost of 'high' is -1."),
        ({"constraints": ["hihg > 5"]}, ColumnError, "there is no task 'hihg' (did you mean 'high'?); the tasks are"),
        (
            {"acquisition": "ei"},
            ParameterError,
            "there are 'gain', 'log_ei', 'log_nehvi', 'log_nei', 'mf_kg', 'mf_mes'",
        ),
        (
            {"costs": {"low": "2 * z", "high": 1}},
            ColumnError,
            "the cost of 'low', 2 * z, names 'z'; the inputs are",
        ),
        ({"costs": {"low": 1, "high": 1, "x": 2}}, ColumnError, "'x' is an input and has a cost as a task; leave it"),
        ({"costs": {"high": 1, 3: 1}}, ColumnError, "the task 3 is no text, as which a campaign stores names; rename"),
        (
            {"space": pool().rename(columns={"x": "mean"})},
            ColumnError,
            "the input 'mean' has the name of a column that",
        ),
        ({"budget": -1}, ParameterError, "budget=-1, expected a positive number in the unit of the costs, or None"),
        ({"stopping": 0.1}, DataTypeError, "stopping=0.1, expected mfgp.optimization.StoppingRule(gain_per_cost=...)"),
        ({"random_state": -1}, ParameterError, "random_state=-1, expected a whole number from 0 on"),
        ({"acquisition": "best"}, ParameterError, "there is no acquisition 'best'; there are"),
        ({"acquisition": 3}, DataTypeError, "acquisition is a int, expected a name, such as 'gain', or an object"),
        ({"initial": "few"}, DataTypeError, "initial='few', expected a number of rows, or one for each task"),
        ({"initial": {"low": 3}}, ParameterError, "initial is for 'low', but the tasks are 'low', 'high'; name each"),
        ({"initial": 0}, ParameterError, "initial has 0, expected whole numbers from 1 on: a fit needs values of each"),
        ({"storage": 3}, DataTypeError, "storage is a int, expected the path of a file, or a URL of SQLAlchemy"),
        ({"storage": "no such://x"}, DataError, "; write a file, or dialect://host/database"),
        (
            {"storage": "/nowhere/at/all.sqlite"},
            DataError,
            "cannot be opened (unable to open database file); give a path",
        ),
        ({"storage": "nosuch://host/db"}, DependencyError, "needs a driver that is not installed"),
    ],
)
def test_campaigns(build: Build, options: dict[str, Any], error: type[MfgpError], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        build(**options)


SEVERAL = [maximize("high"), minimize("low")]


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("gain", {"estimator": mfgp.CascadeGP()}, "the expected gain needs covariances between rows, which a CascadeG"),
        ("gain", {"constraints": "low == 'red'"}, "the expected gain is one of numbers, but the label 'low' is asked"),
        ("log_ei", {"estimator": mfgp.CascadeGP()}, "'log_ei' asks BoTorch, which a CascadeGP is no model for; take"),
        ("log_nei", {"constraints": "low == 'red'"}, "'log_nei' is for numbers, but 'low' holds labels; leave it out"),
        ("log_ei", {"objective": SEVERAL}, "'log_ei' is for one objective, but there are 2; take acquisition='log_"),
        ("log_nehvi", {}, "'log_nehvi' is for several objectives, but there is one; take acquisition='log_nei', or"),
        ("log_nehvi", {"objective": SEVERAL, "estimator": mfgp.CascadeGP()}, "'log_nehvi' asks BoTorch, which a Casc"),
        ("mf_mes", {"constraints": "low < 3"}, "'mf_mes' knows no constraints on tasks, but there is low < 3; take"),
        ("mf_kg", {"objective": SEVERAL}, "'mf_kg' is for one objective, but there are 2; take acquisition='log_neh"),
        ("mf_kg", {"objective": target("high", 1)}, "'mf_kg' is for a linear function of the tasks, but target(high,"),
    ],
)
def test_what_cannot_work_is_refused_before_the_start_is_paid(
    tmp_path: Path, name: str, options: dict[str, Any], message: str
) -> None:
    defaults: dict[str, Any] = {"estimator": mfgp.DifferenceGP(), "objective": maximize("high"), "space": pool()}
    storage = tmp_path / "campaign.sqlite"
    with pytest.raises(ParameterError, match=re.escape(message)):
        Campaign(**defaults | options, costs={"low": 1, "high": 10}, storage=storage, acquisition=name)
    assert not storage.exists()


@pytest.mark.parametrize("estimator", [mfgp.DifferenceGP, mfgp.CascadeGP])
def test_a_chain_through_a_task_of_constraints_has_to_be_meant(build: Build, estimator: Any) -> None:
    def begun(tasks: str, **options: Any) -> Campaign:
        defaults = {"estimator": estimator(), "constraints": "loss < 0.1"}
        return build(**defaults | {"costs": dict.fromkeys(tasks.split(), 1)} | options)

    with pytest.raises(ParameterError) as complaint:
        begun("low loss high")
    message = str(complaint.value)
    assert f"'loss' is a task of constraints alone, and a {estimator.__name__} would compute the next task" in message
    cures = [{"high": ["low"]}, {"loss": ["low"], "high": ["loss"]}]
    for sources in cures:
        assert f"by sources={sources} if it is" in message
        begun("low loss high", estimator=estimator(sources=sources))
    begun("low loss high", estimator=mfgp.MultiTaskGP())
    begun("low loss high", objective=maximize("high - loss"))
    begun("loss low high")
    begun("low high loss")


def lines(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"x": [0.1], "y": [0.2], **columns})


@pytest.mark.parametrize(
    "frame, error, message",
    [
        ([1], DataTypeError, "tell takes a pandas.DataFrame, but a list came: write campaign.tell(asked.assign("),
        (lines(z=[1]), ColumnError, "what is told has the columns 'x', 'y', 'z'; give what ask() gave with a column"),
        (lines(task=["mid"], value=[1]), DataError, "row 0 is of the task 'mid'; the tasks are 'low', 'high'"),
        (
            lines(task=["low"], value=[np.nan]),
            DataError,
            "row 0 has no value and no reason; write why it failed in the",
        ),
        (
            lines(task=["low"], value=[1.0], reason=["broke"]),
            DataError,
            "row 0 has the value 1.0 and a reason of failur",
        ),
        (lines(task=["low"], value=[np.inf]), DataError, "row 0 has an infinite value of 'low'; tell a failure by an"),
        (lines(task=["low"], value=[{}]), DataError, "row 0 has the value {}, which is neither a number nor a class"),
        (
            lines(task=["low"], value=[1.0], noise=[-1.0]),
            DataError,
            "row 0 has the noise -1.0, expected a number that is",
        ),
        (
            lines(task=["low"], value=["red"]),
            DataError,
            "row 0 tells a class of 'low', 'red'; it has numbers so far, so tell one of those, or no value and a",
        ),
        (
            lines(task=["high"], value=["n/a"]),
            DataError,
            "row 0 tells a class of 'high', 'n/a'; the campaign asks for numbers, so tell one of those, or no value",
        ),
        *(
            (
                lines(task=[task], value=[text]),
                DataError,
                f"row 0 tells the text {text!r} of {task!r}; write numbers as",
            )
            for task, text in (("high", "1.5"), ("high", "1,5"), ("low", "-2e3"))
        ),
        (
            lines(candidate=["c3"], high=[1.0]),
            DataError,
            "row 0 is of the candidate 'c3' and has the inputs [0.1, 0.2]; that candidate has [0.948",
        ),
        (
            pd.DataFrame({"x": [1.0], "low": [1.0]}),
            ColumnError,
            "what is told lacks the inputs 'y'; give all of 'x', 'y'",
        ),
        (lines(x=[None], low=[1.0]), DataError, "1 of 1 rows of what is told lack an input, first row 0; fill it in"),
        (lines(x=["a"], low=[1.0]), ColumnError, "column 'x' of what is told holds text"),
        (
            lines(candidate=["c99"], low=[1.0]),
            DataError,
            "there is no candidate 'c99'; to tell of a row outside the pool",
        ),
        (
            lines(candidate=[3], low=[1.0]),
            DataError,
            "there is no candidate 3, for labels are text: read them by dtype={'candidate': str}; to tell of",
        ),
        (lines(trial=[99], value=[1.0]), DataError, "row 0 is of trial 99, which there is not: they go from 0 to 5"),
        (
            lines(trial=[0.5], value=[1.0]),
            DataError,
            "row 0 has the trial 0.5, expected a whole number, as ask() gives",
        ),
        (lines(trial=["a"], value=[1.0]), DataError, "row 0 has the trial a, expected a whole number"),
        (lines(trial=[None], value=[1.0]), ColumnError, "what is told has lines without a trial, and no column 'task'"),
        (
            lines(trial=[0], task=["high"], value=[1.0]),
            DataError,
            "row 0 is of trial 0 and the task 'high'; that trial is of",
        ),
        (
            lines(trial=[0], value=[1.0]),
            DataError,
            "row 0 is of trial 0 and has 0.1 as 'x'; that trial has ",
        ),
        (
            with_inputs(trial=[0], value=[77.0]),
            DataError,
            "tells 77.0; to replace it, write campaign.withdraw([0], reason='...') first",
        ),
        (with_inputs(trial=[0], value=[None], reason=["lost"]), DataError, "tells a failure; to replace it, write"),
        (with_inputs(trial=[5], value=[1.0]), DataError, "trial 5 was told as failed (it broke), and row 0 tells 1.0"),
        (pd.DataFrame([[1, 2]], columns=["low", "low"]), ColumnError, "what is told has 'low' more than once"),
    ],
)
def test_what_is_told(build: Build, frame: Any, error: type[MfgpError], message: str) -> None:
    campaign = build()
    asked = measured(campaign.ask(6))
    asked.loc[5, "value"], asked["reason"] = np.nan, [None] * 5 + ["it broke"]
    campaign.tell(asked)
    before = campaign.history
    with pytest.raises(error, match=re.escape(message)):
        campaign.tell(frame)
    pd.testing.assert_frame_equal(campaign.history, before)


@pytest.mark.parametrize("trials", ["12", [1.5], "a", ["1"], True, None, 1.0, b"1", [[1]]])
def test_only_whole_numbers_are_withdrawn(build: Build, trials: Any) -> None:
    campaign = build()
    campaign.tell(measured(campaign.ask(4)))
    with pytest.raises(DataTypeError, match="a trial is withdrawn by its number, but .* came; write campaign.withdraw"):
        campaign.withdraw(trials, "a mistake")
    assert (campaign.history["state"] == "measured").all()
    campaign.withdraw(np.array([1, 2]), "as asked")
    assert campaign.history.index[campaign.history["state"] == "withdrawn"].tolist() == [1, 2]


def test_equal_candidates_have_to_be_named(build: Build) -> None:
    campaign = build(space=pd.DataFrame({"x": [0.1, 0.1], "y": 0.0}, index=["a", "b"]))
    with pytest.raises(DataError, match=re.escape("the candidates 'a', 'b' all have the inputs [0.1, 0.0]; say which")):
        campaign.tell(pd.DataFrame({"x": [0.1], "y": [0.0], "low": [1.0]}))
    told = campaign.tell(pd.DataFrame({"candidate": ["b"], "low": [1.0]}))
    assert told["outcome"].tolist() == ["added"]
    assert campaign.history["candidate"].tolist() == ["b"]


def test_levels_are_text(build: Build) -> None:
    campaign = build(space=pool().assign(metal=["Cu", "Ni"] * 15))
    with pytest.raises(ColumnError, match=re.escape("column 'metal' of what is told holds 3, expected text, such as")):
        campaign.tell(lines(metal=[3], low=[1.0]))
    campaign.tell(lines(metal=["Ag"], low=[1.0]))  # a level that the pool does not have
    assert campaign.history["metal"].tolist() == ["Ag"]


def test_calls(build: Build) -> None:
    campaign = build()
    with pytest.raises(ParameterError, match="n=0, expected a whole number from 1 on"):
        campaign.ask(0)
    with pytest.raises(ParameterError, match="reason='', expected text that says why"):
        campaign.withdraw([0], "")
    with pytest.raises(DataError, match="there is no trial 0, so it cannot be withdrawn; there are 0 from 0 on"):
        campaign.withdraw([0], "lost")
    with pytest.raises(DataError, match="there is no value of 'low', 'high' to learn from yet; ask"):
        campaign.best()
    with pytest.raises(DataError, match="there is no value of 'low', 'high' to learn from yet; ask"):
        _ = campaign.model


class Wrong:
    """An acquisition that gives a frame as it is told."""

    def __init__(self, **columns: Any) -> None:
        self.columns = columns

    def choose(self, decision: Any, count: int) -> pd.DataFrame:
        frame = decision.space.frame.iloc[:1].assign(task="low", gain=1.0, cost=1.0, chance=1.0, why="so")
        if "index" in self.columns:
            return frame.set_axis(self.columns["index"])
        return frame.assign(**self.columns) if self.columns else frame.drop(columns=["gain"])


@pytest.mark.parametrize(
    "columns, message",
    [
        ({}, "what Wrong.choose gave lacks the columns 'gain'; give all of 'x', 'y', 'task', 'gain', 'cost'"),
        ({"task": "mid"}, "Wrong.choose gave the task 'mid'; now can be measured 'low', 'high'"),
        ({"index": ["c99"]}, "Wrong.choose gave 'c99', which is no candidate; its index has to hold their labels"),
        ({"why": "again"}, "Wrong.choose gave 'c0' and 'low', which is closed, or came twice"),
    ],
)
def test_what_an_acquisition_gives(build: Build, columns: dict[str, Any], message: str) -> None:
    campaign = build(acquisition=Wrong(**columns), data=pool().iloc[:6].assign(low=1.0, high=2.0))
    with pytest.raises(MfgpError, match=re.escape(message)):
        campaign.ask()
