"""From values to a document: JSON, and tensors beside it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.errors import DataTypeError, ParameterError
from mfgp.persistence.kinds import SCALARS, TAGS, VALUES, arguments, is_number, is_plain


class Writer:
    """Tells values as JSON, and collects the tensors that they hold; equal tensors are kept once.

    Parameters
    ----------
    estimators
        Classes whose instances may be among the values, by name; they are told by their constructor parameters.

    Attributes
    ----------
    tensors
        Those met so far, by name.

    Examples
    --------
    >>> writer = Writer()
    >>> writer.tell(("a", np.float64(0.5), float("inf")), "a name")
    {'tuple': ['a', {'scalar': ['<f8', 0.5]}, {'float': 'inf'}]}
    >>> writer.tell(torch.eye(2), "a matrix"), list(writer.tensors)
    ({'tensor': 'a matrix'}, ['a matrix'])
    """

    def __init__(self, estimators: Mapping[str, type] | None = None) -> None:
        self.kinds = VALUES | dict(estimators or {})
        self.tensors: dict[str, Tensor] = {}
        self._names: dict[bytes, str] = {}

    def tell(self, value: Any, where: str) -> Any:
        """A value as JSON.

        Parameters
        ----------
        value
            A scalar, a container, a table, a tensor, or an instance of a class that is known.
        where
            What the value is, for names of tensors and for complaints.

        Raises
        ------
        ParameterError
            It is a GPyTorch kernel.
        DataTypeError
            It is of another type that is not known.
        """
        if is_plain(value):
            return value
        if type(value) in TAGS:
            return {TAGS[type(value)]: self._inside(SCALARS[TAGS[type(value)]].tell(value), where)}
        if is_number(value):
            return {"scalar": [value.dtype.str, self.tell(value.item(), where)]}
        if type(value) is list:
            return self._each(value, where)
        if type(value) is tuple:
            return {"tuple": self._each(value, where)}
        if isinstance(value, Mapping):
            return {"mapping": [[self.tell(k, where), self.tell(v, f"{where} of {k!r}")] for k, v in value.items()]}
        if isinstance(value, Tensor):
            return self._tensor(value, where)
        if isinstance(value, np.ndarray):
            return self._array(value, where)
        if isinstance(value, (pd.Index, pd.DataFrame)):
            return self._table(value, where)
        if self.kinds.get(type(value).__name__) is type(value):
            told = {name: self.tell(each, f"{name} of {where}") for name, each in arguments(value).items()}
            return {"is": type(value).__name__, "with": told}
        raise _unknown(value, where)

    def _inside(self, told: Any, where: str) -> Any:
        return self._each(told, where) if isinstance(told, list) else told

    def _each(self, values: Any, where: str) -> list[Any]:
        return [self.tell(value, where) for value in values]

    def _array(self, values: np.ndarray, where: str) -> Any:
        if values.dtype.kind in "biuf":
            return {"array": self._tensor(torch.from_numpy(values), where)}
        return {"objects": self._each(values.tolist(), where)}

    def _table(self, table: pd.Index | pd.DataFrame, where: str) -> Any:
        if isinstance(table, pd.DataFrame):
            columns = [self._each(table.iloc[:, place], where) for place in range(table.shape[1])]
            labels = [self.tell(axis, where) for axis in (table.index, table.columns)]
            return {"frame": [*labels, columns, [str(dtype) for dtype in table.dtypes]]}
        names = self._each(table.names, where)
        if isinstance(table, pd.RangeIndex):
            return {"range": [[table.start, table.stop, table.step], names]}
        if isinstance(table, pd.MultiIndex):
            return {"levels": [self._each(table.tolist(), where), names]}
        return {"labels": [self._each(list(table), where), str(table.dtype), names]}

    def _tensor(self, tensor: Tensor, where: str) -> dict[str, Any]:
        """A tensor by its name; one that lies in memory column by column is to lie so again."""
        tensor = tensor.detach().cpu()
        by_columns = tensor.dim() == 2 and not tensor.is_contiguous() and tensor.T.is_contiguous()
        content = (tensor.T if by_columns else tensor).contiguous().clone()
        key = sha256(content.reshape(-1).view(torch.uint8).numpy().tobytes())
        key.update(f"{content.dtype} {list(content.shape)}".encode())
        name = self._names.setdefault(key.digest(), self._free(where))
        self.tensors.setdefault(name, content)
        return {"tensor": name, "by columns": True} if by_columns else {"tensor": name}

    def _free(self, where: str) -> str:
        names = itertools.chain([where], (f"{where} {number}" for number in itertools.count(2)))
        return next(name for name in names if name not in self.tensors)


def _unknown(value: Any, where: str) -> ParameterError | DataTypeError:
    kind = type(value).__name__
    if isinstance(value, Kernel):
        return ParameterError(
            f"{where} is a {kind} of your own, which cannot be saved without executing code when it is loaded; write "
            "kernel='matern52' or another name, or keep the model by joblib.dump(model, path) or pickle, and load it "
            "only where you trust the file"
        )
    return DataTypeError(
        f"a {kind} cannot be saved ({where}), expected text, numbers, dates, or lists and tuples of them; write one of "
        "these in its place, or keep the model by joblib.dump(model, path)"
    )
