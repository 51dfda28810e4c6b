"""Objectives: what a campaign looks for, as a function of the tasks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

from mfgp.errors import DataTypeError, ParameterError
from mfgp.expressions import Condition, Quantity, abs, parse

Direction = Literal["maximize", "minimize", "target"]


@dataclass(frozen=True)
class Objective:
    """A quantity, and what is good of it. :func:`maximize`, :func:`minimize` and :func:`target` make one.

    Parameters
    ----------
    quantity
        A function of the tasks.
    direction
        Whether large values are good, small ones, or those near a value.
    value
        The value to come near, in the quantity's unit; None for the other directions.
    reference
        Among several objectives: the worst value of the quantity that counts at all, in its unit, from which the
        volume of a Pareto front is measured. Of a target the largest distance from its value that counts. None where
        it is to be taken from the data.

    Examples
    --------
    >>> from mfgp import task
    >>> Objective(task("gap"), "target", 1.4)
    target(gap, 1.4)
    """

    quantity: Quantity
    direction: Direction = "maximize"
    value: float | None = None
    reference: float | None = None

    @property
    def utility(self) -> Quantity:
        """The quantity to be maximised: q, -q, or minus the distance of q from the value.

        Examples
        --------
        >>> target("gap", 1.4).utility
        -abs(gap - 1.4)
        """
        match self.direction:
            case "maximize":
                return self.quantity
            case "minimize":
                return -self.quantity
            case "target":
                return -abs(self.quantity - self.value)

    @property
    def reference_utility(self) -> float | None:
        """The utility at the reference; None where there is none.

        Examples
        --------
        >>> minimize("cost", reference=10).reference_utility
        -10.0
        """
        if self.reference is None:
            return None
        return self.reference if self.direction == "maximize" else -self.reference

    def __repr__(self) -> str:
        value = "" if self.value is None else f", {self.value:g}"
        reference = "" if self.reference is None else f", reference={self.reference:g}"
        return f"{self.direction}({self.quantity!r}{value}{reference})"


def maximize(expression: Quantity | str, *, reference: float | None = None) -> Objective:
    """The objective that a function of the tasks is large.

    Parameters
    ----------
    expression
        Made of :func:`mfgp.task`, or a text that :func:`mfgp.parse` reads.
    reference
        Among several objectives: the smallest value that counts; see :class:`Objective`.

    Raises
    ------
    DataTypeError
        It is no quantity.
    ExpressionError
        The text is no expression.
    ParameterError
        The reference is no finite number.

    Examples
    --------
    >>> maximize("selectivity - 2 * loss")
    maximize(selectivity - 2 * loss)
    """
    return Objective(_quantity(expression, "maximize"), "maximize", None, _number(reference, "reference"))


def minimize(expression: Quantity | str, *, reference: float | None = None) -> Objective:
    """The objective that a function of the tasks is small.

    Parameters
    ----------
    expression
        Made of :func:`mfgp.task`, or a text that :func:`mfgp.parse` reads.
    reference
        Among several objectives: the largest value that counts; see :class:`Objective`.

    Raises
    ------
    DataTypeError, ExpressionError, ParameterError
        As :func:`maximize`.

    Examples
    --------
    >>> minimize("energy").utility
    -energy
    """
    return Objective(_quantity(expression, "minimize"), "minimize", None, _number(reference, "reference"))


def target(expression: Quantity | str, value: float, *, reference: float | None = None) -> Objective:
    """The objective that a function of the tasks comes near a value.

    Parameters
    ----------
    expression
        Made of :func:`mfgp.task`, or a text that :func:`mfgp.parse` reads.
    value
        The value, in the unit of the expression.
    reference
        Among several objectives: the largest distance that counts; see :class:`Objective`.

    Raises
    ------
    DataTypeError, ExpressionError, ParameterError
        As :func:`maximize`; and if the value is no finite number.

    Examples
    --------
    >>> target("gap", 1.4)
    target(gap, 1.4)
    """
    if value is None:
        raise ParameterError("value=None, expected a finite number, such as target('gap', 1.4)")
    number = _number(value, "value")
    return Objective(_quantity(expression, "target"), "target", number, _number(reference, "reference"))


def _quantity(expression: Any, verb: str) -> Quantity:
    found = parse(expression) if isinstance(expression, str) else expression
    if isinstance(found, Condition):
        raise DataTypeError(
            f"{found!r} is a condition, which holds or does not; give a quantity to {verb}, and the condition as "
            "constraints=[...]"
        )
    if not isinstance(found, Quantity):
        raise DataTypeError(
            f"{found!r} of type {type(found).__name__} is no quantity; write {verb}(mfgp.task('a')), or text, such as "
            f"{verb}('a - b')"
        )
    if not found.tasks:
        raise ParameterError(f"{found!r} is the same for every row; name a task in it, such as {verb}('a')")
    return found


def _number(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ParameterError(f"{name}={value!r}, expected a finite number in the unit of the quantity")
    return float(value)
