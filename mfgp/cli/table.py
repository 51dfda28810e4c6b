"""Tables from files, and the columns of theirs that are inputs, tasks and noise."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console

from mfgp.cli.options import pairs, split
from mfgp.data.csv import AS_TEXT, require_names
from mfgp.data.labels import Labels, holds_labels
from mfgp.data.levels import Levels, holds_levels
from mfgp.data.table import listed, read_numbers
from mfgp.errors import ColumnError, DataError, ParameterError

if TYPE_CHECKING:
    from mfgp.architectures.regressor import Regressor

FORMULA = "formula"  # the column of formulas where none is named


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are what.

    Parameters
    ----------
    tasks
        Low fidelity first.
    inputs
        Columns of numbers, of True and False, or of text: categories.
    formula
        The column of chemical formulas, if there is one.
    noise
        The column of known standard deviations, by task.
    categories
        Those of the inputs that are text.
    labels
        The classes of those of the tasks that are text, or True and False.
    """

    tasks: list[str]
    inputs: list[str]
    formula: str | None = None
    noise: dict[str, str] = field(default_factory=dict)
    categories: list[str] = field(default_factory=list)
    labels: dict[Hashable, Labels] = field(default_factory=dict)

    @classmethod
    def choose(
        cls, frame: pd.DataFrame, tasks: str, inputs: str | None, formula: str | None, noise: list[str] | None
    ) -> Columns:
        """Find the columns in the first file.

        Raises
        ------
        ColumnError
            The file lacks a column, one that has to be numbers holds text, or no input is left.
        ParameterError
            An option cannot be read.
        """
        names = split(tasks, "--tasks")
        deviations = _deviations(noise, names)
        if inputs is not None:
            features = split(inputs, "--inputs")
        elif formula is not None:
            features = []
        else:
            numbers = frame.convert_dtypes().select_dtypes(["number", "bool"]).columns
            features = [name for name in numbers if name not in {*names, *deviations.values()}]
            if not features:
                raise ColumnError("no column of numbers is left for an input; name some by --inputs, or give --formula")
        _require(frame, [*names, *features, *deviations.values()])
        categories = [name for name in features if holds_levels(frame[name])]
        for name in categories:
            Levels.learn(frame[name], f"column {name!r} of the file")
        labels: dict[Hashable, Labels] = {
            name: Labels.learn(frame[name], f"column {name!r} of the file")
            for name in names
            if holds_labels(frame[name]) and not _has_numbers(frame[name])
        }
        columns = cls(names, features, formula, deviations, categories, labels)
        values = [name for name in names if name not in labels]
        require_numbers(frame, [*values, *columns._numbers, *deviations.values()])
        _require(frame, [] if formula is None else [formula])
        clash = [name for name in features if name in names]
        if clash:
            raise ColumnError(f"{listed(clash)} is named by --inputs and by --tasks; leave it out of one of them")
        return columns

    @classmethod
    def of_model(
        cls, model: Regressor, formula: str | None, noise: list[str] | None, present: Collection[Hashable]
    ) -> Columns:
        """Find the columns that a fitted model needs in a file.

        Composition features are made where the file lacks them, from the column `formula` or else "formula"; where
        `formula` is named, they are made in any case.

        Raises
        ------
        ColumnError
            The file lacks the columns of `noise`, or it has neither the features nor formulas to make them from.
        ParameterError
            A formula is named, but the model was not fitted on composition features; or `noise` cannot be read.
        """
        from mfgp.materials import FEATURES

        names: list[Any] = list(model.tasks_)
        inputs: list[Any] = list(model._inputs.columns)
        composed = set(FEATURES) <= set(inputs)
        if formula is not None and not composed:
            raise ParameterError(
                f"--formula is for a model of composition features, but this one has the inputs {listed(inputs)}; "
                "leave --formula out"
            )
        lacking = [name for name in FEATURES if name not in present] if composed else []
        if lacking and formula is None:
            formula = FORMULA
            if formula not in present:
                raise ColumnError(
                    f"the model's inputs are composition features, but there are neither the columns {listed(lacking)} "
                    f"nor a column {formula!r} to make them from; write --formula COLUMN"
                )
        own = inputs if formula is None else [name for name in inputs if name not in FEATURES]
        deviations = _deviations(noise, names)
        missing = [name for name in deviations.values() if name not in present]
        if missing:
            raise ColumnError(f"there is no column {listed(missing)} for --noise; the columns are {listed(present)}")
        categories = [inputs[place] for place in model._inputs.levels]
        labels = {names[place]: found for place, found in model._tasks.labels.items()}
        return cls(names, own, formula, deviations, categories, labels)

    @property
    def _numbers(self) -> list[str]:
        return [name for name in self.inputs if name not in self.categories]

    def X(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The inputs of a file, composition features last."""
        _require(frame, self.inputs)
        require_numbers(frame, self._numbers)
        if self.formula is None:
            return frame[self.inputs]
        from mfgp.materials import featurize

        _require(frame, [self.formula])
        return pd.concat([frame[self.inputs], featurize(frame[self.formula]).set_axis(frame.index)], axis="columns")

    def Y(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The tasks' values in the file that is learned from."""
        return frame[self.tasks]

    def known_noise(self, frame: pd.DataFrame) -> pd.DataFrame | None:
        """Known standard deviations, or None."""
        if not self.noise:
            return None
        return frame[list(self.noise.values())].set_axis(pd.Index(list(self.noise)), axis="columns")


def open_table(
    path: Path, tasks: str, inputs: str | None, formula: str | None, noise: list[str] | None, notes: Console
) -> tuple[pd.DataFrame, Columns]:
    """The file that is learned from and its columns; inputs that no option names are told."""
    frame = read_table(path, formula)
    columns = Columns.choose(frame, tasks, inputs, formula, noise)
    if inputs is None and formula is None:
        notes.print(f"inputs: {', '.join(columns.inputs)}")
        text = [name for name in frame if name not in columns.tasks and holds_levels(frame[name])]
        if text:
            notes.print(
                f"left out, as text: {', '.join(map(str, text))}; name them by --inputs to read them as categories"
            )
    return frame, columns


def read_table(path: Path, *text: Hashable) -> pd.DataFrame:
    """A CSV file, with some columns as text as it stands: a formula NaN is sodium nitride, a name 007 is no number.

    Raises
    ------
    DataError
        The file cannot be read, has no row, or more fields than names.
    ColumnError
        It has a name twice.
    """
    try:
        require_names(path)
        frame = pd.read_csv(path)
        as_text = pd.Index([name for name in text if name in frame])
        if len(as_text):
            frame[as_text] = pd.read_csv(path, usecols=list(as_text), **AS_TEXT)[as_text]
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give the path of a CSV file") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} is no CSV file ({reason}); write a line of column names and one line a row") from error
    if frame.empty:
        raise DataError(f"{path} has no row below its column names; give at least one")
    return frame


def prepare_folder(path: Path) -> Path:
    """Make a folder that results go to.

    Raises
    ------
    DataError
        It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"the folder {path} cannot be made ({error.strerror}); give another --out") from error
    return path


def require_file(path: Path) -> None:
    """Raise DataError where there is a folder in the place of a file that results go to."""
    if path.is_dir():
        raise DataError(f"--out {path} is a folder, expected a file; write --out {path / 'predictions.csv'}")


def prepare_file(path: Path) -> None:
    """Make the folder of a file that results go to.

    Raises
    ------
    DataError
        It cannot be made, or there is a folder in the place of the file.
    """
    require_file(path)
    prepare_folder(path.parent)


def require_numbers(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise ColumnError or DataError unless the file has these columns, and finite numbers in them."""
    _require(frame, names)
    read_numbers(frame[list(names)], "the file", "write a number in each cell, and nothing where there is none")


def _deviations(noise: list[str] | None, tasks: Sequence[str]) -> dict[str, str]:
    """The columns of known standard deviations, by task."""
    found = pairs(noise, "--noise")
    strangers = [task for task in found if task not in tasks]
    if strangers:
        raise ParameterError(f"--noise is for {listed(strangers)}, no task; the tasks are {listed(tasks)}")
    return found


def _has_numbers(column: pd.Series[Any]) -> bool:
    """Whether some of a column's text is a number, so that the rest of it is likely to be an accident."""
    text = column[column.map(lambda value: isinstance(value, str))]
    return bool(pd.to_numeric(text, errors="coerce").notna().any())


def _require(frame: pd.DataFrame, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ColumnError(f"there is no column {listed(missing)}; the columns are {listed(frame.columns)}")
