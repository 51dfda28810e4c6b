"""Memberships: whether a label is of one of some classes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor

from mfgp.errors import DataTypeError, ParameterError
from mfgp.expressions.condition import Condition
from mfgp.expressions.expression import COMPARISON, SUM, Expression, enclosed

if TYPE_CHECKING:
    from mfgp.expressions.condition import Leaf
    from mfgp.expressions.tasks import Task


@final
@dataclass(frozen=True, eq=False, repr=False)
class Membership(Condition):
    """A task that is a label is of one of some classes.

    To evaluate it, the value of its task has to be a class, and is the same for all values of the other tasks.

    Parameters
    ----------
    task
        The label.
    classes
        One class or more.

    Examples
    --------
    >>> from mfgp import task
    >>> red = task("color") == "red"
    >>> (red & (task("gap") > 2)).truth({"color": "red", "gap": torch.tensor([1.0, 3.0])})
    tensor([-1.,  1.], dtype=torch.float64)
    """

    task: Task
    classes: tuple[Hashable, ...]

    @classmethod
    def of(cls, task: Task, classes: Iterable[Hashable]) -> Membership:
        """That a task is of one of the classes that are listed.

        Raises
        ------
        DataTypeError
            What is given is no list, or lists what cannot be a class.
        ParameterError
            The list is empty.
        """
        if isinstance(classes, str | Expression) or not isinstance(classes, Iterable):
            raise DataTypeError(f"isin takes a list of classes, but {classes!r} came; write isin([{classes!r}])")
        found = tuple(dict.fromkeys(_hashable(value) for value in classes))
        if not found:
            raise ParameterError(f"isin takes the classes of {task!r}, but the list is empty; write isin(['red'])")
        return cls(task, found)

    @cached_property
    def labels(self) -> tuple[Hashable, ...]:
        """The name of its task."""
        return (self.task.name,)

    @property
    def precedence(self) -> int:
        """That of comparisons."""
        return COMPARISON

    def _fold(self, values: Mapping[Hashable, Any], leaf: Leaf) -> Tensor:
        return torch.tensor(1.0 if values[self.task.name] in self.classes else -1.0, dtype=torch.float64)

    def _text(self) -> str:
        name = enclosed(self.task, SUM)
        if len(self.classes) == 1 and isinstance(self.classes[0], str | bool):
            return f"{name} == {self.classes[0]!r}"
        return f"{name} in {list(self.classes)!r}"


def memberships(expression: Expression) -> list[Membership]:
    """The memberships that an expression is made of, each once.

    Examples
    --------
    >>> from mfgp import task
    >>> memberships((task("color") == "red") & (task("gap") > 2))
    [color == 'red']
    """
    if isinstance(expression, Membership):
        return [expression]
    return list(dict.fromkeys(part for child in expression.children for part in memberships(child)))


def numbers(expression: Expression) -> list[Hashable]:
    """The names of the tasks that an expression takes for numbers, each once.

    Examples
    --------
    >>> from mfgp import task
    >>> numbers((task("color") == "red") & (task("gap") > 2))
    ['gap']
    """
    if isinstance(expression, Membership):
        return []
    if not expression.children:
        return list(expression.tasks)
    return list(dict.fromkeys(name for child in expression.children for name in numbers(child)))


def _hashable(value: Any) -> Hashable:
    if isinstance(value, Expression) or not isinstance(value, Hashable):
        raise DataTypeError(f"{value!r} of type {type(value).__name__} is no class; list values that the label has")
    return value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value  # NumPy's scalars
