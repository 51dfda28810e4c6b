"""Points: the inputs of a row in a form that can be compared, stored as text and read back bit for bit."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from mfgp.data.table import listed, read_numbers
from mfgp.errors import ColumnError, DataError

Point: TypeAlias = tuple[float | str, ...]
Label: TypeAlias = str | int

ROUNDING = 1e-6  # of a number: what single precision, a spreadsheet or text of seven digits may be off by


@dataclass(frozen=True)
class Points:
    """The d inputs of a space, and how rows of them are read and shown.

    Parameters
    ----------
    columns
        d names.
    levels
        The levels of each category, by name.

    Examples
    --------
    >>> points = Points(("radius", "metal"), {"metal": ("Cu", "Ni")})
    >>> points.read(pd.DataFrame({"metal": ["Cu"], "radius": [1]}), "the table")
    [(1.0, 'Cu')]
    >>> Points.text((0.1, "Cu")), Points.of_text('[0.1, "Cu"]')
    ('[0.1, "Cu"]', (0.1, 'Cu'))
    """

    columns: tuple[Hashable, ...]
    levels: Mapping[Hashable, tuple[str, ...]]

    def read(self, frame: pd.DataFrame, name: str) -> list[Point]:
        """The rows of a frame; numbers as floats, and minus zero as zero.

        Raises
        ------
        ColumnError
            A column is missing, or holds text where numbers are expected, or the other way round.
        DataError
            A cell is missing or infinite.
        """
        missing = [column for column in self.columns if column not in frame.columns]
        if missing:
            raise ColumnError(f"{name} lacks the inputs {listed(missing)}; give all of {listed(self.columns)}")
        gaps = frame[list(self.columns)].isna().any(axis=1).to_numpy()
        if gaps.any():
            raise DataError(
                f"{gaps.sum()} of {len(frame)} rows of {name} lack an input, first row {gaps.argmax()}; fill it in, or "
                "leave these rows out"
            )
        columns: list[Sequence[Any]] = []
        for column in self.columns:
            if column in self.levels:
                texts = frame[column].to_numpy(dtype=object)
                strange = [text for text in texts if not isinstance(text, str)]
                if strange:
                    raise ColumnError(
                        f"column {column!r} of {name} holds {strange[0]!r}, expected text, such as "
                        f"{self.levels[column][0]!r}; write .astype(str) behind it"
                    )
                columns.append(texts.tolist())
            else:
                columns.append((read_numbers(frame[[column]], name)[:, 0] + 0.0).tolist())
        return list(zip(*columns, strict=True))

    def frame(self, points: Iterable[Point], index: Any = None) -> pd.DataFrame:
        """Points as a frame (n, d) of float64 and categories; levels that the space lacks are added behind its own."""
        rows = list(points)
        columns: dict[Hashable, Any] = {}
        for place, column in enumerate(self.columns):
            values = [row[place] for row in rows]
            if column in self.levels:
                more = sorted({str(value) for value in values} - set(self.levels[column]))
                columns[column] = pd.Categorical(values, [*self.levels[column], *more])
            else:
                columns[column] = np.array(values, dtype=float)
        labels = pd.RangeIndex(len(rows)) if index is None else index
        return pd.DataFrame(columns, labels, pd.Index(self.columns, tupleize_cols=False))

    @staticmethod
    def text(point: Point) -> str:
        """A point as JSON, each number with as many digits as tell it from all others."""
        return json.dumps(point)

    @staticmethod
    def of_text(text: str) -> Point:
        """The point of a text."""
        return tuple(json.loads(text))
