"""Processes that are killed at any moment, and processes that ask and tell at once."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mfgp
from mfgp import Campaign
from tests.optimization.conftest import COSTS, measured, pool
from tests.optimization.flat import Flat

KILLS = 50
fork = multiprocessing.get_context("fork")


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'campaign.sqlite'}"
    url: str = request.getfixturevalue("postgresql")
    return url


def new(storage: str, name: str, **options: Any) -> Campaign:
    return Campaign(
        Flat(), pool(400), mfgp.maximize("high"), COSTS, storage=storage, acquisition="random", name=name, **options
    )


def work(storage: str, name: str, log: int, end: int, size: int) -> None:
    """Ask and tell until the end, and write down each time what a call has returned for."""
    campaign = Campaign.load(storage, name, estimator=Flat())
    os.write(log, b"ready\n")
    for _ in range(end):
        asked = campaign.ask(size)
        say(log, asked=asked[["candidate", "task"]].reset_index().values.tolist())
        told = measured(asked)
        campaign.tell(told)
        say(log, told=told["value"].reset_index().values.tolist())


def say(log: int, **what: Any) -> None:
    os.write(log, (json.dumps(what) + "\n").encode())


def start(target: Callable[..., None], *arguments: Any) -> tuple[Any, int]:
    reading, writing = os.pipe()
    child = fork.Process(target=target, args=(arguments[0], arguments[1], writing, *arguments[2:]))
    child.start()
    os.close(writing)
    return child, reading


def lines(log: int) -> list[Any]:
    with os.fdopen(log) as file:
        return [json.loads(line) for line in file if line.endswith("\n") and line.startswith("{")]


def test_nothing_is_lost_and_nothing_doubled_when_the_process_is_killed(storage: str) -> None:
    new(storage, "killed").close()  # no connection is handed on to another process
    rng = random.Random(0)
    asked: dict[int, list[str]] = {}
    told: dict[int, float] = {}
    for kill in range(KILLS):
        child, log = start(work, storage, "killed", 10_000, 3)
        with os.fdopen(log) as said:
            assert said.readline() == "ready\n"
            before, heard = time.monotonic(), []
            for _ in range(1 + kill % 3):  # so that the next call is now an ask, now a tell
                heard.append(said.readline())
                before, pause = time.monotonic(), time.monotonic() - before
            time.sleep(rng.uniform(0.0, pause))  # as long as the last call took: somewhere within the next one
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            heard += said.read().splitlines()
        for line in filter(None, heard):
            found = json.loads(line)
            asked |= {number: [candidate, task] for number, candidate, task in found.get("asked", [])}
            told |= {int(number): value for number, value in found.get("told", [])}
    history = Campaign.load(storage, "killed", estimator=Flat()).history
    assert len(asked) >= 3 * KILLS
    assert len(told) >= KILLS
    # nothing is lost: what a call returned for is there
    for number, (candidate, task) in asked.items():
        assert [history.at[number, "candidate"], history.at[number, "task"]] == [candidate, task]
    for number, value in told.items():
        assert history.at[number, "state"] == "measured"
        assert history.at[number, "value"] == value
    # nothing is doubled, and of what no call returned for there is at most one call a kill, whole
    assert not history.duplicated(["candidate", "task"]).any()
    assert history.index.tolist() == list(range(len(history)))
    assert len(history) - len(asked) <= 3 * KILLS
    assert history.groupby("ask").size().eq(3).all()
    states = history.groupby("ask")["state"].nunique()
    assert (states == 1).all(), "a tell was stored in part"
    assert set(history["state"]) <= {"asked", "measured"}


def test_two_processes_ask_and_tell_at_once(storage: str) -> None:
    new(storage, "two").close()
    children = [start(work, storage, "two", 12, 2) for _ in range(2)]
    found = []
    for child, log in children:
        found += lines(log)
        child.join()
        assert child.exitcode == 0
    asked = [pair for line in found for pair in line.get("asked", [])]
    history = Campaign.load(storage, "two", estimator=Flat()).history
    assert len(asked) == len(history) == 48
    assert sorted(number for number, *_ in asked) == list(range(48))
    assert not history.duplicated(["candidate", "task"]).any()
    assert set(history["state"]) == {"measured"}
    assert history["ask"].nunique() == 24


def test_many_processes_create_one_campaign(storage: str) -> None:
    def create(storage: str, name: str, log: int) -> None:
        campaign = new(storage, name, data=pd.DataFrame({"x": [0.5], "y": [0.5], "low": [1.0]}))
        say(log, trials=len(campaign.history))

    children = [start(create, storage, "created") for _ in range(6)]
    assert [line["trials"] for _, log in children for line in lines(log)] == [1] * 6
    for child, _ in children:
        child.join()
        assert child.exitcode == 0


def test_a_storage_that_is_reopened_asks_the_same(storage: str) -> None:
    first = new(storage, "same")
    first.tell(measured(first.ask(20)))
    again = Campaign.load(storage, "same", estimator=Flat())
    assert len(again.history) == 20
    pd.testing.assert_frame_equal(again.history, first.history)
    assert again.best().index.tolist() == first.best().index.tolist()
