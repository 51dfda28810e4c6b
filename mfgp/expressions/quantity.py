"""Quantities: numbers, tasks, and what arithmetic and functions make of them."""

from __future__ import annotations

import math
import operator
import reprlib
from abc import abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from numbers import Real
from typing import Any, NoReturn, final

import torch
from botorch.acquisition.objective import ScalarizedPosteriorTransform
from torch import Tensor

from mfgp.errors import DataTypeError, ParameterError
from mfgp.expressions.condition import Comparison
from mfgp.expressions.expression import ATOM, POWER, PRODUCT, SUM, UNARY, Expression, enclosed
from mfgp.expressions.linear import LinearForm
from mfgp.expressions.objective import ExpressionObjective

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
PLACES = {  # how tightly each binds, and how tightly its left and its right have to, to stand without parentheses
    "+": (SUM, SUM, PRODUCT),
    "-": (SUM, SUM, PRODUCT),
    "*": (PRODUCT, PRODUCT, UNARY),
    "/": (PRODUCT, PRODUCT, UNARY),
    "**": (POWER, ATOM, UNARY),
}
FUNCTIONS: Mapping[str, Callable[..., Tensor]] = {
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
}
OF_SEVERAL = frozenset({"maximum", "minimum"})


class Quantity(Expression):
    """An expression whose value is a number.

    It has ``+ - * / **`` with numbers and other quantities, ``abs``, and comparisons, which are conditions.
    """

    def linear(self) -> LinearForm | None:
        """Weights and constant, if it is linear in the tasks as it is written; None if it is not.

        Examples
        --------
        >>> from mfgp import task
        >>> (2 * (task("a") - task("b")) + 1).linear()
        LinearForm(weights={'a': 2.0, 'b': -2.0}, offset=1.0)
        """
        if self.tasks:
            return self._linear()
        value = self.evaluate({}).item()
        return LinearForm({}, value) if math.isfinite(value) else None

    @abstractmethod
    def _linear(self) -> LinearForm | None:
        """The same, of an expression that uses a task."""

    def objective(self, tasks: Sequence[Hashable]) -> ExpressionObjective:
        """The quantity as an objective of BoTorch's Monte Carlo acquisition functions, which maximise it.

        Parameters
        ----------
        tasks
            What the model's outputs are, in their order.

        Raises
        ------
        ColumnError
            A task is used that is not among them.

        Examples
        --------
        >>> from mfgp import task
        >>> objective = (task("a") / task("b")).objective(["a", "b"])
        >>> objective(torch.tensor([[3.0, 2.0]]))
        tensor([1.5000])
        """
        return ExpressionObjective(self, tasks)

    def posterior_transform(self, tasks: Sequence[Hashable]) -> ScalarizedPosteriorTransform:
        """The quantity as a posterior transform of BoTorch, for acquisition functions in closed form.

        Parameters
        ----------
        tasks
            What the model's outputs are, in their order.

        Raises
        ------
        ColumnError
            A task is used that is not among them.
        ParameterError
            The quantity is not linear.

        Examples
        --------
        >>> from mfgp import task
        >>> (task("b") - 2 * task("a")).posterior_transform(["a", "b"]).weights
        tensor([-2.,  1.], dtype=torch.float64)
        """
        self.require_tasks(tasks)
        form = self.linear()
        if form is None:
            raise ParameterError(
                f"{self!r} is not linear in the tasks, so the posterior of it is not normal; use "
                ".objective(tasks) with a Monte Carlo acquisition function"
            )
        return ScalarizedPosteriorTransform(torch.from_numpy(form.vector(tasks)), form.offset)

    def __add__(self, other: Any) -> Quantity:
        return Arithmetic("+", self, quantity(other))

    def __radd__(self, other: Any) -> Quantity:
        return Arithmetic("+", quantity(other), self)

    def __sub__(self, other: Any) -> Quantity:
        return Arithmetic("-", self, quantity(other))

    def __rsub__(self, other: Any) -> Quantity:
        return Arithmetic("-", quantity(other), self)

    def __mul__(self, other: Any) -> Quantity:
        return Arithmetic("*", self, quantity(other))

    def __rmul__(self, other: Any) -> Quantity:
        return Arithmetic("*", quantity(other), self)

    def __truediv__(self, other: Any) -> Quantity:
        return Arithmetic("/", self, quantity(other))

    def __rtruediv__(self, other: Any) -> Quantity:
        return Arithmetic("/", quantity(other), self)

    def __pow__(self, other: Any) -> Quantity:
        return Arithmetic("**", self, quantity(other))

    def __rpow__(self, other: Any) -> Quantity:
        return Arithmetic("**", quantity(other), self)

    def __neg__(self) -> Quantity:
        return Constant(-self.value) if isinstance(self, Constant) else Negative(self)

    def __pos__(self) -> Quantity:
        return self

    def __abs__(self) -> Quantity:
        return Function("abs", (self,))

    def __lt__(self, other: Any) -> Comparison:
        return Comparison("<", self, quantity(other))

    def __le__(self, other: Any) -> Comparison:
        return Comparison("<=", self, quantity(other))

    def __gt__(self, other: Any) -> Comparison:
        return Comparison(">", self, quantity(other))

    def __ge__(self, other: Any) -> Comparison:
        return Comparison(">=", self, quantity(other))

    def __and__(self, other: Any) -> NoReturn:
        raise DataTypeError(no_condition(self, "&"))

    def __or__(self, other: Any) -> NoReturn:
        raise DataTypeError(no_condition(self, "|"))

    def __invert__(self) -> NoReturn:
        raise DataTypeError(no_condition(self, "~"))

    __rand__, __ror__ = __and__, __or__


@final
@dataclass(frozen=True, eq=False, repr=False)
class Constant(Quantity):
    """A finite number."""

    value: float

    def evaluate(self, values: Mapping[Hashable, Tensor]) -> Tensor:
        """The number, without a shape."""
        return torch.tensor(self.value, dtype=torch.float64)

    @property
    def precedence(self) -> int:
        """A number with a sign in front binds less tightly."""
        return UNARY if math.copysign(1.0, self.value) < 0.0 else ATOM

    def _linear(self) -> LinearForm:
        return LinearForm({}, self.value)

    def _text(self) -> str:
        return repr(self.value).removesuffix(".0")


@final
@dataclass(frozen=True, eq=False, repr=False)
class Negative(Quantity):
    """Minus a quantity."""

    operand: Quantity

    def evaluate(self, values: Mapping[Hashable, Tensor]) -> Tensor:
        """Its values with the other sign."""
        return -self.operand.evaluate(values)

    @property
    def precedence(self) -> int:
        """A sign in front."""
        return UNARY

    def _linear(self) -> LinearForm | None:
        form = self.operand.linear()
        return None if form is None else form.scale(-1.0)

    def _text(self) -> str:
        return f"-{enclosed(self.operand, UNARY)}"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Arithmetic(Quantity):
    """Two quantities joined by ``+``, ``-``, ``*``, ``/`` or ``**``."""

    symbol: str
    left: Quantity
    right: Quantity

    def evaluate(self, values: Mapping[Hashable, Tensor]) -> Tensor:
        """NaN where a negative number has a fractional power, infinite where one divides by zero."""
        right = self.right.value if isinstance(self.right, Constant) else self.right.evaluate(values)
        return OPERATORS[self.symbol](self.left.evaluate(values), right)

    @property
    def precedence(self) -> int:
        """That of the symbol."""
        return PLACES[self.symbol][0]

    def _linear(self) -> LinearForm | None:
        left, right = self.left.linear(), self.right.linear()
        if left is None or right is None:
            return None
        match self.symbol:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*" if left.is_constant:
                return right.scale(left.offset)
            case "*" if right.is_constant:
                return left.scale(right.offset)
            case "/" if right.is_constant and right.offset != 0.0:
                return left.scale(1.0 / right.offset)
            case "**" if right == LinearForm({}, 1.0):
                return left
        return None

    def _text(self) -> str:
        _, left, right = PLACES[self.symbol]
        return f"{enclosed(self.left, left)} {self.symbol} {enclosed(self.right, right)}"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Function(Quantity):
    """One of the functions of the language, applied."""

    name: str
    arguments: tuple[Quantity, ...]

    def evaluate(self, values: Mapping[Hashable, Tensor]) -> Tensor:
        """NaN outside the function's domain."""
        first, *more = [part.evaluate(values) for part in self.arguments]
        function = FUNCTIONS[self.name]
        return reduce(function, more, first) if self.name in OF_SEVERAL else function(first)

    @property
    def precedence(self) -> int:
        """A name with its arguments."""
        return ATOM

    def _linear(self) -> None:
        return None

    def _text(self) -> str:
        return f"{self.name}({', '.join(part._text() for part in self.arguments)})"


def quantity(value: Any) -> Quantity:
    """A quantity as it is, a number as a constant.

    Raises
    ------
    DataTypeError
        It is neither.
    ParameterError
        It is not finite, or too large to be a float.
    """
    if isinstance(value, Quantity):
        return value
    if isinstance(value, Expression):
        raise DataTypeError(f"{value!r} is a condition, expected a quantity or a number; join conditions by &, | and ~")
    if isinstance(value, str):
        raise DataTypeError(
            f"{value!r} has no place among numbers; a label has no order and no arithmetic: write "
            f"task(name) == {value!r} or task(name).isin([{value!r}])"
        )
    if not isinstance(value, Real) or isinstance(value, bool):
        raise DataTypeError(
            f"{reprlib.repr(value)} of type {type(value).__name__} has no place in an expression; write numbers, "
            "mfgp.task(name), and what is made of them"
        )
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ParameterError(f"{reprlib.repr(value)} has no place in an expression; write a finite number")
    return Constant(number)


def no_condition(operand: Quantity, symbol: str) -> str:
    """What to say where a quantity stands in the place of a condition."""
    return (
        f"{symbol} joins conditions, but {operand!r} is a quantity; compare it, and put each comparison in "
        "parentheses, such as (a > 1) & (b < 2)"
    )
