"""``mfgp screen``: learn from one file, find the best rows of a pool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mfgp.cli import options
from mfgp.cli.architecture import Architecture
from mfgp.cli.console import aside, complaining, out
from mfgp.errors import DataError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from rich.console import Console

    from mfgp.architectures.regressor import Regressor
    from mfgp.cli.table import Columns

CHUNK_ROWS = 1 << 15


@complaining
def screen(
    source: Annotated[Path, typer.Argument(metavar="MODEL", help="CSV file to learn from.", show_default=False)],
    pool: Annotated[
        str,
        typer.Argument(metavar="POOL", help="Parquet or CSV file, or a folder or glob of them.", show_default=False),
    ],
    tasks: Annotated[str, typer.Option(metavar="LOW,…,HIGH", help="Task columns of MODEL, empty where not measured.")],
    inputs: options.Inputs = None,
    formula: options.Formula = None,
    noise: options.Noise = None,
    architecture: Annotated[Architecture, typer.Option(help="How tasks share information.")] = Architecture.DIFFERENCE,
    sources: options.Sources = None,
    where: Annotated[
        str | None, typer.Option(metavar="CONDITION", help="What is looked for, such as '1.1 < gap_expt < 1.7'.")
    ] = None,
    rank_by: Annotated[
        str | None,
        typer.Option(
            metavar="CRITERION",
            help="probability (of the condition; the default where there is one), an expression for its mean, or "
            "quantile(gap, 0.1), upper(gap, 2), improvement(gap, 1.5), value(gap, cost_column).",
        ),
    ] = None,
    top: Annotated[int, typer.Option(help="Rows that are reported.")] = 100,
    given: Annotated[
        str | None,
        typer.Option(metavar="TASK,…", help="Tasks whose values POOL has in columns of their names, to be used."),
    ] = None,
    keep: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Columns of POOL that go into the result; the formula always.")
    ] = None,
    diverse: Annotated[int | None, typer.Option(help="Also choose so many rows that are best together.")] = None,
    observed: Annotated[
        bool, typer.Option("--observed", help="Score what a measurement would show: with its noise.")
    ] = False,
    least_probability: Annotated[
        float | None, typer.Option(help="Probability of the condition from which rows are ranked.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keeps the state; a run that was stopped goes on from it.")
    ] = None,
    scored: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where the whole scored pool goes.")] = None,
    jobs: Annotated[int, typer.Option(help="Processes; -1 for one a core.")] = 1,
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the best rows go.")] = Path("best.csv"),
    quiet: options.Quiet = False,
) -> None:
    """Learn from MODEL, score every row of POOL, and write the best ones.

    Beside the file of the best rows go, under its name, a plot (.png) of all scores and of the hits to be expected,
    where there are bad rows a list of them (-bad.csv), and with --diverse the rows that are best together
    (-diverse.csv). Prints what was done and the first rows.
    """
    from mfgp.cli.table import prepare_file
    from mfgp.plotting import screening as plot
    from mfgp.screening import screen as run

    notes = aside(quiet)
    if jobs == 0:
        raise ParameterError("--jobs 0 is no number of processes; write 1 or more, or -1 for one a core")
    prepare_file(file)
    with notes.status("fitting"):
        model, columns = _model(source, tasks, inputs, formula, noise, architecture, sources, notes)
    kept = [*([formula] if formula else []), *(options.split(keep, "--keep") if keep else [])]
    known = options.split(given, "--given") if given else None
    bad = _beside(file, "-bad.csv")
    with notes.status("screening") as status:
        found = run(
            model,
            _with_features(Path(pool), columns) if formula else pool,
            where=where,
            rank_by=rank_by,
            top=top,
            given=known,
            noise=_noise(columns, known),
            keep=list(dict.fromkeys(kept)),
            diverse=diverse,
            observed=observed,
            least_probability=least_probability,
            chunk_rows=CHUNK_ROWS,
            checkpoint=checkpoint,
            scored=scored,
            bad_rows=bad,
            progress=lambda progress: status.update(str(progress)),
            n_jobs=jobs,
        )
    if not found.bad_counts.sum():
        bad.unlink()
    found.to_frame().to_csv(file, index=False)
    if found.diverse is not None:
        found.diverse.to_csv(_beside(file, "-diverse.csv"))
    if found.histogram.total:
        plot(found).savefig(file.with_suffix(".png"))
    out().print(repr(found))
    notes.print(f"{len(found.best)} rows written to {file}")


def _model(
    source: Path,
    tasks: str,
    inputs: str | None,
    formula: str | None,
    noise: list[str] | None,
    architecture: Architecture,
    sources: list[str] | None,
    notes: Console,
) -> tuple[Regressor, Columns]:
    """The fitted model, and which columns it has."""
    from mfgp.cli.table import open_table

    estimator = architecture.build(sources)
    frame, columns = open_table(source, tasks, inputs, formula, noise, notes)
    estimator.fit(columns.X(frame), columns.Y(frame), noise=columns.known_noise(frame))
    return estimator, columns


def _noise(columns: Columns, known: list[str] | None) -> dict[Any, str] | None:
    """Columns of the noise of given values."""
    return {task: name for task, name in columns.noise.items() if task in (known or [])} or None


def _with_features(pool: Path, columns: Columns) -> Iterator[pd.DataFrame]:
    """The pool with the composition features of its formulas; formulas that cannot be read have none.

    The text NaN is a formula, that of sodium nitride.
    """
    import pandas as pd

    from mfgp.materials import featurize
    from mfgp.screening.source import open_pool, require_columns

    assert columns.formula is not None
    for chunk in open_pool(pool, None, CHUNK_ROWS, as_text=[columns.formula]).chunks():
        frame = chunk.load().reset_index(drop=True)
        require_columns(list(frame.columns), [columns.formula])
        features = featurize(frame[columns.formula], errors="coerce").set_axis(frame.index)
        taken = [name for name in features if name in frame and name not in columns.inputs]
        yield pd.concat([frame.drop(columns=taken), features], axis="columns")


def _beside(file: Path, ending: str) -> Path:
    found = file.with_name(file.stem + ending)
    if found.is_dir():
        raise DataError(f"{found} is a folder, and a list of rows is to go there; give another --out")
    return found
