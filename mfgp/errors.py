"""The exception tree.

Every complaint about what a user gave says what came, what was expected, and what to write instead. Each class
derives from :class:`MfgpError` and from the built-in that fits, so both ``except MfgpError`` and ``except
ValueError`` work.
"""

from __future__ import annotations

from sklearn.exceptions import NotFittedError as SklearnNotFittedError


class MfgpError(Exception):
    """Base of every error that mfgp raises on purpose."""


class DataError(MfgpError, ValueError):
    """A value or a shape in the data cannot be used: an infinity, negative noise, lengths that differ."""


class ColumnError(MfgpError, ValueError):
    """A column is missing, unknown, duplicated or of a type that cannot be used."""


class DataTypeError(MfgpError, TypeError):
    """An object of the wrong kind was given, for example a sparse matrix for a frame."""


class ParameterError(MfgpError, ValueError):
    """A constructor or function parameter has a value that means nothing."""


class ExpressionError(MfgpError, ValueError):
    """A text is no expression of tasks, or names a task that there is not; the message shows the place."""


class FileError(MfgpError, ValueError):
    """A file is no saved model, is damaged or cut short, or was written by a newer version; the message says which."""


class NotFittedError(MfgpError, SklearnNotFittedError):
    """A fitted attribute or a prediction was asked of an estimator before ``fit``."""


class DependencyError(MfgpError, ImportError):
    """An optional library is needed for what was asked and is not installed."""


class NumericsError(MfgpError, ArithmeticError):
    """A covariance matrix could not be factorised even with the largest jitter allowed."""


class PrecisionWarning(UserWarning):
    """An integral has a larger error than was asked for; the result says how large."""
