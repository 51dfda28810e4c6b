"""Pools: spaces that are lists of candidates."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from mfgp.data.csv import AS_TEXT, require_names
from mfgp.data.levels import holds_levels
from mfgp.data.table import listed, read_numbers, require_unique
from mfgp.errors import ColumnError, DataError, DataTypeError, MfgpError
from mfgp.expressions import Condition
from mfgp.optimization.inputs import holds
from mfgp.optimization.points import ROUNDING, Label, Point, Points
from mfgp.optimization.spread import NEAR, Bounds, coordinates, far_apart
from mfgp.optimization.trial import Place


class Pool:
    """N candidates, each with a label of its own.

    Parameters
    ----------
    frame
        (N, d) inputs: numbers, or categories. The index holds the candidates' labels, text or whole numbers.

    Raises
    ------
    DataTypeError
        It is no pandas frame, or a label is neither text nor a whole number.
    ColumnError
        A column comes twice, or can be read neither as numbers nor as categories.
    DataError
        There is no candidate or no input, two candidates have one label, or an input is missing or infinite.

    Attributes
    ----------
    frame
        (N, d) inputs as float64 and categories.
    levels
        The levels of each categorical input, by name.

    Examples
    --------
    >>> pool = Pool(pd.DataFrame({"radius": [0.5, 0.7, 1.9]}, index=["a", "b", "c"]))
    >>> pool
    Pool(3 candidates, inputs ['radius'])
    >>> from mfgp import parse
    >>> pool.where([parse("radius < 1")]).labels.tolist()
    ['a', 'b']
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        if not isinstance(frame, pd.DataFrame):
            raise DataTypeError(
                f"a pool is made of a pandas.DataFrame, but a {type(frame).__name__} came: write pd.DataFrame(...), or "
                "Pool.read(path)"
            )
        if frame.shape[0] == 0 or frame.shape[1] == 0:
            raise DataError(f"a pool of the shape {frame.shape} has nothing to choose from; give a candidate a row")
        require_unique(frame.columns, "the pool")
        _require_labels(frame.index)
        self.levels: dict[Hashable, tuple[str, ...]] = {
            name: _levels(frame[name]) for name in frame.columns if holds_levels(frame[name])
        }
        columns: dict[Hashable, Any] = {}
        for name in frame.columns:
            if name in self.levels:
                columns[name] = pd.Categorical(frame[name], list(self.levels[name]))
            else:
                columns[name] = read_numbers(frame[[name]], "the pool")[:, 0]
        self.frame = pd.DataFrame(columns, frame.index, frame.columns)
        missing = self.frame.isna().any(axis=1).to_numpy()
        if missing.any():
            raise DataError(
                f"{missing.sum()} of {len(frame)} candidates lack an input, first "
                f"{plain_label(frame.index[missing][0])!r}; fill it in, or leave them out by frame.dropna()"
            )

    @classmethod
    def read(cls, path: str | Path, label: str | None = None) -> Pool:
        """A pool from a file: Parquet, or CSV with one line of names.

        Parameters
        ----------
        path
            Its name ends in ".parquet", or in ".csv".
        label
            The column of the candidates' labels; None for the index that pandas kept in a Parquet file, or for the
            number of the row. In a CSV file it is text as it stands, unless all labels are whole numbers without
            zeros in front.

        Raises
        ------
        DataError
            The file cannot be read, or a CSV file has more fields than names.
        ColumnError
            It has no such column, or a name twice.
        """
        file = Path(path)
        try:
            if file.suffix != ".parquet":
                require_names(file)
            frame = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
            if file.suffix != ".parquet" and label in frame.columns:
                text = pd.read_csv(file, usecols=[label], **AS_TEXT)[label]
                frame[label] = frame[label] if text.equals(frame[label].astype(str)) else text
        except MfgpError:
            raise
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise DataError(f"{file} cannot be read as a pool ({reason}); give a Parquet or a CSV file") from error
        if label is None:
            return cls(frame)
        if label not in frame.columns:
            raise ColumnError(f"{file} has no column {label!r} of labels; its columns are {listed(frame.columns)}")
        return cls(frame.set_index(label))

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """Names of the d inputs."""
        return tuple(self.frame.columns)

    @property
    def labels(self) -> pd.Index:
        """Labels of the N candidates."""
        return self.frame.index

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        return f"Pool({len(self)} candidates, inputs [{listed(self.columns)}])"

    def where(self, conditions: Iterable[Condition]) -> Pool:
        """The candidates at which all conditions on inputs hold.

        Raises
        ------
        DataError
            There is none.
        """
        kept, conditions = np.ones(len(self), dtype=bool), list(conditions)
        for condition in conditions:
            kept &= holds(condition, self.frame)
        if not kept.any():
            raise DataError(f"no candidate meets {listed(conditions)}; leave a constraint out, or give more candidates")
        return self if kept.all() else Pool(self.frame[kept])

    def contains(self, inputs: pd.DataFrame) -> np.ndarray:
        """Whether rows (n, d) are candidates, or a rounding away from one; see :meth:`labels_of`.

        Examples
        --------
        >>> pool = Pool(pd.DataFrame({"radius": [0.1, 0.2, 0.4], "metal": ["Cu", "Ni", "Ni"]}))
        >>> rows = pd.DataFrame({"radius": [0.1 + 1e-9, 0.1, 0.3], "metal": ["Cu", "Ni", "Ni"]})
        >>> pool.contains(rows).tolist()
        [True, False, False]
        """
        points = Points(self.columns, self.levels).read(inputs, "the rows")
        return np.array([bool(labels) for labels in self.labels_of(points)], dtype=bool)

    def space_filling(
        self, count: int, taken: pd.DataFrame, random_state: int, among: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Candidates that lie far from one another and from rows that are taken.

        Parameters
        ----------
        count
            How many; fewer come if there are no more.
        taken
            (m, d) inputs of rows that need not be candidates.
        random_state
            Draws the first candidate if no row is taken.
        among
            (k,) places of the candidates to choose from; None for all.

        Returns
        -------
        Lines of `frame`, in the order chosen.
        """
        places = np.arange(len(self)) if among is None else among
        points, rng = self.coordinates(self.frame.iloc[places]), np.random.default_rng(random_state)
        return self.frame.iloc[places[far_apart(points, count, self.coordinates(taken[list(self.columns)]), rng)]]

    def coordinates(self, inputs: pd.DataFrame) -> np.ndarray:
        """Inputs as points: numbers in the range of the candidates from 0 to 1, each level on an axis of its own."""
        return coordinates(inputs, *self._bounds, self.levels)

    def labels_of(self, points: Sequence[Point]) -> list[list[Label]]:
        """For each of n points the labels of the candidates that have these inputs: none, one, or several.

        A point may be a rounding away, each number by a millionth of itself; then the nearest candidate counts.

        Examples
        --------
        >>> pool = Pool(pd.DataFrame({"radius": [0.1, 0.2, 0.2]}, index=["a", "b", "c"]))
        >>> pool.labels_of([(0.2,), (0.1000001,), (0.11,)])
        [['b', 'c'], ['a'], []]
        """
        found = [self.labels_at.get(point, []) for point in points]
        others = [number for number, labels in enumerate(found) if not labels]
        if others:
            rows = Points(self.columns, self.levels).frame(points[number] for number in others)
            distance, nearest = self._tree.query(self.coordinates(rows), distance_upper_bound=NEAR)
            same, candidates = np.isfinite(distance), self.frame.iloc[np.where(np.isfinite(distance), nearest, 0)]
            lower, upper = self._bounds
            for name in lower:
                own = candidates[name].to_numpy()
                slack = np.finfo(float).eps * (upper[name] - lower[name])  # of sums that ought to be zero
                same &= np.abs(rows[name].to_numpy() - own) <= ROUNDING * np.abs(own) + slack
            places = list(self.places.values())
            for number, place in zip(np.array(others)[same], nearest[same], strict=True):
                found[number] = self.labels_at[places[place].point]
        return found

    @cached_property
    def places(self) -> dict[Label, Place]:
        """Label and inputs of each candidate, by its label."""
        points = Points(self.columns, self.levels).read(self.frame, "the pool")
        labels = map(plain_label, self.labels)
        return {label: Place(label, point) for label, point in zip(labels, points, strict=True)}

    @cached_property
    def labels_at(self) -> dict[Point, list[Label]]:
        """The labels of the candidates that have the same inputs, by these."""
        found: dict[Point, list[Label]] = {}
        for label, (_, point) in self.places.items():
            found.setdefault(point, []).append(label)
        return found

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.coordinates(self.frame), balanced_tree=False)  # medians of few distinct values take long

    @cached_property
    def _bounds(self) -> tuple[Bounds, Bounds]:
        numbers = self.frame[[name for name in self.columns if name not in self.levels]]
        return numbers.min().to_dict(), numbers.max().to_dict()


def plain_label(label: Any) -> Label:
    """A candidate's label as text or a whole number of Python's own."""
    return str(label) if isinstance(label, str) else int(label)


def _require_labels(labels: pd.Index) -> None:
    strange = [label for label in labels if isinstance(label, bool) or not isinstance(label, str | Integral)]
    if strange:
        raise DataTypeError(
            f"a candidate has the label {strange[0]!r} of type {type(strange[0]).__name__}, expected text or whole "
            "numbers: write frame.set_index('column of labels')"
        )
    repeated = labels[labels.duplicated()].unique()
    if len(repeated):
        raise DataError(
            f"the label {repeated[0]!r} and {len(repeated) - 1} others stand for more than one candidate; give each "
            "its own, as by frame.reset_index(drop=True)"
        )


def _levels(column: pd.Series[Any]) -> tuple[str, ...]:
    declared = isinstance(column.dtype, pd.CategoricalDtype)
    found = column.cat.categories.tolist() if declared else sorted(set(column.dropna()), key=str)
    strange = [level for level in found if not isinstance(level, str)]
    if strange:
        raise ColumnError(
            f"column {column.name!r} of the pool has the level {strange[0]!r} beside text; write .astype(str) behind it"
        )
    return tuple(found)
