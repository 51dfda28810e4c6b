"""What one writes expressions with: tasks and functions."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from mfgp.errors import ParameterError
from mfgp.expressions.quantity import Function, Quantity, quantity
from mfgp.expressions.tasks import Task


def task(name: Hashable) -> Task:
    """The value of a task, or the class of a label, to be used in expressions.

    Parameters
    ----------
    name
        The task's name: a column of Y.

    Raises
    ------
    ParameterError
        The name cannot be one.

    Examples
    --------
    >>> error = task("gap_expt") - task("PBE gap")
    >>> error
    gap_expt - task('PBE gap')
    >>> (abs(error) < 0.5) & (task("gap_expt") > 1)
    (abs(gap_expt - task('PBE gap')) < 0.5) & (gap_expt > 1)
    >>> (task("color") == "red") & (task("gap_expt") > 2)
    (color == 'red') & (gap_expt > 2)
    """
    if not isinstance(name, Hashable):
        raise ParameterError(f"task({name!r}) names no task; write the name of one column of Y, such as task('gap')")
    return Task(name.item() if isinstance(name, np.generic) else name)


def exp(x: Quantity | float) -> Quantity:
    """Exponential function of a quantity.

    Examples
    --------
    >>> from mfgp import exp, task
    >>> exp(task("a") - 1)
    exp(a - 1)
    """
    return Function("exp", (quantity(x),))


def log(x: Quantity | float) -> Quantity:
    """Natural logarithm of a quantity; draws at which it is not positive are counted as invalid.

    Examples
    --------
    >>> from mfgp import log, task
    >>> log(task("rate") / 2)
    log(rate / 2)
    """
    return Function("log", (quantity(x),))


def sqrt(x: Quantity | float) -> Quantity:
    """Square root of a quantity; draws at which it is negative are counted as invalid.

    Examples
    --------
    >>> from mfgp import sqrt, task
    >>> sqrt(task("a") ** 2 + 1)
    sqrt(a ** 2 + 1)
    """
    return Function("sqrt", (quantity(x),))


def abs(x: Quantity | float) -> Quantity:
    """Absolute value of a quantity; Python's own ``abs`` does the same.

    Examples
    --------
    >>> from mfgp import abs, task
    >>> abs(task("a") - task("b"))
    abs(a - b)
    """
    return Function("abs", (quantity(x),))


def maximum(first: Quantity | float, second: Quantity | float, *more: Quantity | float) -> Quantity:
    """The largest of two or more quantities.

    Examples
    --------
    >>> from mfgp import maximum, task
    >>> maximum(task("a"), task("b"), 0)
    maximum(a, b, 0)
    """
    return Function("maximum", tuple(quantity(x) for x in (first, second, *more)))


def minimum(first: Quantity | float, second: Quantity | float, *more: Quantity | float) -> Quantity:
    """The smallest of two or more quantities.

    Examples
    --------
    >>> from mfgp import minimum, task
    >>> minimum(task("a"), 1)
    minimum(a, 1)
    """
    return Function("minimum", tuple(quantity(x) for x in (first, second, *more)))
