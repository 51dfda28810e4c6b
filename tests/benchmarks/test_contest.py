"""Contestants in processes of their own: they predict, end in time, and may be missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.contest import Contest, MissingError
from benchmarks.contestants import Train

PEER = "scikit-learn GP, last task only"


@pytest.fixture(scope="module")
def train() -> Train:
    x = np.linspace(0.0, 2.0, 9)[:, None]
    return Train([x, x[::2]], [np.sin(x[:, 0]), 3.0 * np.sin(x[::2, 0]) + 5.0], np.array([[0.0, 2.0]]), noisy=False)


@pytest.fixture(scope="module")
def contest() -> Iterator[Contest]:
    with Contest(limit=300.0, warm=False) as running:
        yield running


def test_a_contestant_predicts_the_last_task(contest: Contest, train: Train) -> None:
    outcome = contest.fit(PEER, train, train.x[1])
    assert outcome.status == "ok"
    assert outcome.predicted is not None
    np.testing.assert_allclose(outcome.predicted.mean, train.y[1], atol=1e-2)
    assert outcome.peak_mib > 10.0


def test_a_fit_that_fails_says_why_and_the_process_goes_on(contest: Contest, train: Train) -> None:
    failed = contest.fit(PEER, train, np.zeros((2, 3)))
    assert failed.status.startswith("ValueError")
    assert contest.fit(PEER, train, train.x[1]).status == "ok"


def test_a_fit_that_takes_too_long_is_ended_and_the_next_one_starts_afresh(contest: Contest, train: Train) -> None:
    limit, contest.limit = contest.limit, 0.0
    assert contest.fit(PEER, train, train.x[1]).status == "more than 0 s"
    contest.limit = limit
    assert contest.fit(PEER, train, train.x[1]).status == "ok"


def test_a_library_that_is_not_there_is_missing(train: Train, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    with Contest(limit=10.0, pythons={"scikit_learn_models": str(python)}) as contest, pytest.raises(MissingError):
        contest.fit(PEER, train, train.x[1])
