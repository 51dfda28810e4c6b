"""Two turns of phrase in our docstrings that napoleon would misread, rewritten before it reads them."""

from __future__ import annotations

import re
from typing import Any

ERRORS = re.compile(r"(?m)^( *)(\w+Error(?:, \w+Error)+)\n((?:\1 +.*\n?)+)")


def prepare(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep colons in the description of a property or a constant, and every one of several errors."""
    if what in ("property", "data"):
        lines[:0] = ["..", ""]  # else the words before a colon are taken for a type
    lines[:] = ERRORS.sub(one_by_one, "\n".join(lines)).split("\n")


def one_by_one(found: re.Match[str]) -> str:
    """Give each of "DataError, ColumnError" the description that they share."""
    indent, errors, description = found.groups()
    return "".join(f"{indent}{error}\n{description.rstrip()}\n" for error in errors.split(", "))


def setup(app: Any) -> dict[str, bool]:
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", prepare, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
