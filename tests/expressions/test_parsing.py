from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mfgp import abs, exp, log, maximum, minimum, parse, sqrt, task
from mfgp.errors import DataTypeError, ExpressionError
from mfgp.expressions import Expression
from mfgp.expressions.parsing import MAX_LENGTH
from tests.expressions.strategies import OTHER_NAMES, conditions, quantities

a, b, c = task("a"), task("b"), task("c")
minus_a = -a


@given(st.one_of(quantities(OTHER_NAMES), conditions(OTHER_NAMES, classes=OTHER_NAMES)))
def test_what_is_written_reads_back(expression: Expression) -> None:
    assert parse(repr(expression)) == expression
    assert hash(parse(repr(expression))) == hash(expression)


CHARACTERS = "ab1.2e+-*/()<>=&|~ ,'\"\\task[]{}:\n\x00\ud800µ^@!%#λ_"
WORDS = [
    "a",
    "b",
    "1",
    "2.5",
    "+",
    "-",
    "*",
    "/",
    "**",
    "(",
    ")",
    "<",
    ">=",
    "and",
    "or",
    "not",
    "&",
    "|",
    "~",
    "exp",
    "task",
]
MORE = [
    "'a b'",
    ",",
    "lambda",
    "if",
    "else",
    "for",
    "in",
    ".",
    "[",
    "]",
    ":",
    ":=",
    "await",
    "yield",
    "f'{a}'",
    "*a",
    "==",
]


@given(st.one_of(st.text(), st.text(CHARACTERS, max_size=30), st.lists(st.sampled_from(WORDS + MORE)).map(" ".join)))
@example("-" * MAX_LENGTH)
@example("(" * MAX_LENGTH)
@example("a" + "+a" * 2000)
@example("a" + "**a" * 1000)
@example("not " * 1000 + "a")
@example("9" * MAX_LENGTH)
@example("lambda:" * 700 + "a")
@example("task(" + "(" * 150 + ")" * 150 + ")")
@example("\x0c\x1ca\x85b")
def test_any_text_is_an_expression_or_raises_our_error(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError:
        return
    assert parse(repr(expression)) == expression


READ = {
    "a - b": a - b,
    "a + b * c ** 2": a + b * c**2,
    "-a ** 2": -(a**2),
    "(-2) ** a": (-2) ** a,
    "2 ** 3 ** a": 2 ** (3**a),
    "a / b / c": (a / b) / c,
    "a - (b - c)": a - (b - c),
    "-(-a) + +b": -minus_a + b,
    "1_000 * a + .5e1": 1000 * a + 5,
    "exp(a) + log(b) - sqrt(abs(c))": exp(a) + log(b) - sqrt(abs(c)),
    "maximum(a, b, 0) + minimum(a, 1)": maximum(a, b, 0) + minimum(a, 1),
    "1.1 < a < 1.7": parse("(1.1 < a) & (a < 1.7)"),
    "a > b >= c > 0": (a > b) & (b >= c) & parse("c > 0"),
    "a > 1 and b <= 2 or not c > 3": (a > 1) & (b <= 2) | ~(c > 3),
    "(a > 1) & (b <= 2) | ~(c > 3)": (a > 1) & (b <= 2) | ~(c > 3),
    "task('band gap') - task(\"PBE gap\")": task("band gap") - task("PBE gap"),
    "task(3) + task(-1.5) + task(('x', 1))": task(3) + task(-1.5) + task(("x", 1)),
    "\u00b5 + \ufb01": task("\u00b5") + task("\ufb01"),  # not what Python's normal form makes of them
    "  (a\n  + b)  ": a + b,
    "a == 'red' and b > 1": (a == "red") & (b > 1),
    "'red' != a": a != "red",
    "a == True": a.isin([True]),
    "a in ('red', 3) or a not in [1.5]": a.isin(["red", 3]) | ~a.isin([1.5]),
    "task('a b') == 'red'": task("a b") == "red",
}


@pytest.mark.parametrize("text", READ)
def test_text_reads_as_the_same_in_python(text: str) -> None:
    assert parse(text) == READ[text]


WRITTEN = {
    a - (b - c): "a - (b - c)",
    (a - b) - c: "a - b - c",
    -(a**2): "-a ** 2",
    (-a) ** 2: "(-a) ** 2",
    a * -2.5: "a * -2.5",
    abs(task("a b")) < 1e-9: "abs(task('a b')) < 1e-09",
    ~(a > 1) & ((b > 1) | (c > 1)): "~(a > 1) & ((b > 1) | (c > 1))",
    (a == "red") & ~(b == "it's") | c.isin([1, "x"]): "(a == 'red') & ~(b == \"it's\") | (c in [1, 'x'])",
    task(pd.Timestamp("2020-01-01")) + 1: "task(Timestamp('2020-01-01 00:00:00')) + 1",
}


@pytest.mark.parametrize("expression", WRITTEN, ids=repr)
def test_parentheses_are_few(expression: Expression) -> None:
    assert repr(expression) == WRITTEN[expression]


REFUSED = {
    "a + foo(b)": (5, "foo(b)", "there is no function foo; the functions are exp, log, sqrt, abs, maximum, minimum"),
    "E (eV) > 1": (1, "E (eV)", "a task with such a name is written task('name')"),
    "max(a, b)": (1, "max(a, b)", "there is no function max; did you mean maximum?"),
    "exp(a, b)": (1, "exp(a, b)", "exp has 2 arguments; it takes one: write exp(a)"),
    "maximum(a)": (1, "maximum(a)", "maximum has 1 arguments; it takes two or more quantities: write maximum(a, b)"),
    "a + exp": (5, "exp", 'exp is a function; write exp(...), or task("exp") for a task of this name'),
    "2 * a.b": (5, "a.b", 'attributes are not part of the language; a name with a dot is written task("a.b")'),
    "a[0]": (1, "a[0]", 'brackets are not part of the language; a name with brackets is written task("a[0]")'),
    "a ^ 2": (1, "a ^ 2", "^ is not part of the language; a power is written a ** 2"),
    "a // 2": (1, "a // 2", "// is not part of the language; write / for a quotient"),
    "a == 1": (1, "a == 1", "write abs(a - b) < tolerance"),
    "a == red": (1, "a == red", "a class in quotes, color == 'red', or in brackets where it is a number, phase in [3]"),
    "a != 1": (1, "a != 1", "and a class in quotes, color != 'red'"),
    "1 < a == 'x'": (1, "1 < a == 'x'", "a class in quotes"),
    "a + b == 'x'": (1, "a + b", "only a task has classes, and a + b is none; write color == 'red'"),
    "a in b": (6, "b", "in asks a label for its class; write color in ['red', 'white']"),
    "a not in []": (10, "[]", "not in asks a label for its class; write color not in ['red', 'white']"),
    "a in [[1]]": (1, "a in [[1]]", "[1] of type list is no class; list values that the label has"),
    "a < b != 1": (1, "a < b != 1", "write abs(a - b) > tolerance"),
    "a if b else c": (1, "a if b else c", "write maximum(a, b), minimum(a, b), or a condition"),
    "a > 1 & b > 2": (5, "1", "this is a quantity where a condition is expected; compare it, and write and, or, not"),
    "a > 1 or b": (10, "b", "this is a quantity where a condition is expected"),
    "a + (b > 1)": (6, "b > 1", "this is a condition where a quantity is expected; join conditions by and, or, not"),
    "'a b' - b": (1, "'a b'", "text stands for a class, as in color == 'a b'; a task of this name is"),
    "a + True": (5, "True", "True of type bool has no place in an expression"),
    "a + 1e999": (5, "1e999", "inf has no place in an expression; write a finite number"),
    "a * 2j": (5, "2j", "2j of type complex has no place in an expression"),
    "task(a)": (1, "task(a)", 'task takes the name of one task in quotes; write task("a name")'),
    "task('a', 'b')": (1, "task('a', 'b')", "task takes the name of one task in quotes"),
    "task([1])": (1, "task([1])", "task takes the name of one task in quotes"),
    "exp(*a)": (5, "*a", "this is not part of the language, which has numbers, names"),
    "exp(x=a)": (1, "exp(x=a)", "this is not part of the language"),
    "__import__('os').system('ls')": (1, "__import__('os').system('ls')", "not part of the language"),
    "é + a.b": (5, "a.b", "attributes are not part of the language"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_message_points_at_the_place(text: str) -> None:
    column, place, message = REFUSED[text]
    with pytest.raises(ExpressionError, match=re.escape(message)) as complaint:
        parse(text)
    head, shown, carets = str(complaint.value).split("\n")
    assert head.startswith(f"column {column}: ")
    assert shown == f"    {text}"
    assert carets == " " * (3 + column) + "^" * len(place)


def test_a_message_names_the_line_of_several() -> None:
    with pytest.raises(ExpressionError, match=r"^line 2, column 3: .*\n    \+ b\.c\)\n      \^\^\^$"):
        parse("(a\n+ b.c)")


def test_of_a_long_line_the_place_is_shown() -> None:
    with pytest.raises(ExpressionError) as complaint:
        parse("a + " * 60 + "b.c")
    _, shown, carets = str(complaint.value).split("\n")
    assert len(shown) <= 104
    assert shown[carets.index("^") : len(carets)] == "b.c"


def test_an_unknown_task_is_pointed_at() -> None:
    tasks = ["gap_expt", "gap_pbe", 3]
    assert parse("gap_expt - task(3)", tasks) == task("gap_expt") - task(3)
    with pytest.raises(ExpressionError) as complaint:
        parse("gap_expt - gap_pbf", tasks)
    assert str(complaint.value) == (
        "column 12: there is no task 'gap_pbf' (did you mean 'gap_pbe'?); the tasks are ['gap_expt', 'gap_pbe', 3]\n"
        "    gap_expt - gap_pbf\n"
        "               ^^^^^^^"
    )
    with pytest.raises(ExpressionError, match=r"column 1: there is no task 4; the tasks are \['gap_expt'"):
        parse("task(4) > 1", tasks)


def test_what_is_too_long_or_too_deep_is_refused() -> None:
    with pytest.raises(ExpressionError, match="the text has 5001 characters; write an expression of at most 5000"):
        parse("a" * (MAX_LENGTH + 1))
    with pytest.raises(ExpressionError, match="the text is nested more than 100 deep; write it with fewer terms"):
        parse("a" + " + a" * 100)
    assert parse("a" + " + a" * 99).depth == 100


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ExpressionError, match="the text is empty; write an expression, such as 'a - b' or 'a > 1'"):
        parse(" \n ")
    with pytest.raises(DataTypeError, match="3 of type int is no text; write an expression in quotes"):
        parse(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a +", "a b", "(a", "a)", "a; b", "a = b", "import os", "1a"])
def test_what_python_cannot_read_is_pointed_at(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"^column \d: this is no expression \(.*\)\n    .*\n +\^$"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "a.b",
        "a[b]",
        "{a: b}",
        "{a}",
        "[a]",
        "(a, b)",
        "*a,",
        "{a: a for a in b}",
        "(a for a in b)",
        "[a for a in b]",
        "{a for a in b}",
        "a if b else c",
        "f'{a}'",
        "b'a'",
        "...",
        "lambda: a",
        "(a := b)",
        "await a",
        "(yield a)",
        "a @ b",
        "a % b",
        "a << b",
        "a in b",
        "a is b",
        "a()",
        "exp(a)(b)",
        "eval('1')",
        "task(f'{a}')",
        "task(*a)",
    ],
)
def test_what_python_can_do_besides_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)
