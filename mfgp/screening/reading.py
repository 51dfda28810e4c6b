"""Criteria as a user writes them: objects, expressions, or text."""

from __future__ import annotations

import ast
import warnings
from typing import Any

from mfgp.errors import ParameterError
from mfgp.expressions import Condition, Quantity
from mfgp.screening.criterion import (
    CHOICES,
    Criterion,
    ExpectedImprovement,
    Mean,
    Probability,
    Quantile,
    UpperBound,
    ValuePerCost,
)

BY_NAME: dict[str, type[Mean | Quantile | UpperBound | ExpectedImprovement | ValuePerCost]] = {
    "mean": Mean,
    "quantile": Quantile,
    "upper": UpperBound,
    "improvement": ExpectedImprovement,
    "value": ValuePerCost,
}


def read_criterion(rank_by: Any, where: Condition | None) -> Criterion:
    """The criterion that a user names: one as it is, an expression for its mean, or text.

    Raises
    ------
    ParameterError
        It is none, or it counts the probability of a condition and there is no condition.

    Examples
    --------
    >>> read_criterion("quantile(gap, 0.1)", None)
    Quantile(of='gap', probability=0.1)
    >>> read_criterion("gap_expt - gap_pbe", None)
    Mean(of='gap_expt - gap_pbe')
    """
    found = _criterion(rank_by, where)
    if found.counts_probability and where is None:
        raise ParameterError(
            "there is no condition whose probability could be ranked by; write where='1.1 < gap < 1.7', or rank by "
            "the mean of a quantity, rank_by='gap'"
        )
    return found


def _criterion(rank_by: Any, where: Condition | None) -> Criterion:
    if isinstance(rank_by, Criterion):
        return rank_by
    if isinstance(rank_by, Quantity):
        return Mean(rank_by)
    if rank_by is None and where is not None:
        return Probability()
    if not isinstance(rank_by, str):
        came = "nothing to rank by came" if rank_by is None else f"rank_by={rank_by!r}"
        raise ParameterError(f"{came}, expected where=, a criterion such as {CHOICES}, or an expression for its mean")
    text = rank_by.strip()
    return Probability() if text == "probability" else _read(text)


def _read(text: str) -> Criterion:
    """A criterion written as a function of a quantity and one more thing, or else the mean of the whole text."""
    try:
        with warnings.catch_warnings(action="ignore"):
            node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Mean(text)  # which complains about it
    called = [each.func.id for each in ast.walk(node) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)]
    inner = [name for name in called if name in BY_NAME]
    if not inner:
        return Mean(text)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or inner != called[:1]:
        raise ParameterError(
            f"rank_by={text!r}: {inner[-1]}(...) is no part of an expression; write an expression of tasks, such as "
            f"a - b, for its mean, or one of {CHOICES}"
        )
    kind = BY_NAME[called[0]]
    most = 1 if kind is Mean else 2
    if node.keywords or not 1 <= len(node.args) <= most:
        more = "" if most == 1 else " and one more thing"
        raise ParameterError(f"rank_by={text!r}: {called[0]} takes a quantity{more}; write one of {CHOICES}")
    of, *rest = (ast.get_source_segment(text, argument) or "" for argument in node.args)
    if not rest or kind is Mean:
        return kind(of)
    if kind is ValuePerCost:
        last = node.args[1]
        return ValuePerCost(of, str(last.value) if isinstance(last, ast.Constant) else rest[0])
    try:
        number = float(rest[0])
    except ValueError as error:
        raise ParameterError(f"rank_by={text!r}: {rest[0]!r} is no number; write one of {CHOICES}") from error
    return kind(of, number)
