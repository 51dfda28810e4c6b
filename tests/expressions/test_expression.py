from __future__ import annotations

import copy
import math
import pickle
import re
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import mfgp
from mfgp import exp, log, maximum, minimum, parse, sqrt, task
from mfgp.errors import ColumnError, DataTypeError, MfgpError, ParameterError
from mfgp.expressions import Condition, LinearForm, Quantity
from mfgp.expressions.boxes import as_boxes
from mfgp.expressions.expression import Expression
from tests.expressions.strategies import conditions, quantities

a, b, c = task("a"), task("b"), task("c")
NAMES = st.sampled_from(["a", "b", "c"])
MODEST = st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.0])
VALUES = {name: torch.linspace(-2.0, 3.0, 7, dtype=torch.float64).roll(k) for k, name in enumerate("abc")}


def in_numpy(expression: Quantity) -> np.ndarray:
    """What the text means to Python and NumPy."""
    functions = {name: getattr(np, name) for name in ("exp", "log", "sqrt", "abs")}
    several = {"maximum": lambda *x: reduce(np.maximum, x), "minimum": lambda *x: reduce(np.minimum, x)}
    numbers = re.sub(r"(?<![\w.])(\d+(\.\d+)?)", r"np.float64(\1)", repr(expression))
    with np.errstate(all="ignore"):
        names = {"np": np, **functions, **several, **{name: value.numpy() for name, value in VALUES.items()}}
        return eval(numbers, {"__builtins__": {}}, names)


@given(quantities(NAMES, MODEST))
def test_values_are_those_of_numpy(expression: Quantity) -> None:
    np.testing.assert_allclose(*np.broadcast_arrays(expression.evaluate(VALUES), in_numpy(expression)), rtol=1e-12)


@given(quantities(NAMES, MODEST))
def test_a_linear_form_is_the_expression(expression: Quantity) -> None:
    form = expression.linear()
    if form is not None:
        total = form.offset + sum(weight * VALUES[name] for name, weight in form.weights.items())
        np.testing.assert_allclose(*np.broadcast_arrays(total, expression.evaluate(VALUES)), rtol=1e-9, atol=1e-9)


LINEAR = {
    2 * (a - b) / 4 + 1: LinearForm({"a": 0.5, "b": -0.5}, 1.0),
    -(a - 3) * exp(0 * 1.0): LinearForm({"a": -1.0}, 3.0),
    a - a + b: LinearForm({"b": 1.0}, 0.0),
    0 * a: LinearForm({}, 0.0),
    a**1: LinearForm({"a": 1.0}, 0.0),
    a * (b - b + 2): LinearForm({"a": 2.0}, 0.0),
    sqrt(4) * a: LinearForm({"a": 2.0}, 0.0),
    a * b: None,
    a / b: None,
    1 / a: None,
    a**2: None,
    2**a: None,
    abs(a): None,
    a / 0: None,
    a + log(-1): None,
}


@pytest.mark.parametrize("expression", LINEAR, ids=repr)
def test_what_is_linear_is_found(expression: Quantity) -> None:
    assert expression.linear() == LINEAR[expression]


@given(conditions(NAMES, MODEST))
def test_truth_has_the_sign_of_the_margin(condition: Condition) -> None:
    margin, truth = condition.evaluate(VALUES), condition.truth(VALUES)
    sure = ~torch.isnan(margin) & (margin != 0.0)
    assert torch.equal(torch.sign(margin)[sure].double(), truth[sure])
    assert torch.equal((~condition).truth(VALUES).nan_to_num(), -truth.nan_to_num())


def test_a_condition_is_what_it_is_of_numbers() -> None:
    x = VALUES["a"]
    for condition, expected in {
        a > 1: x > 1,
        (a > 0) & (a <= x[3].item()): (x > 0) & (x <= x[3]),
        (a < 0) | ~(a < 2): (x < 0) | (x >= 2),
        ~((a >= x[2].item()) & (a < 2)): ~((x >= x[2]) & (x < 2)),
    }.items():
        assert torch.equal(condition.truth(VALUES) > 0, expected)


def test_a_condition_outside_its_domain_is_open_unless_the_rest_decides() -> None:
    values = {"a": torch.tensor([-1.0, 0.5, 5.0], dtype=torch.float64)}
    for condition, expected in {
        log(a) < 1: [math.nan, 1, -1],
        ~(log(a) < 1): [math.nan, -1, 1],
        (a > 0) & (log(a) < 1): [-1, 1, -1],
        (log(a) < 1) & (a > 0): [-1, 1, -1],
        (a < 0) | (log(a) < 1): [1, 1, -1],
        (a < 3) & (log(a) < 1): [math.nan, 1, -1],
        (a > 3) | (log(a) < 1): [math.nan, 1, 1],
    }.items():
        np.testing.assert_array_equal(condition.truth(values), expected)
        margins = condition.evaluate(values)
        np.testing.assert_array_equal(np.sign(margins), expected)


def test_an_expression_is_differentiable() -> None:
    x = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    value = (exp(a) * sqrt(b) / maximum(a, b) - a**2).evaluate({"a": x[0], "b": x[1]})
    value.backward()
    expected = [np.exp(0.5) * np.sqrt(2) / 2 - 1.0, np.exp(0.5) * -0.5 * 2**-1.5]
    np.testing.assert_allclose(x.grad, expected)


def test_single_precision_stays_so() -> None:
    assert (2 * exp(a) + maximum(a, 1)).evaluate({"a": torch.ones(2)}).dtype == torch.float32


def test_numbers_may_be_those_of_numpy_and_stand_on_either_side() -> None:
    assert np.float64(2) * a - np.int64(1) == 2 * a - 1
    assert (np.float64(2) < a) == (a > 2)
    assert repr(1 - a / 2) == "1 - a / 2"
    assert repr(2 ** (1 / a)) == "2 ** (1 / a)"
    assert sum([a, b]) == 0 + a + b


def test_equality_is_that_of_structure() -> None:
    assert a + b == task("a") + task("b")
    assert hash(a + b) == hash(task("a") + task("b"))
    assert a + b != b + a
    assert (a > b) != (b < a)
    assert {a - b: "error"}[task("a") - task("b")] == "error"
    assert a is not None
    assert a not in [b, None]


def test_copies_and_pickles_are_equal() -> None:
    expression = (maximum(a, b, 1) > 2 * c) & ~(a > 1)
    assert pickle.loads(pickle.dumps(expression)) == expression
    assert copy.deepcopy(expression) == expression


def test_tasks_are_named_once_from_left_to_right() -> None:
    assert ((b > a) & (b * 2 < task(3))).tasks == ("b", "a", 3)
    assert mfgp.parse("1 + 2").tasks == ()


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "chain": (
        lambda: 1 < a < 2,
        r"a > 1 is neither true nor false.*write|.*such as \(1 < a\) & \(a < 2\) for 1 < a < 2",
    ),
    "if": (lambda: 1 if a > 1 else 0, "a > 1 is neither true nor false before there is a prediction"),
    "and": (lambda: (a > 1) and (b > 1), r"\(a > 1\) & \(b > 1\) for a > 1 and b > 1"),
    "and of quantities": (lambda: a and b, "a is neither true nor false"),
    "not": (lambda: not (a > 1), "join conditions by &, | and ~ with each in parentheses"),
    "max": (lambda: max(a, b), "for the larger or the smaller of two, write mfgp.maximum or mfgp.minimum"),
    "math": (lambda: math.exp(a), "a is no number before there is a prediction.* such as mfgp.exp for math.exp"),
    "precedence": (lambda: (a > 1) & b, r"& joins conditions, but b is none; compare, and put each comparison in"),
    "precedence, first": (lambda: a > 1 & b, r"& joins conditions, but b is a quantity; compare it, and put each"),
    "or": (lambda: a | (b > 1), r"\| joins conditions, but a is a quantity"),
    "or, right": (lambda: True | (b > 1), r"\| joins conditions, but True is none"),
    "and, right": (lambda: False & (b > 1), r"& joins conditions, but False is none"),
    "invert": (lambda: ~a, "~ joins conditions, but a is a quantity"),
    "equals": (
        lambda: a == 1.5,
        r"a == 1.5 is no condition: a continuous quantity equals a number with probability zero",
    ),
    "not equal": (lambda: a != np.int64(1), r"write abs\(x - np.int64\(1\)\) < tolerance for a quantity x"),
    "is true": (lambda: (a > 1) == True, "and a condition c as c or ~c"),  # noqa: E712
    "arithmetic": (lambda: a + (b > 1), "b > 1 is a condition, expected a quantity or a number"),
    "text": (lambda: a - "b", r"'b' has no place among numbers; a label has no order and no arithmetic: write task"),
    "order of a class": (lambda: a > "red", r"write task\(name\) == 'red' or task\(name\).isin\(\['red'\]\)"),
    "sum is a class": (lambda: a + b == "red", r"a \+ b == 'red' is no condition: only a task has classes; write task"),
    "class that is a number": (lambda: a == 3, r"task\(name\).isin\(\[3\]\) for a label with such a class"),
    "chain of classes": (lambda: 1 if a == "red" else 0, "a == 'red' is neither true nor false before there is a pred"),
    "isin of text": (lambda: a.isin("red"), r"isin takes a list of classes, but 'red' came; write isin\(\['red'\]\)"),
    "isin of nothing": (lambda: a.isin([]), r"isin takes the classes of a, but the list is empty; write isin\(\['red"),
    "isin of lists": (lambda: a.isin([["red"]]), r"\['red'\] of type list is no class; list values that the label has"),
    "isin of a task": (lambda: a.isin([b]), "b of type Task is no class; list values that the label has"),
    "array": (lambda: np.ones(3) * a, r"array\(\[1., 1., 1.\]\) of type ndarray has no place in an expression"),
    "series": (lambda: a * pd.Series([1.0]), r"of type Series has no place in an expression"),
    "true": (lambda: a + True, "True of type bool has no place in an expression"),
    "too large": (lambda: a < 10**400, "10000.*0000 has no place in an expression; write a finite number"),
    "infinite": (lambda: a < math.inf, "inf has no place in an expression; write a finite number"),
    "name": (lambda: task(["a"]), r"task\(\['a'\]\) names no task; write the name of one column of Y"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("what", WRONG)
def test_what_python_would_get_wrong_is_refused(what: str) -> None:
    write, message = WRONG[what]
    with pytest.raises((DataTypeError, ParameterError), match=message) as complaint:
        write()
    assert isinstance(complaint.value, MfgpError)


def grow(step: Callable[[Quantity], Quantity]) -> None:
    expression: Quantity = a
    for _ in range(200):
        expression = step(expression)


def test_size_is_bounded() -> None:
    with pytest.raises(ParameterError, match="has 16383 nodes, nested 14 deep; at most 10000 nodes and a depth of 100"):
        grow(lambda expression: expression + expression)
    with pytest.raises(ParameterError, match="has 201 nodes, nested 101 deep.* write it with fewer terms"):
        grow(lambda expression: expression + 1)


def test_an_unknown_task_is_named() -> None:
    expression: Expression = (a > 1) & (task("gap_pbf") > 2)
    with pytest.raises(
        ColumnError, match=r"there is no task 'gap_pbf' \(did you mean 'gap_pbe'\?\); .*, in \(a > 1\) &"
    ):
        expression.require_tasks(["a", "gap_pbe"])
    with pytest.raises(ColumnError, match=r"there is no task 3; the tasks are \['a'\], in task\(3\) \+ 1"):
        (task(3) + 1).require_tasks(["a"])


def test_the_smaller_and_the_larger_of_several() -> None:
    values = {"a": torch.tensor(1.0), "b": torch.tensor(2.0), "c": torch.tensor(3.0)}
    assert minimum(b, a, c).evaluate(values) == 1
    assert maximum(b, a, c, 5).evaluate(values) == 5


def test_a_label_is_asked_for_its_class() -> None:
    red = a == "red"
    assert red == a.isin(["red"])
    assert (a == "red") == red
    assert (a != "red") == ~red
    assert (a == True) == a.isin([np.bool_(True)])  # noqa: E712
    assert a.isin(["red", "blue", "red"]) == a.isin(pd.Series(["red", "blue"]))
    assert ((a == "red") & (b > 1)).labels == ("a",)
    assert ((a == "red") & (b > 1)).tasks == ("a", "b")
    assert a != b
    assert a == task("a")
    values = {"a": "red", "b": torch.tensor([0.0, 2.0])}
    assert (red & (b > 1)).truth(values).tolist() == [-1.0, 1.0]
    assert ((a != "red") | (b > 1)).truth(values).tolist() == [-1.0, 1.0]
    assert as_boxes(red) is None


def test_a_name_that_is_a_number_of_numpys_reads_back() -> None:
    assert repr(task(np.int64(3))) == "task(3)"
    assert parse(repr(task(np.int64(3)) > 1)) == (task(3) > 1)
