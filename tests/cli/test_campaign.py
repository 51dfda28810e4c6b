from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mfgp import Campaign
from tests.cli.conftest import Run

NEW = (
    "campaign",
    "new",
    "pool.csv",
    "--label",
    "name",
    "--cost",
    "low=1",
    "--cost",
    "high=10 + a",
    "--maximize",
    "high",
)


@pytest.fixture(autouse=True)
def pool(run: Run) -> None:
    rng = np.random.default_rng(3)
    pd.DataFrame({"name": [f"s{i}" for i in range(12)], "a": rng.random(12), "b": rng.random(12)}).to_csv(
        "pool.csv", index=False
    )


def fill(name: str = "ask.csv") -> pd.DataFrame:
    frame = pd.read_csv(name)
    frame["value"] = np.sin(4 * frame.a) + frame.b
    return frame


def test_a_campaign_from_files(run: Run) -> None:
    begun = run(*NEW, "--budget", 60, "--constraint", "a < 0.9")
    assert begun.exit_code == 0, begun.output
    assert "60 left; it goes on, in campaign.sqlite" in begun.stderr
    asked = run("campaign", "ask", "-n", 6)
    assert asked.exit_code == 0, asked.output
    assert "6 measurements written to ask.csv" in asked.stderr
    answer = fill()
    answer["value"] = answer["value"].where(answer.index < 5)
    answer.to_csv("ask.csv", index=False)
    told = run("campaign", "tell", "ask.csv")
    assert "1 of 6 lines have no value yet" in told.stderr
    assert "5 measured; Campaign 'campaign': 5 measured, 1 pending" in told.stderr
    again = run("campaign", "tell", "ask.csv")
    assert "5 known already" in again.stderr
    answer["reason"] = answer["reason"].astype(object)
    answer.loc[5, "reason"] = "it melted"
    answer.to_csv("ask.csv", index=False)
    assert "5 known already, 1 failed" in run("campaign", "tell", "ask.csv").stderr
    state = run("campaign", "status", "--out", "history.csv")
    assert "5 measured, 0 pending, 1 failed" in state.stdout
    assert Campaign.load("campaign.sqlite").best().index[0] in state.stdout
    history = pd.read_csv("history.csv")
    np.testing.assert_allclose(history["value"].iloc[:5], answer["value"].iloc[:5], rtol=1e-15)
    assert history["reason"].iloc[5] == "it melted"


def test_a_box_with_values_that_exist(run: Run) -> None:
    frame = pd.read_csv("train.csv").assign(kind=["x", "y"] * 12).rename(columns={"name": "compound"})
    frame.to_csv("old.csv", index=False)
    begun = run(
        *(
            "campaign",
            "new",
            "--range",
            "a=0:1",
            "--whole",
            "n=1:5",
            "--levels",
            "kind=x,y",
            "--target",
            "high - low=0.3",
        ),
        *("--cost", "low=1", "--cost", "high=5", "--name", "box", "--minimize", "low"),
    )
    assert begun.exit_code == 0, begun.output
    run("campaign", "ask", "--name", "box", "-n", 3, "--out", "folder/question.csv")
    question = pd.read_csv("folder/question.csv")
    assert question["n"].isin(range(1, 6)).all()
    assert question["kind"].isin(["x", "y"]).all()
    told = run("campaign", "status", "--name", "box")
    assert "no best row yet: there is no value of 'low', 'high'" in told.stderr
    assert "pending" in told.stdout
    more = run(*NEW, "--inputs", "a,b", "--data", "old.csv", "--name", "old", "--initial", 3)
    assert "36 measured" in more.stderr


def test_silence(run: Run) -> None:
    assert run(*NEW, "--quiet").output == ""
    assert run("campaign", "ask", "--quiet").stderr == ""
    fill().to_csv("ask.csv", index=False)
    assert run("campaign", "tell", "ask.csv", "--quiet").output == ""
    assert run("campaign", "status", "--quiet").stderr == ""


def test_a_question_is_not_written_over_before_it_is_told(run: Run) -> None:
    run(*NEW)
    run("campaign", "ask", "-n", 3)
    fill().assign(value=[0.5, None, None], reason=[None, "it melted", None]).to_csv("ask.csv", index=False)
    before = Path("ask.csv").read_bytes()
    again = run("campaign", "ask", "-n", 2)
    assert again.exit_code == 2
    assert (
        "ask.csv holds 2 answers that are not told, the first of trial 0; write mfgp campaign tell ask.csv first, or"
        in (again.stderr)
    )
    assert Path("ask.csv").read_bytes() == before
    assert len(Campaign.load("campaign.sqlite").history) == 3
    assert run("campaign", "ask", "--out", "other.csv").exit_code == 0
    run("campaign", "tell", "ask.csv")
    assert run("campaign", "ask").exit_code == 0
    assert pd.read_csv("ask.csv")["trial"].tolist() == [4]
    assert "pool.csv exists and is no question of a campaign; name another file by --out" in (
        run("campaign", "ask", "--out", "pool.csv").stderr
    )


def test_tables_with_the_labels_own_column_are_told(run: Run) -> None:
    run(*NEW, "--initial", "low=4", "--initial", "high=2")
    run("campaign", "ask", "-n", 4)
    wide = fill().rename(columns={"candidate": "name", "value": "low"})[["name", "low"]]
    wide.to_csv("wide.csv", index=False)
    assert "4 measured; " in run("campaign", "tell", "wide.csv").stderr
    wide.assign(name=["nobody", *wide["name"][1:]]).to_csv("wide.csv", index=False)
    assert "there is no candidate 'nobody'" in run("campaign", "tell", "wide.csv").stderr


def test_names_with_zeros_in_front_stay_as_they_are(run: Run) -> None:
    """In what is asked, told, and told of before."""
    frame = pd.read_csv("pool.csv").assign(name=[f"{number:03}" for number in range(12)])
    frame.to_csv("pool.csv", index=False)
    frame[:3].round(3).assign(low=1.0, high=2.0).to_csv("old.csv", index=False)
    assert run(*NEW, "--data", "old.csv").exit_code == 0
    assert Campaign.load("campaign.sqlite").history["candidate"].tolist() == ["000", "000", "001", "001", "002", "002"]
    run("campaign", "ask", "-n", 2)
    asked = pd.read_csv("ask.csv", dtype=str)["candidate"]
    assert asked.isin(frame["name"]).all()
    fill().assign(candidate=asked).to_csv("ask.csv", index=False)
    assert "2 measured; " in run("campaign", "tell", "ask.csv").stderr


def test_numbers_beside_classes_in_one_column_are_numbers(run: Run) -> None:
    run(*NEW, "--cost", "colour=2", "--constraint", "colour == 'red'", "--acquisition", "random")
    frame = pd.read_csv("pool.csv").rename(columns={"name": "candidate"})[:3]
    frame.assign(task=["high", "colour", "high"], value=[1.5, "red", "-2e1"]).to_csv("long.csv", index=False)
    assert "3 added; " in run("campaign", "tell", "long.csv").stderr
    assert Campaign.load("campaign.sqlite").history["value"].tolist() == [1.5, "red", -20.0]
    frame.assign(task="high", value=["1,5", "2", "3"]).to_csv("long.csv", index=False)
    assert (
        "row 0 tells the text '1,5' of 'high'; write numbers as numbers" in run("campaign", "tell", "long.csv").stderr
    )


def test_a_wrong_value_is_withdrawn_and_told_anew(run: Run) -> None:
    run(*NEW)
    run("campaign", "ask", "-n", 3)
    fill().to_csv("ask.csv", index=False)
    run("campaign", "tell", "ask.csv")
    taken = run("campaign", "withdraw", 1, 2, "--reason", "a decimal point")
    assert "1 measured, 0 pending, 0 failed, 2 withdrawn" in taken.stderr
    fill().assign(value=7.0).loc[[1]].to_csv("ask.csv", index=False)
    assert "1 measured; " in run("campaign", "tell", "ask.csv").stderr
    history = Campaign.load("campaign.sqlite").history
    assert history.at[1, "value"] == 7.0
    run("campaign", "ask", "--out", "next.csv")
    pair = pd.read_csv("next.csv")["candidate"].iloc[0]
    assert pair == history.at[2, "candidate"]
    run("campaign", "withdraw", 3, "--reason", "it dissolved", "--for-good")
    run("campaign", "ask", "--out", "next.csv")
    assert pd.read_csv("next.csv")["candidate"].iloc[0] != pair


def test_a_budget_is_raised(run: Run) -> None:
    run(*NEW, "--budget", 2, "--initial", "low=3", "--initial", "high=2", "--gain-per-cost", 0.1, "--patience", 2)
    run("campaign", "ask", "-n", 9)
    assert pd.read_csv("ask.csv")["task"].tolist() == ["low", "low"]
    changed = run("campaign", "change", "--budget", 14.5, "--gain-per-cost", 0.2, "--constraint", "a < 0.99")
    assert changed.exit_code == 0, changed.output
    told = "stopping from StoppingRule(gain_per_cost=0.1, patience=2) to StoppingRule(gain_per_cost=0.2, patience=3)"
    assert f"after 2 trials: budget from 2 to 14.5, {told}, constraints from none to a < 0.99" in changed.stderr
    run("campaign", "ask", "-n", 9)
    assert pd.read_csv("ask.csv")["task"].tolist() == ["low", "high"]


def test_limits_are_taken_away(run: Run) -> None:
    run(*NEW, "--budget", 0.5, "--gain-per-cost", 0.1, "--constraint", "low < 9")
    assert run("campaign", "ask").exit_code == 0
    assert not Path("ask.csv").exists()
    changed = run("campaign", "change", "--without", "budget", "--without", "stopping", "--without", "constraints")
    assert changed.exit_code == 0, changed.output
    assert "budget from 0.5 to none" in changed.stderr
    assert "constraints from low < 9 to none" in changed.stderr
    assert "stopping from StoppingRule(gain_per_cost=0.1, patience=3) to none" in changed.stderr
    run("campaign", "ask")
    assert len(pd.read_csv("ask.csv")) == 1


def test_plots_of_what_there_is(run: Run) -> None:
    run(*NEW, "--minimize", "low")
    run("campaign", "ask", "-n", 6)
    early = run("campaign", "status", "--plots", "plots")
    assert early.exit_code == 0, early.output
    assert "no plot of progress yet: there is no curve to draw" in early.stderr
    assert [path.name for path in Path("plots").iterdir()] == ["spending.png"]
    fill().to_csv("ask.csv", index=False)
    run("campaign", "tell", "ask.csv")
    assert "plots/front.png written" in run("campaign", "status", "--plots", "plots").stderr
    assert sorted(path.name for path in Path("plots").iterdir()) == ["front.png", "progress.png", "spending.png"]


def test_nothing_to_ask_is_said(run: Run) -> None:
    run(*NEW, "--budget", 0.5)
    asked = run("campaign", "ask")
    assert "nothing is worth asking for: 0.5 is left of the budget of 0.5, too little for more" in asked.stderr
    assert not Path("ask.csv").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("ask",), "there is no file campaign.sqlite; begin a campaign by mfgp campaign new, or name its --storage"),
        (
            ("new", "--cost", "a=1"),
            "no space is given; give either a file of candidates, or --range, --whole and --levels for inputs that",
        ),
        (("new", "pool.csv", "--cost", "low=1", "--range", "a=0:1"), "two spaces are given; give either a file"),
        (("new", "--cost", "low=1", "--range", "a=0-1"), "--range a=0-1 has no two numbers; write --range a=LOW:HIGH"),
        ((*NEW[1:-2],), "nothing is looked for; write --maximize, --minimize or --target with an expression"),
        ((*NEW[1:], "--target", "low"), "--target 'low' has no expression and value; write --target 'gap=1.4'"),
        (
            (*NEW[1:], "--initial", "few"),
            "--initial 'few' has what is no whole number; write --initial 4, or --initial",
        ),
        ((*NEW[1:], "--initial", "low=3", "--initial", "4"), "--initial '4' has no task and column; write --initial"),
        ((*NEW[1:], "--patience", "3"), "--patience 3 is part of a stopping rule; write --gain-per-cost GAIN too"),
        (("change",), "nothing is to be changed; write --budget, --gain-per-cost, --constraint or --without"),
        (
            ("change", "--budget", "9", "--without", "budget"),
            "--without budget takes away what another option states; write one of the two",
        ),
        (("withdraw", "0", "--reason", "lost"), "there is no file campaign.sqlite; begin a campaign by mfgp campaign"),
        ((*NEW[1:], "--inputs", "c"), "pool.csv lacks the columns 'c'; its columns are 'a', 'b'"),
    ],
)
def test_complaints(complaint: Callable[..., str], arguments: tuple[str, ...], message: str) -> None:
    assert message in complaint("campaign", *arguments)
