"""A comparison as the command line tells it."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

import pandas as pd
from rich.table import Table

from mfgp.validation import Comparison, Situation, Validation
from mfgp.validation.folds import folds_of

COLUMNS = {"mae": "MAE", "rmse": "RMSE", "nlpd": "NLPD", "coverage90": "coverage", "seconds": "seconds"}
IN_UNITS = ["mae", "rmse"]


def situations_of(Y: pd.DataFrame, folds: int, sizes: Sequence[int]) -> tuple[dict[str, Situation], dict[int, int]]:
    """The last task with the others unknown and known, from all of its values and from each smaller number.

    Returns
    -------
    The situations by name, and the sizes left out with the number of values that there are instead.
    """
    *others, target = Y.columns
    subject = str(others[0]) if len(others) == 1 else "other tasks"
    available = min(fold.available for fold in folds_of(Y[target].notna().to_numpy(), folds, random_state=0))
    situations = {}
    for size in (None, *(size for size in sizes if size < available)):
        ending = "" if size is None else f", {size} values"
        situations[f"{subject} unknown{ending}"] = Situation(values=size)
        situations[f"{subject} known{ending}"] = Situation(tuple(others), size)
    return situations, {size: available for size in sizes if size >= available}


def results(comparison: Comparison) -> pd.DataFrame:
    """One line a (situation, estimator): the values learned from, and of each score four numbers.

    They are its mean and its standard deviation over the folds, and the mean difference from the baseline with its
    standard error: `mae_mean`, `mae_sd`, `mae_difference`, `mae_difference_se` and so on.
    """
    summary = comparison.summary()
    summary.columns = summary.columns.map("_".join)
    differences = comparison.differences().rename(columns={"mean": "difference", "se": "difference_se"}, level=1)
    differences.columns = differences.columns.map("_".join)
    learned = comparison.to_frame()["learned"].groupby(level=["situation", "estimator"]).mean()
    return learned.to_frame().join([summary, differences]).loc[summary.index].reset_index()


def render(comparison: Comparison, unit: str) -> Table:
    """The scores as a table, one section a situation."""
    summary, differences = comparison.summary(), comparison.differences()
    first = next(iter(comparison.validations.values()))
    in_unit = f", {unit}" if unit else ""
    table = Table(
        title=_title(first),
        caption=(
            "Mean ± standard deviation over the folds; coverage: of the 90% interval;\n"
            f"Δ MAE: less that of {comparison.baseline}, ± standard error"
        ),
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("", no_wrap=True)
    for score, heading in COLUMNS.items():
        table.add_column(heading + (in_unit if score in IN_UNITS else ""), justify="right")
    table.add_column("Δ MAE", justify="right")
    for situation in comparison.situations:
        table.add_row(situation, style="bold")
        for estimator in comparison.estimators:
            key = (situation, estimator)
            cells = [_cell(score, *summary[score].loc[key, ["mean", "sd"]]) for score in COLUMNS]
            if estimator != comparison.baseline:
                mean, error = differences["mae"].loc[key]
                cells.append(_with_spread(mean, error, sign="+"))
            table.add_row(f"  {estimator}", *cells)
    return table


def _title(validation: Validation) -> str:
    available, folds = validation.folds["available"], len(validation.folds)
    low, high = available.min(), available.max()
    others = f"{low}" if low == high else f"{low} to {high}"
    return (
        f"{validation.task}: {len(validation.predictions)} values predicted in {folds} folds, from the other {others}"
    )


def _cell(score: str, mean: float, spread: float) -> str:
    if score == "seconds":
        return f"{mean:.1f}"
    if score == "coverage90":
        return f"{mean:.0%} ± {spread:.0%}"
    return _with_spread(mean, spread)


def _with_spread(mean: float, spread: float, sign: str = "") -> str:
    """Both to the second digit of the spread.

    Examples
    --------
    >>> _with_spread(0.60417, 0.07623), _with_spread(1234.5, 56.7)
    ('0.604 ± 0.076', '1234 ± 57')
    """
    decimals = max(0, 1 - floor(log10(spread))) if spread > 0 else 3
    return f"{mean:{sign}.{decimals}f} ± {spread:.{decimals}f}"
