"""What quantities and conditions have in common: trees of a bounded size, compared by structure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import cached_property
from numbers import Real
from typing import Any, NoReturn

from torch import Tensor

from mfgp.errors import ColumnError, DataTypeError, ParameterError

MAX_DEPTH = 100
MAX_SIZE = 10_000

# How tightly a text binds, as in Python.
COMPARISON, OR, AND, SUM, PRODUCT, UNARY, POWER, ATOM = range(8)


class Expression(ABC):
    """A function of tasks: a quantity, such as a difference, or a condition, such as a comparison.

    Expressions are values. ``==`` between two of them compares their structure and gives True or False, so that they
    can be looked up. A quantity has no ``==`` with a number, since it equals one with probability zero; a task that is
    a label has one with a class, which is a condition. ``repr`` gives a text that :func:`mfgp.parse` reads back.

    Raises
    ------
    ParameterError
        The expression has more than 10,000 nodes, or is nested more than 100 deep.
    """

    __array_ufunc__ = None  # NumPy leaves operators to this class

    def __post_init__(self) -> None:
        if self.depth > MAX_DEPTH or self.size > MAX_SIZE:
            raise ParameterError(
                f"the expression has {self.size} nodes, nested {self.depth} deep; at most {MAX_SIZE} nodes and a depth "
                f"of {MAX_DEPTH} are read: write it with fewer terms"
            )

    @abstractmethod
    def evaluate(self, values: Mapping[Hashable, Tensor]) -> Tensor:
        """The function at values of the tasks, elementwise and differentiable; NaN outside its domain.

        Parameters
        ----------
        values
            Tensors of one shape, by task.

        Returns
        -------
        A tensor of that shape, or of none where no task is used: of a quantity its value, of a condition its margin,
        which is positive where the condition holds.
        """

    @property
    @abstractmethod
    def precedence(self) -> int:
        """How tightly its text binds, as in Python."""

    @abstractmethod
    def _text(self) -> str:
        """A text that reads back as this expression; its parts are put in parentheses where they bind less tightly."""

    @cached_property
    def children(self) -> tuple[Expression, ...]:
        """The expressions that this one joins."""
        found: list[Expression] = []
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            found += [
                part for part in (value if isinstance(value, tuple) else (value,)) if isinstance(part, Expression)
            ]
        return tuple(found)

    @cached_property
    def depth(self) -> int:
        """How many nodes lie above one another."""
        return 1 + max((child.depth for child in self.children), default=0)

    @cached_property
    def size(self) -> int:
        """How many nodes there are."""
        return 1 + sum(child.size for child in self.children)

    @cached_property
    def tasks(self) -> tuple[Hashable, ...]:
        """Names of the tasks that are used, each once, from left to right."""
        return tuple(dict.fromkeys(name for child in self.children for name in child.tasks))

    @cached_property
    def labels(self) -> tuple[Hashable, ...]:
        """Names of the tasks that are asked for their class, each once, from left to right."""
        return tuple(dict.fromkeys(name for child in self.children for name in child.labels))

    def require_tasks(self, known: Collection[Hashable]) -> None:
        """Raise ColumnError if a task is used that is not among those known."""
        for name in self.tasks:
            if name not in known:
                raise ColumnError(f"{unknown_task(name, known)}, in {self!r}")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Expression):
            return type(self) is type(other) and self._parts == other._parts
        if isinstance(other, Real):
            raise ParameterError(
                f"{self!r} == {other!r} is no condition: a continuous quantity equals a number with probability zero; "
                f"write abs(x - {other!r}) < tolerance for a quantity x, task(name).isin([{other!r}]) for a label with "
                "such a class, and a condition c as c or ~c"
            )
        if isinstance(other, str):
            raise ParameterError(
                f"{self!r} == {other!r} is no condition: only a task has classes; write task(name) == {other!r}"
            )
        return NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self._parts))

    def __repr__(self) -> str:
        return self._text()

    def __bool__(self) -> NoReturn:
        raise DataTypeError(
            f"{self!r} is neither true nor false before there is a prediction; join conditions by &, | and ~ with "
            "each in parentheses, such as (1 < a) & (a < 2) for 1 < a < 2 and (a > 1) & (b > 1) for a > 1 and b > 1; "
            "for the larger or the smaller of two, write mfgp.maximum or mfgp.minimum"
        )

    def __float__(self) -> NoReturn:
        raise DataTypeError(
            f"{self!r} is no number before there is a prediction; of the functions, write those of mfgp, such as "
            "mfgp.exp for math.exp"
        )

    @property
    def _parts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]


def enclosed(part: Expression, least: int) -> str:
    """The text of a part, in parentheses if it binds less tightly than its place needs."""
    text = part._text()
    return text if part.precedence >= least else f"({text})"


def unknown_task(name: Hashable, known: Collection[Hashable]) -> str:
    """What to say of a task that is not among those known."""
    texts = [text for text in known if isinstance(text, str)]
    close = get_close_matches(name, texts, n=1) if isinstance(name, str) else []
    guess = f" (did you mean {close[0]!r}?)" if close else ""
    return f"there is no task {name!r}{guess}; the tasks are {list(known)}"
