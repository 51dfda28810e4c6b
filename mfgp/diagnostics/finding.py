"""One thing that a careful statistician would say of a fit."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["passed", "tip", "issue", "not applicable"]

FALSE_ALARMS = 0.01  # share of correct fits of which a test says more than "passed"


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do about it.

    Parameters
    ----------
    name
        What was looked at.
    status
        "passed"; "tip" for what is worth knowing; "issue" for what makes predictions or their deviations doubtful; "not
        applicable" where the fit has nothing of the kind.
    found
        A sentence with the figure.
    figure, threshold
        The figure, and the value beyond which it is more than "passed"; NaN where there is none.
    advice
        What to do, a sentence; empty where there is nothing to do.
    where
        The rows, tasks, inputs or parameters that it is about, the worst first.
    """

    name: str
    status: Status
    found: str
    figure: float = math.nan
    threshold: float = math.nan
    advice: str = ""
    where: tuple[Hashable, ...] = ()


def not_applicable(name: str, reason: str) -> Finding:
    """The finding where there is nothing to look at."""
    return Finding(name, "not applicable", reason)


def some(part: int, whole: int, noun: str) -> str:
    """How many of how many are something.

    Examples
    --------
    >>> some(1, 5, "tasks"), some(2, 5, "tasks")
    ('1 of 5 tasks is', '2 of 5 tasks are')
    """
    return f"{part} of {whole} {noun} {'is' if part == 1 else 'are'}"
