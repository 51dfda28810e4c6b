"""Expressions from text, by a list of what may stand in Python's syntax tree; nothing is ever evaluated as Python."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Hashable
from difflib import get_close_matches
from typing import NoReturn

from mfgp.errors import DataTypeError, ExpressionError, MfgpError
from mfgp.expressions.condition import Comparison, Condition
from mfgp.expressions.expression import MAX_DEPTH, Expression, unknown_task
from mfgp.expressions.functions import task
from mfgp.expressions.membership import Membership
from mfgp.expressions.quantity import FUNCTIONS, OF_SEVERAL, Arithmetic, Function, Quantity, quantity
from mfgp.expressions.source import Source
from mfgp.expressions.tasks import TASK, Task

MAX_LENGTH = 5_000

ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
COMPARISONS: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
ADVICE: dict[type[ast.AST], str] = {
    ast.BitXor: "^ is not part of the language; a power is written a ** 2",
    ast.FloorDiv: "// is not part of the language; write / for a quotient",
    ast.Eq: "a continuous quantity equals another with probability zero; write abs(a - b) < tolerance, and a class in "
    "quotes, color == 'red', or in brackets where it is a number, phase in [3]",
    ast.NotEq: "a continuous quantity differs from another with probability one; write abs(a - b) > tolerance, and a "
    "class in quotes, color != 'red', or in brackets where it is a number, phase not in [3]",
    ast.In: "in asks a label for its class; write color in ['red', 'white']",
    ast.NotIn: "not in asks a label for its class; write color not in ['red', 'white']",
    ast.IfExp: "if is not part of the language; write maximum(a, b), minimum(a, b), or a condition",
    ast.Attribute: 'attributes are not part of the language; a name with a dot is written task("a.b")',
    ast.Subscript: 'brackets are not part of the language; a name with brackets is written task("a[0]")',
}


def parse(text: str, tasks: Collection[Hashable] | None = None) -> Expression:
    """Read an expression from text.

    The language: numbers, names of tasks, ``+ - * / **``, ``exp log sqrt abs maximum minimum``, the comparisons
    ``< <= > >=`` (also in a row, as in ``1 < gap < 2``), and ``and or not`` or ``& | ~``. A label is asked for its
    class by ``color == 'red'``, ``color != 'red'``, ``color in ['red', 'white']`` or ``color not in [...]``. A task
    whose name is not a plain word is written ``task("its name")``. All bind as in Python.

    Parameters
    ----------
    text
        At most 5,000 characters.
    tasks
        The tasks that there are; None to take every name.

    Raises
    ------
    ExpressionError
        The text is not of the language, or names a task that is not among `tasks`. The message shows the place.
    DataTypeError
        It is no text.

    Examples
    --------
    >>> parse("1.1 < gap_expt < 1.7 and gap_expt > gap_pbe")
    (1.1 < gap_expt) & (gap_expt < 1.7) & (gap_expt > gap_pbe)
    >>> parse("color == 'red' and gap_expt > 2")
    (color == 'red') & (gap_expt > 2)
    >>> parse("gap_expt - gap_pbe.real")
    Traceback (most recent call last):
        ...
    mfgp.errors.ExpressionError: column 12: attributes are not part of the language; a name with a dot is written ...
        gap_expt - gap_pbe.real
                   ^^^^^^^^^^^^
    """
    if not isinstance(text, str):
        raise DataTypeError(f"{text!r} of type {type(text).__name__} is no text; write an expression in quotes")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the text has {len(text)} characters; write an expression of at most {MAX_LENGTH}")
    if not text.strip():
        raise ExpressionError("the text is empty; write an expression, such as 'a - b' or 'a > 1'")
    source = Source(text.strip().replace("\r\n", "\n").replace("\r", "\n"))
    return _Reader(source, tasks).read(_tree(source), MAX_DEPTH)


def _tree(source: Source) -> ast.expr:
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(source.text, mode="eval").body
    except SyntaxError as error:
        line, column = (error.lineno or 1) - 1, (error.offset or len(source.text) + 1) - 1
        message = source.point(f"this is no expression ({error.msg})", line, column, column + 1)
    except (ValueError, RecursionError, MemoryError) as error:
        message = f"this is no expression that can be read ({error}): {source.text[:50]!r}"
    raise ExpressionError(message) from None


class _Reader:
    def __init__(self, source: Source, tasks: Collection[Hashable] | None) -> None:
        self.source = source
        self.tasks = tasks

    def read(self, node: ast.expr, levels: int) -> Expression:
        """The expression of a node, which may have so many levels of nodes."""
        if levels == 0:
            self._refuse(node, f"the text is nested more than {MAX_DEPTH} deep; write it with fewer terms")
        try:
            return self._node(node, levels - 1)
        except ExpressionError:
            raise
        except MfgpError as error:
            self._refuse(node, str(error))

    def _node(self, node: ast.expr, levels: int) -> Expression:
        match node:
            case ast.Name():
                return self._task(node)
            case ast.Constant(value=value):
                return self._constant(node, value)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(node, name, arguments, levels)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._quantity(operand, levels)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._quantity(operand, levels)
            case ast.UnaryOp(operand=operand):
                return ~self._condition(operand, levels)
            case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
                return self._condition(left, levels) & self._condition(right, levels)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self._condition(left, levels) | self._condition(right, levels)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                return Arithmetic(ARITHMETIC[type(op)], self._quantity(left, levels), self._quantity(right, levels))
            case ast.BoolOp(op=op, values=values):
                return self._joined([self._condition(value, levels) for value in values], isinstance(op, ast.And))
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() | ast.In() | ast.NotIn() as symbol]):
                return self._membership(node, left, symbol, node.comparators[0], levels)
            case ast.Compare(left=left, ops=symbols, comparators=others):
                return self._compared(node, [left, *others], symbols, levels)
        return self._refuse_kind(node, getattr(node, "op", node))

    def _task(self, node: ast.Name) -> Quantity:
        name = self.source.segment(node)
        if name in FUNCTIONS or name == TASK:
            self._refuse(node, f'{name} is a function; write {name}(...), or task("{name}") for a task of this name')
        return self._known(node, name)

    def _known(self, node: ast.expr, name: Hashable) -> Quantity:
        if self.tasks is not None and name not in self.tasks:
            self._refuse(node, unknown_task(name, self.tasks))
        return task(name)

    def _constant(self, node: ast.expr, value: object) -> Quantity:
        if isinstance(value, str):
            self._refuse(
                node,
                f"text stands for a class, as in color == {value!r}; a task of this name is written task({value!r})",
            )
        return quantity(value)

    def _call(self, node: ast.expr, name: str, arguments: list[ast.expr], levels: int) -> Quantity:
        if name == TASK:
            return self._known(node, self._name(node, arguments))
        if name not in FUNCTIONS:
            close = get_close_matches(name, FUNCTIONS, n=1)
            known = f"the functions are {', '.join(FUNCTIONS)}; a task with such a name is written task('name')"
            guess = f"did you mean {close[0]}?" if close else known
            self._refuse(node, f"there is no function {name}; {guess}")
        if not (len(arguments) == 1 if name not in OF_SEVERAL else len(arguments) > 1):
            usage = f"two or more quantities: write {name}(a, b)" if name in OF_SEVERAL else f"one: write {name}(a)"
            self._refuse(node, f"{name} has {len(arguments)} arguments; it takes {usage}")
        return Function(name, tuple(self._quantity(argument, levels) for argument in arguments))

    def _name(self, node: ast.expr, arguments: list[ast.expr]) -> Hashable:
        """A task's name: text, a number, or a tuple of them."""
        name = _literal(arguments[0]) if len(arguments) == 1 else None
        if name is None or not isinstance(name, Hashable):
            self._refuse(node, 'task takes the name of one task in quotes; write task("a name")')
        return name

    def _joined(self, parts: list[Condition], every: bool) -> Condition:
        whole = parts[0]
        for part in parts[1:]:
            whole = whole & part if every else whole | part
        return whole

    def _compared(self, node: ast.expr, sides: list[ast.expr], symbols: list[ast.cmpop], levels: int) -> Condition:
        for symbol in symbols:
            if type(symbol) not in COMPARISONS:
                self._refuse_kind(node, symbol)
        values = [self._quantity(side, levels) for side in sides]
        pairs = zip(symbols, values[:-1], values[1:], strict=True)
        return self._joined([Comparison(COMPARISONS[type(symbol)], *pair) for symbol, *pair in pairs], True)

    def _membership(self, node: ast.expr, left: ast.expr, symbol: ast.cmpop, right: ast.expr, levels: int) -> Condition:
        if isinstance(symbol, ast.Eq | ast.NotEq):
            name, known = (right, left) if isinstance(left, ast.Constant) else (left, right)
            if not isinstance(known, ast.Constant) or not isinstance(known.value, str | bool):
                self._refuse_kind(node, symbol)
            classes: Collection[Hashable] = [known.value]
        else:
            name, listed = left, _literal(right)
            if not isinstance(listed, list | tuple) or not listed:
                self._refuse_kind(right, symbol)
            classes = listed
        label = self._quantity(name, levels)
        if not isinstance(label, Task):
            self._refuse(name, f"only a task has classes, and {label!r} is none; write color == 'red'")
        found = Membership.of(label, classes)
        return ~found if isinstance(symbol, ast.NotEq | ast.NotIn) else found

    def _quantity(self, node: ast.expr, levels: int) -> Quantity:
        value = self.read(node, levels)
        if not isinstance(value, Quantity):
            self._refuse(node, "this is a condition where a quantity is expected; join conditions by and, or, not")
        return value

    def _condition(self, node: ast.expr, levels: int) -> Condition:
        value = self.read(node, levels)
        if not isinstance(value, Condition):
            self._refuse(
                node,
                "this is a quantity where a condition is expected; compare it, and write and, or, not, or put each "
                "comparison beside & and | in parentheses",
            )
        return value

    def _refuse_kind(self, node: ast.expr, culprit: ast.AST) -> NoReturn:
        known = "numbers, names, + - * / **, functions, comparisons, classes of labels, and, or, not"
        self._refuse(node, ADVICE.get(type(culprit), f"this is not part of the language, which has {known}"))

    def _refuse(self, node: ast.expr, what: str) -> NoReturn:
        raise ExpressionError(self.source.point(what, *self.source.span(node))) from None


def _literal(node: ast.expr) -> object:
    """The numbers, text and lists of them that are written there; None for anything else."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None
