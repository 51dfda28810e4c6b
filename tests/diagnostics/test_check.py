from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from gpytorch.kernels import Kernel, LinearKernel, RBFKernel, RQKernel

import mfgp
from mfgp.diagnostics import Check, Finding
from mfgp.diagnostics.examination import FINDINGS
from mfgp.diagnostics.finding import Status
from mfgp.errors import ColumnError, NotFittedError
from tests.diagnostics.fits import ESTIMATORS, fit, table

NAMES = [
    "fit",
    "numerics",
    "sampling",
    "starts",
    "bounds",
    "priors",
    "values",
    "relations",
    "overlap",
    "outliers",
    "spread",
    "skill",
    "inputs",
    "repeats",
    "new rows",
]


def test_every_architecture_is_looked_at_from_all_sides(model: Any) -> None:
    check = model.check(table()[0].iloc[:3] + 0.01)
    assert [finding.name for finding in check.findings] == NAMES
    assert len(FINDINGS) == len(NAMES)
    assert {finding.status for finding in check.findings} <= {*get_args(Status)}
    assert check["outliers"].status == check["spread"].status == check["new rows"].status == "passed"
    assert check["values"].status == "passed"
    assert not check.issues


def test_more_than_passed_comes_with_advice(model: Any) -> None:
    for finding in model.check().findings:
        assert finding.found.endswith(".")
        assert bool(finding.advice) == (finding.status in ("tip", "issue"))


def test_labels_and_categories_are_looked_at_too() -> None:
    X, Y = table(40)
    X["kind"] = np.where(X.a > 0, "p", "q")
    Y["label"] = np.where(X.b > 0, "yes", "no")
    model = mfgp.MultiTaskGP(concentration=0.1).fit(X, Y)
    check = model.check(X.iloc[:2].assign(kind=["p", "r"]))
    assert check["starts"].status == "not applicable"
    assert check["new rows"].where == ("row 1",)
    assert "1 of them with a level that was not seen before" in check["new rows"].found
    assert "of 60 standardised residuals" in check["outliers"].found  # those of the numbers alone
    assert check["values"].figure == 20


def test_of_labels_alone_there_are_no_residuals() -> None:
    X, _ = table(24)
    check = mfgp.IndependentGP(concentration=0.1).fit(X, pd.Series(np.where(X.a > 0, "yes", "no"), X.index)).check()
    for name in ("outliers", "spread", "skill", "repeats", "relations", "overlap"):
        assert check[name].status == "not applicable"


def test_order_of_rows_and_units_change_nothing() -> None:
    X, Y = table()
    one = fit("DifferenceGP").check(X).to_frame()
    other = mfgp.DifferenceGP().fit(X[::-1] * [1.0, 10.0], Y[::-1] * [5.0, -3.0]).check(X * [1.0, 10.0]).to_frame()
    pd.testing.assert_series_equal(one["status"], other["status"])
    figures = [frame["figure"].drop("numerics") for frame in (one, other)]
    pd.testing.assert_series_equal(*figures, rtol=1e-2)


def test_rows_that_were_added_are_looked_at() -> None:
    X, _ = table()
    grown = fit("DifferenceGP").condition_on(X.iloc[[1]] + 0.01, pd.DataFrame({"high": [40.0]}, [X.index[1]]))
    finding = grown.check()["outliers"]
    assert finding.status == "issue"
    assert finding.where[0] == (X.index[1], "high")


@pytest.mark.parametrize("kernel", [RQKernel(), LinearKernel(), RBFKernel()], ids=lambda kernel: type(kernel).__name__)
def test_kernels_of_the_users_own_have_findings(kernel: Kernel) -> None:
    X, Y = table()
    check = mfgp.DifferenceGP(kernel=kernel).fit(X, Y).check(X + 30.0)
    assert check["new rows"].status == "issue"
    assert check["priors"].status in ("passed", "tip")


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("name", ["MultiTaskGP", "CascadeGP"])
def test_a_row_or_two_have_findings(name: str, rows: int) -> None:
    X, Y = (each.iloc[:rows] for each in table())
    check = ESTIMATORS[name]().fit(X, Y.fillna(0.0)).check(X)
    assert check["values"].status == "issue"
    assert check["spread"].status == check["skill"].status == "not applicable"


def test_nothing_can_be_said_before_the_fit() -> None:
    with pytest.raises(NotFittedError, match="is not fitted yet, so it has no findings; call fit"):
        mfgp.DifferenceGP().check()


def test_it_reads_as_a_table_the_worst_first() -> None:
    issue = Finding("outliers", "issue", "One is.", 5.0, 3.0, "Look.", ("row 1",))
    check = Check("A fit", (Finding("fit", "passed", "Good."), issue, Finding("new rows", "not applicable", "None.")))
    assert repr(check).splitlines() == [
        "A fit: 1 issue, 1 passed, 1 not applicable",
        "  issue   outliers   One is.",
        "                     > Look.",
        "  passed  fit        Good.",
        "  -       new rows   None.",
    ]
    assert max(map(len, repr(fit("DifferenceGP").check()).splitlines())) <= 100


def test_it_is_a_frame() -> None:
    frame = fit("DifferenceGP").check().to_frame()
    assert frame.index.tolist() == NAMES
    assert frame.columns.tolist() == ["status", "found", "figure", "threshold", "advice", "where"]


def test_findings_are_found_by_name() -> None:
    check = fit("DifferenceGP").check()
    assert check["fit"] is check.findings[0]
    assert all(finding.status == "tip" for finding in check.tips)
    with pytest.raises(ColumnError, match="there is no finding 'bias'; they are 'fit', 'numerics'"):
        _ = check["bias"]
