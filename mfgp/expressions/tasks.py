"""Tasks as quantities, and as labels that are asked for their class."""

from __future__ import annotations

import keyword
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeGuard, final, overload

import numpy as np
from torch import Tensor

from mfgp.expressions.condition import Condition
from mfgp.expressions.expression import ATOM
from mfgp.expressions.linear import LinearForm
from mfgp.expressions.membership import Membership
from mfgp.expressions.quantity import FUNCTIONS, Quantity

TASK = "task"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Task(Quantity):
    """The value of a task at a row: a number, or the class of a label, which is asked for by ``==``, ``!=`` or `isin`.

    Examples
    --------
    >>> from mfgp import task
    >>> task("color") == "red"
    color == 'red'
    >>> task("color") != "red"
    ~(color == 'red')
    """

    name: Hashable

    def isin(self, classes: Iterable[Hashable]) -> Condition:
        """The condition that the task, a label, is of one of these classes.

        Raises
        ------
        DataTypeError
            What is given is no list, or lists what cannot be a class.
        ParameterError
            The list is empty.

        Examples
        --------
        >>> from mfgp import task
        >>> task("color").isin(["red", "orange"])
        color in ['red', 'orange']
        """
        return Membership.of(self, classes)

    @overload
    def __eq__(self, other: str | bool | np.bool_) -> Condition: ...  # type: ignore[overload-overlap]
    @overload
    def __eq__(self, other: object) -> bool: ...
    def __eq__(self, other: object) -> Condition | bool:
        return Membership.of(self, [other]) if isinstance(other, str | bool | np.bool_) else super().__eq__(other)

    @overload
    def __ne__(self, other: str | bool | np.bool_) -> Condition: ...  # type: ignore[overload-overlap]
    @overload
    def __ne__(self, other: object) -> bool: ...
    def __ne__(self, other: object) -> Condition | bool:
        if isinstance(other, str | bool | np.bool_):
            return ~Membership.of(self, [other])
        return super().__ne__(other)

    __hash__ = Quantity.__hash__

    def evaluate(self, values: Mapping[Hashable, Tensor]) -> Tensor:
        """The task's own values."""
        return values[self.name]

    @cached_property
    def tasks(self) -> tuple[Hashable, ...]:
        """Its own name."""
        return (self.name,)

    @property
    def precedence(self) -> int:
        """A name."""
        return ATOM

    def _linear(self) -> LinearForm:
        return LinearForm({self.name: 1.0}, 0.0)

    def _text(self) -> str:
        return self.name if is_bare(self.name) else f"{TASK}({self.name!r})"


def is_bare(name: Hashable) -> TypeGuard[str]:
    """Whether a task's name can stand in a text as it is, without task(...)."""
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        return False
    return name != TASK and name not in FUNCTIONS
