"""Expressions at labels: what they ask of them, and the truth of a condition for each combination of classes."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from difflib import get_close_matches
from itertools import product
from typing import NamedTuple

import numpy as np

from mfgp.data.labels import Labels
from mfgp.errors import ColumnError, ParameterError
from mfgp.expressions import Condition, Expression
from mfgp.expressions.membership import memberships, numbers
from mfgp.prediction.draws import values_at


def require_kinds(expression: Expression, labels: Mapping[Hashable, Labels]) -> None:
    """Raise unless labels, and no other tasks, are asked for classes that they have.

    Raises
    ------
    ColumnError
        A label is used as a number, or a number asked for its class.
    ParameterError
        A label has no such class.
    """
    for name in numbers(expression):
        if name in labels:
            first = labels[name].classes[0]
            raise ColumnError(
                f"{expression!r} takes {name!r} for a number, but it is a label, with which there is no arithmetic and "
                f"no order; write task({name!r}) == {first!r}, or task({name!r}).isin([...]) for several of its "
                f"classes: {', '.join(map(repr, labels[name].classes))}"
            )
    for membership in memberships(expression):
        name = membership.task.name
        if name not in labels:
            raise ColumnError(
                f"{membership!r} asks {name!r} for its class, but it is a number; compare it, as in task({name!r}) > 1"
            )
        classes = labels[name].classes
        for value in membership.classes:
            if value not in classes:
                texts = [text for text in classes if isinstance(text, str)]
                close = get_close_matches(value, texts, n=1) if isinstance(value, str) else []
                guess = f" (did you mean {close[0]!r}?)" if close else ""
                raise ParameterError(
                    f"{name!r} has no class {value!r}{guess}; its classes are {', '.join(map(repr, classes))}"
                )


class Combination(NamedTuple):
    """One of the combinations of classes that a condition tells apart.

    Parameters
    ----------
    values
        A class of each label that stands for those of `codes`.
    codes
        For each label, the codes of the classes that the condition does not tell apart from this one.
    """

    values: Mapping[Hashable, Hashable]
    codes: Mapping[Hashable, list[int]]


def combinations(condition: Condition, labels: Mapping[Hashable, Labels]) -> Iterator[Combination]:
    """The combinations of the classes of the labels that a condition asks.

    Examples
    --------
    >>> from mfgp import task
    >>> color = Labels(("blue", "red", "white"), ordered=False)
    >>> [each.codes["color"] for each in combinations(task("color") == "red", {"color": color})]
    [[0, 2], [1]]
    """
    asked = memberships(condition)
    cells: list[list[tuple[Hashable, list[int]]]] = []
    for name in condition.labels:
        sets = [set(each.classes) for each in asked if each.task.name == name]
        alike: dict[tuple[bool, ...], list[int]] = {}
        for code, value in enumerate(labels[name].classes):
            alike.setdefault(tuple(value in some for some in sets), []).append(code)
        cells.append([(labels[name].classes[codes[0]], codes) for codes in alike.values()])
    for chosen in product(*cells):
        pairs = list(zip(condition.labels, chosen, strict=True))
        yield Combination({name: value for name, (value, _) in pairs}, {name: codes for name, (_, codes) in pairs})


def truth_at_codes(
    condition: Condition, tasks: tuple[Hashable, ...], draws: np.ndarray, labels: Mapping[Hashable, Labels]
) -> np.ndarray:
    """1 and 0 for whether a condition holds at draws (s, n, T), codes for labels: (s, n), NaN outside its domain."""
    truth = np.empty(draws.shape[:-1])
    for values, codes in combinations(condition, labels):
        here = np.ones(truth.shape, dtype=bool)
        for name, several in codes.items():
            here &= np.isin(draws[..., tasks.index(name)], several)
        truth = np.where(here, values_at(condition, tasks, draws, values), truth)
    return truth
