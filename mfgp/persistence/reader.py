"""From a document to values: the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from mfgp.persistence.kinds import SCALARS, VALUES


class Reader:
    """Reads values that a :class:`~mfgp.persistence.Writer` told. Nothing but what is listed here can come of it.

    Parameters
    ----------
    tensors
        By name.
    estimators
        Classes that may be made, by name.

    Examples
    --------
    >>> Reader({}).read({"tuple": ["a", {"scalar": ["<f8", 0.5]}, {"float": "inf"}]})
    ('a', np.float64(0.5), inf)
    """

    def __init__(self, tensors: Mapping[str, Tensor], estimators: Mapping[str, type] | None = None) -> None:
        self.tensors = tensors
        self.kinds = VALUES | dict(estimators or {})
        self._readers: dict[str, Callable[[Any], Any]] = {
            "scalar": lambda told: np.dtype(told[0]).type(self.read(told[1])),
            "tuple": lambda told: tuple(map(self.read, told)),
            "mapping": lambda told: {self.read(key): self.read(value) for key, value in told},
            "array": lambda told: self.read(told).numpy(),
            "objects": self._objects,
            "frame": self._frame,
            "range": lambda told: pd.RangeIndex(*told[0]).rename(self.read(told[1][0])),
            "levels": lambda told: pd.MultiIndex.from_tuples(map(self.read, told[0]), names=self.read(told[1])),
            "labels": self._labels,
        }

    def read(self, told: Any) -> Any:
        """The value that JSON tells of.

        Raises
        ------
        ValueError, TypeError, KeyError, IndexError
            It tells of none.
        """
        if isinstance(told, list):
            return [self.read(each) for each in told]
        if not isinstance(told, dict):
            return told
        if "tensor" in told:
            tensor = self.tensors[told["tensor"]]
            return tensor.clone().T if told.get("by columns") else tensor.clone()
        if "is" in told:
            return self.kinds[told["is"]](**{name: self.read(value) for name, value in told["with"].items()})
        ((tag, content),) = told.items()
        if tag in SCALARS:
            return SCALARS[tag].read(self.read(content))
        return self._readers[tag](content)

    def _objects(self, told: list[Any]) -> Any:
        found = np.empty(len(told), dtype=object)
        found[:] = [self.read(each) for each in told]
        return found

    def _labels(self, told: list[Any]) -> pd.Index:
        values, dtype, names = told
        return pd.Index(self.read(values), dtype=dtype, name=self.read(names[0]), tupleize_cols=False)

    def _frame(self, told: list[Any]) -> pd.DataFrame:
        index, columns, values, dtypes = told
        series = [pd.Series(self.read(column), dtype=dtype) for column, dtype in zip(values, dtypes, strict=True)]
        frame = pd.concat(series, axis="columns")
        return frame.set_axis(self.read(index), axis="index").set_axis(self.read(columns), axis="columns")
