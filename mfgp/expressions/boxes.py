"""Conditions on linear quantities as sums and differences of boxes, whose normal probabilities are known."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import reduce
from math import inf
from typing import TypeAlias

from mfgp.expressions.condition import Comparison, Condition, Junction, Not
from mfgp.expressions.membership import Membership
from mfgp.expressions.quantity import Function

MOST_TERMS = 64
_PIECES = frozenset({"abs", "maximum", "minimum"})

Direction: TypeAlias = tuple[tuple[Hashable, float], ...]
"""Weights by task, in the order of the condition's tasks, the first of them 1."""


@dataclass(frozen=True)
class Interval:
    """The numbers between two bounds; a closed bound is one of them."""

    lower: float = -inf
    upper: float = inf
    lower_closed: bool = False
    upper_closed: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no number lies inside."""
        return self.lower > self.upper or (self.lower == self.upper and not (self.lower_closed and self.upper_closed))

    def intersect(self, other: Interval) -> Interval:
        """The numbers that lie inside both."""
        lower, lower_closed = max((self.lower, not self.lower_closed), (other.lower, not other.lower_closed))
        upper, upper_closed = min((self.upper, self.upper_closed), (other.upper, other.upper_closed))
        return Interval(lower, upper, not lower_closed, upper_closed)


Box: TypeAlias = frozenset[tuple[Direction, Interval]]
"""The event that each weighted sum lies in its interval; of no sum, the certain event."""

Terms: TypeAlias = dict[Box, int]


def as_boxes(condition: Condition) -> Mapping[Box, int] | None:
    """Boxes and their factors, such that the condition's indicator is the sum of factors times the boxes' indicators.

    By inclusion and exclusion: 1(A or B) = 1(A) + 1(B) - 1(A) 1(B), and a product of boxes is a box.

    Returns
    -------
    None if a comparison is not linear in the tasks, nor piece by piece as absolute values, maxima and minima are, a
    label is asked for its class, or there would be more than 64 boxes.

    Examples
    --------
    >>> from mfgp import task
    >>> as_boxes((task("a") > 1) & (2 * task("a") <= 6))
    {frozenset({((('a', 1.0),), Interval(lower=1.0, upper=3.0, lower_closed=False, upper_closed=True))}): 1}
    """
    return _terms(condition, condition.tasks, False)


def _terms(condition: Condition, tasks: tuple[Hashable, ...], negated: bool) -> Terms | None:
    match condition:
        case Not(operand=operand):
            return _terms(operand, tasks, not negated)
        case Junction(symbol=symbol, left=left, right=right):
            one, other = _terms(left, tasks, negated), _terms(right, tasks, negated)
            if one is None or other is None:
                return None
            both = _product(one, other)
            terms = both if (symbol == "&") != negated else _sum(_sum(one, other, 1), both, -1)
            return terms if len(terms) <= MOST_TERMS else None
        case Comparison():
            unfolded = _unfold(condition)
            return _half_space(condition, tasks, negated) if unfolded is None else _terms(unfolded, tasks, negated)
        case Membership():
            return None
    raise AssertionError(condition)


def _unfold(comparison: Comparison) -> Condition | None:
    """A comparison of an absolute value, a maximum or a minimum as comparisons of what it is of; None for any other."""
    for side, other, is_greater in (
        (comparison.greater, comparison.lesser, True),
        (comparison.lesser, comparison.greater, False),
    ):
        if isinstance(side, Function) and side.name in _PIECES:
            pieces = [side.arguments[0], -side.arguments[0]] if side.name == "abs" else list(side.arguments)
            symbol = (">" if is_greater else "<") + ("" if comparison.is_strict else "=")
            parts: list[Condition] = [Comparison(symbol, piece, other) for piece in pieces]
            joined = "&" if (side.name == "minimum") == is_greater else "|"
            return reduce(lambda left, right: Junction(joined, left, right), parts)
    return None


def _half_space(comparison: Comparison, tasks: tuple[Hashable, ...], negated: bool) -> Terms | None:
    greater, lesser = comparison.greater.linear(), comparison.lesser.linear()
    if greater is None or lesser is None:
        return None
    form, closed = greater - lesser, comparison.is_strict == negated
    if negated:
        form = form.scale(-1.0)
    if form.is_constant:
        return {frozenset(): 1} if form.offset > 0.0 or (closed and form.offset == 0.0) else {}
    weights = [(name, form.weights[name]) for name in tasks if name in form.weights]
    first = weights[0][1]
    direction = tuple((name, weight / first) for name, weight in weights)
    bound = -form.offset / first
    interval = Interval(lower=bound, lower_closed=closed) if first > 0.0 else Interval(upper=bound, upper_closed=closed)
    return {frozenset({(direction, interval)}): 1}


def _product(one: Terms, other: Terms) -> Terms:
    terms: Terms = {}
    for box, factor in one.items():
        for second, second_factor in other.items():
            both = dict(box)
            for direction, interval in second:
                both[direction] = both.get(direction, Interval()).intersect(interval)
            if not any(interval.is_empty for interval in both.values()):
                terms = _sum(terms, {frozenset(both.items()): factor * second_factor}, 1)
    return terms


def _sum(one: Terms, other: Terms, sign: int) -> Terms:
    total = {box: one.get(box, 0) + sign * other.get(box, 0) for box in [*one, *other]}
    return {box: factor for box, factor in total.items() if factor}
