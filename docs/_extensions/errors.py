"""The directive ``errors``: every complaint of the package, read from its source, with its cause and its cure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

PACKAGE = Path(__file__).parents[2] / "mfgp"
BLANK = "…"  # whatever the message is about: a name, a number, a shape
CURE = re.compile(r"(?:; |: |, expected |, (?=such as |write |in place of )|\. )(?![^(]*\))")  # outside of brackets


class Complaint(NamedTuple):
    """What an error says, with blanks; and the module that raises it."""

    error: str
    message: str
    module: str

    @property
    def cause(self) -> str:
        """What came."""
        return CURE.split(self.message, maxsplit=1)[0]

    @property
    def cure(self) -> str:
        """What was expected, or is to be written instead."""
        found = CURE.search(self.message)
        if found is None:
            return ""
        expected = "expected " if "expected" in found[0] else ""
        return expected + self.message[found.end() :]


def error_classes() -> dict[str, str]:
    """The classes of errors and what each means, in the order of their module."""
    tree = ast.parse((PACKAGE / "errors.py").read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith("Error")]
    return {node.name: ast.get_docstring(node) or "" for node in classes}


def complaints() -> list[Complaint]:
    """All of them, by module and place."""
    known, found = error_classes(), []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        for error, message in _said(ast.parse(path.read_text(encoding="utf-8"))):
            if error in known and message.strip(BLANK + ", "):
                found.append(Complaint(error, message, module))
    return list(dict.fromkeys(found))


def _said(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(error), args=[message, *_]):
                yield error, _text(message)
            case ast.Call(func=ast.Attribute(attr="_refuse"), args=[_, message]):  # of the reader of expressions
                yield "ExpressionError", _text(message)


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(parts):
            return "".join(_text(part) for part in parts)
        case ast.BinOp(left, ast.Add(), right):
            return _text(left) + _text(right)
    return BLANK


class Errors(Directive):
    """A section for each class with a table of its complaints."""

    def run(self) -> list[nodes.Node]:
        """What stands in its place."""
        lines: list[str] = []
        found = complaints()
        for error, meaning in error_classes().items():
            of_class = [complaint for complaint in found if complaint.error == error]
            if not of_class:
                continue
            lines += [f"## {error}", "", meaning, "", "| It says | What to do | Raised in |", "| --- | --- | --- |"]
            for complaint in of_class:
                cells = _cell(complaint.cause), _cell(complaint.cure), f"`{complaint.module}`"
                lines.append(f"| {' | '.join(cells)} |")
            lines.append("")
        section = nodes.section()
        self.state.nested_parse(StringList(lines, source="errors"), self.content_offset, section, match_titles=1)
        return section.children


def _cell(text: str) -> str:
    return re.sub(r"([\\`*_|<>\[\]{}$~#])", r"\\\1", text.replace("\n", " ")).strip()


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("errors", Errors)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
