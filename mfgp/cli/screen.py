"""``mfgp screen``: find the best rows of a pool by a saved model."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mfgp.cli import options
from mfgp.cli.console import aside, complaining, out
from mfgp.errors import DataError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from mfgp.cli.table import Columns
    from mfgp.screening.source import Pool

CHUNK_ROWS = 1 << 15


@complaining
def screen(
    source: Annotated[
        Path,
        typer.Argument(metavar="MODEL", help="File of a model, such as model.mfgp of mfgp fit.", show_default=False),
    ],
    pool: Annotated[
        str,
        typer.Argument(metavar="POOL", help="Parquet or CSV file, or a folder or glob of them.", show_default=False),
    ],
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
    noise: options.GivenNoise = None,
    formula: options.FormulaOfModel = None,
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
    """Score every row of POOL by a fitted MODEL, and write the best ones.

    Beside the file of the best rows go, under its name, a plot (.png) of all scores and of the hits to be expected,
    where there are bad rows a list of them (-bad.csv), and with --diverse the rows that are best together
    (-diverse.csv). Prints what was done and the first rows.
    """
    from mfgp.cli.saved import open_model
    from mfgp.cli.table import Columns, require_file
    from mfgp.plotting import screening as plot
    from mfgp.screening import screen as run
    from mfgp.screening.source import open_pool

    notes = aside(quiet)
    if jobs == 0:
        raise ParameterError("--jobs 0 is no number of processes; write 1 or more, or -1 for one a core")
    model = open_model(source)
    columns = Columns.of_model(model, formula, noise, open_pool(pool, None, 1).head(1).columns)
    kept = [*([columns.formula] if columns.formula else []), *(options.split(keep, "--keep") if keep else [])]
    require_file(file)
    _require_free(file, source, pool)
    bad = _beside(file, "-bad.csv")
    with notes.status("screening") as status:
        found = run(
            model,
            pool if columns.formula is None else _with_features(pool, columns),
            where=where,
            rank_by=rank_by,
            top=top,
            given=options.split(given, "--given") if given else None,
            noise=columns.noise or None,
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


@dataclass(frozen=True)
class _Features:
    """Adds composition features to rows; formulas that cannot be read have none.

    Parameters
    ----------
    formula
        The column of formulas.
    """

    formula: str

    def __call__(self, rows: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        from mfgp.materials import FEATURES, featurize
        from mfgp.screening.source import require_columns

        require_columns(list(rows.columns), [self.formula])
        rows = rows.reset_index(drop=True)
        features = featurize(rows[self.formula], errors="coerce").set_axis(rows.index)
        return pd.concat([rows.drop(columns=FEATURES, errors="ignore"), features], axis="columns")


def _with_features(pool: str, columns: Columns) -> Pool:
    """The pool with the composition features of its formulas. The text NaN is a formula, that of sodium nitride."""
    from mfgp.materials import FEATURES
    from mfgp.screening.source import MappedPool, open_pool

    assert columns.formula is not None
    rows = open_pool(pool, None, CHUNK_ROWS, as_text=[columns.formula])
    described = {"formula": columns.formula}
    origins: dict[Hashable, str] = dict.fromkeys(FEATURES, columns.formula)
    return MappedPool(rows, _Features(columns.formula), described, origins=origins)


def _require_free(file: Path, source: Path, pool: str) -> None:
    """Raise ParameterError where the best rows or what goes beside them would take the place of what is read."""
    if file.suffix.lower() == ".png":
        raise ParameterError(f"--out {file} is the name of the plot; write --out {file.with_suffix('.csv')}")
    written = {path.resolve() for path in (file, file.with_suffix(".png"), *_lists(file))}
    if source.resolve() in written:
        raise ParameterError(f"--out {file} would write over MODEL, {source}; give another --out")
    given = Path(pool)
    read = given.rglob("*") if given.is_dir() else [given, *map(Path, glob(pool, recursive=True))]
    taken = [path for path in read if path.resolve() in written]
    if taken:
        raise ParameterError(f"--out {file} would write over POOL, {taken[0]}; give another --out")


def _lists(file: Path) -> list[Path]:
    return [file.with_name(f"{file.stem}{ending}") for ending in ("-bad.csv", "-diverse.csv")]


def _beside(file: Path, ending: str) -> Path:
    found = file.with_name(file.stem + ending)
    if found.is_dir():
        raise DataError(f"{found} is a folder, and a list of rows is to go there; give another --out")
    return found
