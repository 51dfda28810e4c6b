from __future__ import annotations

import pytest

from mfgp.cli.architecture import Architecture
from mfgp.cli.options import pairs, split
from mfgp.errors import ParameterError


def test_names_may_have_spaces_and_quoted_commas() -> None:
    assert split('gap mp, "gap, measured"', "--tasks") == ["gap mp", "gap, measured"]


@pytest.mark.parametrize("text", ["", "a,,b", "a,"])
def test_an_empty_name_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match=f"--tasks '{text}' has an empty name; write names with commas"):
        split(text, "--tasks")


def test_an_equals_sign_may_be_in_the_left_name() -> None:
    assert pairs(["a=b=c", "d = e"], "--noise") == {"a=b": "c", "d": "e"}


@pytest.mark.parametrize("text", ["a", "=b", "a="])
def test_a_pair_without_two_sides_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match=f"--noise '{text}' has no task and column; write --noise TASK=COLUMN"):
        pairs([text], "--noise")


@pytest.mark.parametrize("option", ["--noise", "--sources"])
def test_a_task_that_comes_twice_is_refused(option: str) -> None:
    message = f"{option} is given twice for 'high', as 'a' and 'b'; write it once for each task"
    with pytest.raises(ParameterError, match=message):
        pairs(["high=a", "low=c", "high = b"], option)


@pytest.mark.parametrize("architecture", Architecture)
def test_every_architecture_can_be_built(architecture: Architecture) -> None:
    assert type(architecture.build(None)).__name__.removesuffix("GP").lower() == architecture.replace("-", "")


@pytest.mark.parametrize("architecture", [Architecture.DIFFERENCE, Architecture.CASCADE])
def test_sources_are_those_of_the_difference_or_the_cascade(architecture: Architecture) -> None:
    estimator = architecture.build(["high=low,middle"])
    assert estimator.get_params()["sources"] == {"high": ["low", "middle"]}
    message = "--sources is for --architecture difference or cascade, not multi-task; leave one"
    with pytest.raises(ParameterError, match=message):
        Architecture.MULTI_TASK.build(["high=low"])
