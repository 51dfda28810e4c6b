"""``mfgp.screen``: a pool of any size, the best of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from mfgp.errors import DataError, DataTypeError, ParameterError
from mfgp.screening.arrow import require_storable
from mfgp.screening.checkpoint import Checkpoint
from mfgp.screening.distributed import client_of, tallies
from mfgp.screening.finish import CANDIDATES, finish
from mfgp.screening.joint import MOST_ROWS, has_joint
from mfgp.screening.outputs import BadFile, make_folder, require_parts
from mfgp.screening.precision import SAMPLE, Choice, choose
from mfgp.screening.progress import Progress
from mfgp.screening.question import Question
from mfgp.screening.result import Screening
from mfgp.screening.scoring import Scorer
from mfgp.screening.source import Chunk, Pool, open_pool
from mfgp.screening.tally import Counter, Tally

RESERVE = 100  # rows beyond the best that are kept, for the last digits to decide among
FORESEEN = 64  # rows whose predictions tell one model from another


def screen(
    model: Any,
    pool: Any,
    *,
    where: Any = None,
    rank_by: Any = None,
    top: int = 100,
    given: Any = None,
    noise: Mapping[Any, str] | None = None,
    keep: str | Sequence[str] = (),
    diverse: int | None = None,
    observed: bool = False,
    least_probability: float | None = None,
    level: float = 0.9,
    precision: Choice = "auto",
    chunk_rows: int = 1 << 15,
    checkpoint: str | Path | None = None,
    scored: str | Path | None = None,
    bad_rows: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    n_jobs: int | None = None,
    client: Any = None,
) -> Screening:
    """Find the rows of a pool that are worth most, by what is predicted there and how certainly.

    The pool is read and scored in chunks, so memory does not grow with it. Rows with equal scores come in the order of
    the pool. The answer does not depend on the chunks, the kind of file, or the number of workers.

    Parameters
    ----------
    model
        A fitted estimator.
    pool
        The rows: a frame, the path of a Parquet or CSV file, a folder or a glob of them (in the order of their names),
        an Arrow data set, an iterator of frames, or a Dask frame. Its columns are found by name; others are ignored.
    where
        A condition on tasks, or its text, such as ``"1.1 < gap < 1.7"``.
    rank_by
        "probability", that of the condition, which is the default where there is one; an expression, or its text, for
        its mean; or a criterion: :class:`~mfgp.screening.Mean`, :class:`~mfgp.screening.Quantile`,
        :class:`~mfgp.screening.UpperBound`, :class:`~mfgp.screening.ExpectedImprovement`,
        :class:`~mfgp.screening.ValuePerCost`; as text ``"quantile(gap, 0.1)"``, ``"upper(gap, 2)"``,
        ``"improvement(gap, 1.5)"``, ``"value(gap, cost)"``. Higher is better: for low values, rank by ``-gap``.
    top
        How many rows are reported.
    given
        Tasks whose values the pool knows, in columns of their names; or a mapping from tasks to columns. A row that
        lacks the value is predicted without it.
    noise
        Columns of standard deviations of given values, by task; each task's own noise where there is none.
    keep
        Columns that go into the result.
    diverse
        How many rows to choose that are best together, among the best `top` and at least 500: each adds most to those
        before it, which are taken to have been measured, without fitting again. See
        :func:`~mfgp.screening.diverse.choose_together`.
    observed
        True for what a measurement would show: each task's noise is added.
    least_probability
        The probability of the condition from which a row is ranked: 0 where the criterion counts it, else 0.5.
    level
        Of the intervals.
    precision
        "auto" to work in single precision in each row where it is enough, if it is in 3/4 of the first 512 rows: where
        it differs from double by less than a thousandth of a standard deviation; "double"; "single". Rows reported are
        predicted in double precision.
    chunk_rows
        Most rows of a chunk.
    checkpoint
        A file that keeps the state after each chunk. A run that was stopped goes on from it, and a run that was not
        gives its answer again. A folder that is not there is made, as for the two below.
    scored
        A folder for the scored pool, without parts of another one; one Parquet file a chunk: the columns to keep, the
        score, means, deviations and the probability; for rows without a score, the problem.
    bad_rows
        A CSV file for all rows that have no score.
    progress
        Called with a :class:`~mfgp.screening.Progress` after each chunk, for example ``print``.
    n_jobs
        Processes of this machine; -1 for one a core. Each works on a chunk.
    client
        A ``dask.distributed.Client``, whose workers score the chunks. Files have to be where they can be read from
        every worker.

    Raises
    ------
    ColumnError, ExpressionError
        The pool lacks a column, or an expression is none of the model's tasks.
    DataError, DataTypeError
        The pool is none, or cannot be read.
    ParameterError
        Something asked for means nothing, or the checkpoint is that of another screening.
    NotFittedError
        The model is not fitted.

    Examples
    --------
    >>> import mfgp
    >>> x = np.linspace(0, 1, 12)
    >>> model = mfgp.MultiTaskGP().fit(pd.DataFrame({"x": x}), pd.Series(np.sin(6 * x), name="wave"))
    >>> pool = pd.DataFrame({"x": np.linspace(0, 1, 1001), "name": [f"n{i}" for i in range(1001)]})
    >>> found = mfgp.screen(model, pool, where="wave > 0.9", rank_by="wave", top=2, keep="name")
    >>> found.to_frame()[["rank", "row", "name", "mean", "probability"]].round(2)
       rank  row  name  mean  probability
    0     1  262  n262   1.0          1.0
    1     2  261  n261   1.0          1.0
    >>> found.rows, found.ranked
    (1001, 150)
    """
    _require_counts(top=top, chunk_rows=chunk_rows, **({} if diverse is None else {"diverse": diverse}))
    _require_workers(progress, n_jobs, client)
    question = Question.ask(model, where, rank_by, given, noise, keep, observed, least_probability, level)
    if diverse is not None and diverse > MOST_ROWS:
        raise ParameterError(f"diverse={diverse}, expected at most {MOST_ROWS} rows: more are not drawn together")
    if diverse is not None and not has_joint(model):
        raise ParameterError(
            f"diverse={diverse} needs the joint distribution of rows, which this {type(model).__name__} does not have; "
            "leave it out, or use tasks that are numbers with MultiTaskGP, DifferenceGP or LatentVariableGP"
        )
    rows = open_pool(pool, question.columns, chunk_rows, question.texts)
    question = replace(question.labelled(rows.label), origins=dict(rows.origins))
    sample = rows.head(SAMPLE)
    if not len(sample):
        raise DataError("the pool has no row: give at least one")
    if checkpoint is not None or scored is not None:
        require_storable(sample[list(question.keep)])
    scorer, chosen = choose(precision, model, question, sample)
    size = max(2 * top + RESERVE, 0 if diverse is None else max(CANDIDATES, 2 * diverse))
    double = scorer.in_double(model)
    kept = None
    if checkpoint is not None:
        described = question.describe() | {"pool": rows.describe(), "chunk_rows": chunk_rows, "kept": size}
        described |= {"top": top, "diverse": diverse, "scored": scored and str(scored)}
        described |= {"precision": "single" if chosen.single else "double"}
        kept = Checkpoint(Path(checkpoint), described, _foreseen(double, sample))
    tally = Tally.empty(size) if kept is None else kept.read(size)
    folder, bad_file = _begin(tally, kept, scored, bad_rows)
    counter = Counter(scorer, size, folder)
    tally = _run(counter, rows, tally, kept, bad_file, progress, client_of(rows, client), n_jobs)
    return finish(model, double, tally, top, diverse, chosen)


def _begin(
    tally: Tally, kept: Checkpoint | None, scored: str | Path | None, bad_rows: str | Path | None
) -> tuple[Path | None, BadFile | None]:
    """The folder of the scored pool and the file of bad rows; all is looked at before anything is written."""
    if scored is not None:
        require_parts(Path(scored), tally.chunks if kept is not None and kept.path.exists() else None)
    bad_file = None if bad_rows is None else BadFile(Path(bad_rows), tally)
    folder = None if scored is None else make_folder(Path(scored), "scored")
    if kept is not None:
        make_folder(kept.path.parent, "checkpoint")
    if bad_file is not None:
        make_folder(bad_file.path.parent, "bad_rows")
        bad_file.begin()
    if kept is not None and not kept.path.exists():
        kept.write(tally)  # so that a run that is stopped in its first chunk goes on too
    return folder, bad_file


def _run(
    counter: Counter,
    pool: Pool,
    tally: Tally,
    kept: Checkpoint | None,
    bad_file: BadFile | None,
    progress: Callable[[Progress], None] | None,
    client: Any,
    n_jobs: int | None,
) -> Tally:
    """The state after the last chunk, from that after some of them."""
    began, before = perf_counter(), tally.rows
    left: Iterator[Chunk] = (chunk for chunk in pool.chunks() if chunk.number >= tally.chunks)
    for found in tallies(counter, left, client, n_jobs):
        if bad_file is not None:
            bad_file.add(found.every_bad, tally.rows)
        tally = tally.followed_by(found)
        if kept is not None:
            kept.write(tally)
        if progress is not None:
            progress(Progress(tally.rows, pool.total, tally.rows - before, perf_counter() - began))
    return tally


def _foreseen(scorer: Scorer, sample: pd.DataFrame) -> np.ndarray:
    """Means and deviations at the first rows."""
    rows, _ = scorer.sieve.part(sample)
    if not len(rows):
        return np.empty((0, 2))
    parts = scorer.predictor.blocks(rows.head(FORESEEN))
    return np.concatenate([np.hstack([part.means, part.deviations]) for part in parts])


def _require_counts(**counts: Any) -> None:
    for name, value in counts.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            raise ParameterError(f"{name}={value!r}, expected a whole number of rows, 1 or more")


def _require_workers(progress: Any, n_jobs: Any, client: Any) -> None:
    if progress is not None and not callable(progress):
        raise DataTypeError(f"progress={progress!r}, expected a function of what is done, for example progress=print")
    if n_jobs is not None and (not isinstance(n_jobs, int | np.integer) or isinstance(n_jobs, bool) or n_jobs == 0):
        raise ParameterError(f"n_jobs={n_jobs!r}, expected a number of processes, 1 or more, or -1 for one a core")
    if client is not None and not all(hasattr(client, name) for name in ("submit", "scatter", "nthreads")):
        raise DataTypeError(
            f"client is a {type(client).__name__}, expected a dask.distributed.Client; write client=Client({client!r})"
        )
