"""From the state after the last chunk to the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mfgp.expressions import Quantity
from mfgp.prediction.draws import values_at
from mfgp.screening.diverse import choose_together
from mfgp.screening.joint import MOST_ROWS, has_joint, joint_draws
from mfgp.screening.precision import Precision
from mfgp.screening.predictor import TaskPredictor
from mfgp.screening.question import MOMENTS
from mfgp.screening.result import Screening
from mfgp.screening.scoring import Scorer
from mfgp.screening.tally import Tally

CANDIDATES = 500  # at least so many are looked at for rows that are best together


def finish(model: Any, scorer: Scorer, tally: Tally, top: int, diverse: int | None, precision: Precision) -> Screening:
    """The best rows predicted in double precision and put in order, and those that are best together.

    Parameters
    ----------
    model, scorer
        The model, and its scorer in double precision.
    tally
        After the last chunk.
    top, diverse
        How many rows are wanted, and how many that are best together, if any.
    precision
        In what the pool was scored.
    """
    question, rows = scorer.question, tally.ranking.rows
    counts = pd.Series(tally.bad.counts, dtype=int, name="rows")
    if not tally.bad.counts:
        counts.index = pd.MultiIndex.from_arrays([[], []])
    counts.index = counts.index.set_names(["column", "problem"])
    if len(rows):
        details = scorer.details(rows)
        first = {
            "row": tally.ranking.figures["row"].to_numpy(),
            **{name: rows[name].to_numpy() for name in question.keep},
        }
        table = pd.DataFrame(first).join(details)
        order = np.lexsort((table["row"], -table["score"]))
        table, rows = table.iloc[order], rows.iloc[order]
    else:
        table = scorer.no_figures(MOMENTS)
        for place, name in enumerate(question.keep, start=1):
            table.insert(place, name, pd.Series(dtype=object))
    table = table.set_axis(pd.RangeIndex(1, len(table) + 1, name="rank"))
    holds, batch = None, None
    if has_joint(model) and len(rows) and (question.where is not None or diverse is not None):
        candidates = min(len(rows), MOST_ROWS, max(top, 0 if diverse is None else max(CANDIDATES, 2 * diverse)))
        values, holds = _draws(model, scorer, rows.iloc[:candidates])
        if diverse is not None:
            batch = _batch(diverse, scorer, table.iloc[:candidates], values, holds)
    return Screening(
        table.head(top),
        batch,
        tally.histogram,
        tally.bad.listed,
        counts,
        tally.rows,
        tally.ranked,
        question.where,
        question.criterion,
        precision,
        None if holds is None else holds[:, :top],
    )


def _draws(model: Any, scorer: Scorer, rows: pd.DataFrame) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The quantity that is ranked and whether the condition holds, (s, m), at joint draws of rows."""
    predictor, question = scorer.predictor, scorer.question
    assert isinstance(predictor, TaskPredictor)
    draws = joint_draws(model, predictor, rows)
    quantity, where = question.criterion.quantity, question.where
    values = None if quantity is None else _at(quantity, predictor, draws)
    holds = None if where is None else np.nan_to_num(values_at(where, predictor.tasks, draws), nan=0.0)
    return values, holds


def _at(quantity: Quantity, predictor: TaskPredictor, draws: np.ndarray) -> np.ndarray:
    """A quantity at draws; outside its domain its least value."""
    values = values_at(quantity, predictor.tasks, draws)
    valid = np.isfinite(values)
    return values if valid.all() else np.where(valid, values, values[valid].min(initial=0.0))


def _batch(
    count: int, scorer: Scorer, table: pd.DataFrame, values: np.ndarray | None, holds: np.ndarray | None
) -> pd.DataFrame:
    utilities = scorer.question.criterion.utility(values, holds, table)
    chosen, gains = choose_together(count, table["score"].to_numpy(), utilities)
    batch = table.iloc[chosen].reset_index()
    batch = batch.assign(gain=gains, together=np.cumsum(gains))
    return batch.set_axis(pd.RangeIndex(1, len(batch) + 1, name="choice"))
