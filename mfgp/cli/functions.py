"""Functions of tasks on the command line: what --of says, and the columns that it adds."""

from __future__ import annotations

import re
import warnings
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

from mfgp.errors import ExpressionError, ParameterError, PrecisionWarning
from mfgp.expressions import Condition, Expression, parse
from mfgp.prediction.classes import require_kinds

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from mfgp.data.labels import Labels
    from mfgp.prediction import Prediction

NAMED = re.compile(r"\s*(\w+)\s*=(?!=)(.*)", re.DOTALL)
OF_QUANTITY = ("mean", "std", "lower", "upper", "error", "invalid")
OF_CONDITION = ("probability", "error", "invalid")


def read_functions(
    texts: Sequence[str], tasks: Sequence[str], labels: Mapping[Hashable, Labels] | None = None
) -> dict[str, Expression]:
    """Expressions by name: what stands left of an equals sign, or the text itself.

    Raises
    ------
    ExpressionError
        A text is no expression of the tasks.
    ColumnError
        A label is used as a number, or a number asked for its class.
    ParameterError
        Two have the same name, or one that of a task; or a label has no such class.

    Examples
    --------
    >>> read_functions(["shift = high - low", "low > 1"], ["low", "high"])
    {'shift': high - low, 'low > 1': low > 1}
    """
    found: dict[str, Expression] = {}
    for text in texts:
        named = NAMED.fullmatch(text)
        name, expression = named.groups() if named else (text.strip(), text)
        if name in found or name in tasks:
            taken = "is given twice for" if name in found else "names a function as a task,"
            raise ParameterError(f"--of {taken} {name!r}; write --of 'NAME = EXPRESSION' with another name")
        try:
            found[name] = parse(expression, tasks)
        except ExpressionError as error:
            raise ExpressionError(f"--of {text!r}, {error}") from None
        require_kinds(found[name], labels or {})
    return found


def columns_of(functions: Mapping[str, Expression]) -> list[str]:
    """The columns that `table_of` gives."""
    kinds = {name: OF_CONDITION if isinstance(f, Condition) else OF_QUANTITY for name, f in functions.items()}
    return [f"{name}_{part}" for name, parts in kinds.items() for part in parts]


def table_of(functions: Mapping[str, Expression], prediction: Prediction, notes: Console) -> pd.DataFrame:
    """Each function's figures in columns of its own; errors that are larger than they should be are told."""
    import pandas as pd

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", PrecisionWarning)
        frames = [prediction.of(f).to_frame().add_prefix(f"{name}_") for name, f in functions.items()]
    for warning in told:
        notes.print(str(warning.message))
    return pd.concat(frames, axis="columns") if frames else pd.DataFrame(index=prediction.index)
