"""Conditions: comparisons, and what and, or and not make of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, final

import torch
from torch import Tensor

from mfgp.errors import DataTypeError
from mfgp.expressions.expression import AND, COMPARISON, OR, SUM, UNARY, Expression, enclosed
from mfgp.expressions.objective import ExpressionConstraint

if TYPE_CHECKING:
    from mfgp.expressions.quantity import Quantity

    Leaf: TypeAlias = Callable[["Comparison", Tensor, Tensor], Tensor]

OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class Condition(Expression):
    """An expression that holds or does not. ``&``, ``|`` and ``~`` join conditions.

    Where a part of it is outside its domain, a condition is neither true nor false, unless the other parts decide it:
    ``(a > 0) & (log(a) < 1)`` is false for negative a.
    """

    def evaluate(self, values: Mapping[Hashable, Tensor]) -> Tensor:
        """Margins: by how much a comparison holds, the least of them for ``&``, the largest for ``|``."""
        return self._fold(values, _margin)

    def truth(self, values: Mapping[Hashable, Tensor]) -> Tensor:
        """1 where the condition holds, -1 where it does not, NaN where that cannot be said.

        The value of a task that is a label is one of its classes, the same for all values of the other tasks.
        """
        return self._fold(values, _truth)

    @abstractmethod
    def _fold(self, values: Mapping[Hashable, Tensor], leaf: Leaf) -> Tensor:
        """Join what the comparisons give: signed numbers, positive for true, and NaN."""

    def constraint(self, tasks: Sequence[Hashable]) -> ExpressionConstraint:
        """The condition as an outcome constraint of BoTorch: at most zero where the condition holds.

        Parameters
        ----------
        tasks
            What the model's outputs are, in their order.

        Raises
        ------
        ColumnError
            A task is used that is not among them.
        ParameterError
            A label is asked for its class.

        Examples
        --------
        >>> from mfgp import task
        >>> constraint = (task("b") > 2 * task("a")).constraint(["a", "b"])
        >>> constraint(torch.tensor([[1.0, 5.0], [3.0, 5.0]]))
        tensor([-3.,  1.])
        """
        return ExpressionConstraint(self, tasks)

    def __and__(self, other: Any) -> Condition:
        return Junction("&", self, condition(other, "&"))

    def __or__(self, other: Any) -> Condition:
        return Junction("|", self, condition(other, "|"))

    def __invert__(self) -> Condition:
        return Not(self)

    def __rand__(self, other: Any) -> Condition:
        return Junction("&", condition(other, "&"), self)

    def __ror__(self, other: Any) -> Condition:
        return Junction("|", condition(other, "|"), self)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Condition):
    """Two quantities compared by <, <=, > or >=."""

    symbol: str
    left: Quantity
    right: Quantity

    @property
    def greater(self) -> Quantity:
        """The side that is the greater one where the condition holds."""
        return self.left if self.symbol.startswith(">") else self.right

    @property
    def lesser(self) -> Quantity:
        """The other side."""
        return self.right if self.symbol.startswith(">") else self.left

    @property
    def is_strict(self) -> bool:
        """Whether equal sides make it false."""
        return not self.symbol.endswith("=")

    @property
    def precedence(self) -> int:
        """That of comparisons."""
        return COMPARISON

    def _fold(self, values: Mapping[Hashable, Tensor], leaf: Leaf) -> Tensor:
        return leaf(self, self.greater.evaluate(values), self.lesser.evaluate(values))

    def _text(self) -> str:
        return f"{enclosed(self.left, SUM)} {self.symbol} {enclosed(self.right, SUM)}"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Junction(Condition):
    """Two conditions joined by ``&`` (both hold) or ``|`` (at least one does)."""

    symbol: str
    left: Condition
    right: Condition

    @property
    def precedence(self) -> int:
        """That of the symbol."""
        return AND if self.symbol == "&" else OR

    def _fold(self, values: Mapping[Hashable, Tensor], leaf: Leaf) -> Tensor:
        left, right = self.left._fold(values, leaf), self.right._fold(values, leaf)
        return _least(left, right) if self.symbol == "&" else -_least(-left, -right)

    def _text(self) -> str:
        return f"{enclosed(self.left, self.precedence)} {self.symbol} {enclosed(self.right, self.precedence + 1)}"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Not(Condition):
    """A condition that holds where another does not."""

    operand: Condition

    @property
    def precedence(self) -> int:
        """A sign in front."""
        return UNARY

    def _fold(self, values: Mapping[Hashable, Tensor], leaf: Leaf) -> Tensor:
        return -self.operand._fold(values, leaf)

    def _text(self) -> str:
        return f"~{enclosed(self.operand, UNARY)}"


def condition(value: Any, symbol: str) -> Condition:
    """A condition as it is.

    Raises
    ------
    DataTypeError
        It is none.
    """
    if isinstance(value, Condition):
        return value
    raise DataTypeError(
        f"{symbol} joins conditions, but {value!r} is none; compare, and put each comparison in parentheses, such as "
        "(a > 1) & (b < 2)"
    )


def _margin(comparison: Comparison, greater: Tensor, lesser: Tensor) -> Tensor:
    return greater - lesser


def _truth(comparison: Comparison, greater: Tensor, lesser: Tensor) -> Tensor:
    holds = greater > lesser if comparison.is_strict else greater >= lesser
    signs = 2.0 * holds.to(torch.float64) - 1.0
    return signs.masked_fill(torch.isnan(greater) | torch.isnan(lesser), torch.nan)


def _least(left: Tensor, right: Tensor) -> Tensor:
    """The smaller; of a NaN and a negative number the number, which decides."""
    known = torch.where(torch.isnan(left) & (right < 0.0), right, left)
    return torch.minimum(known, torch.where(torch.isnan(right) & (left < 0.0), left, right))
