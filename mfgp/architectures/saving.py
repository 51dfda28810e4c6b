"""Estimators as files."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from mfgp.errors import DataError, DataTypeError, NumericsError
from mfgp.persistence import Reader, Writer, read_file, read_models, write_file, write_models
from mfgp.persistence.file import damaged

PACKAGES = ["mfgp", "torch", "gpytorch", "botorch", "numpy", "pandas", "scikit-learn", "safetensors"]
MODELS = {"model_", "predictive_model_", "_fitted_on"}
OF_ROWS = {"_index", "_rows"}  # what is known of the rows learned from, which goes with the data
WORDS = {"_index": "labels of the rows", "_inputs": "the inputs", "_tasks": "the tasks", "tasks_": "names of the tasks"}


class Saving:
    """The part of an estimator that writes it to a file."""

    def save(self, path: str | os.PathLike[str], data: bool = True) -> None:
        """Write the fitted estimator to a file, from which :func:`mfgp.load` makes it again.

        Predictions of what is loaded are the same, bit for bit on the same machine. The file holds no code: it is
        safetensors with JSON among its metadata. A file that is there is replaced, all at once.

        Parameters
        ----------
        path
            The file.
        data
            False to leave out the values learned from, the known noise and the labels of the rows; what is loaded
            predicts, but does not learn on and says nothing of its fit's errors. It keeps no secret: the inputs are
            still there, and the values follow from what prediction needs.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ParameterError
            A GPyTorch kernel of your own, which cannot be loaded without executing code; pickle and joblib do that.
        DataTypeError
            A name, a level, a class or a row's label is no text, number or date; or the estimator is of a class of
            your own.
        DataError
            There is no such folder.
        OSError
            The file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np, pandas as pd
        >>> import mfgp
        >>> X = pd.DataFrame({"x": np.linspace(0, 1, 12)})
        >>> model = mfgp.IndependentGP().fit(X, np.sin(6 * X.x).rename("y"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/sine.mfgp")
        ...     loaded = mfgp.load(f"{folder}/sine.mfgp")
        >>> loaded.predict(X).equals(model.predict(X))
        True
        """
        estimator: Any = self
        estimator._check_fitted("model to save")
        kinds = _estimators()
        if kinds.get(type(self).__name__) is not type(self):
            raise DataTypeError(
                f"{type(self).__name__} is a class of your own, expected one of {', '.join(kinds)}, which load without "
                "executing code from the file; keep the model by joblib.dump(model, path)"
            )
        if data:
            self._check_data("values to save, unless by save(path, data=False)")
        writer = Writer(kinds)
        left_out = {*estimator.get_params(deep=False), *MODELS, *(() if data else OF_ROWS)}
        learned = {name: value for name, value in vars(self).items() if name not in left_out}
        document = {
            "versions": {package: _version(package) for package in PACKAGES},
            "estimator": writer.tell(estimator, type(self).__name__),
            "models": write_models(writer, estimator.model_, estimator.predictive_model_, data),
            "learned": {
                name: writer.tell(learned[name], WORDS.get(name, name)) for name in sorted(learned, reverse=True)
            },
        }
        write_file(path, document, writer.tensors)

    def _check_data(self, wanted: str) -> None:
        """Raise DataError where the values learned from were left out of the file that the estimator came from."""
        if not hasattr(self, "_rows"):
            raise DataError(
                f"this model was saved with data=False and has no {wanted}: the values that it learned from are not "
                "there; write save(path) for the model that was fitted"
            )


def load(path: str | os.PathLike[str]) -> Any:
    """The estimator that was saved to a file, on the CPU.

    Nothing is executed from the file: it is read as numbers and text, from which only estimators of this package come.

    Parameters
    ----------
    path
        The file that :meth:`save <mfgp.architectures.saving.Saving.save>` wrote.

    Raises
    ------
    FileError
        The file is none of these, is damaged or cut short, or was written by a newer version.
    OSError
        There is no such file, or it cannot be read.
    """
    document, tensors = read_file(path)
    try:
        reader = Reader(tensors, _estimators())
        estimator = reader.read(document["estimator"])
        learned = {name: reader.read(told) for name, told in document["learned"].items()}
        model, predictive = read_models(reader, document["models"])
        if not isinstance(estimator, Saving) or any(hasattr(type(estimator), name) for name in learned):
            raise ValueError("no estimator")
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError, NumericsError, RecursionError) as error:
        raise damaged(repr(os.fspath(path))) from error
    vars(estimator).update(learned, model_=model, predictive_model_=predictive, _fitted_on=torch.device("cpu"))
    return estimator


def _estimators() -> dict[str, type]:
    """The classes that can be saved, by name."""
    from mfgp import architectures

    found = [getattr(architectures, name) for name in architectures.__all__]
    return {kind.__name__: kind for kind in found if isinstance(kind, type)}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
