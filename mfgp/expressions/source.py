"""The text of an expression, and how a message points at a place in it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

SHOWN = 100  # characters of a line that are shown


@dataclass(frozen=True)
class Source:
    """A text and its places.

    Parameters
    ----------
    text
        Lines end in a newline.
    """

    text: str

    def span(self, node: ast.expr) -> tuple[int, int, int]:
        """Line, first and last character (plus one) of a node, from zero; the end of its first line at most."""
        line = node.lineno - 1
        encoded = self.text.split("\n")[line].encode()
        start = len(encoded[: node.col_offset].decode())
        same = node.end_lineno == node.lineno
        return line, start, len(encoded[: node.end_col_offset if same else None].decode())

    def segment(self, node: ast.expr) -> str:
        """The text of a node on one line, as it was written: Python's own tree has names in normal form."""
        line, start, stop = self.span(node)
        return self.text.split("\n")[line][start:stop]

    def point(self, what: str, line: int, start: int, stop: int) -> str:
        """A message with the place below it.

        Examples
        --------
        >>> print(Source("a + b").point("no more b", 0, 4, 5))
        column 5: no more b
            a + b
                ^
        """
        lines = self.text.split("\n")
        whole = lines[line] if line < len(lines) else ""
        start = min(start, len(whole))
        first = max(0, start - SHOWN // 2)
        shown = "".join(mark if mark.isprintable() else " " for mark in whole[first : first + SHOWN])
        width = max(1, min(stop, first + SHOWN) - start)
        place = f"column {start + 1}" if len(lines) == 1 else f"line {line + 1}, column {start + 1}"
        return f"{place}: {what}\n    {shown}\n    {' ' * (start - first)}{'^' * width}"
