"""Random expressions."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from hypothesis import strategies as st

from mfgp.expressions import Condition, Quantity, exp, log, maximum, minimum, sqrt, task
from mfgp.expressions.condition import Comparison
from mfgp.expressions.quantity import OPERATORS, Arithmetic, quantity

FUNCTIONS = (exp, log, sqrt, abs, lambda a: -a)
# Words that Python or the language has itself, names in another normal form, quotes and controls.
ODD_NAMES = ["and", "exp", "task", "True", "\u00b5", "\ufb01", "a b", "a.b", "'\"\\", "\n", "\x00", "\ud800", "", "1"]
NAMES: st.SearchStrategy[Hashable] = st.one_of(st.text(max_size=8), st.sampled_from(ODD_NAMES))
OTHER_NAMES: st.SearchStrategy[Hashable] = st.recursive(
    st.one_of(NAMES, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()),
    lambda name: st.tuples(name, name),
    max_leaves=3,
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def quantities(
    names: st.SearchStrategy[Any], numbers: st.SearchStrategy[float] = NUMBERS
) -> st.SearchStrategy[Quantity]:
    leaves = st.one_of(names.map(task), numbers.map(quantity))

    def joined(parts: st.SearchStrategy[Quantity]) -> st.SearchStrategy[Quantity]:
        several = st.lists(parts, min_size=2, max_size=3)
        return st.one_of(
            st.builds(Arithmetic, st.sampled_from(list(OPERATORS)), parts, parts),
            st.builds(lambda function, part: function(part), st.sampled_from(FUNCTIONS), parts),
            st.builds(lambda function, few: function(*few), st.sampled_from([maximum, minimum]), several),
        )

    return st.recursive(leaves, joined, max_leaves=8)


def conditions(
    names: st.SearchStrategy[Any],
    numbers: st.SearchStrategy[float] = NUMBERS,
    classes: st.SearchStrategy[Any] | None = None,
) -> st.SearchStrategy[Condition]:
    sides = quantities(names, numbers)
    comparisons: st.SearchStrategy[Condition] = st.builds(
        Comparison, st.sampled_from(["<", "<=", ">", ">="]), sides, sides
    )
    several = st.nothing() if classes is None else st.lists(classes, min_size=1, max_size=3)
    return st.recursive(
        comparisons | st.builds(lambda name, values: task(name).isin(values), names, several),
        lambda parts: st.one_of(
            st.builds(lambda a, b: a & b, parts, parts),
            st.builds(lambda a, b: a | b, parts, parts),
            parts.map(lambda a: ~a),
        ),
        max_leaves=5,
    )


NAMES_OF_LINEAR = ("a", "b", "c")


def linear_conditions() -> st.SearchStrategy[Condition]:
    """Joined comparisons of few sums, so that bounds of one sum meet."""
    a, b, c = (task(name) for name in NAMES_OF_LINEAR)
    sums = st.sampled_from([a, -2 * a, b, a - b, b - a, a + b + c, 0 * a])
    return st.recursive(
        st.builds(Comparison, st.sampled_from(["<", "<=", ">", ">="]), sums, st.sampled_from([-1, 0, 1]).map(quantity)),
        lambda parts: st.one_of(
            st.builds(lambda a, b: a & b, parts, parts),
            st.builds(lambda a, b: a | b, parts, parts),
            parts.map(lambda a: ~a),
        ),
        max_leaves=6,
    )
