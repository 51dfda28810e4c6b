from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import mfgp
from mfgp import plotting
from mfgp.errors import ColumnError, DataError

HISTORY = pd.DataFrame(
    {
        "candidate": ["a", "b", "a", "b", "c", "c"],
        "x": [1.0, 2.0, 1.0, 2.0, 3.0, 3.0],
        "task": ["low", "low", "high", "high", "low", "high"],
        "state": ["measured"] * 5 + ["asked"],
        "value": [1.0, 2.0, 1.5, 1.0, 0.0, np.nan],
        "total": [1.0, 2.0, 12.0, 22.0, 23.0, 33.0],
        "best_measured": [np.nan, np.nan, 1.5, 1.5, 1.5, 1.5],
        "incumbent_value": [np.nan, np.nan, 1.2, 1.3, 1.3, 1.4],
    },
    pd.RangeIndex(6, name="trial"),
)


def test_progress_has_both_curves_and_a_strip_of_what_was_measured() -> None:
    axis = plotting.progress(HISTORY, unit="eV", unit_of_cost="h").axes[0]
    incumbent, best = axis.get_lines()
    assert np.array_equal(incumbent.get_xydata(), [[12, 1.2], [22, 1.3], [23, 1.3], [33, 1.4]])
    assert np.array_equal(best.get_ydata()[2:], [1.5] * 4)
    strips = {dots.get_label(): dots.get_offsets() for dots in axis.collections}
    assert strips["low"][:, 0].tolist() == [1, 2, 23]
    assert strips["high"][:, 0].tolist() == [12, 22, 33]
    assert len(set(strips["low"][:, 1])) == 1
    assert strips["low"][0, 1] > strips["high"][0, 1] > 0.0
    assert axis.get_xlim()[0] == 0.0
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("cost (h)", "objective (eV)")


def test_spending_stacks_the_tasks_up_to_the_total() -> None:
    axis = plotting.spending(HISTORY).axes[0]
    names = [text.get_text() for text in axis.get_legend().get_texts()]
    assert names == ["high, 30 (91%)", "low, 3 (9%)"]
    top = axis.collections[-1].get_paths()[0].vertices[:, 1].max()
    assert top == HISTORY["total"].iloc[-1]


def test_the_front_has_what_no_other_is_better_than_in_both() -> None:
    objectives = [mfgp.maximize("high"), mfgp.target("low", 1.4)]
    axis = plotting.pareto_front(HISTORY, objectives, units=("eV", "")).axes[0]
    assert axis.get_lines()[0].get_xydata().tolist() == [[1.5, 1.0]]  # b is worse in both
    assert axis.collections[0].get_offsets().tolist() == [[1.0, 2.0]]
    assert axis.get_xlabel() == "high (eV), to be maximised"
    assert axis.get_ylabel() == "low, to be near 1.4"


@pytest.mark.parametrize(
    "act, error, message",
    [
        (
            lambda: plotting.progress(HISTORY.drop(columns="total")),
            ColumnError,
            "the history lacks the columns 'total'",
        ),
        (
            lambda: plotting.spending(HISTORY[:0]),
            DataError,
            "the history has no trial yet; ask, measure and tell first",
        ),
        (lambda: plotting.pareto_front(HISTORY, []), DataError, "a front is drawn in a plane, but 0 objectives came"),
        (
            lambda: plotting.pareto_front(HISTORY, [mfgp.maximize("high"), mfgp.maximize("mid")]),
            DataError,
            "there is no front to draw: measure some row at all of 'high', 'mid' first",
        ),
    ],
)
def test_complaints(act: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        act()  # type: ignore[operator]
